"""The Inspect tab on a real session: the cursor, the quantities, comparing, finding and taking hold."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from textual import events
from textual.pilot import Pilot

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_engine.snapshot import LayerActivity, Snapshot
from adder_tui.commands import COMMANDS
from adder_tui.inspect.tab import InspectPane, TensorTable
from adder_tui.selection import Neuron, Parameter, layout_for
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_of, app_on, check_golden, screen_text, shows, until

SIZE = (80, 24)


@asynccontextmanager
async def inspect(session: Session, size: tuple[int, int] = SIZE, **settings: Any) -> AsyncIterator[Pilot[None]]:
    """The app with the Inspect tab in front, on a new one-pair run."""
    await session.load(Experiment.preset("one-pair").replace(**settings.pop("changes", {})))
    app = app_on(session, **settings)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("3")
        await shows(pilot, "input.bias[0]", "histogram")
        yield pilot


def chosen(pilot: Pilot[None]) -> str:
    """The chosen number's name."""
    app = app_of(pilot)
    selection = app.view().selection
    assert isinstance(selection, Parameter)
    return layout_for(app.experiment).name_of(selection.index)


async def test_arrows_choose_a_number_for_all_tabs(session: Session) -> None:
    async with inspect(session) as pilot:
        for key, name in (
            ("left", "input.weight[0, 1]"),
            ("down", "input.weight[1, 1]"),
            ("left", "input.weight[1, 0]"),
            ("left", "input.weight[1, 0]"),
            ("pagedown", "input.weight[3, 0]"),
            ("pageup", "input.weight[0, 0]"),
        ):
            await pilot.press(key)
            assert chosen(pilot) == name
            await shows(pilot, f"▸ {name}")


async def test_tab_and_n_go_from_layer_to_layer(session: Session) -> None:
    async with inspect(session) as pilot:
        for key, layer in (
            ("tab", "hidden"), ("n", "output"), ("n", "input"), ("N", "output"), ("shift+tab", "hidden"),
        ):  # fmt: skip
            await pilot.press(key)
            await shows(pilot, f"▸{layer}", f" {layer}.weight (")
            assert chosen(pilot) == f"{layer}.bias[0]"


async def test_v_goes_through_the_quantities(session: Session) -> None:
    async with inspect(session) as pilot:
        for key, shown in (
            ("v", "input.weight.grad is None"),
            ("v", "exp_avg of input.weight"),
            ("v", "exp_avg_sq of input.weight"),
            ("v", "change in the last step"),
            ("v", "|change| / |weight before|"),
            ("v", "input: outputs, for one sum and over all training rows"),
            ("v", "input.weight (4, 2)"),
            ("V", "▸activations"),
        ):
            await pilot.press(key)
            await shows(pilot, shown)


async def test_stepping_is_seen_in_the_table_at_once(session: Session) -> None:
    async with inspect(session) as pilot:
        await pilot.press("n", "n", "v")
        await shows(pilot, "output.weight.grad is None")
        await pilot.press("full_stop")
        await shows(pilot, "−4793.6", "−5099.4", "2013.0", "7710.9", "−197.627")


async def test_c_compares_with_the_start_and_with_before_the_last_step(session: Session) -> None:
    async with inspect(session) as pilot:
        for epoch in (1, 2, 3):
            await pilot.press("full_stop")
            await shows(pilot, f"epoch {epoch} of 2,000")
        await shows(pilot, "0.623945")
        await pilot.press("c")
        await shows(pilot, "now against the start", "start           0.623345", "difference     +6.000e−4")
        await pilot.press("c")
        await shows(pilot, "now against before the last step", "before          0.623745", "difference     +2.000e−4")
        await pilot.press("c")
        await until(pilot, lambda: "against" not in screen_text(app_of(pilot)))


async def test_cells_keep_their_place_while_training_runs(session: Session) -> None:
    def places(pilot: Pilot[None]) -> list[list[int]]:
        rows = screen_text(app_of(pilot)).splitlines()
        table = rows[4:9]
        return [[i for i, c in enumerate(row) if c == "."] for row in table]

    async with inspect(session) as pilot:
        before = places(pilot)
        await pilot.press("space")
        await until(pilot, lambda: (app_of(pilot).snapshot or session).moment.update > 50)  # type: ignore[union-attr]
        assert places(pilot) == before
        await pilot.press("space")
        await shows(pilot, "‖ paused")


async def test_f_finds_a_number_and_x_goes_back(session: Session) -> None:
    async with inspect(session) as pilot:
        await pilot.press("left", "f")
        await shows(pilot, "find a tensor or a number")
        await pilot.press(*"hidden.weight", "left_square_bracket", *"2,0", "enter")
        await shows(pilot, "▸ hidden.weight[2, 0]  from h1[0] to h2[2]")
        await pilot.press("x")
        await shows(pilot, "▸ input.weight[0, 1]")
        await pilot.press("x")
        await shows(pilot, "There is no search to clear")


async def test_what_is_not_found_stays_to_be_mended(session: Session) -> None:
    async with inspect(session) as pilot:
        await pilot.press("f")
        await shows(pilot, "find a tensor or a number", "Enter take  Up move  Esc close")
        await pilot.press(*"hidden.bias", "left_square_bracket", *"7]", "enter")
        await shows(pilot, "hidden.bias[7]", "has the shape (4,)")
        await pilot.press("backspace", "backspace", "3", "enter")
        await shows(pilot, "▸ hidden.bias[3]")


