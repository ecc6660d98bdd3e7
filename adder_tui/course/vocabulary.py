"""The words of lessons: what checks may name, the benches, the views, the kinds of slips, and the actions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from adder_engine.errors import AdderError
from adder_engine.experiment import key_named
from adder_engine.language import tr
from adder_engine.parsing import Sum, parse_sum
from adder_engine.snapshot import PHASES, STEP_SIZES
from adder_tui.course.source import ActionError

Kind = Literal["number", "truth", "words", "any"]
PATTERNS = {
    pattern.split()[0]: pattern
    for pattern in (
        "predict ID VALUE", "answer ID VALUE", "ask 30+70", "station ID", "set training.lr=0.01",
        "change training.lr=0.01", "run EPOCHS", "step SIZE", "reset", "undo", "seed 43",
        "edit PARAMETER VALUE", "nudge PARAMETER AMOUNT", "gradcheck PARAMETER", "open VIEW", "sort CARD BIN",
        "bench NAME ARGUMENT...",
    )
}  # fmt: skip
"""Verb to how its action is written."""
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


def _names(kind: Kind, names: str, fetched: bool = False) -> dict[str, Word]:
    return {name: Word(kind, fetched=fetched) for name in names.split()}


def _calls(kind: Kind, names: str, *takes: Kind, more: bool = False, fetched: bool = False) -> dict[str, Word]:
    return {name: Word(kind, takes, call=True, more=more, fetched=fetched) for name in names.split()}


WORDS: Mapping[str, Word] = {
    # what the learner did
    **_calls("truth", "predicted answered opened", "words"),
    **_calls("truth", "asked", "number", "number"),
    **_calls("truth", "asked_right", "number", "number", "number", "number"),
    **_calls("number", "said", "number", "number"),
    **_calls("truth", "nudged", "words", "number"),
    **_calls("number", "nudge_loss gradcheck estimate", "words", "number"),
    **_calls("truth", "did", "words", more=True),
    **_calls("number", "tried", "number"),
    **_names("number", "sorted seeds_tried edits"),
    # the run at hand, now
    **_calls("number", "ask", "number", "number", fetched=True),
    **_names("number", "loss epochs updates lr parameters map.w_a map.w_b map.c"),
    **_calls("number", "value grad", "words"),
    **_calls("number", "gradient", "words", fetched=True),
    **_names("number", "slopes", fetched=True),
    **_calls("number", "out error", "number", "number"),
    **_calls("any", "bench", "words", more=True, fetched=True),
    # a run, this or an earlier one
    **_calls("any", "cfg", "words"),
    **_names("number", "run.epochs run.updates run.examples run.first_loss run.loss run.lowest run.highest run.rises"),
    **_names("number", "run.train_rmse run.test_rmse run.best_test_rmse run.best_test_epoch"),
    **_calls("number", "run.at run.first_below", "number"),
    **_names("truth", "run.exploded"),
}
"""Everything that an expression may name beside numbers, words, ``true`` and ``false``."""

ARITHMETIC: Mapping[str, tuple[int, int]] = {"abs": (1, 1), "sqrt": (1, 1), "min": (2, 8), "max": (2, 8)}
"""Functions of numbers, and how many they take at least and at most."""

VIEWS: Mapping[str, tuple[str, str]] = {
    "network": (tr("network"), tr("the diagram")),
    "trace": (tr("trace"), tr("one sum's way as text")),
    "inspect": (tr("inspect"), tr("every tensor")),
    "chart": (tr("chart"), tr("the loss over the epochs")),
    "downhill": (tr("downhill"), tr("the loss along the gradient")),
    "slope": (tr("slope"), tr("the loss against one number")),
    "step": (tr("step"), tr("what the last step did")),
    "plane": (tr("plane"), tr("how far off, over a plane of sums")),
    "sums": (tr("sums"), tr("the watched sums")),
    "prompt": (tr("prompt"), tr("the prompt")),
    "rule": (tr("rule"), tr("the rule beside the network")),
    "map": (tr("map"), tr("the network as one straight rule")),
    "settings": (tr("settings"), tr("the lesson's controls")),
    "runs": (tr("runs"), tr("the lesson's runs")),
    "board": (tr("board"), tr("cards to sort")),
    "rivals": (tr("rivals"), tr("other learners on the same sums")),
    "seeds": (tr("seeds"), tr("many seeds' untrained answers")),
    "shapes": (tr("shapes"), tr("matrix products and broadcasting")),
    "hits": (tr("hits"), tr("how many held-out sums are right")),
    "spoiled": (tr("spoiled"), tr("training on spoiled targets")),
    "nudge": (tr("nudge"), tr("one number nudged")),
    "graph": (tr("graph"), tr("what autograd recorded")),
    "accumulate": (tr("accumulate"), tr("backward calls without a step")),
    "batches": (tr("batches"), tr("mini-batches beside the full gradient")),
    "far": (tr("far"), tr("the error far away")),
    "valley": (tr("valley"), tr("curvature and the rate's cap")),
    "activity": (tr("activity"), tr("what each neuron does over all rows")),
    "capstone": (tr("capstone"), tr("the best adder so far")),
}
"""What a lesson can have on the screen: what each is called above it, and what it shows."""

BENCHES = (
    "matmul", "broadcast", "square", "hits", "over", "held_out_rmse", "rmse", "spoiled", "graph", "tied", "backwards",
    "tenths",
    "uphill", "promised", "limit", "agreement", "worst_agreement", "curvature", "rate_cap", "seeds", "double", "stuck",
    "twins", "dead", "rival", "rival_rmse",
)  # fmt: skip
"""What lessons can have the engine compute beside a run."""

SLIPS: Mapping[str, str] = {
    "sign": tr("The size is right, but the sign is the other one."),
    "transposed": tr("Rows and columns are exchanged: take the weights of this neuron's row."),
    "swapped": tr("The two inputs are exchanged: the first weight goes with the first number."),
    "bias": tr("The products are right, but the bias is missing: add it as well."),
    "factor": tr("A factor is missing."),
    "square": tr("The difference is right, but it is to be squared."),
    "other": tr("That is another neuron's number."),
}
"""Mistakes that can be told from the number that comes out, each with its sentence."""


@dataclass(frozen=True)
class Action:
    """One thing done: a verb and its words, found to fit together."""

    verb: str
    words: tuple[str, ...]
    text: str
    """As it was written."""
    sum: Sum | None = None
    """What ``ask`` asks."""

    @property
    def argument(self) -> str:
        """All words as one."""
        return " ".join(self.words)

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings that ``set`` or ``change`` gives other values."""
        return tuple(word.partition("=")[0] for word in self.words) if self.verb in ("set", "change") else ()


