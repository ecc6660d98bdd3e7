"""What a lesson's own views are drawn from: figures and how they are named, runs, cards, controls."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from adder_engine.language import tr
from adder_tui.course.vocabulary import VIEWS, Action

if TYPE_CHECKING:
    from adder_tui.course.expressions import Argument
    from adder_tui.course.lesson import Lesson


Shown = float | str


class ProbeCall(NamedTuple):
    """One figure of a bench: its name and its arguments. ``nudge`` and ``gradcheck`` belong to it as well."""

    bench: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class ProbeView:
    """A bench's view."""

    about: str
    benches: tuple[str, ...]
    """Whose figures it shows."""
    calls: tuple[ProbeCall, ...]
    """Figures that are offered beside those that the lesson's own tasks use."""
    typed: bool = False
    """Two shapes can be typed."""


def _call(name: str, words: Sequence[str]) -> ProbeCall:
    return ProbeCall(name, tuple(map(_argument_of, words)))


def _calls(*written: str) -> tuple[ProbeCall, ...]:
    return tuple(_call(name, words) for name, *words in map(str.split, written))


def _argument_of(word: str) -> Argument:
    """A bench's argument as expressions write it: a number where it is one, else words."""
    try:
        number = float(word)
    except ValueError:
        return word
    return number if math.isfinite(number) else word


PROBE_VIEWS: Mapping[str, ProbeView] = {
    "shapes": ProbeView(tr("Which shapes fit, and what PyTorch says of those that do not."), ("matmul", "broadcast"),
                    (), typed=True),
    "hits": ProbeView(tr("The sums that the network has never seen, by several measures."),
                  ("hits", "over", "held_out_rmse"),
                  _calls("hits 0.5", "hits 1", "hits 10", "hits 100", "over 100", "held_out_rmse")),
    "spoiled": ProbeView(tr("Trained on 1,000 sums of which 5 % are wrong by 2000: its answer to 30 + 70, by loss."),
                     ("spoiled",), _calls("spoiled mse", "spoiled mae", "spoiled huber")),
    "nudge": ProbeView(tr("One number is moved, the loss noted, and the number put back."), ("nudge", "gradcheck"), ()),
    "graph": ProbeView(tr("What autograd wrote down on the way forward, for one sum."), ("graph", "tied"),
                   _calls("graph MseLossBackward0", "graph AddmmBackward0", "graph TBackward0",
                          "graph AccumulateGrad", "tied")),
    "accumulate": ProbeView(tr("Backward calls without clearing and without a step."),
                        ("backwards", "tenths", "uphill"),
                        _calls("backwards 1", "backwards 2", "backwards 3", "tenths")),
    "batches": ProbeView(tr("How far a few rows' gradient points where that of all rows does: 1 is the same way."),
                     ("agreement", "worst_agreement"),
                     _calls("agreement 1", "worst_agreement 1", "agreement 32", "worst_agreement 32",
                            "agreement 1000", "worst_agreement 1000")),
    "far": ProbeView(tr("How far off it typically is, by how large the sums' numbers may be."), ("rmse",),
                 _calls("rmse 500", "rmse 5000", "rmse 50000", "rmse 500000")),
    "valley": ProbeView(tr("How curved the loss is, and the largest rate at which plain steps hold."),
                    ("curvature", "rate_cap", "limit"), _calls("curvature", "rate_cap")),
    "activity": ProbeView(tr("What the neurons do over all rows."), ("twins", "dead"),
                      _calls("twins", "dead 1", "dead 2")),
    "seeds": ProbeView(tr("Untrained answers to 30 + 70, each seed with weights of its own."),
                   ("seeds", "double", "stuck"),
                   _calls("seeds mean 1000", "seeds spread 1000", "seeds low 1000", "seeds high 1000",
                          "seeds near 1000", "double")),
    "rivals": ProbeView(tr("Other learners, taught with the same sums."), ("rival", "rival_rmse"),
                    _calls("rival least-squares 30 70", "rival neighbours 30 70", "rival least-squares 3000 7000",
                           "rival neighbours 3000 7000", "rival_rmse least-squares", "rival_rmse neighbours")),
}  # fmt: skip

_NAMES: Mapping[str, str] = {
    "hits": tr("within {0:g} of the truth"), "over": tr("says rightly whether it is more than {0:g}"),
    "held_out_rmse": tr("typically off by: their RMSE"),
    "rmse": tr("typically off by, numbers up to {0:,g}"), "spoiled": tr("loss {0}"), "graph": "{0}",
    "tied": tr("gradient of one weight, 0.5, used for both 30 and 70"),
    "backwards": tr(".grad of the last bias after call {0:g}"), "tenths": tr("ten tenths against all rows at once"),
    "uphill": tr("loss after a step uphill at rate {0:g}"), "agreement": tr("batch of {0:,g}: on average"),
    "worst_agreement": tr("batch of {0:,g}: the worst of ten"), "curvature": tr("steepest curve over flattest"),
    "rate_cap": tr("largest rate that holds"), "limit": tr("largest rate that holds here"),
    "promised": tr("change of the loss by the slopes alone, rate {0:g}"),
    "twins": tr("neurons of layer 1 that are another's twin"),
    "dead": tr("neurons of layer {0:g} that are dead"), "double": tr("the same seed, twice as many digits"),
    "stuck": tr("of seeds 0 to {1:,g}, stuck with {0}"), "rival": "{0}: {1:,g} + {2:,g}",
    "rival_rmse": tr("{0}: typically off by"), "matmul": "{0}", "broadcast": "{0}",
    "nudge": "{0} {1:+g}", "gradcheck": tr("{0}: its slope by every nudge"),
}  # fmt: skip
_SEEDS = {
    "mean": tr("mean of {0:,g} seeds"), "spread": tr("their spread"), "low": tr("the lowest"),
    "high": tr("the highest"),
    "near": tr("how many lie within 1 of 100"),
}  # fmt: skip
ENOUGH = 3
"""Rows of a lesson's own from which on the view's usual ones are left out."""
BY_HAND = frozenset({"matmul", "broadcast", "nudge", "gradcheck", "spoiled", "stuck"})
"""Benches that wait for Enter, being the lesson's point or slow. The others are worked out on opening."""
LASTING = frozenset({"matmul", "broadcast", "tied", "spoiled", "stuck", "seeds"})
"""Benches whose figure does not hang on where the run stands."""
_POWER = re.compile(r"(?<=\d)e-0*(?=\d)")
_BELOW_ZERO = re.compile(r"(?<![\w.])-(?=\d)")
COUNTS = frozenset({"graph", "twins", "dead", "stuck"})
"""Benches whose figure is a count."""
SHARES = frozenset({"hits", "over", "tenths"})
"""Benches whose figure is a share; shown as percent."""


