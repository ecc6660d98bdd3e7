"""Saving a run under a name and opening it, in the app, on the real engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.runs.files import summary
from adder_engine.session import Session
from adder_tui.app import AdderApp
from adder_tui.runs.file_screens import OpenRun
from adder_tui.settings import Settings
from adder_tui.storage.run_files import free_name, path_of, run_files
from tests.tui.screens import app_of, screen_text, shows, until

ONE_PAIR = Experiment.preset("one-pair")


@asynccontextmanager
async def app_in(session: Session, folder: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """The app on a one-pair run at epoch 12, with this data folder."""
    await session.load(ONE_PAIR)
    await session.step("epoch", 12)
    app = AdderApp(Settings(data_dir=folder), session)
    async with app.run_test(size=size) as pilot:
        await shows(pilot, "epoch 12 of 2,000")
        yield pilot


def typed(pilot: Pilot[None], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text


async def test_a_run_is_saved_under_a_name_and_opened_again(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with app_in(session, folder) as pilot:
        await pilot.press("ctrl+s")
        await shows(pilot, "Save the run", "one-pair")
        await pilot.press("enter")
        await shows(pilot, "The run is saved as")
        saved = summary(folder / "one-pair.npz")
        assert saved is not None
        assert saved.epoch == 12
        await pilot.press("r")
        await shows(pilot, "epoch 0 of 2,000")
        await pilot.press("O")
        await shows(pilot, "Open a run", "one-pair", "12")
        await pilot.press("enter")
        await shows(pilot, "epoch 12 of 2,000", "one-pair is open")


async def test_a_file_that_is_there_is_not_written_over_silently(session: Session, tmp_path: Path) -> None:
    kept = tmp_path / "mine.npz"
    kept.write_bytes(b"something dear")
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("ctrl+s")
        await shows(pilot, "Save the run")
        typed(pilot, "mine")
        await pilot.press("enter")
        await shows(pilot, "mine.npz is there already")
        assert kept.read_bytes() == b"something dear"
        await pilot.press("enter")
        await shows(pilot, "The run is saved as")
        assert summary(kept) is not None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Type a name"),
        ("autosave", "writes to by itself"),
        ("/proc/nowhere/run", "could not be saved"),
        ("my_first/run", "'my_first-run'"),
        ("..", "no name for a file"),
        ("x" * 300, "is too long"),
        ("~/none/run", "there is no folder"),
    ],
)
async def test_a_name_that_will_not_do_is_said_and_stays(
    session: Session, tmp_path: Path, name: str, sentence: str
) -> None:
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("ctrl+s")
        await shows(pilot, "Save the run")
        typed(pilot, name)
        await pilot.press("enter")
        await shows(pilot, sentence)
        assert pilot.app.screen.query_one(Input).value == name
        assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_damaged_file_is_shown_as_such_and_refused(
    session: Session, tmp_path: Path, size: tuple[int, int]
) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 no run")
    async with app_in(session, tmp_path, size) as pilot:
        await pilot.press("O")
        await shows(pilot, "broken", "damaged, or not a run")
        await pilot.press("enter")
        await until(pilot, lambda: "is not a run" in " ".join(screen_text(pilot.app).split()))  # type: ignore[arg-type]
        await pilot.press("escape")
        await shows(pilot, "epoch 12 of 2,000")


async def test_a_path_is_typed_and_a_foreign_file_refused(session: Session, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    await session.load(ONE_PAIR)
    await session.step("epoch", 7)
    await session.save(elsewhere / "far.npz")
    (elsewhere / "notes.txt").write_text("[b]not a run[/b]")
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("O")
        await shows(pilot, "No run is saved in")
        for wrong, sentence in (
            (elsewhere / "notes.txt", "is not a run"),
            (elsewhere / "gone.npz", "There is no file"),
        ):
            typed(pilot, str(wrong))
            await pilot.press("enter")
            await until(pilot, lambda s=sentence: s in " ".join(screen_text(pilot.app).split()))  # type: ignore[arg-type]
            assert pilot.app.screen.query_one(Input).value == str(wrong)
        typed(pilot, str(elsewhere / "far.npz"))
        await pilot.press("enter")
        await shows(pilot, "epoch 7 of 2,000")


async def test_a_file_of_weights_starts_a_new_run_and_one_that_does_not_fit_is_refused(
    session: Session, tmp_path: Path
) -> None:
    names, shapes = ONE_PAIR.layer_names, zip((2, 4, 4), (4, 4, 1), strict=True)
    weights = {
        f"{name}.{kind}": np.full((leave, enter) if kind == "weight" else leave, 0.5, dtype=np.float32)
        for name, (enter, leave) in zip(names, shapes, strict=True)
        for kind in ("weight", "bias")
    }
    np.savez(tmp_path / "fits.npz", **weights)
    np.savez(tmp_path / "less.npz", **{name: array for name, array in weights.items() if name != "hidden.bias"})
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("O")
        await shows(pilot, "fits", "less")
        typed(pilot, "less")
        await pilot.press("enter")
        await until(pilot, lambda: "has no hidden.bias" in " ".join(screen_text(pilot.app).split()))  # type: ignore[arg-type]
        typed(pilot, "fits")
        await pilot.press("enter")
        await shows(pilot, "epoch 0 of 2,000", "A new run starts from the weights in fits.npz.")
        snapshot = await session.snapshot()
        assert (snapshot.state[0] == np.float32(0.5)).all()
        await pilot.press("u")
        await shows(pilot, "epoch 12 of 2,000")


async def test_typing_narrows_the_list(session: Session, tmp_path: Path) -> None:
    await session.load(ONE_PAIR)
    for name in ("first", "second"):
        await session.save(tmp_path / f"{name}.npz")
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("O")
        await shows(pilot, "first", "second")
        await pilot.press("s", "e", "c")
        await until(pilot, lambda: "first" not in screen_text(pilot.app))  # type: ignore[arg-type]
        assert "second" in screen_text(pilot.app)  # type: ignore[arg-type]


def test_names_are_free_and_plain(tmp_path: Path) -> None:
    assert free_name(tmp_path, "one-pair") == "one-pair"
    (tmp_path / "one-pair.npz").touch()
    assert free_name(tmp_path, "one-pair") == "one-pair-2"
    assert free_name(tmp_path, "2-4-4-1 adam") == "2-4-4-1-adam"
    assert free_name(tmp_path, "…") == "run"


def test_a_path_gets_its_ending_and_may_lie_anywhere(tmp_path: Path) -> None:
    assert path_of("mine", tmp_path) == tmp_path / "mine.npz"
    assert path_of("/elsewhere/v1.2", tmp_path) == Path("/elsewhere/v1.2.npz")
    with pytest.raises(RequestError, match="by itself"):
        path_of("last-run-2", tmp_path)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("my_first/run", "such as 'my_first-run', or a whole path"), ("a\\b", "such as 'a-b'"),
        ("./run", "such as 'run'"),
        ("../run", "such as 'run'"), ("run/", "such as 'run'"),
        (".", "no name for a file"), ("..", "no name for a file"),
        (".hidden", "no name for a file"), (".npz", "no name for a file"), ("/tmp/", "no name for a file"),
        ("/tmp/..", "no name for a file"), ("/tmp/.x", "no name for a file"),
        ("a\0b", "a character that no name takes"),
        ("a\x1b[31m", "a character that no name takes"), ("ü" * 120, "too long with 244 bytes"), ("  ", "Type a name"),
    ],
)  # fmt: skip
def test_a_name_that_the_list_would_not_show_is_refused_with_one_that_will_do(
    typed: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError) as refused:
        path_of(typed, tmp_path)
    assert words in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["run", "my run", "v1.2", "größer", "x" * 190, "run.npz"])
def test_every_name_that_is_taken_is_in_the_list_afterwards(name: str, tmp_path: Path) -> None:
    path = path_of(name, tmp_path)
    path.touch()
    assert [file.path for file in run_files(tmp_path)] == [path]


def test_the_newest_file_comes_first_and_our_own_autosave_not_at_all(tmp_path: Path) -> None:
    assert list(run_files(tmp_path)) == []
    (tmp_path / "a.npz").touch()
    (tmp_path / "autosave.npz").touch()
    assert [file.path.stem for file in run_files(tmp_path, tmp_path / "autosave.npz")] == ["a"]
    assert all(file.damaged for file in run_files(tmp_path))


async def test_a_name_and_enter_that_arrive_in_one_piece_are_done_in_their_order(
    session: Session, tmp_path: Path
) -> None:
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("ctrl+s")
        await shows(pilot, "Save the run")
        for key in ("ctrl+u", "x", "y", "enter"):
            pilot.app.simulate_key(key)
        await shows(pilot, "The run is saved as")
        assert summary(tmp_path / "xy.npz") is not None


async def test_a_click_chooses_the_file_that_it_is_on_however_far_the_list_is_scrolled(
    session: Session, tmp_path: Path
) -> None:
    for i in range(60):
        (tmp_path / f"mine-{i:02}.npz").write_bytes(b"no run")
    async with app_in(session, tmp_path) as pilot:
        await pilot.press("O")
        await shows(pilot, "Open a run", "mine-59")
        screen = pilot.app.screen
        assert isinstance(screen, OpenRun)
        for keys in ([], ["pagedown"] * 3, ["end"]):
            await pilot.press(*keys)
            await until(pilot, lambda: f"▸ {screen.files[screen.at].path.stem}" in screen_text(app_of(pilot)))
            lines = screen_text(app_of(pilot)).splitlines()
            y = max(i for i, line in enumerate(lines) if "mine-" in line) - 2
            wanted = lines[y].split()[0]
            await pilot.click(offset=(5, y))
            await pilot.pause()
            assert screen.files[screen.at].path.stem == wanted
