"""The run of last time is kept and offered; with the real engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adder_engine import Experiment, Session
from adder_tui.app import AdderApp
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import take_instance_lock
from adder_tui.storage.run_files import AUTOSAVE, LAST_RUN, MOST_EARLIER, UNREADABLE, run_files, set_aside
from tests.tui.screens import screen_text, shows, until

SIZE = (80, 24)


def leave_a_run(folder: Path, epochs: int) -> None:
    """As after quitting the app with the preset one-pair at that epoch."""

    async def train() -> None:
        session = Session(Experiment.preset("one-pair"), autosave=folder / AUTOSAVE)
        await session.step("epoch", epochs)
        await session.close()

    asyncio.run(train())


def test_a_first_start_offers_nothing(tmp_path: Path) -> None:
    assert set_aside(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_last_run_is_moved_out_of_the_way(tmp_path: Path) -> None:
    leave_a_run(tmp_path, 12)
    last = set_aside(tmp_path)
    assert last is not None
    assert (last.path, last.title, last.epoch) == (tmp_path / f"{LAST_RUN}.npz", "one-pair", 12)
    assert not (tmp_path / AUTOSAVE).exists()


def test_a_run_that_was_never_trained_does_not_displace_one_that_was(tmp_path: Path) -> None:
    leave_a_run(tmp_path, 12)
    set_aside(tmp_path)
    (tmp_path / AUTOSAVE).unlink(missing_ok=True)
    leave_a_run(tmp_path, 0)
    last = set_aside(tmp_path)
    assert last is not None
    assert last.epoch == 12


def test_a_run_that_was_changed_by_hand_and_never_trained_is_offered(tmp_path: Path) -> None:
    async def change() -> None:
        session = Session(Experiment.preset("one-pair"), autosave=tmp_path / AUTOSAVE)
        await session.edit("output.bias", (0,), 10.0)
        await session.close()

    asyncio.run(change())
    last = set_aside(tmp_path)
    assert last is not None
    assert (last.title, last.epoch) == ("one-pair", 0)


def test_a_kept_run_that_a_newer_one_displaces_is_still_listed(tmp_path: Path) -> None:
    for epochs in (12, 5, 7):
        leave_a_run(tmp_path, epochs)
        set_aside(tmp_path)
    assert sorted(file.epoch for file in run_files(tmp_path)) == [5, 7, 12]


def test_only_so_many_displaced_runs_are_kept(tmp_path: Path) -> None:
    leave_a_run(tmp_path, 1)
    whole = (tmp_path / AUTOSAVE).read_bytes()
    for _ in range(MOST_EARLIER + 3):
        (tmp_path / AUTOSAVE).write_bytes(whole)
        set_aside(tmp_path)
    assert len(list(run_files(tmp_path))) == MOST_EARLIER + 1


def test_a_damaged_run_is_put_aside_and_not_offered(tmp_path: Path) -> None:
    (tmp_path / AUTOSAVE).write_bytes(b"not a run")
    assert set_aside(tmp_path) is None
    assert (tmp_path / f"{UNREADABLE}.npz").read_bytes() == b"not a run"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A data folder in which a run at epoch 12 was left; made outside the test's own event loop."""
    leave_a_run(tmp_path, 12)
    return tmp_path


async def test_the_last_run_is_offered_and_opens_where_it_was_left(trained: Path) -> None:
    async with AdderApp(Settings(data_dir=trained)).run_test(size=SIZE) as pilot:
        await shows(pilot, "Your last run (one-pair, epoch 12) is kept: press o to open it.", "epoch 0 of 2,000")
        await pilot.press("o")
        await shows(pilot, "epoch 12 of 2,000")


@pytest.mark.parametrize("key", ["full_stop", "space"])
async def test_the_offer_leaves_with_the_first_step_and_does_not_come_back(trained: Path, key: str) -> None:
    app = AdderApp(Settings(data_dir=trained))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "press o to open it.", "epoch 0 of 2,000")
        await pilot.press(key)
        await until(pilot, lambda: "press o to open it" not in screen_text(app))
        if key == "space":
            await pilot.press("space")
        await pilot.press("home")
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.moment.update == 0)
        assert "press o to open it" not in screen_text(app)
        await pilot.press("o")
        await shows(pilot, "epoch 12 of 2,000")


async def test_a_run_that_was_asked_for_opens_without_an_offer(trained: Path) -> None:
    settings = Settings(data_dir=trained, experiment=Experiment.preset("tanh"))
    async with AdderApp(settings).run_test(size=SIZE) as pilot:
        await shows(pilot, "tanh   ‖ paused")
        await pilot.press("o")
        await shows(pilot, "There is no run kept from last time.")
    assert (trained / f"{LAST_RUN}.npz").exists()


async def test_the_real_engine_learns_one_pair_on_the_screen(tmp_path: Path) -> None:
    app = AdderApp(Settings(data_dir=tmp_path, experiment=Experiment.preset("one-pair")))
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused", "1.186")
        await pilot.press(*["right_square_bracket"] * 3)
        await shows(pilot, "It plays at full speed.")
        await pilot.press("space")
        await shows(pilot, "■ done", "99.98", "78.66", "46.67", "11.01", "29.47")
        await pilot.press("home")
        await shows(pilot, "epoch 0 of 2,000 (newest 2,000)", "1.186")
        await pilot.press("r", "q")
        await until(pilot, lambda: app.return_code == 0)


def test_each_app_on_a_folder_has_a_lock_of_its_own_until_it_ends(tmp_path: Path) -> None:
    first, second = take_instance_lock(tmp_path), take_instance_lock(tmp_path)
    assert (first.number, second.number) == (1, 2)
    assert first.lock is not None
    assert second.lock is not None
    first.lock.close()
    assert take_instance_lock(tmp_path).number == 1
    second.lock.close()


def test_the_run_of_an_app_on_another_lock_is_offered_too(tmp_path: Path) -> None:
    leave_a_run(tmp_path, 12)
    (tmp_path / AUTOSAVE).rename(tmp_path / "autosave-2.npz")
    last = set_aside(tmp_path)
    assert last is not None
    assert last.epoch == 12


async def test_a_rule_that_pauses_the_run_says_so(tmp_path: Path) -> None:
    experiment = Experiment.preset("one-pair").replace(**{"stop.loss": 9000.0})
    async with AdderApp(Settings(data_dir=tmp_path, experiment=experiment)).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("4", "space")
        await shows(pilot, "‖ paused", "Stopped by its rule: the train loss")
