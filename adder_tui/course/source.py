"""A TOML table that is read key by key, gathering what is wrong with it by line; and what a lesson can have wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, dataclass_transform

from adder_engine.disk import read_bounded
from adder_engine.errors import AdderError, ExperimentError
from adder_engine.experiment import Experiment, key_named
from adder_engine.language import tr
from adder_engine.schema import read_toml

Read = TypeVar("Read")
Word = TypeVar("Word", bound=str)
Limits = ParamSpec("Limits")

TO_TRANSLATE = "TRANSLATE: "
"""What stands before each text of a copied course until it is translated; it is never shown."""
LARGEST_FILE = 1_000_000
"""Bytes of a file of a course; a long lesson has a fortieth of that."""
LARGEST_TEXT = 256 * 1024
"""Characters of its TOML."""
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file of a course."""

    file: str
    line: int
    """Counted from 1; 0 where no single line is to blame."""
    says: str
    """One sentence: the key, what was found, and what would do."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.says}"


class LessonError(AdderError, ValueError):
    """A file of a course that cannot be used; ``problems`` has everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        more = tr(" ({others} more below it)", others=len(self.problems) - 1) if len(self.problems) > 1 else ""
        super().__init__(f"{self.problems[0]}{more}")


class CheckError(AdderError, ValueError):
    """An expression that is none of ours; one sentence."""


class ActionError(AdderError, ValueError):
    """A line that is no action, or one that cannot be done here; one sentence."""


class Source:
    """A file's TOML, with the lines that its keys stand on and the problems found so far."""

    def __init__(self, file: str, text: str, first_line: int = 1) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, int, str], int] = {}
        """(table, which of that name, key) to line; the key "" is the table's header."""
        table, index, counts = "", 0, dict[str, int]()
        for number, line in enumerate(text.split("\n"), first_line):
            if header := _HEADER.fullmatch(line):
                table = header[2].strip()
                index = counts[table] = counts.get(table, -1) + 1
                self._lines[table, index, ""] = number
            elif key := _KEY.match(line):
                self._lines.setdefault((table, index, key[1].strip("\"'")), number)
        try:
            self.values: dict[str, Any] = read_toml(text, LARGEST_TEXT)
        except ValueError as error:
            phrase = str(error)
            at = _AT_LINE.search(phrase)
            last = text.count("\n") + first_line  # where it says "at end of document", or nothing
            line_number = int(at[1]) + first_line - 1 if at else last
            raise LessonError([Problem(file, line_number, f"TOML: {_AT_LINE.sub('', phrase).rstrip('.')}.")]) from None

    def line(self, table: str, index: int, key: str) -> int:
        """The line of a key, or of its table where it is missing or stands deeper."""
        for name in (key, key.partition(".")[0], ""):
            if (table, index, name) in self._lines:
                return self._lines[table, index, name]
        return next((n for (t, i, k), n in self._lines.items() if t == table and i == index and k.startswith(key)), 0)

    def complain(self, line: int, says: str, /, **values: object) -> None:
        """Note a problem: a message, and what stands at its names in braces."""
        self.problems.append(Problem(self.file, line, tr(says, **values)))


def declare(read: Callable[Concatenate[Table, str, Limits], Read], *limits: Limits.args, **more: Limits.kwargs) -> Read:
    """Declare one key of a table: the method that reads it, and its limits. A key is called like the attribute."""
    return under("", read, *limits, **more)


def under(
    name: str, read: Callable[Concatenate[Table, str, Limits], Read], *limits: Limits.args, **more: Limits.kwargs
) -> Read:
    """Declare one key of a table that has another name than the attribute."""
    made: Read = field(metadata={"key": name, "read": lambda table, key: read(table, key, *limits, **more)})
    return made


@dataclass_transform(frozen_default=True, field_specifiers=(declare, under))
def schema(made: type[Read]) -> type[Read]:
    """A frozen dataclass whose attributes are declared with :func:`declare`; :meth:`Table.make` reads one."""
    return dataclass(frozen=True)(made)


def optional(
    read: Callable[Concatenate[Table, str, Limits], Read],
) -> Callable[Concatenate[Table, str, Limits], Read | None]:
    """How to read a key that may be left out, which gives None."""

    def read_if_there(table: Table, key: str, /, *limits: Limits.args, **more: Limits.kwargs) -> Read | None:
        return None if table.raw(key) is None else read(table, key, *limits, **more)

    return read_if_there


