"""The data: looking at the pairs, and training on rows of one's own."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from adder_engine import Experiment, Session
from adder_engine.snapshot import DatasetArrays, Snapshot
from adder_tui.data.draw import Look, chosen_pair, data_table, scatter, thinned
from adder_tui.data.screens import DataScreen, OwnRows
from adder_tui.ui.line import plain
from adder_tui.ui.list_view import scrolled
from adder_tui.ui.numbers import number
from adder_tui.ui.symbols import ASCII, UNICODE
from tests.tui.screens import app_on, screen_text, shows, until


def data_of(rows: int, held_out: int = 0) -> DatasetArrays:
    random = np.random.default_rng(1)
    inputs, test = random.uniform(-500, 500, (rows, 2)), random.uniform(-500, 500, (held_out, 2))
    return DatasetArrays(inputs, inputs.sum(axis=1), inputs.sum(axis=1), test, test.sum(axis=1))


def screen_of(pilot: Pilot[None]) -> DataScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DataScreen)
    return screen


def text_of(pilot: Pilot[None]) -> str:
    return screen_text(pilot.app)  # type: ignore[arg-type]


# --- drawing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 74, 80, 120])
@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
def test_the_table_tells_each_pair_its_answer_and_what_is_missing(width: int, glyphs: object) -> None:
    data = data_of(100)
    answers = data.targets[40:60] + np.linspace(-2, 2, 20)
    lines = data_table(data, Look(at=43, top=40), answers, width, 21, glyphs)  # type: ignore[arg-type]
    assert len(lines) == 21
    assert all(line.width == width for line in lines)
    for line, row in zip(lines[1:], range(40, 60), strict=True):
        cells = line.plain.replace("−", "-").replace(">", " ").replace("▸", " ").split()
        assert int(cells[0]) == row
        phrase = [float(cell) for cell in cells[1:]]
        wanted = [*data.inputs[row], data.targets[row], answers[row - 40], answers[row - 40] - data.targets[row]]
        assert np.allclose(phrase, wanted, rtol=1e-3)
    points = {line.plain.find(".") for line in lines[1:]}
    assert len(points) == 1


@pytest.mark.parametrize("width", [60, 74, 80, 120])
@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
def test_with_noise_targets_and_what_is_wanted_stand_apart_and_off_by_is_without_noise(
    width: int, glyphs: object
) -> None:
    clean = data_of(100, 5)
    data = dataclasses.replace(clean, targets=clean.wanted + np.linspace(-900, 900, 100))
    answers = data.wanted[40:60] + np.linspace(-2, 2, 20)
    lines = data_table(data, Look(at=43, top=40), answers, width, 21, glyphs)  # type: ignore[arg-type]
    names = ["a", "b", *(["target"] if width > 60 else []), "wanted", "answer", "off", "wanted"]
    assert lines[0].plain.split() == names
    assert all(line.width == width for line in lines)
    for line, row in zip(lines[1:], range(40, 60), strict=True):
        phrase = [float(x) for x in line.plain.replace("−", "-").replace(">", " ").replace("▸", " ").split()[1:]]
        off = answers[row - 40] - data.wanted[row]
        target = [data.targets[row]] if width > 60 else []
        wanted = [*data.inputs[row], *target, data.wanted[row], answers[row - 40], off]
        assert np.allclose(phrase, wanted, rtol=1e-3)
    held_out = data_table(data, Look(held_out=True), None, width, 6, glyphs)  # type: ignore[arg-type]
    assert "wanted" not in held_out[0].plain
    phrase = plain([chosen_pair(data, Look(at=40), 1.0, UNICODE)])
    assert f"wanted {number(float(data.wanted[40]), UNICODE)}, answer 1.000" in phrase


def test_what_counts_as_right_in_the_scatter_follows_the_spread() -> None:
    random = np.random.default_rng(2)
    inputs = random.uniform(-1, 1, (50, 2))
    products = inputs[:, 0] * inputs[:, 1]
    data = DatasetArrays(inputs, products, products, inputs[:0], products[:0])
    lines = scatter(data, Look(colour="off by"), products + 0.01, None, 80, 21, UNICODE)
    assert "within 0.0005" in lines[0].plain
    assert any(role == "plus" for line in lines[1:-2] for _, role in line.cells())


def test_only_the_rows_in_sight_are_drawn_and_the_chosen_one_is_always_among_them() -> None:
    rows, height, top = 100_000, 20, 0
    for at in (0, 1, 19, 20, 50_000, 99_999, 99_990, 3):
        top = scrolled(at, at, top, height, rows)
        assert 0 <= top <= at < top + height <= rows
    assert len(data_table(data_of(rows), Look(at=3, top=3), None, 80, height, UNICODE)) == height


@pytest.mark.parametrize("size", [(60, 17), (80, 21), (44, 37)])
@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
@pytest.mark.parametrize("rows", [1, 2, 300, 100_000])
def test_the_scatter_tells_signs_by_characters_in_every_size(size: tuple[int, int], glyphs: object, rows: int) -> None:
    data = data_of(rows, 5)
    for look in (Look(), Look(colour="off by")):
        answers = data.targets[thinned(data.targets)] + 3
        lines = scatter(data, look, answers, (-500, 500), *size, glyphs)  # type: ignore[arg-type]
        assert len(lines) == size[1]
        assert all(line.width == size[0] for line in lines)
        signs = {c for line in lines[1:-2] for c, role in line.cells() if role in ("plus", "minus")}
        assert signs <= {"+", glyphs.minus}  # type: ignore[attr-defined]
        if look.colour == "off by" and rows > 1:
            assert signs == {"+"}
        if glyphs is ASCII:
            assert plain(lines).isascii()


# --- in the app ------------------------------------------------------------------------------------


async def test_the_pairs_are_shown_with_the_answers_of_the_network_as_it_is_now() -> None:
    session = Session(Experiment.preset("three-pairs"))
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("d")
        first = await session.predict(70, 30)
        await shows(pilot, "3 rows to train on", "target", f"{first:.4f}"[:6].replace("-", "−"))
        await pilot.press("down")
        await shows(pilot, "row 1: 70.00 and 30.00, target 100.0")
        await session.step("100 epochs")
        later = await session.predict(70, 30)
        await shows(pilot, f"{later:.4f}"[:6].replace("-", "−"))


async def test_a_hundred_thousand_rows_are_scrolled_through_and_the_held_out_ones_are_a_key_away() -> None:
    session = Session(Experiment().replace(**{"data.count": 100_000}))
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("d")
        await shows(pilot, "100,000 pairs to train on", "2,000 held out")
        data = await session.data()
        await pilot.press("end", "pageup", "up")
        at = 99_999 - 20 - 1
        await until(pilot, lambda: screen_of(pilot).look.at == at)
        answer = await session.predict(*data.inputs[at].tolist())
        await until(pilot, lambda: f"row {at:,}: " in text_of(pilot) and "answer" in text_of(pilot).splitlines()[-2])
        answers = screen_of(pilot).answers
        assert answers is not None
        assert answers[at - screen_of(pilot).look.top] == pytest.approx(answer, rel=1e-5)
        await pilot.press("tab")
        await shows(pilot, "row 0: ", "Tab trained on")
        await pilot.press("v", "c")
        await shows(pilot, "too high", "held-out range")


async def test_rows_that_are_typed_start_a_new_run_which_is_said_before_and_can_be_undone() -> None:
    session = Session(Experiment.preset("one-pair"))
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("d", "e")
        await shows(pilot, "1 row, as in the run.")
        await pilot.press(*"1 + 2 = 4")  # on a row of its own, without Enter
        await shows(pilot, "2 rows read. They need a new run: Ctrl+T starts it; u brings this run back.")
        assert session.experiment == Experiment.preset("one-pair")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: session.experiment.data.rows == ((30, 70), (1, 2, 4)))
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await pilot.press("u")
        await until(pilot, lambda: session.experiment == Experiment.preset("one-pair"))


async def test_what_is_typed_right_behind_the_rows_is_for_the_run_that_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    session, may_begin = Session(Experiment.preset("one-pair")), asyncio.Event()
    load = session.load

    async def late(experiment: Experiment) -> Snapshot:
        await may_begin.wait()
        return await load(experiment)

    monkeypatch.setattr(session, "load", late)
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("d", "e")
        await shows(pilot, "1 row, as in the run.")
        await pilot.press(*"1 + 2 = 4", "ctrl+t", "full_stop", "full_stop")
        may_begin.set()
        await shows(pilot, "epoch 2 of 2,000")
        assert session.experiment.data.rows == ((30, 70), (1, 2, 4))


async def test_a_line_that_is_no_row_is_named_and_the_text_is_kept() -> None:
    session = Session(Experiment())
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("d", "e")
        await shows(pilot, "Type or paste up to 100,000 rows")
        await pilot.press(*"1, 2", "enter", *"abc", "ctrl+t")
        await shows(pilot, "line 2: 'abc' is no number")
        assert isinstance(pilot.app.screen, OwnRows)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, OwnRows) and pilot.app.screen.query(TextArea))
        assert pilot.app.screen.query_one(TextArea).text == "1, 2\nabc"
        assert session.experiment == Experiment()
