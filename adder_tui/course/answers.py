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
    from adder_tui.course.state import LessonHost, LessonState

NOT_YET = "That is not it yet."


class Answers:
    """Takes letters and typed text for the lesson at hand, and keeps them."""

    def __init__(self, room: LessonHost) -> None:
        self._room = room

    def action_pick(self, letter: str) -> None:
        """A choice's letter: picked for a prediction, given for the quiz or the review."""
        lesson_state = self._room.lesson_state
        if lesson_state is None:
            return
        if lesson_state.review is not None:
            self._answer_review(lesson_state, lesson_state.review, letter)
        elif letter in LETTERS[: lesson_state.choice_count] and not lesson_state.may_go_on:
            if lesson_state.step.kind == "predict":
                lesson_state.picked = letter
            elif lesson_state.step.kind == "quiz":
                self._answer_quiz(lesson_state, letter)
        self._room.changed()

    def _answer_quiz(self, lesson_state: LessonState, letter: str) -> None:
        lesson, store = lesson_state.lesson, self._room.store
        lesson_state.answered = letter
        right = letter == lesson.quiz.answer
        store.change(lambda tree: progress.answer_quiz(tree, lesson.id, right, _now()))
        if completed(lesson, store.progress.lesson(lesson.id)):
            store.change(lambda tree: progress.finish(tree, lesson.id))

    # --- predictions and fields ------------------------------------------------------------------

    def lock_in(self) -> bool:
        """Lock in what was picked for the prediction; whether there was something."""
        lesson_state = self._room.lesson_state
        if lesson_state is None or not lesson_state.picked:
            return False
        self._predict(lesson_state, lesson_state.step.prediction, lesson_state.picked)
        return True

    def _predict(self, lesson_state: LessonState, id: str, value: str) -> None:
        lesson_state.attempt.activity.predict(id, value)
        self._room.store.change(lambda tree: progress.predict(tree, lesson_state.lesson.id, id, value))
        self._room.go(1)

    def type(self, text: str) -> None:
        """What stands in the field while it is being typed."""
        lesson_state = self._room.lesson_state
        if lesson_state is not None and text != lesson_state.typed:
            lesson_state.typed, lesson_state.refusal = text, ""
            self._room.changed()

    def submit(self, text: str) -> bool:
        """What was typed into the field: a prediction or an answer. False where it stays to be mended."""
        lesson_state = self._room.lesson_state
        if lesson_state is None or not lesson_state.blank:
            return False
        predicts = lesson_state.step.kind == "predict"
        taken = (self._typed_prediction if predicts else self._typed_answer)(
            lesson_state, lesson_state.blank, text.strip()
        )
        self._room.changed()
        return taken

    def _typed_prediction(self, lesson_state: LessonState, id: str, typed: str) -> bool:
        asked = lesson_state.lesson.prediction_named(id)
        assert asked is not None
        if not typed or (asked.kind == "number" and read_number(typed) is None):
            what = "a number, such as 40 or −2.5" if asked.kind == "number" else "a word or two"
            lesson_state.refusal = (
                f"{typed} is no number: type {what}." if typed else f"Type {what}; a guess is enough."
            )
            return False
        self._predict(lesson_state, id, typed)
        return True

    def _typed_answer(self, lesson_state: LessonState, id: str, typed: str) -> bool:
        one = lesson_state.lesson.field_named(id)
        assert one is not None
        if not typed or (not one.choices and read_number(typed) is None):
            lesson_state.refusal = f"{typed} is no number." if typed else "Type a number."
            return False
        lesson_state.attempt.activity.answer(id, typed)
        self._room.store.change(lambda tree: progress.answer(tree, lesson_state.lesson.id, id, typed))
        lesson_state.refusal = ""
        if not one.right(typed):
            lesson_state.replies[id] = one.slip(typed) or NOT_YET
            return False
        lesson_state.replies.pop(id, None)
        lesson_state.typed = ""
        return True

    # --- the chapter's review --------------------------------------------------------------------

    def begin_review(self) -> bool:
        """Draw questions of all lessons so far; False where there is none."""
        lesson_state, room = self._room.lesson_state, self._room
        if lesson_state is None:
            return False
        so_far = [one for one in room.course.lessons if one.order <= lesson_state.lesson.order]
        drawn = draw_review(so_far, room.store.progress, random.Random())
        lesson_state.review = Review(drawn) if drawn else None
        room.changed()
        return lesson_state.review is not None

    def _answer_review(self, lesson_state: LessonState, review: Review, letter: str) -> None:
        asked = review.question
        if letter not in LETTERS[: lesson_state.choice_count] or review.right:
            return
        first = not review.given
        right = letter == asked.quiz.answer
        self._room.store.change(lambda tree: progress.answer_quiz(tree, asked.id, right, _now()))
        lesson_state.review = dataclasses.replace(review, given=letter, at_once=review.at_once + (first and right))

    def next_question(self) -> bool:
        """The review's next question; False where this one is not right yet, or it was the last: the review is over."""
        lesson_state = self._room.lesson_state
        review = lesson_state.review if lesson_state is not None else None
        if lesson_state is None or review is None or not review.right:
            return False
        if review.at + 1 < len(review.lessons):
            lesson_state.review = dataclasses.replace(review, at=review.at + 1, given="")
            self._room.changed()
            return True
        lesson_state.review = None
        return False

    def end_review(self) -> None:
        """Back from the review to the lesson's last step."""
        if self._room.lesson_state is not None:
            self._room.lesson_state.review = None
            self._room.changed()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
