"""The sweep: a form for one setting or two, then a chart with a table or a grid; it goes on while it is closed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from adder_engine.errors import AdderError, ExperimentError
from adder_engine.experiment import KEYS, key_named
from adder_engine.language import tr
from adder_engine.sweep import USUAL_SEEDS, Sweep, SweepThread, planned
from adder_tui.sweep import draw
from adder_tui.sweep.rates_screen import RatesScreen
from adder_tui.ui.axis import LOOK_KEYS, WHOLE, looked
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, beside, roomiest
from adder_tui.ui.list_view import ListWindow, keys_line, said_lines, step
from adder_tui.ui.run_state import bar, title
from adder_tui.ui.symbols import UNICODE
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from adder_engine.parsing import Sum
    from adder_engine.sweep import SweepRun
    from adder_tui.services import Services


EVERY = 0.5
"""Seconds between two looks at a sweep that is not in sight."""


def leave_running(app: App[Any], services: Services) -> None:
    """Say that the sweep goes on, and once it is done say that."""
    sweep = services.sweep
    if sweep is None or not sweep.running or sweep.stopped:
        return
    services.say(tr("The sweep goes on training: S comes back to it."))

    def look() -> None:
        gone = services.sweep is not sweep or sweep.stopped or bool(sweep.failure)
        if gone or (not sweep.running and len(app.screen_stack) == 1):
            timer.stop()
            if not gone:
                services.say(tr("The sweep is done: S shows it."))

    timer = app.set_interval(EVERY, look)


def holds_back(app: App[Any], services: Services) -> bool:
    """Whether leaving would lose a sweep that nobody was told of yet; it is told now, and once only."""
    sweep = services.sweep
    if sweep is None or sweep is services.given_up or not sweep.running or sweep.stopped:
        return False
    services.given_up = sweep
    while len(app.screen_stack) > 1:  # what stands in front would hide the sentence
        app.pop_screen()
    done = math.floor(100 * draw.share(sweep.state))
    services.say(tr("The sweep is {share} % done and is not kept: q once more leaves, and loses it.", share=done))
    return True


async def train_again(services: Services, run: SweepRun, sums: tuple[Sum, ...]) -> None:
    """Take the app to a run of a sweep: train it again here, with all of its past, as far as the sweep has come.

    Raises:
        AdderError: it cannot be trained here.
    """
    services.say(draw.trains_again(run))
    ended = await services.controller.train_again(run.experiment, None if run.stopped else run.epochs)
    if ended is not None:
        services.say(draw.as_in_the_sweep(run, ended, sums, UNICODE))


class SweepScreen(ListWindow[None]):
    """What is typed like ``training.lr = 1e-4, 1e-3`` is trained from several seeds, beside the run in progress.

    A second setting makes a grid, in which the arrows go from cell to cell.
    """

    DEFAULT_CSS = """
    SweepScreen { padding: 0 1; }
    SweepScreen #heading { height: 1; margin-bottom: 1; }
    SweepScreen Horizontal { height: 1; }
    SweepScreen Horizontal Drawing { width: 10; height: 1; }
    SweepScreen Field { width: 1fr; height: 1; background: $band; }
    SweepScreen #words { height: 1fr; margin-top: 1; }
    """
    window = "sweep"
    AUTO_FOCUS = None

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.seed = 0
        self.lens = WHOLE
        """How the chart is looked at."""
        self._seen: object = None
        lr = services.view().experiment.training.lr
        values = ", ".join(draw.value_text(float(f"{value:.4g}")) for value in (lr / 10, lr, lr * 10))
        self.over = Field(f"training.lr = {values}", id="over")
        self.across = Field("", id="across")
        self.across.placeholder = tr("a second one makes a grid: network.activation = tanh, relu")
        self.seeds = Field(str(USUAL_SEEDS), id="count")
        self._fields = self.over, self.across, self.seeds
        titles = tr("setting"), tr("and"), tr("seeds")
        self._form = [
            Horizontal(heading(services.view, (f" {title}", "dim"), id=f"title-{field.id}"), field)
            for title, field in zip(titles, self._fields, strict=True)
        ]

    @property
    def sweep(self) -> SweepThread | None:
        """The sweep that is looked at; the app keeps it while this screen is closed."""
        return self._services.sweep

    def compose(self) -> ComposeResult:
        about = tr("   one setting over several values, or two")
        yield heading(self._services.view, (tr(" Sweep"), "strong"), (about, "dim"))
        yield from self._form
        yield Drawing(self._services.view, self.words, id="words")

    def on_mount(self) -> None:
        self._show_form(self.sweep is None)
        self.set_interval(1 / min(4.0, self._services.settings.fps), self._look)

    def _show_form(self, shown: bool) -> None:
        for field in self._fields:
            field.can_focus = shown
        for row in self._form:
            row.display = shown
        self._fill_in(self.over if shown else None)
        self.call_after_refresh(self.redraw)

    def _fill_in(self, field: Field | None) -> None:
        """Give a field the keys: what is typed replaces what stands there, the arrows keep it."""
        self.set_focus(field)
        if field is not None:
            field.select_all()

    @property
    def count(self) -> int:
        return 0 if self.sweep is None else len(self.sweep.plan.settings)

    def _look(self) -> None:
        """Draw what is new."""
        sweep = self.sweep
        now = None if sweep is None else (sweep.state, sweep.running)
        if now != self._seen:
            self._seen = now
            self.redraw()

    # --- the form --------------------------------------------------------------------------------

    @property
    def _filling_in(self) -> bool:
        return self._form[0].display

    def plan(self) -> Sweep:
        """The sweep that the form describes.

        Raises:
            ExperimentError: something is typed that will not do.
        """
        experiment = self._services.view().experiment
        overs = [field.value for field in (self.over, self.across) if field is self.over or field.value.strip()]
        typed = self.seeds.value.strip()
        if not (typed.isascii() and typed.isdigit()):
            given = typed[:24] or tr("Nothing")
            raise ExperimentError(tr("{typed} is no number of seeds: type one such as 5.", typed=given))
        is_seed = any(over.partition("=")[0].strip() == "seed" for over in overs)
        return planned(experiment, overs, 1 if is_seed else int(typed[:9]))

    @on(Input.Changed)
    def _typed(self) -> None:
        self.say("")

    def action_next_field(self, key: str = "tab") -> None:
        """Another field of the form; in a grid, whose cells the arrows choose, another seed."""
        if self._filling_in:
            at = self._fields.index(self.focused) if isinstance(self.focused, Field) else -1
            self._fill_in(self._fields[(at + step(key)) % len(self._fields)])
            self.redraw()
        elif self.sweep is not None and self.sweep.plan.across:
            self._next_seed(step(key))

    def _form_words(self, view: ViewState, width: int, height: int) -> list[Line]:
        glyphs = view.glyphs
        try:
            lines = said_lines(
                f"{draw.headlines(self.plan(), title(view.experiment, glyphs))[0]}.", width, "text", glyphs
            )
        except AdderError as error:
            lines = said_lines(str(error), width, "minus" if self.said else "dim", glyphs)
        lines.append(Line())
        name = (self.across if self.focused is self.across else self.over).value.partition("=")[0].strip()
        try:
            key = key_named(name)
            about = [f"{key.name}: {key.meaning}.", f"{key.range}."]
        except AdderError:
            fitting = [key.name for key in KEYS if name in key.name and key.name != "data.rows"]
            about = [tr("Settings: {names}.", names=", ".join(fitting or [key.name for key in KEYS]))]
        for sentence in about:
            lines += said_lines(sentence, width, "dim", glyphs)
        if self.sweep is not None and self.sweep.running:
            goes_on = tr("The sweep that trains now goes on until Enter begins this one in its place.")
            lines += [Line(), *said_lines(goes_on, width, "dim", glyphs)]
        lines = lines[: height - 2]
        leaves = (tr("Esc"), tr("closes") if self.sweep is None else tr("back to the sweep"))
        does = (tr("Enter"), tr("trains")), (tr("Tab"), tr("next field")), (tr("Ctrl+R"), tr("rates"))
        keys = keys_line([*does, leaves]).fit(width)
        return [*lines, *[Line()] * (height - len(lines) - 1), keys]

    # --- the sweep -------------------------------------------------------------------------------

    def words(self, view: ViewState, width: int, height: int) -> list[Line]:
        """What stands below the form, or all there is to see of the sweep."""
        sweep, glyphs = self.sweep, view.glyphs
        if self._filling_in or sweep is None:
            return self._form_words(view, width, height)
        plan, state = sweep.plan, sweep.state
        self.at = min(self.at, self.count - 1)
        done = draw.share(state)
        standing = tr("trains") if sweep.running else tr("stopped") if sweep.stopped else tr("done")
        percent = Line.of((f"  {standing}, {int(done * 100)} %   {self.lens.words}", "dim"))
        ways = draw.headlines(plan, title(plan.experiment, glyphs))
        lines = [roomiest(width, *(Line.of((f" {glyphs.text(words)}", "text")) for words in ways))]
        lines = [lines[0].fit(width, glyphs.ellipsis)]
        lines.append(Line.of(" ", bar(done, width - percent.width - 2, glyphs), percent).fit(width))
        lines += said_lines(sweep.failure or self.said, width, "minus", glyphs)
        below = [draw.seed_line(plan, state, self.at, self.seed, width, glyphs), self._sweep_keys(sweep, width)]
        if plan.across:
            below = [draw.cell_line(plan, state, self.at, width, glyphs), *below]
        room = max(0, height - len(lines) - len(below))
        half, wide = width * 2 // 5, width >= WIDE and not plan.across
        rows = 0 if wide else min(len(plan.values) + (3 if plan.across else 1), max(4, room // 2))
        columns = half - 2 if wide else width
        chart = draw.sweep_chart(plan, state, self.at, self.seed, columns, room - rows, glyphs, self.lens)
        if plan.across:
            middle = [*draw.grid_lines(plan, state, self.at, width, rows, glyphs), *chart]
        elif wide:
            middle = beside(chart, draw.sweep_table(plan, state, self.at, width - half, room, glyphs), half, 0)[:room]
        else:
            middle = [*chart, *draw.sweep_table(plan, state, self.at, width, rows, glyphs)]
        return [*lines, *middle, *below]

    def _sweep_keys(self, sweep: SweepThread, width: int) -> Line:
        running = sweep.running and not sweep.stopped
        stop = [("x", tr("stops it"))] if running else []
        aside = tr("left/right") if self._services.settings.ascii else "←→"
        seeds = [(tr("Tab") if sweep.plan.across else aside, tr("seeds"))] if len(sweep.plan.seeds) > 1 else []
        leave = (tr("Esc"), tr("leaves it running") if running else tr("closes"))
        there, rates = (tr("Enter"), tr("goes there")), (tr("Ctrl+R"), tr("rates"))
        full = [there, *seeds, ("n", tr("new sweep")), rates, *stop, leave]
        go, new = (tr("Enter"), tr("go")), ("n", tr("new"))
        short = [go, *seeds, new, *stop, leave]
        shortest = [go, new, *stop, leave]
        looks = [[*keys[:-1], *LOOK_KEYS[:n], leave] for keys in (full, short) for n in (len(LOOK_KEYS), 1)]
        return roomiest(width, *map(keys_line, (*looks, full, short, shortest))).fit(width)

    def action_move(self, key: str) -> None:
        if self._filling_in:
            self.action_next_field("shift+tab" if key == "up" else "tab")
        elif self.sweep is not None and self.sweep.plan.across:
            there = self.at + step(key) * len(self.sweep.plan.across_values)
            self.go(there if 0 <= there < self.count else self.at)
        else:
            super().action_move(key)

    def action_seed(self, key: str) -> None:
        """Another seed of the value; in a grid the cell beside."""
        by = 1 if key == "right" else -1
        if self.sweep is None:
            return
        if not (across := len(self.sweep.plan.across_values)):
            self._next_seed(by)
        elif 0 <= self.at % across + by < across:
            self.go(self.at + by)

    def _next_seed(self, by: int) -> None:
        if self.sweep is not None:
            self.seed = (self.seed + by) % max(1, len(self.sweep.plan.seeds))
            self.redraw()

    def action_look(self, way: str, by: float = 0.0) -> None:
        if self.sweep is not None and not self._filling_in:
            state = self.sweep.state
            drawn = float(max(run.epochs for run in state.runs))
            self.lens, words = looked(self.lens, way, by, None, draw.last_epoch(state), drawn)
            self.redraw()
            self.tell(self._services.view(), words)

    def action_new(self) -> None:
        """Fill in another sweep; one that runs goes on meanwhile."""
        if self.sweep is not None:
            self._show_form(True)

    def action_stop(self) -> None:
        if not self._filling_in and self.sweep is not None and self.sweep.running:
            self.sweep.stop()
            self.redraw()

    def action_leave(self) -> None:
        """From the form back to a sweep that there is; else close this, and let the sweep go on."""
        if self._filling_in and self.sweep is not None:
            self.said = ""
            self._show_form(False)
            return
        self.dismiss()
        leave_running(self.app, self._services)

    def action_rates(self) -> None:
        """Test rates over this screen; where one is taken, this is closed too."""

        def leave(taken: bool | None) -> None:
            if taken:
                self.dismiss()

        self.app.push_screen(RatesScreen(self._services), leave)

    def action_enter(self) -> None:
        """Begin the sweep; in the table go to the chosen run."""
        if self._filling_in:
            try:
                plan = self.plan()
            except AdderError as error:
                self.say(str(error))
                return
            if self.sweep is not None:
                self.sweep.stop()
            self.at = self.seed = 0
            self.lens = WHOLE
            self._services.sweep = SweepThread(plan)
            self._show_form(False)
        elif self.sweep is not None:
            runs = draw.runs_of(self.sweep.plan, self.sweep.state, self.at)
            run = runs[min(self.seed, len(runs) - 1)]
            self.dismiss()
            self._services.start(train_again(self._services, run, self.sweep.plan.sums), "again")
