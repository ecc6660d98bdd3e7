"""Progress: read leniently, changed in one place, joined without loss, carried as a line, reviewed by weight."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_tui.course import course
from adder_tui.storage import progress
from adder_tui.storage.progress import LessonRecord, Progress, QuizRecord
from adder_tui.storage.progress_store import MARK, ProgressError, from_line, to_line
from tests.tui.course.lesson_file import small_lesson


def test_a_lesson_goes_from_open_to_begun_to_done() -> None:
    tree = progress.fresh()
    assert Progress(tree).lesson("x") == LessonRecord()
    progress.enter(tree, "x")
    progress.predict(tree, "x", "first", "b")
    progress.predict(tree, "x", "first", "a")
    progress.finish_task(tree, "x", 2)
    progress.finish_task(tree, "x", 1)
    progress.take_hint(tree, "x")
    progress.better(tree, "x", "quick", 7)
    progress.better(tree, "x", "quick", 9)
    kept = Progress(tree).lesson("x")
    assert (kept.state, kept.prediction, kept.tasks, kept.hints, kept.best) == (
        "started", {"first": "b"}, (1, 2), 1, {"quick": 7},
    )  # fmt: skip
    progress.finish(tree, "x")
    assert Progress(tree).lesson("x").state == "solved"
    assert Progress(tree).current == "x"
    progress.forget(tree, "x")
    assert Progress(tree).lesson("x") == LessonRecord()


def test_a_lesson_passed_with_show_me_is_assisted_and_never_solved() -> None:
    tree = progress.fresh()
    progress.finish_task(tree, "x", 1, shown=True)
    progress.finish(tree, "x")
    assert Progress(tree).lesson("x").state == "assisted"
    progress.enter(tree, "x")
    assert Progress(tree).lesson("x").done


def test_a_quiz_counts_its_tries_until_it_was_right(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = progress.fresh()
    for right, when in ((False, "2026-01-01"), (True, "2026-01-02"), (False, "2026-01-03")):
        monkeypatch.setattr(progress, "now", lambda when=when: when)
        progress.answer_quiz(tree, "x", right)
    assert Progress(tree).lesson("x").quiz == QuizRecord(2, True, "2026-01-03")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_LESSON = st.dictionaries(
    st.sampled_from(["state", "prediction", "tries", "hints", "assisted", "tasks", "best", "quiz", "later"]),
    _JSON | st.sampled_from(["open", "started", "assisted", "solved"]),
)
_TREES = st.fixed_dictionaries(
    {"lessons": st.dictionaries(st.sampled_from(["a", "b", "c"]), _LESSON | _JSON, max_size=3)},
    optional={"version": _JSON, "current": _JSON, "later": _JSON},
)


@given(_TREES)
def test_whatever_a_file_holds_is_read_and_can_be_changed(tree: Any) -> None:
    for id in ("a", "b", "c", "d"):
        assert isinstance(Progress(tree).lesson(id), LessonRecord)
        progress.enter(tree, id)
        progress.predict(tree, id, "p", "x")
        progress.finish_task(tree, id, 1)
        progress.take_hint(tree, id)
        progress.answer_quiz(tree, id, True)
        progress.better(tree, id, "c", 1.0)
        progress.finish(tree, id)
        kept = Progress(tree).lesson(id)
        assert kept.done
        assert 1 in kept.tasks
        assert kept.quiz.right


@given(_TREES, _TREES)
def test_joining_loses_nothing_of_either(ours: Any, theirs: Any) -> None:
    before, other = Progress({**progress.fresh(), **ours}), Progress(theirs)
    kept = {id: (before.lesson(id), other.lesson(id)) for id in ("a", "b", "c")}
    progress.join(ours, theirs)
    for id, (mine, its) in kept.items():
        joined = Progress(ours).lesson(id)
        rank = progress.STATES.index
        assert rank(joined.state) == max(rank(mine.state), rank(its.state))
        assert set(joined.tasks) == {*mine.tasks, *its.tasks}
        assert joined.hints == max(mine.hints, its.hints)
        assert joined.quiz.right == (mine.quiz.right or its.quiz.right)
        assert set(joined.prediction) >= set(mine.prediction)
        assert all(joined.best[c] <= score for c, score in (*mine.best.items(), *its.best.items()))


def test_joining_keeps_keys_that_are_not_ours() -> None:
    ours, theirs = {"lessons": {"a": {"later": 1}}}, {"lessons": {"a": {"more": 2}}, "colour": "blue"}
    progress.join(ours, theirs)
    assert ours["lessons"]["a"]["later"] == 1
    assert ours["lessons"]["a"]["more"] == 2  # type: ignore[typeddict-item]
    assert ours["colour"] == "blue"  # type: ignore[comparison-overlap]


# --- as a line ------------------------------------------------------------------------------------


@given(_TREES)
def test_progress_goes_through_a_line_of_text_unchanged(tree: Any) -> None:
    line = to_line(Progress(tree))
    assert line.isprintable()
    assert " " not in line
    assert from_line(line) == tree


def test_a_line_that_was_wrapped_on_its_way_is_read() -> None:
    line = to_line(Progress({**progress.fresh(), "lessons": {str(i): {"tries": i} for i in range(50)}}))
    wrapped = "\r\n".join(line[i : i + 60] for i in range(0, len(line), 60))
    assert len(from_line(f"  {wrapped}\n")["lessons"]) == 50


def test_a_finished_course_fits_a_terminals_line() -> None:
    tree = progress.fresh()
    for number in range(20):
        id = f"lesson-number-{number}-{'abcdefghij'[number % 10]}"
        progress.enter(tree, id)
        progress.predict(tree, id, "first", f"because of {number} I think")
        for task in range(1, 5):
            progress.finish_task(tree, id, task)
        progress.answer_quiz(tree, id, True)
        progress.finish(tree, id)
    assert len(to_line(Progress(tree))) < 4000  # a terminal takes 4095 characters a line


@pytest.mark.parametrize(
    "spoil",
    [lambda s: "", lambda s: "x", lambda s: s[:-5], lambda s: s + "AAAA!", lambda s: MARK, lambda s: MARK + "AAAA",
     lambda s: s.replace(":1:", ":9:"), lambda s: s[10:]],
)  # fmt: skip
def test_a_line_that_is_not_whole_is_refused_in_a_sentence(spoil: Any) -> None:
    line = to_line(Progress({**progress.fresh(), "lessons": {"a": {"state": "solved"}}}))
    with pytest.raises(ProgressError) as caught:
        from_line(spoil(line))
    assert "\n" not in str(caught.value)


def test_a_line_that_unfolds_without_end_is_refused() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b'{"lessons":{"a":"' + b"0" * 20_000_000 + b'"}}')).decode()
    with pytest.raises(ProgressError):
        from_line(MARK + bomb)


# --- review ---------------------------------------------------------------------------------------


def test_a_review_draws_what_was_missed_more_often(tmp_path: Path) -> None:
    lessons = [small_lesson(tmp_path, ('id = "small"', f'id = "l{i}"')) for i in range(3)]
    tree = progress.fresh()
    progress.answer_quiz(tree, "l0", True)
    progress.answer_quiz(tree, "l1", False)
    progress.answer_quiz(tree, "l1", True)
    assert [course.weight(Progress(tree).lesson(one.id).quiz) for one in lessons] == [1, 3, 4]
    dice = random.Random(1)
    firsts = Counter(course.draw_review(lessons, Progress(tree), dice)[0].id for _ in range(8000))
    for id, share in (("l0", 1 / 8), ("l1", 3 / 8), ("l2", 4 / 8)):
        assert firsts[id] / 8000 == pytest.approx(share, abs=0.03)


def test_a_review_asks_each_question_once_and_five_at_most(tmp_path: Path) -> None:
    lessons = [small_lesson(tmp_path, ('id = "small"', f'id = "l{i}"')) for i in range(8)]
    drawn = course.draw_review(lessons, Progress(progress.fresh()), random.Random(2))
    assert len({one.id for one in drawn}) == 5
    assert len(course.draw_review(lessons[:2], Progress(progress.fresh()), random.Random(2))) == 2
