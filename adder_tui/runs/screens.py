"""The screen of runs: go to one, strike one off, choose what is on the chart, set two to four side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_engine.language import tr
from adder_engine.snapshot import MOST_NOTE, RunSummary
from adder_tui.commands import window_keys
from adder_tui.runs.compare import MOST_COMPARED, last_epoch, side_by_side
from adder_tui.runs.draw import run_text, runs_lines
from adder_tui.ui.axis import LOOK_KEYS, WHOLE, looked
from adder_tui.ui.canvas import Drawing
from adder_tui.ui.dialogs import FieldDialog
from adder_tui.ui.line import Line, roomiest
from adder_tui.ui.list_view import ListWindow, keys_line
from adder_tui.ui.run_words import MOST_ON_CHART, on_chart, run_now, shown_beside
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services

DETAIL_ROWS = 3

LIST_KEYS = [keys_line(window_keys("runs")[:most], lead="") for most in (6, 5, 4, 3)]
COMPARED_KEYS = (
    keys_line(((tr("Esc"), tr("back to the list")), (tr("Tab"), tr("swap them")), ("c", tr("one more")), *LOOK_KEYS),
              lead=""),
    keys_line(((tr("Esc"), tr("back")), (tr("Tab"), tr("swap")), ("c", tr("one more")), *LOOK_KEYS), lead=""),
)  # fmt: skip


class RunNote(FieldDialog):
    """A note on a run."""

    DEFAULT_CSS = "RunNote > Vertical { width: 68; }"

    def __init__(self, services: Services, run: RunSummary) -> None:
        self._controller, self._run = services.controller, run.id
        name = services.view().glyphs.text(run.name)
        hint = tr("Enter keeps it, Esc leaves. It stands in the list, and is saved with the run.")
        super().__init__(services.view, ((tr("A note on "), "dim"), (name, "strong")), run.note, hint)
        self.field.max_length = MOST_NOTE

    async def take(self, typed: str) -> None:
        await self._controller.send(lambda session: session.note(self._run, typed))
        self.dismiss()


class RunsScreen(ListWindow[None]):
    """The run in progress and those that were left; or some of them side by side."""

    DEFAULT_CSS = "RunsScreen { padding: 0 1; } RunsScreen Drawing { height: 1fr; }"
    window = "runs"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.picked: list[int] = []
        """Ids of the runs to be set side by side; two or more of them are."""
        self.picking = False
        """Whether another run is chosen beside those that stand side by side already."""
        self.lens = WHOLE
        """How the chart of runs side by side is looked at."""
        self.struck: list[str] = []
        """Names of the runs that were struck off here, the last one last; u brings it back."""

    def compose(self) -> ComposeResult:
        yield Drawing(self._services.view, self.lines, lambda line: self.choose(line - 3))

    @property
    def runs(self) -> list[RunSummary]:
        """The run in progress, then the others, the one left last first."""
        snapshot = self._services.view().snapshot
        return [] if snapshot is None else [run_now(snapshot), *reversed(snapshot.runs)]

    @property
    def count(self) -> int:
        return len(self.runs)

    @property
    def compared(self) -> list[RunSummary]:
        """Those that are set side by side; none while the list is shown."""
        found = {run.id: run for run in self.runs}
        if self.picking or len(self.picked) < 2 or not all(id in found for id in self.picked):
            return []
        return [found[id] for id in self.picked]

    def lines(self, view: ViewState, width: int, height: int) -> list[Line]:
        runs, compared = self.runs, self.compared
        if compared:
            head = Line.of((tr("Side by side"), "strong"), (tr("   train loss, {how}", how=self.lens.words), "dim"))
            return [
                head.fit(width),
                Line(),
                *side_by_side(view, compared, width, height - 3, self.lens),
                roomiest(width, *COMPARED_KEYS).fit(width),
            ]
        left = tr("   {runs} left before this one", runs=len(runs) - 1) if len(runs) > 1 else ""
        head = Line.of((tr("Runs"), "strong"), (left, "dim"))
        if not runs:
            return [head, Line(), Line.of((tr("The engine is still loading."), "dim"))]
        self.at = min(self.at, len(runs) - 1)
        hint, struck = "" if len(runs) > 1 else tr("Runs that you leave are kept in this list."), self.struck[-1:]
        if struck and hint:
            hint = tr("Runs that you leave are kept in this list; u brings back {struck}.", struck=struck[0])
        elif struck:
            hint = tr("{struck} is struck off: u brings it back.", struck=struck[0])
        below = [Line.of((view.glyphs.text(self.said or hint), "strong" if self.said else "dim")).fit(width)]
        below += run_text(view, runs[self.at], width, max(DETAIL_ROWS, height - 5 - len(runs)))
        below += [Line()] * (DETAIL_ROWS + 1 - len(below))
        rows = height - 3 - len(below)
        self.in_sight = max(1, rows - 1)
        listed = runs_lines(view, runs, self.at, self.picked, width, rows)
        keys = roomiest(width, *LIST_KEYS).fit(width)
        return [head.fit(width), Line(), *listed, *[Line()] * (rows - len(listed)), *below, keys]

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self.redraw, init=False)

    @property
    def _chosen(self) -> RunSummary | None:
        """The chosen run; None where there is none, or some are side by side."""
        return self.runs[self.at] if self.runs and not self.compared else None

    # --- keys ------------------------------------------------------------------------------------

    def choose(self, line: int) -> None:
        if not self.compared:
            super().choose(line)

    def action_leave(self) -> None:
        if self.picking and len(self.picked) > 1:
            self.picking = False
            self.say("")
        elif self.picked:
            self.picked.clear()
            self.picking, self.lens = False, WHOLE
            self.say("")
        else:
            self.dismiss()

    def action_pick(self) -> None:
        """Pick the chosen run, or put it back; of runs side by side, choose one more in the list."""
        if self.compared:
            self.picking = True
            self.at = next((i for i, run in enumerate(self.runs) if run.id not in self.picked), self.at)
            self.say(tr("Choose another run to set beside them, and press c; Esc goes back to them."))
        elif (run := self._chosen) is None:
            return
        elif run.id in self.picked:
            self.picked.remove(run.id)
            self.say(tr("{runs} stay side by side.", runs=len(self.picked)) if len(self.picked) > 1 else "")
        elif len(self.picked) >= MOST_COMPARED:
            most = MOST_COMPARED
            self.say(tr("{most} runs stand side by side at most: c on one that is picked takes it out.", most=most))
        else:
            self.picked.append(run.id)
            self.picking = False
            self.say(tr("Choose the run to set beside it, and press c again.") if len(self.picked) == 1 else "")

    def action_swap(self) -> None:
        """Show the next one first, and the first one last."""
        self.picked = [*self.picked[1:], *self.picked[:1]]
        self.redraw()

    def action_look(self, way: str, by: float = 0.0) -> None:
        """Look at the chart of runs side by side in another way."""
        if compared := self.compared:
            self.lens, words = looked(self.lens, way, by, None, last_epoch(compared))
            self.redraw()
            self.tell(self._services.view(), words)

    def action_chart(self) -> None:
        if (run := self._chosen) is None:
            return
        view = self._services.view()
        shown = frozenset(other.id for other, _ in on_chart(view))
        if view.snapshot is None or run.id == view.snapshot.run:
            self.say(tr("This run is always on the chart."))
        elif run.id not in shown and len(shown) >= MOST_ON_CHART:
            self.say(tr("{most} other runs are on the chart: v takes one away.", most=MOST_ON_CHART))
        else:
            self._services.charted = shown ^ {run.id}
            self._services.redraw()
            self.say("")

    def action_note(self) -> None:
        if (run := self._chosen) is not None:
            self.app.push_screen(RunNote(self._services, run))

    def action_forget(self) -> None:
        if (run := self._chosen) is None:
            return
        if self.at == 0:
            self.say(tr("The run in progress stays: go to another one first."))
        else:
            self.start(self._forget(run), exclusive=False)

    async def _forget(self, run: RunSummary) -> None:
        snapshot = self._services.view().snapshot
        name = run.name if snapshot is None else shown_beside(snapshot, run)  # as it stands in the list
        await self._services.controller.send(lambda session: session.forget(run.id))
        self.picked = [id for id in self.picked if id != run.id]
        self.struck.append(name)
        self.say("")

    def action_bring_back(self) -> None:
        if not self.compared:
            self.start(self._bring_back(), exclusive=False)

    async def _bring_back(self) -> None:
        await self._services.controller.send(lambda session: session.bring_back())
        name = self.struck.pop() if self.struck else tr("The run")
        self.say(tr("{run} is back.", run=name))

    def action_go(self) -> None:
        if (run := self._chosen) is None:
            return
        if self.at == 0:
            self.dismiss()
        else:
            self.close_after(self._go(run.id))

    async def _go(self, run: int) -> None:
        await self._services.controller.send(lambda session: session.switch(run))
        self.dismiss()
