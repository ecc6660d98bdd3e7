"""Every loss and RMSE, read off every screen: equal names stand before equal numbers, and those are right.

What is right is reckoned here, in plain PyTorch, from the parameters and the rows.
"""

from __future__ import annotations

import dataclasses
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_engine.snapshot import Snapshot
from adder_tui.selection import first_selection
from adder_tui.train.draw_panels import run_panel
from adder_tui.ui.line import Line
from adder_tui.ui.numbers import number
from adder_tui.ui.run_state import state_line
from adder_tui.ui.symbols import UNICODE
from adder_tui.ui.view import ViewState
from tests.tui.screens import app_of, app_on, press, screen_text, shows, until

NAMED = re.compile(r"(train loss|loss now|RMSE|held-out)(?:  +| )(?P<number>−?[\d,]+(?:\.\d+)?(?:e−?\d+)?|–)(?![\w·])")
"""A name, and the number that stands behind it."""
BARE = re.compile(r"(?<!train )(?<!own )(?<!scaled )\bloss (?:[\d−])")
"""A loss before which stands no name."""
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda z: z, "relu": torch.relu, "leaky_relu": torch.nn.functional.leaky_relu, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "gelu": torch.nn.functional.gelu, "sine": torch.sin,
}  # fmt: skip
CRITERIA = {"mse": torch.nn.MSELoss(), "mae": torch.nn.L1Loss(), "huber": torch.nn.HuberLoss()}


def drawn(seed: int) -> Experiment:
    """A small experiment with something of everything that makes the two losses differ."""
    draw = random.Random(seed)
    rows = draw.choice([12, 30])
    flat = seed % 3 == 0
    changes: dict[str, Any] = {
        "seed": seed,
        "epochs": 40,
        "network.layers": draw.choice([(2, 1), (2, 5, 1), (2, 4, 3, 1)]),
        "network.activation": draw.choice(list(ACTIVATIONS)),
        "network.output_activation": draw.choice(["none", "none", "none", "sigmoid", "sine"]),
        "network.dropout": draw.choice([0.0, 0.0, 0.4]),
        "data.count": rows, "data.low": 0.0, "data.high": 10.0,
        "data.scale": draw.choice([1.0, 10.0]),
        "data.noise": draw.choice([0.0, 0.5]),
        "data.test_count": draw.choice([0, 20]), "data.test_every": draw.choice([1, 7]),
        "training.lr": 0.003, "training.optimizer": draw.choice(["sgd", "adam", "rmsprop", "momentum"]),
        "training.loss": draw.choice(["mse", "mse", "mae", "huber"]),
        "training.batch_size": draw.choice([0, 5, 7]),
        "training.flat_target": flat,
        "training.l1": draw.choice([0.0, 0.01]), "training.weight_decay": draw.choice([0.0, 0.01]),
    }  # fmt: skip
    one_layer = len(changes["network.layers"]) == 2
    if one_layer:
        changes["network.activation"], changes["network.dropout"] = "none", 0.0
    return Experiment().replace(**changes)


def view_of(snapshot: Snapshot) -> ViewState:
    return ViewState(
        snapshot.experiment, snapshot, UNICODE, "train", "epoch", 200, first_selection(snapshot.experiment), ""
    )


def plain(lines: list[Line]) -> str:
    return "\n".join(line.plain for line in lines)


async def right(session: Session, snapshot: Snapshot) -> dict[str, float | None]:
    """What each name means, reckoned from the parameters and the rows of the run."""
    experiment, data = snapshot.experiment, await session.data()
    scale, layers = experiment.data.scale, experiment.network.layers
    layout, state = experiment.layout, torch.from_numpy(snapshot.state[0].copy()).double()
    x = torch.from_numpy(data.inputs.copy()) / scale
    for i in range(len(layers) - 1):
        weight, bias = layout.weight(i), layout.bias(i)
        x = x @ state[weight.span].view(weight.shape).T + state[bias.span]
        x = ACTIVATIONS[experiment.activations[i]](x)
    now = CRITERIA[experiment.training.loss](x[:, 0], torch.from_numpy(data.targets.copy()) / scale).item()
    rmse = math.sqrt(((x[:, 0] * scale - torch.from_numpy(data.targets.copy())) ** 2).mean().item())
    return {"loss now": now, "RMSE": rmse if experiment.training.loss == "mse" else None,
            "train loss": snapshot.train_loss, "held-out": snapshot.test_loss}  # fmt: skip


