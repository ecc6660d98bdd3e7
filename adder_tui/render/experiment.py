"""Experiments in a few words: their name, their network, their batch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from adder_engine.experiment import Experiment
from adder_engine.presets import PRESETS
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.numbers import plain_number, plural


def preset_of(experiment: Experiment) -> str | None:
    """The preset that this experiment is, if it is one unchanged."""
    return next((name for name in PRESETS if Experiment.preset(name) == experiment), None)


def nearest_preset(experiment: Experiment) -> str:
    """The preset that differs from this experiment in the fewest keys."""
    return min(PRESETS, key=lambda name: len(experiment.differences(Experiment.preset(name))))


@lru_cache(maxsize=8)
def title(experiment: Experiment, glyphs: Glyphs) -> str:
    """``one-pair``, ``one-pair, lr 0.001``, ``many-pairs, 3 changes``, ``own rows``."""
    name = nearest_preset(experiment)
    changed = experiment.differences(Experiment.preset(name))
    if not changed:
        return name
    if "data.rows" in changed:
        return f"own rows, {plural(experiment.row_count, 'row')}"
    if len(changed) == 1:
        key, (value, _) = next(iter(changed.items()))
        return f"{name}, {key.rpartition('.')[2].replace('_', ' ')} {shown(value, glyphs)}"
    return f"{name}, {plural(len(changed), 'change')}"


def shown(value: Any, glyphs: Glyphs) -> str:
    """A key's value in a few characters."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return plain_number(value, glyphs)
    if isinstance(value, tuple):
        return layers(value)
    return str(value)


def layers(sizes: tuple[int, ...]) -> str:
    """``2-4-4-1``."""
    return "-".join(map(str, sizes))


def batch(experiment: Experiment) -> str:
    """``1 row``, ``all 10,000 rows``, ``100 of 10,000 rows``."""
    rows = plural(experiment.row_count, "row")
    if experiment.updates_per_epoch > 1:
        return f"{experiment.rows_per_update:,} of {rows}"
    return rows if experiment.row_count == 1 else f"all {rows}"
