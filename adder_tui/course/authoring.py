"""What an author is told and given: faults of a lesson, also when it is played, and copies to translate."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.disk import write_whole
from adder_engine.errors import AdderError
from adder_engine.language import tr, trn
from adder_tui.course import markup
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.course import COURSE, GLOSSARY, Course, lesson_files, own_glossary, read_course
from adder_tui.course.expressions import Value
from adder_tui.course.lesson import Lesson, Measured, Settings
from adder_tui.course.loader import FENCE, read_lesson
from adder_tui.course.source import TO_TRANSLATE, LessonError, Problem, read_marked

if TYPE_CHECKING:
    from adder_engine.session import Session

FEWEST_WORDS, MOST_WORDS = 200, 600
_FIGURE = re.compile(r"(?<![\w.])[−-]?\d[\d,]*\.\d+(?!\w|\.\d)|(?<![\w.,])\d{1,3}(?:,\d{3})+(?!\w|[.,]\d)")
_VALUE = re.compile(r"(?<![\w.-])(title|goal|ask|shows|do|why|says|text|closing|run)\s*=\s*(\"{3}|'{3}|\"|')")
_LIST = re.compile(r"(?<![\w.-])(choices|hints|lines|also|reasons)\s*=\s*\[")
_STRING = re.compile(r"(\"{3}|'{3}|\"|')((?:\\.|(?!\1).)*)\1", re.DOTALL)
_ENTRY = re.compile(r"^(\"[^\"]*\"|[\w-]+)(\s*=\s*\")", re.MULTILINE)
_ITEM = re.compile(r"\s*(?:(?:-|\d+\.) +|\| ?)?")


def word_count(lesson: Lesson) -> int:
    """How many words its text has, all parts together."""
    words = markup.plain("\n".join(lesson.parts.values())).split()
    return sum(any(c.isalnum() for c in word) for word in words)


def advice(lesson: Lesson) -> Iterator[Problem]:
    """What is to be mended in a lesson although it can be played."""
    words = word_count(lesson)
    if not FEWEST_WORDS <= words <= MOST_WORDS:
        room = {"fewest": FEWEST_WORDS, "most": MOST_WORDS}
        said = tr("Its text has {words} words: {fewest} to {most} make a lesson.", words=words, **room)
        yield Problem(lesson.file, 0, said)
    if loose := ", ".join(unmeasured(lesson)):
        yield Problem(lesson.file, 0, tr("Stated, but neither [[measured]] nor [[cited]]: {loose}.", loose=loose))


def unmeasured(lesson: Lesson) -> list[str]:
    """Figures in the facts, the observation and the explanation that are neither measured nor cited."""
    known = [abs(one.value) for one in lesson.measured if isinstance(one.value, float)]
    known += [abs(value) for one in lesson.cited for value in one.values]
    loose = []
    for part in markup.PARTS[:3]:
        for match in _FIGURE.finditer(lesson.parts.get(part, "")):
            digits = match[0].replace(",", "").replace("−", "").replace("-", "")
            decimals = len(digits.partition(".")[2])
            if not any(abs(value - float(digits)) <= 0.5005 * 10.0**-decimals for value in known):
                loose.append(match[0])
    return list(dict.fromkeys(loose))


def left_to_translate(path: Path) -> Iterator[Problem]:
    """How much of a file is still to be translated, and where that begins."""
    lines = [n for n, line in enumerate(read_marked(path).split("\n"), 1) for _ in range(line.count(TO_TRANSLATE))]
    if lines:
        said = trn("{texts} text is left to be translated, marked {mark}",
                   "{texts} texts are left to be translated, marked {mark}",
                   len(lines), texts=len(lines), mark=TO_TRANSLATE.strip())  # fmt: skip
        yield Problem(str(path), lines[0], said)


def check_lesson(path: Path) -> tuple[Lesson | None, list[Problem]]:
    """A lesson's file, as far as it can be read, and all that is wrong with it."""
    try:
        lesson, glossary = read_lesson(path), own_glossary(path.parent)
    except LessonError as error:
        return None, list(error.problems)
    unknown = (one for one in lesson.terms if glossary.find(one) is None and one not in lesson.glossary)
    problems = [Problem(lesson.file, 0, tr("terms: {term!r} is not in the glossary.", term=one)) for one in unknown]
    return lesson, [*problems, *advice(lesson), *left_to_translate(path)]


