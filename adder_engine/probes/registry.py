"""What lessons compute beside a run: each figure from the run as it stands, which it does not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adder_engine.errors import AdderError, RequestError
from adder_engine.probes import gradients, initialisation, metrics, shapes
from adder_engine.training.trainer import Trainer

Figure = float | str
Argument = float | str

BENCHES: Mapping[str, Callable[..., Figure]] = {
    "matmul": shapes.matmul, "broadcast": shapes.broadcast, "square": metrics.square, "hits": metrics.hits,
    "over": metrics.over, "rmse": metrics.error_within, "spoiled": metrics.spoiled, "rival": metrics.rival,
    "rival_rmse": metrics.rival_rmse, "gradient": gradients.gradient, "slopes": gradients.slopes,
    "nudge": gradients.nudge,
    "uphill": gradients.uphill, "backwards": gradients.backwards, "tenths": gradients.tenths, "graph": gradients.graph,
    "tied": gradients.tied, "agreement": gradients.agreement, "worst_agreement": gradients.worst_agreement,
    "seeds": initialisation.seeds, "double": initialisation.double, "stuck": initialisation.stuck,
    "curvature": initialisation.curvature,
    "rate_cap": initialisation.rate_cap, "twins": initialisation.twins, "dead": initialisation.dead,
}  # fmt: skip
"""The figures by name; each takes the trainer, then its arguments."""


def bench(trainer: Trainer, name: str, *arguments: Argument) -> Figure:
    """A figure by its name: a number, or words.

    Raises:
        RequestError: no such figure, arguments that do not fit, or a network that has none.
    """
    if name not in BENCHES:
        raise RequestError(f"There is no bench {name!r}: there are {', '.join(BENCHES)}.")
    try:
        return BENCHES[name](trainer, *arguments)
    except AdderError:
        raise
    except (TypeError, ValueError):
        raise RequestError(f"The bench {name} does not take {', '.join(map(repr, arguments)) or 'nothing'}.") from None
