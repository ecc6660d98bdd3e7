"""The experiment as a form holds it while somebody changes it; and as lines: keys, values, what applying will do."""

from __future__ import annotations

from typing import Any

from adder_engine.errors import ExperimentError
from adder_engine.experiment import (
    CHANGEABLE,
    KEYS,
    Experiment,
    activation_text,
    can_go_on_with,
    key_named,
    loss_for,
    why_idle,
)
from adder_engine.language import tr, trn
from adder_engine.parsing import brief_text, number_text
from adder_engine.presets import PRESETS
from adder_engine.rows import row_text
from adder_engine.schema import SchemaField
from adder_tui.ui.line import Line, Role, packed, wrapped
from adder_tui.ui.list_view import keys_line, said_lines, scrolled
from adder_tui.ui.numbers import plural
from adder_tui.ui.run_state import preset_of
from adder_tui.ui.symbols import Glyphs

PRESET = "preset"
"""The form's first field, which is no key of its own."""
FIELDS = (PRESET, *(key.name for key in KEYS))
AS_IT_IS = tr("as it is")
MOST_ROWS_SHOWN = 8
"""More rows are counted instead of written out; ``d`` shows them."""
LONGEST = 1_000
"""Characters of a field that is typed into, but for rows: each key looks at all of them."""
MARKS, LABEL, VALUE, NOTE = 4, 18, 24, 30
"""Columns of a row: marks, name, value, what it differs from; the rest is its meaning."""
ROOMY, NARROW_VALUE = 74, 15
"""Below so many columns the values have fewer."""
WIDE = MARKS + LABEL + VALUE + NOTE + 30
"""From here on every row tells its meaning."""
PANEL = 8
"""Rows below the fields."""

Row = tuple[str, Line]
"""A row of the list: the field that it belongs to, empty for a heading, and what it looks like."""
FORMULA_BEGINS = frozenset("0123456789.abcms(-+")
"""What a formula may begin with, where a task's word is not meant."""


