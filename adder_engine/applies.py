"""Which keys of an experiment do nothing beside the others, and why. Needs no torch."""

from __future__ import annotations

from adder_engine.experiment import Experiment

_DRAWN = ("data.count", "data.low", "data.high", "data.test_count")


def why_idle(name: str, e: Experiment) -> str:
    """Why a key has no effect in this experiment, in a few words; empty where it has one."""
    data, training = e.data, e.training
    if name in ("network.activation", "network.dropout") and len(e.network.layers) == 2:
        return "there is no hidden layer"
    if name == "data.rows" and data.kind != "rows":
        return f"kind is {data.kind}"
    if name in (*_DRAWN, "data.test_every") and data.kind == "rows":
        return "kind is rows"
    if name == "data.test_every" and not data.test_count:
        return "nothing is held out"
    if name == "data.draw_first" and (e.network.init != "torch" or (data.kind == "rows" and not data.noise)):
        return "only the data is drawn" if e.network.init != "torch" else "no data is drawn"
    if name == "training.momentum" and training.optimizer not in ("momentum", "nesterov"):
        return f"optimizer is {training.optimizer}"
    if name in _SCHEDULES and training.schedule != _SCHEDULES[name]:
        return f"schedule is {training.schedule}"
    if name == "training.flat_target" and e.rows_per_update == 1:
        return "an update has one row"
    if name in ("stop.sum", "stop.within") and e.stop.sum and e.wanted.of(*e.stop.sum) is None:
        return "no truth is known for that pair"
    if name == "stop.within" and not e["stop.sum"]:
        return "no sum is watched for"
    if name == "stop.keep_best" and not e["stop.patience"]:
        return "patience is 0"
    if name == "stop.patience" and (data.kind == "rows" or not data.test_count):
        return "nothing is held out"
    return ""


_SCHEDULES = {
    "training.schedule_every": "step", "training.schedule_gamma": "exponential", "training.warmup_epochs": "warmup",
}  # fmt: skip
"""Keys that belong to one schedule alone."""
