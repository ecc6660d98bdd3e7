"""The prompt for sums, at the bottom of every tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from adder_engine.errors import SumError
from adder_engine.language import tr
from adder_tui.ui.canvas import Canvas, Drawing, ViewSource
from adder_tui.ui.line import Line
from adder_tui.ui.numbers import answer_text, number, role_of, signed, verdict
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from textual.widgets import Input

    from adder_engine.parsing import Sum
    from adder_tui.ui.fields import SumInput


LABEL_AROUND, MOST_LABEL = 4, 10
"""Columns around the field's label, and the most that it has itself."""


def prompt_label(view: ViewState, width: int, height: int) -> list[Line]:
    """What is typed here."""
    sums = view.experiment.data.task == "sum" and view.experiment.wanted.rule == "sum"
    name = tr("sum") if sums else tr("ask")
    name = name if len(name) <= MOST_LABEL else f"{name[: MOST_LABEL - 1]}."
    return [Line.of((f" {name} ", "dim"), (view.glyphs.prompt, "accent"))]


def answer_line(view: ViewState) -> Line:
    """``= 27.44, off by −72.56``: what the network says to the current sum."""
    if view.snapshot is None:
        return Line()
    answer, glyphs, yes_or_no = view.snapshot.asked, view.glyphs, view.experiment.is_yes_or_no
    off, said = answer.off_by, f"= {number(answer.predicted, glyphs)}, "
    if yes_or_no:
        said = tr("= {share} yes, ", share=answer_text(answer.predicted, True, glyphs))
    if off is None:
        return Line.of(said, (tr("no truth known"), "dim"))
    if yes_or_no:
        return Line.of(said, verdict(off, True, glyphs))
    if not off:
        return Line.of(said, (tr("exactly right"), "accent"))
    said = tr("= {answer}, off by ", answer=number(answer.predicted, glyphs))
    return Line.of(said, (signed(off, glyphs), role_of(off)))


