"""What lessons compute beside a run: each figure from the run as it stands, which it does not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adder_engine.benches import errors, shapes, slopes, starts
from adder_engine.errors import AdderError, RequestError
from adder_engine.trainer import Trainer

Figure = float | str
Argument = float | str

BENCHES: Mapping[str, Callable[..., Figure]] = {
    "matmul": shapes.matmul, "broadcast": shapes.broadcast, "square": errors.square, "hits": errors.hits,
    "over": errors.over, "rmse": errors.error_within, "spoiled": errors.spoiled, "rival": errors.rival,
    "rival_rmse": errors.rival_rmse, "gradient": slopes.gradient, "slopes": slopes.slopes, "nudge": slopes.nudge,
    "uphill": slopes.uphill, "backwards": slopes.backwards, "tenths": slopes.tenths, "graph": slopes.graph,
    "tied": slopes.tied, "agreement": slopes.agreement, "worst_agreement": slopes.worst_agreement,
    "seeds": starts.seeds, "double": starts.double, "stuck": starts.stuck, "curvature": starts.curvature,
    "rate_cap": starts.rate_cap, "twins": starts.twins, "dead": starts.dead,
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
