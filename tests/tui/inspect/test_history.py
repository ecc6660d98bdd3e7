"""A number's whole history, its tensor's histograms, and the gradients by layer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from adder_engine.analysis.results import RunHistories
from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_tui.inspect.history_screens import VIEWS, history_lines
from adder_tui.ui.line import plain
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, check_golden, screen_text, shows, until
from tests.tui.views import view_of


def histories(moments: int = 160, bins: int = 16) -> RunHistories:
    """The history of a number by formulas: it settles, its gradient swings, its tensor spreads."""
    epochs = np.linspace(0, 2_000, moments)
    fall = np.exp(-epochs / 300)
    gradient = 40 * fall * np.cos(epochs / 90)
    number = np.stack([0.6 - 0.4 * fall, gradient, gradient / 2, gradient**2 / 9], axis=1)
    number[0, 1] = np.nan
    places = np.arange(bins)[:, None]
    shares = (64 * np.exp(-(((places - 8) / (1 + 4 * (1 - fall))) ** 2))).round()
    shares /= shares.sum(axis=0)
    norms = 1e4 * np.stack([fall, fall**2 + 1e-4, np.sqrt(fall)], axis=1)
    norms[0] = np.nan
    return RunHistories(
        index=5, tensor="input.weight", updates=epochs.astype(np.int64), epochs=epochs, number=number,
        values=shares, value_range=(-0.5, 1.25), gradients=shares[::-1], gradient_range=(-40.0, 40.0), norms=norms,
    )  # fmt: skip


@pytest.mark.parametrize(("size", "ascii"), [((118, 37), False), ((58, 17), False), ((78, 21), True)])
def test_each_view_of_the_histories_looks_as_it_did(size: tuple[int, int], ascii: bool) -> None:
    drawn: list[str] = []
    for shown in VIEWS:
        lines = history_lines(view_of("one-pair", 2_000, ascii=ascii), histories(), shown, *size)
        assert len(lines) <= size[1]
        assert {line.width for line in lines} == {size[0]}
        drawn += [shown, plain(lines)]
    text = "\n".join(drawn) + "\n"
    assert not ascii or text.isascii()
    check_golden(f"history_{size[0]}{'_ascii' if ascii else ''}", text)


def test_no_number_and_no_layer_is_cut_off_in_60_columns() -> None:
    found = dataclasses.replace(histories(), norms=np.repeat(histories().norms, 2, axis=1)[:, :6])
    deep = Experiment.preset("one-pair").replace(**{"network.layers": (2, 4, 4, 4, 4, 4, 1)})
    view = dataclasses.replace(view_of("one-pair", 2_000), experiment=deep)
    text = plain(history_lines(view, found, VIEWS[2], 58, 17))
    assert all(f"{letter} {name} " in text for letter, name in zip("abcdef", view.experiment.layer_names, strict=True))
    assert view.glyphs.ellipsis not in text
    small = dataclasses.replace(histories(), number=histories().number * -1e-9)
    assert "exp_avg_sq −2.728e−13" in plain(history_lines(view, small, VIEWS[0], 58, 17)).replace(" now", "")


async def test_a_chart_is_drawn_once_however_often_the_screen_is(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(
        "adder_tui.inspect.history_screens.history_lines", lambda *a: drawn.append(a) or history_lines(*a)
    )
    async with Session(Experiment.preset("one-pair")) as session:
        await session.step("10 epochs")
        app = app_on(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "epoch 10")
            await pilot.press("3", "H")
            await shows(pilot, "value now")
            once = len(drawn)
            for _ in range(3):
                app.redraw()
                app.screen.redraw()  # type: ignore[attr-defined]
                await pilot.pause()
            assert len(drawn) == once


async def test_h_shows_the_history_of_the_chosen_number_and_v_other_views() -> None:
    async with Session(Experiment.preset("many-pairs")) as session:
        await session.step("100 epochs")
        app = app_on(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "epoch 100")
            await pilot.press("3")
            await shows(pilot, "input.weight")
            await pilot.press("H")
            await shows(pilot, "input.bias[0]", "number over the epochs", "value now", "gradient now", "exp_avg_sq now")
            await pilot.press("down")
            await shows(pilot, "value now", "input.bias[1]")
            await pilot.press("v")
            await shows(pilot, "histograms over the epochs", ", values", ", gradients", "few")
            await pilot.press("v")
            await shows(pilot, "gradients by layer", "a input", "b hidden", "c output")
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            await pilot.press("2")
            await shows(pilot, "Network")
            await pilot.press("H")
            await shows(pilot, "value now")


async def test_an_untrained_run_has_no_history_yet() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        app = app_on(session)
        async with app.run_test(size=(60, 20)) as pilot:
            await shows(pilot, "‖ paused")
            await pilot.press("3", "H")
            await shows(pilot, "There is no history yet", "Esc close")
            await pilot.press("escape", "full_stop", "home")
            await shows(pilot, "epoch 0")
            await pilot.press("H")
            await shows(pilot, "At the start of the run nothing lies behind")


async def test_the_window_opens_while_the_engine_loads() -> None:
    async with app_on(FakeSession(loading=True)).run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "H")
        await shows(pilot, "replaying the run…")


async def test_no_part_of_the_history_is_drawn_beyond_a_small_or_plain_window() -> None:
    for size, ascii in (((60, 20), True), ((120, 40), False)):
        async with Session(Experiment.preset("one-pair")) as session:
            await session.step("10 epochs")
            app = app_on(session, ascii=ascii)
            async with app.run_test(size=size) as pilot:
                await shows(pilot, "epoch 10")
                await pilot.press("3", "H")
                for view in ("exp_avg", "gradients", "c output"):
                    await shows(pilot, view, "Esc close")
                    assert not ascii or screen_text(app).isascii()
                    await pilot.press("v")
