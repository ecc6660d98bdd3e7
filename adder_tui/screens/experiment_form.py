"""The form that changes the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen

from adder_engine.errors import AdderError
from adder_engine.experiment import ACTIVATIONS, OPTIMIZERS, Experiment
from adder_engine.presets import PRESETS
from adder_tui.render.experiment import preset_of
from adder_tui.render.form import about_field, outcome
from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Choice, Field

if TYPE_CHECKING:
    from adder_tui.player import Player

CHANGED_IN_PLACE = frozenset({"epochs", "training.lr", "training.optimizer", "training.batch_size"})
"""Keys of the form that a running experiment can change; the others need a new network."""

CHOICES = {"training.optimizer": OPTIMIZERS, "network.activation": ACTIVATIONS}
LABELS = {
    "preset": "preset",
    "training.lr": "learning rate",
    "training.optimizer": "optimizer",
    "training.batch_size": "batch size",
    "epochs": "epochs",
    "network.layers": "layers",
    "network.activation": "activation",
    "seed": "seed",
}
KEYS = tuple(LABELS)[1:]
AS_IT_IS = "as it is"


class _Words(Canvas):
    """What the field in focus means, and what Enter will do."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        form = self.screen
        assert isinstance(form, ExperimentForm)
        return form.words(width, height)


class ExperimentForm(ModalScreen[None]):
    """Preset and the seven settings one reaches for most. Enter applies, Escape leaves all as it was."""

    DEFAULT_CSS = """
    ExperimentForm { align: center middle; background: transparent; }
    ExperimentForm > Vertical {
        width: 68; max-width: 100%; height: auto; background: $raised; padding: 1 2;
    }
    ExperimentForm Horizontal { height: 1; }
    ExperimentForm _Caption { width: 16; height: 1; }
    ExperimentForm Choice, ExperimentForm Field { width: 1fr; height: 1; background: $raised; }
    ExperimentForm Field { background: $raised; }
    ExperimentForm Field:focus { background: $band; }
    ExperimentForm _Words { height: 8; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
        Binding("enter", "apply", show=False, priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    AUTO_FOCUS = "#training-lr"

    def __init__(self, experiment: Experiment, source: ViewSource, player: Player) -> None:
        super().__init__()
        self.current = experiment
        self._source = source
        self._player = player
        self._error = ""

    def compose(self) -> ComposeResult:
        glyphs = self._source().glyphs
        preset = preset_of(self.current)
        presets = tuple(PRESETS) if preset else (AS_IT_IS, *PRESETS)
        with Vertical(classes="dialog"):
            yield _Caption(self._source, "Experiment", "strong")
            with Horizontal():
                yield _Caption(self._source, "preset")
                yield Choice(presets, preset or AS_IT_IS, glyphs, id="preset")
            for key in KEYS:
                with Horizontal():
                    yield _Caption(self._source, LABELS[key])
                    if key in CHOICES:
                        yield Choice(CHOICES[key], self.current[key], glyphs, id=_id(key))
                    else:
                        yield Field(_text(self.current, key), id=_id(key))
            yield _Words(self._source)

    # --- what is typed ---------------------------------------------------------------------------

    @property
    def base(self) -> Experiment:
        """The experiment that the fields change: the chosen preset, or the present one."""
        chosen = self.query_one("#preset", Choice).value
        return self.current if chosen in (AS_IT_IS, preset_of(self.current)) else Experiment.preset(chosen)

    def wanted(self) -> Experiment:
        """The experiment that the form describes.

        Raises:
            ExperimentError: a field holds something that will not do.
        """
        experiment = self.base
        for key in KEYS:
            text = self._value(key)
            if text != _text(experiment, key):
                experiment = experiment.parsed(f"{key}={text}")
        return experiment

    def _value(self, key: str) -> str:
        field = self.query_one(f"#{_id(key)}")
        assert isinstance(field, Choice | Field)
        return field.value.strip()

    @on(Choice.Changed, "#preset")
    def _preset_chosen(self) -> None:
        for key in KEYS:
            field = self.query_one(f"#{_id(key)}")
            assert isinstance(field, Choice | Field)
            field.value = _text(self.base, key)
        self._edited()

    @on(Choice.Changed)
    @on(Field.Changed)
    def _edited(self) -> None:
        self._error = ""
        self.query_one(_Words).redraw()

    def on_descendant_focus(self) -> None:
        self.query_one(_Words).redraw()

    def words(self, width: int, height: int) -> list[Line]:
        """The rows under the fields."""
        glyphs = self._source().glyphs
        focused = self.focused.id if self.focused and self.focused.id else "preset"
        key = next((k for k in KEYS if _id(k) == focused), "preset")
        preset = self.query_one("#preset", Choice).value
        error, changes = self._error, frozenset[str]()
        try:
            changes = frozenset(self.wanted().differences(self.current))
        except AdderError as refused:
            error = error or str(refused)
        told = about_field(key, preset, width, glyphs)
        return [*told, *outcome(error, changes, CHANGED_IN_PLACE, width, height - len(told), glyphs)]

    # --- applying --------------------------------------------------------------------------------

    def action_apply(self) -> None:
        """Change the run or start a new one; on a refusal the form stays as it is."""
        self.run_worker(self._apply(), name="apply", exclusive=True)

    async def _apply(self) -> None:
        try:
            experiment = self.wanted()
            changes = {key: mine for key, (mine, _) in experiment.differences(self.current).items()}
            if changes:
                await self._player.run(experiment, changes if changes.keys() <= CHANGED_IN_PLACE else None)
        except AdderError as error:
            self._error = str(error)
            self.query_one(_Words).redraw()
            return
        self.dismiss()


class _Caption(Canvas):
    def __init__(self, source: ViewSource, text: str, role: str = "dim") -> None:
        super().__init__(source)
        self._text = text
        self._strong = role == "strong"

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return [Line.of((self._text, "strong" if self._strong else "dim"))]


def _id(key: str) -> str:
    return key.replace(".", "-")


def _text(experiment: Experiment, key: str) -> str:
    value = experiment[key]
    if key == "network.layers":
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
