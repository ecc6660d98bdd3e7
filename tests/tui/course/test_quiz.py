"""Questions: each wrong choice's own reason, numbers drawn anew, another order of the choices."""

import random
from pathlib import Path

import pytest

from adder_tui.course.course import draw_question, read_course
from adder_tui.course.lesson import LETTERS
from adder_tui.course.source import LessonError
from adder_tui.storage.progress import QuizRecord
from tests.tui.course.lesson_file import small_lesson

COMPUTED = """
[[question]]
ask = "A rate of {r} and a slope of {g}: the step is"
choices = ["{-r*g:.4g}", "{r*g:.4g}", "{g}", "minus the rate"]
answer = "a"
reasons = ["", "{r*g:.4g} goes uphill.", "That is the slope.", "That is half of it."]
why = "Minus {r} times {g} is {-r*g:.4g}."
fact = 1
draw = { r = [0.1, 0.01], g = [-40, 30, 200] }
+++
The lead"""


def test_numbers_are_drawn_choices_change_their_order_and_each_wrong_one_has_its_reason(tmp_path: Path) -> None:
    (question,) = small_lesson(tmp_path, ("+++\nThe lead", COMPUTED)).questions
    seen = set()
    for seed in range(60):
        put = question.put(random.Random(seed))
        assert "{" not in "".join([put.ask, *put.choices, *put.reasons, put.why])
        right = put.choices[LETTERS.index(put.answer)]
        assert put.why.endswith(f" is {right}.")
        for letter, choice in zip(LETTERS, put.choices, strict=False):
            assert bool(put.reason(letter)) == (letter != put.answer)
            if choice == "minus the rate":
                assert put.reason(letter) == "That is half of it."
        seen.add((put.ask, put.answer))
    assert len({ask for ask, _ in seen}) == 6
    assert len({answer for _, answer in seen}) == 4


def test_a_question_at_its_lessons_end_is_first_asked_as_it_is_written(tmp_path: Path) -> None:
    quiz = small_lesson(tmp_path).quiz
    assert quiz.put(random.Random(1), anew=False) == quiz
    assert {quiz.put(random.Random(seed)).answer for seed in range(20)} == {"a", "b"}
    held = small_lesson(tmp_path, ('answer = "b"', 'answer = "b"\nordered = true')).quiz
    assert {held.put(random.Random(seed)).answer for seed in range(20)} == {"b"}


def test_a_review_asks_another_question_than_the_last_time(tmp_path: Path) -> None:
    lesson = small_lesson(tmp_path, ("+++\nThe lead", COMPUTED))
    dice = random.Random(3)
    assert {draw_question(lesson, QuizRecord(asked=0), dice) for _ in range(9)} == {1}
    assert {draw_question(lesson, QuizRecord(asked=1), dice) for _ in range(9)} == {0}
    assert draw_question(small_lesson(tmp_path), QuizRecord(asked=0), dice) == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "{g}: the",
            "{h}: the",
            "question.ask cannot be computed where r = 0.1, g = -40. {h} is not among the numbers",
        ),
        ('"{g}", "minus', '"{r*g:.4g}", "minus', "question.choices has two that are the same where r = 0.1, g = -40."),
        ('"That is half of it."]', '""]', "question.reasons = "),
        ("[-40, 30, 200]", '["x"]', "question.draw = "),
        ("fact = 1\ndraw", "fact = 9\ndraw", "question.fact = 9: there are 3 facts."),
        ("{g}: the", "{r/0}: the", "has no value"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_for_any_numbers(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in COMPUTED
    with pytest.raises(LessonError) as caught:
        small_lesson(tmp_path, ("+++\nThe lead", COMPUTED.replace(old, new, 1)))
    assert says in "\n".join(map(str, caught.value.problems))


def test_lessons_with_questions_have_four_of_which_two_are_computed_and_all_reasons() -> None:
    asking = [lesson for lesson in read_course().lessons if lesson.questions]
    for lesson in asking:
        assert len(lesson.all_questions) >= 4, lesson.id
        assert sum(bool(one.draw) for one in lesson.all_questions) >= 2, lesson.id
        assert all(one.reasons for one in lesson.all_questions), lesson.id
