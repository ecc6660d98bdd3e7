"""What differs between runs, in a few words. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from adder_engine.experiment import KEYS, Experiment, activation_text
from adder_engine.language import tr, trn
from adder_engine.parsing import brief_text
from adder_engine.presets import PRESETS
from adder_engine.snapshot import MOST_NOTE, Annotation

MOST_WORDS = 3
"""More differences than these are no name: the run is called after itself then."""


@cache
def _presets() -> tuple[tuple[str, Experiment], ...]:
    """Made once: a name is told with every snapshot."""
    return tuple((name, Experiment.preset(name)) for name in PRESETS)


def title_of(experiment: Experiment) -> str:
    """The preset's name, or the network's shape and the optimizer."""
    own = "-".join(map(str, experiment.network.layers)) + " " + experiment.training.optimizer
    return next((name for name, preset in _presets() if preset == experiment), own)


def note_of(text: object) -> str:
    """A person's note, or what a file holds in its place, as one short line of what can be printed."""
    return "".join(c for c in str(text) if c.isprintable()).strip()[:MOST_NOTE]


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


_PHRASES: dict[str, Callable[[Any], str]] = {
    "data.rows": lambda rows: trn("{rows} row of its own", "{rows} rows of its own", len(rows), rows=len(rows)),
    "data.task": str,
    "network.activation": lambda value: tr("no activation") if value == "none" else activation_text(value),
    "network.layers": lambda layers: "-".join(map(str, layers)),
    "network.output_activation": lambda value: (
        tr("output {value}", value=value) if value != "none" else tr("output as it is")
    ),
    "stop.sum": lambda pair: tr("stop at {a:g} + {b:g}", a=pair[0], b=pair[1]) if pair else tr("stop at no sum"),
    "training.batch_size": lambda rows: tr("batches of {value:,}", value=rows) if rows else tr("full batch"),
    "training.betas": lambda betas: tr("betas {betas}", betas=", ".join(f"{beta:g}" for beta in betas)),
    "training.loss": lambda loss: tr("loss {value}", value=loss),  # what it is told beside is in other units
    "training.optimizer": str,
}
"""What is said of a key's value otherwise than by the key's name and it."""


def _phrase(name: str, value: Any) -> str:
    if name in _PHRASES:
        return _PHRASES[name](value)
    if isinstance(value, tuple):  # network.init
        return tr("weights of its own")
    short = name.rpartition(".")[2].replace("_", " ")
    if name.startswith("stop."):
        short = tr("stop {short}", short=short)
    if isinstance(value, bool):
        return short if value else tr("no {short}", short=short)
    return f"{short} {brief_text(value).replace('-', '−')}" if isinstance(value, float) else f"{short} {value}"
