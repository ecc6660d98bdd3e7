"""The glossary: every term in a sentence or two, with the lessons that explain it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adder_tui.lessons.errors import LessonError
from adder_tui.lessons.lesson import Lesson
from adder_tui.lessons.table import Source, Table, read_text

LONGEST_TEXT = 400


@dataclass(frozen=True)
class Entry:
    """One term."""

    term: str
    text: str
    also: tuple[str, ...] = ()
    """Other words for it."""
    lessons: tuple[str, ...] = ()
    """Ids of lessons that explain it, in their order."""


@dataclass(frozen=True)
class Glossary:
    """All terms, by name."""

    entries: Mapping[str, Entry]

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        """By every name and its lower-case form; exact names win, since W and w may differ."""
        found: dict[str, Entry] = {}
        for entry in self.entries.values():
            for name in (entry.term, *entry.also):
                found.setdefault(name.casefold(), entry)
        for entry in self.entries.values():
            found |= dict.fromkeys((*entry.also, entry.term), entry)
        return found

    def find(self, term: str) -> Entry | None:
        """The entry of a term or of another word for it."""
        return self._by_name.get(term) or self._by_name.get(term.casefold())

    def search(self, words: str) -> tuple[Entry, ...]:
        """Entries whose names hold the words, then those whose texts do; all of them for no words."""
        wanted = words.casefold().strip()
        named = [e for e in self.entries.values() if any(wanted in n.casefold() for n in (e.term, *e.also))]
        telling = [e for e in self.entries.values() if e not in named and wanted in e.text.casefold()]
        return tuple(sorted(named, key=lambda e: e.term.casefold())) + tuple(telling)

    def with_lessons(self, lessons: Iterable[Lesson]) -> Glossary:
        """With the lessons' own entries, and each entry linked to the lessons that list it among their terms."""
        entries = dict(self.entries)
        linked: dict[str, list[str]] = {}
        for lesson in lessons:
            for term, text in lesson.glossary.items():
                entries.setdefault(term, Entry(term, text))
            for term in (*lesson.terms, *lesson.glossary):
                entry = self.find(term)
                linked.setdefault(entry.term if entry else term, []).append(lesson.id)
        return Glossary({
            term: dataclasses.replace(entry, lessons=tuple(dict.fromkeys([*linked.get(term, []), *entry.lessons])))
            for term, entry in entries.items()
        })  # fmt: skip


def read_glossary(path: Path) -> Glossary:
    """The glossary in a file.

    Raises:
        LessonError: it cannot be used.
    """
    source = Source(str(path), read_text(path))
    entries: dict[str, Entry] = {}
    for term, value in source.values.items():
        if not isinstance(value, dict):
            source.complain(0, f'{term!r} is no table: write ["{term}"], and text under it.')
            continue
        table = Table(source, value, f'"{term}"')
        entries[term] = Entry(term, table.text("text", LONGEST_TEXT), table.texts("also"), table.texts("lessons"))
        table.end()
    if source.problems:
        raise LessonError(source.problems)
    return Glossary(entries)
