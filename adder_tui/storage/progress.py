"""What a learner has done of a course: read leniently, changed step by step, joined without loss."""

from __future__ import annotations

import copy
import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeGuard

from adder_engine.language import tr

VERSION = 1

State = Literal["open", "started", "assisted", "solved"]
STATES: tuple[State, ...] = ("open", "started", "assisted", "solved")
"""From the least to the furthest. ``assisted``: done, with "show me" for some task."""
STATE_NAMES: Mapping[State, str] = {
    "open": tr("open"), "started": tr("begun"), "assisted": tr("done, with help"), "solved": tr("done"),
}  # fmt: skip

Tree = dict[str, Any]
"""``{version, current, lessons: {id: {state, prediction, tries, hints, assisted, tasks, best, quiz, step,
answers, figures, activity, date}}}``, as in the file. Keys that we do not know are kept."""
MOST_TABLES = 20_000
"""Lists and tables in a file; a lesson has some ten."""


@dataclass(frozen=True)
class QuizRecord:
    """How a lesson's question went so far."""

    tries: int = 0
    """Answers given until it was right, that one included."""
    right: bool = False
    last_seen: str = ""
    """When it was asked last, ISO 8601."""
    asked: int = 0
    """The number of the lesson's question that was asked last; 0 is the one at its end."""


@dataclass(frozen=True)
class LessonRecord:
    """What is kept of one lesson."""

    state: State = "open"
    prediction: Mapping[str, str] = field(default_factory=dict)
    """Prediction's id to what was said."""
    tries: int = 0
    """How often the lesson was entered."""
    hints: int = 0
    """How many hints were looked at."""
    assisted: bool = False
    """"Show me" was asked for."""
    tasks: tuple[int, ...] = ()
    """Ids of tasks that are done."""
    best: Mapping[str, float] = field(default_factory=dict)
    """Challenge's id to the personal best."""
    quiz: QuizRecord = QuizRecord()
    step: int = 0
    """The index of the step that the learner was at."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Field's id to what was typed last."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """Quote's name to the figure of the learner's own run, as it was written."""
    activity: Mapping[str, Any] = field(default_factory=dict)
    """What was opened, sorted, nudged and asked, to go on from."""
    date: str = ""
    """When something was done in it last, ISO 8601 with the zone; empty where that was not kept."""

    @property
    def done(self) -> bool:
        return self.state in ("assisted", "solved")


@dataclass(frozen=True)
class Progress:
    """A course's progress at one moment. Changes go through :class:`~adder_tui.storage.progress_store.Store`."""

    tree: Tree

    @property
    def current(self) -> str:
        """The id of the lesson that the learner was in last; empty before the first."""
        return _text(self.tree.get("current"))

    def lesson(self, id: str) -> LessonRecord:
        """What is kept of a lesson; whatever is missing or of the wrong type takes its default."""
        kept = as_table(as_table(self.tree.get("lessons")).get(id))
        quiz = as_table(kept.get("quiz"))
        state = kept.get("state")
        return LessonRecord(
            state if state in STATES else "open",
            _texts(kept.get("prediction")),
            _count(kept.get("tries")),
            _count(kept.get("hints")),
            kept.get("assisted") is True,
            tuple(sorted(_wholes(kept.get("tasks")))),
            {k: float(v) for k, v in as_table(kept.get("best")).items() if _is_number(v)},
            QuizRecord(
                _count(quiz.get("tries")),
                quiz.get("right") is True,
                _text(quiz.get("last_seen")),
                _count(quiz.get("asked")),
            ),
            _count(kept.get("step")),
            _texts(kept.get("answers")),
            _texts(kept.get("figures")),
            as_table(kept.get("activity")),
            _text(kept.get("date")),
        )


# --- changes: functions on the tree, so that they can be made to what another app has written meanwhile -------


def lesson_of(tree: Tree, id: str) -> Tree:
    """The part of the tree that holds a lesson, made where it is missing."""
    return _inner(_inner(tree, "lessons"), id)


def _at_work(tree: Tree, id: str) -> Tree:
    """The same, where the learner does something in it now."""
    kept = lesson_of(tree, id)
    kept["date"] = now()
    return kept


def now() -> str:
    """This moment as it is kept: ISO 8601, in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def enter(tree: Tree, id: str) -> None:
    """A lesson is entered: it becomes the current one."""
    kept = _at_work(tree, id)
    tree["current"] = id
    kept["tries"] = _count(kept.get("tries")) + 1
    if kept.get("state") not in STATES[1:]:
        kept["state"] = "started"


def predict(tree: Tree, id: str, prediction: str, said: str) -> None:
    """A prediction is locked in; one that is locked stays."""
    _inner(_at_work(tree, id), "prediction").setdefault(prediction, said)


def finish_task(tree: Tree, id: str, task: int, shown: bool = False) -> None:
    """A task is done; ``shown``: by "show me"."""
    kept = _at_work(tree, id)
    kept["tasks"] = sorted(_wholes(kept.get("tasks")) | {task})
    if shown:
        kept["assisted"] = True


def take_hint(tree: Tree, id: str) -> None:
    """One more hint was looked at."""
    kept = _at_work(tree, id)
    kept["hints"] = _count(kept.get("hints")) + 1


def answer_quiz(tree: Tree, id: str, right: bool) -> None:
    """The quiz was answered. Its tries are counted until it was right once."""
    kept = _at_work(tree, id)
    quiz = _inner(kept, "quiz")
    if quiz.get("right") is not True:
        quiz["tries"] = _count(quiz.get("tries")) + 1
        quiz["right"] = right
    quiz["last_seen"] = kept["date"]


def ask_quiz(tree: Tree, id: str, number: int) -> None:
    """A question of a lesson is asked, so that the next one is another."""
    _inner(lesson_of(tree, id), "quiz")["asked"] = number


def stand(tree: Tree, id: str, step: int) -> None:
    """The learner is at this step."""
    _at_work(tree, id)["step"] = step


def answer(tree: Tree, id: str, field: str, said: str) -> None:
    """A field was filled in."""
    _inner(_at_work(tree, id), "answers")[field] = said


def keep_figures(tree: Tree, id: str, figures: Mapping[str, str]) -> None:
    """Keep figures of the learner's own run for the text."""
    _inner(lesson_of(tree, id), "figures").update(figures)


