"""What a learner says in a lesson: predictions, what is filled in, the quiz, and the chapter's review."""

from __future__ import annotations

import dataclasses
import datetime
import random
from typing import TYPE_CHECKING

from adder_tui.course.course import draw_review
from adder_tui.course.lesson import LETTERS, read_number
from adder_tui.course.state import Review, completed
from adder_tui.storage import progress

if TYPE_CHECKING:
    from adder_tui.course.lesson_controller import Classroom
    from adder_tui.course.state import Sitting

NOT_YET = "That is not it yet."


class Answers:
    """Takes letters and typed text for the lesson at hand, and keeps them."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    def pick(self, letter: str) -> None:
        """A choice's letter: picked for a prediction, given for the quiz or the review."""
        sitting = self._room.sitting
        if sitting is None:
            return
        if sitting.review is not None:
            self._answer_review(sitting, sitting.review, letter)
        elif letter in LETTERS[: sitting.choice_count] and not sitting.may_go_on:
            if sitting.step.kind == "predict":
                sitting.picked = letter
            elif sitting.step.kind == "quiz":
                self._answer_quiz(sitting, letter)
        self._room.changed()

    def _answer_quiz(self, sitting: Sitting, letter: str) -> None:
        lesson, store = sitting.lesson, self._room.store
        sitting.answered = letter
        right = letter == lesson.quiz.answer
        store.change(lambda tree: progress.answer_quiz(tree, lesson.id, right, _now()))
        if completed(lesson, store.progress.lesson(lesson.id)):
            store.change(lambda tree: progress.finish(tree, lesson.id))

    # --- predictions and fields ------------------------------------------------------------------

    def lock_in(self) -> bool:
        """Lock in what was picked for the prediction; whether there was something."""
        sitting = self._room.sitting
        if sitting is None or not sitting.picked:
            return False
        self._predict(sitting, sitting.step.prediction, sitting.picked)
        return True

    def _predict(self, sitting: Sitting, id: str, value: str) -> None:
        sitting.attempt.deeds.predict(id, value)
        self._room.store.change(lambda tree: progress.predict(tree, sitting.lesson.id, id, value))
        self._room.go(1)

    def type(self, text: str) -> None:
        """What stands in the field while it is being typed."""
        sitting = self._room.sitting
        if sitting is not None and text != sitting.typed:
            sitting.typed, sitting.refusal = text, ""
            self._room.changed()

    def submit(self, text: str) -> bool:
        """What was typed into the field: a prediction or an answer. False where it stays to be mended."""
        sitting = self._room.sitting
        if sitting is None or not sitting.blank:
            return False
        predicts = sitting.step.kind == "predict"
        taken = (self._typed_prediction if predicts else self._typed_answer)(sitting, sitting.blank, text.strip())
        self._room.changed()
        return taken

    def _typed_prediction(self, sitting: Sitting, id: str, typed: str) -> bool:
        asked = sitting.lesson.prediction_named(id)
        assert asked is not None
        if not typed or (asked.kind == "number" and read_number(typed) is None):
            what = "a number, such as 40 or −2.5" if asked.kind == "number" else "a word or two"
            sitting.refusal = f"{typed} is no number: type {what}." if typed else f"Type {what}; a guess is enough."
            return False
        self._predict(sitting, id, typed)
        return True

    def _typed_answer(self, sitting: Sitting, id: str, typed: str) -> bool:
        one = sitting.lesson.field_named(id)
        assert one is not None
        if not typed or (not one.choices and read_number(typed) is None):
            sitting.refusal = f"{typed} is no number." if typed else "Type a number."
            return False
        sitting.attempt.deeds.answer(id, typed)
        self._room.store.change(lambda tree: progress.answer(tree, sitting.lesson.id, id, typed))
        sitting.refusal = ""
        if not one.right(typed):
            sitting.told[id] = one.slip(typed) or NOT_YET
            return False
        sitting.told.pop(id, None)
        sitting.typed = ""
        return True

    # --- the chapter's review --------------------------------------------------------------------

    def begin_review(self) -> bool:
        """Draw questions of all lessons so far; False where there is none."""
        sitting, room = self._room.sitting, self._room
        if sitting is None:
            return False
        so_far = [one for one in room.course.lessons if one.order <= sitting.lesson.order]
        drawn = draw_review(so_far, room.store.progress, random.Random())
        sitting.review = Review(drawn) if drawn else None
        room.changed()
        return sitting.review is not None

    def _answer_review(self, sitting: Sitting, review: Review, letter: str) -> None:
        asked = review.question
        if letter not in LETTERS[: sitting.choice_count] or review.right:
            return
        first = not review.given
        right = letter == asked.quiz.answer
        self._room.store.change(lambda tree: progress.answer_quiz(tree, asked.id, right, _now()))
        sitting.review = dataclasses.replace(review, given=letter, at_once=review.at_once + (first and right))

    def next_question(self) -> bool:
        """The review's next question; False where this one is not right yet, or it was the last: the review is over."""
        sitting = self._room.sitting
        review = sitting.review if sitting is not None else None
        if sitting is None or review is None or not review.right:
            return False
        if review.at + 1 < len(review.lessons):
            sitting.review = dataclasses.replace(review, at=review.at + 1, given="")
            self._room.changed()
            return True
        sitting.review = None
        return False

    def end_review(self) -> None:
        """Back from the review to the lesson's last step."""
        if self._room.sitting is not None:
            self._room.sitting.review = None
            self._room.changed()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
