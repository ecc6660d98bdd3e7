"""A network that a PyTorch script trained: from its file into the app's picture, and back to PyTorch bit for bit."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import torch
from textual.widgets import Input

from adder_engine.experiment import Experiment
from adder_engine.export.pytorch_script import script
from adder_engine.parsing import Sum
from adder_engine.session import Session
from adder_tui.selection import Parameter, layout_for
from adder_tui.ui.numbers import number
from adder_tui.ui.symbols import UNICODE
from tests.tui.screens import app_on, shows, until

TWO_NEURONS = Experiment.preset("one-pair").replace(epochs=40, **{"network.layers": (2, 2, 1), "seed": 5})


def trained_by_pytorch(folder: Path) -> tuple[dict[str, torch.Tensor], float]:
    """A script's ``state_dict``, saved as ``mine.pt``, and its answer to 30 + 70."""
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(script(TWO_NEURONS, "mine"), names)
    model = names["model"]
    torch.save(model.state_dict(), folder / "mine.pt")
    with torch.no_grad():
        return dict(model.state_dict()), model(torch.tensor([[30.0, 70.0]])).item()


async def test_weights_of_a_pytorch_script_stand_in_the_picture_and_go_back_bit_for_bit(
    session: Session, tmp_path: Path
) -> None:
    state, answer = trained_by_pytorch(tmp_path)
    await session.load(TWO_NEURONS)
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("O")
        await shows(pilot, "Open")
        app.screen.query_one(Input).value = str(tmp_path / "mine.pt")
        await pilot.press("enter")
        await shows(pilot, "A new run starts from the weights in mine.pt.")
        asked = await session.ask(Sum(30, 70))
        assert abs(asked.predicted - answer) <= 1e-4
        await pilot.press("2")
        await shows(pilot, "own loss")
        flat = torch.cat([tensor.flatten() for tensor in state.values()]).tolist()
        for i, weight in enumerate(flat):  # each edge and each bias tells its number
            app.select(Parameter(i))
            name = layout_for(TWO_NEURONS).name_of(i)
            await shows(pilot, name, number(weight, UNICODE))
        await app.controller.export(tmp_path / "back.pt", "back")
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert list(back) == list(state)
    assert all(back[name].numpy().tobytes() == state[name].numpy().tobytes() for name in state)
