"""The asynchronous face of the engine: one thread trains, requests go in, snapshots come out. Needs no torch."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import os
import queue
import random
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from adder_engine.errors import AdderError, RequestError
from adder_engine.experiment import Experiment
from adder_engine.exploring import Exploring
from adder_engine.snapshot import Answer, Course, GradientCheck, LayerActivity, Moment, Proof, Snapshot
from adder_engine.sums import Sum

if TYPE_CHECKING:
    from adder_engine.desk import Desk
    from adder_engine.slices import Sliced
    from adder_engine.snapshot import Floats
    from adder_engine.trace import Trace

Result = TypeVar("Result")

SLICE = 0.005
"""Seconds of training between two looks at the requests; an update that takes longer is finished first."""
SLOWEST, FASTEST = 0.001, 1e6
"""Epochs a second."""
SAVE_EVERY = 3.0
"""Seconds between two saves of a run that goes on changing."""

CLOSED = "This session is closed."


class Session(Exploring):
    """A run that goes on in a thread of its own while you look at it.

    The thread imports torch, trains, answers requests between updates, and saves the run every few seconds to
    ``autosave``. It never waits for whoever asks. Every request resolves with a snapshot unless it says otherwise;
    one that cannot be carried out raises :class:`~adder_engine.errors.AdderError` and changes nothing.

    Args:
        experiment: the run to start with; default: the preset ``many-pairs``.
        autosave: where the run is kept as it goes; None keeps nothing.
        resume: a saved run to start from instead; where it cannot be read, a snapshot's ``warning`` says so.
    """

    def __init__(
        self, experiment: Experiment | None = None, *, autosave: Path | None = None, resume: Path | None = None
    ) -> None:
        self._experiment = experiment or Experiment()
        self._autosave = autosave
        self._resume = resume
        self._requests: queue.SimpleQueue[Callable[[Desk], None] | None] = queue.SimpleQueue()
        self._unanswered: set[concurrent.futures.Future[Any]] = set()
        self._waiting: list[tuple[int, concurrent.futures.Future[Snapshot]]] = []
        self._in_slices: deque[Callable[[Desk], bool]] = deque()
        """Work in progress that takes long: each does a slice and returns whether there is more."""
        self._closing = threading.Event()
        self._enough = threading.Event()
        """A pause or the end was asked for: a long step goes no further."""
        self._playing = False
        self._pace: float | None = None
        self.warning = ""
        """Once the session is closed: why the run could not be saved; empty where it was."""
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()

    @property
    def experiment(self) -> Experiment:
        """The experiment in use."""
        return self._experiment

    # --- looking ---------------------------------------------------------------------------------

    async def snapshot(self, since: int | None = None) -> Snapshot:
        """The newest snapshot; with ``since`` the next one whose version differs, waited for."""

        def look(desk: Desk) -> None:
            if since is None or desk.version != since:
                _resolve(future, desk.snapshot(self._playing))
            else:
                self._waiting = [(s, f) for s, f in self._waiting if not f.done()] + [(since, future)]

        future: concurrent.futures.Future[Snapshot] = self._new_future()
        self._requests.put(look)
        return await asyncio.wrap_future(future)

    async def snapshots(self, fps: float = 4.0) -> AsyncIterator[Snapshot]:
        """Snapshots as the run changes, at most ``fps`` a second while it plays, until the session is closed."""
        version: int | None = None
        while True:
            try:
                snapshot = await self.snapshot(since=version)
            except RequestError:
                return
            version = snapshot.version
            yield snapshot
            if snapshot.status == "playing":
                await asyncio.sleep(1 / fps)

    async def trace(self, row: int | None = None) -> Trace:
        """The way of the current sum, or of a row of the data in the newest batch, with every number.

        Raises:
            RequestError: no batch has gone through yet, or the row was not in it.
        """
        return await self._ask(lambda desk: desk.trace(row))

    async def prove(self) -> Proof:
        """One update of ours beside autograd and ``torch.optim``, tensor by tensor. The run is not disturbed.

        The first time it imports ``torch.optim``'s optimizers, which takes a second or two.

        Raises:
            RequestError: an update is in progress.
        """
        return await self._ask(lambda desk: desk.prove())

    async def check_gradient(self, index: int) -> GradientCheck:
        """One parameter's gradient beside finite differences. The run is not disturbed.

        Raises:
            RequestError: no such parameter.
        """
        return await self._ask(lambda desk: desk.check_gradient(index))

    async def course(self, index: int) -> Course:
        """One parameter (flat index) over the run so far.

        Raises:
            RequestError: no such parameter.
        """
        return await self._ask(lambda desk: desk.course(index))

    async def activity(self) -> tuple[LayerActivity, ...]:
        """Each layer's outputs over all training rows: mean, range, and the share of dead ones."""
        return await self._ask(lambda desk: desk.activity())

    async def start_state(self) -> Floats:
        """The state ``(4, P)`` that the run began with."""
        return await self._ask(lambda desk: desk.start_state())

    async def module_text(self) -> str:
        """The network as PyTorch prints it."""
        return await self._ask(lambda desk: desk.module_text())

    async def predict(self, a: float, b: float) -> float:
        """The network's answer to the pair (a, b), in units of sums. Changes nothing.

        Raises:
            RequestError: a or b is no finite number.
        """
        pair = _number(a, "a"), _number(b, "b")
        return await self._ask(lambda desk: desk.recording.trainer.predict(*pair))

    # --- time ------------------------------------------------------------------------------------

    async def play(self, pace: float | None = None) -> Snapshot:
        """Let training run, at ``pace`` epochs a second or as fast as it goes.

        Raises:
            RequestError: all epochs are done, or a pace that is none.
        """
        pace = None if pace is None else _number(pace, "pace")
        if pace is not None and not SLOWEST <= pace <= FASTEST:
            raise RequestError(f"{pace:g} epochs a second is no pace: use {SLOWEST:g} to {FASTEST:g}, or none at all.")

        def start(desk: Desk) -> None:
            desk.check_unfinished()
            self._playing = not desk.recording.stopped
            self._pace = pace

        return await self._do(start)

    async def pause(self) -> Snapshot:
        """Stop playing, or a step of many updates, after the update in progress."""

        def rest(desk: Desk) -> None:
            self._enough.clear()
            self._halt(desk)

        self._enough.set()
        return await self._do(rest)

    async def step(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go forward by one of :data:`~adder_engine.snapshot.STEP_SIZES`, ``count`` times.

        Raises:
            RequestError: no such size, or all epochs are done.
        """
        return await self._do(lambda desk: desk.recording.step(size, count, self._enough.is_set), halt=True)

    async def back(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go back by one of the step sizes, ``count`` times; at the start it stays there.

        Raises:
            RequestError: no such size.
        """
        return await self._do(lambda desk: desk.recording.back(size, count), halt=True)

    async def seek(self, update: int, rung: int = 0) -> Snapshot:
        """Go to any moment that the run has been at.

        Raises:
            RequestError: the run has not been there.
        """
        if not isinstance(update, int) or not isinstance(rung, int):
            raise RequestError(f"update = {update!r}, rung = {rung!r} is no moment: both are whole numbers.")

        def go(desk: Desk) -> None:
            edits = desk.recording.timeline.edits_at(update, rung)
            desk.recording.seek(min(Moment(update, rung, edits), max(desk.recording.newest, Moment(update, rung))))

        return await self._do(go, halt=True)

    async def seek_epoch(self, epoch: int) -> Snapshot:
        """Go to the end of an epoch that the run has been at; 0 is the start.

        Raises:
            RequestError: the run has not been there.
        """
        return await self._do(lambda desk: desk.recording.seek_epoch(epoch), halt=True)

    async def home(self) -> Snapshot:
        """Go to the first moment."""
        return await self._do(lambda desk: desk.recording.seek(Moment()), halt=True)

    async def end(self) -> Snapshot:
        """Go to the newest moment."""
        return await self._do(lambda desk: desk.recording.seek(desk.recording.newest), halt=True)

    # --- runs ------------------------------------------------------------------------------------

    async def reset(self) -> Snapshot:
        """Start the same settings again from the same initial weights. Undo brings the old run back."""
        return await self._do(lambda desk: desk.start(desk.recording.experiment), halt=True)

    async def reseed(self, seed: int | None = None) -> Snapshot:
        """Start again with another seed: the given one, or one drawn from 0 to 9999."""

        def start(desk: Desk) -> None:
            old = desk.recording.experiment
            new = seed if seed is not None else random.choice([n for n in range(10_000) if n != old.seed])
            desk.start(old.replace(seed=new))

        return await self._do(start, halt=True)

    async def load(self, experiment: Experiment) -> Snapshot:
        """Start a new run."""
        return await self._do(lambda desk: desk.start(experiment), halt=True)

    async def open(self, path: Path) -> Snapshot:
        """Open a saved run, at the moment where it stood.

        Raises:
            RunFileError: it cannot be read; the run in progress goes on.
        """
        return await self._do(lambda desk: desk.open(path), halt=True)

    async def save(self, path: Path) -> Snapshot:
        """Save the run.

        Raises:
            RunFileError: it cannot be written.
        """
        return await self._do(lambda desk: desk.save(path))

    # --- doing -----------------------------------------------------------------------------------

    async def change(self, **changes: object) -> Snapshot:
        """Change training settings from this moment on: ``change(**{"training.lr": 0.01})``.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run.
        """
        return await self._do(lambda desk: desk.recording.change(**changes))

    async def edit(self, name: str, place: tuple[int, ...], value: float) -> Snapshot:
        """Set one weight or bias: ``edit("hidden.weight", (2, 0), 0.5)``.

        Raises:
            RequestError: no such parameter, or a value that is not finite.
        """
        return await self._do(lambda d: d.recording.edit(d.recording.trainer.layout.index_of(name, place), value))

    async def freeze(self, indices: frozenset[int]) -> Snapshot:
        """Hold these parameters (flat indices) still, and no others.

        Raises:
            RequestError: no such parameter.
        """
        return await self._do(lambda desk: desk.hold(frozen=indices))

    async def silence(self, neurons: frozenset[tuple[int, int]]) -> Snapshot:
        """Hold the outputs of these hidden neurons, (layer, neuron), at 0, and no others.

        Raises:
            RequestError: no such hidden neuron.
        """
        return await self._do(lambda desk: desk.hold(silenced=neurons))

    async def undo(self) -> Snapshot:
        """Take back the last edit or change; before the first one, go back to the run before this one.

        Raises:
            RequestError: there is nothing to undo.
        """
        return await self._do(lambda desk: desk.undo(), halt=True)

    async def redo(self) -> Snapshot:
        """Bring back what was undone last.

        Raises:
            RequestError: there is nothing to redo.
        """
        return await self._do(lambda desk: desk.redo(), halt=True)

    async def ask(self, asked: Sum) -> Answer:
        """Make a sum the current one and watch it. Training is not disturbed. Resolves with the answer."""

        def answer(desk: Desk) -> Answer:
            desk.ask(asked)
            return desk.answers([asked])[0]

        return await self._ask(answer)

    # --- ending ----------------------------------------------------------------------------------

    async def close(self, timeout: float = 5.0) -> None:
        """Save, and stop the thread."""
        await asyncio.to_thread(self.close_now, timeout)

    def close_now(self, timeout: float = 2.0) -> bool:
        """Save, and stop the thread, from any thread. Returns whether it stopped in time.

        While torch is still being imported there is nothing to save, and the import cannot be broken off: the
        thread is not waited for then, and ends by itself.
        """
        self._closing.set()
        self._enough.set()
        self._requests.put(None)
        if self._loaded.is_set():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- requests --------------------------------------------------------------------------------

    def _new_future(self) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._unanswered.add(future)
        future.add_done_callback(self._unanswered.discard)
        if self._closing.is_set():  # looked at last: the thread rejects whatever was there when it ended
            future.cancel()
            raise RequestError(CLOSED)
        return future

    async def _ask(self, work: Callable[[Desk], Result]) -> Result:
        """Have the thread do something and resolve with what it returns."""
        future: concurrent.futures.Future[Result] = self._new_future()

        def carry_out(desk: Desk) -> None:
            try:
                result = work(desk)
            except AdderError as error:
                _reject(future, error)
            except Exception as error:
                desk.fail(error)
                _reject(future, RequestError(desk.failure))
            else:
                _resolve(future, result)

        self._requests.put(carry_out)
        return await asyncio.wrap_future(future)

    async def _ask_in_slices(self, begin: Callable[[Desk], Sliced[Result]]) -> Result:
        """Have the thread do something a slice at a time, between other requests, and resolve with what it returns."""
        future: concurrent.futures.Future[Result] = self._new_future()

        def go_on(desk: Desk, work: Sliced[Result]) -> bool:
            """Do one slice. Returns whether there is more to do."""
            if future.done():  # nobody waits for it any more
                return False
            try:
                next(work)
            except StopIteration as end:
                _resolve(future, end.value)
            except AdderError as error:
                _reject(future, error)
            except Exception as error:
                desk.fail(error)
                _reject(future, RequestError(desk.failure))
            else:
                return True
            return False

        def start(desk: Desk) -> None:
            work = begin(desk)
            if go_on(desk, work):  # the first slice at once: it copies what the rest goes by
                self._in_slices.append(lambda desk: go_on(desk, work))

        self._requests.put(start)
        return await asyncio.wrap_future(future)

    async def _do(self, work: Callable[[Desk], object], halt: bool = False) -> Snapshot:
        """Have the thread change something and resolve with the snapshot after it."""

        def then_look(desk: Desk) -> Snapshot:
            work(desk)
            if halt:
                self._halt(desk)
            desk.version += 1
            self._experiment = desk.recording.experiment
            return desk.snapshot(self._playing)

        return await self._ask(then_look)

    def _halt(self, desk: Desk) -> None:
        """Stop playing; a stop is a moment to save."""
        if self._playing:
            self._playing = False
            desk.version += 1
            desk.save_soon()

    # --- the thread ------------------------------------------------------------------------------

    def _main(self) -> None:
        """Everything of torch happens here."""
        desk = None
        try:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            from adder_engine.desk import Desk  # imports torch: not on the caller's time

            self._loaded.set()
            desk = Desk(self._experiment, self._autosave, SAVE_EVERY)
            if self._resume is not None:
                desk.resume(self._resume)
                self._experiment = desk.recording.experiment
            self._serve(desk)
        except BaseException as error:
            self._broken(error)
        finally:
            self._closing.set()
            for future in [*self._unanswered]:
                _reject(future, RequestError(CLOSED))
            if desk is not None:
                desk.save_now()
                self.warning = desk.warning

    def _serve(self, desk: Desk) -> None:
        while not self._closing.is_set():
            wait = self._train(desk) if self._playing else None
            self._experiment = desk.recording.experiment
            self._publish(desk)
            due = desk.save_due()
            wait = 0.0 if self._in_slices else due if wait is None else wait if due is None else min(wait, due)
            with contextlib.suppress(queue.Empty):
                request = self._requests.get(timeout=wait) if wait != 0 else self._requests.get_nowait()
                while request is not None:
                    request(desk)
                    self._publish(desk)
                    request = self._requests.get_nowait()
            self._do_slices(desk)
            desk.save_if_due()

    def _do_slices(self, desk: Desk) -> None:
        """Go on for a while with work that takes long, taking turns."""
        deadline = time.perf_counter() + SLICE
        while self._in_slices and time.perf_counter() < deadline:
            work = self._in_slices.popleft()
            if work(desk):
                self._in_slices.append(work)

    def _train(self, desk: Desk) -> float:
        """Train for a slice. Returns how long nothing needs to be done, in seconds."""
        try:
            idle = desk.train(SLICE, self._pace)
        except Exception as error:
            desk.fail(error)
            idle = 0.0
        if desk.failure or desk.recording.finished or desk.recording.stopped:
            self._halt(desk)
        return idle

    def _publish(self, desk: Desk) -> None:
        """Hand the newest snapshot to those who wait for one."""
        ready = [future for since, future in self._waiting if since != desk.version]
        if ready:
            self._waiting = [waiter for waiter in self._waiting if waiter[0] == desk.version]
            snapshot = desk.snapshot(self._playing)
            for future in ready:
                _resolve(future, snapshot)

    def _broken(self, error: BaseException) -> None:
        """The thread cannot go on, for instance because torch is not there: tell everyone who asks."""
        message = f"The engine cannot run: {type(error).__name__}: {error}".rstrip(".") + "."
        while not self._closing.is_set():
            for future in [*self._unanswered]:
                _reject(future, RequestError(message))
            with contextlib.suppress(queue.Empty):
                self._requests.get(timeout=0.2)


def _number(value: object, name: str) -> float:
    """The value as a float; raises RequestError where it is no finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"{name} = {value!r} is no number: use a finite one.")
    return number


def _resolve(future: concurrent.futures.Future[Result], result: Result) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_result(result)


def _reject(future: concurrent.futures.Future[Any], error: Exception) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_exception(error)
