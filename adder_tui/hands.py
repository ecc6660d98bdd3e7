"""The learner's hand on the network: set, nudge, keep and mute what is chosen, sent to the session as requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from adder_engine.errors import RequestError
from adder_tui.cursor import end_of, number_of
from adder_tui.render.numbers import number
from adder_tui.selection import Neuron, Parameter, Selection, layout_for, neuron_name, place_of

if TYPE_CHECKING:
    from adder_engine.snapshot import Moment, Snapshot
    from adder_tui.player import Player
    from adder_tui.render.view import View

NUDGE, LEAST_NUDGE = 0.01, 0.01
"""A nudge is this share of the number, and at least so much."""

NO_NUMBER = "An input has no number of its own to change: choose a neuron or an edge."


class Hands:
    """Turns keys into edits of the chosen number or neuron.

    Args:
        player: what the requests go through.
        view: what there is, with the choice.
        show: takes the snapshot that a request resolves with.
        say: shows one sentence.
        select: chooses something else.
    """

    def __init__(
        self, player: Player, view: Callable[[], View], show: Callable[[Snapshot], None], say: Callable[[str], None],
        select: Callable[[Selection], None],
    ) -> None:  # fmt: skip
        self._player, self._view, self._show, self._say, self._select = player, view, show, say, select
        self._one_at_a_time = asyncio.Lock()
        self._walk: tuple[Moment, int] | None = None
        """Where one walks by neuron, and how many of the layer's neurons it has reached."""

    def chosen(self) -> tuple[Parameter, str, tuple[int, ...]]:
        """The number that editing applies to, with its tensor's name and its place there.

        Raises:
            RequestError: an input is chosen, or there is no engine yet.
        """
        view = self._view()
        parameter = number_of(view.selection, view.experiment)
        if view.snapshot is None:
            raise RequestError("The engine is still loading.")
        if parameter is None:
            raise RequestError(NO_NUMBER)
        return parameter, *place_of(parameter, view.experiment)

    def _snapshot(self) -> Snapshot:
        snapshot = self._view().snapshot
        if snapshot is None:
            raise RequestError("The engine is still loading.")
        return snapshot

    async def set(self, name: str, place: tuple[int, ...], value: float) -> None:
        """Give a number another value, and say what it was."""
        layout, glyphs = layout_for(self._view().experiment), self._view().glyphs
        index = layout.index_of(name, place)
        session = await self._player.ready()
        old = float(self._snapshot().state[0, index])
        self._show(await session.edit(name, place, value))
        self._say(f"{layout.name_of(index)}: {number(old, glyphs)} → {number(value, glyphs)}. u takes it back.")

    async def nudge(self, direction: int) -> None:
        """Raise or lower the chosen number a little."""
        async with self._one_at_a_time:
            parameter, name, place = self.chosen()
            old = float(self._snapshot().state[0, parameter.index])
            new = old + direction * max(LEAST_NUDGE, NUDGE * abs(old))
            await self.set(name, place, new)

    async def keep(self) -> None:
        """Keep the chosen number as it is while training goes on, or let it go again."""
        parameter, _, _ = self.chosen()
        name = layout_for(self._view().experiment).name_of(parameter.index)
        await self._keep(frozenset({parameter.index}), name)

    async def keep_layer(self) -> None:
        """Keep the whole layer of the chosen number, or let it go again."""
        parameter, _, _ = self.chosen()
        layout = layout_for(self._view().experiment)
        layer = next(slot.layer for slot in layout.slots if parameter.index < slot.stop)
        whole = frozenset(range(layout.weight(layer).start, layout.bias(layer).stop))
        await self._keep(whole, f"Layer {self._view().experiment.layer_names[layer]}")

    async def _keep(self, indices: frozenset[int], name: str) -> None:
        async with self._one_at_a_time:
            kept = frozenset(self._snapshot().frozen)
            free = indices <= kept
            session = await self._player.ready()
            self._show(await session.freeze(kept - indices if free else kept | indices))
            self._say(f"{name} learns again." if free else f"{name} is kept as it is: training leaves it alone.")

    async def mute(self) -> None:
        """Hold the chosen hidden neuron's output at 0, or wake it."""
        async with self._one_at_a_time:
            view = self._view()
            chosen = view.selection
            column, index = (
                (chosen.column, chosen.index) if isinstance(chosen, Neuron) else end_of(chosen, view.experiment)[:2]
            )
            if not 0 < column < len(view.experiment.network.layers) - 1:
                raise RequestError("Only hidden neurons can be muted: choose one between the inputs and the output.")
            neuron = (column - 1, index)
            muted = frozenset(self._snapshot().silenced)
            session = await self._player.ready()
            self._show(await session.silence(muted ^ {neuron}))
            name = neuron_name(Neuron(column, index), view.experiment)
            self._say(f"{name} is awake again." if neuron in muted else f"{name} is muted: it hands on 0.")

    # --- the ladder, neuron by neuron ------------------------------------------------------------

    async def next_neuron(self, forward: bool) -> None:
        """Within a layer's rung the next neuron, or the one before; after the last one the next rung."""
        async with self._one_at_a_time:
            size = self._layer_at_work()
            if size is not None:
                there = (self.reached(self._snapshot()) or size) + (1 if forward else -1)
                if 1 <= there <= size:
                    self._reach(there)
                    return
            rung = self._snapshot().rung
            await self._player.climb(forward)
            size = self._layer_at_work()
            if size is not None:
                climbed = self._snapshot().rung != rung  # an edit may have been what was stepped over
                self._reach(1 if forward and climbed else size)

    def reached(self, snapshot: Snapshot | None) -> int | None:
        """How many neurons of the rung's layer the walk has reached; None where this rung is not walked."""
        if snapshot is None or self._walk is None or self._walk[0] != snapshot.moment or snapshot.status == "playing":
            return None
        return self._walk[1]

    def _reach(self, neurons: int) -> None:
        snapshot = self._snapshot()
        assert snapshot.rung is not None
        assert snapshot.rung.layer is not None
        self._walk = snapshot.moment, neurons
        self._select(Neuron(snapshot.rung.layer + 1, neurons - 1))

    def _layer_at_work(self) -> int | None:
        """Neurons of the layer that forward or backward is at."""
        snapshot = self._view().snapshot
        if snapshot is None or not snapshot.moment.rung or snapshot.rung is None or snapshot.rung.layer is None:
            return None
        return snapshot.experiment.network.layers[snapshot.rung.layer + 1]
