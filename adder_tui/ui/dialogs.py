"""Windows over the app: what all have in common, dialogs of one field with an answer, the one that finds a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from adder_engine.errors import RequestError
from adder_tui.commands import COMMANDS, Window
from adder_tui.selection import Neuron, Parameter, layout_for, neuron_name
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.numbers import number, plural
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.kernels.parameters import ParameterTensor


Result = TypeVar("Result")
Thing = TypeVar("Thing")
MOST = 100
"""Numbers that are listed at once."""
_PLACE = re.compile(r"(?P<name>[^\[\]]*)\[(?P<row>\d*)(?P<comma>,?)(?P<column>\d*)(?P<end>\]?)")


def bindings_of(window: Window) -> list[BindingType]:
    """The keys that the table gives a window; those that work while somebody types come before the text field."""
    named: list[BindingType] = [
        Binding(command.keys, command.action or command.id, show=False, priority=bool(command.typing))
        for command in COMMANDS
        if command.owner == "window" and window in command.contexts
    ]
    return [*named, Binding("f1", "app.do('help')", show=False)]


class Modal(ModalScreen[Result]):
    """Lies over the app until it is dismissed.

    Textual's own ``dismiss`` takes whatever lies on top away: a second Escape that arrives in one piece with the
    first, or work that ends while another window lies over this one, would close the wrong one, or end the app.
    """

    window: ClassVar[Window | None] = None
    """What its commands are found by in the table; None where it has none there."""

    def __init__(self) -> None:
        super().__init__()
        self._dismissed = False
        self._covered: tuple[Result | None] | None = None
        """The result with which this one closes once nothing lies over it any more."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this window, once; where another one lies over it, as soon as that is closed."""
        if self._dismissed or not self.is_attached:
            return AwaitComplete()
        if self.app.screen is not self:
            self._covered = (result,)
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Nothing lies over this one any more."""
        if self._covered is not None:
            self.dismiss(*self._covered)


class Saying(Protocol):
    """A dialog with a sentence below its field."""

    refused: str

    @property
    def sentence(self) -> str: ...


def said_lines(view: ViewState, dialog: Saying, width: int) -> list[Line]:
    """What a dialog says below its field, marked where it is a refusal."""
    rows = wrapped(view.glyphs.text(dialog.sentence), width)
    return [Line.of((row, "minus" if dialog.refused else "dim")) for row in rows]


class _Answer(Canvas):
    @property
    def _dialog(self) -> Dialog[Any]:
        dialog = self.screen
        assert isinstance(dialog, Dialog)
        return dialog

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return self._dialog.answer(view, width, height)

    def on_click(self, event: events.Click) -> None:
        self._dialog.pick(event.y)


class Dialog(Modal[Result]):
    """The frame: a field, and below it what :meth:`answer` draws.

    Args:
        typed: what stands in the field at first.
        placeholder: what it says while it is empty.
    """

    DEFAULT_CSS = """
    Dialog { align: center top; background: transparent; }
    Dialog > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Dialog Field { height: 1; background: $band; margin-bottom: 1; }
    Dialog _Answer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False, priority=True)]

    def __init__(self, source: ViewSource, typed: str, placeholder: str) -> None:
        super().__init__()
        self.source = source
        self._typed, self._placeholder = typed, placeholder

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The lines below the field."""
        raise NotImplementedError

    def pick(self, row: int) -> None:
        """A row of the answer was clicked."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            field = Field(self._typed, id="find")
            field.placeholder = self._placeholder
            yield field
            yield _Answer(self.source)

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.query_one(Field).select_all()

    def redraw(self) -> None:
        self.query_one(_Answer).redraw()


class SearchDialog(Dialog[Result], Generic[Result, Thing]):
    """What is typed finds things; Up and Down choose one, Enter or a click takes it."""

    ROWS: ClassVar[int] = 12
    DEFAULT_CSS = f"""
    SearchDialog _Answer {{ height: {ROWS}; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
    ]

    def __init__(self, source: ViewSource, placeholder: str) -> None:
        super().__init__(source, "", placeholder)
        self.typed = ""
        self.things: Sequence[Thing] = self.found("")
        self.at = 0

    def found(self, typed: str) -> Sequence[Thing]:
        """What there is to choose from."""
        raise NotImplementedError

    async def take(self, thing: Thing) -> None:
        """Do what the dialog is for, with what was chosen."""
        raise NotImplementedError

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.typed = event.value
        self.things, self.at = self.found(event.value), 0
        self.redraw()

    def action_move(self, change: int) -> None:
        if self.things:
            self.at = (self.at + change) % len(self.things)
            self.redraw()

    def pick(self, row: int) -> None:
        """Take the one in a row of the list."""
        first = max(0, self.at - self.ROWS + 1)
        if first + row < len(self.things):
            self.at = first + row
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
        Found(name, f"neuron, by {layout.name_of(index)}", Parameter(index))
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
    return f"Nothing is called {typed.strip()!r}: type part of a tensor's name, or a number's place such as {example}."


def found_lines(view: ViewState, things: Sequence[Found], at: int, width: int, height: int) -> list[Line]:
    """As many as there are rows, the chosen one among them, each with its shape or value at the right."""
    first = max(0, at - height + 1)
    lines = []
    for i, thing in enumerate(things[first : first + height], start=first):
        chosen = i == at
        what = thing.what or _value(view, thing, view.glyphs)
        left = Line.of((f"{view.glyphs.current if chosen else ' '} {thing.name}", "chosen" if chosen else "text"))
        right = Line.of((f"{what} ", "chosen" if chosen else "dim"))
        lines.append(left.with_right(right, width, view.glyphs.ellipsis, fill="chosen" if chosen else "text"))
    return lines


def _value(view: ViewState, thing: Found, glyphs: Glyphs) -> str:
    snapshot = view.snapshot
    return number(float(snapshot.state[0, thing.parameter.index]), glyphs) if snapshot is not None else ""


def counted(things: Sequence[Found]) -> str:
    """How many there are to choose from."""
    return plural(len(things), "match").replace("matchs", "matches")


class Find(SearchDialog[Parameter | None, Found]):
    """Resolves with what was chosen, or with None."""

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, "find a tensor or a number, such as hidden.weight[2,0]")

    def found(self, typed: str) -> Sequence[Found]:
        return found(typed, self.source().experiment)

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if self.things:
            return found_lines(view, self.things, self.at, width, height)
        sentence = view.glyphs.text(nothing(self.typed, view.experiment))
        return [Line.of(row).fit(width) for row in wrapped(sentence, width)][:height]

    async def take(self, thing: Found) -> None:
        self.dismiss(thing.parameter)
