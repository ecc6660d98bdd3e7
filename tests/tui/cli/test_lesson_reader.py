"""Lessons without a screen: on paper, and line by line at a plain prompt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adder_engine.session import Session
from adder_tui.cli import main as cli
from adder_tui.cli.lesson_print import WIDTH, printed
from adder_tui.cli.lesson_reader import TYPED, LessonReader
from adder_tui.course.course import Course, read_course
from adder_tui.course.lesson import Lesson
from adder_tui.storage.progress_store import Store
from adder_tui.storage.run_files import LessonRuns

COURSE = read_course()
QUICK = ("rule-or-guess", "forward-by-hand", "slope", "shapes")


class Person:
    """Somebody who does a lesson by its own solution, looking at what is asked; stops when it is done."""

    def __init__(self, lesson: Lesson) -> None:
        self.reader: LessonReader | None = None
        self._left = {task.id: list(task.actions) for task in lesson.tasks}
        self._patience = 200

    def types(self, prompt: str) -> str | None:
        self._patience -= 1
        state = self.reader.room.lesson_state if self.reader is not None else None
        if state is None or state.finished or not self._patience:
            return None
        if state.may_go_on:
            return ""
        if state.step.kind == "quiz":
            return state.quiz.answer
        if state.step.kind == "predict":
            return "a" if state.choices else "1"
        while state.task is not None and (left := self._left[state.task.id]):
            action = left.pop(0)
            if action.verb in TYPED:
                return action.text
            if action.verb == "answer":
                return " ".join(action.words[1:])
        return None


async def led(course: Course, lesson: Lesson, folder: Path, lines: Iterator[str | None] | None = None) -> Store:
    """Go through a lesson with these lines, or as its solution has it."""
    store, person = Store(folder), Person(lesson)
    async with Session(lesson.experiment) as session:
        read = person.types if lines is None else lambda prompt: next(lines, None)
        person.reader = LessonReader(course, store, LessonRuns(folder / "lessons"), session, lesson, read)
        await person.reader.go_through()
    return store


@pytest.mark.parametrize(
    "lesson",
    [pytest.param(one, id=one.id, marks=() if one.id in QUICK else pytest.mark.slow) for one in COURSE.lessons],
)
async def test_each_lesson_can_be_done_without_a_screen(lesson: Lesson, tmp_path: Path) -> None:
    store = await led(COURSE, lesson, tmp_path)
    kept = store.progress.lesson(lesson.id)
    assert set(kept.tasks) == {task.id for task in lesson.tasks}
    assert kept.state == "solved"


async def test_values_are_told_after_each_action_and_wrong_answers_have_their_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = COURSE.by_id["forward-by-hand"]
    lines = iter(["", "40", "", "values", "-40.5", "40.499", "39.98", "9+1", "again", "quit"])
    store = await led(COURSE, lesson, tmp_path, lines)
    told = capsys.readouterr().out
    assert "The network tells its numbers once the blank is filled in." in told
    assert "the bias is missing" in told
    assert "done: Fill in neuron 2" in told
    assert "What you have done is kept." in told
    assert store.progress.lesson(lesson.id).prediction


async def test_what_cannot_be_done_is_said_and_what_is_done_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter(["help", "30+70", "", "30+70", "values", "hint", "set seed=3", "open chart", "run 2000", "", "x", "b",
                  "words model", "words modle", "blorb"])  # fmt: skip
    await led(COURSE, COURSE.by_id["rule-or-guess"], tmp_path, lines)
    told = capsys.readouterr().out
    for part in ("There is nothing to be typed at this step", "x is none of the choices: type a letter from a to c",
                 "set is not for this lesson", "This lesson has no chart", "the network says 99.98",
                 "To 30 and 70 the network says 1.186, right"
                 " is 100, off by −98.81.", "input, neuron 1: 30·0.5406 + 70·0.5869 + 0.6233 = 57.92", "hint 1",
                 "model: ", "did you mean model?", "'blorb' is nothing that can be done here"):  # fmt: skip
        assert part in told, part


def test_a_lesson_on_paper_has_all_its_text_and_blanks_for_the_learners_own_figures() -> None:
    for lesson in COURSE.lessons:
        lines = list(printed(lesson))
        text = "\n".join(lines)
        assert "{{" not in text
        assert "[[" not in text
        assert max(map(len, lines)) <= WIDTH + 2, lesson.id
        for heading in ("PREDICT", "DO", "OBSERVE", "WHY IT IS SO", "TO KEEP", "QUESTION"):
            assert heading in lines, (lesson.id, heading)


def test_reading_takes_a_lessons_number_or_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lessons", "read", "1"]) == 0
    first = capsys.readouterr().out
    assert cli.main(["lessons", "read", COURSE.lessons[0].id]) == 0
    assert capsys.readouterr().out == first
    assert cli.main(["lessons", "read", "nothing"]) == 2
    assert "There is no lesson 'nothing': there are" in capsys.readouterr().err


async def test_the_keys_that_texts_name_can_be_typed_as_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = COURSE.by_id["learning-rate"]
    lines = ["", "a", "b", "b", "e schedule", "e lr 5e-5, schedule step", "Tab", "space", ",", "open downhill"]
    await led(COURSE, lesson, tmp_path, iter(lines))
    told = capsys.readouterr().out
    for said in (
        "rate 1e-5\n", "rate 5e-5\n", "Epoch 2,000 of 2,000", "Epoch 1,999 of 2,000", "The limit here is",
        "Write open and a view: chart, downhill, settings, runs, sums.",
    ):  # fmt: skip
        assert said in told, said