def constrain(text: str, wanted: dict[str, float | None], where: str) -> set[str]:
    """Read the names and numbers of a screen, hold them against what is right, and say which names were there."""
    assert not BARE.search(text), f"{where}: a loss without its name\n{text}"
    found: dict[str, set[str]] = defaultdict(set)
    for match in NAMED.finditer(text):
        found[match[1]].add(match["number"])
    for name, numbers in found.items():
        assert len(numbers) == 1, f"{where}: {name} is {numbers}\n{text}"
        phrase, value = numbers.pop(), wanted[name]
        if value is None:
            assert phrase == "–", f"{where}: {name}\n{text}"
        else:
            # the engine reckons in float32, and four digits are shown
            read = float(phrase.replace(",", "").replace("−", "-"))
            assert read == pytest.approx(value, rel=1e-3, abs=1e-6), f"{where}: {name} {phrase}, not {value}\n{text}"
    return set(found)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session(Experiment.preset("one-pair"))
    yield session
    session.close_now()


async def held_everywhere(session: Session, snapshot: Snapshot, where: str) -> None:
    """Hold what the drawings say at one moment, as a run that stands still and as one that plays."""
    wanted = await right(session, snapshot)
    if snapshot.current_loss is not None:
        assert snapshot.current_loss == pytest.approx(wanted["loss now"], rel=1e-4, abs=1e-9)
    else:  # beyond float32's range
        wanted |= {"loss now": None, "RMSE": None}
    for status in (snapshot.status, "playing"):
        view = view_of(dataclasses.replace(snapshot, status=status))
        for width in (32, 48):
            names = constrain(plain(run_panel(view, width, 30)), wanted, f"panel, {where}, {status}")
            assert names >= {"train loss", "loss now"}
            assert ("RMSE" in names) == (snapshot.experiment.training.loss == "mse")
        line = state_line(view, 100).plain
        assert constrain(line, wanted, f"state line, {where}, {status}") == {
            "train loss" if snapshot.train_loss is not None else "loss now"
        }
        if snapshot.experiment.compares_all_pairs and snapshot.train_loss is not None:
            assert "over n·n differences" in line
    skipped = view_of(dataclasses.replace(snapshot, status="playing", current_loss=None))
    assert "loss now   while paused" in plain(run_panel(skipped, 32, 30))


@pytest.mark.parametrize("seed", range(24))
async def test_equal_names_are_equal_numbers_in_the_panel_and_the_state_line(session: Session, seed: int) -> None:
    experiment = drawn(seed)
    await held_everywhere(session, await session.load(experiment), "start")
    for size, count in (("phase", 3), ("update", 2), ("epoch", 9)):
        await held_everywhere(session, await session.step(size, count), f"{count} {size}")
    snapshot = await session.edit("output.bias", (0,), 0.5)
    await held_everywhere(session, snapshot, "edited")
    snapshot = await session.step("100 epochs")
    if snapshot.status != "stopped":
        assert snapshot.train_loss == snapshot.losses.train[-1] == (await session.look(snapshot.epoch)).train_loss
    await held_everywhere(session, snapshot, "end")


@pytest.mark.parametrize("seed", range(3))
async def test_names_and_numbers_hold_after_a_blow_up_and_its_rescue(session: Session, seed: int) -> None:
    wild = drawn(seed).replace(**{
        "training.optimizer": "sgd", "training.lr": 1000.0, "training.loss": "mse", "network.layers": (2, 4, 1),
        "network.activation": "none", "epochs": 400,
    })  # fmt: skip
    await session.load(wild)
    snapshot = await session.step("100 epochs")
    assert snapshot.status == "stopped"
    await held_everywhere(session, snapshot, "blown up")
    await held_everywhere(session, await session.rescue(), "rescued")


@pytest.mark.parametrize("seed", [0, 3, 5, 8])
async def test_equal_names_are_equal_numbers_on_every_screen(session: Session, seed: int) -> None:
    experiment = drawn(seed)
    await session.load(experiment)
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await press(pilot, "4", *["full_stop"] * 8)
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.epoch == 8)
        snapshot = app.snapshot
        assert snapshot is not None
        wanted, said = await right(session, snapshot), number(snapshot.train_loss, UNICODE)

        async def read(where: str) -> None:
            await until(pilot, lambda: f"train loss {said}" in screen_text(app_of(pilot)))
            text = screen_text(app_of(pilot))
            constrain(text, wanted, where)
            assert ("n·n" in text) == experiment.compares_all_pairs, f"{where}\n{text}"
            assert text.count("RMSE") == text.count("RMSE  "), f"{where}: an RMSE that is not of loss now\n{text}"

        await read("Train")
        await press(pilot, "left", "right")
        await shows(pilot, "goes there")
        await read("Train, read out")
        await press(pilot, "escape", "2")
        await read("Network")
        await press(pilot, "t")
        await shows(pilot, "Trace of the current sum", "zero_grad:")
        await read("trace")
        await press(pilot, "t", "3")
        await read("Inspect")
        await press(pilot, "5")
        await shows(pilot, "▸error")
        for view in ("neurons", "learned", "stability", "checks"):
            await press(pilot, "v")
            await shows(pilot, f"▸{view}")
            await until(pilot, lambda: not [w for w in pilot.app.workers if w.name != "follow" and not w.is_finished])
            await read(f"Explore, {view}")
