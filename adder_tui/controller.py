"""The learner's hand on time and on the network, sent to the session as requests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adder_engine.errors import RequestError
from adder_engine.language import tr
from adder_tui.selection import Neuron, Parameter, Selection, end_of, layout_for, neuron_name, number_of, place_of
from adder_tui.settings import PACES, Pace
from adder_tui.ui.numbers import count, number, plain_number
from adder_tui.ui.run_state import nothing_left, pace_words
from adder_tui.ui.symbols import UNICODE

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.parsing import Sum
    from adder_engine.session import Session
    from adder_engine.snapshot import Answer, Position, Snapshot
    from adder_tui.ui.view import ViewState


NUDGE, LEAST_NUDGE = 0.01, 0.01
"""A nudge is this share of the number, and at least so much."""

NO_NUMBER = tr("An input has no number of its own to change: choose a neuron or an edge.")
WHOLE_RUN_SECONDS = 10
"""A run plays in about this time unless another pace is chosen, so that one can watch it learn."""


def pace_for(experiment: Experiment) -> float | None:
    """The pace that plays the whole run in about ten seconds; full speed for runs of very many epochs."""
    wanted = experiment.epochs / WHOLE_RUN_SECONDS
    return next((pace for pace in PACES if pace is None or pace >= wanted), None)


LOOK = 0.1
"""Seconds between two looks at whether the engine is being compiled."""
WATCHED_FPS = 10.0
"""How often a run that is trained again is looked at, to know when it has arrived."""
MOST_WAITING = 5
"""Steps that may wait for the one in progress: keys pressed quickly count, one held down does not run on for long."""


class Controller:
    """Turns keys into requests, and shows what comes back at once.

    Args:
        view: what there is, with what is chosen.
        show: takes each snapshot that a request resolves with.
        say: shows one sentence.
        select: chooses a neuron or a parameter.
        pace: the one that a class has settled on; None for one that fits the experiment.
    """

    def __init__(
        self, experiment: Experiment, view: Callable[[], ViewState], show: Callable[[Snapshot], None],
        say: Callable[[str], None], select: Callable[[Selection], None], pace: Pace | None = None,
    ) -> None:  # fmt: skip
        self._view, self._show, self._say, self._select = view, show, say, select
        self._ready = asyncio.Event()
        self._session: Session | None = None
        self._stepping = asyncio.Lock()
        self._steps_waiting = 0
        self._toggling = asyncio.Lock()
        self._editing = asyncio.Lock()
        self._walk: tuple[Position, int] | None = None
        """Where one walks by neuron, and how many of the layer's neurons it has reached."""
        self.closing = False
        """Whether the session closes, or is closed: what is asked of it now is refused."""
        self.step_size = "epoch"
        self.pace = pace_for(experiment) if pace is None else None if pace == "full" else pace
        self._pace_chosen = pace is not None

    async def follow(self, session: Session, fps: float, before: Callable[[Snapshot], Awaitable[None]]) -> None:
        """Send requests to this session, and pull its snapshots at our own pace until it is closed.

        Training never waits for the screen, and what a key does is drawn before what training did meanwhile.
        Requests made earlier have waited for the session.

        Args:
            before: awaited before what a playing run brings is shown.
        """
        self._session = session
        self._ready.set()
        message = asyncio.ensure_future(self._tell_of_compiling(session))
        async for snapshot in session.snapshots(fps):
            if message is not None and not message.done():
                message.cancel()
            if snapshot.status == "playing":
                await before(snapshot)
            self._show(snapshot)

    async def _tell_of_compiling(self, session: Session) -> None:
        """Say what the first start takes so long for; what is said goes when the engine is there."""
        while not session.compiling:
            await asyncio.sleep(LOOK)
        self._say(tr("Compiling the engine, once (about a minute): the first lesson can be read meanwhile."))
        with contextlib.suppress(RequestError):
            await session.snapshot()
            self._say("")

    async def close(self) -> None:
        """Save the run, and close the session."""
        self.closing = True
        if self._session is not None:
            await self._session.close()

    def close_now(self) -> bool:
        """The same from any thread, as when the app is ended from outside. Returns whether the engine has stopped."""
        return self._session is None or self._session.close_now()

    @property
    def unsaved(self) -> str:
        """Once the session is closed: why the run could not be saved; empty where it was."""
        return self._session.warning if self._session is not None else ""

    async def ready(self) -> Session:
        """The session, waited for."""
        await self._ready.wait()
        assert self._session is not None
        return self._session

    async def send(self, request: Callable[[Session], Awaitable[Snapshot]]) -> Snapshot:
        """Send the session a request, and show what it resolves with.

        Raises:
            AdderError: it is refused.
        """
        snapshot = await request(await self.ready())
        self._show(snapshot)
        return snapshot

    @property
    def _status(self) -> str:
        snapshot = self._view().snapshot
        return "loading" if snapshot is None else snapshot.status

    # --- playing ---------------------------------------------------------------------------------

    async def action_play(self) -> None:
        async with self._toggling:
            await self.ready()
            if self._status == "playing":
                await self.send(lambda session: session.pause())
            elif self._status == "done":
                self._say(nothing_left(self._view()))
            else:
                await self._play()

    async def _play(self) -> None:
        await self.send(lambda session: session.play(self.pace))

    async def action_pace(self, change: int) -> None:
        """Play slower, or faster."""
        index = PACES.index(self.pace) + change
        if not 0 <= index < len(PACES):
            pace = pace_words(self.pace).capitalize()
            slowest = tr("{pace} is as slow as it plays.", pace=pace)
            self._say(tr("{pace} is as fast as it plays.", pace=pace) if change > 0 else slowest)
            return
        self.pace = PACES[index]
        self._pace_chosen = True
        self._say(tr("It plays at {pace}.", pace=pace_words(self.pace)))
        if self._status == "playing":
            await self._play()

    def fit_pace(self, experiment: Experiment) -> None:
        """Choose the pace for another experiment, unless the learner has chosen one."""
        if not self._pace_chosen:
            self.pace = pace_for(experiment)

    # --- stepping --------------------------------------------------------------------------------

    def action_step_size(self) -> None:
        from adder_engine.snapshot import STEP_SIZES  # not at the top: the shell is painted without it

        self.step_size = STEP_SIZES[(STEP_SIZES.index(self.step_size) + 1) % len(STEP_SIZES)]
        named = {"layer": tr("a layer"), "phase": tr("a phase"), "update": tr("an update"), "epoch": tr("an epoch"),
                 "10 epochs": tr("10 epochs"), "100 epochs": tr("100 epochs")}  # fmt: skip
        self._say(tr("A step is now {size}.", size=named[self.step_size]))

    async def action_step(self, forward: bool) -> None:
        """One step on or back; of a key that repeats faster than the engine steps only a few are kept waiting."""
        if self._steps_waiting >= MOST_WAITING:
            return
        self._steps_waiting += 1
        try:
            async with self._stepping:
                session = await self.ready()
                if self._status == "playing":
                    await session.pause()
                await self._move(forward, self.step_size)
        finally:
            self._steps_waiting -= 1

    async def _move(self, forward: bool, size: str) -> None:
        await self.ready()
        if forward and self._status == "done":
            self._say(nothing_left(self._view()))
        else:
            await self._travel(lambda session: session.step(size) if forward else session.back(size))

    async def _travel(self, request: Callable[[Session], Awaitable[Snapshot]]) -> None:
        """Make a step, an undo or a redo, and say what it went over."""
        snapshot = await self.send(request)
        if snapshot.history_move is not None:
            from adder_tui.ui.run_words import move_text  # not at the top: the shell is painted without it

            self._say(move_text(snapshot.history_move, snapshot, UNICODE))

    async def action_home(self) -> None:
        await self.send(lambda session: session.home())

    async def action_end(self) -> None:
        await self.send(lambda session: session.end())

    async def seek_epoch(self, epoch: int) -> None:
        """To the end of an epoch that the run has been at."""
        await self.send(lambda session: session.seek_epoch(epoch))
        self._say(tr("Now at epoch {epoch}: End goes to the newest moment.", epoch=count(epoch)))

    # --- the run ---------------------------------------------------------------------------------

    async def action_reset(self) -> None:
        await self.send(lambda session: session.reset())

    async def action_reseed(self) -> None:
        snapshot = await self.send(lambda session: session.reseed())
        self._say(tr("A new start with seed {seed}.", seed=snapshot.experiment.seed))

    async def run(self, experiment: Experiment, changes: dict[str, Any] | None) -> None:
        """Change some keys of the run in place, or with ``changes`` None start a new run."""
        await self.send(lambda session: session.load(experiment) if changes is None else session.change(**changes))

    async def train_again(self, experiment: Experiment, until: int | None) -> Snapshot | None:
        """Start a new run and train it at full speed to the end of an epoch, or with None to its own end.

        Returns where it has arrived; None where a person halted it or went elsewhere on the way.
        """
        session, here = await self.ready(), await self.send(lambda session: session.load(experiment))
        if until == 0:
            return here
        pace, self.pace = self.pace, None
        try:
            await self.send(lambda session: session.play(None, until))
            async for snapshot in session.snapshots(WATCHED_FPS):
                self._show(snapshot)
                if snapshot.run != here.run or snapshot.experiment != experiment:
                    return None
                if snapshot.status != "playing":
                    return snapshot if until in (None, snapshot.epoch) else None
        finally:
            if self.pace is None:
                self.pace = pace
        return None

    async def open(self, path: Path) -> str:
        """A run that was saved; or a new one that starts from the weights in a file. What is so now, in a sentence."""
        from adder_engine.weights_file import are_weights, starting_weights  # not at the top: it brings numpy

        if not are_weights(path):
            await self.send(lambda session: session.open(path))
            return tr("{run} is open.", run=path.stem)
        experiment = self._view().experiment
        weights = await asyncio.to_thread(starting_weights, path, experiment)
        await self.run(experiment.replace(**{"network.init": weights}), None)
        return tr("A new run starts from the weights in {name}.", name=path.name)

    async def export(self, path: Path, title: str) -> str:
        """Write the run to a file of the kind that its ending asks for; what the file leaves out, in a sentence.

        Raises:
            RequestError: an ending of no kind, or a file that cannot be written.
        """
        from adder_engine.export.export import export, kind_of, left_out  # not at the top: it brings numpy

        kind = kind_of(path)
        exported = await (await self.ready()).exported(title)
        await asyncio.to_thread(export, exported, path)
        return left_out(exported, kind)

    async def action_rescue(self) -> None:
        snapshot = await self.send(lambda session: session.rescue())
        lr = plain_number(float(f"{snapshot.lr:.4g}"), UNICODE)
        update = count(snapshot.moment.update)
        self._say(tr("Back at update {update}, with the learning rate {lr}: space goes on.", update=update, lr=lr))

    async def ask(self, asked: Sum) -> Answer:
        """Ask the network; training is not changed by it."""
        answer = await (await self.ready()).ask(asked)
        await self.send(lambda session: session.snapshot())
        return answer

    async def action_undo(self) -> None:
        # A lesson's run stays at hand: the one before it is another lesson's, or the learner's own.
        await self._travel(lambda session: session.undo(within="lesson" in self._view().words))

    async def action_redo(self) -> None:
        await self._travel(lambda session: session.redo())

    # --- the chosen number -----------------------------------------------------------------------

    def chosen(self) -> tuple[Parameter, str, tuple[int, ...]]:
        """The number that editing applies to, with its tensor's name and its place there.

        Raises:
            RequestError: an input is chosen, or there is no engine yet.
        """
        view, parameter = self._view(), number_of(self._view().selection, self._view().experiment)
        self._snapshot()
        if parameter is None:
            raise RequestError(NO_NUMBER)
        return parameter, *place_of(parameter, view.experiment)

    def _snapshot(self) -> Snapshot:
        snapshot = self._view().snapshot
        if snapshot is None:
            raise RequestError(tr("The engine is still loading."))
        return snapshot

    async def set(self, name: str, place: tuple[int, ...], value: float) -> None:
        """Give a number another value, and say what it was."""
        layout, glyphs = layout_for(self._view().experiment), self._view().glyphs
        index = layout.index_of(name, place)
        await self.ready()
        now = self._snapshot().state[0, index]
        old = float(now)
        if old == now.dtype.type(value):
            self._say(tr("{name} is {value} already.", name=layout.name_of(index), value=number(old, glyphs)))
            return
        await self.send(lambda session: session.edit(name, place, value))
        name, before, after = layout.name_of(index), number(old, glyphs), number(value, glyphs)
        self._say(tr("{name}: {before} → {after}. u takes it back.", name=name, before=before, after=after))

    async def action_nudge(self, direction: int) -> None:
        async with self._editing:
            parameter, name, place = self.chosen()
            old = float(self._snapshot().state[0, parameter.index])
            new = old + direction * max(LEAST_NUDGE, NUDGE * abs(old))
            await self.set(name, place, new)

    async def action_keep(self) -> None:
        parameter, _, _ = self.chosen()
        name = layout_for(self._view().experiment).name_of(parameter.index)
        await self._keep(frozenset({parameter.index}), name)

    async def action_keep_layer(self) -> None:
        parameter, _, _ = self.chosen()
        layout = layout_for(self._view().experiment)
        layer = next(tensor.layer for tensor in layout.tensors if parameter.index < tensor.stop)
        whole = frozenset(range(layout.weight(layer).start, layout.bias(layer).stop))
        await self._keep(whole, tr("Layer {layer}", layer=self._view().experiment.layer_names[layer]))

    async def _keep(self, indices: frozenset[int], name: str) -> None:
        async with self._editing:
            kept = frozenset(self._snapshot().frozen)
            free = indices <= kept
            await self.send(lambda session: session.freeze(kept - indices if free else kept | indices))
            leaves = tr("{name} is kept as it is: training leaves it alone.", name=name)
            self._say(tr("{name} learns again.", name=name) if free else leaves)

    async def action_mute(self) -> None:
        async with self._editing:
            experiment, chosen = self._view().experiment, self._view().selection
            if isinstance(chosen, Neuron):
                column, index = chosen.column, chosen.index
            else:
                column, index, _ = end_of(chosen, experiment)
            if not 0 < column < len(experiment.network.layers) - 1:
                only = tr("Only hidden neurons can be muted: choose one between the inputs and the output.")
                raise RequestError(only)
            neuron, muted = (column - 1, index), frozenset(self._snapshot().muted)
            await self.send(lambda session: session.mute(muted ^ {neuron}))
            name = neuron_name(Neuron(column, index), experiment)
            rests = tr("{name} is muted: it hands on 0.", name=name)
            self._say(tr("{name} is awake again.", name=name) if neuron in muted else rests)

    # --- the ladder, neuron by neuron ------------------------------------------------------------

    async def action_walk(self, forward: bool) -> None:
        """Within a layer's rung the next neuron, or the one before; after the last one the next rung."""
        async with self._editing:
            size = self._layer_at_work()
            if size is not None:
                there = (self.reached(self._snapshot()) or size) + (1 if forward else -1)
                if 1 <= there <= size:
                    self._reach(there)
                    return
            stage = self._snapshot().stage
            await self._move(forward, "layer")
            size = self._layer_at_work()
            if size is not None:
                climbed = self._snapshot().stage != stage  # an edit may have been what was stepped over
                self._reach(1 if forward and climbed else size)

    def reached(self, snapshot: Snapshot | None) -> int | None:
        """How many neurons of the rung's layer the walk has reached; None where this rung is not walked."""
        if snapshot is None or self._walk is None or self._walk[0] != snapshot.moment or snapshot.status == "playing":
            return None
        return self._walk[1]

    def _reach(self, neurons: int) -> None:
        snapshot = self._snapshot()
        assert snapshot.stage is not None
        assert snapshot.stage.layer is not None
        self._walk = snapshot.moment, neurons
        self._select(Neuron(snapshot.stage.layer + 1, neurons - 1))

    def _layer_at_work(self) -> int | None:
        """Neurons of the layer that forward or backward is at."""
        snapshot = self._view().snapshot
        if snapshot is None or not snapshot.moment.stage or snapshot.stage is None or snapshot.stage.layer is None:
            return None
        return snapshot.experiment.network.layers[snapshot.stage.layer + 1]
