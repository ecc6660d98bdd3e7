"""The engine of adder-tui: trains a small network one visible step at a time.

Names are imported when they are first used, so that :class:`Experiment` comes without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adder_engine.data import Dataset
    from adder_engine.errors import AdderError, ExperimentError, RequestError, RunFileError, SumError
    from adder_engine.experiment import Experiment
    from adder_engine.network import Adder
    from adder_engine.presets import PRESETS
    from adder_engine.session import Session
    from adder_engine.snapshot import Moment, Snapshot
    from adder_engine.sums import Sum, parse_sum
    from adder_engine.timeline import Timeline
    from adder_engine.trace import Trace
    from adder_engine.trainer import Trainer

__version__ = "0.1.0"

_HOMES = {
    "Adder": "network",
    "AdderError": "errors",
    "Dataset": "data",
    "Experiment": "experiment",
    "ExperimentError": "errors",
    "Moment": "snapshot",
    "PRESETS": "presets",
    "RequestError": "errors",
    "RunFileError": "errors",
    "Session": "session",
    "Snapshot": "snapshot",
    "Sum": "sums",
    "SumError": "errors",
    "Timeline": "timeline",
    "Trace": "trace",
    "Trainer": "trainer",
    "parse_sum": "sums",
}

__all__ = [
    "PRESETS", "Adder", "AdderError", "Dataset", "Experiment", "ExperimentError", "Moment", "RequestError",
    "RunFileError", "Session", "Snapshot", "Sum", "SumError", "Timeline", "Trace", "Trainer", "parse_sum",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
