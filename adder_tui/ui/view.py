"""What a drawing may know: the newest snapshot and what the app itself has chosen, frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from adder_engine.language import tr
from adder_tui.selection import Selection
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Outlook, Scales, Snapshot
    from adder_tui.commands import Contexts
    from adder_tui.course.lesson import Lesson
    from adder_tui.tabs import TabId

DrawnAs = Literal["picture", "numbers"]
DRAWN_AS: dict[DrawnAs, str] = {"picture": tr("picture"), "numbers": tr("diagram")}
"""What each is called."""
STEP_SIZE = {
    "layer": tr("layer"), "phase": tr("phase"), "update": tr("update"), "epoch": tr("epoch"),
    "10 epochs": tr("10 epochs"), "100 epochs": tr("100 epochs"),
}  # fmt: skip
"""What the engine's ``STEP_SIZES`` are called."""
WIDE = 110
"""Columns of a window from which on two pictures stand side by side."""
Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class ClickTarget(Generic[Chosen]):
    """A part of a drawing's row that can be clicked, and what is chosen by it."""

    x: int
    y: int
    width: int
    chosen: Chosen


def chosen_at(targets: Iterable[ClickTarget[Chosen]], x: int, y: int) -> Chosen | None:
    """What a click on a cell chooses, of targets that lie over each other the first; None beside all of them."""
    return next((t.chosen for t in targets if t.y == y and t.x <= x < t.x + t.width), None)


@dataclass(frozen=True)
class ViewState:
    """Everything that is drawn is a function of this and of a size."""

    experiment: Experiment
    """The experiment in use; known before the engine is."""
    snapshot: Snapshot | None
    """None while the engine is loading."""
    glyphs: Glyphs
    tab: TabId
    """Id of the tab in front."""
    step_size: str
    """How far one step goes, one of the engine's ``STEP_SIZES``."""
    pace: float | None
    """Epochs a second when playing; None for as fast as it goes."""
    selection: Selection
    """The neuron or parameter that is chosen, on every tab."""
    notice: str
    """One sentence for the person at the keyboard, or nothing."""
    reached: int | None = None
    """How many neurons of the rung's layer the walk by neuron has reached; None where it is not walked."""
    drawn_as: DrawnAs = "picture"
    """What the network is drawn as: with tiles and all edges, or as numbers with the chosen neuron's edges in full."""
    telling: bool = False
    """Whether the trace stands in the diagram's place."""
    charted: frozenset[int] | None = None
    """Ids of the other runs that were picked for the chart; None for the run just left."""
    titles: Mapping[int, str] = field(default_factory=dict)
    """Ids of runs to what a lesson calls them, this one among them; the others are told by what they have else."""
    words: Contexts = frozenset()
    """What a lesson in front lets one do, for the table of commands; ``visiting`` on other tabs while one is open."""
    lesson: Lesson | None = None
    """The lesson that has the network, whatever tab is in front."""
    unmet: frozenset[str] = frozenset()
    """Terms that the lesson in front has not come to: nothing around it uses them. See :meth:`met`."""
    colours: Literal["many", "few", "none"] = "many"
    """Few are the terminal's own 16, where characters tell what shades of colours would."""
    outlook: Outlook | None = None
    """What was last found of the rate's limit and of a loss that stands still; None where that was not asked."""

    @property
    def visiting(self) -> Lesson | None:
        """The lesson that has the network while another tab than its own is in front."""
        return self.lesson if self.tab != "learn" else None

    def met(self, term: str) -> bool:
        """Whether a term of the glossary may be used: outside lessons, and where no later lesson is to explain it."""
        return term not in self.unmet

    @property
    def veiled(self) -> bool:
        """Whether a lesson asks for a prediction first: until then nothing tells how the run stands."""
        return "lesson" in self.words and "stands" not in self.words

    @property
    def unasked(self) -> bool:
        """Whether nothing was asked in a lesson yet: until then its answer is not told."""
        return "lesson" in self.words and "answers" not in self.words

    @property
    def keys_wait(self) -> bool:
        """Whether the keys that train wait for a lesson's next step."""
        return "lesson" in self.words and "run" not in self.words

    @property
    def contexts(self) -> Contexts:
        """The tab, and what can be done there: what commands are matched with."""
        return self.words | {self.tab}

    @property
    def has_held_out(self) -> bool:
        """Whether there are held-out sums to measure a loss on."""
        return self.experiment.test_row_count > 0 and self.met("held-out data")

    @property
    def scales(self) -> Scales:
        """What inputs and targets are divided by, as far as the run has told."""
        from adder_engine.snapshot import UNSCALED  # not needed to paint the shell

        return self.snapshot.scales if self.snapshot is not None else UNSCALED
