"""The chapter review: questions of earlier lessons, those that were missed more often."""

from __future__ import annotations

import random
from collections.abc import Sequence

from adder_tui.lessons.lesson import Lesson
from adder_tui.lessons.progress import Progress, QuizRecord

QUESTIONS = 5
NEVER_RIGHT, RIGHT_LATER, RIGHT_AT_ONCE = 4, 3, 1
"""Weights of a question that was never answered rightly, rightly after a miss, and rightly the first time."""


def weight(quiz: QuizRecord) -> int:
    """How likely a question comes, against the others."""
    if not quiz.right:
        return NEVER_RIGHT
    return RIGHT_AT_ONCE if quiz.tries <= 1 else RIGHT_LATER


def draw_review(
    lessons: Sequence[Lesson], progress: Progress, dice: random.Random, count: int = QUESTIONS
) -> tuple[Lesson, ...]:
    """Lessons whose questions make up a review, each at most once.

    Args:
        lessons: those that may come: all up to and with the chapter that was finished.
        progress: how their questions went.
        dice: where chance comes from.
        count: how many are drawn, if there are so many.
    """
    left, drawn = list(lessons), list[Lesson]()
    while left and len(drawn) < count:
        (one,) = dice.choices(left, [weight(progress.lesson(lesson.id).quiz) for lesson in left])
        left.remove(one)
        drawn.append(one)
    return tuple(drawn)