class FormState:
    """What the fields hold, the chosen field, and the cursor in it.

    Args:
        current: the run's experiment, which the form begins with.
    """

    def __init__(self, current: Experiment) -> None:
        self.current = current
        self.preset = preset_of(current) or AS_IT_IS
        self.base = current
        """What the fields change: the run's experiment, or the chosen preset."""
        self._typed: dict[str, str] = {}
        self.name = "training.lr"
        """The chosen field."""
        self.cursor = 0
        self.fresh = True
        """Nothing was done in the field since it was chosen: what is typed replaces what it holds."""
        self.experiment = current
        """The experiment as wanted; while something will not do, the last one that would."""
        self.errors: dict[str, str] = {}
        """One sentence for each field that will not do."""

    # --- looking ---------------------------------------------------------------------------------

    def text(self, name: str) -> str:
        return self.preset if name == PRESET else self._typed.get(name, text_of(self.base, name))

    def words(self, name: str) -> tuple[str, ...]:
        """The words that a field lets one choose from; empty where it is typed into."""
        if name == PRESET:
            return tuple(PRESETS) if preset_of(self.current) else (AS_IT_IS, *PRESETS)
        key = key_named(name)
        if (key.several or name == "data.task") and self.text(name) not in key.choices:
            return ()  # a list or a formula, which is typed into
        return ("off", "on") if isinstance(key.default, bool) else key.choices

    def differs_from_run(self, name: str) -> bool:
        """Whether a field holds something else than the run has."""
        return name != PRESET and self.text(name) != text_of(self.current, name)

    def differs_from_default(self, name: str) -> bool:
        """Whether a field holds something else than the default."""
        return name != PRESET and self.text(name) != default_text(name)

    @property
    def changes(self) -> dict[str, Any]:
        """Keys that differ from the run's, with their new values."""
        return {name: mine for name, (mine, _) in self.experiment.differences(self.current).items()}

    @property
    def in_place(self) -> bool:
        """Whether the run can go on with the changes."""
        return can_go_on_with(self.current, self.experiment)

    # --- doing -----------------------------------------------------------------------------------

    def choose(self, name: str) -> None:
        self.name, self.fresh = name, True
        self.cursor = len(self.text(name))

    def move(self, change: int) -> None:
        self.choose(FIELDS[max(0, min(len(FIELDS) - 1, FIELDS.index(self.name) + change))])

    def turn(self, change: int) -> None:
        """The next or the previous word of a field with a choice."""
        words, now = self.words(self.name), self.text(self.name)
        self._put(words[(words.index(now) + change) % len(words)] if now in words else words[0])

    def type(self, text: str) -> None:
        """Type into the chosen field; with a choice, the word that begins so. A full field takes no more."""
        words = self.words(self.name)
        if text in ("-", ",") and words and self.name != PRESET and key_named(self.name).several:
            self.cursor, self.fresh = len(self.text(self.name)) + 1, False  # a list is typed from here on
            self._put(self.text(self.name) + "-")
            return
        if words and self.name == "data.task" and text in FORMULA_BEGINS:
            words, self.fresh = (), True
        if words:
            fitting = [word for word in words if word.startswith(text)]
            if fitting:
                now = self.text(self.name)
                self._put(fitting[(fitting.index(now) + 1) % len(fitting)] if now in fitting else fitting[0])
            return
        before = "" if self.fresh else self.text(self.name)
        if len(before) >= LONGEST and self.name != "data.rows":
            return
        at = 0 if self.fresh else self.cursor
        self.cursor, self.fresh = at + len(text), False
        if self.name == "data.rows":
            self._typed["data.kind"] = "rows"  # whoever lists rows wants them trained on
        self._put(before[:at] + text + before[at:])

    def erase(self, ahead: bool) -> None:
        """Backspace, or with ``ahead`` the Delete key; at once all of a field that was just chosen."""
        if self.words(self.name):
            return
        text = self.text(self.name)
        if self.fresh:
            self.cursor, self.fresh, text = 0, False, ""
        elif ahead:
            text = text[: self.cursor] + text[self.cursor + 1 :]
        elif self.cursor:
            text = text[: self.cursor - 1] + text[self.cursor :]
            self.cursor -= 1
        self._put(text)

    def go(self, to: int) -> None:
        self.cursor, self.fresh = max(0, min(len(self.text(self.name)), to)), False

    def set_default(self) -> None:
        """Give the chosen field its default; all of them where the preset is chosen."""
        self._put("many-pairs" if self.name == PRESET else default_text(self.name))
        self.choose(self.name)

    def set_as_run(self) -> None:
        """Give the chosen field what the run has; all of them where the preset is chosen."""
        self._put((preset_of(self.current) or AS_IT_IS) if self.name == PRESET else text_of(self.current, self.name))
        self.choose(self.name)

    def refuse(self, sentence: str) -> None:
        """Note the engine's refusal under the field that it names first, else under the chosen one."""
        places = {name: sentence.find(name) for name in FIELDS[1:] if name in sentence}
        named = min(places, key=lambda name: (places[name], -len(name)), default=self.name)
        self.errors = {named: sentence}

    def _put(self, text: str) -> None:
        if self.name == PRESET:
            self.preset = text
            self.base = self.current if text in (AS_IT_IS, preset_of(self.current)) else Experiment.preset(text)
            self._typed.clear()
        else:
            self._typed[self.name] = text
            if self.name == "data.task":  # the loss goes with the question
                self._typed |= loss_for(text, self.text("training.loss"))
        self._look()

    def _look(self) -> None:
        self.errors, values = {}, dict[str, Any]()
        for name, text in self._typed.items():
            try:
                if text != text_of(self.base, name):
                    values[name] = value_of(key_named(name), text.strip())
            except ExperimentError as error:
                self.errors[name] = str(error)
        if not self.errors:
            try:
                self.experiment = self.base.replace(**values)
            except ExperimentError as error:
                self.refuse(str(error))


def value_of(key: SchemaField, text: str) -> Any:
    """The value that a field's text means.

    Raises:
        ExperimentError: it means none that will do.
    """
    if key.default == () and not text:
        return ()
    if isinstance(key.default, bool):
        return text == "on"
    value = key.convert(key.parse(text))
    key.check(value)
    return value


def text_of(experiment: Experiment, name: str) -> str:
    """A key's value as its field holds it: ``2-4-4-1``, ``0.0002``, ``on``, ``30, 70; 70, 30``."""
    return value_text(name, experiment[name])


