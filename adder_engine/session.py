"""The asynchronous face of the engine: what can be asked of a run that goes on in a thread. Needs no torch."""

from __future__ import annotations

import asyncio
import math
import operator
import random
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from adder_engine.analysis.results import FINDINGS, Query
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
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
from adder_engine.worker_thread import EngineThread, QueryBatch

if TYPE_CHECKING:
    from adder_engine.export.export import ExportedRun
    from adder_engine.runs.workspace import Workspace
    from adder_engine.snapshot import Doubles, Floats
    from adder_engine.steps import Steps
    from adder_engine.trace import Trace

SLOWEST, FASTEST = 0.001, 1e6
"""Epochs a second."""
SAVE_EVERY = 3.0
"""Seconds between two saves of a run that goes on changing."""


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
        autosave, resume = (None if path is None else _path(path) for path in (autosave, resume))
        self._thread = EngineThread(experiment, autosave, resume, SAVE_EVERY)

    @property
    def experiment(self) -> Experiment:
        return self._thread.experiment

    @property
    def warning(self) -> str:
        """Once the session is closed: why the run could not be saved; empty where it was."""
        return self._thread.warning

    @property
    def compiling(self) -> bool:
        """Whether the kernels are being compiled, which is done once and takes up to a minute."""
        return self._thread.compiling

    async def close(self, timeout: float = 5.0) -> None:
        """Save, and stop the thread."""
        await asyncio.to_thread(self.close_now, timeout)

    def close_now(self, timeout: float = 2.0) -> bool:
        """Save, and stop the thread, from any thread. Returns whether it stopped in time."""
        return self._thread.close_now(timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- looking ---------------------------------------------------------------------------------

    async def snapshot(self, since: int | None = None) -> Snapshot:
        """The newest snapshot; with ``since`` the next one whose version differs, waited for."""
        return await self._thread.snapshot(since)

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

        def begin(question: Query) -> Callable[[Workspace], Steps[object]]:
            return lambda workspace: workspace.explorer.find(question)

        return self._thread.begin([begin(question) for question in questions])

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
        place = None if row is None else _whole(row, "row")
        return await self._thread.ask(lambda workspace: workspace.explorer.trace(place))

    async def batch_rows(self) -> tuple[int, ...]:
        """The rows of the data in the newest batch, in the data's order: those that :meth:`trace` can follow.

        Raises:
            RequestError: there has been no batch yet.
        """
        return await self._thread.ask(lambda workspace: workspace.explorer.batch_rows())

    async def prove(self) -> ReferenceCheck:
        """One update of ours beside autograd and ``torch.optim``, tensor by tensor. The run is not disturbed.

        It is the next one, or the one in progress from the state at its start. The first time it imports
        torch, which takes a second or two.
        """
        return await self._thread.ask(lambda workspace: workspace.explorer.prove())

    async def check_gradient(self, index: int) -> GradientCheck:
        """One parameter's gradient beside finite differences. The run is not disturbed.

        Raises:
            RequestError: no such parameter.
        """
        index = _whole(index, "index")
        return await self._thread.ask(lambda workspace: workspace.explorer.check_gradient(index))

    async def course(self, index: int) -> ParameterHistory:
        """One parameter (flat index) over the run so far.

        Raises:
            RequestError: no such parameter.
        """
        index = _whole(index, "index")
        return await self._thread.ask(lambda workspace: workspace.explorer.course(index))

    async def look(self, epoch: int) -> EpochSummary:
        """What the run was at the end of an epoch; 0 is its start. The run is not moved or disturbed.

        Raises:
            RequestError: the run has not been there.
        """
        epoch = _whole(epoch, "epoch")
        return await self._thread.ask(lambda workspace: workspace.explorer.look(epoch))

    async def activity(self) -> tuple[LayerActivity, ...]:
        """Each layer's outputs over all training rows: mean, range, and the share of dead ones."""
        return await self._thread.ask(lambda workspace: workspace.explorer.activity())

    async def start_state(self) -> Floats:
        """The state ``(4, P)`` that the run began with."""
        return await self._thread.ask(lambda workspace: workspace.explorer.start_state())

    async def module_text(self) -> str:
        """The network as PyTorch prints it."""
        return await self._thread.ask(lambda workspace: workspace.explorer.module_text())

    async def data(self) -> DatasetArrays:
        """The pairs that are trained on and those held out; the same for the whole run."""
        return await self._thread.ask(lambda workspace: workspace.explorer.data())

    async def answers(self, pairs: Doubles) -> Doubles:
        """The network's answers ``(n,)`` to pairs ``(n, 2)``, in units of sums. Changes nothing."""
        return await self._thread.ask(lambda workspace: workspace.explorer.answers_to(pairs))

    async def bench(self, name: str, *arguments: float | str) -> float | str:
        """One of the figures of :data:`adder_engine.probes.BENCHES`, from the run as it stands. Changes
        nothing.

        Raises:
            RequestError: no such figure, or arguments that do not fit.
        """
        return await self._thread.ask(lambda workspace: workspace.explorer.bench(name, *arguments))

    async def predict(self, a: float, b: float) -> float:
        """The network's answer to the pair (a, b), in units of sums. Changes nothing.

        Raises:
            RequestError: a or b is no finite number.
        """
        pair = _number(a, "a"), _number(b, "b")
        return await self._thread.ask(lambda workspace: workspace.run.trainer.predict(*pair))

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
        return await self._thread.play(pace, None if until is None else _whole(until, "until"))

    async def pause(self) -> Snapshot:
        """Stop playing, or a step of many updates, after the update in progress."""
        return await self._thread.pause()

    async def step(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go forward by one of :data:`~adder_engine.snapshot.STEP_SIZES`, ``count`` times.

        Raises:
            RequestError: no such size, or all epochs are done.
        """
        enough, size, count = self._thread.is_enough, str(size), _whole(count, "count")
        return await self._thread.do(lambda workspace: workspace.run.step(size, count, enough), halt=True)

    async def back(self, size: str = "update", count: int = 1) -> Snapshot:
        """Go back by one of the step sizes, ``count`` times; at the start it stays there.

        Raises:
            RequestError: no such size.
        """
        enough, size, count = self._thread.is_enough, str(size), _whole(count, "count")
        return await self._thread.do(lambda workspace: workspace.run.back(size, count, enough), halt=True)

    async def seek(self, update: int, stage: int = 0) -> Snapshot:
        """Go to any moment that the run has been at.

        Raises:
            RequestError: the run has not been there.
        """
        update, stage = _whole(update, "update"), _whole(stage, "stage")

        def go(workspace: Workspace) -> None:
            run = workspace.run
            run.seek(min(run.timeline.behind(update, stage), max(run.newest, Position(update, stage))))

        return await self._thread.do(go, halt=True)

    async def seek_epoch(self, epoch: int) -> Snapshot:
        """Go to the end of an epoch that the run has been at; 0 is the start.

        Raises:
            RequestError: the run has not been there.
        """
        epoch = _whole(epoch, "epoch")
        return await self._thread.do(lambda workspace: workspace.run.seek_epoch(epoch), halt=True)

    async def home(self) -> Snapshot:
        return await self._thread.do(lambda workspace: workspace.run.seek(Position()), halt=True)

    async def end(self) -> Snapshot:
        return await self._thread.do(lambda workspace: workspace.run.seek(workspace.run.newest), halt=True)

    # --- runs ------------------------------------------------------------------------------------

    async def reset(self) -> Snapshot:
        """Start the same settings again from the same initial weights. Undo brings the old run back."""
        return await self._thread.do(lambda workspace: workspace.start(workspace.run.experiment), halt=True)

    async def reseed(self, seed: int | None = None) -> Snapshot:
        """Start again with another seed: the given one, or one drawn from 0 to 9999."""
        seed = None if seed is None else _whole(seed, "seed")

        def start(workspace: Workspace) -> None:
            old = workspace.run.experiment
            new = seed if seed is not None else random.choice([n for n in range(10_000) if n != old.seed])
            workspace.start(old.replace(seed=new))

        return await self._thread.do(start, halt=True)

    async def load(self, experiment: Experiment) -> Snapshot:
        """Start this experiment. Undo brings the old run back.

        Raises:
            RequestError: it is no experiment.
        """
        wanted = _experiment(experiment)
        return await self._thread.do(lambda workspace: workspace.start(wanted), halt=True)

    async def open(self, path: Path | str) -> Snapshot:
        """Open a saved run, at the moment where it stood.

        Raises:
            RunFileError: it cannot be read; the run in progress goes on.
        """
        file = _path(path)
        return await self._thread.do(lambda workspace: workspace.open(file), halt=True)

    async def save(self, path: Path | str) -> Snapshot:
        """Save the run.

        Raises:
            RunFileError: it cannot be written.
        """
        file = _path(path)
        return await self._thread.do(lambda workspace: workspace.save(file))

    async def exported(self, title: str) -> ExportedRun:
        """What files of every kind tell of the run, called ``title``, at this moment: to be written elsewhere."""
        found: list[ExportedRun] = []
        await self._thread.do(lambda workspace: found.append(workspace.run.exported(title)))
        return found[0]

    async def switch(self, run: int) -> Snapshot:
        """Go to a run that was left, where it stood then (a line that was cut off: at its end), with all of its past.

        This one joins the list, and undo leads back to it.

        Raises:
            RequestError: no such run in the list.
        """
        run = _whole(run, "run")
        return await self._thread.do(lambda workspace: workspace.switch(run), halt=True)

    async def forget(self, run: int) -> Snapshot:
        """Strike a run off the list.

        Raises:
            RequestError: no such run in the list.
        """
        run = _whole(run, "run")
        return await self._thread.do(lambda workspace: workspace.run_list.forget(run))

    async def bring_back(self) -> Snapshot:
        """Put the run that was struck off the list last where it was.

        Raises:
            RequestError: none was struck off.
        """
        return await self._thread.do(lambda workspace: workspace.run_list.bring_back())

    async def pin(self, run: int, pinned: bool = True) -> Snapshot:
        """Keep a run when the list is full, or no longer.

        Raises:
            RequestError: no such run in the list.
        """
        run = _whole(run, "run")
        return await self._thread.do(lambda workspace: workspace.run_list.pin(run, pinned))

    async def note(self, run: int, text: str) -> Snapshot:
        """Write a note on a run, in the list or in progress; it is saved with the run. An empty one takes it away.

        Raises:
            RequestError: no such run, or what is no text.
        """
        run = _whole(run, "run")
        if not isinstance(text, str):
            raise RequestError("A note is a text, not {text!r}.", text=text)
        return await self._thread.do(lambda workspace: workspace.run_list.note(run, text))

    async def rescue(self) -> Snapshot:
        """Go back to ten updates before the run blew up, and choose a lower learning rate there.

        The run that blew up joins the list; undo takes the new rate back.

        Raises:
            RequestError: this run has not blown up.
        """
        return await self._thread.do(lambda workspace: workspace.rescue(), halt=True)

    # --- doing -----------------------------------------------------------------------------------

    async def change(self, **changes: object) -> Snapshot:
        """Change training settings from this moment on: ``change(**{"training.lr": 0.01})``.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run.
        """
        return await self._thread.do(lambda workspace: workspace.change(**changes))

    async def edit(self, name: str, place: tuple[int, ...], value: float) -> Snapshot:
        """Set one weight or bias: ``edit("hidden.weight", (2, 0), 0.5)``.

        Raises:
            RequestError: no such parameter, or a value that is not finite.
        """
        where, number = _numbers(place, "place"), _number(value, "value")
        return await self._thread.do(lambda workspace: workspace.edit(str(name), where, number))

    async def freeze(self, indices: Iterable[int]) -> Snapshot:
        """Hold these parameters (flat indices) still, and no others.

        Raises:
            RequestError: no such parameter.
        """
        frozen = frozenset(_numbers(indices, "indices"))
        return await self._thread.do(lambda workspace: workspace.constrain(frozen=frozen))

    async def mute(self, neurons: Iterable[tuple[int, int]]) -> Snapshot:
        """Hold the outputs of these hidden neurons, (layer, neuron), at 0, and no others.

        Raises:
            RequestError: no such hidden neuron.
        """
        places = [_numbers(neuron, "neuron") for neuron in _items(neurons, "neurons")]
        if wrong := [place for place in places if len(place) != 2]:
            raise RequestError("{wrong!r} is no neuron: give pairs (layer, neuron).", wrong=wrong[0])
        muted = frozenset((layer, neuron) for layer, neuron in places)
        return await self._thread.do(lambda workspace: workspace.constrain(muted=muted))

    async def undo(self, within: bool = False) -> Snapshot:
        """Take back the last edit or change; before the first one, go back to the run before this one.

        Args:
            within: take back what was done in this run only.

        Raises:
            RequestError: there is nothing to undo.
        """
        return await self._thread.do(lambda workspace: workspace.undo(within), halt=True)

    async def redo(self) -> Snapshot:
        """Bring back what was undone last.

        Raises:
            RequestError: there is nothing to redo.
        """
        return await self._thread.do(lambda workspace: workspace.redo(), halt=True)

    async def ask(self, asked: Sum) -> Answer:
        """Make a sum the current one and watch it. Training is not disturbed. Resolves with the answer."""
        if not isinstance(asked, Sum):
            raise RequestError("{asked!r} is no sum: make one with parse_sum.", asked=asked)

        def answer(workspace: Workspace) -> Answer:
            workspace.ask(asked)
            return workspace.answer()

        return await self._thread.ask(answer)


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
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise RequestError("{name} = {value!r} is no number: use a finite one.", name=name, value=value)
    return number


def _whole(value: object, name: str) -> int:
    """The value as a whole number; raises RequestError where it is none."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise RequestError("{name} = {value!r} is no whole number.", name=name, value=value) from None


def _items(value: object, name: str) -> list[object]:
    """What is in a collection; raises RequestError where it is none."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise RequestError("{name} = {value!r} will not do: give a list, a tuple or a set.", name=name, value=value)
    return [*value]


def _numbers(value: object, name: str) -> tuple[int, ...]:
    """The whole numbers in a collection, or one; raises RequestError where it holds anything else."""
    if isinstance(value, int):
        return (value,)
    return tuple(_whole(number, name) for number in _items(value, name))


def _path(value: object) -> Path:
    """The value as a path; raises RequestError where it is none."""
    try:
        return Path(value)  # type: ignore[arg-type]
    except TypeError:
        raise RequestError("{value!r} is no file: give a path.", value=value) from None
