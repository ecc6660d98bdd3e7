"""A session without an engine: real snapshots of a network that gets better by a formula."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from adder_engine.errors import RequestError
from adder_engine.experiment import CHANGEABLE, Experiment
from adder_engine.parsing import Sum
from adder_engine.session import Session
from adder_engine.snapshot import (
    UNSCALED,
    AffineMap,
    Answer,
    Losses,
    Outlook,
    Position,
    Scales,
    Snapshot,
    Status,
    stages_of,
)

TUTORIAL_SUMS = (Sum(30, 70), Sum(70, 30), Sum(130, -30), Sum(3, 7), Sum(33, 7), Sum(-330000, 30000))


class FakeSession:
    """Behaves as the engine's session does; its requests are kept in ``calls``."""

    compiling = False

    def __init__(self, experiment: Experiment | None = None, *, loading: bool = False) -> None:
        self.experiment = experiment or Experiment.preset("one-pair")
        self.calls: list[tuple[Any, ...]] = []
        self.status: Status = "paused"
        self.message = ""
        self.version = 1
        self.moment = Position()
        self.newest = Position()
        self.asked = TUTORIAL_SUMS[0]
        self.watched = list(TUTORIAL_SUMS)
        self.closed = False
        self.can_undo = self.undone = False
        self.may_step = asyncio.Event()
        self.may_step.set()
        self._changed = asyncio.Event()
        self._ready = asyncio.Event()
        if not loading:
            self._ready.set()
        self._playing: asyncio.Task[None] | None = None

    def finish_loading(self) -> None:
        self._ready.set()

    # --- snapshots -------------------------------------------------------------------------------

    async def snapshot(self, since: int | None = None) -> Snapshot:
        await self._ready.wait()
        while since is not None and since == self.version and not self.closed:
            self._changed.clear()
            await self._changed.wait()
        if self.closed:
            raise RequestError("This session is closed.")
        return self._now()

    snapshots = Session.snapshots

    def _bump(self) -> Snapshot:
        self.version += 1
        self._changed.set()
        return self._now()

    def _collapsed(self, epoch: float) -> AffineMap:
        left = float(np.exp(-epoch / 300))
        return AffineMap(1 - 0.786 * left, 1 - 1.113 * left, 0.93 * left)

    def _answer(self, asked: Sum) -> Answer:
        c = self._collapsed(self._epoch)
        predicted = c.w_a * asked.a + c.w_b * asked.b + c.c
        a, b = asked.a, asked.b
        truth = {"sum": a + b, "difference": a - b, "product": a * b}[self.experiment.data.task]
        return Answer(asked, predicted, truth)

    @property
    def _epoch(self) -> float:
        return self.moment.update / self.experiment.updates_per_epoch

    def _loss(self, epochs: np.ndarray) -> np.ndarray:
        return 9764.15 * np.exp(-epochs / 150) * (1 + 0.3 * np.sin(epochs / 7)) + 1e-3

    def _losses(self) -> Losses:
        epochs = np.arange(1, int(self.newest.update / self.experiment.updates_per_epoch) + 1, dtype=np.float64)
        train = self._loss(epochs)
        test_epochs = epochs[9::10] if self.experiment.data.kind == "uniform" else epochs[:0]
        test = self._loss(test_epochs) * 1.3 + 0.5
        return Losses(epochs, train, train, train, test_epochs, test, test, test)

    def _now(self) -> Snapshot:
        per_epoch = self.experiment.updates_per_epoch
        epoch, epoch_update = divmod(self.moment.update, per_epoch)
        loss = float(self._loss(np.array([epoch or 1.0]))[0])
        has_test = self.experiment.data.kind == "uniform"
        state = np.zeros((4, self.experiment.parameter_count), dtype=np.float32)
        linear = self.experiment.is_affine
        return Snapshot(
            version=self.version, scales=scales_of(self.experiment),
            status=self.status, message=self.message, experiment=self.experiment,
            moment=self.moment, newest=self.newest, stages=stages_of(len(self.experiment.network.layers) - 1),
            epoch=epoch, epoch_update=epoch_update, lr=self.experiment.training.lr,
            train_loss=loss if epoch else None, test_loss=loss * 1.3 + 0.5 if has_test else None,
            batch_loss=loss, current_loss=loss, speed=12_400.0 if self.status == "playing" else 0.0,
            state=state, previous=state, stepped=epoch > 0, gradients_set=epoch > 0, frozen=(),
            asked=self._answer(self.asked),
            answers=tuple(self._answer(s) for s in self.watched),
            collapsed=self._collapsed(self._epoch) if linear else None,
            losses=self._losses(), trace=None, can_undo=self.can_undo,
        )  # fmt: skip

    # --- requests --------------------------------------------------------------------------------

    async def _request(self, *call: Any) -> None:
        await self._ready.wait()
        self.calls.append(call)

    def _size(self, size: str) -> int:
        per_epoch = self.experiment.updates_per_epoch
        return {"update": 1, "epoch": per_epoch, "10 epochs": 10 * per_epoch, "100 epochs": 100 * per_epoch}[size]

    async def outlook(self) -> Outlook:
        return Outlook(self.moment, self.experiment.training, self.experiment.training.lr, None, None)

    async def step(self, size: str = "update", count: int = 1) -> Snapshot:
        await self._request("step", size)
        await self.may_step.wait()
        last = self.experiment.epochs * self.experiment.updates_per_epoch
        if size in ("layer", "phase"):
            stage = self.moment.stage + 1
            full = stage >= len(stages_of(len(self.experiment.network.layers) - 1))
            self.moment = Position(self.moment.update + 1) if full else Position(self.moment.update, stage)
        else:
            self.moment = Position(min(last, self.moment.update + self._size(size) * count))
        return self._moved()

    async def back(self, size: str = "update", count: int = 1) -> Snapshot:
        await self._request("back", size)
        self.moment = Position(max(0, self.moment.update - self._size(size) * count))
        return self._moved()

    def _moved(self) -> Snapshot:
        self.newest = max(self.newest, self.moment)
        last = self.experiment.epochs * self.experiment.updates_per_epoch
        if self.moment.update >= last:
            self.status = "done"
        elif self.status == "done":
            self.status = "paused"
        return self._bump()

    async def play(self, pace: float | None = None, until: int | None = None) -> Snapshot:
        await self._request("play", pace)
        self.status = "playing"
        self._playing = self._playing or asyncio.create_task(self._play(pace))
        return self._bump()

    async def _play(self, pace: float | None) -> None:
        while self.status == "playing":
            await asyncio.sleep(0.05)
            await self.advance(max(1, int((pace or 2000) * 0.05)))
        self._playing = None

    async def advance(self, epochs: int) -> None:
        """Train on while playing."""
        last = self.experiment.epochs * self.experiment.updates_per_epoch
        self.moment = Position(min(last, self.moment.update + epochs * self.experiment.updates_per_epoch))
        self._moved()

    async def pause(self) -> Snapshot:
        await self._request("pause")
        self.status = "paused"
        return self._bump()

    async def home(self) -> Snapshot:
        await self._request("home")
        self.moment = Position()
        return self._moved()

    async def end(self) -> Snapshot:
        await self._request("end")
        self.moment = self.newest
        return self._moved()

    async def reset(self) -> Snapshot:
        await self._request("reset")
        self.moment = self.newest = Position()
        self.status = "paused"
        return self._bump()

    async def reseed(self, seed: int | None = None) -> Snapshot:
        await self._request("reseed")
        return await self.load(self.experiment.replace(seed=self.experiment.seed + 1))

    async def load(self, experiment: Experiment) -> Snapshot:
        await self._request("load", experiment)
        self.experiment = experiment
        self.moment = self.newest = Position()
        self.status = "paused"
        return self._bump()

    async def change(self, **changes: Any) -> Snapshot:
        await self._request("change", changes)
        if not set(changes) <= CHANGEABLE:
            raise RequestError("That needs a new run.")
        self.experiment = self.experiment.replace(**changes)
        self.can_undo = True
        return self._bump()

    async def ask(self, asked: Sum) -> Answer:
        await self._request("ask", asked)
        self.asked = asked
        if (asked.a, asked.b) not in [(s.a, s.b) for s in self.watched]:
            self.watched.append(asked)
        self._bump()
        return self._answer(asked)

    async def undo(self, within: bool = False) -> Snapshot:
        await self._request("undo")
        if not self.can_undo:
            raise RequestError("There is nothing to undo.")
        self.can_undo, self.undone = False, True
        return self._bump()

    async def redo(self) -> Snapshot:
        await self._request("redo")
        if not self.undone:
            raise RequestError("There is nothing to redo.")
        return self._bump()

    async def open(self, path: Path) -> Snapshot:
        await self._request("open", path)
        return self._bump()

    def stop(self, message: str) -> Snapshot:
        """As when the loss stops being finite."""
        self.status = "stopped"
        self.message = message
        return self._bump()

    def at(self, epoch: int, newest: int | None = None) -> FakeSession:
        """The same session, having trained so far."""
        per_epoch = self.experiment.updates_per_epoch
        self.moment = Position(epoch * per_epoch)
        self.newest = Position((newest or epoch) * per_epoch)
        return self

    def changed(self, **fields: Any) -> Snapshot:
        """The present snapshot with some fields replaced, for tests of drawings."""
        return dataclasses.replace(self._now(), **fields)

    async def close(self) -> None:
        self.close_now()

    def close_now(self, timeout: float = 2.0) -> None:
        self.closed = True
        self.status = "paused"
        self._changed.set()


def scales_of(experiment: Experiment) -> Scales:
    """As far as they are given as numbers."""
    scale = experiment.data.scale
    return Scales(scale, scale) if isinstance(scale, float) else UNSCALED
