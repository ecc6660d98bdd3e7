"""What was done by hand, in words: when a step, an undo or a redo goes over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.experiment import shown
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.numbers import count, number, plural
from adder_tui.selection import Neuron, layout_for, neuron_name

if TYPE_CHECKING:
    from adder_engine.snapshot import Crossing, Snapshot, Told

MOST_NAMED = 3
"""Numbers or neurons that are named one by one."""


def crossing_told(crossing: Crossing, snapshot: Snapshot, glyphs: Glyphs) -> str:
    """``Undone: hidden.weight[0, 0] 0.5 → 0.369; back at epoch 412.``

    Args:
        snapshot: of the moment that it led to.
    """
    backwards = crossing.how in ("back", "undone")
    if not crossing.count:
        which = "the run before" if backwards else "the run after it"
        return f"{crossing.how.capitalize()}: this is {which}, at epoch {count(snapshot.epoch)}."
    sentence = _opening(crossing) + (
        plural(crossing.count, "change") + " made by hand" if crossing.told is None
        else deed_told(crossing.told, snapshot, glyphs, backwards)
    )  # fmt: skip
    if crossing.how in ("undone", "redone") and snapshot.epoch != crossing.epoch:
        sentence += f"; {'back' if snapshot.epoch < crossing.epoch else 'on'} at epoch {count(snapshot.epoch)}"
    return sentence[0].upper() + sentence[1:] + "."


def _opening(crossing: Crossing) -> str:
    if crossing.how in ("undone", "redone"):
        return f"{crossing.how.capitalize()}: "
    edit = crossing.told is not None and crossing.told.index is not None
    if crossing.told is None:
        return "Back over " if crossing.how == "back" else "On over "
    return ("Back before the " if crossing.how == "back" else "") + ("edit: " if edit else "change: ")


def deed_told(told: Told, snapshot: Snapshot, glyphs: Glyphs, backwards: bool = False) -> str:
    """``hidden.weight[0, 0] 0.369 → 0.5``, ``h1[2] muted``, ``lr 0.001 → 0.01``; ``backwards`` as it was taken back."""
    layout = layout_for(snapshot.experiment)

    if told.index is not None:
        before, after = (number(value, glyphs) for value in (told.values[::-1] if backwards else told.values))
        return f"{layout.name_of(told.index)} {before} → {after}"
    parts = []
    for name, pair in told.experiments[0].differences(told.experiments[1]).items():
        was, now = (shown(value, glyphs) for value in (pair[::-1] if backwards else pair))
        parts.append(f"{name.rpartition('.')[2].replace('_', ' ')} {was} → {now}")
    frozen, silenced = (told.frozen, told.silenced) if not backwards else (told.frozen[::-1], told.silenced[::-1])
    for which, words in ((frozen[1] - frozen[0], "kept"), (frozen[0] - frozen[1], "free again")):
        parts.append(_named([layout.name_of(index) for index in sorted(which)], "numbers", words))
    for neurons, words in ((silenced[1] - silenced[0], "muted"), (silenced[0] - silenced[1], "awake again")):
        names = [neuron_name(Neuron(layer + 1, i), snapshot.experiment) for layer, i in sorted(neurons)]
        parts.append(_named(names, "neurons", words))
    return ", ".join(part for part in parts if part)


def _named(names: list[str], kind: str, words: str) -> str:
    """``h1[2] muted``; many are counted; nothing for none."""
    if not names:
        return ""
    return f"{', '.join(names) if len(names) <= MOST_NAMED else f'{count(len(names))} {kind}'} {words}"
