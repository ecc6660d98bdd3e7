"""The prompt for sums."""

from __future__ import annotations

from adder_engine.parsing import Sum
from adder_tui.ui.fields import SumInput
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, screen_text, shows, until

SIZE = (80, 24)


async def test_a_sum_is_answered_beside_the_prompt_and_watched() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"2+3", "enter")
        await shows(pilot, "= 1.019, off by −3.98", "▸ 2 + 3")
        assert session.calls == [("ask", Sum(2, 3, "2+3"))]


async def test_enter_keeps_the_prompt_and_the_next_sum_replaces_the_last() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"2+3", "enter", *"12-5", "enter")
        await until(pilot, lambda: len(session.calls) == 2)
        assert session.calls[1] == ("ask", Sum(12, -5, "12-5"))
        assert isinstance(app.focused, SumInput)


async def test_escape_leaves_the_prompt() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash")
        await shows(pilot, "Esc leave")
        await pilot.press("escape")
        await shows(pilot, "space play")
        await pilot.press("full_stop")
        await shows(pilot, "epoch 1 of 2,000")


async def test_keys_are_letters_while_typing() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", "space", "r", "e", "full_stop", "q")
        await pilot.pause()
        assert app.query_one(SumInput).value == " re.q"
        assert session.calls == []


async def test_what_is_not_a_sum_stays_to_be_mended() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"30+x", "enter")
        await shows(pilot, "'30+x' is not a sum of two numbers: try 30+70")
        assert app.query_one(SumInput).value == "30+x"
        await pilot.press("backspace", "7", "enter")
        await until(pilot, lambda: session.calls)
        assert "is not a sum" not in screen_text(app)
        assert session.calls == [("ask", Sum(30, 7, "30+7"))]


async def test_what_was_refused_goes_when_the_prompt_is_left_and_the_answer_is_back() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        field = app.query_one(SumInput)
        standing = screen_text(app).splitlines()[-2]
        await pilot.press("slash", *"30+x", "enter")
        await shows(pilot, "'30+x' is not a sum", "Enter asks")
        await pilot.press("escape")
        await until(pilot, lambda: screen_text(app).splitlines()[-2] == standing)
        assert "is not a sum" not in screen_text(app)
        for key in "2", "4":
            await pilot.press(key)
            await until(pilot, lambda: screen_text(app).splitlines()[-2] == standing)
        await pilot.press("slash")  # what was typed is not lost
        await until(pilot, lambda: field.value == "30+x")
        await pilot.press("end", "backspace", "7", "enter")
        await shows(pilot, "▸ 30 + 7")


async def test_what_was_typed_and_not_asked_waits_for_the_cursor_while_the_answer_shows_its_own_sum() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"2+", "escape")
        await until(pilot, lambda: app.query_one(SumInput).value == "30 + 70")
        assert "Enter asks" not in screen_text(app)
        await pilot.press("slash")
        await until(pilot, lambda: app.query_one(SumInput).value == "2+")
        await pilot.press("end", "3", "enter", "escape")
        await shows(pilot, "▸ 2 + 3")
        assert app.query_one(SumInput).value == "2+3"
        await pilot.press("slash", *"4+4", "enter")
        await shows(pilot, "▸ 4 + 4")


async def test_a_click_on_another_tab_leaves_behind_what_was_refused() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"30+x", "enter")
        await shows(pilot, "'30+x' is not a sum")
        await pilot.click("TabLine", offset=(12, 0))
        await until(pilot, lambda: app.query_one(SumInput).value == "30 + 70")
        assert "is not a sum" not in screen_text(app)
        assert "Enter asks" not in screen_text(app)


async def test_what_is_typed_is_never_markup() -> None:
    async with app_on(FakeSession()).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"[b]x[/b]", "enter")
        await shows(pilot, "'[b]x[/b]' is not a sum")


async def test_up_and_down_go_through_earlier_sums_and_back_to_what_was_being_typed() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        field = app.query_one(SumInput)
        await pilot.press("slash", *"1+1", "enter", *"2+2", "enter", *"3+", "up")
        await until(pilot, lambda: field.value == "2+2")
        await pilot.press("up")
        await until(pilot, lambda: field.value == "1+1")
        await pilot.press("up")
        await pilot.pause()
        assert field.value == "1+1"
        await pilot.press("down", "down")
        await until(pilot, lambda: field.value == "3+")


async def test_up_right_after_asking_goes_to_the_sum_before() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("slash", *"1+1", "enter", *"2+2", "enter", "up")
        await until(pilot, lambda: app.query_one(SumInput).value == "1+1")


async def test_asking_does_not_disturb_a_run_that_plays() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("space", "slash", *"5+6", "enter")
        await shows(pilot, "▸ 5 + 6", "▶ playing")
        assert [call[0] for call in session.calls] == ["play", "ask"]
