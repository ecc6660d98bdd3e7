"""What was written at 08be7eb, before the code moved to where it lies now, opens: a run, progress, progress as a line.

The run was made with torch's arithmetic. The kernels round some sums otherwise, so what lies between two keyframes,
which is replayed, may differ from what it was then in a weight's last places; what the file holds is taken as it is.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from adder_engine.experiment import Experiment
from adder_engine.kernels.random import to_torch
from adder_engine.runs.files import read, read_others
from adder_engine.runs.restoring import restored
from adder_engine.session import Session
from adder_engine.snapshot import Position
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.course import OWN_COURSE, mark_of, read_course, read_progress
from adder_tui.learn.list import Listing, list_head
from adder_tui.storage import progress
from adder_tui.storage.progress import LessonRecord, QuizRecord
from adder_tui.storage.progress_store import PROGRESS, Store, from_line
from adder_tui.storage.run_files import AUTOSAVE, LAST_RUN, set_aside
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import UNICODE

HERE = Path(__file__).parent
RUN = HERE / "run-before-the-move.npz"
PROGRESS_FILE = HERE / "progress-before-the-move.json"
LINE = HERE / "progress-line-before-the-move.txt"
ASKED = np.array([[30.0, 70.0], [3.0, 5.0]])
MARKS = ["hidden.weight[2, 0] = 0.5", "input.weight[1, 1] frozen", "input[1] silent"]
SEED = 8
"""Bytes at the beginning of a generator's state that say what it was seeded with, and change nothing it draws."""
near = partial(pytest.approx, rel=1e-5)


async def test_a_run_opens_where_it_stood_with_what_was_done_to_it() -> None:
    async with Session(Experiment.preset("many-pairs")) as session:
        opened = await session.open(RUN)
        assert (opened.warning, opened.message, opened.note) == ("", "", "")
        assert (opened.epoch, opened.moment, opened.newest) == (100, Position(100, 3), Position(120))
        assert (opened.frozen, opened.muted, opened.lr) == ((3,), ((0, 1),), 0.002)
        assert [(mark.epoch, mark.text) for mark in opened.marks] == [
            *zip((40, 60, 60), MARKS, strict=True), (90, "lr 0.002"),
        ]  # fmt: skip
        assert opened.train_loss == near(9476.578125)
        assert (opened.asked.sum.a, opened.asked.sum.b, opened.asked.predicted) == (30, 70, near(3.085651397705078))
        assert (await session.answers(ASKED)).tolist() == near([3.085651397705078, 0.3057461380958557])
        at_its_end = await session.end()
        assert (at_its_end.epoch, at_its_end.train_loss) == (120, near(7773.07666015625))
        assert (await session.answers(ASKED)).tolist() == near([12.343103408813477, 1.203230857849121])


async def test_the_runs_in_its_list_come_along_and_can_be_gone_on_with() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        first, undone = (await session.open(RUN)).runs
        assert (first.epoch, first.train_loss, first.test_loss) == (12, 9333.282318344116, 512.5865478515625)
        assert (undone.epoch, undone.train_loss, undone.test_loss) == (75, 11801.5439453125, None)
        assert (first.answers[0].predicted, undone.answers[0].predicted) == (93.15740966796875, 168.822509765625)
        assert [mark.text for mark in undone.marks] == [*MARKS, "lr 0.5"]
        assert (first.parent, undone.parent) == (None, first.id)
        # Batches drawn from the generator of those days, some thousand updates long where it is replayed.
        there = await session.switch(first.id)
        assert (there.epoch, there.moment, there.train_loss) == (12, Position(17148), near(9333.282318344116))
        assert (await session.answers(ASKED))[0] == near(93.15740203857422)
        there = await session.switch(undone.id)
        assert (there.epoch, there.lr, there.train_loss) == (75, 0.5, near(11801.5439453125))
        assert (await session.step("epoch")).epoch == 76


