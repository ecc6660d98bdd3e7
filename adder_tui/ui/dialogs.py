"""Dialogs of one field: one that takes what is typed, one with an answer, those that find something by typing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from adder_engine.errors import RequestError
from adder_engine.language import tr
from adder_tui.commands import Window
from adder_tui.selection import Neuron, Parameter, layout_for, neuron_name
from adder_tui.ui.canvas import Drawing, ViewSource, heading
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, Span
from adder_tui.ui.list_view import list_lines, said_lines, step
from adder_tui.ui.modal import Modal, Result
from adder_tui.ui.numbers import number
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.parameters import ParameterTensor


Thing = TypeVar("Thing")
MOST = 100
"""Numbers that are listed at once."""
_PLACE = re.compile(r"(?P<name>[^\[\]]*)\[(?P<row>\d*)(?P<comma>,?)(?P<column>\d*)(?P<end>\]?)")


class FieldDialog(Modal[None]):
    """Type, Enter takes it, Escape leaves all as it was. What will not do stays to be mended.

    Args:
        title: what is to be typed.
        typed: what stands in the field at first.
        hint: what is said while nothing is refused.
    """

    DEFAULT_CSS = """
    FieldDialog { align: center middle; }
    FieldDialog, FieldDialog:ansi { background: transparent; }
    FieldDialog > Vertical { max-width: 100%; height: auto; background: $raised; padding: 1 2; }
    FieldDialog #title { height: 1; }
    FieldDialog Field { height: 1; background: $band; }
    FieldDialog #sentence { height: 2; margin-top: 1; }
    """
    window = "dialog"
    AUTO_FOCUS = "Field"

    def __init__(self, source: ViewSource, title: Sequence[Span], typed: str, hint: str) -> None:
        super().__init__()
        self.source, self._title, self._hint = source, title, hint
        self.field = Field(typed, id="value")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield heading(self.source, *self._title, id="title")
            yield self.field
            yield Drawing(self.source, self.sentence, id="sentence")

    def sentence(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """What stands below the field, marked where it is a refusal."""
        return said_lines(self.said or self._hint, width, "minus" if self.said else "dim", view.glyphs, lead="")

    async def take(self, typed: str) -> None:
        """Do what the dialog is for.

        Raises:
            AdderError: what is typed will not do.
        """
        raise NotImplementedError

    def on_mount(self) -> None:
        self.field.select_all()

    @on(Field.Changed)
    def _changed(self) -> None:
        self.say("")

    @on(Field.Submitted)
    def _submitted(self, event: Field.Submitted) -> None:
        self.close_after(self.take(event.value))


class Dialog(Modal[Result]):
    """The frame: a field, and below it what :meth:`answer` draws.

    Args:
        typed: what stands in the field at first.
        placeholder: what it says while it is empty.
    """

    DEFAULT_CSS = """
    Dialog { align: center top; }
    Dialog, Dialog:ansi { background: transparent; }
    Dialog > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Dialog Field { height: 1; background: $band; margin-bottom: 1; }
    Dialog #answer { height: 1; }
    """
    window: ClassVar[Window | None] = "dialog"

    def __init__(self, source: ViewSource, typed: str, placeholder: str) -> None:
        super().__init__()
        self.source = source
        self.field = Field(typed, id="find")
        self.field.placeholder = placeholder

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The lines below the field."""
        raise NotImplementedError

    def pick(self, row: int) -> None:
        """A row of the answer was clicked."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield self.field
            yield Drawing(self.source, self.answer, self.pick, id="answer")

    def on_mount(self) -> None:
        self.field.focus()
        self.field.select_all()


class SearchDialog(Dialog[Result], Generic[Result, Thing]):
    """What is typed finds things; Up and Down choose one, Enter or a click takes it."""

    ROWS: ClassVar[int] = 12
    DEFAULT_CSS = f"""
    SearchDialog #answer {{ height: {ROWS}; }}
    """
    window = "search"

    def __init__(self, source: ViewSource, placeholder: str) -> None:
        super().__init__(source, "", placeholder)
        self.typed = ""
        self.things: Sequence[Thing] = self.found("")
        self.at = 0

    def found(self, typed: str) -> Sequence[Thing]:
        """What there is to choose from."""
        raise NotImplementedError

    def row(self, view: ViewState, thing: Thing) -> tuple[str, Span]:
        """What one of them is called, and what stands at the right."""
        raise NotImplementedError

    def nothing(self, view: ViewState) -> Span:
        """Why nothing is found, in a sentence."""
        raise NotImplementedError

    async def take(self, thing: Thing) -> None:
        """Do what the dialog is for, with what was chosen."""
        raise NotImplementedError

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        glyphs = view.glyphs
        if not self.things:
            sentence, role = self.nothing(view)
            return said_lines(sentence, width, role, glyphs, lead="")[:height]

        def drawn(i: int) -> Line:
            left, right = self.row(view, self.things[i])
            return Line.of(f" {glyphs.text(left)}").with_right(Line.of(right), width - 1, glyphs.ellipsis)

        return list_lines(drawn, len(self.things), self.at, width, height, glyphs, top=self._top)

    @property
    def _top(self) -> int:
        return max(0, self.at - self.ROWS + 1)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.typed = event.value
        self.things, self.at = self.found(event.value), 0
        self.redraw()

    def action_move(self, key: str) -> None:
        if self.things:
            self.at = (self.at + step(key)) % len(self.things)
            self.redraw()

    def pick(self, row: int) -> None:
        if self._top + row < len(self.things):
            self.at = self._top + row
            self.call_later(self.action_take)

    async def action_take(self) -> None:
        """Take the chosen one; where there is none, what is typed stays to be mended."""
        if self.things:
            await self.take(self.things[self.at])


@dataclass(frozen=True)
class Found:
    """Something that can be jumped to."""

    name: str
    what: str
    """What is known about it: a tensor's shape."""
    parameter: Parameter