def calls_of(view: str, lesson: Lesson) -> tuple[ProbeCall, ...]:
    """A view's rows, one of :data:`PROBE_VIEWS`: those of the lesson's own tasks first, then the view's."""
    probe_view = PROBE_VIEWS[view]
    found = dict.fromkeys(
        call for one in lesson.solution if (call := call_for(one)) and call.bench in probe_view.benches
    )
    expressions = [*(t.check for t in lesson.tasks), *(q.value for q in lesson.quotes),
                   *(m.expression for m in lesson.measured)]  # fmt: skip
    for word, arguments in (known for one in expressions for known in one.words):
        if word == "bench" and arguments[0] in probe_view.benches:
            found[ProbeCall(str(arguments[0]), arguments[1:])] = None
    if view == "nudge":
        for name in dict.fromkeys(str(call.arguments[0]) for call in found):
            found |= dict.fromkeys((ProbeCall("nudge", (name, 1.0)), ProbeCall("nudge", (name, -1.0)),
                                    ProbeCall("gradcheck", (name,))))  # fmt: skip
    return tuple(dict.fromkeys([*found, *(probe_view.calls if len(found) < ENOUGH else ())]))


def call_for(action: Action) -> ProbeCall | None:
    """The figure that an action works out; None where it works none out."""
    match action.verb, action.words:
        case "bench", (name, *words):
            return _call(name, words)
        case (("nudge" | "gradcheck") as name, words):
            return _call(name, words)
    return None


def view_for(action: Action, views: Sequence[str]) -> str:
    """The one of a lesson's views in which an action is seen; empty where there is none."""
    call = call_for(action)
    if call is not None:
        return next((view for view in views if view in PROBE_VIEWS and call.bench in PROBE_VIEWS[view].benches), "")
    if action.text == "step back":
        return next((view for view in ("downhill", "step", "chart") if view in views), "")
    wanted = {
        "sort": ("board",), "open": action.words, "ask": ("rule", "prompt", "sums"), "set": ("settings",),
        "change": ("settings",), "seed": ("settings",), "station": ("settings",), "edit": ("network",),
        "undo": ("network",), "run": ("chart", "network"), "step": ("step", "graph", "trace", "chart", "network"),
    }  # fmt: skip
    return next((view for view in wanted.get(action.verb, ()) if view in views), "")


def keys_of(action: Action, lesson: Lesson) -> str:
    """The keys by which a learner does a lesson's action, as "show me" tells them: with the names on the screen."""
    match action.verb, action.words:
        case "ask", words:
            return tr("/ then {words}, Enter", words=" ".join(words))
        case "answer", (_, *said):
            return tr("{said}, Enter", said=" ".join(said))
        case (("set" | "change"), changes):
            pieces = (f"{name.split('.')[-1]} {value}" for name, _, value in (one.partition("=") for one in changes))
            return tr("e then {pieces}, Enter", pieces=", ".join(pieces))
        case "run", (epochs,):
            return tr("space, {epochs:,} epochs", epochs=int(epochs))
        case "step", ("back",):
            return ","
        case "step", (size,):
            return tr("s until it says {size}, then .", size=size)
        case "station", (id,):
            station = lesson.station_named(id)
            return tr("b until this is loaded: {run}", run=station.title if station is not None else id)
        case "open", (view,):
            return tr("Tab until {view} has the keys", view=VIEWS[view][0])
        case "sort", (card, *bin):
            says = {one.id: one.says for one in lesson.board.cards} if lesson.board is not None else {}
            short = says.get(card, card).partition(":")[0]
            return tr("Right on {card}, until it lies in {bin}", card=short, bin=" ".join(bin))
        case (("nudge" | "gradcheck" | "bench"), words):
            return tr("Up or Down to {words}, Enter", words=" ".join(words))
        case "edit", (name, value):
            return tr("Enter on {name}, then {value}", name=name, value=value)
        case "seed", (seed,):
            return tr("e then seed {seed}, Enter", seed=seed)
    return {"reset": "r", "undo": "u"}.get(action.verb, action.text)


def name_of(call: ProbeCall) -> str:
    """A figure's name as the view shows it."""
    if call.bench == "seeds":
        return _SEEDS[str(call.arguments[0])].format(*call.arguments[1:])
    sign = {"matmul": " @ ", "broadcast": " + "}.get(call.bench)
    if sign:
        return sign.join(str(call.arguments[0]).split())
    return _BELOW_ZERO.sub("−", _POWER.sub("e−", _NAMES[call.bench].format(*call.arguments)))
