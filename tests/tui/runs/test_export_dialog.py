"""Exports from inside: what the command line's export writes, to a path that is typed, and over nothing unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from adder_engine import Experiment
from adder_engine.session import Session
from adder_tui.runs.file_screens import ExportRun
from tests.tui.screens import app_of, app_on, shows, until


async def test_the_palette_exports_the_run_as_every_kind_and_writes_over_nothing_unasked(
    session: Session, tmp_path: Path
) -> None:
    await session.load(Experiment.preset("one-pair").replace(epochs=20))
    await session.step("epoch", 20)
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        for name, phrase in (
            ("a.py", "import torch"), ("a.ipynb", "nbformat"), ("a.csv", "epoch,train_loss"), ("a.svg", "<svg"),
            ("a.toml", "epochs = 20"), ("a.pt", ""),
        ):  # fmt: skip
            await pilot.press("ctrl+p", *"export", "enter")
            await shows(pilot, "Export the run", "a PyTorch script")
            assert app_of(pilot).screen.query_one(Input).value.endswith(".py")
            app_of(pilot).screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            await until(pilot, lambda name=name: f"{name} is written." in app.notice)
            assert phrase.encode() in (tmp_path / name).read_bytes()
        assert len((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()) == 21
        (tmp_path / "a.csv").write_text("mine", encoding="utf-8")
        await pilot.press("ctrl+p", *"export", "enter")
        await shows(pilot, "Export the run")
        app_of(pilot).screen.query_one(Input).value = str(tmp_path / "a.csv")
        await pilot.press("enter")
        await shows(pilot, "a.csv is there already")
        assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert (tmp_path / "a.csv").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize(
    ("typed", "phrase"),
    [
        ("", "Type a name such as"),
        ("run.exe", "does not say what to write"),
        ("/nowhere/at/all/run.py", "there is no folder"),
    ],
)
async def test_what_cannot_be_exported_is_said_and_stays_to_be_mended(
    session: Session, typed: str, phrase: str
) -> None:
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        app.carry_out("export")
        await shows(pilot, "Export the run")
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        await shows(pilot, phrase)
        assert isinstance(app.screen, ExportRun)