def check_course(folder: Path) -> tuple[Course | None, list[Problem]]:
    """A course, as far as it can be read, and all that is wrong with it."""
    try:
        course = read_course(folder)
    except LessonError as error:
        return None, list(error.problems)
    problems = [problem for broken in course.broken for problem in broken.problems]
    for chapter in course.chapters:
        if not course.in_chapter(chapter.id):
            says = tr("The chapter {chapter!r} has no lesson.", chapter=chapter.id)
            problems.append(Problem(str(folder / COURSE), 0, says))
    if not course.id:
        nameless = tr("id is missing: progress is kept under the folder's name.")
        problems.append(Problem(str(folder / COURSE), 0, nameless))
    for lesson in course.lessons:
        for need in lesson.needs:
            if need not in course.by_id:
                problems.append(Problem(lesson.file, 0, tr("needs: there is no lesson {lesson!r}.", lesson=need)))
        problems += advice(lesson)
    for path in (folder / COURSE, *lesson_files(folder), *folder.glob(GLOSSARY)):
        problems += left_to_translate(path)
    return course, problems


# --- played ---------------------------------------------------------------------------------------


async def try_solution(session: Session, lesson: Lesson) -> AsyncIterator[str]:
    """What is wrong with the tasks and challenges when they are played, a sentence each."""
    attempt, player = await _entered(session, lesson)
    for task in await attempt.look(session):
        yield tr("The check of task {task} is true on entering: {check}", task=task.id, check=task.check.text)
    for task in lesson.tasks:
        about: dict[str, object] = {"task": task.id, "check": task.check.text}
        try:
            await player.play(task.actions)
        except AdderError as error:
            yield tr("The actions of task {task} do not work. {error}", task=task.id, error=error)
        early = [one.id for one in await attempt.look(session) if one.id > task.id]
        await attempt.take_figures(session)
        if task.id not in attempt.done:
            yield tr("The actions of task {task} do not make its check true: {check}", **about)
        for one in early:
            about["early"] = one
            yield tr("The check of task {early} is true already after the actions of task {task}.", **about)
    for quote in lesson.quotes:
        if quote.name not in attempt.figures:
            about = {"quote": quote.name, "expression": quote.value.text}
            yield tr("After the tasks {{{{{quote}}}}} has no value: {expression}", **about)
    for challenge in lesson.challenges:
        about = {"challenge": challenge.id, "check": challenge.check.text}
        attempt, player = await _entered(session, lesson)
        if await attempt.look_at_challenges(session):
            yield tr("The challenge {challenge} is met on entering.", **about)
        try:
            await player.play(challenge.actions)
        except AdderError as error:
            yield tr("The actions of the challenge {challenge} do not work. {error}", **about, error=error)
        await attempt.look_at_challenges(session)
        best = attempt.best.get(challenge.id)
        if best is None:
            yield tr("The actions of the challenge {challenge} do not meet it: {check}", **about)
        elif challenge.par is not None and best > challenge.par:
            about |= {"reached": best, "par": challenge.par}
            yield tr("The actions of the challenge {challenge} reach {reached:g}, not its par {par:g}.", **about)


async def _entered(
    session: Session, lesson: Lesson, changes: Settings | None = None
) -> tuple[LessonAttempt, ActionRunner]:
    attempt = LessonAttempt(lesson)
    player = ActionRunner(session, attempt)
    await player.enter(changes)
    return attempt, player


def groups(lesson: Lesson) -> tuple[tuple[Measured, ...], ...]:
    """The measured figures, those that come out of the same run together."""
    found: dict[str, list[Measured]] = {}
    for one in lesson.measured:
        found.setdefault(repr((sorted(one.preset.items()), one.actions)), []).append(one)
    return tuple(map(tuple, found.values()))


