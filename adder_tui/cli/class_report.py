"""What a class has done, from a folder of exported progress: as a table, as CSV or as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.cli.output import complain, say, tell
from adder_tui.course.course import OWN_COURSE, OWN_ID, Course, mark_of, read_course
from adder_tui.course.lesson import Lesson
from adder_tui.course.source import LessonError
from adder_tui.course.state import STEP_NAMES, steps_of
from adder_tui.storage.progress import LessonRecord, Progress
from adder_tui.storage.progress_store import CourseMark, ProgressError, read_export
from adder_tui.ui.numbers import plural

STATE_LETTERS = {"open": ".", "started": "-", "assisted": "h", "solved": "x"}
STUCK_HINTS, STUCK_TRIES, STUCK_QUIZ = 3, 3, 2
"""Hints taken, times entered and quiz tries from which somebody is stuck in a lesson that is not done."""
WIDEST_NAME = 30


@dataclass(frozen=True)
class Row:
    """One learner in one lesson."""

    learner: str
    course: str
    number: int
    lesson: str
    state: str
    step: int
    """Counted from 1; 0 where the lesson was not begun."""
    steps: int
    doing: str
    """What kind of step that is."""
    task: int
    """The first task that is not done; 0 where all are."""
    tasks: int
    hints: int
    tries: int
    """How often the lesson was entered."""
    quiz_tries: int
    quiz_right: bool
    bests: str
    """``fewest-updates 108``, challenges parted by semicolons."""
    date: str
    """When something was done last, ISO 8601; empty where that was not kept."""
    stuck: str
    """Why somebody seems stuck here; empty where nobody does."""


def row_of(learner: str, course: Course, lesson: Lesson, kept: LessonRecord) -> Row:
    """What a learner's progress tells of one lesson."""
    steps = steps_of(lesson)
    at = min(kept.step, len(steps) - 1)
    begun = kept.state != "open"
    bests = (f"{one.id} {kept.best[one.id]:g}" for one in lesson.challenges if one.id in kept.best)
    return Row(
        learner, course.id or course.folder.name, lesson.order, lesson.id, kept.state, at + 1 if begun else 0,
        len(steps), steps[at].kind if begun else "",
        next((task.id for task in lesson.tasks if task.id not in kept.tasks), 0), len(lesson.tasks), kept.hints,
        kept.tries, kept.quiz.tries, kept.quiz.right, "; ".join(bests), kept.date or kept.quiz.last_seen,
        ", ".join(_stuck(kept)) if begun and not kept.done else "",
    )  # fmt: skip


def _stuck(kept: LessonRecord) -> Iterator[str]:
    if kept.hints >= STUCK_HINTS:
        yield plural(kept.hints, "hint", "hints")
    if kept.tries >= STUCK_TRIES:
        yield tr("entered {times}", times=plural(kept.tries, "time", "times"))
    if kept.quiz.tries >= STUCK_QUIZ and not kept.quiz.right:
        yield tr("quiz missed {times}", times=plural(kept.quiz.tries, "time", "times"))
    if kept.assisted:
        yield tr("had a task shown")


class _Courses:
    """Finds the course that an export is of."""

    def __init__(self, named: Path | None) -> None:
        self._named, self._mark, self._read = named, mark_of(named), cache(read_course)

    def find(self, mark: CourseMark) -> Course:
        """The course that was named where it is that one or the export does not say, else the one that it names.

        Raises:
            LessonError or ProgressError: it cannot be had.
        """
        says = bool(mark.id or mark.folder)
        if not says or (mark.id and mark.id == self._mark.id) or (self._named is not None and not mark.id):
            return self._read(self._named or OWN_COURSE)
        if mark.folder or mark.id == OWN_ID:
            return self._read(Path(mark.folder) if mark.folder else OWN_COURSE)
        raise ProgressError("it is of the course {id!r}: --course says where that lies.", id=mark.id)


def print_report(folder: Path, form: str, named: Path | None) -> int:
    """Print what is known of each learner; the exit code: 1 where some of the files cannot be used.

    Args:
        folder: where the exports lie, a file for each learner.
        form: text, csv or json.
        named: the folder of the course; None for what the exports say, else for the one that comes along.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".part")
    except OSError as error:
        raise AdderError("The folder {folder} cannot be read ({why}).", folder=folder, why=error.strerror) from None
    courses = _Courses(named)
    found: dict[Path, tuple[Course, list[tuple[str, Progress]]]] = {}
    for path in files:
        try:
            tree, mark = read_export(path)
            course = courses.find(mark)
        except (ProgressError, LessonError) as error:
            complain(f"{path.name}: {error}")
            continue
        found.setdefault(course.folder, (course, []))[1].append((path.stem, Progress(tree)))
    if not found:
        raise AdderError(
            "There is no exported progress in {folder}: adder-tui lessons export FILE writes it.", folder=folder
        )
    rows = [row for course, group in found.values() for row in _rows(course, group)]
    if form == "csv":
        _say_csv(rows)
    elif form == "json":
        say(*(json.dumps(vars(row), ensure_ascii=False) for row in rows))
    else:
        for course, group in found.values():
            _say_table(course, group, title=len(found) > 1)
    return 1 if sum(len(group) for _, group in found.values()) < len(files) else 0


def _rows(course: Course, learners: list[tuple[str, Progress]]) -> Iterator[Row]:
    """The lessons that each learner has begun; for who has begun none, the first one as open."""
    for name, progress in learners:
        rows = [row_of(name, course, lesson, progress.lesson(lesson.id)) for lesson in course.lessons]
        yield from [row for row in rows if row.state != "open"] or rows[:1]


def _say_csv(rows: list[Row]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(Row.__dataclass_fields__)
    for row in rows:
        table.writerow([_harmless(value) for value in vars(row).values()])
    say(*text.getvalue().splitlines())


def _harmless(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _say_table(course: Course, learners: list[tuple[str, Progress]], title: bool) -> None:
    """A line for each learner with a letter for each lesson, then where each one is."""
    width = min(WIDEST_NAME, max(len(name) for name, _ in learners))
    if title:
        say(course.title)
    say(f"{'':{width}}  {' '.join(f'{lesson.order:>2}' for lesson in course.lessons)}  {tr('done')}")
    for name, progress in learners:
        kept = [progress.lesson(lesson.id) for lesson in course.lessons]
        letters = " ".join(f"{STATE_LETTERS[one.state]:>2}" for one in kept)
        say(f"{name[:width]:{width}}  {letters}  {sum(one.done for one in kept):>4}")
    tell("x done, h done with help, - begun, . open")
    for name, progress in learners:
        begun = [row for row in _rows(course, [(name, progress)]) if row.state == "started"]
        for row in begun:
            if row.lesson == progress.current or row.stuck:
                say(f"{name[:width]:{width}}  {_place(row)}")


def _place(row: Row) -> str:
    """``15 batches, step 3 of 9 (do), task 2 of 3, last 2026-11-27 10:12; stuck: 3 hints``."""
    parts = [
        f"{row.number} {row.lesson}",
        tr("step {step} of {steps} ({kind})", step=row.step, steps=row.steps, kind=STEP_NAMES[row.doing]),
    ]
    if row.task:
        parts.append(tr("task {task} of {tasks}", task=row.task, tasks=row.tasks))
    if row.date:
        parts.append(tr("last {date}", date=_local(row.date)))
    return ", ".join(parts) + (tr("; stuck: {stuck}", stuck=row.stuck) if row.stuck else "")


def _local(date: str) -> str:
    """A moment in the time of this place, to the minute."""
    try:
        return datetime.fromisoformat(date).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return date[:16]
