"""The Network tab on a real session: the numbers of the lessons, the cursor, the ladder, and taking hold."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual._compositor import Compositor
from textual.pilot import Pilot
from textual.screen import Screen

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.session import Session
from adder_tui.network import tab as network_tab
from adder_tui.network.tab import EditValue, NetworkDiagram
from adder_tui.selection import Neuron, Parameter
from adder_tui.ui.picture import picture
from adder_tui.ui.view import DrawnAs, ViewState
from tests.tui.screens import app_of, app_on, check_golden, press, screen_text, shows, until

SIZE = (80, 24)


@asynccontextmanager
async def network(
    session: Session, size: tuple[int, int] = SIZE, drawn_as: DrawnAs = "numbers", **settings: Any
) -> Any:
    """The app with the Network tab in front, on a new one-pair run."""
    await session.load(Experiment.preset("one-pair").replace(**settings.pop("changes", {})))
    await session.ask(Sum(30, 70))
    app = app_on(session, **settings)  # type: ignore[arg-type]
    app.drawn_as = drawn_as
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "9,764")
        await pilot.press("2")
        await shows(pilot, "at the start, before the first update", "57.92")
        yield pilot


def rung_is(pilot: Pilot[None], phase: str, layer: int | None = None) -> bool:
    snapshot = app_of(pilot).snapshot
    stage = snapshot.stage if snapshot else None
    return stage is not None and (stage.phase, stage.layer) == (phase, layer)


async def test_the_layer_values_of_the_first_lesson_are_under_the_cursor(session: Session) -> None:
    async with network(session) as pilot:
        for column, values in ((1, "57.9250 39.9805 5.95485 18.8736"), (2, "24.2555 25.8031 −10.1860 −39.0174")):
            for index, value in enumerate(values.split()):
                app_of(pilot).select(Neuron(column, index))
                await shows(pilot, value)
        app_of(pilot).select(Neuron(1, 0))
        await shows(pilot, "30·0.5406 + 70·0.5869 + 0.6233 = 57.9250")
        app_of(pilot).select(Neuron(3, 0))
        await shows(pilot, "1.18627")


async def test_the_errors_of_the_backprop_lesson_appear_layer_by_layer(session: Session) -> None:
    async with network(session) as pilot:
        await press(pilot, *"sss")
        await shows(pilot, "s steps by layer")
        await press(pilot, *["full_stop"] * 6)
        await shows(pilot, "epoch 1: backward, layer output", "δ −197.6")
        assert "δ −76.29" not in screen_text(app_of(pilot))
        await press(pilot, "full_stop")
        await shows(pilot, "epoch 1: backward, layer hidden", "δ −76.29", "δ −16.44", "δ  32.09", "δ −61.06")
        app_of(pilot).select(Parameter(36))
        await shows(pilot, "output.bias[0]", "gradient   −197.627")
        await press(pilot, "comma", "comma")
        await shows(pilot, "epoch 1: loss")
        assert "δ" not in screen_text(app_of(pilot))


async def test_the_first_step_of_plain_descent_shows_what_it_did_beside_what_was_expected(session: Session) -> None:
    changes = {"training.optimizer": "sgd", "training.lr": 1e-5}
    async with network(session, changes=changes) as pilot:
        await press(pilot, "full_stop")
        await shows(pilot, "epoch 1: step, and it is done", "loss changed by −1,725", "30 + 70: 1.186 → 10.34")
        app_of(pilot).select(Parameter(36))
        await shows(pilot, "0.0799", "last step  +0.001976", "none: sgd keeps nothing")


async def test_arrows_go_from_neuron_to_edge_to_neuron(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        app.select(Neuron(2, 1))
        await press(pilot, "left")
        await shows(pilot, "hidden.weight[1, 1]", "from h1[1] to h2[1]")
        await press(pilot, "up", "left")
        assert app.selection == Neuron(1, 0)
        await press(pilot, "right", "right", "left", "down", "down", "down", "down")
        await shows(pilot, "hidden.bias[0]", "the bias of h2[0]")
        await press(pilot, "right", "pagedown")
        assert app.selection == Neuron(2, 3)


async def test_a_click_chooses_the_neuron_under_it(session: Session) -> None:
    async with network(session) as pilot:
        canvas = app_of(pilot).screen.query_one(NetworkDiagram)
        spot = next(spot for spot in canvas._spots if spot.chosen == Neuron(2, 3))
        await pilot.click(NetworkDiagram, offset=(spot.x + 2, spot.y))
        assert app_of(pilot).selection == Neuron(2, 3)
        await shows(pilot, "h2[3]", "−39.0174")


async def test_going_by_neuron_walks_the_layer_and_then_climbs_on(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        await press(pilot, "n", "n")
        await until(pilot, lambda: rung_is(pilot, "forward", 0))
        assert app.selection == Neuron(1, 0)
        await press(pilot, "n", "n", "n")
        assert (app.selection, rung_is(pilot, "forward", 0)) == (Neuron(1, 3), True)
        await press(pilot, "n")
        await until(pilot, lambda: rung_is(pilot, "forward", 1))
        assert app.selection == Neuron(2, 0)
        await press(pilot, "N")
        await until(pilot, lambda: rung_is(pilot, "forward", 0))
        assert app.selection == Neuron(1, 3)


async def test_a_typed_value_changes_the_answer_and_undo_brings_the_old_one_back(session: Session) -> None:
    async with network(session) as pilot:
        app_of(pilot).select(Neuron(3, 0))
        await press(pilot, "enter")
        await shows(pilot, "output.bias[0]  new value")
        assert screen_text(app_of(pilot)).splitlines()[-1].split() == ["Enter", "take", "Esc", "leave"]
        await press(pilot, *"x1", "enter")
        await shows(pilot, "'x1' is no number")
        await press(pilot, "backspace", "backspace", *"10", "enter")
        await shows(pilot, "= 11.11, off by −88.89", "changed by hand")
        await press(pilot, "enter", *"10", "enter")
        await shows(pilot, "output.bias[0] is 10.00 already.")
        await press(pilot, "u")
        await shows(pilot, "= 1.186", "Undone: output.bias[0] 10.00 → 0.07793")


async def test_keys_in_one_piece_with_a_value_and_enter_are_for_what_stands_behind_its_dialog(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        app.select(Parameter(36))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, EditValue) and app.screen.is_mounted)
        for key in ("1", "x", "enter", "backspace", "0", "enter", "3"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.tab == "inspect" and len(app.screen_stack) == 1)
        await shows(pilot, "10.00")


@pytest.mark.parametrize(
    ("chosen", "steps"),
    [
        pytest.param(Parameter(36), [("plus", "output.bias[0]: 0.07793 → 0.08793", "= 1.196"), ("minus", "= 1.186")],
                     id="a nudge is a hundredth of the number"),
        pytest.param(Neuron(2, 3), [("m", "[ muted]", "0, because it is muted"),
                                    ("m", "h2[3] is awake again", "−39.02")], id="a muted neuron hands on nothing"),
        pytest.param(Neuron(0, 0), [*((key, "An input has no number of its own") for key in ("enter", "plus", "k")),
                                    ("m", "Only hidden neurons can be muted")], id="an input cannot be edited"),
        pytest.param(Parameter(0), [("", "no update yet"), ("full_stop", "updates 1"), ("full_stop", "updates 2")],
                     id="the course of a weight follows the run"),
    ],
)  # fmt: skip
async def test_what_a_key_does_to_the_chosen_number_is_seen(
    session: Session, chosen: Neuron | Parameter, steps: list[tuple[str, ...]]
) -> None:
    async with network(session) as pilot:
        app_of(pilot).select(chosen)
        for key, *shown in steps:
            await press(pilot, *filter(None, [key]))
            await shows(pilot, *shown)


async def test_a_kept_number_stands_still_and_is_marked(session: Session) -> None:
    async with network(session) as pilot:
        app_of(pilot).select(Parameter(0))
        await press(pilot, "k")
        await shows(pilot, "input.weight[0, 0] is kept as it is", "kept◆")
        await press(pilot, "full_stop", "full_stop")
        await shows(pilot, "0.540610", "epoch 2: step")
        await press(pilot, "k")
        await until(pilot, lambda: "kept◆" not in screen_text(app_of(pilot)))


async def test_a_whole_layer_is_kept_and_let_go(session: Session) -> None:
    async with network(session) as pilot:
        app_of(pilot).select(Neuron(2, 0))
        await press(pilot, "K")
        await shows(pilot, "Layer hidden is kept as it is")
        snapshot = app_of(pilot).snapshot
        assert snapshot is not None
        assert snapshot.frozen == tuple(range(12, 32))
        await press(pilot, "K")
        await shows(pilot, "Layer hidden learns again")


async def test_the_prompt_keeps_its_keys(session: Session) -> None:
    async with network(session) as pilot:
        app_of(pilot).select(Neuron(2, 1))
        await press(pilot, "slash", *"3+4", "enter")
        await shows(pilot, "( 3)", "( 4)", "4.593")
        assert app_of(pilot).selection == Neuron(2, 1)
        await press(pilot, *"30+70", "enter", "escape", "down")
        assert app_of(pilot).selection == Neuron(2, 2)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_network_tab_looks_as_it_should(session: Session, size: tuple[int, int], ascii_only: bool) -> None:
    async with network(session, size, ascii=ascii_only) as pilot:
        app_of(pilot).select(Neuron(2, 1))
        await press(pilot, *["n"] * 4)
        await until(pilot, lambda: rung_is(pilot, "forward", 0))
        app_of(pilot).select(Neuron(2, 1))
        await pilot.pause()
        text = screen_text(app_of(pilot))
        assert text.isascii() or not ascii_only
        check_golden(f"network_{size[0]}x{size[1]}{'_ascii' if ascii_only else ''}", text)


async def test_the_walk_by_neuron_says_where_it_is_and_shows_only_what_it_has_reached(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        await press(pilot, "n", "n")
        await shows(pilot, "forward, layer input, neuron 1 of 4", "57.92")
        assert "39.98" not in screen_text(app)
        await press(pilot, "n")
        await shows(pilot, "neuron 2 of 4", "39.98")
        await press(pilot, "N")
        await shows(pilot, "neuron 1 of 4")
        assert "39.98" not in screen_text(app)
        app.select(Neuron(3, 0))  # looking elsewhere does not move the walk
        await press(pilot, "n")
        await shows(pilot, "neuron 2 of 4", "39.98")
        app.controller.step_size = "layer"
        await press(pilot, "full_stop")  # a step by layer takes the rest at once
        await shows(pilot, "forward, layer hidden ", "18.87")
        assert "neuron" not in screen_text(app).splitlines()[2]
        await press(pilot, "comma", "full_stop", "full_stop", "full_stop", "n")
        await shows(pilot, "backward, layer output, neuron 1 of 1", "δ −197.6")
        await press(pilot, "n")
        await shows(pilot, "backward, layer hidden, neuron 1 of 4", "δ −76.29", "δ      …")
        assert "δ −16.4" not in screen_text(app)


async def test_steps_undo_and_redo_say_what_they_go_over(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        app.select(Parameter(0))
        await press(pilot, "full_stop", "plus")
        await shows(pilot, "input.weight[0, 0]: 0.5408 → 0.5508. u takes it back.")
        await press(pilot, "full_stop", "full_stop", "u")
        await shows(pilot, "Undone: input.weight[0, 0] 0.5508 → 0.5408; back at epoch 1.")
        await press(pilot, "U")
        await shows(pilot, "Redone: input.weight[0, 0] 0.5408 → 0.5508; on at epoch 3.")
        app.controller.step_size = "layer"
        await press(pilot, "u", "U", "u", "U", "u", "plus", "comma")
        await shows(pilot, "Back before the edit: input.weight[0, 0] 0.5508 → 0.5408.")
        await press(pilot, "full_stop")
        await shows(pilot, "Edit: input.weight[0, 0] 0.5408 → 0.5508.")
        app.select(Neuron(1, 2))
        await press(pilot, "m", "u")
        await shows(pilot, "Undone: h1[2] awake again.")
        await press(pilot, "K", "comma")
        await shows(pilot, "Back before the change: 12 numbers free again.")
        await session.change(**{"training.lr": 0.01})
        await press(pilot, "u")
        await shows(pilot, "Undone: lr 0.01 → 0.0002.")
        await press(pilot, "r", "u")
        await shows(pilot, "Undone: this is the run before, at epoch 1.")
        await press(pilot, "U")
        await shows(pilot, "Redone: this is the run after it, at epoch 0.")


async def test_the_last_change_is_the_same_number_on_network_and_inspect_and_an_edit_ends_it(session: Session) -> None:
    async with network(session) as pilot:
        app = app_of(pilot)
        app.select(Parameter(36))
        app.controller.step_size = "layer"
        await press(pilot, *["full_stop"] * 9, "full_stop", "full_stop")
        await shows(pilot, "epoch 2: forward, layer input", "last step  +0.0002000")
        await press(pilot, "3")
        await shows(pilot, "last change     2.000e−4")
        await press(pilot, "plus")
        await shows(pilot, "last change     –")
        await press(pilot, "2")
        await shows(pilot, "last step  none since it was edited")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_footer_names_the_way_from_the_trace_back_to_the_diagram(
    session: Session, size: tuple[int, int]
) -> None:
    async with network(session, size) as pilot:
        app_of(pilot).controller.step_size = "update"
        app_of(pilot).redraw()
        await shows(pilot, "v trace")
        await press(pilot, "t")
        await shows(pilot, "t diagram")
        await press(pilot, "t")
        await shows(pilot, "v trace")


async def test_a_notice_alone_draws_the_picture_no_second_time(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with network(session, drawn_as="picture") as pilot:
        app = app_of(pilot)
        app.say("Something.")  # its row is taken from the picture, which is drawn anew for that
        await shows(pilot, "Something.")
        await pilot.pause()
        drawn: list[ViewState] = []

        def counted(view: ViewState, width: int, height: int) -> Any:
            drawn.append(view)
            return picture(view, width, height)

        monkeypatch.setattr("adder_tui.network.tab.picture", counted)
        app.say("Something else.")
        await shows(pilot, "Something else.")
        assert not drawn
        app.select(Neuron(2, 0))
        await shows(pilot, "h2[0]")
        assert len(drawn) == 1


async def test_a_notice_that_follows_another_takes_its_row_at_once(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with network(session, drawn_as="picture") as pilot:
        app = app_of(pilot)
        app.select(Parameter(12))
        monkeypatch.setattr("adder_tui.app.ANSWERED", 0.5)
        await pilot.press("plus")
        first = app._untelling
        assert first is not None
        due, sends = first._task, app.controller.send
        await shows(pilot, "→ 0.3794")
        await pilot.pause()
        heights: set[int] = set()

        def noted(view: ViewState, width: int, height: int) -> Any:
            heights.add(height)
            return picture(view, width, height)

        async def late(request: Any) -> None:
            assert due is not None
            await asyncio.wait([due])  # the first one's time is over, or was called off
            await pilot.pause()
            await sends(request)

        monkeypatch.setattr("adder_tui.network.tab.picture", noted)
        monkeypatch.setattr("adder_tui.app.ANSWERED", 60.0)  # however busy the machine is
        monkeypatch.setattr(app.controller, "send", late)
        await pilot.press("plus")
        await shows(pilot, "0.3794 → ")
        await pilot.pause()
        assert len(heights) == 1


async def test_a_nudge_is_drawn_once_and_lays_nothing_out(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adder_tui.app.ANSWERED", 3600.0)  # what this machine takes longer for is no second drawing
    drawn, laid_out = list[str](), list[str]()
    draws, lays_out = network_tab.ladder_lines, Screen._refresh_layout
    monkeypatch.setattr(network_tab, "ladder_lines", lambda *view: drawn.append("ladder") or draws(*view))
    monkeypatch.setattr(
        Screen, "_refresh_layout", lambda self, *a, **k: laid_out.append("all") or lays_out(self, *a, **k)
    )
    async with network(session) as pilot:
        app_of(pilot).select(Neuron(1, 0))
        await press(pilot, "plus")
        await shows(pilot, "input.bias[0]: 0.6233 → 0.6333")
        drawn.clear()
        laid_out.clear()
        await press(pilot, "plus")
        await shows(pilot, "input.bias[0]: 0.6333 → 0.6433")
        assert (drawn, laid_out) == (["ladder"], [])


async def test_going_to_another_tab_and_back_paints_no_more_than_the_stage(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with network(session) as pilot:
        await press(pilot, "3")
        await shows(pilot, "exp_avg_sq")
        whole = list[str]()
        paints = Compositor.render_full_update
        monkeypatch.setattr(
            Compositor, "render_full_update", lambda self, **k: whole.append("all") or paints(self, **k)
        )
        await press(pilot, "2")
        await shows(pilot, "at the start, before the first update")
        assert not whole
