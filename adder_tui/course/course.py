"""A course: a folder of lessons in order, its chapters, its glossary and the review of a chapter."""

from __future__ import annotations

import dataclasses
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adder_engine.language import tr
from adder_tui.course.lesson import Lesson
from adder_tui.course.loader import read_lesson
from adder_tui.course.source import LessonError, Problem, Source, Table, declare, read_text, schema, under
from adder_tui.settings import default_data_dir
from adder_tui.storage.progress import Progress, QuizRecord
from adder_tui.storage.progress_store import PROGRESS, CourseMark, Drop, Store, keep_under, progress_file

LONGEST_TEXT = 400
QUESTIONS = 5
"""Of a review, if there are so many."""
NEVER_RIGHT, RIGHT_LATER, RIGHT_AT_ONCE = 4, 3, 1
"""Weights of a question that was never answered rightly, rightly after a miss, and rightly the first time."""
OWN_COURSE = Path(__file__).parent / "lessons"
"""The course that comes with the program."""
OWN_ID = "adder"
"""Its id, which translations of it keep."""
COURSE, GLOSSARY = "course.toml", "glossary.toml"


@schema
class Entry:
    """One term."""

    term: str
    text: str = declare(Table.text, LONGEST_TEXT)
    also: tuple[str, ...] = declare(Table.texts)
    """Other words for it."""
    lessons: tuple[str, ...] = declare(Table.texts)
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
        """The entry of this name, those whose names hold the words, then those whose texts do; all for no words."""
        wanted = words.casefold().strip()
        named = [e for e in self.entries.values() if any(wanted in n.casefold() for n in (e.term, *e.also))]
        telling = [e for e in self.entries.values() if e not in named and wanted in e.text.casefold()]
        ordered = sorted(named, key=lambda e: (e.term.casefold() != wanted, e.term.casefold()))
        return (*ordered, *telling)

    def with_lessons(self, lessons: Iterable[Lesson]) -> Glossary:
        """With the lessons' own entries, and each entry linked to the lessons that list it among their terms."""
        entries = dict(self.entries)
        linked: dict[str, list[str]] = {}
        for lesson in lessons:
            for term, text in lesson.glossary.items():
                entries.setdefault(term, Entry(term, text, (), ()))
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
            source.complain(0, '{term!r} is no table: write ["{term}"], and text under it.', term=term)
            continue
        entries[term] = Table(source, value, f'"{term}"').make(Entry, term=term)
    if source.problems:
        raise LessonError(source.problems)
    return Glossary(entries)


def weight(quiz: QuizRecord) -> int:
    """How likely a question comes, against the others."""
    if not quiz.right:
        return NEVER_RIGHT
    return RIGHT_AT_ONCE if quiz.tries <= 1 else RIGHT_LATER


def draw_review(lessons: Sequence[Lesson], progress: Progress, dice: random.Random) -> tuple[Lesson, ...]:
    """Lessons whose questions make up a review, each at most once.

    Args:
        lessons: those that may come: all up to and with the chapter that was finished.
        progress: how their questions went.
        dice: where chance comes from.
    """
    left, drawn = list(lessons), list[Lesson]()
    while left and len(drawn) < QUESTIONS:
        (one,) = dice.choices(left, [weight(progress.lesson(lesson.id).quiz) for lesson in left])
        left.remove(one)
        drawn.append(one)
    return tuple(drawn)


def draw_question(lesson: Lesson, quiz: QuizRecord, dice: random.Random) -> int:
    """The number of the question that is asked of a lesson: not the one that was asked last, where it has others."""
    others = [number for number in range(len(lesson.all_questions)) if number != quiz.asked]
    return dice.choice(others or [0])


@schema
class Chapter:
    """A chapter's id and title."""

    id: str = declare(Table.text, 40)
    title: str = declare(Table.text, 60)


@schema
class Head:
    """What a course's own file has."""

    id: str = declare(Table.identifier, "")
    """What its progress is kept under; empty where it has none, and the folder's name counts."""
    title: str = declare(Table.text, 80)
    complete: bool = declare(Table.truth)
    """Whether all its lessons are there."""
    closing: str = declare(Table.text, 2_000, "")
    """A word for who has come to the end of the last lesson."""
    chapters: tuple[Chapter, ...] = under("chapter", Table.all_made, Chapter, 1)


@dataclass(frozen=True)
class Broken:
    """A file of a course that cannot be used: the course goes without it, and says so."""

    name: str
    problems: tuple[Problem, ...]

    @property
    def fault(self) -> str:
        """The first of its problems, told without the folder."""
        first, more = self.problems[0], len(self.problems) - 1
        where = f"{self.name}:{first.line}" if first.line else self.name
        return f"{where}: {first.says}{tr(' ({problems} more)', problems=more) if more else ''}"


@dataclass(frozen=True)
class Course(Head):
    """Lessons in order, chapters, terms."""

    folder: Path
    lessons: tuple[Lesson, ...]
    glossary: Glossary
    broken: tuple[Broken, ...] = ()
    """Files that cannot be used."""

    @cached_property
    def by_id(self) -> Mapping[str, Lesson]:
        return {lesson.id: lesson for lesson in self.lessons}

    def in_chapter(self, chapter: str) -> tuple[Lesson, ...]:
        return tuple(lesson for lesson in self.lessons if lesson.chapter == chapter)

    def unmet(self, id: str) -> frozenset[str]:
        """Terms that a lesson's reader has not met: those that only later lessons explain."""
        met, later = set[str](), set[str]()
        for lesson in self.lessons:
            terms = {entry.term if (entry := self.glossary.find(term)) else term for term in lesson.terms}
            (met if lesson.order <= self.by_id[id].order else later).update(terms)
        return frozenset(later - met)

    def after(self, id: str) -> Lesson | None:
        """The lesson that follows."""
        order = self.by_id[id].order
        return next((lesson for lesson in self.lessons if lesson.order > order), None)


