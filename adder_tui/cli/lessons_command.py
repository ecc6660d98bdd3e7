"""``adder-tui lessons``: what there is and how far one is; progress carried elsewhere; lessons checked and read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adder_engine.errors import AdderError
from adder_engine.language import tr, trn
from adder_tui.cli.inputs import CLASS, TranslatedGroup, all_of, course_of, read_class_of
from adder_tui.cli.output import complain, say, tell
from adder_tui.settings import default_data_dir
from adder_tui.storage import progress
from adder_tui.storage.data_dir import expanded
from adder_tui.storage.progress import STATE_NAMES, Tree, join
from adder_tui.storage.progress_store import CourseMark, Store, read_export, to_line
from adder_tui.ui.numbers import plural

if TYPE_CHECKING:
    from adder_tui.course.class_file import ClassFile
    from adder_tui.course.course import Course
    from adder_tui.course.lesson import Lesson
    from adder_tui.course.source import Problem
    from adder_tui.storage.progress_store import Drop

DATA_DIR = click.option("--data-dir", metavar="FOLDER", help=tr("Where progress is kept, instead of the usual folder."))
COURSE = click.option(
    "--course", metavar="FOLDER", help=tr("A course of your own, instead of the one that comes along.")
)

PLACE = all_of(COURSE, DATA_DIR, CLASS)


class _Lessons(TranslatedGroup):
    def unknown(self, name: str, commands: list[str]) -> str:
        return tr("lessons has no {name!r}: there are {commands}.", name=name, commands=", ".join(commands))


@dataclass
class _Place:
    """Where a command finds the course, and keeps what is done in it."""

    folder: Path | None
    """The course's, where it is one of one's own."""
    mark: CourseMark
    store: Store
    drop: Drop | None
    assigned: tuple[str, ...]

    @classmethod
    def of(cls, course: str | None, data_dir: str | None, class_file: str | None) -> _Place:
        from adder_tui.course.course import mark_of

        taught = read_class_of(class_file)
        folder = course_of(course, taught)
        return cls.at(folder, mark_of(folder), data_dir, taught)

    @classmethod
    def at(cls, folder: Path | None, mark: CourseMark, data_dir: str | None, taught: ClassFile | None) -> _Place:
        from adder_tui.course.course import read_progress

        where = expanded(data_dir).absolute() if data_dir else default_data_dir()
        store, drop = read_progress(where, mark, taught.drop if taught is not None else None)
        return cls(folder, mark, store, drop, taught.assigned if taught is not None else ())

    def course(self) -> Course:
        """Read the course, and say what of it cannot be used."""
        course = _course(self.folder)
        for one in course.broken:
            complain("{fault} The course goes on without it.", fault=one.fault)
        return course

    def exit_code(self) -> int:
        """Say what the store and the drop folder have to say; the exit code."""
        if self.drop is not None:
            self.drop.close()
        warnings = [text for text in (self.store.warning, self.drop.warning if self.drop is not None else "") if text]
        for text in warnings:
            complain(text)
        return 1 if warnings else 0


@click.group(cls=_Lessons, invoke_without_command=True)
@PLACE
@click.pass_context
def lessons(ctx: click.Context, course: str | None, data_dir: str | None, class_file: str | None) -> int:
    """List the course's lessons; read, check and translate them; carry progress elsewhere."""
    if ctx.invoked_subcommand is not None:
        if course or data_dir or class_file:
            raise AdderError("Write the option after {command}.", command=ctx.invoked_subcommand)
        return 0
    from adder_tui.course.class_file import assigned_ids, today_words

    place = _Place.of(course, data_dir, class_file)
    there, kept = place.course(), place.store.progress
    today, missing = assigned_ids(there, place.assigned)
    width = max(len(lesson.id) for lesson in there.lessons)
    for chapter in there.chapters:
        if there.in_chapter(chapter.id):
            say(f"{chapter.title}")
        for lesson in there.in_chapter(chapter.id):
            here = ">" if kept.current == lesson.id else " "
            state = STATE_NAMES[kept.lesson(lesson.id).state]
            on = "  " + tr("today") if lesson.id in today else ""
            say(f"{here} {lesson.order:>2}  {lesson.id:<{width}}  {state:<15}  {lesson.title}{on}")
    done = sum(kept.lesson(lesson.id).done for lesson in there.lessons)
    assigned = " " + tr("Today: {lessons}.", lessons=today_words(there, today)) if today else ""
    say(tr("{done} of {lessons} done.", done=done, lessons=len(there.lessons)) + assigned)
    if missing:
        complain(missing)
    return place.exit_code()


@lessons.command()
@click.argument("file", metavar="[FILE]", required=False)
@PLACE
def export(file: str | None, course: str | None, data_dir: str | None, class_file: str | None) -> int:
    """Write your progress as one line, to a file or to the screen."""
    place = _Place.of(course, data_dir, class_file)
    line = to_line(place.store.progress, place.mark)
    if file is None or file == "-":
        say(line)
    else:
        expanded(file).write_text(line + "\n", encoding="ascii")
        tell("Your progress is in {file}: adder-tui lessons import {file} takes it over elsewhere.", file=file)
    return place.exit_code()