def test_what_the_file_holds_is_taken_bit_for_bit() -> None:
    for run in (read(RUN), *read_others(RUN)):
        left = restored(run)
        assert len(left.timeline.keyframes) == len(run.states)
        for keyframe, state, (stream, _) in zip(left.timeline.keyframes, run.states, run.stream_places, strict=True):
            assert keyframe.state.tobytes() == state.tobytes()
            assert to_torch(keyframe.stream)[SEED:].tobytes() == run.streams[stream][SEED:].tobytes()
        assert np.stack(left.history.train.arrays()).tobytes() == run.train.tobytes()
        assert np.stack(left.history.test.arrays()).tobytes() == run.test.tobytes()


async def test_every_keyframe_is_come_to_from_the_one_before_it() -> None:
    run = read(RUN)
    async with Session(Experiment.preset("one-pair")) as session:
        await session.open(RUN)
        for counters, state in zip(run.counters, run.states, strict=True):
            there = await session.seek(counters["updates_done"])
            np.testing.assert_allclose(there.state[0], state[0], rtol=1e-6, atol=1e-7)


async def test_a_run_saved_anew_loses_nothing(tmp_path: Path) -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        await session.open(RUN)
        await session.save(tmp_path / "again.npz")
    run, again = read(RUN), read(tmp_path / "again.npz")
    assert again.states.tobytes() == run.states.tobytes()
    for old, new in zip((run, *read_others(RUN)), (again, *read_others(tmp_path / "again.npz")), strict=True):
        assert new.experiment == old.experiment
        assert restored(new).timeline.events == restored(old).timeline.events
        assert new.train.tobytes() == old.train.tobytes()
        assert {state.tobytes() for state in new.states} <= {state.tobytes() for state in old.states}


def test_an_autosave_is_offered_as_the_last_run(tmp_path: Path) -> None:
    shutil.copy(RUN, tmp_path / AUTOSAVE)
    last = set_aside(tmp_path)
    assert last is not None
    assert (last.path, last.epoch) == (tmp_path / f"{LAST_RUN}.npz", 100)


RULE = LessonRecord(
    "solved", {"first": "c"}, tries=1, tasks=(1, 2), quiz=QuizRecord(2, True, "2026-11-20T09:01:30+00:00"), step=6,
    figures={"net": "1.1863", "small": "0.1139"},
)  # fmt: skip
ANATOMY = LessonRecord(
    "assisted", {"count": "37"}, tries=1, hints=2, assisted=True, tasks=(1, 2, 3, 4),
    quiz=QuizRecord(1, True, "2026-11-20T09:20:00+00:00"), step=5, answers={"n37": "37", "n105": "105"},
)  # fmt: skip
AFFINE = LessonRecord("started", tries=2, hints=1, tasks=(1,), best={"by-hand": 0.25}, step=3, answers={"f00": "0,5"})
RECORDS = {"rule-or-guess": RULE, "anatomy": ANATOMY, "one-affine-map": AFFINE}


def _store(folder: Path) -> Store:
    shutil.copy(PROGRESS_FILE, folder / PROGRESS)
    return read_progress(folder, mark_of(None))[0]


def test_progress_is_read_as_it_was_written(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.warning == ""
    assert store.progress.current == "one-affine-map"
    assert {id: store.progress.lesson(id) for id in RECORDS} == RECORDS
    assert store.progress.lesson("seeds") == LessonRecord()


def test_progress_goes_on_from_there_and_keeps_the_rest(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.change(partial(progress.finish_task, id="one-affine-map", task=2))
    assert store.warning == store.unsaved == ""
    again = Store(tmp_path).progress
    assert again.lesson("one-affine-map").tasks == (1, 2)
    assert (again.lesson("rule-or-guess"), again.lesson("anatomy")) == (RULE, ANATOMY)


def test_the_course_of_today_counts_the_lessons_that_were_done_then(tmp_path: Path) -> None:
    store, course = _store(tmp_path), read_course(OWN_COURSE)
    shown = plain(list_head(Listing(course, store.progress), 80, UNICODE))
    assert f"2 of {len(course.lessons)} done" in shown
    for id, kept in RECORDS.items():
        assert LessonAttempt(course.by_id[id], kept).done == set(kept.tasks)


def test_progress_as_a_line_is_the_same_progress() -> None:
    assert from_line(LINE.read_text()) == json.loads(PROGRESS_FILE.read_text())
