"""A course: a folder of lessons in order, its chapters and its glossary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adder_tui.lessons.errors import LessonError, Problem
from adder_tui.lessons.glossary import Glossary, read_glossary
from adder_tui.lessons.lesson import Lesson
from adder_tui.lessons.reading import read_lesson
from adder_tui.lessons.table import Source, Table, read_text

OWN_COURSE = Path(__file__).parent / "course"
"""The course that comes with the program."""
COURSE, GLOSSARY = "course.toml", "glossary.toml"


@dataclass(frozen=True)
class Chapter:
    """A chapter's id and title."""

    id: str
    title: str


@dataclass(frozen=True)
class Course:
    """Lessons in order, chapters, terms."""

    folder: Path
    title: str
    complete: bool
    """Whether all its lessons are there."""
    chapters: tuple[Chapter, ...]
    lessons: tuple[Lesson, ...]
    glossary: Glossary

    @cached_property
    def by_id(self) -> Mapping[str, Lesson]:
        return {lesson.id: lesson for lesson in self.lessons}

    def in_chapter(self, chapter: str) -> tuple[Lesson, ...]:
        """A chapter's lessons, in order."""
        return tuple(lesson for lesson in self.lessons if lesson.chapter == chapter)

    def after(self, id: str) -> Lesson | None:
        """The lesson that follows."""
        order = self.by_id[id].order
        return next((lesson for lesson in self.lessons if lesson.order > order), None)


def read_course(folder: Path = OWN_COURSE) -> Course:
    """The course in a folder.

    Raises:
        LessonError: the folder or one of its files cannot be used; ``problems`` has all of it.
    """
    title, complete, chapters, problems = _head(folder)
    lessons = []
    for path in lesson_files(folder):
        try:
            lessons.append(read_lesson(path))
        except LessonError as error:
            problems.extend(error.problems)
    try:
        glossary = own_glossary(folder)
    except LessonError as error:
        problems.extend(error.problems)
        glossary = Glossary({})
    lessons.sort(key=lambda lesson: lesson.order)
    problems += _together(lessons, chapters, glossary)
    if not lessons and not problems:
        problems.append(Problem(str(folder), 0, "There is no lesson in it: lessons are files such as 01-name.md."))
    if problems:
        raise LessonError(problems)
    return Course(folder, title, complete, chapters, tuple(lessons), glossary.with_lessons(lessons))


def lesson_files(folder: Path) -> list[Path]:
    """The lessons' files of a folder, by name."""
    return sorted(path for path in folder.glob("*.md") if path.name[0].isdigit())


def _head(folder: Path) -> tuple[str, bool, tuple[Chapter, ...], list[Problem]]:
    path = folder / COURSE
    try:
        source = Source(str(path), read_text(path))
    except LessonError as error:
        return "", False, (), list(error.problems)
    top = Table(source, source.values)
    title, complete = top.text("title", 80), top.truth("complete")
    chapters = []
    for table in top.tables("chapter", least=1):
        chapters.append(Chapter(table.text("id", 40), table.text("title", 60)))
        table.end()
    top.end()
    return title, complete, tuple(chapters), source.problems


def own_glossary(folder: Path) -> Glossary:
    """A folder's glossary; where it has none, the one that comes with the program.

    Raises:
        LessonError: it cannot be used.
    """
    own = folder / GLOSSARY
    return read_glossary(own if own.exists() else OWN_COURSE / GLOSSARY)


def _together(lessons: list[Lesson], chapters: tuple[Chapter, ...], glossary: Glossary) -> Iterator[Problem]:
    """What is wrong between the files."""
    ids, orders = dict[str, Lesson](), dict[int, Lesson]()
    names = {chapter.id for chapter in chapters}
    for lesson in lessons:
        name = Path(lesson.file).name
        if lesson.id in ids:
            yield Problem(lesson.file, 0, f"id = {lesson.id!r} is that of {Path(ids[lesson.id].file).name} too.")
        if lesson.order in orders:
            other = Path(orders[lesson.order].file).name
            yield Problem(lesson.file, 0, f"order = {lesson.order} is that of {other} too.")
        ids.setdefault(lesson.id, lesson)
        orders.setdefault(lesson.order, lesson)
        if name != (wanted := f"{lesson.order:02}-{lesson.id}.md"):
            yield Problem(lesson.file, 0, f"The file should be named {wanted}, by order and id.")
        if names and lesson.chapter not in names:
            yield Problem(
                lesson.file, 0, f"chapter = {lesson.chapter!r} is not in {COURSE}: there are {', '.join(names)}."
            )
        for term in lesson.terms:
            if glossary.find(term) is None and term not in lesson.glossary:
                yield Problem(lesson.file, 0, f"terms: {term!r} is not in {GLOSSARY}.")
