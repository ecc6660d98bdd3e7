"""The engine of adder-tui: trains a small network one visible step at a time.

Names are imported when they are first used, so that :class:`Experiment` comes without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adder_engine.errors import AdderError, ExperimentError, RequestError, RunFileError, SumError
    from adder_engine.experiment import Experiment
    from adder_engine.parsing import Sum, parse_sum
    from adder_engine.presets import PRESETS
    from adder_engine.reference import Adder
    from adder_engine.runs.timeline import Timeline
    from adder_engine.session import Session
    from adder_engine.snapshot import Position, Snapshot
    from adder_engine.trace import Trace
    from adder_engine.training.data import Dataset
    from adder_engine.training.trainer import Trainer

__version__ = "0.1.0"

_HOMES = {
    "Adder": "reference",
    "AdderError": "errors",
    "Dataset": "training.data",
    "Experiment": "experiment",
    "ExperimentError": "errors",
    "PRESETS": "presets",
    "Position": "snapshot",
    "RequestError": "errors",
    "RunFileError": "errors",
    "Session": "session",
    "Snapshot": "snapshot",
    "Sum": "parsing",
    "SumError": "errors",
    "Timeline": "runs.timeline",
    "Trace": "trace",
    "Trainer": "training.trainer",
    "parse_sum": "parsing",
}

__all__ = [
    "PRESETS", "Adder", "AdderError", "Dataset", "Experiment", "ExperimentError", "Position", "RequestError",
    "RunFileError", "Session", "Snapshot", "Sum", "SumError", "Timeline", "Trace", "Trainer", "parse_sum",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
