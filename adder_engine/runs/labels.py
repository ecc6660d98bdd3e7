"""What differs between runs, in a few words. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from adder_engine.experiment import KEYS, PRESETS, Experiment, activation_text
from adder_engine.parsing import brief_text
from adder_engine.snapshot import MOST_NOTE, Annotation

MOST_WORDS = 3
"""More differences than these are no name: the run is called after itself then."""
SAID_BY_VALUE = frozenset({"training.optimizer", "data.task"})
"""Choices whose values say what they are: tanh, adam."""


def title_of(experiment: Experiment) -> str:
    """The preset's name, or the network's shape and the optimizer."""
    for name, preset in _presets():
        if preset == experiment:
            return name
    return "-".join(map(str, experiment.network.layers)) + " " + experiment.training.optimizer


def note_of(text: object) -> str:
    """A person's note, or what a file holds in its place, as one short line of what can be printed."""
    return "".join(c for c in str(text) if c.isprintable()).strip()[:MOST_NOTE]


@cache
def _presets() -> tuple[tuple[str, Experiment], ...]:
    """Made once: a name is told with every snapshot."""
    return tuple((name, Experiment.preset(name)) for name in PRESETS)


def difference_words(old: Experiment, new: Experiment) -> list[str]:
    """What ``new`` has that ``old`` has not, one phrase a key: ``lr 0.01``, ``tanh``, ``2-8-1``.

    When a run pauses comes last: it changes no figure.
    """
    differing = [key.name for key in KEYS if old[key.name] != new[key.name]]
    return [_phrase(name, new[name]) for name in sorted(differing, key=lambda name: name.startswith("stop."))]


def name_of(base: Experiment, first: Experiment, marks: Sequence[Annotation]) -> str:
    """A run's name: how it began beside ``base``, and the last things done on the way."""
    words = difference_words(base, first)
    parts = [title_of(first)] if len(words) > MOST_WORDS else words
    if len(marks) > 2:
        parts = [*parts, "…"]
    parts += [f"{mark.text} at epoch {mark.epoch:,.4g}" for mark in marks[-2:]]
    return ", ".join(parts) or title_of(first)


def _phrase(name: str, value: Any) -> str:
    short = name.rpartition(".")[2].replace("_", " ")
    if name == "network.activation":
        return "no activation" if value == "none" else activation_text(value)
    if name == "training.loss":  # with the word, for what it is told beside is in other units
        return f"loss {value}"
    if name in SAID_BY_VALUE:
        return str(value)
    if name == "network.layers":
        return "-".join(map(str, value))
    if name == "data.rows":
        return f"{len(value)} row{'' if len(value) == 1 else 's'} of its own"
    if name == "training.batch_size":
        return f"batches of {value:,}" if value else "full batch"
    if name == "network.init" and isinstance(value, tuple):
        return "weights of its own"
    if name == "network.output_activation":
        return f"output {value}" if value != "none" else "output as it is"
    if name == "training.betas":
        return "betas " + ", ".join(f"{beta:g}" for beta in value)
    if name == "stop.sum":
        return f"stop at {value[0]:g} + {value[1]:g}" if value else "stop at no sum"
    if name.startswith("stop."):
        short = f"stop {short}"
    if isinstance(value, bool):
        return short if value else f"no {short}"
    return f"{short} {brief_text(value).replace('-', '−')}" if isinstance(value, float) else f"{short} {value}"
