"""The Explore tab on a real session: its views, its cross-hair, and what it asks for when."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from adder_engine.analysis.results import (
    ActivationGrid,
    AffineMapHistory,
    AnswerGrid,
    Baseline,
    CurvatureReport,
    Evaluation,
    Extrapolation,
    GradientLine,
    GridSpec,
    LossLandscape,
    ParameterLine,
    Query,
)
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.session import QueryBatch, Session
from adder_engine.snapshot import Snapshot
from adder_tui.explore.tab import EVERY, ExploreCanvas, ExplorePane
from adder_tui.selection import Neuron, Parameter
from tests.tui import findings
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_of, app_on, check_golden, screen_text, shows, until

SIZE = (80, 24)


@asynccontextmanager
async def explore(session: Session, size: tuple[int, int] = SIZE, **changes: Any) -> AsyncIterator[Pilot[None]]:
    """The app with the Explore tab in front, on a new one-pair run."""
    await session.load(Experiment.preset("one-pair").replace(**changes))
    await session.ask(Sum(30, 70))
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("5")
        await shows(pilot, "▸error", "the one training sum", "┼ 30 + 70")
        yield pilot


@asynccontextmanager
async def explore_raw(session: Session, **changes: Any) -> AsyncIterator[Pilot[None]]:
    """The app with the Explore tab in front, on any run."""
    await session.load(Experiment.preset("many-pairs").replace(**changes))
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("5")
        await shows(pilot, "▸error", "furthest off")
        yield pilot


async def test_v_goes_through_the_views(session: Session) -> None:
    async with explore(session) as pilot:
        for key, *words in (
            ("v", "▸neurons", "h1[0] hands on 57.92", "all 8 hidden neurons"),
            ("v", "▸learned", "f(a,b) =  0.1001·a − 0.02507·b − 0.06097", "error foretold"),
            ("v", "▸stability", "the limit of plain gradient descent", "by the Hessian", "loss along the gradient"),
            ("v", "▸checks", "newly drawn sums", "error by region", "typical, as above"),
            ("v", "▸slope", "loss ", "○ nudge"),
            ("v", "▸error", "off by −98.81"),
            ("V", "▸slope", "slope "),
            ("V", "▸checks", "within 0.5 of the truth"),
        ):
            await pilot.press(key)
            await shows(pilot, *words)


async def test_every_view_can_be_opened_while_the_run_plays(session: Session) -> None:
    async with explore_raw(session, epochs=10_000_000) as pilot:
        await pilot.press("space")
        for view in ("neurons", "learned", "stability", "checks", "slope", "error"):
            await pilot.press("v")
            await shows(pilot, f"▸{view}", "playing")
        await pilot.press("space")
        await shows(pilot, "paused")


async def test_left_and_right_try_other_values_of_the_number_and_setting_it_moves_the_point(session: Session) -> None:
    async with explore(session) as pilot:
        app = app_of(pilot)
        app.select(Parameter(36))
        await pilot.press("V")
        await shows(pilot, "output.bias[0] = 0.0779254", "slope −197.627", "nudge 10: loss 7,887.88 up")
        before, found = app.snapshot, app.query_one(ExploreCanvas).explore_state.found.line
        await pilot.press("right", "right")
        await shows(pilot, "output.bias[0] at 4.077", "slope −189.627", "(it is 0.07793)")
        assert app.snapshot.state[0, 36] == before.state[0, 36]  # type: ignore[union-attr]
        await pilot.press("down")
        await shows(pilot, "input.weight[0, 0] = 0.540", "slope −534.3")
        await pilot.press("up")
        await shows(pilot, "output.bias[0] = 0.0779254")
        app.show(await (await app.controller.ready()).edit("output.bias", (0,), 40.0))  # type: ignore[union-attr]
        await shows(pilot, "output.bias[0] = 40.0000", "slope −117.78")
        moved = app.query_one(ExploreCanvas).explore_state.found.line
        assert moved.range == pytest.approx(found.range, abs=2)  # type: ignore[union-attr]


async def test_the_cross_hair_tells_a_sum_and_enter_makes_it_the_current_one(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.press("right")
        await shows(pilot, "┼ 35 + 60")
        await pilot.press("up", "up", "left", "left")
        await shows(pilot, "┼ 25 + 100", "truth 125")
        await pilot.press("enter")
        await shows(pilot, "sum ▸ 25 + 100")
        await until(pilot, lambda: app_of(pilot).snapshot.asked.sum.b == 100)  # type: ignore[union-attr]


async def test_a_current_sum_beyond_the_plane_is_told_and_marked_nowhere(session: Session) -> None:
    async with explore_raw(session) as pilot:
        await session.ask(Sum(30_000, -330_000))
        await shows(pilot, "beyond 30,000 + −330,000", "truth −300,000")
        assert "┼" not in screen_text(app_of(pilot))
        await session.ask(Sum(30, 70))
        await shows(pilot, "┼ 30 + 70")


async def test_the_plane_goes_along_at_its_edge(session: Session) -> None:
    async with explore(session) as pilot:
        await until(pilot, lambda: not app_of(pilot).query_one(ExplorePane).waiting)
        await pilot.press(*["right"] * 32)
        await shows(pilot, "┼ 190 + 60")
        await until(pilot, lambda: app_of(pilot).query_one(ExploreCanvas).explore_state.found.plane.a.max() > 200)  # type: ignore[union-attr]


async def test_plus_and_minus_zoom_and_x_goes_back(session: Session) -> None:
    def reach(pilot: Pilot[None]) -> float:
        plane = app_of(pilot).query_one(ExploreCanvas).explore_state.found.plane
        assert plane is not None
        return float(plane.a[-1] - plane.a[0])

    async with explore(session) as pilot:
        first = reach(pilot)
        await pilot.press("minus")
        await until(pilot, lambda: reach(pilot) > 1.5 * first)
        await pilot.press("plus", "plus")
        await until(pilot, lambda: reach(pilot) < 0.75 * first)
        await pilot.press("g")
        await until(pilot, lambda: reach(pilot) > 1_900_000)
        await shows(pilot, "10k", "−1M")
        await pilot.press("x")
        await until(pilot, lambda: reach(pilot) == first)


async def test_m_shows_the_size_alone(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.press("m")
        await shows(pilot, " size ")
        assert "+++" not in screen_text(app_of(pilot))
        await pilot.press("m")
        await shows(pilot, "off by  =")


async def test_n_chooses_a_neuron_for_all_tabs(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.press("v", "n", "n", "n", "n")
        await shows(pilot, "▸h2[0]", " h2[0] hands on")
        assert app_of(pilot).selection == Neuron(2, 0)
        await pilot.press("N")
        await shows(pilot, "▸h1[3]", " h1[3] hands on 18.87")


async def test_a_step_is_seen_at_once(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.press("s", "full_stop")
        await shows(pilot, "epoch 10 of 2,000")
        answer = f"answer {app_of(pilot).snapshot.asked.predicted:.3f}"  # type: ignore[union-attr]
        await shows(pilot, f"30 + 70   {answer}")
        await pilot.press("v", "v", "v")
        await shows(pilot, f"step {app_of(pilot).snapshot.current_loss:,.0f} to")  # type: ignore[union-attr]


async def test_a_bent_network_tells_its_slopes(session: Session) -> None:
    async with explore(session, **{"network.activation": "tanh"}) as pilot:
        await pilot.press("v", "v")
        await shows(pilot, "Around 30 + 70 the answer rises by", "for each 1 of a   (right: 1)")


async def test_too_high_a_rate_for_gradient_descent_is_said_before_it_overshoots(session: Session) -> None:
    async with explore(session, **{"training.optimizer": "sgd", "training.lr": 2e-4}) as pilot:
        await pilot.press("v", "v", "v")
        await shows(pilot, "lr 0.0002 is 2.5 times the limit", "it will overshoot")


async def test_the_limit_of_two_weights_and_a_bias_is_the_courses(session: Session) -> None:
    async with explore(session) as pilot:
        raw = {"network.layers": [2, 1], "training.optimizer": "sgd", "training.lr": 1.15e-5}
        await session.load(Experiment.preset("many-pairs").replace(**raw))
        await pilot.press("v", "v", "v")
        await shows(pilot, "lr 1.15e−5 is 0.97 times the limit 1.18e−5: it holds.", "steepest over flattest 84,")
        await pilot.press("V", "V")
        await shows(pilot, "This network has no hidden neurons")


async def test_keys_of_the_plane_say_where_it_is(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.press("V", "V", "g")
        await shows(pilot, "The checks view has no plane to move on")


async def test_a_click_puts_the_cross_hair_there(session: Session) -> None:
    async with explore(session) as pilot:
        await pilot.click(offset=(8, 3))
        canvas = app_of(pilot).query_one(ExploreCanvas)
        await until(pilot, lambda: canvas.explore_state.cursor is not None)
        await shows(pilot, "┼ −175 + 140")


# --- what is asked for, and when ---------------------------------------------------------------------


class Formulas(FakeSession):
    """Findings by simple fractions; asks are counted, and may be held up."""

    def __init__(self, experiment: Experiment | None = None) -> None:
        super().__init__(experiment or Experiment.preset("many-pairs"))
        self.asks: Counter[str] = Counter()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def _found(self, name: str) -> None:
        self.asks[name] += 1
        await self.may_answer.wait()

    def together(self, *questions: Query) -> QueryBatch:
        now: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()
        now.set_result(self._now())
        tasks = [asyncio.ensure_future(getattr(self, q.name)(*q.arguments)) for q in questions]
        return QueryBatch(now, tuple(tasks))

    async def plane(self, extent: GridSpec) -> AnswerGrid:
        await self._found("plane")
        return findings.plane_of(extent)

    async def neurons(self, extent: GridSpec, only: tuple[int, int] | None = None) -> tuple[ActivationGrid, ...]:
        await self._found("neurons" if only is None else "neuron")
        found = findings.neurons_of(extent, self.experiment.network.layers[1:-1])
        return tuple(plane for plane in found if only in (None, (plane.layer, plane.neuron)))

    async def map_course(self) -> AffineMapHistory | None:
        await self._found("course")
        return findings.course()

    async def forecast(self) -> Extrapolation:
        await self._found("forecast")
        return findings.forecast()

    async def stability(self, rough: bool = False) -> CurvatureReport:
        await self._found("stability")
        raise RequestError("The loss is not finite here.")

    async def along_gradient(self, points: int = 81, rough: bool = False) -> GradientLine:
        await self._found("curve")
        return findings.loss_curve()

    async def along_parameter(
        self, index: int, points: int = 121, around: tuple[float, float] | None = None, rough: bool = False
    ) -> ParameterLine:
        await self._found("line")
        return findings.parameter_line(index)

    async def loss_slice(self, columns: int, rows: int, rough: bool = False) -> LossLandscape:
        await self._found("slice")
        return findings.loss_slice(columns, rows)

    async def checks(self) -> Evaluation:
        await self._found("checks")
        return findings.checks()

    async def rivals(self) -> tuple[Baseline, ...]:
        await self._found("rivals")
        return findings.rivals()


class Steep(Formulas):
    """The same with a limit that is exceeded."""

    async def stability(self, rough: bool = False) -> CurvatureReport:
        await self._found("stability")
        return findings.stability()


@asynccontextmanager
async def explore_formulas(
    session: Formulas, *keys: str, size: tuple[int, int] = SIZE, **settings: Any
) -> AsyncIterator[Pilot[None]]:
    """The app with the Explore tab in front, ``keys`` pressed and all answered, on a session of formulas."""
    app = app_on(session, **settings)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("5")
        await until(pilot, lambda: app.query(ExplorePane) and not app.query_one(ExplorePane).waiting)
        await pilot.press(*keys)
        await quiet(pilot)
        yield pilot


async def quiet(pilot: Pilot[None]) -> None:
    """Wait until nothing is asked for any more."""
    await until(pilot, lambda: not app_of(pilot).query_one(ExplorePane).waiting)


async def test_an_ask_in_flight_is_not_repeated_and_the_old_picture_stays() -> None:
    session = Formulas().at(412)
    async with explore_formulas(session) as pilot:
        app = app_of(pilot)
        await shows(pilot, "┼ 30 + 70")
        session.asks.clear()
        session.may_answer.clear()
        await pilot.press("minus")
        await shows(pilot, "computing…")
        await pilot.press("minus", "minus", "right", "s", "full_stop")
        await shows(pilot, "epoch 422")
        assert session.asks == {"plane": 1}
        assert "of 10,000 training sums" in screen_text(app)
        session.may_answer.set()
        await quiet(pilot)
        await until(pilot, lambda: "computing" not in screen_text(app))
        assert session.asks == {"plane": 2}  # the newest wish alone


async def test_keys_in_one_burst_take_the_current_sum_to_the_cross_hair() -> None:
    session = Formulas().at(412)
    async with explore_formulas(session) as pilot:
        app = app_of(pilot)
        await shows(pilot, "┼ 30 + 70")
        session.may_answer.clear()  # the picture of the moved plane does not come
        await pilot.press(*["right"] * 45, "up", "enter")
        canvas = app.query_one(ExploreCanvas)
        await until(pilot, lambda: session.asked.b != 70)
        await until(pilot, lambda: canvas.explore_state.cursor is None)  # the cross-hair is the current sum, exactly
        assert session.asked.a > canvas.explore_state.found.plane.a.max()  # type: ignore[union-attr]
        session.may_answer.set()
        await quiet(pilot)
        await shows(pilot, f"┼ {session.asked.a:g} + {session.asked.b:g}")


async def test_a_view_asks_only_for_what_it_shows_and_nothing_is_asked_out_of_sight() -> None:
    session = Formulas().at(412)
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412")
        await pilot.press("5", "V", "V")
        await shows(pilot, "error by region", "7.625e−6")
        await quiet(pilot)
        assert set(session.asks) <= {"plane", "line", "checks", "rivals"}
        session.asks.clear()
        await pilot.press("4", "full_stop")
        await shows(pilot, "epoch 413")
        assert not session.asks
        await pilot.press("5")
        await until(pilot, lambda: session.asks == {"checks": 1, "rivals": 1})


async def test_asking_a_sum_does_not_compute_anew_what_it_cannot_change() -> None:
    session = Formulas().at(412)
    async with explore_formulas(session, "right") as pilot:
        app = app_of(pilot)
        session.asks.clear()
        await pilot.press("enter")
        await until(pilot, lambda: "sum ▸ 30 + 70" not in screen_text(app))
        await quiet(pilot)
        assert not session.asks


async def test_a_playing_run_is_looked_at_about_once_a_second() -> None:
    session = Formulas()
    async with explore_formulas(session, fps=30) as pilot:
        await shows(pilot, "epoch 0 of")
        session.asks.clear()
        begun = time.monotonic()
        await pilot.press("space")
        await until(pilot, lambda: session.asks["plane"] >= 2)
        assert session.asks["plane"] <= 1 + (time.monotonic() - begun) / EVERY
        await pilot.press("space")
        await shows(pilot, "‖ paused")
        await quiet(pilot)


async def test_figures_of_a_playing_run_are_all_of_one_moment_that_is_said(session: Session) -> None:
    raw = {"network.layers": [2, 16, 16, 1], "network.activation": "tanh", "data.count": 500, "data.kind": "uniform"}
    async with explore_raw(session, epochs=10_000_000, **raw) as pilot:
        await pilot.press("space", "V", "V")
        canvas = app_of(pilot).query_one(ExploreCanvas)
        for _ in range(4):
            before = canvas.explore_state.of
            await until(pilot, lambda: canvas.explore_state.of is not before and canvas.explore_state.found.rivals)  # noqa: B023
            found, of = canvas.explore_state.found, canvas.explore_state.of
            assert of is not None
            assert found.checks is not None
            own = next(rival for rival in found.rivals if rival.name == "this network")
            assert own.rmse == pytest.approx(found.checks.rmse, rel=1e-6)
            assert [a.predicted for a in own.answers] == pytest.approx([a.predicted for a in of.answers], rel=1e-3)
            assert f"of epoch {of.epoch:,}" in screen_text(app_of(pilot))
        await pilot.press("space")
        await shows(pilot, "paused")
        await until(pilot, lambda: "of epoch" not in screen_text(app_of(pilot)).splitlines()[1])


async def test_a_heavy_view_beside_a_playing_run_leaves_training_most_of_the_time(session: Session) -> None:
    raw = {"network.layers": [2, 32, 32, 1], "network.activation": "tanh", "data.count": 1_000}
    async with explore_raw(session, epochs=10_000_000, **raw) as pilot:
        await pilot.press("v", "v", "v")
        await shows(pilot, "▸stability", "steepest curvature", "• path")
        await pilot.press("space")
        await shows(pilot, "of epoch", "playing")
        before = app_of(pilot).query_one(ExploreCanvas).explore_state.of
        await until(pilot, lambda: app_of(pilot).query_one(ExploreCanvas).explore_state.of is not before)
        await pilot.press("v")  # what is still waited for is dropped
        await shows(pilot, "▸checks", "typically off by")
        await pilot.press("space")
        await shows(pilot, "paused")


async def test_what_cannot_be_had_says_why_beside_what_can() -> None:
    async with explore_formulas(Formulas().at(412), "v", "v", "v") as pilot:
        await shows(pilot, "The loss is not finite here.", "loss along the gradient", "• path")


# --- goldens -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
@pytest.mark.parametrize(
    ("name", "keys"),
    [("error", []), ("error_log", ["g"]), ("neurons", ["v"]), ("learned", ["v", "v"]), ("stability", ["v"] * 3),
     ("checks", ["V"] * 2), ("slope", ["V"])],
)  # fmt: skip
async def test_the_explore_tab_looks_as_it_did(name: str, keys: list[str], size: tuple[int, int]) -> None:
    await _golden(f"explore_{name}_{size[0]}x{size[1]}", keys, size)


@pytest.mark.parametrize(("name", "keys"), [("error", []), ("stability", ["v"] * 3), ("slope", ["V"])])
async def test_the_explore_tab_looks_as_it_did_in_ascii(name: str, keys: list[str]) -> None:
    await _golden(f"explore_{name}_80x24_ascii", keys, (80, 24), ascii=True)


async def _golden(name: str, keys: list[str], size: tuple[int, int], **settings: Any) -> None:
    async with explore_formulas(Steep().at(412), *keys, size=size, **settings) as pilot:
        await until(pilot, lambda: "computing" not in screen_text(app_of(pilot)))
        check_golden(name, screen_text(app_of(pilot)))
