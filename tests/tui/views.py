"""Views for tests of drawings, made without an app."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from adder_engine.experiment import Experiment
from adder_engine.snapshot import Losses
from adder_tui.selection import first_selection
from adder_tui.ui.symbols import ASCII, UNICODE
from adder_tui.ui.view import ViewState
from tests.tui.fake_session import FakeSession


def view_of(preset: str = "one-pair", epoch: int = 412, *, ascii: bool = False, **fields: Any) -> ViewState:
    """A view of a session of formulas; ``fields`` replace the snapshot's."""

    async def snapshot() -> Any:
        return FakeSession(Experiment.preset(preset)).at(epoch).changed(**fields)

    experiment = Experiment.preset(preset)
    return ViewState(
        experiment=experiment,
        snapshot=asyncio.run(snapshot()),
        glyphs=ASCII if ascii else UNICODE,
        tab="train",
        step_size="epoch",
        pace=200,
        selection=first_selection(experiment),
        notice="",
    )


def losses_of(train: Any, low: Any = None, high: Any = None, epochs: Any = None) -> Losses:
    """Training losses alone."""
    values = np.asarray(train, dtype=np.float64)
    none = values[:0]
    at = np.arange(1, len(values) + 1, dtype=np.float64) if epochs is None else np.asarray(epochs, dtype=np.float64)
    return Losses(
        epochs=at,
        train=values,
        low=values if low is None else np.asarray(low, dtype=np.float64),
        high=values if high is None else np.asarray(high, dtype=np.float64),
        test_epochs=none,
        test=none,
        test_low=none,
        test_high=none,
    )
