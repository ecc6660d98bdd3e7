"""What differs between runs, in a few words. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from adder_engine.experiment import KEYS, Experiment, activation_text
from adder_engine.language import tr, trn
from adder_engine.parsing import brief_text
from adder_engine.presets import PRESETS
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
    parts += [tr("{text} at epoch {epoch:,.4g}", text=mark.text, epoch=mark.epoch) for mark in marks[-2:]]
    return ", ".join(parts) or title_of(first)


def _phrase(name: str, value: Any) -> str:
    short = name.rpartition(".")[2].replace("_", " ")
    if name == "network.activation":
        return tr("no activation") if value == "none" else activation_text(value)
    if name == "training.loss":  # with the word, for what it is told beside is in other units
        return tr("loss {value}", value=value)
    if name in SAID_BY_VALUE:
        return str(value)
    if name == "network.layers":
        return "-".join(map(str, value))
    if name == "data.rows":
        return trn("{rows} row of its own", "{rows} rows of its own", len(value), rows=len(value))
    if name == "training.batch_size":
        return tr("batches of {value:,}", value=value) if value else tr("full batch")
    if name == "network.init" and isinstance(value, tuple):
        return tr("weights of its own")
    if name == "network.output_activation":
        return tr("output {value}", value=value) if value != "none" else tr("output as it is")
    if name == "training.betas":
        return tr("betas {betas}", betas=", ".join(f"{beta:g}" for beta in value))
    if name == "stop.sum":
        return tr("stop at {a:g} + {b:g}", a=value[0], b=value[1]) if value else tr("stop at no sum")
    if name.startswith("stop."):
        short = tr("stop {short}", short=short)
    if isinstance(value, bool):
        return short if value else tr("no {short}", short=short)
    return f"{short} {brief_text(value).replace('-', '−')}" if isinstance(value, float) else f"{short} {value}"
