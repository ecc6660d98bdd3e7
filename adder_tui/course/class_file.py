"""A class's file: which course it takes, what is on today, how the program looks, where progress is collected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.course.source import LessonError, Source, Table, declare, optional, read_text, schema
from adder_tui.settings import CHARACTERS, PACES, THEMES, Pace

if TYPE_CHECKING:
    from adder_tui.course.course import Course


def _path(table: Table, name: str) -> Path | None:
    """A folder's path, seen from the class file's own folder; None for one that will not do."""
    text = table.text(name, 1_000, takes=tr("a folder's path"))
    try:
        return (Path(table.file).parent / Path(text).expanduser()).absolute()
    except (RuntimeError, ValueError):
        table.refuse(name, "a folder's path")
        return None


def _course(table: Table, name: str) -> Path | None:
    path = _path(table, name)
    if path is not None and not path.is_dir():
        table.refuse(name, "a folder with a course, and {path} is none", path=path)
        return None
    return path


def _assigned(table: Table, name: str) -> tuple[str, ...]:
    value = [] if table.raw(name) is None else table.raw(name)
    if not isinstance(value, list) or len(value) > 20 or not all(map(_is_number_or_id, value)):
        table.refuse(name, 'a list of lessons by number or id, such as [15, "far-away"]')
        return ()
    return tuple(str(one).strip() for one in value)


def _is_number_or_id(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, int) and not isinstance(value, bool)


def _pace(table: Table, name: str) -> Pace | None:
    """Epochs a second, or ``full``."""
    value = table.raw(name)
    numbers = [pace for pace in PACES if pace is not None]
    if value is None or value == "full" or (value in numbers and not isinstance(value, bool)):
        return value  # type: ignore[no-any-return]
    table.refuse(name, 'epochs a second, {paces}, or "full"', paces=", ".join(f"{one:g}" for one in numbers))
    return None


@schema
class ClassFile:
    """What a teacher has settled for a class. Learners read it; nothing ever writes to it."""

    file: Path
    course: Path | None = declare(optional(_course))
    """The folder of a course; None for the one that comes along."""
    assigned: tuple[str, ...] = declare(_assigned)
    """Today's lessons, by number or id."""
    theme: str | None = declare(optional(Table.one_of), THEMES)
    characters: str | None = declare(optional(Table.one_of), CHARACTERS)
    pace: Pace | None = declare(_pace)
    drop: Path | None = declare(optional(_path))
    """The folder into which progress exports itself."""


def read_class(path: Path) -> ClassFile:
    """The class file.

    Raises:
        LessonError: it cannot be used; ``problems`` names each line and key, and what would do.
    """
    source = Source(str(path), read_text(path))
    made = Table(source, source.values).make(ClassFile, file=path)
    if source.problems:
        raise LessonError(sorted(source.problems, key=lambda problem: problem.line))
    return made


def assigned_ids(course: Course, assigned: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Ids of the lessons that are on today, and one sentence about those that the course does not have."""
    by_number = {str(lesson.order): lesson.id for lesson in course.lessons}
    found = [by_number.get(one, one) for one in assigned]
    missing = [one for one in found if one not in course.by_id]
    named = tr(" and no ").join(missing)
    said = tr("assigned: the course has no lesson {missing}.", missing=named) if missing else ""
    return tuple(dict.fromkeys(one for one in found if one in course.by_id)), said


def today_words(course: Course, ids: tuple[str, ...]) -> str:
    """``15 and 16``; empty where nothing is on."""
    numbers = [str(course.by_id[id].order) for id in ids]
    return tr(" and ").join([", ".join(numbers[:-1]), numbers[-1]] if len(numbers) > 1 else numbers)
