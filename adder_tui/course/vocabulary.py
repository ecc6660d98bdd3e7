"""The words of lessons: what checks may name, the benches, the views, the kinds of slips, and the actions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from adder_engine.errors import AdderError
from adder_engine.experiment import key_named
from adder_engine.parsing import parse_sum
from adder_engine.snapshot import PHASES, STEP_SIZES
from adder_tui.course.source import ActionError

Kind = Literal["number", "truth", "words", "any"]
PATTERNS = {
    "predict": "predict ID VALUE",
    "answer": "answer ID VALUE",
    "ask": "ask 30+70",
    "station": "station ID",
    "set": "set training.lr=0.01",
    "change": "change training.lr=0.01",
    "run": "run EPOCHS",
    "step": "step SIZE",
    "reset": "reset",
    "seed": "seed 43",
    "edit": "edit PARAMETER VALUE",
    "nudge": "nudge PARAMETER AMOUNT",
    "gradcheck": "gradcheck PARAMETER",
    "open": "open VIEW",
    "sort": "sort CARD BIN",
    "bench": "bench NAME ARGUMENT...",
}
MOST_EPOCHS = 1_000_000


@dataclass(frozen=True)
class Word:
    """One name that an expression may use, and what may stand in its brackets."""

    kind: Kind
    takes: tuple[Kind, ...] = ()
    call: bool = False
    """Written with brackets."""
    more: bool = False
    """Further numbers or words may follow those in ``takes``."""
    fetched: bool = False
    """Its value has to be asked of the engine."""


def _name(kind: Kind, fetched: bool = False) -> Word:
    return Word(kind, fetched=fetched)


def _call(kind: Kind, *takes: Kind, more: bool = False, fetched: bool = False) -> Word:
    return Word(kind, takes, call=True, more=more, fetched=fetched)


WORDS: Mapping[str, Word] = {
    # what the learner did
    "predicted": _call("truth", "words"),
    "answered": _call("truth", "words"),
    "asked": _call("truth", "number", "number"),
    "asked_right": _call("truth", "number", "number", "number", "number"),
    "said": _call("number", "number", "number"),
    "opened": _call("truth", "words"),
    "sorted": _name("number"),
    "nudged": _call("truth", "words", "number"),
    "nudge_loss": _call("number", "words", "number"),
    "gradcheck": _call("number", "words", "number"),
    "estimate": _call("number", "words", "number"),
    "did": _call("truth", "words", more=True),
    "tried": _call("number", "number"),
    "seeds_tried": _name("number"),
    "edits": _name("number"),
    # the run at hand, now
    "ask": _call("number", "number", "number", fetched=True),
    "loss": _name("number"),
    "epochs": _name("number"),
    "updates": _name("number"),
    "lr": _name("number"),
    "parameters": _name("number"),
    "value": _call("number", "words"),
    "gradient": _call("number", "words", fetched=True),
    "grad": _call("number", "words"),
    "slopes": _name("number", fetched=True),
    "out": _call("number", "number", "number"),
    "error": _call("number", "number", "number"),
    "map.w_a": _name("number"),
    "map.w_b": _name("number"),
    "map.c": _name("number"),
    "bench": _call("any", "words", more=True, fetched=True),
    # a run, this or an earlier one
    "cfg": _call("any", "words"),
    "run.epochs": _name("number"),
    "run.updates": _name("number"),
    "run.examples": _name("number"),
    "run.first_loss": _name("number"),
    "run.loss": _name("number"),
    "run.lowest": _name("number"),
    "run.highest": _name("number"),
    "run.at": _call("number", "number"),
    "run.rises": _name("number"),
    "run.first_below": _call("number", "number"),
    "run.exploded": _name("truth"),
    "run.train_rmse": _name("number"),
    "run.test_rmse": _name("number"),
    "run.best_test_rmse": _name("number"),
    "run.best_test_epoch": _name("number"),
}
"""Everything that an expression may name beside numbers, words, ``true`` and ``false``."""

ARITHMETIC: Mapping[str, tuple[int, int]] = {"abs": (1, 1), "sqrt": (1, 1), "min": (2, 8), "max": (2, 8)}
"""Functions of numbers, and how many they take at least and at most."""

VIEWS: Mapping[str, str] = {
    "network": "the diagram",
    "trace": "one sum's way as text",
    "inspect": "every tensor",
    "chart": "the loss over the epochs",
    "sums": "the watched sums",
    "prompt": "the prompt",
    "rule": "the rule beside the network",
    "map": "the network as one straight rule",
    "settings": "the lesson's controls",
    "runs": "the lesson's runs",
    "board": "cards to sort",
    "rivals": "other learners on the same sums",
    "seeds": "many seeds' untrained answers",
    "shapes": "matrix products and broadcasting",
    "hits": "how many held-out sums are right",
    "spoiled": "training on spoiled targets",
    "nudge": "one number nudged",
    "graph": "what autograd recorded",
    "accumulate": "backward calls without a step",
    "batches": "mini-batches beside the full gradient",
    "far": "the error far away",
    "valley": "curvature and the rate's cap",
    "activity": "what each neuron does over all rows",
    "capstone": "the best adder so far",
}
"""What a lesson can have on the screen."""

BENCHES = (
    "matmul", "broadcast", "square", "hits", "over", "rmse", "spoiled", "graph", "tied", "backwards", "tenths",
    "uphill", "agreement", "worst_agreement", "curvature", "rate_cap", "seeds", "double", "stuck", "twins", "dead",
    "rival", "rival_rmse",
)  # fmt: skip
"""What lessons can have the engine compute beside a run."""

SLIPS: Mapping[str, str] = {
    "sign": "The size is right, but the sign is the other one.",
    "transposed": "Rows and columns are exchanged: take the weights of this neuron's row.",
    "swapped": "The two inputs are exchanged: the first weight goes with the first number.",
    "bias": "The products are right, but the bias is missing: add it as well.",
    "factor": "A factor is missing.",
    "square": "The difference is right, but it is to be squared.",
    "other": "That is another neuron's number.",
}
"""Mistakes that can be told from the number that comes out, each with its sentence."""


@dataclass(frozen=True)
class Action:
    """One thing done: a verb and its words, found to fit together."""

    verb: str
    words: tuple[str, ...]
    text: str
    """As it was written."""

    @property
    def argument(self) -> str:
        """All words as one."""
        return " ".join(self.words)


def parse_action(text: str) -> Action:
    """Read an action.

    Raises:
        ActionError: no such verb, or words that do not fit it.
    """
    try:
        verb, *words = shlex.split(text)
    except ValueError:
        raise ActionError(f"{text!r} is no action: write such as {PATTERNS['ask']!r}.") from None
    if verb not in PATTERNS:
        raise ActionError(f"{verb!r} is no action: there are {', '.join(PATTERNS)}.")
    try:
        fits = _fits(verb, words)
    except AdderError as error:
        raise ActionError(f"{text!r} will not do. {error}") from None
    if not fits:
        raise ActionError(f"{text!r} will not do: write {PATTERNS[verb]!r}.")
    return Action(verb, tuple(words), text)


def _fits(verb: str, words: list[str]) -> bool:
    match verb, words:
        case "ask", [_, *_]:
            parse_sum(" ".join(words))
            return True
        case "set" | "change", [_, *_]:
            for word in words:
                name, _, value = word.partition("=")
                key = key_named(name)
                key.check(key.convert(key.parse(value)))
            return True
        case "run", [epochs]:
            return epochs.isdecimal() and 0 < int(epochs) <= MOST_EPOCHS
        case "seed", [seed]:
            return seed.isdecimal() and len(seed) <= 18
        case "step", _:
            return " ".join(words) in (*STEP_SIZES, *PHASES)
        case "reset", []:
            return True
        case "open", [view]:
            if view not in VIEWS:
                raise ActionError(f"There is no view {view!r}: there are {', '.join(VIEWS)}.")
            return True
        case "edit" | "nudge", [_, amount]:
            return _is_number(amount)
        case "gradcheck" | "station", [_]:
            return True
        case "predict" | "answer" | "sort", [_, _, *_]:
            return True
        case "bench", [_, *_]:
            return True
    return False


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e30
    except ValueError:
        return False
