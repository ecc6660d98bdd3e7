"""On a layout that is not Latin a letter does what the key in its place does on the Latin one."""

from __future__ import annotations

import pytest

from adder_tui.commands import COMMANDS
from adder_tui.ui.keyboard import SAME_KEY
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, shows, until

LETTERS = sorted({key for command in COMMANDS for key in command.keys.split(",") if len(key) == 1 and key.isalpha()})
SMALL = [letter for letter in LETTERS if letter.islower()]
RUSSIAN = dict(zip("qwertyuiopasdfghjklzxcvbnm", "йцукенгшщзфывапролдячсмить", strict=True))
UKRAINIAN = RUSSIAN | {"s": "і"}
GREEK = dict(zip("wertyuiopasdfghjklzxcvbnm", "ςερτυθιοπασδφγηξκλζχψωβνμ", strict=True))
HEBREW = dict(zip("ertyuiopasdfghjklzxcvbnm", "קראטוןםפשדגכעיחלךזסבהנמצ", strict=True))
ARABIC = dict(zip("qwertyuiopasdfghjklzxcvbnm", "ضصثقفغعهخحشسيبلاتنمئءؤرﻻىة", strict=True))
ON_OTHERS = {"q": {"Greek", "Hebrew"}, "w": {"Hebrew"}}
"""Letters whose key has a sign there that every layout has: Ctrl+Q leaves, and the palette has all commands."""


@pytest.mark.parametrize(
    ("name", "layout"),
    [("Russian", RUSSIAN), ("Ukrainian", UKRAINIAN), ("Greek", GREEK), ("Hebrew", HEBREW), ("Arabic", ARABIC)],
)
@pytest.mark.parametrize("letter", SMALL)
def test_every_small_command_letter_is_on_its_key(letter: str, name: str, layout: dict[str, str]) -> None:
    if letter in layout:
        assert SAME_KEY[layout[letter]] == letter
    else:
        assert name in ON_OTHERS[letter]


@pytest.mark.parametrize("layout", [RUSSIAN, UKRAINIAN, GREEK], ids=["Russian", "Ukrainian", "Greek"])
@pytest.mark.parametrize("letter", [letter for letter in LETTERS if letter.isupper()])
def test_every_capital_command_letter_is_on_its_key(letter: str, layout: dict[str, str]) -> None:
    assert SAME_KEY[layout[letter.lower()].upper()] == letter


def test_azertys_digits_are_on_their_keys_and_no_latin_letter_stands_for_another() -> None:
    assert "".join(SAME_KEY[sign] for sign in "&é\"'(-è_çà") == "1234567890"
    assert not any(sign.isascii() and sign.isalnum() for sign in SAME_KEY)


@pytest.mark.parametrize(
    ("key", "call"), [("к", ("reset",)), ("К", ("reseed",)), ("ю", ("step", "epoch")), ("ρ", ("reset",)),
                      ("ع", ("undo",)), ("б", ("back", "epoch")), ("ק", None)],
)  # fmt: skip
async def test_the_command_of_the_same_key_is_done(key: str, call: tuple[object, ...] | None) -> None:
    session = FakeSession().at(40, newest=80)
    session.can_undo = True
    async with app_on(session).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "epoch 40 of 2,000")
        await pilot.press(key)
        if call is None:
            await shows(pilot, "Esc")  # e, the form
        else:
            await until(pilot, lambda: session.calls)
            assert session.calls[0] == call


async def test_azertys_digits_change_the_tab() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("é")
        await until(pilot, lambda: app.tab != "train")
        await pilot.press("'")
        await until(pilot, lambda: app.tab == "train")


async def test_text_fields_and_keys_that_do_something_are_left_alone() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("ctrl+p", "к", "н")
        await shows(pilot, "кн")
        await pilot.press("escape", "-")  # AZERTY's 6, and nothing here
        assert app.tab == "train"
        assert not session.calls
        await pilot.press("'")
        await pilot.press("l")
        await shows(pilot, "Esc")
        await pilot.press("д")  # l closes the list of runs
        await until(pilot, lambda: len(app.screen_stack) == 1)