def keep_activity(tree: Tree, id: str, activity: Mapping[str, Any], answers: Mapping[str, str]) -> None:
    """Keep what was done so far, and what is filled in by whoever it was."""
    kept = _at_work(tree, id)
    kept["activity"] = dict(activity)
    _inner(kept, "answers").update(answers)


def finish(tree: Tree, id: str) -> None:
    """A lesson is done: assisted where "show me" was used, else solved. What was solved stays so."""
    kept = lesson_of(tree, id)
    if kept.get("state") != "solved":
        kept["state"] = "assisted" if kept.get("assisted") is True else "solved"


def better(tree: Tree, id: str, challenge: str, score: float) -> None:
    """A challenge was met; the lowest score is kept."""
    _keep_best(lesson_of(tree, id), challenge, score)


def _keep_best(lesson: Tree, challenge: str, score: float) -> None:
    best = _inner(lesson, "best")
    known = best.get(challenge)
    best[challenge] = min(score, known) if _is_number(known) else score


def forget(tree: Tree, id: str) -> None:
    """A lesson is begun afresh."""
    _inner(tree, "lessons").pop(id, None)


def join(tree: Tree, other: Tree) -> None:
    """Take over another progress: of each lesson whichever has come further, nothing lost of this one."""
    if not _text(tree.get("current")):
        tree["current"] = _text(other.get("current"))
    for id, theirs in as_table(other.get("lessons")).items():
        if isinstance(theirs, dict):
            _join_lesson(lesson_of(tree, id), copy.deepcopy(theirs))
    for key, value in other.items():
        tree.setdefault(key, copy.deepcopy(value))


def _join_lesson(ours: Tree, theirs: Tree) -> None:
    mine, other = ours.get("state"), theirs.get("state")
    if other in STATES and (mine not in STATES or STATES.index(other) > STATES.index(mine)):
        ours["state"] = other
    for key in ("tries", "hints"):
        if _count(theirs.get(key)) > _count(ours.get(key)):
            ours[key] = theirs[key]
    if theirs.get("assisted") is True:
        ours["assisted"] = True
    if tasks := _wholes(ours.get("tasks")) | _wholes(theirs.get("tasks")):
        ours["tasks"] = sorted(tasks)
    for challenge, score in as_table(theirs.get("best")).items():
        if _is_number(score):
            _keep_best(ours, challenge, score)
    _join_quiz(ours, as_table(theirs.get("quiz")))
    if _text(theirs.get("date")) > _text(ours.get("date")):
        ours["date"] = theirs["date"]
    for key, value in theirs.items():
        if isinstance(value, dict) and isinstance(ours.get(key), dict):
            for inner, kept in value.items():
                ours[key].setdefault(inner, kept)
        else:
            ours.setdefault(key, value)


def _join_quiz(ours: Tree, theirs: Tree) -> None:
    if not theirs:
        return
    mine = _inner(ours, "quiz")
    rights = mine.get("right") is True, theirs.get("right") is True
    if rights == (False, True) or (rights[0] == rights[1] and _count(theirs.get("tries")) > _count(mine.get("tries"))):
        mine |= {key: theirs[key] for key in ("tries", "right") if key in theirs}
    mine["last_seen"] = max(_text(mine.get("last_seen")), _text(theirs.get("last_seen")))


# --- lenient reading -----------------------------------------------------------------------------


def fresh() -> Tree:
    """Progress of somebody who has not begun."""
    return {"version": VERSION, "current": "", "lessons": {}}


def _inner(tree: Tree, key: str) -> Tree:
    inner = tree.get(key)
    if not isinstance(inner, dict):
        inner = tree[key] = {}
    return inner


def as_table(value: object) -> Tree:
    """The value where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _texts(value: object) -> dict[str, str]:
    return {key: text for key, text in as_table(value).items() if isinstance(text, str)}


def _wholes(value: object) -> set[int]:
    return {one for one in as_list(value) if isinstance(one, int) and not isinstance(one, bool)}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def tree_of(text: bytes) -> Tree:
    """The progress in a JSON text.

    Raises:
        ValueError or RecursionError: it holds none.
    """
    held = text.decode("utf-8")
    if held.count("[") + held.count("{") > MOST_TABLES:
        raise ValueError
    tree = json.loads(held)
    if not isinstance(tree, dict) or not isinstance(tree.get("lessons", {}), dict):
        raise ValueError
    return tree
