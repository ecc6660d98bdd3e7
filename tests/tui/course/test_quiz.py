"""Questions: each wrong choice's own reason, numbers drawn anew, another order of the choices."""

import itertools
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from adder_engine.experiment import Experiment
from adder_engine.training.trainer import Trainer
from adder_tui.course.course import draw_question, read_course
from adder_tui.course.lesson import Lesson
from adder_tui.course.questions import LETTERS
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


COURSE = read_course()
each_lesson = pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)


@each_lesson
def test_a_lesson_has_four_questions_of_which_two_are_computed_and_all_reasons(lesson: Lesson) -> None:
    assert len(lesson.all_questions) >= 4
    assert sum(bool(one.draw) for one in lesson.all_questions) >= 2
    for one in lesson.all_questions:
        reasons = [one.reason(letter) for letter in LETTERS[: len(one.choices)] if letter != one.answer]
        assert all(reasons), one.ask
        assert len(set(one.choices)) == len(one.choices)
    for field in lesson.fields:
        if field.choices and field.answer:
            wrong = [letter for letter, _ in zip(LETTERS, field.choices, strict=False) if letter != field.answer]
            assert all(map(field.slip, wrong)), field.ask


def _zeros(h: int) -> int:
    """How many numbers of 2-h-h-1 training from zeros leaves where they are."""
    settings = {"network.layers": (2, h, h, 1), "network.init": "zeros", "data.count": 10}
    trainer = Trainer(Experiment().replace(**settings))
    trainer.train(3)
    return sum(int(np.sum(array == 0.0)) for _, array in trainer.named_parameters())


RIGHT: dict[str, list[Callable[..., Sequence[float]]]] = {
    "rule-or-guess": [lambda y, t: [(t - y) ** 2], lambda n, m, k: [sum((n, m))], lambda a, b: []],
    "anatomy": [
        lambda p, q: [np.ones((q, p)).size + np.ones(q).size],
        lambda y, v, w: [(y - v) + w],
        lambda h: [Experiment().replace(**{"network.layers": (2, h, 1)}).parameter_count],
    ],
    "seeds": [lambda n: [n**-0.5], lambda k: (places := range(1, 9999)[2 * k :][:37]) and [places[0], places[-1]]],
    "forward-by-hand": [lambda a, b, v, w, c: [np.dot([a, b], [v, w]) + c], lambda n, p, q: [q, p]],
    "shapes": [
        lambda a, k, b: (np.ones((a, k)) @ np.ones((k, b))).shape,
        lambda n: [(np.ones((n, 1)) - np.ones(n)).size],
        lambda n, q: (np.ones((n, q)) + np.ones(q)).shape[1:],
    ],
    "one-affine-map": [
        lambda p, q, r, s: [(r * (p + q) + s) - (r * q + s), r * q + s],
        lambda v, w, c: [np.dot([v, w], [0, 0]) + c],
        lambda y, c: [2 * (y - c) + c],
    ],
    "loss": [
        lambda a, b, c: [np.mean(np.square([a, -b, c]))], lambda m: [m**0.5], lambda k: [(7 * k) ** 2 / 7**2],
    ],
    "slope": [lambda y, t: [((y + 1 - t) ** 2 - (y - 1 - t) ** 2) / 2], lambda n, s, m: [s]],
    "backprop": [lambda d, x: [np.outer(d, x)[0, 0]], lambda v, w, d, e: [np.dot([v, w], [d, e])]],
    "one-step": [lambda v, g, r: [v + -g * r], lambda n, g: [sum(n * [g])]],
    "one-sum": [
        lambda n: [len(range(3)[n:])],
        lambda w, v, c: [np.dot([30, 70], [w, v]) + c, np.dot([70, 30], [w, v]) + c],
    ],
    "learning-rate": [lambda k, x, r: [x - r * (k * (x + 1) ** 2 - k * (x - 1) ** 2) / 2], lambda f, x: [f**2 * x]],
    "enough-examples": [
        lambda a, b: [b, a], lambda n: [np.linalg.matrix_rank([[3 * i, 7 * i, 1] for i in range(min(n, 9))])],
    ],
    "the-zoo": [
        lambda x, y, z: [np.mean([x, y, z])],
        lambda r: [np.mean(5 * [r + r])],
        lambda r, k: [np.dot([1, 1], [k * r, r])],
    ],
    "batches": [lambda n, b: [len(range(0, n, b))], lambda k: [1, k**0.5]],
    "far-away": [
        lambda w, v, c, a, b: [(w * a + v * b + c) - (a + b)], lambda e, t: [100 * ((t + e) / t - 1)],
    ],
    "activations": [
        lambda s, t, v, w: [np.dot(np.maximum([s, t], 0), [v, w])],
        lambda x, y: [np.polyval(np.polyfit([2, 3], [x, y], 1), 4)],
        lambda y: [y],
    ],
    "scale": [lambda k: [2 / k], lambda k, f: [k / f], lambda s, y: [y * s]],
    "stuck": [lambda h: [_zeros(int(h))], lambda n, w: [sum(n * [w])], lambda x, y, z: [np.mean([x, y, z])]],
    "overfit-and-capstone": [lambda k, n: [n / k**0.5], lambda h, p: [h - h * (1 - p)], lambda a, b, c, d: []],
}  # fmt: skip
"""The numbers of the right choice, worked out in another way, for the questions of a lesson that draw theirs."""


def numbers_in(text: str) -> list[float]:
    return [float(one.replace("−", "-").replace(",", "")) for one in re.findall(r"−?\d[\d,]*(?:\.\d+)?(?!\d)", text)]


@each_lesson
def test_whatever_is_drawn_the_right_choice_is_right_and_the_others_are_not(lesson: Lesson) -> None:
    drawing = [one for one in lesson.all_questions if one.draw]
    for question, right in zip(drawing, RIGHT[lesson.id], strict=True):
        for numbers in itertools.product(*question.draw.values()):
            drawn = dict(zip(question.draw, numbers, strict=True))
            put = question.filled(drawn)
            choices = dict(zip(LETTERS, put.choices, strict=False))
            told = choices.pop(put.answer)
            assert numbers_in(told) == pytest.approx(list(right(**drawn)), rel=6e-4), (put.ask, told)
            for other in choices.values():
                words, wrong = ([re.sub(r"[\d−,.+-]", "", text) for text in (told, other)], numbers_in(other))
                assert words[0] != words[1] or wrong != pytest.approx(numbers_in(told), rel=6e-4), (put.ask, other)
            assert not re.search(r"e[+−]|−0(?![.\d])", " ".join([put.ask, put.why, *put.choices, *put.reasons])), put