def read_course(folder: Path = OWN_COURSE) -> Course:
    """The course in a folder, without those of its files that cannot be used: they are in ``broken``.

    Raises:
        LessonError: nothing of it can be used; ``problems`` has all that is wrong.
    """
    head, unreadable = _head(folder)
    lessons, problems = list[Lesson](), list[Problem]()
    for path in lesson_files(folder):
        try:
            lessons.append(read_lesson(path))
        except LessonError as error:
            problems.extend(error.problems)
    try:
        glossary = own_glossary(folder)
        known: Glossary | None = glossary
    except LessonError as error:
        problems.extend(error.problems)
        glossary, known = own_glossary(OWN_COURSE), None
    lessons.sort(key=lambda lesson: lesson.order)
    problems += _together(lessons, head.chapters, known)
    faulty = dict.fromkeys(problem.file for problem in problems)
    lessons = [lesson for lesson in lessons if lesson.file not in faulty]
    if not lessons and not problems:
        problems.append(Problem(str(folder), 0, tr("There is no lesson in it: lessons are files such as 01-name.md.")))
    if unreadable or not lessons:
        raise LessonError([*unreadable, *problems])
    broken = tuple(
        Broken(Path(file).name, tuple(problem for problem in problems if problem.file == file)) for file in faulty
    )
    return Course(
        **vars(head), folder=folder, lessons=tuple(lessons), glossary=glossary.with_lessons(lessons), broken=broken
    )


def mark_of(folder: Path | None) -> CourseMark:
    """What tells a course from others; None for the one that comes along."""
    return CourseMark(OWN_ID) if folder is None else CourseMark(_head(folder)[0].id, os.path.realpath(folder))


def read_progress(data_dir: Path, course: CourseMark, drop: Path | None = None) -> tuple[Store, Drop | None]:
    """The progress in a course, kept by the course's id; and a class's drop folder, where there is one.

    A course without an id is known by its folder's name; so were all of them once, and what was kept so is taken over.
    """
    by_folder = progress_file(Path(course.folder) if course.folder else None)
    name = by_folder if not course.id else PROGRESS if course.id == OWN_ID else f"progress-{course.id}.json"
    if name != by_folder != PROGRESS:
        keep_under(data_dir / name, data_dir / by_folder)
    store = Store(data_dir, name)
    if drop is None:
        return store, None
    dropped = Drop(drop, data_dir, default_data_dir(), course)
    store.saved = dropped.put
    dropped.put(store.progress)
    return store, dropped


def lesson_files(folder: Path) -> list[Path]:
    """The lessons' files of a folder, by name."""
    return sorted(path for path in folder.glob("*.md") if path.name[0].isdigit())


def _head(folder: Path) -> tuple[Head, list[Problem]]:
    path = folder / COURSE
    try:
        source = Source(str(path), read_text(path))
    except LessonError as error:
        return Head("", "", False, "", ()), list(error.problems)
    return Table(source, source.values).make(Head), source.problems


def own_glossary(folder: Path) -> Glossary:
    """A folder's glossary; where it has none, the one that comes with the program.

    Raises:
        LessonError: it cannot be used.
    """
    own = folder / GLOSSARY
    return read_glossary(own if own.exists() else OWN_COURSE / GLOSSARY)


def _together(lessons: Sequence[Lesson], chapters: tuple[Chapter, ...], glossary: Glossary | None) -> Iterator[Problem]:
    """What is wrong between the files; of the terms nothing where the glossary cannot be read."""
    ids, orders = dict[str, Lesson](), dict[int, Lesson]()
    names = {chapter.id for chapter in chapters}
    for lesson in lessons:
        name = Path(lesson.file).name
        if lesson.id in ids:
            other = Path(ids[lesson.id].file).name
            yield Problem(lesson.file, 0, tr("id = {id!r} is that of {other} too.", id=lesson.id, other=other))
        if lesson.order in orders:
            other = Path(orders[lesson.order].file).name
            sentence = tr("order = {order} is that of {other} too.", order=lesson.order, other=other)
            yield Problem(lesson.file, 0, sentence)
        ids.setdefault(lesson.id, lesson)
        orders.setdefault(lesson.order, lesson)
        if name != (wanted := f"{lesson.order:02}-{lesson.id}.md"):
            yield Problem(lesson.file, 0, tr("The file should be named {wanted}, by order and id.", wanted=wanted))
        if names and lesson.chapter not in names:
            there = {"chapter": lesson.chapter, "course": COURSE, "names": ", ".join(names)}
            yield Problem(lesson.file, 0, tr("chapter = {chapter!r} is not in {course}: there are {names}.", **there))
        for term in lesson.terms:
            if glossary is not None and glossary.find(term) is None and term not in lesson.glossary:
                yield Problem(lesson.file, 0, tr("terms: {term!r} is not in {glossary}.", term=term, glossary=GLOSSARY))
