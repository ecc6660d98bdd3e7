"""What the experiment form says: what a field means, and what applying will do."""

from __future__ import annotations

from adder_engine.experiment import key_named
from adder_engine.presets import PRESETS
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, wrapped


def about_field(key: str, preset: str, width: int, glyphs: Glyphs) -> list[Line]:
    """What the field in focus means, and the values that will do."""
    if key == "preset":
        about = PRESETS[preset].about if preset in PRESETS else "the experiment as it is now"
        rows = [*wrapped(f"{about}.", width), _choose(glyphs)]
    else:
        described = key_named(key)
        how = _choose(glyphs) if described.choices else f"{described.range}."
        rows = [*wrapped(f"{described.meaning}.", width), *wrapped(how, width)]
    return [Line.of((glyphs.text(row), "dim")) for row in rows] + [Line()]


def _choose(glyphs: Glyphs) -> str:
    if glyphs.ascii:
        return "Left and Right choose."
    return "← and → choose."


def outcome(
    error: str, changes: frozenset[str], in_place: frozenset[str], width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """The error in full, or what Enter will do; the last row tells the keys."""
    keys = Line.of(
        ("Enter", "key"),
        (" apply   ", "dim"),
        ("Esc", "key"),
        (" leave as it was   ", "dim"),
        ("Tab", "key"),
        (" next", "dim"),
    )
    if error:
        told = [Line.of((row, "minus")) for row in wrapped(glyphs.text(error), width)]
    else:
        told = [Line.of(row) for row in wrapped(_will(changes, in_place), width)]
    told = told[: max(1, height - 2)]
    return [*told, *[Line()] * (height - len(told) - 1), keys]


def _will(changes: frozenset[str], in_place: frozenset[str]) -> str:
    if not changes:
        return "Nothing is changed yet."
    if changes <= in_place:
        return f"Enter changes the {_listed(changes)} in this run, which goes on."
    return f"Enter starts a new run with other {_listed(changes - in_place)}."


def _listed(keys: frozenset[str]) -> str:
    names = sorted({_name(key) for key in keys})
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more settings"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _name(key: str) -> str:
    if key.startswith("data."):
        return "data"
    return "learning rate" if key == "training.lr" else key.rpartition(".")[2].replace("_", " ")
