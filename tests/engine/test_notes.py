"""Notes that a person writes on runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_engine.snapshot import MOST_NOTE

EXPERIMENT = Experiment.preset("one-pair")


async def test_notes_are_kept_with_the_runs_and_come_back_from_a_file(tmp_path: Path) -> None:
    async with Session(EXPERIMENT) as session:
        first = (await session.step("10 epochs")).run
        await session.note(first, "  the one with [bold]Adam[/bold]\n ")
        now = await session.reseed()
        assert now.note == ""
        assert now.runs[0].note == "the one with [bold]Adam[/bold]"
        await session.step("epoch")
        await session.note(now.run, "ünïcode")
        there = await session.switch(first)
        assert (there.note, there.runs[0].note) == ("the one with [bold]Adam[/bold]", "ünïcode")
        await session.save(tmp_path / "run.npz")
    async with Session(EXPERIMENT) as session:
        opened = await session.open(tmp_path / "run.npz")
        assert (opened.note, opened.runs[0].note) == ("the one with [bold]Adam[/bold]", "ünïcode")
        assert (await session.note(opened.run, "")).note == ""


async def test_a_file_from_before_there_were_notes_opens(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    async with Session(EXPERIMENT) as session:
        await session.step("epoch")
        await session.reseed()
        await session.step("epoch")
        await session.save(path)
    with np.load(path, allow_pickle=False) as arrays:
        parts = dict(arrays)
    for name in ("facts", "run0_facts"):
        told = json.loads(str(parts[name]))
        told["facts"].pop("note", None)
        told["facts"].get("run", {}).pop("note", None)
        parts[name] = np.array(json.dumps(told))
    np.savez(path, **parts)
    async with Session(EXPERIMENT) as session:
        opened = await session.open(path)
        assert (opened.note, opened.runs[0].note, opened.warning) == ("", "", "")


async def test_a_run_that_repeats_another_takes_its_note_over() -> None:
    async with Session(EXPERIMENT) as session:
        first = await session.step("epoch")
        await session.note(first.run, "mine")
        await session.reset()
        await session.step("10 epochs")
        runs = (await session.reseed()).runs
        assert [run.note for run in runs] == ["mine"]


async def test_a_note_is_one_short_line_and_only_of_a_run_that_was() -> None:
    async with Session(EXPERIMENT) as session:
        now = await session.note(1, "a\x1b[31m\tb" + "x" * 200)
        assert now.note == ("a[31mb" + "x" * 200)[:MOST_NOTE]
        with pytest.raises(RequestError, match="no run 99"):
            await session.note(99, "x")
        with pytest.raises(RequestError, match="text"):
            await session.note(1, 3)  # type: ignore[arg-type]
