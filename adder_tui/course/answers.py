"""What a learner says in a lesson: predictions, what is filled in, the quiz, and the chapter's review."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.course.attempt import completed
from adder_tui.course.course import draw_question, draw_review
from adder_tui.course.questions import LETTERS, read_number, without_thousands
from adder_tui.course.state import Review
from adder_tui.storage import progress

if TYPE_CHECKING:
    from adder_tui.course.state import LessonHost, LessonState

NOT_YET = tr("That is not it yet.")


class Answers:
    """Takes letters and typed text for the lesson at hand, and keeps them."""

    def __init__(self, room: LessonHost) -> None:
        self._room = room

    def action_pick(self, letter: str) -> None:
        """A choice's letter: picked for a prediction, given for the quiz or the review."""
        state = self._room.open
        if letter not in LETTERS[: len(state.choices)]:
            return
        if state.review is not None:
            self._answer_review(state, state.review, letter)
        elif state.step.kind == "predict":
            state.picked = letter
        elif not state.may_go_on:
            self._answer_quiz(state, letter)
        self._room.changed()

    def _answer_quiz(self, state: LessonState, letter: str) -> None:
        lesson, store = state.lesson, self._room.store
        state.answered = letter
        right = letter == state.quiz.answer
        store.change(progress.answer_quiz, lesson.id, right)
        if completed(lesson, store.progress.lesson(lesson.id)):
            store.change(progress.finish, lesson.id)
            state.finished = True

    # --- predictions and fields ------------------------------------------------------------------

    def lock_in(self) -> bool:
        """Lock in what was picked for the prediction; whether there was something."""
        state = self._room.open
        if not state.picked:
            return False
        self._predict(state, state.step.prediction, state.picked)
        return True

    def _predict(self, state: LessonState, id: str, value: str) -> None:
        state.activity.predictions.setdefault(id, value)
        self._room.store.change(progress.predict, state.lesson.id, id, value)
        self._room.go(1)

    def type(self, text: str) -> None:
        """What stands in the field while it is being typed."""
        state = self._room.open
        if text != state.typed:
            state.typed, state.refusal = text, ""
            state.replies.pop(state.blank, None)
            self._room.changed()

    def submit(self, text: str) -> bool:
        """What was typed into the field: a prediction or an answer. False where it stays to be mended."""
        state = self._room.open
        if not state.blank:
            return False
        predicts = state.step.kind == "predict"
        taken = (self._typed_prediction if predicts else self._typed_answer)(state, state.blank, text.strip())
        self._room.changed()
        return taken

    def _typed_prediction(self, state: LessonState, id: str, typed: str) -> bool:
        asked = state.lesson.prediction_named(id)
        number = asked is not None and asked.kind == "number"
        if not typed or (number and read_number(typed) is None):
            what = tr("a number, such as 40 or −2.5") if number else tr("a word or two")
            none = tr("Type {what}; a guess is enough.", what=what)
            state.refusal = tr("{typed} is no number: type {what}.", typed=typed, what=what) if typed else none
            return False
        self._predict(state, id, typed)
        return True

    def _typed_answer(self, state: LessonState, id: str, typed: str) -> bool:
        one = state.lesson.field_named(id)
        assert one is not None
        known = one.letter(typed) if one.choices else read_number(typed)
        if known in ("", None):
            last = LETTERS[len(one.choices) - 1]
            asked = tr("a letter from a to {last}", last=last) if one.choices else tr("a number")
            refused = tr("no number: type one such as 40 or −2.5")
            if one.choices:
                refused = tr("none of the choices: type {asked}", asked=asked)
            elif plain := without_thousands(typed).replace("-", "−"):
                refused = tr("no number: a comma is decimal here, so write {plain}", plain=plain)
            none = tr("Type {asked}.", asked=asked)
            state.refusal = tr("{typed} is {refused}.", typed=typed, refused=refused) if typed else none
            return False
        typed = one.letter(typed) or typed
        state.activity.answers[id] = typed
        self._room.store.change(progress.answer, state.lesson.id, id, typed)
        state.refusal = ""
        if not one.right(typed):
            state.replies[id] = one.slip(typed) or NOT_YET
            return False
        state.replies.pop(id, None)
        state.typed = ""
        return True

    # --- the chapter's review --------------------------------------------------------------------

    def begin_review(self) -> bool:
        """Draw questions of the lessons so far that were opened; False where there is none."""
        room, state = self._room, self._room.open
        kept, dice = room.store.progress, random.Random()
        so_far = [one for one in room.course.lessons if one.order <= state.lesson.order and kept.lesson(one.id).tries]
        drawn = draw_review(so_far, kept, dice)
        asked = tuple(draw_question(one, kept.lesson(one.id).quiz, dice) for one in drawn)
        for one, number in zip(drawn, asked, strict=True):
            room.store.change(progress.ask_quiz, one.id, number)
        quizzes = tuple(one.all_questions[number].put(dice) for one, number in zip(drawn, asked, strict=True))
        state.review = Review(drawn, quizzes) if drawn else None
        room.changed()
        return bool(drawn)

    def _answer_review(self, state: LessonState, review: Review, letter: str) -> None:
        if review.right:
            return
        first, asked = not review.given, review.question
        right = letter == review.quiz.answer
        self._room.store.change(progress.answer_quiz, asked.id, right)
        state.review = dataclasses.replace(review, given=letter, at_once=review.at_once + (first and right))

    def next_question(self) -> bool:
        """The review's next question; False where this one is not right yet, or it was the last: the review is over."""
        state, review = self._room.open, self._room.open.review
        if review is None or not review.right:
            return False
        goes_on = review.at + 1 < len(review.lessons)
        state.review = dataclasses.replace(review, at=review.at + 1, given="") if goes_on else None
        self._room.changed()
        return goes_on

    def end_review(self) -> None:
        """Back from the review to the lesson's last step."""
        self._room.open.review = None
        self._room.changed()