def default_text(name: str) -> str:
    """A key's default as its field holds it."""
    return value_text(name, key_named(name).default)


def value_text(name: str, value: Any) -> str:
    """A value as the field of its key holds it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple) and key_named(name).several:
        return activation_text(value)
    if name == "network.layers":
        return "-".join(map(str, value))
    if name == "network.init" and isinstance(value, tuple):
        return plural(len(value), "number", "numbers")
    if name == "data.rows":
        listed = len(value) <= MOST_ROWS_SHOWN
        return "; ".join(map(row_text, value)) if listed else plural(len(value), "row", "rows")
    if isinstance(value, tuple):
        return (", " if name == "training.betas" else " + ").join(map(number_text, value))
    if isinstance(value, float):
        brief = brief_text(value)
        return brief if float(brief) == value else number_text(value)
    return str(value)


def field_rows(form_state: FormState, width: int, glyphs: Glyphs) -> list[Row]:
    """All rows of the list: headings, fields, and under a field why it will not do."""
    rows: list[Row] = []
    section = ""
    for name in FIELDS:
        here = name.rpartition(".")[0]
        if here != section:
            rows += [("", Line()), ("", Line.of(("  " + here, "accent")))]
            section = here
        rows.append((name, _field(form_state, name, width, glyphs).fit(width, glyphs.ellipsis)))
        if name in form_state.errors:
            sentence = glyphs.text(form_state.errors[name])
            rows += [(name, Line.of((" " * MARKS + row, "minus"))) for row in wrapped(sentence, width - MARKS - 1)]
    return rows


def top_row(rows: list[Row], name: str, top: int, height: int) -> int:
    """The first row in sight, moved as little as keeps the chosen field and its error in sight, with a row around."""
    mine = [i for i, (owner, _) in enumerate(rows) if owner == name]
    return scrolled(max(0, mine[0] - 2), min(len(rows) - 1, mine[-1] + 1), top, height, len(rows))


def _field(form_state: FormState, name: str, width: int, glyphs: Glyphs) -> Line:
    chosen = name == form_state.name
    idle = "" if name == PRESET else why_idle(name, form_state.experiment)
    marks = Line.of((glyphs.current if chosen else " ", "accent"))
    marks = Line.of(marks, ("*" if form_state.differs_from_run(name) else " ", "accent"))
    marks = Line.of(marks, (glyphs.differs if form_state.differs_from_default(name) else " ", "dim"), " ")
    quiet: Role = "faint" if idle else "dim"
    label = (name.rpartition(".")[2].ljust(LABEL), "strong" if chosen else quiet)
    column = VALUE if width >= ROOMY else NARROW_VALUE
    value = _value(form_state, name, column - 1, "faint" if idle else "text", glyphs).fit(column, glyphs.ellipsis)
    note = Line.of((glyphs.text(_note(form_state, name, idle)), "faint" if idle else "dim"))
    if width < WIDE:
        return Line.of(marks, label, value, note)
    meaning = _meaning(form_state, name)
    return Line.of(marks, label, value, note.fit(NOTE - 2, glyphs.ellipsis), "  ", (glyphs.text(meaning), quiet))


def _value(form_state: FormState, name: str, room: int, role: Role, glyphs: Glyphs) -> Line:
    text = form_state.text(name)
    if name != form_state.name:
        return Line.of((glyphs.text(text), role)).fit(min(room, len(text)), glyphs.ellipsis)
    if form_state.words(name):
        return Line.of((f"{glyphs.left} ", "key"), (text, "strong"), (f" {glyphs.right}", "key"))
    if form_state.fresh:
        start = max(0, len(text) - room + 1)
        return Line.of((glyphs.text(text[start:]) or " ", "chosen"))
    start = max(0, form_state.cursor - room + 2)
    seen = glyphs.text(text[start : start + room - 1])
    at = form_state.cursor - start
    return Line.of((seen[:at], "strong"), (seen[at : at + 1] or " ", "chosen"), (seen[at + 1 :], "strong"))


def _note(form_state: FormState, name: str, idle: str) -> str:
    if name == PRESET:
        return ""
    if idle:
        return tr("no effect: {why}", why=idle)
    if form_state.differs_from_run(name):
        return tr("the run has {value}", value=text_of(form_state.current, name) or tr("none"))
    default = default_text(name) or tr("none")
    return tr("default {default}", default=default) if form_state.differs_from_default(name) else ""


def _meaning(form_state: FormState, name: str) -> str:
    if name != PRESET:
        return key_named(name).meaning
    return PRESETS[form_state.preset].about if form_state.preset in PRESETS else tr("the run's experiment as it is")


def panel(form_state: FormState, width: int, glyphs: Glyphs) -> list[Line]:
    """What the chosen field means and takes, what Enter will do, and the keys; always :data:`PANEL` rows."""
    name = form_state.name
    rows = [Line.of((glyphs.horizontal * width, "faint"))]
    rows += said_lines(f"{name}: {_meaning(form_state, name)}", width + 1, "text", glyphs)[:2]
    rows += _takes(form_state, width, glyphs)[: 5 - len(rows)]
    rows += [Line()] * (5 - len(rows))
    rows += said_lines(_will(form_state), width + 1, "strong", glyphs)[:2]
    rows += [Line()] * (PANEL - 1 - len(rows))
    rows.append(_keys(form_state, glyphs))
    return [row.fit(width, glyphs.ellipsis) for row in rows]


def _takes(form_state: FormState, width: int, glyphs: Glyphs) -> list[Line]:
    words, preset = form_state.words(form_state.name), form_state.name == PRESET
    default = tr("many-pairs, all keys at once") if preset else default_text(form_state.name) or tr("none")
    if words and not preset and key_named(form_state.name).several:
        words = (*words, tr("tanh-relu: one for each layer"))
    if not words or form_state.name == "data.task":
        text = tr("Takes {range}. Default {default}.", range=key_named(form_state.name).range, default=default)
        return said_lines(text, width + 1, "dim", glyphs)
    now = form_state.text(form_state.name)
    rows = packed((Line.of((word + "  ", "key" if word == now else "dim")) for word in words), width - 1)
    if rows[-1].width + len(default) + 11 <= width:
        rows[-1] = Line.of(rows[-1], (tr(" default {default}", default=default), "faint"))
    return [Line.of(" ", row) for row in rows]


def _keys(form_state: FormState, glyphs: Glyphs) -> Line:
    arrows = (tr("left, right") if glyphs.ascii else "← →") if form_state.words(form_state.name) else tr("type")
    given = (tr("Ctrl+D"), tr("default")), (tr("Ctrl+R"), tr("as the run"))
    return keys_line([(tr("Enter"), tr("apply")), (tr("Esc"), tr("leave")), (arrows, tr("change")), *given])


def _will(form_state: FormState) -> str:
    if form_state.errors:
        return tr("Something will not do: nothing is applied until it is mended.")
    changes = form_state.changes
    if not changes:
        return tr("Nothing is changed yet.")
    if form_state.in_place:
        return tr("Enter changes {settings} in this run, which goes on.", settings=_listed(list(changes)))
    names = [name for name in changes if name not in CHANGEABLE] or ["training.loss"]
    return trn("{settings} needs {what}: Enter starts it; u brings this run back.",
               "{settings} need {what}: Enter starts it; u brings this run back.",
               len(names), settings=_listed(names), what=_needed(names))  # fmt: skip


def _needed(names: list[str]) -> str:
    sections = {name.rpartition(".")[0] for name in names}
    if sections == {"network"}:
        return tr("a new network")
    if names == ["seed"]:
        return tr("other weights")
    return tr("a run on new data") if sections == {"data"} else tr("a new run")


def _listed(names: list[str]) -> str:
    if len(names) > 3:
        names = [*names[:2], tr("{others} more", others=len(names) - 2)]
    return tr(" and ").join(filter(None, [", ".join(names[:-1]), names[-1]]))


def heading(form_state: FormState, width: int, glyphs: Glyphs) -> list[Line]:
    """The form's first row: what it is, and what its marks mean."""
    said = tr("not the default   {keys} keys", keys=len(KEYS))
    line = Line.of((tr(" Experiment"), "strong"), ("   * ", "accent"), (tr("not as in the run   "), "dim"))
    return [Line.of(line, (f"{glyphs.differs} ", "text"), (said, "dim")).fit(width, glyphs.ellipsis)]
