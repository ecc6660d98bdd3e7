"""What a learner can do, one line each, so that a test or "show me" can do it too."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from adder_engine.errors import AdderError
from adder_engine.experiment import key_named
from adder_engine.snapshot import PHASES, STEP_SIZES
from adder_engine.sums import parse_sum
from adder_tui.lessons.errors import ActionError
from adder_tui.lessons.vocabulary import VIEWS

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