@lessons.command("import")
@click.argument("file", metavar="FILE|-")
@PLACE
def import_(file: str, course: str | None, data_dir: str | None, class_file: str | None) -> int:
    """Take over exported progress; of each lesson whichever has come further is kept.

    It goes to the course that it is of, which the export names.
    """
    from adder_tui.course.course import mark_of

    other, of = read_export(None if file == "-" else expanded(file))
    taught = read_class_of(class_file)
    folder = course_of(course, taught)
    mark = mark_of(folder)
    if of.id and mark.id and of.id != mark.id and course is not None:
        raise AdderError(
            "This is progress of the course {id!r}, not of {own!r}: leave out --course.", id=of.id, own=mark.id
        )
    if course is None and (of.id or of.folder) and of.id != mark.id:
        folder, mark = (Path(of.folder) if of.folder else None), of
    place = _Place.at(folder, mark, data_dir, taught if mark is not of else None)

    place.store.change(join, other)
    ids = list(other.get("lessons", {}))
    done = sum(place.store.progress.lesson(id).done for id in ids)
    if not place.store.warning:
        tell("Taken over: {lessons}, {done} of them done.", lessons=plural(len(ids), "lesson", "lessons"), done=done)
    return place.exit_code()


@lessons.command()
@click.argument("id", metavar="[ID]", required=False)
@click.option("--yes", is_flag=True, help=tr("Do not ask."))
@PLACE
def reset(id: str | None, yes: bool, course: str | None, data_dir: str | None, class_file: str | None) -> int:
    """Forget what was done in a lesson, or in all of them."""
    place = _Place.of(course, data_dir, class_file)
    there = place.course()
    if id is not None:
        id = lesson_named(there, id).id
    ids = [id] if id is not None else list(place.store.progress.tree.get("lessons", {}))
    begun = [one for one in ids if place.store.progress.lesson(one).state != "open"]
    if not begun:
        say(tr("{id} was not begun.", id=id) if id else tr("Nothing was begun."))
        return place.exit_code()
    what = tr("all progress in {title}, {lessons} lessons of it begun,", title=there.title, lessons=len(begun))
    what = tr("what was done in {id}", id=id) if id else what
    question = tr("Shall {what} be forgotten? lessons export keeps a copy.", what=what)
    if not yes and not click.confirm(question, err=True):
        tell("Nothing was forgotten.")
        return place.exit_code()

    def forgotten(tree: Tree) -> None:
        for one in ids:
            progress.forget(tree, one)
        if tree.get("current") in ids:
            tree["current"] = ""

    place.store.change(forgotten)
    if not place.store.warning:
        say(tr("{id} is as if never begun.", id=id) if id else tr("The course is as if never begun."))
    return place.exit_code()


@lessons.command()
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True)
@click.option("--play", is_flag=True, help=tr("Also play the solutions, and measure every figure that is stated."))
def check(paths: tuple[str, ...], play: bool) -> int:
    """Tell an author what is wrong with lessons, a course or a class file, by line and key."""
    wrong = 0
    for path in map(expanded, paths):
        look = _check_course if path.is_dir() else _check_class if path.suffix == ".toml" else _check_lesson
        wrong += look(path, play)
    return 1 if wrong else 0


def _check_lesson(path: Path, play: bool) -> int:
    """Say what is wrong with a lesson, or that nothing is; how much there is. So do the others."""
    from adder_tui.course.authoring import check_lesson

    lesson, problems = check_lesson(path)
    amiss = _say_all(problems, [lesson] if play and lesson is not None else [])
    if lesson is not None and not amiss:
        tasks = plural(len(lesson.tasks), "task", "tasks")
        parts = f"{tasks}, {plural(len(lesson.measured), 'measured figure', 'measured figures')}"
        if play:
            tell("{path}: {parts}. Nothing is wrong with it when it is played.", path=path, parts=parts)
        else:
            tell("{path}: {parts}. Nothing is wrong with it.", path=path, parts=parts)
    return amiss


def _check_course(folder: Path, play: bool) -> int:
    from adder_tui.course.authoring import check_course

    course, problems = check_course(folder)
    amiss = _say_all(problems, course.lessons if play and course is not None else [])
    if course is not None and not amiss:
        count = len(course.lessons)
        good = (
            trn(
                "{count} lesson. Nothing is wrong with it when it is played.",
                "{count} lessons. Nothing is wrong with them when they are played.",
                count,
                count=count,
            )
            if play
            else trn(
                "{count} lesson. Nothing is wrong with it.",
                "{count} lessons. Nothing is wrong with them.",
                count,
                count=count,
            )
        )
        say(f"{folder}: {good}")
    return amiss


