"""The shell: what it shows, and that keys do what the table says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.geometry import Size
from textual.screen import Screen

import adder_tui
from adder_engine.experiment import Experiment
from adder_tui.app import AdderApp
from adder_tui.commands import COMMANDS, GROUPS
from adder_tui.controller import MOST_WAITING, PACES, pace_for
from adder_tui.help.screens import HelpScreen, help_lines
from adder_tui.settings import Settings
from adder_tui.sweep.rates_screen import RatesScreen
from adder_tui.sweep.screen import SweepScreen
from adder_tui.tabs import TABS, TabId
from adder_tui.ui.canvas import Pane
from adder_tui.ui.dialogs import FieldDialog
from adder_tui.ui.symbols import UNICODE
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, check_golden, preset, screen_text, shows, until

SIZE = (80, 24)


async def test_the_shell_stands_while_the_engine_is_loading() -> None:
    app = app_on(FakeSession(loading=True))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "4 Train", "one-pair", "loading…", "2-4-4-1, linear", "adam, lr 0.0002", "q quit")


async def test_a_key_pressed_while_loading_works_as_soon_as_the_engine_is_ready() -> None:
    session = FakeSession(loading=True)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "loading…")
        await pilot.press("full_stop")
        assert session.calls == []
        session.finish_loading()
        await shows(pilot, "epoch 1 of 2,000")
        assert session.calls == [("step", "epoch")]


@pytest.mark.parametrize(
    ("key", "call"),
    [
        ("space", ("play", 200)),
        ("full_stop", ("step", "epoch")),
        ("comma", ("back", "epoch")),
        ("home", ("home",)),
        ("end", ("end",)),
        ("r", ("reset",)),
        ("R", ("reseed",)),
        ("u", ("undo",)),
    ],
)
async def test_a_key_sends_its_request(key: str, call: tuple[object, ...]) -> None:
    session = FakeSession().at(40, newest=80)
    session.can_undo = True
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 40 of 2,000")
        await pilot.press(key)
        await until(pilot, lambda: session.calls)
        assert session.calls[0] == call


async def test_space_pauses_what_plays() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused", "space play")
        await pilot.press("space")
        await shows(pilot, "▶ playing", "space pause")
        await pilot.press("space")
        await shows(pilot, "‖ paused")
        assert session.calls[-1] == ("pause",)


async def test_stepping_while_playing_pauses_first() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("space")
        await shows(pilot, "▶ playing")
        await pilot.press("full_stop")
        await shows(pilot, "‖ paused")
        assert session.calls[1:] == [("pause",), ("step", "epoch")]


async def test_a_step_key_pressed_quickly_counts_and_one_held_down_does_not_pile_up() -> None:
    session = FakeSession()
    session.may_step.clear()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press(*["full_stop"] * 3 * MOST_WAITING)
        session.may_step.set()
        await shows(pilot, f"epoch {MOST_WAITING} of 2,000")
        await pilot.pause()
        assert session.calls == [("step", "epoch")] * MOST_WAITING


async def test_a_key_held_down_holds_a_picture_of_the_training_back_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adder_tui.app.LONGEST_KEYS_FIRST", 0.05)
    app, waits = AdderApp(Settings()), list[float]()
    monkeypatch.setattr(app.key_pauses, "until_pause", lambda: waits.append(0.001) or 0.001)
    await app._keys_first()
    assert waits
    waits.clear()
    monkeypatch.setattr(app.key_pauses, "until_pause", lambda: waits.append(0.0) or 0.0)
    await app._keys_first()
    assert waits == [0.0]


async def test_a_part_that_never_comes_holds_no_key_back_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adder_tui.app.LONGEST_COMING", 0.05)
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 0 of 2,000")
        app.panes.append(Pane(app.view, id=app.tab))
        await pilot.press("full_stop")
        await until(pilot, lambda: ("step", "epoch") in session.calls)


async def test_keys_that_come_while_the_first_tab_is_put_up_are_pressed_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    app = app_on(FakeSession())
    for way in ("action_do", "action_press"):
        monkeypatch.setattr(AdderApp, way, lambda _, id: done.append(id))
    mount = app.stage.mount

    async def mount_late(pane: Pane) -> None:
        app.post_message(events.Key("5", "5"))
        while not app._early.keys:
            await asyncio.sleep(0)
        await mount(pane)
        app.post_message(events.Key("3", "3"))  # comes to the app just before what it has held is let go

    monkeypatch.setattr(app.stage, "mount", mount_late)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(done) == 2)
        assert done == ["tab_explore", "tab_inspect"]


async def test_s_goes_through_the_step_sizes() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "s by epoch")
        for size in ("10 epochs", "100 epochs", "layer", "phase", "update", "epoch"):
            await pilot.press("s")
            await shows(pilot, f"s by {size}")


async def test_the_state_line_says_where_on_the_ladder_we_are() -> None:
    session = preset("mini-batches")
    session.at(1)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await pilot.press("s", "s", "s")
        await shows(pilot, "s by layer")
        for words in ("zero_grad", "forward, layer input", "forward, layer hidden"):
            await pilot.press("full_stop")
            await shows(pilot, f"update 1 of 100 in epoch 2: {words}")


async def test_brackets_change_the_pace_even_while_playing() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "200 epochs/s")
        await pilot.press("space")
        await shows(pilot, "▶ playing, 200 epochs/s")
        await pilot.press("left_square_bracket")
        await shows(pilot, "▶ playing, 100 epochs/s")
        assert session.calls[-1] == ("play", 100)


def test_a_run_plays_in_about_ten_seconds_by_itself() -> None:
    assert pace_for(Experiment.preset("one-pair")) == 200
    assert pace_for(Experiment.preset("mini-batches")) == 2
    assert pace_for(Experiment(epochs=10_000_000)) is None
    assert pace_for(Experiment(epochs=0)) == PACES[0]


async def test_play_on_a_finished_run_says_what_would_do() -> None:
    session = FakeSession().at(1999)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 1,999 of 2,000")
        await pilot.press("full_stop")
        await shows(pilot, "■ done")
        await pilot.press("space")
        await shows(pilot, "All 2,000 epochs are done: r starts again")
        assert session.calls == [("step", "epoch")]


async def test_undo_says_when_there_is_nothing_to_undo() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("u")
        await shows(pilot, "There is nothing to undo.")
        await pilot.press("U")
        await shows(pilot, "There is nothing to redo.")


async def test_a_rewound_run_tells_how_far_it_has_been() -> None:
    async with app_on(FakeSession().at(40, newest=80)).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 40 of 2,000 (newest 80)")


async def test_a_run_that_blew_up_says_so_and_what_to_do() -> None:
    session = preset("explode")
    session.stop("The loss stopped being finite at update 9: hidden.weight grew first.")
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "■ stopped", "hidden.weight grew first.", "r starts", "e changes the learning rate.")


async def test_ctrl_c_only_hints() -> None:
    async with app_on(FakeSession()).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("ctrl+c")
        await shows(pilot, "q quits")


@pytest.mark.parametrize("keys", [["q"], ["ctrl+q"], ["slash", "ctrl+q"], ["e", "ctrl+q"]])
async def test_quitting_closes_the_session(keys: list[str]) -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: session.closed)
    assert app.return_code == 0


async def test_whoever_still_asks_while_the_run_is_being_saved_at_the_end_makes_no_fault() -> None:
    session = preset("one-pair")
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await app.controller.close()
        late = app.run_worker(session.snapshot(), name="late")
        await until(pilot, lambda: late.is_finished)
        assert str(late.error) == "This session is closed."
        assert app.return_code is None


async def test_a_small_window_says_so_and_comes_back_whole() -> None:
    app = app_on(FakeSession().at(412))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        before = screen_text(app)
        await pilot.resize_terminal(50, 18)
        await shows(pilot, "This window is 50x18")
        await pilot.resize_terminal(20, 5)
        await shows(pilot, "This window is 20x5")
        await pilot.resize_terminal(*SIZE)
        await until(pilot, lambda: screen_text(app) == before)


async def test_keys_behind_a_window_that_became_large_enough_are_for_what_it_shows() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Experiment", "42 keys")
        await pilot.resize_terminal(50, 18)
        await shows(pilot, "This window is 50x18")
        await pilot.press("9")
        app.post_message(events.Resize(Size(*SIZE), Size(*SIZE)))
        for key in ("5", "6"):
            app.post_message(events.Key(key, key))
        await shows(pilot, "lr                56", "the run has 0.0002")
        await pilot.resize_terminal(50, 18)
        await shows(pilot, "This window is 50x18")
        app.post_message(events.Resize(Size(*SIZE), Size(*SIZE)))
        app.post_message(events.Key("escape", None))
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_a_small_window_hides_the_form_and_keeps_what_was_typed() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e", "5")
        await shows(pilot, "the run has 0.0002")
        await pilot.resize_terminal(50, 18)
        await shows(pilot, "This window is 50x18")
        await pilot.resize_terminal(*SIZE)
        await shows(pilot, "Experiment", "the run has 0.0002", "Enter changes training.lr")


async def test_a_window_that_opened_late_over_the_small_one_leaves_the_app_behind_it() -> None:
    app = app_on(FakeSession().at(412))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        before = screen_text(app)
        await pilot.resize_terminal(50, 18)
        await shows(pilot, "This window is 50x18")
        await app.push_screen(HelpScreen(app.view, False))
        await pilot.resize_terminal(*SIZE)
        await pilot.press("escape")
        await until(pilot, lambda: screen_text(app) == before)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("question_mark", "escape"), ("question_mark", "q"), ("l", "escape"), ("l", "q"), ("l", "enter"),
        ("l f1", "q q"), ("e", "escape"), ("S", "escape"),
    ],
)  # fmt: skip
async def test_a_key_in_one_piece_with_those_that_close_windows_is_for_what_stands_behind_them(
    opening: str, closing: str
) -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        for i, key in enumerate(opening.split(), 2):
            await pilot.press(key)
            await until(pilot, lambda i=i: len(app.screen_stack) == i and app.screen.is_mounted)
        for key in (*closing.split(), "2"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: app.tab == "network" and len(app.screen_stack) == 1)


async def at_once(awaitable: Awaitable[Any], timeout: float | None = None) -> Any:
    """``asyncio.wait_for`` of later Pythons: what is there already hands the turn to nobody."""
    return await awaitable


@pytest.mark.parametrize(("typed", "window"), [("sweep", SweepScreen), ("rates", RatesScreen)])
async def test_enter_in_one_piece_with_what_was_typed_takes_what_that_finds(
    typed: str, window: type[Screen[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "wait_for", at_once)
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
        for key in typed:
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: isinstance(app.screen, window))


async def test_help_lists_every_command() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=(80, 90)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("question_mark")
        await shows(pilot, *(command.help[:50] for command in COMMANDS if command.works_on(frozenset({"train"}))))
        await pilot.press("escape")
        await shows(pilot, "‖ paused")


def test_no_heading_of_the_help_runs_into_a_key() -> None:
    for contexts in (frozenset({context}) for command in COMMANDS for context in command.contexts):
        titles = [title for title, group in GROUPS if any(command.works_on(contexts) for command in group)]
        lines = [line.plain for line in help_lines(UNICODE, False, contexts, 80)]
        assert all(
            any(line == title or line.startswith(f"{title} ") for line in map(str.rstrip, lines)) for title in titles
        )


async def test_what_a_window_covers_is_not_drawn_and_shows_what_is_new_once_it_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 0 of 2,000")
        drawn: list[str] = []
        redraw = Pane.redraw
        monkeypatch.setattr(Pane, "redraw", lambda pane: (drawn.append(pane.id or ""), redraw(pane)))
        await pilot.press("question_mark")
        await shows(pilot, "Play or pause the training.")
        drawn.clear()
        await session.step("epoch")
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.epoch == 1)
        await pilot.pause()
        assert not drawn
        await pilot.press("escape")
        await shows(pilot, "epoch 1 of 2,000", "train loss 10,114")
        assert drawn


async def test_f1_in_the_prompt_helps_with_the_prompt_first() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", "f1")
        await shows(pilot, "Esc closes this")
        assert screen_text(app).index("Sums") < screen_text(app).index("Time")


async def test_the_palette_finds_a_command_and_does_it() -> None:
    session = FakeSession().at(40)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 40 of 2,000")
        await pilot.press("ctrl+p")
        await shows(pilot, "find a command")
        await pilot.press(*"start of")
        await shows(pilot, "▸ Go back to the start")
        await pilot.press("enter")
        await shows(pilot, "epoch 0 of 2,000")
        assert session.calls == [("home",)]


@pytest.mark.parametrize("tab", [tab.id for tab in TABS])
def test_no_two_commands_of_a_tab_share_a_key(tab: TabId) -> None:
    keys = [
        key
        for command in COMMANDS
        if command.owner and command.works_on(frozenset({tab}))
        for key in command.keys.split(",")
        if key  # some are in the palette alone
    ]
    assert len(keys) == len(set(keys))


def test_no_two_commands_share_a_name() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


async def test_a_click_in_the_footer_does_what_it_says() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, ". step")
        column = screen_text(app).splitlines()[-1].index(". step")
        await pilot.click("FooterLine", offset=(column, 0))
        await shows(pilot, "epoch 1 of 2,000")


async def test_in_ascii_mode_every_character_is_ascii() -> None:
    session = preset("many-pairs").at(412, newest=700)
    app = app_on(session, ascii=True)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        seen = [screen_text(app)]
        for keys, text in (
            (["space"], "> playing"),
            (["e"], "Experiment"),
            (["escape", "question_mark"], "Esc closes"),
            (["escape", "ctrl+p"], "find a command"),
            (["escape", "slash", *"é±−", "enter"], "is not a sum"),
        ):
            for key in keys:
                await pilot.press(key)
            await shows(pilot, text)
            if "−" not in keys:
                seen.append(screen_text(app))
        seen.append("\n".join(row for row in screen_text(app).splitlines() if not row.startswith(" sum >")))
    assert [c for text in seen for c in text if ord(c) > 127] == []


async def test_sixteen_colours_draw_with_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    app = app_on(FakeSession().at(412))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        styles = [s.style for strip in app.screen._compositor.render_strips() for s in strip if s.style]
    colours = {colour for style in styles for colour in (style.color, style.bgcolor) if colour}
    assert {colour.triplet for colour in colours} == {None}
    assert {9 + 2, 12} <= {colour.number for colour in colours}


@pytest.mark.parametrize(
    ("name", "size", "settings"),
    [
        ("train_80x24", (80, 24), {}),
        ("train_120x40", (120, 40), {}),
        ("train_60x20", (60, 20), {}),
        ("train_80x24_ascii", (80, 24), {"ascii": True}),
    ],
)
async def test_the_train_tab_looks_as_it_did(name: str, size: tuple[int, int], settings: dict[str, bool]) -> None:
    app = app_on(preset("many-pairs").at(412), **settings)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "epoch 412 of 2,000", "want")
        check_golden(name, screen_text(app))


@pytest.mark.parametrize(("columns", "beside"), [(109, False), (110, True)])
async def test_in_a_wide_window_train_shows_the_network_beside_the_losses(columns: int, beside: bool) -> None:
    app = app_on(preset("many-pairs").at(412))
    async with app.run_test(size=(columns, 30)) as pilot:
        await shows(pilot, "epoch 412 of 2,000", "optimizer", "off by")
        await until(pilot, lambda: ("inputs" in screen_text(app)) is beside)
        assert screen_text(app).count("optimizer") == 1


async def test_q_in_the_form_is_not_quit() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        await pilot.press("q", "ctrl+p")
        await shows(pilot, "Experiment")
        assert not session.closed


async def test_a_prompt_asked_for_before_it_is_there_gets_the_focus() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("slash")
        await shows(pilot, "Esc leave")


async def test_the_palette_finds_what_a_window_does_and_opens_the_window() -> None:
    async with app_on(FakeSession().at(40)).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 40 of 2,000")
        await pilot.press("ctrl+p", *"note")
        await shows(pilot, "Write a note on the chosen run", "l n")
        await pilot.press("enter")
        await shows(pilot, "n note")


async def test_a_click_in_the_palette_does_the_command() -> None:
    session = FakeSession().at(40)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 40 of 2,000")
        await pilot.press("ctrl+p", *"start of")
        await shows(pilot, "▸ Go back to the start")
        await pilot.click("#answer", offset=(5, 0))
        await shows(pilot, "epoch 0 of 2,000")
        assert session.calls == [("home",)]


class _Slow(FieldDialog):
    """A window that takes long to be put up."""

    def __init__(self, app: AdderApp) -> None:
        super().__init__(app.view, (("A window", "strong"),), "", "")
        self.may_come, self.typed = asyncio.Event(), ""

    async def on_mount(self) -> None:
        await self.may_come.wait()

    async def take(self, typed: str) -> None:
        self.typed = typed
        self.dismiss()


async def test_keys_wait_for_a_window_that_is_being_put_up() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 0")
        window = _Slow(app)
        app.push_screen(window)
        for key in "12":
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await asyncio.sleep(0)
        assert window.field.value == ""
        window.may_come.set()
        await until(pilot, lambda: window.typed == "12" and app.screen is not window)


async def test_a_window_that_is_closed_before_it_is_up_is_closed_once_it_is() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 0")
        window = _Slow(app)
        app.push_screen(window)
        window.dismiss()
        assert app.screen is window
        window.may_come.set()
        await until(pilot, lambda: app.screen is not window)


def test_no_part_of_a_window_is_asked_for_that_may_not_be_there() -> None:
    """Parts are made with the window or the pane, and kept; the screen is not searched for them."""
    for path in Path(adder_tui.__file__).parent.rglob("*.py"):
        assert "query_one(" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("size", [(1, 1), (300, 3), (59, 20), (20, 60)])
async def test_what_a_window_too_small_covers_is_not_drawn(size: tuple[int, int]) -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 0")
        await pilot.press("S")
        await pilot.press("enter")
        await until(pilot, lambda: app.sweep is not None)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await pilot.resize_terminal(*SIZE)
        await shows(pilot, "new sweep")
        assert app.sweep is not None
        app.sweep.stop()