async def test_keys_right_behind_the_one_for_the_module_are_its_windows_and_then_the_tabs(session: Session) -> None:
    async with inspect(session) as pilot:
        app, table = app_of(pilot), app_of(pilot).query_one(TensorTable)
        before = table.inspect_state.against
        for key in ("M", "q", "c"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: table.inspect_state.against != before)
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.return_code is None


async def test_the_module_is_one_key_away(session: Session) -> None:
    async with inspect(session) as pilot:
        await pilot.press("M")
        await shows(pilot, "(hidden): Linear(in_features=4, out_features=4, bias=True)", "together", "37")
        await pilot.press("escape")
        await shows(pilot, "input.bias[0]")


async def test_what_is_chosen_here_can_be_nudged_and_kept(session: Session) -> None:
    async with inspect(session) as pilot:
        await shows(pilot, "0.623345")
        await pilot.press("plus")
        await shows(pilot, "0.633345")
        await pilot.press("k")
        await shows(pilot, "◆ kept")
        await pilot.press("m")
        await shows(pilot, "h1[0]×", "× muted")
        await pilot.press("full_stop")
        await shows(pilot, "epoch 1 of 2,000", "0.633345")


async def test_a_neuron_chosen_elsewhere_is_shown_by_its_bias(session: Session) -> None:
    async with inspect(session) as pilot:
        app_of(pilot).select(Neuron(2, 3))
        await shows(pilot, "▸hidden", "▸ hidden.bias[3]  of h2[3]")


async def test_arrows_work_again_after_the_prompt(session: Session) -> None:
    async with inspect(session) as pilot:
        await pilot.press("slash", "left", "escape")
        await until(pilot, lambda: not app_of(pilot).typing() and app_of(pilot).focused is not None)
        await pilot.press("down")
        await shows(pilot, "▸ input.bias[1]")


async def test_a_click_chooses_a_number(session: Session) -> None:
    async with inspect(session) as pilot:
        rows = screen_text(app_of(pilot)).splitlines()
        y = next(i for i, row in enumerate(rows) if row.startswith(" h1[2]"))
        await pilot.click(offset=(rows[y].index("."), y))
        await shows(pilot, "▸ input.weight[2, 0]")


async def test_a_click_on_a_name_chooses_that_layer_quantity_or_comparison(session: Session) -> None:
    async with inspect(session) as pilot:
        table = app_of(pilot).query_one(InspectPane).table

        async def click(word: str) -> None:
            rows = screen_text(app_of(pilot)).splitlines()
            y = next(i for i, row in enumerate(rows) if word in row)
            await pilot.click(offset=(rows[y].index(word), y))

        await click("hidden")
        await shows(pilot, "hidden.weight (4, 4)", "▸ hidden.")
        await click("gradient")
        await shows(pilot, "▸gradient", "None")
        assert table.inspect_state.quantity == "gradient"
        await click("parameter")
        await click("now")
        await shows(pilot, "now against the start", "  start")


async def test_another_network_is_shown_at_once_and_whole(session: Session) -> None:
    async with inspect(session, changes={"network.layers": [2, 4, 4, 1]}) as pilot:
        await pilot.press("c", "v")
        await session.load(
            Experiment.preset("one-pair").replace(
                **{"network.layers": [2, 64, 64, 64, 1], "network.activation": "relu", "training.optimizer": "sgd"}
            )
        )
        await shows(pilot, "hidden2")
        await pilot.press("n", "pagedown", "pagedown")
        await shows(pilot, "▸hidden1", "hidden1.weight.grad is None")
        await pilot.press("v", "v", "v")
        await shows(pilot, "▸activations", "dead", "%")


def test_the_inspectors_keys_belong_to_no_other_command_of_its_tab() -> None:
    here = [command for command in COMMANDS if command.owner and command.works_on(frozenset({"inspect"}))]
    keys = [key for command in here for key in command.keys.split(",") if key]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("name", "size", "keys", "settings"),
    [
        ("inspect_80x24", (80, 24), ["n", "left"], {}),
        ("inspect_80x24_compared", (80, 24), ["n", "left", "c"], {}),
        ("inspect_120x40", (120, 40), ["n", "left", "v"], {}),
        ("inspect_80x24_ascii", (80, 24), ["n", "left"], {"ascii": True}),
    ],
)
async def test_the_inspect_tab_looks_as_it_did(
    name: str, size: tuple[int, int], keys: list[str], settings: dict[str, bool]
) -> None:
    app = app_on(StillSession().at(412), **settings)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press("3", *keys)
        await shows(pilot, "hidden.weight[0, 3]", "difference" if "c" in keys else "4.25000")
        await until(pilot, lambda: not app.query_one(InspectPane).fetching)
        check_golden(name, screen_text(app))


class StillSession(FakeSession):
    """Numbers by simple fractions, so that every processor draws the same."""

    def _now(self) -> Snapshot:
        numbers = np.arange(4 * 37, dtype=np.float32).reshape(4, 37)
        state = (numbers * 29 % 37 - 18) / 32 * np.array([[1], [512], [64], [1 / 1024]], dtype=np.float32)
        previous = state - np.float32(1 / 4096)
        return dataclasses.replace(super()._now(), state=state, previous=previous, frozen=(14, 30), muted=((1, 2),))

    async def start_state(self) -> Any:
        return self._now().state * np.float32(0.5)

    async def activity(self) -> tuple[LayerActivity, ...]:
        names = zip(self.experiment.layer_names, self.experiment.network.layers[1:], strict=True)
        return tuple(
            LayerActivity(name, *(np.arange(n, dtype=np.float32) * part for part in (4.25, -8.5, 16.75, 0)))
            for name, n in names
        )