def is_number(value: object) -> bool:
    """Whether a value of TOML is a number that is finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


class Table:
    """One table of a source. Reading a key that will not do notes the problem and gives a harmless value."""

    def __init__(self, source: Source, values: dict[str, Any], name: str = "", index: int = 0) -> None:
        self._source, self._values, self._name, self.index = source, values, name, index
        self._known: set[str] = set()
        self.made: dict[str, Any] = {}
        """What :meth:`make` has read so far, by attribute: limits of later keys may hang on it."""

    def make(self, cls: type[Read], **given: Any) -> Read:
        """All keys that a schema declares; others are complained about. ``given``: attributes that are no keys."""
        for one in fields(cls):  # type: ignore[arg-type]
            if "read" in one.metadata:
                self.made[one.name] = one.metadata["read"](self, one.metadata["key"] or one.name)
        self._end()
        return cls(**self.made, **given)

    @property
    def file(self) -> str:
        """The file that it stands in."""
        return self._source.file

    def complain(self, key: str, says: str, /, **values: object) -> None:
        """Note a problem with a key, told after its name."""
        where = f"{self._name}.{key}" if self._name else key
        self._source.complain(self._source.line(self._name, self.index, key), f"{where} {tr(says, **values)}")

    def refuse(self, key: str, takes: str, /, **values: object) -> None:
        """Note that a key's value will not do, or that it is missing."""
        takes = tr(takes, **values)
        if key in self._values:
            given = shown(self._values[key])
            self.complain(key, "= {value} will not do: it takes {takes}.", value=given, takes=takes)
        else:
            self.complain(key, "is missing: it takes {takes}.", takes=takes)

    def raw(self, key: str) -> Any:
        """A value as TOML has it; None where the key is left out."""
        self._known.add(key)
        return self._values.get(key)

    # --- plain values ----------------------------------------------------------------------------

    def text(self, key: str, most: int = 2_000, default: str | None = None, takes: str = "") -> str:
        """A text that is not empty."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            self.refuse(key, takes or tr("a text of 1 to {most:,} characters", most=most))
            return default or "?"
        return value.strip()

    def identifier(self, key: str, default: str | None = None) -> str:
        """A short name for the program: small letters, digits, hyphens and underscores."""
        value = self.text(key, 60, default)
        if value not in ("?", default) and not re.fullmatch(r"[-_]*[a-z0-9][-_a-z0-9]*", value):
            self.refuse(key, "small letters, digits, hyphens and underscores")
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within the limits."""
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(key, "a whole number from {low:,} to {high:,}", low=low, high=high)
            return low if default is None else default
        return value

    def number(self, key: str) -> float | None:
        """A finite number; None where the key is left out."""
        value = self.raw(key)
        if value is None:
            return None
        if not is_number(value):
            self.refuse(key, "a number")
            return None
        return float(value)

    def numbers(self, key: str, takes: str) -> tuple[float, ...]:
        """A list of finite numbers, one at least."""
        value = self.raw(key)
        if not isinstance(value, list) or not value or not all(map(is_number, value)):
            self.refuse(key, takes)
            return ()
        return tuple(map(float, value))

    def truth(self, key: str) -> bool:
        """true or false; false where it is left out."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value is True

    def one_of(self, key: str, choices: Iterable[Word], default: Word | None = None) -> Word:
        value, words = self.raw(key), list(choices)
        if value is None and default is not None:
            return default
        if value not in words:
            self.refuse(key, "one of {words}", words=", ".join(words))
        return next((word for word in words if word == value), words[0])

    def texts(self, key: str, least: int = 0, most: int = 100, takes: str = "") -> tuple[str, ...]:
        value = self.raw(key)
        if value is None and least == 0:
            return ()
        good = isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
        if not good or not least <= len(value) <= most:
            count = f"{least}" if least == most else tr("{least} to {most}", least=least, most=most)
            self.refuse(key, takes or tr("a list of {count} texts", count=count))
            return ()
        return tuple(one.strip() for one in value)

    # --- parsed values ---------------------------------------------------------------------------

    def parsed(self, key: str, parse: Callable[[str], Read], unless: Read, takes: str) -> Read:
        """A text that ``parse`` understands, else ``unless``; its complaint is told with the key."""
        text = self.text(key, takes=takes)
        try:
            return unless if text == "?" else parse(text)
        except AdderError as error:
            self.complain(key, "does not work. {error}", error=error)
            return unless

    def all_parsed(self, key: str, parse: Callable[[str], Read], least: int = 0) -> tuple[Read, ...]:
        """A list of texts that ``parse`` understands."""
        found = []
        for text in self.texts(key, least=least):
            try:
                found.append(parse(text))
            except AdderError as error:
                self.complain(key, "does not work. {error}", error=error)
        return tuple(found)

    def settings(self, key: str) -> dict[str, Any] | None:
        """Keys of the experiment with values that will do, each alone; None where the key is left out."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, "keys of the experiment, such as { training.lr = 0.01 }")
            return None
        found = {}
        for name, setting in _flat(value).items():
            try:
                known = key_named(name)
                value = known.convert(setting)
                known.check(value)
                found[name] = value
            except ExperimentError as error:
                own = self._source.line(self._name, self.index, key)
                line = own if self._name else self._source.line(key, 0, name) or own
                whole = f"{self._name + '.' if self._name else ''}{key}"
                self._source.complain(line, "{key} does not work. {error}", key=whole, error=error)
        return found

    def experiment(self, key: str) -> Experiment:
        """The defaults with the settings under a key."""
        return self.changed(key, Experiment(), self.settings(key) or {})

    def changed(self, key: str, experiment: Experiment, changes: dict[str, Any]) -> Experiment:
        """A run with the settings under a key, each of which will do alone; as it is where together they will not."""
        try:
            return experiment.replace(**changes)
        except ExperimentError as error:
            if len(changes) == len(_flat(self.raw(key))):  # else one of them was refused already
                self.complain(key, "does not work. {error}", error=error)
            return experiment

    # --- inner tables ----------------------------------------------------------------------------

    def tables(self, key: str, least: int = 0) -> list[Table]:
        """The tables written ``[[key]]``, or a list of tables in braces."""
        value = self.raw(key)
        if value is None and least == 0:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) < least:
            tables = tr("tables, each under [[{key}]]", key=key)
            self.refuse(key, tables if not self._name else tr("a list of { ... }"))
            return []
        if self._name:  # in braces, on the line of the key
            return [_Inner(self, key, one) for one in value]
        return [Table(self._source, one, key, index) for index, one in enumerate(value)]

    def all_made(self, key: str, cls: type[Read], least: int = 0) -> tuple[Read, ...]:
        """What a schema makes of each of these tables."""
        return tuple(table.make(cls) for table in self.tables(key, least))

    def table(self, key: str) -> Table | None:
        """The table written ``[key]``; None where it is left out."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, "a table under [{key}]", key=key)
            return None
        return Table(self._source, value, key)

    def one_made(self, key: str, cls: type[Read]) -> Read | None:
        """What a schema makes of the table written ``[key]``; None where it is left out."""
        table = self.table(key)
        return None if table is None else table.make(cls)

    def definitions(self, key: str, most: int) -> dict[str, str]:
        """A table whose keys are the author's own, with texts."""
        table = self.table(key)
        return {} if table is None else {term: table.text(term, most) for term in table._values}

    def _end(self) -> None:
        """Complain about keys that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, n=1)
                known = tr("there are {known}.", known=", ".join(sorted(self._known)))
                hint = tr("did you mean {near}?", near=near[0]) if near else known
                self.complain(key, "is no key here: {hint}", hint=hint)


class _Inner(Table):
    """A table in braces: told by the key that holds it."""

    def __init__(self, outer: Table, key: str, values: dict[str, Any]) -> None:
        super().__init__(outer._source, values)
        self._outer, self._key = outer, key

    def complain(self, key: str, says: str, /, **values: object) -> None:
        self._outer.complain(self._key, f"{shown(self._values)}: {key} {tr(says, **values)}")


def read_text(path: Path) -> str:
    """A file's text, without the marks of what is still to be translated.

    Raises:
        LessonError: it cannot be read, is too large, or is not UTF-8.
    """
    return read_marked(path).replace(TO_TRANSLATE, "")


def read_marked(path: Path) -> str:
    """A file's text as it stands.

    Raises:
        LessonError: as :func:`read_text`.
    """
    try:
        held = read_bounded(path, LARGEST_FILE)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise LessonError([Problem(str(path), 0, tr("It cannot be read: {why}.", why=why))]) from None
    if len(held) > LARGEST_FILE:
        raise LessonError([Problem(str(path), 0, tr("It holds over {most:,} bytes.", most=LARGEST_FILE))])
    try:
        return held.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = held[: error.start].count(b"\n") + 1
        raise LessonError([Problem(str(path), line, tr("It is not UTF-8 text: save it as UTF-8."))]) from None


def shown(value: Any) -> str:
    """A value as a sentence names it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found
