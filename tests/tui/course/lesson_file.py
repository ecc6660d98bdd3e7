"""A small lesson that is right, to be spoiled in one place."""

from pathlib import Path

from adder_tui.course.lesson import Lesson
from adder_tui.course.loader import read_lesson

SMALL = """+++
id = "small"
order = 1
title = "A small lesson"
goal = "Try it."
chapter = "look"
minutes = 5
covers = []
terms = ["loss"]
views = ["network", "prompt"]
controls = ["training.lr"]

[preset]
epochs = 3
training.lr = 0.01
data.kind = "rows"
data.rows = [[30, 70]]

[[predict]]
id = "first"
kind = "choice"
ask = "What comes?"
choices = ["this", "that"]
shows = "It was {{net}}."

[[task]]
id = 1
do = "Ask 30+70."
check = "asked(30, 70)"
hints = ["one", "two", "three"]
actions = ["ask 30+70"]

[[task]]
id = 2
do = "Train."
check = "run.epochs >= 3"
when = { training.lr = 0.01 }
hints = ["one", "two", "three"]
actions = ["run 3"]

[[field]]
id = "answer"
ask = "The answer"
measured = "untrained"
tol = 0.01
slips = [{ kind = "bias", value = 5.0 }, { says = "Half of it.", value = 0.6 }]

[worked]
title = "By hand"
lines = ["30 + 70 = {answer}"]

[board]
bins = ["left", "right"]
cards = [{ id = "one", says = "One", bin = "left" }, { id = "two", says = "Two", bin = ["left", "right"] }]

[[quote]]
name = "net"
value = "ask(30, 70)"
format = ".2f"

[[measured]]
key = "untrained"
value = 1.1863
class = "T"
expression = "ask(30, 70)"

[[challenge]]
id = "quick"
ask = "Be quick."
check = "run.epochs >= 1"
score = "run.updates"
par = 1
actions = ["run 1"]

[quiz]
ask = "Which?"
choices = ["yes", "no"]
answer = "b"
why = "Because."
fact = 2
+++
The lead, about the [[loss]].

## Facts
1. One.
2. Two, which goes on
   over a second line.
3. Three.

## Observe
It said {{net}}.

## Explain
Because.

## Go further
More.
"""


STATION = (
    "[[challenge]]",
    '[[station]]\nid = "wide"\ntitle = "A wide one"\npreset = { network.layers = [2, 8, 1] }\n\n[[challenge]]',
)
"""A change that gives the small lesson a station."""


def small_lesson(folder: Path, *changes: tuple[str, str]) -> Lesson:
    """The small lesson with some texts replaced, read from a file."""
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "01-small.md"
    path.write_text(text, encoding="utf-8")
    return read_lesson(path)
