"""Experiments that have a name: what each shows, and how it differs from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adder_engine.language import tr
from adder_engine.schema import Value


@dataclass(frozen=True)
class Preset:
    """A named experiment: one line about it, and how it differs from the defaults."""

    about: str
    changes: Mapping[str, Value]


PRESETS: Mapping[str, Preset] = {
    "one-pair": Preset(
        tr("one sum only, 30 + 70: a perfect fit that knows nothing else"),
        {"data.kind": "rows", "data.rows": [[30, 70]]},
    ),
    "many-pairs": Preset(tr("10,000 sums between -500 and 500: learns to add"), {}),
    "three-pairs": Preset(
        tr("three sums that pin the rule down"),
        {"data.kind": "rows", "data.rows": [[30, 70], [70, 30], [-50, -50]], "training.lr": 0.01},
    ),
    "mini-batches": Preset(
        tr("the 10,000 sums in batches of 100: 2,000 updates in 20 epochs"),
        {"epochs": 20, "training.batch_size": 100, "data.test_every": 1},
    ),
    "overshoot": Preset(
        tr("one sum with plain SGD at 5e-5: bounces for ever and never settles"),
        {"data.kind": "rows", "data.rows": [[30, 70]], "training.optimizer": "sgd", "training.lr": 5e-5},
    ),
    "explode": Preset(
        tr("one sum with plain SGD at 2e-4: blows up within ten epochs"),
        {"data.kind": "rows", "data.rows": [[30, 70]], "training.optimizer": "sgd", "training.lr": 2e-4},
    ),
    "tanh": Preset(
        tr("1,000 sums divided by 500 through tanh: good inside the range, lost outside"),
        {
            "epochs": 1000,
            "network.activation": "tanh",
            "data.count": 1000,
            "data.scale": 500.0,
            "training.lr": 0.01,
            "training.schedule": "cosine",
        },
    ),
    "product": Preset(
        tr("2,000 products of numbers within ±1, learned with tanh"),
        {
            "epochs": 1000,
            "network.activation": "tanh",
            "data.task": "product",
            "data.count": 2000,
            "data.low": -1.0,
            "data.high": 1.0,
            "training.lr": 0.01,
        },
    ),
    "overfit": Preset(
        tr("20 noisy sums and 4,417 parameters: learns the noise by heart"),
        {
            "epochs": 1000,
            "network.layers": [2, 64, 64, 1],
            "network.activation": "tanh",
            "data.count": 20,
            "data.noise": 150.0,
            "data.scale": 500.0,
            "data.test_every": 1,
            "training.lr": 0.01,
        },
    ),
}
"""The presets by name. All differences are from the defaults, which are ``many-pairs``."""