def parse_action(text: str) -> Action:
    """Read an action.

    Raises:
        ActionError: no such verb, or words that do not fit it.
    """
    try:
        verb, *words = shlex.split(text)
    except ValueError:
        message = tr("{action!r} is no action: write such as {pattern!r}.", action=text, pattern=PATTERNS["ask"])
        raise ActionError(message) from None
    if verb not in PATTERNS:
        raise ActionError("{verb!r} is no action: there are {actions}.", verb=verb, actions=", ".join(PATTERNS))
    try:
        fits = _fits(verb, words)
        asked = parse_sum(" ".join(words)) if verb == "ask" and fits else None
    except AdderError as error:
        raise ActionError("{action!r} will not do. {error}", action=text, error=error) from None
    if not fits:
        raise ActionError("{action!r} will not do: write {pattern!r}.", action=text, pattern=PATTERNS[verb])
    return Action(verb, tuple(words), text, asked)


def _fits(verb: str, words: list[str]) -> bool:
    match verb, words:
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
            return " ".join(words) in (*STEP_SIZES, *PHASES, "back")
        case "open", [view] if view not in VIEWS:
            raise ActionError("There is no view {view!r}: there are {views}.", view=view, views=", ".join(VIEWS))
        case "edit" | "nudge", [_, amount]:
            try:
                return abs(float(amount)) < 1e30
            except ValueError:
                return False
    match verb, len(words):
        case ("reset" | "undo", 0) | ("open" | "gradcheck" | "station", 1):
            return True
        case ("ask" | "bench", count) if count >= 1:
            return True
        case ("predict" | "answer" | "sort", count):
            return count >= 2
    return False
