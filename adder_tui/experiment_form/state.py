"""The experiment as a form holds it while somebody changes it: what is typed, and what that makes of it."""

from __future__ import annotations

from typing import Any

from adder_engine.errors import ExperimentError
from adder_engine.experiment import CHANGEABLE, KEYS, PRESETS, Experiment, key_named
from adder_engine.parsing import brief_text, number_text
from adder_engine.rows import row_text
from adder_engine.schema import SchemaField
from adder_tui.ui.run_state import preset_of

PRESET = "preset"
"""The form's first field, which is no key of its own."""
FIELDS = (PRESET, *(key.name for key in KEYS))
AS_IT_IS = "as it is"
MOST_ROWS_SHOWN = 8
"""More rows are counted instead of written out; ``d`` shows them."""


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
        """What a field holds."""
        return self.preset if name == PRESET else self._typed.get(name, text_of(self.base, name))

    def words(self, name: str) -> tuple[str, ...]:
        """The words that a field lets one choose from; empty where it is typed into."""
        if name == PRESET:
            return tuple(PRESETS) if preset_of(self.current) else (AS_IT_IS, *PRESETS)
        key = key_named(name)
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
        return self.changes.keys() <= CHANGEABLE

    # --- doing -----------------------------------------------------------------------------------

    def choose(self, name: str) -> None:
        """Choose a field."""
        self.name, self.fresh = name, True
        self.cursor = len(self.text(name))

    def move(self, change: int) -> None:
        """Choose a field further down or up."""
        self.choose(FIELDS[max(0, min(len(FIELDS) - 1, FIELDS.index(self.name) + change))])

    def turn(self, change: int) -> None:
        """The next or the previous word of a field with a choice."""
        words = self.words(self.name)
        now = self.text(self.name)
        self._put(words[(words.index(now) + change) % len(words)])

    def type(self, text: str) -> None:
        """Type into the chosen field; with a choice, the word that begins so."""
        words = self.words(self.name)
        if words:
            fitting = [word for word in words if word.startswith(text)]
            if fitting:
                now = self.text(self.name)
                self._put(fitting[(fitting.index(now) + 1) % len(fitting)] if now in fitting else fitting[0])
            return
        before = "" if self.fresh else self.text(self.name)
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
        """Put the cursor somewhere in the text."""
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
        """Note the engine's refusal under the field that it names."""
        self.errors = {self._named(sentence): sentence}

    def _put(self, text: str) -> None:
        if self.name == PRESET:
            self.preset = text
            self.base = self.current if text in (AS_IT_IS, preset_of(self.current)) else Experiment.preset(text)
            self._typed.clear()
        else:
            self._typed[self.name] = text
        self._look()

    def _look(self) -> None:
        self.errors = {}
        values = {}
        for name, text in self._typed.items():
            if text != text_of(self.base, name):
                try:
                    values[name] = value_of(key_named(name), text.strip())
                except ExperimentError as error:
                    self.errors[name] = str(error)
        if not self.errors:
            try:
                self.experiment = self.base.replace(**values)
            except ExperimentError as error:
                self.refuse(str(error))

    def _named(self, sentence: str) -> str:
        """The field that a sentence is about: the one it names first, else the chosen one."""
        places = {name: sentence.find(name) for name in FIELDS[1:] if name in sentence}
        return min(places, key=lambda name: (places[name], -len(name))) if places else self.name


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
    if name == "network.layers":
        return "-".join(map(str, value))
    if name == "data.rows":
        return f"{len(value):,} rows" if len(value) > MOST_ROWS_SHOWN else "; ".join(map(row_text, value))
    if isinstance(value, tuple):
        return " + ".join(map(number_text, value))
    if isinstance(value, float):
        brief = brief_text(value)
        return brief if float(brief) == value else number_text(value)
    return str(value)
