"""The asynchronous face of the engine: what can be asked of a run that goes on in a thread. Needs no torch."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import operator
import queue
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from adder_engine.analysis.results import FINDINGS, Query
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.parsing import LARGEST_TERM, Sum, whole
from adder_engine.snapshot import (
    Answer,
    DatasetArrays,
    EpochSummary,
    GradientCheck,
    LayerActivity,
    Outlook,
    ParameterHistory,
    Position,
    ReferenceCheck,
    Snapshot,
)

if TYPE_CHECKING:
    from adder_engine.export.export import ExportedRun
    from adder_engine.runs.workspace import EngineLoop, Workspace
    from adder_engine.snapshot import Doubles, Floats
    from adder_engine.trace import Trace

Result = TypeVar("Result")

SLOWEST, FASTEST = 0.001, 1e6
"""Epochs a second."""
SAVE_EVERY = 3.0
"""Seconds between two saves of a run that goes on changing."""
CLOSED = tr("This session is closed.")


@dataclass(frozen=True)
class QueryBatch:
    """Several findings of one and the same moment, each there when it is ready."""

    snapshot: Awaitable[Snapshot]
    """That moment."""
    answers: tuple[asyncio.Future[object], ...]
    """In the order of the questions; one that cannot be had raises RequestError."""


class Session:
    """A run that goes on in a thread of its own while you look at it.

    The thread imports the kernels, trains, answers requests between updates, and saves the run every few seconds to
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
        experiment = Experiment() if experiment is None else _experiment(experiment)
        self._autosave, self._resume = (None if path is None else _path(path) for path in (autosave, resume))
        self._save_every = SAVE_EVERY
        self._begun_with = experiment
        self._loop: EngineLoop | None = None
        self.warning = ""
        """Once the session is closed: why the run could not be saved; empty where it was."""
        self.compiling = False
        """Whether the kernels are being compiled, which is done once and takes up to a minute."""
        self._requests: queue.SimpleQueue[Callable[[EngineLoop], None] | None] = queue.SimpleQueue()
        self._unanswered: set[concurrent.futures.Future[Any]] = set()
        self._loaded = threading.Event()
        self._closing = threading.Event()
        self._enough = threading.Event()
        """A pause or the end was asked for: a long step goes no further."""
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()

    @property
    def experiment(self) -> Experiment:
        """The settings in force."""
        return self._begun_with if self._loop is None else self._loop.experiment

    async def close(self, timeout: float = 5.0) -> None:
        """Save, and stop the thread."""
        await asyncio.to_thread(self.close_now, timeout)

    def close_now(self, timeout: float = 2.0) -> bool:
        """Save, and stop the thread, from any thread. Returns whether it stopped in time."""
        self._closing.set()
        self._enough.set()
        self._requests.put(None)
        # While the kernels are loaded there is nothing to save, and no import can be broken off: it ends by itself.
        if self._loaded.is_set():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- looking ---------------------------------------------------------------------------------

    async def snapshot(self, since: int | None = None) -> Snapshot:
        """The newest snapshot; with ``since`` the next one whose version differs, waited for."""
        since = None if since is None else whole(since, "since")
        future = self._new_future()
        self._requests.put(lambda loop: loop.look(since, future))
        return cast("Snapshot", await asyncio.wrap_future(future))

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

    def together(self, *questions: Query) -> QueryBatch:
        """Findings about the run from afar, all of the moment that is looked at, also while the run plays.

        None disturbs it. Those that take long are worked on in slices: other requests are answered, and training goes
        on, in between.
        """
        for question in questions:
            if not isinstance(question, Query) or question.name not in FINDINGS:
                known = ", ".join(FINDINGS)
                raise RequestError("{question!r} is no question: there are {known}.", question=question, known=known)

        now, futures = self._new_future(), [self._new_future() for _ in questions]
        self._requests.put(lambda loop: loop.begin(questions, now, futures))
        return QueryBatch(asyncio.wrap_future(now), tuple(map(asyncio.wrap_future, futures)))

    async def outlook(self) -> Outlook:
        """Whether the learning rate holds where the run stands, and why its loss stands still, if it does."""
        (found,) = self.together(Query("outlook")).answers
        return cast("Outlook", await found)

    async def trace(self, row: int | None = None) -> Trace:
        """The way of the current sum, or of a row of the data in the newest batch, with every number.

        While an update is in progress a row's way is worked out on a copy, from the update's start.

        Raises:
            RequestError: there has been no batch yet, or the row was not in it.
        """
        row = None if row is None else whole(row, "row")
        return await self._ask(lambda workspace: workspace.explorer.trace(row))

    async def batch_rows(self) -> tuple[int, ...]:
        """The rows of the data in the newest batch, in the data's order: those that :meth:`trace` can follow.

        Raises:
            RequestError: there has been no batch yet.
        """
        return await self._ask(lambda workspace: workspace.explorer.batch_rows())

    async def prove(self) -> ReferenceCheck:
        """One update of ours beside autograd and ``torch.optim``, tensor by tensor. The run is not disturbed.

        It is the next one, or the one in progress from the state at its start. The first time it imports
        torch, which takes a second or two.
        """
        return await self._ask(lambda workspace: workspace.explorer.prove())

    async def check_gradient(self, index: int) -> GradientCheck:
        """One parameter's gradient beside finite differences. The run is not disturbed.

        Raises:
            RequestError: no such parameter.
        """
        index = whole(index, "index")
        return await self._ask(lambda workspace: workspace.explorer.check_gradient(index))

    async def course(self, index: int) -> ParameterHistory:
        """One parameter (flat index) over the run so far. Raises RequestError: no such parameter."""
        index = whole(index, "index")
        return await self._ask(lambda workspace: workspace.explorer.course(index))

    async def look(self, epoch: int) -> EpochSummary:
        """What the run was at the end of an epoch; 0 is its start. The run is not moved or disturbed.

        Raises:
            RequestError: the run has not been there.
        """
        epoch = whole(epoch, "epoch")
        return await self._ask(lambda workspace: workspace.explorer.look(epoch))

    async def activity(self) -> tuple[LayerActivity, ...]:
        """Each layer's outputs over all training rows: mean, range, and the share of dead ones."""
        return await self._ask(lambda workspace: workspace.explorer.activity())

    async def start_state(self) -> Floats:
        """The state ``(4, P)`` that the run began with."""
        return await self._ask(lambda workspace: workspace.run.timeline.keyframes[0].state.copy())

    async def module_text(self) -> str:
        """The network as PyTorch prints it."""
        return await self._ask(lambda workspace: workspace.explorer.module_text())

    async def data(self) -> DatasetArrays:
        """The pairs that are trained on and those held out; the same for the whole run."""
        return await self._ask(lambda workspace: workspace.explorer.data())

    async def answers(self, pairs: Doubles) -> Doubles:
        """The network's answers ``(n,)`` to pairs ``(n, 2)``, in units of sums. Changes nothing."""
        return await self._ask(lambda workspace: workspace.run.trainer.answers(pairs))

    async def bench(self, name: str, *arguments: float | str) -> float | str:
        """One of the figures of :data:`adder_engine.probes.BENCHES`, from the run as it stands. Changes
        nothing.

        Raises:
            RequestError: no such figure, or arguments that do not fit.
        """
        return await self._ask(lambda workspace: workspace.explorer.bench(name, *arguments))

    async def predict(self, a: float, b: float) -> float:
        """The network's answer to the pair (a, b), in units of sums. Changes nothing.

        Raises:
            RequestError: a or b is no finite number.
        """
        a, b = _number(a, "a"), _number(b, "b")
        return await self._ask(lambda workspace: workspace.run.trainer.predict(a, b))

    # --- time ------------------------------------------------------------------------------------

    async def play(self, pace: float | None = None, until: int | None = None) -> Snapshot:
        """Let training run, at ``pace`` epochs a second or as fast as it goes; ``until`` the end of an epoch, if given.

        Raises:
            RequestError: all epochs are done, or a pace that is none.
        """
        pace = None if pace is None else _number(pace, "pace")
        if pace is not None and not SLOWEST <= pace <= FASTEST:
            raise RequestError(
                "{pace:g} epochs a second is no pace: use {slowest:g} to {fastest:g}, or none at all.",
                pace=pace,
                slowest=SLOWEST,
                fastest=FASTEST,
            )
        until = None if until is None else whole(until, "until")
        return await self._changed(lambda loop: loop.play(pace, math.inf if until is None else until))

    async def pause(self) -> Snapshot:
        """Stop playing, or a step of many updates, after the update in progress."""
        self._enough.set()

        def rest(loop: EngineLoop) -> None:
            self._enough.clear()
            loop.halt()

        return await self._changed(rest)

    async def step(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go forward by one of :data:`~adder_engine.snapshot.STEP_SIZES`, ``count`` times.

        Raises:
            RequestError: no such size, or all epochs are done.
        """
        enough, size, count = self._enough.is_set, str(size), whole(count, "count")
        return await self._do(lambda workspace: workspace.run.step(size, count, enough), halt=True)

    async def back(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go back by one of the step sizes, ``count`` times; at the start it stays there.

        Raises:
            RequestError: no such size.
        """
        enough, size, count = self._enough.is_set, str(size), whole(count, "count")
        return await self._do(lambda workspace: workspace.run.back(size, count, enough), halt=True)

    async def seek(self, update: int, stage: int = 0) -> Snapshot:
        """Go to any moment that the run has been at. Raises RequestError: the run has not been there."""
        place = Position(whole(update, "update"), whole(stage, "stage"))

        def go(workspace: Workspace) -> None:
            run = workspace.run
            run.seek(min(run.timeline.behind(place.update, place.stage), max(run.newest, place)))

        return await self._do(go, halt=True)

    async def seek_epoch(self, epoch: int) -> Snapshot:
        """Go to the end of an epoch that the run has been at; 0 is the start.

        Raises:
            RequestError: the run has not been there.
        """
        epoch = whole(epoch, "epoch")
        return await self._do(lambda workspace: workspace.run.seek_epoch(epoch), halt=True)

    async def home(self) -> Snapshot:
        return await self._do(lambda workspace: workspace.run.seek(Position()), halt=True)

    async def end(self) -> Snapshot:
        return await self._do(lambda workspace: workspace.run.seek(workspace.run.newest), halt=True)

    # --- runs ------------------------------------------------------------------------------------

    async def reset(self) -> Snapshot:
        """Start the same settings again from the same initial weights. Undo brings the old run back."""
        return await self._do(lambda workspace: workspace.start(workspace.run.experiment), halt=True)

    async def reseed(self, seed: int | None = None) -> Snapshot:
        """Start again with another seed: the given one, or one drawn from 0 to 9999."""
        seed = None if seed is None else whole(seed, "seed")

        def start(workspace: Workspace) -> None:
            old = workspace.run.experiment
            others = [n for n in range(10_000) if n != old.seed]
            workspace.start(old.replace(seed=random.choice(others) if seed is None else seed))

        return await self._do(start, halt=True)

    async def load(self, experiment: Experiment) -> Snapshot:
        """Start this experiment. Undo brings the old run back. Raises RequestError: it is no experiment."""
        experiment = _experiment(experiment)
        return await self._do(lambda workspace: workspace.start(experiment), halt=True)

    async def open(self, path: Path | str) -> Snapshot:
        """Open a saved run, at the moment where it stood.

        Raises:
            RunFileError: it cannot be read; the run in progress goes on.
        """
        path = _path(path)
        return await self._do(lambda workspace: workspace.open(path), halt=True)

    async def save(self, path: Path | str) -> Snapshot:
        """Save the run. Raises RunFileError: it cannot be written."""
        path = _path(path)
        return await self._do(lambda workspace: workspace.save(path))

    async def exported(self, title: str) -> ExportedRun:
        """What files of every kind tell of the run, called ``title``, at this moment: to be written elsewhere."""
        return await self._ask(lambda workspace: workspace.run.exported(title))

    async def switch(self, run: int) -> Snapshot:
        """Go to a run that was left, where it stood then (a line that was cut off: at its end), with all of its past.

        This one joins the list, and undo leads back to it.

        Raises:
            RequestError: no such run in the list.
        """
        run = whole(run, "run")
        return await self._do(lambda workspace: workspace.switch(run), halt=True)

    async def forget(self, run: int) -> Snapshot:
        """Strike a run off the list. Raises RequestError: no such run in the list."""
        run = whole(run, "run")
        return await self._do(lambda workspace: workspace.run_list.forget(run))

    async def bring_back(self) -> Snapshot:
        """Put the run that was struck off the list last where it was. Raises RequestError: none was struck off."""
        return await self._do(lambda workspace: workspace.run_list.bring_back())

    async def pin(self, run: int, pinned: bool = True) -> Snapshot:
        """Keep a run when the list is full, or no longer. Raises RequestError: no such run in the list."""
        run, pinned = whole(run, "run"), _truth(pinned, "pinned")
        return await self._do(lambda workspace: workspace.run_list.pin(run, pinned))

    async def note(self, run: int, text: str) -> Snapshot:
        """Write a note on a run, in the list or in progress; it is saved with the run. An empty one takes it away.

        Raises:
            RequestError: no such run, or what is no text.
        """
        run = whole(run, "run")
        if not isinstance(text, str):
            raise RequestError("A note is a text, not {text!r}.", text=text)
        return await self._do(lambda workspace: workspace.run_list.note(run, text))

    async def rescue(self) -> Snapshot:
        """Go back to ten updates before the run blew up, and choose a lower learning rate there.

        The run that blew up joins the list; undo takes the new rate back.

        Raises:
            RequestError: this run has not blown up.
        """
        return await self._do(lambda workspace: workspace.rescue(), halt=True)

    # --- doing -----------------------------------------------------------------------------------

    async def change(self, **changes: object) -> Snapshot:
        """Change training settings from this moment on: ``change(**{"training.lr": 0.01})``.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run.
        """
        return await self._do(lambda workspace: workspace.change(**changes))

    async def edit(self, name: str, place: tuple[int, ...], value: float) -> Snapshot:
        """Set one weight or bias: ``edit("hidden.weight", (2, 0), 0.5)``.

        Raises:
            RequestError: no such parameter, or a value that is not finite.
        """
        where, number = _numbers(place, "place"), _number(value, "value")
        name = str(name)
        return await self._do(lambda workspace: workspace.edit(name, where, number))

    async def freeze(self, indices: Iterable[int]) -> Snapshot:
        """Hold these parameters (flat indices) still, and no others. Raises RequestError: no such parameter."""
        frozen = frozenset(_numbers(indices, "indices"))
        return await self._do(lambda workspace: workspace.constrain(frozen=frozen))

    async def mute(self, neurons: Iterable[tuple[int, int]]) -> Snapshot:
        """Hold the outputs of these hidden neurons, (layer, neuron), at 0, and no others.

        Raises:
            RequestError: no such hidden neuron.
        """
        places = [_numbers(neuron, "neuron") for neuron in _items(neurons, "neurons")]
        if wrong := [place for place in places if len(place) != 2]:
            raise RequestError("{wrong!r} is no neuron: give pairs (layer, neuron).", wrong=wrong[0])
        muted = frozenset((layer, neuron) for layer, neuron in places)
        return await self._do(lambda workspace: workspace.constrain(muted=muted))

    async def undo(self, within: bool = False) -> Snapshot:
        """Take back the last edit or change; before the first one, go back to the run before this one.

        Args:
            within: take back what was done in this run only.

        Raises:
            RequestError: there is nothing to undo.
        """
        within = _truth(within, "within")
        return await self._do(lambda workspace: workspace.undo(within), halt=True)

    async def redo(self) -> Snapshot:
        """Bring back what was undone last. Raises RequestError: there is nothing to redo."""
        return await self._do(lambda workspace: workspace.redo(), halt=True)

    async def ask(self, asked: Sum) -> Answer:
        """Make a sum the current one and watch it. Training is not disturbed. Resolves with the answer."""
        if not isinstance(asked, Sum):
            raise RequestError("{asked!r} is no sum: make one with parse_sum.", asked=asked)
        asked = Sum(_number(asked.a, "a"), _number(asked.b, "b"), str(asked.typed))
        if not max(abs(asked.a), abs(asked.b)) <= LARGEST_TERM:
            raise RequestError("{typed} is too large to ask about: use numbers within ±1e12.", typed=asked)
        return await self._ask(lambda workspace: workspace.ask(asked))

    # --- the thread ------------------------------------------------------------------------------

    def _new_future(self) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._unanswered.add(future)
        future.add_done_callback(self._unanswered.discard)
        if self._closing.is_set():  # looked at last: the thread rejects whatever was there when it ended
            future.cancel()
            raise RequestError(CLOSED)
        return future

    async def _ask(self, work: Callable[[Workspace], Result]) -> Result:
        """Have the thread find something out and resolve with what it returns."""
        future = self._new_future()
        self._requests.put(lambda loop: loop.read(work, future))
        return cast("Result", await asyncio.wrap_future(future))

    async def _do(self, work: Callable[[Workspace], object], halt: bool = False) -> Snapshot:
        """Have the thread change something, ``halt`` playing, and resolve with the snapshot after it."""

        def change(loop: EngineLoop) -> None:
            work(loop.workspace)
            if halt:
                loop.halt()

        return await self._changed(change)

    async def _changed(self, change: Callable[[EngineLoop], None]) -> Snapshot:
        future = self._new_future()
        self._requests.put(lambda loop: loop.change(change, future))
        return cast("Snapshot", await asyncio.wrap_future(future))

    def _main(self) -> None:
        """Everything that computes happens here."""
        try:
            import numpy

            from adder_engine.runs.workspace import EngineLoop  # brings numpy and the kernels: not on the caller's time
            from adder_engine.warm_up import is_compiled, warm_up

            numpy.seterr(all="ignore")  # a number beyond float32 is infinite, and is shown so
            self._loaded.set()
            if not is_compiled():
                self.compiling = True
                warm_up()
                self.compiling = False
            loop = EngineLoop(self._begun_with, self._autosave, self._save_every)
            if self._resume is not None:
                loop.workspace.resume(self._resume)
            self._loop = loop
            loop.serve(self._requests, self._closing)
        except BaseException as error:
            self._broken(error)
        finally:
            self._closing.set()
            self._reject(CLOSED)
            if self._loop is not None:
                self._loop.save()
                self.warning = self._loop.workspace.warning

    def _broken(self, error: BaseException) -> None:
        """The thread cannot go on, for instance because numba is not there: tell everyone who asks."""
        message = tr("The engine cannot run: {kind}: {error}", kind=type(error).__name__, error=error).rstrip(".") + "."
        while not self._closing.is_set():
            self._reject(message)
            with contextlib.suppress(queue.Empty):
                self._requests.get(timeout=0.2)

    def _reject(self, sentence: str) -> None:
        for future in [*self._unanswered]:
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                future.set_exception(RequestError(sentence))


def _experiment(value: object) -> Experiment:
    """The value; raises RequestError where it is no experiment."""
    if not isinstance(value, Experiment):
        raise RequestError(
            "{experiment!r} is no experiment: make one with Experiment.preset or from_toml.", experiment=value
        )
    return value


def _number(value: object, name: str) -> float:
    """The value as a float; raises RequestError where it is no finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last is torch's, of tensors of several
        number = math.nan
    if not math.isfinite(number):
        raise RequestError("{name} = {value!r} is no number: use a finite one.", name=name, value=value)
    return number


def _truth(value: object, name: str) -> bool:
    """The value as true or false; raises RequestError where it is neither."""
    try:
        return bool(value)
    except (TypeError, ValueError):
        raise RequestError("{name} = {value!r} is neither true nor false.", name=name, value=value) from None


def _items(value: object, name: str) -> list[object]:
    """What is in a collection; raises RequestError where it is none."""
    try:
        if not isinstance(value, str | bytes):
            return [*value]  # type: ignore[misc]  # whatever it is
    except TypeError:
        pass
    raise RequestError("{name} = {value!r} will not do: give a list, a tuple or a set.", name=name, value=value)


def _numbers(value: object, name: str) -> tuple[int, ...]:
    """The whole numbers in a collection, or one; raises RequestError where it holds anything else."""
    try:
        items: list[object] = [operator.index(value)]  # type: ignore[arg-type]  # whatever it is
    except TypeError:
        items = _items(value, name)
    return tuple(whole(number, name) for number in items)


def _path(value: object) -> Path:
    """The value as a path; raises RequestError where it is none."""
    try:
        return Path(value)  # type: ignore[arg-type]
    except TypeError:
        raise RequestError("{value!r} is no file: give a path.", value=value) from None
