"""Whatever is pressed, in whatever order and at whatever moment: the app goes on, and ends as it should."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.terminal.harness import KEYS
from tests.terminal.person import Person

Start = Callable[..., Person]

BURSTS = 90
"""Keys arrive as over a slow line: none for a while, then some in one piece."""
PRESSED = (
    *"1234512345.,,ss[]uU??vvcnbttaagmkhddelrRSfxoiKpyO+-0/",
    *("space", "up", "down", "left", "right", "enter", "escape") * 4,
    *("tab", "backspace", "home", "end", "f1", "ctrl+p"),
    *("30+70", "nan", "[red]", "1e9"),
)
SIZES = ((80, 24), (120, 40), (60, 20), (40, 10))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (1, ("--experiment", "one-pair")),
        (2, ("--experiment", "mini-batches")),
        (3, ("--lesson", "rule-or-guess")),
        (4, ("--lesson", "forward-by-hand")),
    ],
)
def test_no_keys_end_the_app_but_those_that_quit(start: Start, seed: int, options: tuple[str, ...]) -> None:
    draw = random.Random(seed)
    terminal = start(*options).terminal
    terminal.wait_for_text("epoch 0", timeout=60)
    for _ in range(BURSTS):
        written = len(terminal.output)
        if draw.random() < 0.03:
            terminal.resize(*draw.choice(SIZES))
        terminal.press("".join(KEYS.get(key, key.encode()).decode() for key in draws(draw)))
        terminal.wait_for_bytes(written, timeout=draw.choice((0.01, 0.3)))
        assert not terminal.ended, terminal.text
    terminal.resize(80, 24)
    terminal.press("ctrl+q")
    assert terminal.wait_for_end() == 0, bytes(terminal.output[-2000:]).decode(errors="replace")
    assert b"fault of ours" not in terminal.output


def draws(draw: random.Random) -> list[str]:
    return draw.choices(PRESSED, k=draw.choice((1, 1, 1, 2, 5)))
