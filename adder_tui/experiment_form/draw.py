"""The experiment form: every key with its value, what the chosen one means, and what applying will do."""

from __future__ import annotations

from adder_engine.experiment import CHANGEABLE, KEYS, PRESETS, key_named, why_idle
from adder_tui.experiment_form.state import FIELDS, PRESET, FormState, default_text, text_of
from adder_tui.ui.line import Line, Role, Span, wrapped
from adder_tui.ui.symbols import Glyphs

MARKS, LABEL, VALUE, NOTE = 4, 17, 24, 30
"""Columns of a row: marks, name, value, what it differs from; the rest is its meaning."""
ROOMY, NARROW_VALUE = 74, 15
"""Below so many columns the values have fewer."""
WIDE = MARKS + LABEL + VALUE + NOTE + 30
"""From here on every row tells its meaning."""
PANEL = 8
"""Rows below the fields."""

Row = tuple[str, Line]
"""A row of the list: the field that it belongs to, empty for a heading, and what it looks like."""


def field_rows(draft: FormState, width: int, glyphs: Glyphs) -> list[Row]:
    """All rows of the list: headings, fields, and under a field why it will not do."""
    rows: list[Row] = []
    section = ""
    for name in FIELDS:
        here = name.rpartition(".")[0]
        if here != section:
            rows += [("", Line()), ("", Line.of(("  " + here, "accent")))]
            section = here
        rows.append((name, _field(draft, name, width, glyphs).fit(width, glyphs.ellipsis)))
        if name in draft.errors:
            sentence = glyphs.text(draft.errors[name])
            rows += [(name, Line.of((" " * MARKS + row, "minus"))) for row in wrapped(sentence, width - MARKS - 1)]
    return rows


def scrolled(rows: list[Row], name: str, top: int, height: int) -> int:
    """The first row in sight, moved as little as keeps the chosen field and its error in sight, with a row around."""
    mine = [i for i, (owner, _) in enumerate(rows) if owner == name]
    first, last = max(0, mine[0] - 2), min(len(rows) - 1, mine[-1] + 1)
    top = min(max(top, last - height + 1), first)
    return max(0, min(top, len(rows) - height))


def _field(draft: FormState, name: str, width: int, glyphs: Glyphs) -> Line:
    chosen = name == draft.name
    idle = "" if name == PRESET else why_idle(name, draft.experiment)
    marks = Line.of(
        (glyphs.current if chosen else " ", "accent"),
        ("*" if draft.differs_from_run(name) else " ", "accent"),
        (glyphs.differs if draft.differs_from_default(name) else " ", "dim"),
        " ",
    )
    quiet: Role = "faint" if idle else "dim"
    label = (name.rpartition(".")[2].ljust(LABEL), "strong" if chosen else quiet)
    column = VALUE if width >= ROOMY else NARROW_VALUE
    value = _value(draft, name, column - 1, "faint" if idle else "text", glyphs).fit(column, glyphs.ellipsis)
    note = Line.of((glyphs.text(_note(draft, name, idle)), "faint" if idle else "dim"))
    if width < WIDE:
        return Line.of(marks, label, value, note)
    meaning = _meaning(draft, name)
    return Line.of(marks, label, value, note.fit(NOTE - 2, glyphs.ellipsis), "  ", (glyphs.text(meaning), quiet))


def _value(draft: FormState, name: str, room: int, role: Role, glyphs: Glyphs) -> Line:
    text = draft.text(name)
    if name != draft.name:
        return Line.of((glyphs.text(text), role)).fit(min(room, len(text)), glyphs.ellipsis)
    if draft.words(name):
        return Line.of((f"{glyphs.left} ", "key"), (text, "strong"), (f" {glyphs.right}", "key"))
    if draft.fresh:
        start = max(0, len(text) - room + 1)
        return Line.of((glyphs.text(text[start:]) or " ", "chosen"))
    start = max(0, draft.cursor - room + 2)
    seen = glyphs.text(text[start : start + room - 1])
    at = draft.cursor - start
    return Line.of((seen[:at], "strong"), (seen[at : at + 1] or " ", "chosen"), (seen[at + 1 :], "strong"))


