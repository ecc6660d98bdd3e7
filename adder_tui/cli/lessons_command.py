"""``adder-tui lessons``: what there is and how far one is; progress carried elsewhere; lessons checked."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adder_engine.disk import read_bounded
from adder_tui.cli.output import complain, say
from adder_tui.settings import default_data_dir
from adder_tui.storage.progress import Progress, ProgressError, Store, Tree, join, progress_file, tree_of
from adder_tui.storage.run_files import expanded

if TYPE_CHECKING:
    from adder_tui.course.course import Course
    from adder_tui.course.lesson import Lesson
STATE_WORDS = {"open": "open", "started": "begun", "assisted": "done, with help", "solved": "done"}
STATE_LETTERS = {"open": ".", "started": "-", "assisted": "h", "solved": "x"}
LONGEST_LINE = 5_000_000
MARK = "adder-tui-progress:1:"
MOST_BYTES = 5_000_000
"""What a line may unfold to."""

DATA_DIR = click.option("--data-dir", metavar="FOLDER", help="Where progress is kept, instead of the usual folder.")
COURSE = click.option("--course", metavar="FOLDER", help="A course of your own, instead of the one that comes along.")


class _Lessons(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise click.UsageError(f"lessons has no {args[0]!r}: there are {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


@click.group(cls=_Lessons, invoke_without_command=True)
@COURSE
@DATA_DIR
@click.pass_context
def lessons(ctx: click.Context, course: str | None, data_dir: str | None) -> int:
    """List the course's lessons; export, import and check them."""
    if ctx.invoked_subcommand is not None:
        if course or data_dir:
            raise click.UsageError(f"Write the option after {ctx.invoked_subcommand}.")
        return 0
    store, there = _store(data_dir, course), _course(course)
    width = max(len(lesson.id) for lesson in there.lessons)
    for chapter in there.chapters:
        if there.in_chapter(chapter.id):
            say(f"{chapter.title}")
        for lesson in there.in_chapter(chapter.id):
            kept = store.progress.lesson(lesson.id)
            here = ">" if store.progress.current == lesson.id else " "
            say(f"{here} {lesson.order:>2}  {lesson.id:<{width}}  {STATE_WORDS[kept.state]:<15}  {lesson.title}")
    done = sum(store.progress.lesson(lesson.id).done for lesson in there.lessons)
    say(f"{done} of {len(there.lessons)} done.")
    return _text(store)


@lessons.command()
@click.argument("file", metavar="[FILE]", required=False)
@COURSE
@DATA_DIR
def export(file: str | None, course: str | None, data_dir: str | None) -> int:
    """Write your progress as one line, to a file or to the screen."""
    store = _store(data_dir, course)
    line = to_line(store.progress)
    if file is None or file == "-":
        say(line)
    else:
        expanded(file).write_text(line + "\n", encoding="ascii")
        say(f"Your progress is in {file}: adder-tui lessons import {file} takes it over elsewhere.")
    return _text(store)


@lessons.command("import")
@click.argument("file", metavar="FILE|-")
@COURSE
@DATA_DIR
def import_(file: str, course: str | None, data_dir: str | None) -> int:
    """Take over exported progress; of each lesson whichever has come further is kept."""
    other = _exported(None if file == "-" else expanded(file))
    store = _store(data_dir, course)

    def taken_over(tree: Tree) -> None:
        join(tree, other)

    store.change(taken_over)
    ids = list(other.get("lessons", {}))
    done = sum(store.progress.lesson(id).done for id in ids)
    if not store.warning:
        say(f"Taken over: {len(ids)} {'lesson' if len(ids) == 1 else 'lessons'}, {done} of them done.")
    return _text(store)


@lessons.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--play", is_flag=True, help="Also play the solution, and measure every figure that is stated.")
def check(files: tuple[str, ...], play: bool) -> int:
    """Tell an author what is wrong with lessons, by line and key."""
    from adder_tui.course.action_runner import unmeasured
    from adder_tui.course.course import own_glossary
    from adder_tui.course.loader import read_lesson
    from adder_tui.course.source import LessonError

    wrong = 0
    for file in files:
        try:
            lesson = read_lesson(expanded(file))
            glossary = own_glossary(expanded(file).parent)
        except LessonError as error:
            wrong += len(error.problems)
            for problem in error.problems:
                say(str(problem))
            continue
        amiss = [f"terms: {term!r} is not in the glossary." for term in lesson.terms
                 if glossary.find(term) is None and term not in lesson.glossary]  # fmt: skip
        if play:
            amiss += asyncio.run(_trial(lesson))
        for one in amiss:
            say(f"{file}: {one}")
        wrong += len(amiss)
        if loose := unmeasured(lesson):
            say(f"{file}: stated, but not among [[measured]]: {', '.join(loose)}.")
        if not amiss:
            say(f"{file}: {_counted(lesson)}. Nothing is wrong with it{' when it is played' if play else ''}.")
    return 1 if wrong else 0


