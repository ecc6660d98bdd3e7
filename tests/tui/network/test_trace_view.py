"""The trace in the app: scrolling, the ladder, rows, digits, copying and writing, the proof and the gradient check."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_tui.app import AdderApp
from adder_tui.network.reference_check import GradientScreen, ProofScreen
from adder_tui.network.trace_view import TraceText, write_text
from adder_tui.selection import Neuron
from adder_tui.settings import Settings
from tests.tui.screens import check_golden, press, screen_text, shows, until


@asynccontextmanager
async def trace_of(
    session: Session,
    data_dir: Path,
    experiment: Experiment | None = None,
    size: tuple[int, int] = (80, 24),
    **settings: Any,
) -> Any:
    """The app with the trace in front, on a new run."""
    await session.load(experiment or Experiment.preset("one-pair"))
    app = AdderApp(Settings(data_dir=data_dir, **settings), session)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("2", "t")
        await shows(pilot, "Trace of the current sum")
        yield pilot


def shown_trace(pilot: Pilot[None]) -> TraceText:
    return pilot.app.screen_stack[0].query_one(TraceText)


async def test_the_trace_begins_with_the_first_layer_and_scrolls(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await shows(pilot, "forward, layer input: H1 = X·W1ᵀ + b1", "57.9250", "39.9805")
        await press(pilot, "pagedown", "pagedown", "down")
        assert "forward, layer input" not in screen_text(pilot.app)
        await shows(pilot, "L = d² = (−98.8137)² = 9764.15")
        await press(pilot, "up", "pageup", "pageup")
        await shows(pilot, "forward, layer input: H1 = X·W1ᵀ + b1")


async def test_stepping_scrolls_to_the_section_of_the_rung_and_marks_it(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        pilot.app.controller.step_size = "layer"
        await press(pilot, *["full_stop"] * 6)
        await shows(pilot, "▸ backward, layer output", "δ3[0] = 2·d = 2·(−98.8137) = −197.627")
        await press(pilot, *["full_stop"] * 3)
        await shows(pilot, "▸ step, update 1: adam, lr 0.0002", "m = 0.9·m + 0.1·g")
        await press(pilot, *["comma"] * 7)
        await shows(pilot, "▸ forward, layer input")


async def test_right_chooses_the_next_neuron_for_all_tabs(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await press(pilot, "right")
        assert pilot.app.selection == Neuron(1, 1)
        await shows(pilot, "h1[1] = 30·(−0.165656) + 70·0.649556 + (−0.518753) = 39.9805")
        await press(pilot, "left", "left")
        assert pilot.app.selection == Neuron(3, 0)


async def test_p_shows_all_digits(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await press(pilot, "p")
        await shows(pilot, "every digit", "57.92495")
        assert shown_trace(pilot).full
        await press(pilot, "p")
        await shows(pilot, "6 digits")


async def test_t_goes_back_to_the_diagram(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: "Trace of" not in screen_text(pilot.app))
        await press(pilot, "t")
        await shows(pilot, "Trace of the current sum")


async def test_b_says_in_words_that_no_batch_has_gone_through_yet(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path, Experiment.preset("three-pairs")) as pilot:
        await press(pilot, "b")
        await shows(pilot, "There has been no batch yet: make a step, and b follows its rows.")
        await shows(pilot, "Trace of the current sum")


async def test_b_follows_one_row_of_the_batch_after_the_other_and_then_the_sum(
    session: Session, tmp_path: Path
) -> None:
    async with trace_of(session, tmp_path, Experiment.preset("three-pairs")) as pilot:
        await press(pilot, "full_stop", "b")
        await shows(
            pilot, "Trace of row 0 of the data", "Row 0 of the data, 30 + 70, in the batch of 3 rows of update 1"
        )
        await press(pilot, "b")
        await shows(pilot, "Row 1 of the data, 70 + 30")
        await press(pilot, "full_stop")
        await shows(pilot, "step, update 2")
        await press(pilot, "b", "b")
        await shows(pilot, "Trace of the current sum")
        await press(pilot, "B")
        await shows(pilot, "Trace of row 2 of the data")
        await press(pilot, "escape")
        await shows(pilot, "Trace of the current sum")


async def test_b_finds_the_next_row_of_a_mini_batch(session: Session, tmp_path: Path) -> None:
    batches = Experiment.preset("mini-batches").replace(**{"data.count": 40, "training.batch_size": 5})
    async with trace_of(session, tmp_path, batches) as pilot:
        pilot.app.controller.step_size = "update"
        await press(pilot, "full_stop", "b")
        await shows(pilot, "in the batch of 5 rows of update 1")
        rows = await session.batch_rows()
        assert len(rows) == 5
        walked = [shown_trace(pilot).row]
        for _ in range(5):
            await press(pilot, "b")
            walked.append(shown_trace(pilot).row)
        assert walked == [*rows, None]
        await press(pilot, "B")
        assert shown_trace(pilot).row == rows[-1]


async def test_a_typed_row_is_followed_and_a_wrong_one_keeps_what_was_typed(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path, Experiment.preset("three-pairs")) as pilot:
        await press(pilot, "full_stop", "j", "7", "enter")
        await shows(pilot, "7 is no row: the data has rows 0 to 2.")
        await press(pilot, "backspace", "2", "enter")
        await shows(pilot, "Row 2 of the data, −50 + (−50)")


async def test_a_row_that_left_the_batch_is_said_in_words(session: Session, tmp_path: Path) -> None:
    batches = Experiment.preset("mini-batches").replace(**{"data.count": 4, "training.batch_size": 2})
    async with trace_of(session, tmp_path, batches) as pilot:
        pilot.app.controller.step_size = "update"
        await press(pilot, "full_stop", "b", "full_stop")
        await shows(pilot, "is not in this batch of 2 rows", "b finds the next row")


async def test_w_writes_the_trace_as_plain_text_and_says_where(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path / "data", size=(160, 40)) as pilot:
        await press(pilot, "full_stop", "w")
        path = tmp_path / "data" / "trace-update-1.txt"
        await shows(pilot, "The trace is in")
        text = path.read_text(encoding="utf-8")
        assert "forward, layer hidden" in text
        assert "mˆ" in text
        assert text.count("\n") > 100
        assert [p.name for p in path.parent.iterdir()] == [path.name]


async def test_a_trace_that_cannot_be_written_is_said_in_one_sentence(session: Session, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with trace_of(session, blocked, size=(160, 40)) as pilot:
        await press(pilot, "w")
        await shows(pilot, "The trace could not be written to")


def test_writing_never_takes_the_place_of_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt"
    assert write_text(path, "one\n") == path
    assert write_text(path, "δ = 2\n") == tmp_path / "trace-2.txt"
    assert write_text(path, "3\n") == tmp_path / "trace-3.txt"
    assert path.read_text(encoding="utf-8") == "one\n"
    assert (tmp_path / "trace-2.txt").read_text(encoding="utf-8") == "δ = 2\n"
    assert len(list(tmp_path.iterdir())) == 3


async def test_w_pressed_twice_says_the_second_files_name(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path / "data", size=(160, 40)) as pilot:
        await press(pilot, "full_stop", "w", "w")
        await shows(pilot, "trace-update-1-2.txt")


async def test_after_the_step_of_the_sum_alone_the_trace_is_one_chain(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path, size=(120, 40)) as pilot:
        await press(pilot, "full_stop", "w")
        await shows(pilot, "The trace is in")
        text = (tmp_path / "trace-update-1.txt").read_text(encoding="utf-8")
        assert "as it was before the step of update 1" in text
        assert "h1[0] = 30·0.540610" in text
        gradient = text.partition("input.bias.grad[0] = δ1[0] = ")[2].split()[0]
        assert f"input.bias[0], with the gradient g = {gradient}" in text


async def test_where_the_step_was_of_other_rows_a_sentence_says_so(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path, Experiment.preset("three-pairs"), size=(160, 40)) as pilot:
        await press(pilot, "full_stop", "w")
        await shows(pilot, "The trace is in")
        text = (tmp_path / "trace-update-1.txt").read_text(encoding="utf-8")
        assert "g is of the whole batch, measured before the step; the way above is of the network after it." in text


async def test_y_copies_the_trace(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await press(pilot, "y")
        await shows(pilot, "lines to your terminal's clipboard")
        assert "h1[0] = 30·0.540610" in pilot.app.clipboard


async def test_a_proves_the_next_update_and_disturbs_nothing(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        await press(pilot, "full_stop")
        before = pilot.app.snapshot
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProofScreen))
        await shows(pilot, "They agree. The next update, 2, 1 row", "input.bias")
        await press(pilot, "escape")
        assert (pilot.app.snapshot.state == before.state).all()
        assert pilot.app.snapshot.moment == before.moment


@pytest.mark.parametrize(
    ("key", "name", "screen"), [("a", "prove", ProofScreen), ("g", "check_gradient", GradientScreen)]
)
async def test_a_result_that_nobody_waits_for_any_more_is_dropped(
    session: Session, tmp_path: Path, key: str, name: str, screen: type[Screen[None]]
) -> None:
    async with trace_of(session, tmp_path) as pilot:
        pilot.app.simulate_key(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, screen))
        pilot.app.simulate_key("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, screen))
        await until(
            pilot, lambda: not any(worker.is_running for worker in pilot.app.workers if worker.name != "follow")
        )
        assert pilot.app.is_running


async def test_within_an_update_the_proof_and_a_rows_way_say_that_they_begin_at_its_start(
    session: Session, tmp_path: Path
) -> None:
    async with trace_of(session, tmp_path, Experiment.preset("three-pairs")) as pilot:
        pilot.app.controller.step_size = "layer"
        await press(pilot, "full_stop", "full_stop", "a")
        await shows(pilot, "They agree. This update, 1, 3 rows: run on a copy from its start, by us and")
        await press(pilot, "escape", "b", "pageup", "pageup")
        await shows(pilot, "Trace of row 0 of the data", "numbers from its start, worked out ahead on a copy.")
        await press(pilot, "plus")
        await shows(pilot, "What was changed by hand", "since is left out.")
        await press(pilot, "a")
        await shows(pilot, "They agree. This update, 1", "What was changed by hand since its start is")


async def test_g_checks_the_chosen_gradient_and_shows_where_float32_runs_out(session: Session, tmp_path: Path) -> None:
    async with trace_of(session, tmp_path) as pilot:
        pilot.app.select(Neuron(3, 0))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, GradientScreen))
        await shows(pilot, "output.bias[0] = 0.0779254   loss 9,764.15   slope −197.627", "here", "lowest")
        await pilot.press("right")
        await shows(pilot, "output.bias[0] at 2.0779", "slope −193.627", "tried")
        await pilot.press("pagedown")
        await shows(
            pilot,
            "output.bias[0]: backpropagation says its gradient is −197.627",
            "the best",
            "over 5 %",
            "out of digits",
        )


@pytest.mark.parametrize(
    ("name", "size", "ascii"),
    [("80x24", (80, 24), False), ("120x40", (120, 40), False), ("80x24_ascii", (80, 24), True)],
)
async def test_the_trace_of_the_first_sum_looks_as_it_should(
    session: Session, tmp_path: Path, name: str, size: tuple[int, int], ascii: bool
) -> None:
    async with trace_of(session, tmp_path, size=size, ascii=ascii) as pilot:
        await shows(pilot, "57.9250")
        check_golden(f"trace_{name}", screen_text(pilot.app))