async def measure(session: Session, lesson: Lesson, figures: Sequence[Measured]) -> list[str]:
    """Measure figures that come out of one run, as :func:`groups` gives them. What is wrong with them."""
    try:
        attempt, player = await _entered(session, lesson, figures[0].preset)
        await player.play(figures[0].actions)
        return [wrong for one in figures if (wrong := _wrong(one, await attempt.value(session, one.expression)))]
    except AdderError as error:
        return [tr("The figure {figure!r} cannot be measured. {error}", figure=figures[0].key, error=error)]


def _wrong(figure: Measured, value: Value) -> str:
    """What is wrong with a figure that came out so, in a sentence; empty where it holds."""
    if figure.holds(value):
        return ""
    differs = tr("is {found!r}, not {stated!r}", found=value, stated=figure.value)
    stated = tr("is false") if figure.figure_class == "Q" else differs
    within = tr(" within {within:g}", within=figure.within) if figure.figure_class in ("T", "B") else ""
    values = {"figure": figure.key, "stated": stated, "within": within, "letter": figure.figure_class}
    expression = figure.expression.text
    return tr("The figure {figure!r} {stated}{within} (class {letter}): {expression}", **values, expression=expression)


# --- copies to translate ---------------------------------------------------------------------------


class TranslationError(AdderError):
    """A copy that cannot be made; one sentence."""


def copy_to_translate(course: Course, folder: Path) -> int:
    """Copy a course with each text marked; how many texts there are. It can be played at once, untranslated.

    Raises:
        TranslationError: the folder holds something already, or cannot be written.
        LessonError: a file of the course cannot be read.
    """
    files = [course.folder / COURSE, *lesson_files(course.folder), *course.folder.glob(GLOSSARY)]
    copies = {path.name: marked(path.name, read_marked(path)) for path in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise TranslationError("{folder} is not empty: a copy goes into a new folder.", folder=folder)
        for name, text in copies.items():
            write_whole(folder / name, lambda file, text=text: file.write(text.encode()))  # type: ignore[misc]
    except OSError as error:
        why = error.strerror or error
        raise TranslationError("{folder} cannot be written ({why}).", folder=folder, why=why) from None
    return sum(text.count(TO_TRANSLATE) for text in copies.values())


def marked(name: str, text: str) -> str:
    """A file of a course with a mark before each text that is to be translated.

    Ids, bins, terms, numbers and code stay: other places name them.
    """
    if name.endswith(".toml"):
        return _marked_toml(text)
    front, toml, body = text.split(FENCE, 2)
    return FENCE.join((front, _marked_toml(toml), _marked_body(body)))


def _marked_toml(text: str) -> str:
    places = [found.end() for found in _VALUE.finditer(text)]
    for found in _LIST.finditer(text):
        for string in _strings_of_list(text, found.end()):
            places.append(string.start() + len(string[1]))
    at = text.find("\n[glossary]\n")
    if at >= 0:
        end = text.find("\n[", at + 2)
        places += [found.end() for found in _ENTRY.finditer(text, at, end if end >= 0 else len(text))]
    for place in sorted(set(places), reverse=True):
        text = text[:place] + TO_TRANSLATE + text[place:]
    return text


def _strings_of_list(text: str, at: int) -> Iterator[re.Match[str]]:
    """The strings from here to the list's end."""
    while string := _STRING.search(text, at):
        if "]" in text[at : string.start()]:
            return
        yield string
        at = string.end()


def _marked_body(body: str) -> str:
    lines, begins = [], True
    for _, line, coded in markup.lines_of(body):
        bare = line.strip()
        item = _ITEM.match(line)
        starts = bool(item and item[0].strip()) and not line.startswith("    ")
        if coded or not bare or bare.startswith(("#", "|-", "|:")):
            begins = True
        elif item is not None and (begins or starts):
            line = item[0] + TO_TRANSLATE + line[item.end() :]
            begins = bare.startswith("|")
        lines.append(line)
    return "\n".join(lines)