def found(typed: str, experiment: Experiment) -> list[Found]:
    """Tensors whose name holds what is typed; with a bracket their numbers at that place; neurons by their biases."""
    text = "".join(typed.lower().split())
    layout = layout_for(experiment)
    place = _PLACE.fullmatch(text)
    if place is None:
        tensors = [slot for slot in layout.slots if text in slot.name]
        return [Found(slot.name, str(slot.shape), Parameter(slot.start)) for slot in tensors]
    name = place["name"]
    exact = [slot for slot in layout.slots if slot.name == name]
    slots = exact or [slot for slot in layout.slots if name in slot.name]
    numbers = [
        Found(layout.name_of(index), "", Parameter(index))
        for slot in slots
        for index in _places(slot, place["row"], place["comma"], place["column"], place["end"])
    ]
    return [*_neurons(text, experiment), *numbers[:MOST]]


def _places(slot: ParameterTensor, row: str, comma: str, column: str, end: str) -> list[int]:
    """Flat indices of the tensor's numbers whose place begins as typed."""
    if not slot.is_weight:
        return [] if comma else [slot.start + i for i in _beginning(slot.shape[0], row, bool(end))]
    if end and not column:
        return []
    return [
        slot.start + i * slot.shape[1] + j
        for i in _beginning(slot.shape[0], row, bool(comma))
        for j in _beginning(slot.shape[1], column, bool(end))
    ]


def _beginning(size: int, digits: str, whole: bool) -> list[int]:
    """Numbers below ``size`` that begin with these digits, or are they where the number is typed in ``whole``."""
    if whole:
        return [int(digits)] if digits and len(digits) < 6 and int(digits) < size else []
    return [i for i in range(size) if str(i).startswith(digits)]


def _neurons(text: str, experiment: Experiment) -> list[Found]:
    layers = experiment.network.layers
    hidden = [Neuron(c, i) for c in range(1, len(layers) - 1) for i in range(layers[c])]
    layout = layout_for(experiment)
    return [
        Found(name, tr("neuron, by {bias}", bias=layout.name_of(index)), Parameter(index))
        for neuron in hidden
        if (name := neuron_name(neuron, experiment)).startswith(text)
        for index in (layout.bias(neuron.column - 1).start + neuron.index,)
    ]


def nothing(typed: str, experiment: Experiment) -> str:
    """Why nothing is found, in a sentence."""
    text = "".join(typed.split())
    name, bracket, inside = text.partition("[")
    layout = layout_for(experiment)
    if bracket and name in layout.by_name:
        digits = re.findall(r"\d+", inside)
        try:
            layout.index_of(name, tuple(int(d) for d in digits if len(d) < 6))
        except RequestError as error:
            return str(error)
    example = layout.name_of(0)
    return tr(
        "Nothing is called {typed!r}: type part of a tensor's name, or a number's place such as {example}.",
        typed=typed.strip(),
        example=example,
    )


class Find(SearchDialog[Parameter | None, Found]):
    """Resolves with what was chosen, or with None."""

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, tr("find a tensor or a number, such as hidden.weight[2,0]"))

    def found(self, typed: str) -> Sequence[Found]:
        return found(typed, self.source().experiment)

    def row(self, view: ViewState, thing: Found) -> tuple[str, Span]:
        snapshot, what = view.snapshot, thing.what
        if not what and snapshot is not None:
            what = number(float(snapshot.state[0, thing.parameter.index]), view.glyphs)
        return thing.name, (f"{what} ", "dim")

    def nothing(self, view: ViewState) -> Span:
        return nothing(self.typed, view.experiment), "text"

    async def take(self, thing: Found) -> None:
        self.dismiss(thing.parameter)