class Prompt(Horizontal):
    """One field, and the answer beside it.

    Args:
        may_ask: whether the field takes the keys now.
    """

    DEFAULT_CSS = """
    Prompt { height: 1; }
    Prompt Drawing { width: 7; height: 1; }
    Prompt SumInput { width: 1fr; height: 1; }
    Prompt .answer { width: 36; dock: right; }
    """

    @dataclass
    class Asked(Message):
        """A sum was asked."""

        sum: Sum

    @dataclass
    class Refused(Message):
        """What was typed is not a sum; it stays to be mended."""

        sentence: str

    class Left(Message):
        """The field has lost the cursor: what was said of what is typed there is over."""

    def __init__(self, source: ViewSource, may_ask: Callable[[], bool]) -> None:
        super().__init__()
        self._source, self._may_ask = source, may_ask
        self._answer = Drawing(source, self._draw_answer, classes="answer")
        self._wanted = False
        self._shown = ""
        """What was written into the field without anybody typing it."""
        self._sent = ""
        """The sum that was sent since the field has the cursor; its answer may be on its way."""
        self._found = ""
        """What stood in the field when it was given the cursor."""
        self.field: SumInput | None = None
        """None until the shell is painted."""

    def compose(self) -> ComposeResult:
        label = Drawing(self._source, prompt_label)
        label.styles.width = LABEL_AROUND + min(MOST_LABEL, max(len(tr("sum")), len(tr("ask"))))
        yield label
        yield self._answer

    def _draw_answer(self, view: ViewState, width: int, height: int) -> list[Line]:
        """What the network says to the current sum; while another one is typed, how to ask it."""
        typed = self.field.value.strip() if self.field else ""
        if view.unasked:
            return [Line().fit(width)]
        line = answer_line(view)
        asked = view.snapshot.asked.sum if view.snapshot else None
        if asked is not None and typed and not self.asks(typed, asked):
            line = Line.of((tr("Enter"), "key"), (tr(" asks"), "dim"))
        return [Line().with_right(Line.of(line, " "), width)]

    async def open_field(self) -> None:
        """Mount the field itself, the dearest of the shell's widgets, once the shell is painted."""
        from adder_engine.watched_sums import starting_sums
        from adder_tui.ui.fields import SumInput

        experiment = self._source().experiment
        self._shown = self._text(starting_sums(experiment)[0])
        self.field = SumInput(self._shown, self.read, self._may_ask)
        await self.mount(self.field, after=0)
        if self._wanted:
            self.focus_field()

    def focus_field(self) -> None:
        """Put the cursor into the field, if need be as soon as it is there."""
        self._wanted = True
        if self.field is not None:
            self.screen.set_focus(self.field)  # now, so that what is typed right behind the key lands in the field

    @property
    def has_keys(self) -> bool:
        """Whether somebody types a sum."""
        return self.field is not None and self.field.has_focus

    @property
    def is_half_typed(self) -> bool:
        """Whether somebody types a sum and has not asked it yet."""
        return self.field is not None and self.has_keys and self.field.value not in ("", self._found, self._sent)

    def read(self, typed: str) -> Sum:
        """What is typed, as the experiment's task writes it.

        Raises:
            SumError: it is no question of that kind; one sentence.
        """
        from adder_engine.parsing import parse_sum  # not needed to paint the shell

        return parse_sum(typed, self._source().experiment.data.task)

    def asks(self, typed: str, asked: Sum) -> bool:
        """Whether what is typed asks about this pair."""
        try:
            read = self.read(typed)
        except SumError:
            return False
        return (read.a, read.b) == (asked.a, asked.b)

    @property
    def was_asked(self) -> bool:
        """Whether what stands in the field is the current sum."""
        snapshot = self._source().snapshot
        return self.field is not None and snapshot is not None and self.asks(self.field.value, snapshot.asked.sum)

    def put(self, asked: Sum) -> None:
        """Write a sum into the field that was asked elsewhere, as if it had been typed here."""
        if self.field is not None:
            self.field.drop_typed()
            self.field.value = asked.typed or self._text(asked)
            self.field.remember(self.field.value)

    def answered(self, all_of_them: bool = False) -> None:
        """What was asked here has its answer, and the keys are with whom they are to be with then."""
        if self.field is not None:
            self.field.answered(all_of_them)

    def begin(self, asked: Sum) -> None:
        """A lesson begins with this sum: it stands there, unasked, in place of what was asked before."""
        if self.field is not None and not self.has_keys:
            self.field.drop_typed()
            self._shown = self.field.value = self._text(asked)

    def follow(self, before: Sum, asked: Sum) -> None:
        """The current sum became another by itself, with another run: show it where the old one stood, unasked."""
        if self.field is None or self.has_keys or (before.a, before.b) == (asked.a, asked.b):
            return
        if self.field.value in (before.typed, self._shown):
            self._shown = self.field.value = self._text(asked)

    def _text(self, asked: Sum) -> str:
        from adder_engine.parsing import pair_text  # not needed to paint the shell

        return pair_text(asked.a, asked.b, self._source().experiment.wanted.rule)

    def on_descendant_focus(self) -> None:
        self._sent, self._found = "", self.field.value if self.field is not None else ""

    def on_descendant_blur(self) -> None:
        """The answer comes back, and with it its sum: what was typed and not asked waits for the cursor."""
        snapshot = self._source().snapshot
        asking = self.field is not None and self.field.value == self._sent
        if self.field is not None and snapshot is not None and not self.was_asked and not asking:
            self.field.leave_typed(snapshot.asked.sum.typed or self._text(snapshot.asked.sum))
        self.post_message(self.Left())

    def redraw(self) -> None:
        for canvas in self.query(Canvas):
            canvas.redraw()

    def on_input_changed(self) -> None:
        self._answer.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            asked = self.read(event.value)
        except SumError as error:
            self.answered(all_of_them=True)
            self.post_message(self.Refused(str(error)))
            return
        self._sent = event.value
        self.post_message(self.Asked(asked))
