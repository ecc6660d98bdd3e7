"""Keys: what one says that another keyboard layout has in its place, and those that have to wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.app import App

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,./", 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?'
_OTHERS = (
    ("йцукенгшщзхъфывапролджэячсмитьбю.", "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,"),  # Russian
    ("йцукенгшщзхїфівапролджєячсмитьбю.", "ЙЦУКЕНГШЩЗХЇФІВАПРОЛДЖЄЯЧСМИТЬБЮ,"),  # Ukrainian
    (";ςερτυθιοπ[]ασδφγηξκλ΄'ζχψωβνμ,./", ':"ΕΡΤΥΘΙΟΠ{}ΑΣΔΦΓΗΞΚΛ¨"ΖΧΨΩΒΝΜ<>?'),  # Greek
    ("/'קראטוןםפ][שדגכעיחלךף,זסבהנמצתץ.", ""),  # Hebrew; its capitals are Latin
    # Arabic
    ("ضصثقفغعهخحجدشسيبلاتنمكطئءؤرﻻىةوزظ", '\u064e\u064b\u064f\u064cﻹإ‘÷×؛<>\u0650\u064d][ﻷأـ،/:"~\u0652}{ﻵآ’,.؟'),
)
_DIGITS = "&é\"'(-è_çà", "1234567890"
"""AZERTY's row of digits, which has them with Shift."""


def _table() -> dict[str, str]:
    """What stands for another key; a character that all layouts have stands for itself."""
    pairs = [pair for rows in _OTHERS for row, latin in zip(rows, _LATIN, strict=True) if row
             for pair in zip(row, latin, strict=True)]  # fmt: skip
    table = {other: latin for other, latin in pairs if not other.isascii()}
    digits = dict(zip(*_DIGITS, strict=True))
    return table | digits | {other.upper(): digit for other, digit in digits.items()}


SAME_KEY = _table()
"""``{character: the character of the same key on the Latin layout}``."""


class HeldKeys:
    """Keys that came before what they are for: they wait, and are pressed once it is there.

    Args:
        waiting: whether keys are held from the start.
    """

    def __init__(self, waiting: bool = False) -> None:
        self.waiting = waiting
        self.keys: list[events.Key] = []
        self.released = False
        """Whether they are about to be pressed."""

    def keeps(self, key: events.Key) -> bool:
        """Whether a key is held; those with Ctrl, which leave, are not."""
        held = self.waiting and not key.key.startswith("ctrl+")
        if held:
            self.keys.append(key)
        return held

    def hold(self, keys: Iterable[events.Key], app: App[Any]) -> None:
        """Press these before any that come now."""
        self.keys += keys
        self.waiting = True
        self.release(app)

    def release(self, app: App[Any]) -> None:
        """Press them, for whatever stands in front by now, and hold no more.

        Not behind the keys that have come to the app meanwhile: until it presses these, those are held too.
        """
        if not self.released:
            self.released = True
            app.call_later(self.press, app)

    async def press(self, app: App[Any]) -> None:
        """Press them now: within the app's own turn, so that no other key comes in between."""
        self.waiting = self.released = False
        keys, self.keys = self.keys, []
        for key in keys:
            await app.on_event(events.Key(key.key, key.character))