def _check_class(path: Path, play: bool) -> int:
    import os

    from adder_tui.course.class_file import assigned_ids, read_class, today_words
    from adder_tui.course.source import LessonError

    try:
        taught = read_class(path)
        course = _course(taught.course)
    except LessonError as error:
        return _say_all(error.problems)
    today, missing = assigned_ids(course, taught.assigned)
    amiss = [missing] if missing else []
    drop = taught.drop
    if drop is not None and not (drop.is_dir() and os.access(drop, os.W_OK | os.X_OK)):
        amiss.append(tr("drop = {drop!r} will not do: it takes a folder that learners may write to.", drop=str(drop)))
    for text in amiss:
        say(f"{path}: {text}")
    if not amiss:
        on = tr("Today: {lessons}.", lessons=today_words(course, today)) + " " if today else ""
        say(f"{path}: {course.title}. {on}{tr('Nothing is wrong with it.')}")
    return len(amiss)


def _say_all(problems: Sequence[Problem], played: Sequence[Lesson] = ()) -> int:
    """Say what is wrong, also with lessons when they are played; how much there is."""
    say(*map(str, problems))
    amiss = len(problems)
    for lesson in played:
        found = asyncio.run(_trial(lesson))
        say(*(f"{lesson.file}: {one}" for one in found))
        amiss += len(found)
    return amiss


@lessons.command()
@click.argument("folder", metavar="FOLDER")
@COURSE
def translate(folder: str, course: str | None) -> int:
    """Copy a course into a new folder, each text marked that is to be translated."""
    from adder_tui.course.authoring import copy_to_translate
    from adder_tui.course.source import TO_TRANSLATE

    count = copy_to_translate(_course(course_of(course, None)), expanded(folder))
    values = {"count": count, "folder": folder, "mark": TO_TRANSLATE.strip()}
    tell("{count:,} texts in {folder} are to be translated; each has {mark} before it, which goes.", **values)
    tell(
        "adder-tui lessons check {folder} tells what is left, adder-tui --course {folder} plays it meanwhile.", **values
    )
    return 0


@lessons.command()
@click.argument("folder", metavar="[FOLDER]", required=False)
@click.option("--csv", "form", flag_value="csv", help=tr("Write a table with a line for each lesson begun."))
@click.option("--json", "form", flag_value="json", help=tr("Write the same as one JSON object a line."))
@COURSE
@CLASS
def report(folder: str | None, form: str | None, course: str | None, class_file: str | None) -> int:
    """Print who has what done and who is stuck, from a folder of exported progress: a file for each learner.

    Where a class file names a drop folder, that is the one.
    """
    from adder_tui.cli.class_report import print_report

    taught = read_class_of(class_file)
    where = expanded(folder) if folder is not None else taught.drop if taught is not None else None
    if where is None:
        raise AdderError("Name the folder in which the exported progress lies, or a class file with a drop.")
    return print_report(where, form or "text", course_of(course, taught))


@lessons.command()
@click.argument("id", metavar="ID")
@click.option("--do", "do_it", is_flag=True, help=tr("Be led through it line by line, without a screen."))
@PLACE
def read(id: str, do_it: bool, course: str | None, data_dir: str | None, class_file: str | None) -> int:
    """Print a lesson as plain text, for paper and screen readers."""
    if not do_it:
        from adder_tui.cli.lesson_print import printed

        folder = course_of(course, read_class_of(class_file))
        say(*printed(lesson_named(_course(folder), id)))
        return 0
    from adder_tui.cli.lesson_reader import lead

    place = _Place.of(course, data_dir, class_file)
    there = place.course()
    asyncio.run(lead(there, place.store, lesson_named(there, id)))
    return place.exit_code()


def _course(folder: Path | None) -> Course:
    from adder_tui.course.course import OWN_COURSE, read_course

    return read_course(folder or OWN_COURSE)


def lesson_named(course: Course, id: str) -> Lesson:
    """A lesson by its id, or by its number.

    Raises:
        click.UsageError: there is no such lesson; where its file cannot be used, why.
    """
    by_number = {str(lesson.order): lesson for lesson in course.lessons}
    lesson = course.by_id.get(id) or by_number.get(id)
    if lesson is None:
        broken = next((one for one in course.broken if one.name.partition("-")[2] == f"{id}.md"), None)
        if broken is not None:
            raise AdderError(broken.fault)
        raise AdderError("There is no lesson {id!r}: there are {ids}.", id=id, ids=", ".join(course.by_id))
    return lesson


def find_lesson(course: Path | None, id: str | None) -> str:
    """See whether a course can be played, and has that lesson; its id.

    Raises:
        LessonError: the course cannot be read.
        click.UsageError: there is no such lesson.
    """
    there = _course(course)
    return "" if id is None else lesson_named(there, id).id


async def _trial(lesson: Lesson) -> list[str]:
    from adder_engine.session import Session
    from adder_tui.course.authoring import groups, measure, try_solution

    async with Session(lesson.experiment) as session:
        amiss = [one async for one in try_solution(session, lesson)]
        for figures in groups(lesson):
            amiss += await measure(session, lesson, figures)
    return amiss