@lessons.command()
@click.argument("folder", metavar="FOLDER")
@COURSE
def report(folder: str, course: str | None) -> int:
    """Print who has what done, from a folder of exported progress: a file for each learner."""
    there = _course(course)
    rows: list[tuple[str, Progress]] = []
    try:
        files = sorted(path for path in expanded(folder).iterdir() if path.is_file())
    except OSError as error:
        raise click.UsageError(f"The folder {folder} cannot be read ({error.strerror}).") from None
    for path in files:
        try:
            rows.append((path.stem, Progress(_exported(path))))
        except ProgressError as error:
            complain(f"{path.name}: {error}")
    if not rows:
        raise click.UsageError(f"There is no exported progress in {folder}: adder-tui lessons export FILE writes it.")
    width = min(30, max(len(name) for name, _ in rows))
    say(f"{'':{width}}  {' '.join(f'{lesson.order:>2}' for lesson in there.lessons)}  done")
    for name, progress in rows:
        kept = [progress.lesson(lesson.id) for lesson in there.lessons]
        letters = " ".join(f"{STATE_LETTERS[one.state]:>2}" for one in kept)
        say(f"{name[:width]:{width}}  {letters}  {sum(one.done for one in kept):>4}")
    say("x done, h done with help, - begun, . open")
    return 1 if len(rows) < len(files) else 0


def _course(folder: str | None) -> Course:
    from adder_tui.course.course import OWN_COURSE, read_course

    return read_course(OWN_COURSE if folder is None else expanded(folder))


def find_lesson(course: Path | None, id: str | None) -> None:
    """See whether a course can be played, and has that lesson.

    Raises:
        LessonError: the course cannot be read.
        click.UsageError: there is no such lesson.
    """
    from adder_tui.course.course import OWN_COURSE, read_course

    there = read_course(course or OWN_COURSE)
    if id is not None and id not in there.by_id:
        raise click.UsageError(f"There is no lesson {id!r}: there are {', '.join(there.by_id)}.")


def _store(data_dir: str | None, course: str | None) -> Store:
    folder = expanded(data_dir).absolute() if data_dir else default_data_dir()
    return Store(folder, progress_file(None if course is None else expanded(course)))


def _text(store: Store) -> int:
    """Say what the store has to say; the exit code."""
    if store.warning:
        complain(store.warning)
    return 1 if store.warning else 0


def _exported(path: Path | None) -> Tree:
    """The progress in a file, or in what is typed or piped in."""
    try:
        if path is None:
            text = sys.stdin.readline(LONGEST_LINE)
        else:
            text = read_bounded(path, LONGEST_LINE).decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise ProgressError(f"{path} cannot be read ({error.strerror}).") from None
    return from_line(text)


def to_line(progress: Progress) -> str:
    """The progress as one line of letters, digits, ``-`` and ``_``: short enough to be pasted into a terminal."""
    text = json.dumps(progress.tree, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = zlib.compress(text.encode("utf-8"), 9)
    return MARK + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def from_line(line: str) -> Tree:
    """The progress that a line holds; blanks and line breaks in it, as mail programs make them, do no harm.

    Raises:
        ProgressError: it is none of ours, or it is not whole.
    """
    bare = "".join(line.split())
    if not bare.startswith(MARK):
        raise ProgressError(f"This is no exported progress: what adder-tui lessons export writes begins with {MARK}")
    body = bare[len(MARK) :]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        return tree_of(text)
    except (ValueError, RecursionError, binascii.Error, zlib.error):
        raise ProgressError("This exported progress is not whole: copy the line again, all of it.") from None


async def _trial(lesson: Lesson) -> list[str]:
    from adder_engine.session import Session
    from adder_tui.course.action_runner import groups, measure, try_solution

    async with Session(lesson.experiment) as session:
        amiss = [one async for one in try_solution(session, lesson)]
        for figures in groups(lesson):
            amiss += await measure(session, lesson, figures)
    return amiss


def _counted(lesson: Lesson) -> str:
    return ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((len(lesson.tasks), "task"), (len(lesson.measured), "measured figure"))
    )