def _note(draft: FormState, name: str, idle: str) -> str:
    if name == PRESET:
        return ""
    if idle:
        return f"no effect: {idle}"
    if draft.differs_from_run(name):
        return f"the run has {text_of(draft.current, name) or 'none'}"
    return f"default {default_text(name) or 'none'}" if draft.differs_from_default(name) else ""


def _meaning(draft: FormState, name: str) -> str:
    if name != PRESET:
        return key_named(name).meaning
    return PRESETS[draft.preset].about if draft.preset in PRESETS else "the run's experiment as it is"


def panel(draft: FormState, width: int, glyphs: Glyphs) -> list[Line]:
    """What the chosen field means and takes, what Enter will do, and the keys; always :data:`PANEL` rows."""
    name = draft.name
    phrase = wrapped(f"{name}: {_meaning(draft, name)}", width - 1)[:2]
    rows = [Line.of((glyphs.horizontal * width, "faint"))]
    rows += [Line.of((" " + glyphs.text(row), "text")) for row in phrase]
    rows += _takes(draft, width, glyphs)[: 5 - len(rows)]
    rows += [Line()] * (5 - len(rows))
    rows += [Line.of((" " + row, "strong")) for row in wrapped(_will(draft), width - 1)[:2]]
    rows += [Line()] * (PANEL - 1 - len(rows))
    rows.append(_keys(draft, glyphs))
    return [row.fit(width, glyphs.ellipsis) for row in rows]


def _takes(draft: FormState, width: int, glyphs: Glyphs) -> list[Line]:
    words = draft.words(draft.name)
    default = "many-pairs, all keys at once" if draft.name == PRESET else default_text(draft.name) or "none"
    if not words:
        text = f"Takes {key_named(draft.name).range}. Default {default}."
        return [Line.of((" " + glyphs.text(row), "dim")) for row in wrapped(text, width - 1)]
    rows: list[list[Span]] = [[(" ", "dim")]]
    used = 1
    for word in words:
        if used + len(word) + 2 > width and len(rows[-1]) > 1:
            rows.append([(" ", "dim")])
            used = 1
        rows[-1].append((word + "  ", "key" if word == draft.text(draft.name) else "dim"))
        used += len(word) + 2
    if used + len(default) + 10 <= width:
        rows[-1].append((f" default {default}", "faint"))
    return [Line(tuple(row)) for row in rows]


def _keys(draft: FormState, glyphs: Glyphs) -> Line:
    arrows = ("left, right" if glyphs.ascii else "← →") if draft.words(draft.name) else "type"
    pairs = [
        ("Enter", "apply"), ("Esc", "leave"), (arrows, "change"), ("Ctrl+D", "default"), ("Ctrl+R", "as the run"),
    ]  # fmt: skip
    parts: list[Span] = []
    for key, does in pairs:
        parts += [(f" {key}", "key"), (f" {does} ", "dim")]
    return Line(tuple(parts))


def _will(draft: FormState) -> str:
    if draft.errors:
        return "Something will not do: nothing is applied until it is mended."
    changes = draft.changes
    if not changes:
        return "Nothing is changed yet."
    if draft.in_place:
        return f"Enter changes {_listed(list(changes))} in this run, which goes on."
    names = [name for name in changes if name not in CHANGEABLE]
    one = len(names) == 1
    return f"{_listed(names)} {'needs' if one else 'need'} {_needed(names)}: Enter starts it; u brings this run back."


def _needed(names: list[str]) -> str:
    sections = {name.rpartition(".")[0] for name in names}
    if sections == {"network"}:
        return "a new network"
    if names == ["seed"]:
        return "other weights"
    return "a run on new data" if sections == {"data"} else "a new run"


def _listed(names: list[str]) -> str:
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def heading(draft: FormState, glyphs: Glyphs) -> Line:
    """The form's first row: what it is, and what its marks mean."""
    return Line.of(
        (" Experiment", "strong"), ("   * ", "accent"), ("not as in the run   ", "dim"), (f"{glyphs.differs} ", "text"),
        (f"not the default   {len(KEYS)} keys", "dim"),
    )  # fmt: skip
