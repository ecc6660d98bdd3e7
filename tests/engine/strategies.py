"""Experiments drawn at random over all their options, at sizes that train in an instant."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st

from adder_engine import Experiment
from adder_engine.schema import LARGEST_SEED
from adder_engine.sections import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES
from adder_engine.wanted import TASKS
from tests.engine.plain import FORMULAS, QUESTIONS

THOROUGHLY = 25 if os.environ.get("ADDER_TEST_PROFILE") == "thorough" else 1
"""How many times as many examples as usual: ``ADDER_TEST_PROFILE=thorough`` asks for more."""


def examples(count: int) -> settings:
    """Settings for a property: this many examples, however long each takes on a busy machine."""
    return settings(max_examples=count * THOROUGHLY, deadline=None)


def _normal(value: float) -> bool:
    """Whether products of such numbers stay clear of float32's subnormals, which hold fewer digits."""
    return value == 0 or abs(value) > 1e-12


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False)


def _powers(low: int, high: int) -> st.SearchStrategy[float]:
    """Numbers from 10**low to 10**high, every power as likely."""
    return st.floats(low, high).map(lambda x: float(f"{10**x:.3g}"))


def _sometimes(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.just(0.0) | numbers


_terms = st.integers(-500, 500).map(float) | _numbers(-500, 500)
_rows = st.tuples(_terms, _terms) | st.tuples(_terms, _terms, _terms)


def _activations(hidden: int) -> st.SearchStrategy[str | list[str]]:
    """One for all the hidden layers, or one for each."""
    one = st.sampled_from(ACTIVATIONS)
    return one | st.lists(one, min_size=hidden, max_size=hidden) if hidden else one


@st.composite
def experiments(draw: st.DrawFn, most_rows: int = 9, widest: int = 6) -> Experiment:
    """Experiments over all the options: up to ``most_rows`` rows and six hidden layers of ``widest`` neurons."""
    hidden = draw(st.lists(st.integers(1, widest), max_size=6))
    low, high = sorted((draw(_terms), draw(_terms)))
    loss = draw(st.sampled_from(LOSSES))
    asks, kind = loss == "bce", draw(st.sampled_from(["uniform", "rows"]))
    rows = draw(st.lists(_rows, min_size=1, max_size=most_rows))
    if asks:
        rows = [(*row[:2], float(row[2] > 0)) if len(row) == 3 else row for row in rows]
    return Experiment().replace(
        **{
            "seed": draw(st.integers(0, LARGEST_SEED)),
            "epochs": draw(st.integers(0, 8)),
            "network.layers": (2, *hidden, 1),
            "network.activation": draw(_activations(len(hidden))),
            "network.output_activation": "none"
            if asks
            else draw(st.sampled_from(["none"] * len(ACTIVATIONS) + list(ACTIVATIONS))),
            "network.init": draw(st.sampled_from(["torch", "torch", "zeros"]) | _numbers(-1, 1).filter(_normal)),
            "network.dropout": draw(_sometimes(_numbers(0.0, 0.9))),
            "data.task": draw(st.sampled_from(QUESTIONS if asks else (*TASKS, *FORMULAS))),
            "data.kind": kind,
            "data.rows": rows,
            "data.count": draw(st.integers(1, most_rows)),
            "data.low": low,
            "data.high": high,
            "data.noise": 0.0 if asks else draw(_sometimes(_numbers(0.01, 50))),
            "data.scale": draw(st.sampled_from([1.0, 500.0, "auto"]) | _numbers(0.5, 1000)),
            "data.target_scale": draw(st.sampled_from(["same", "same", "auto", 50.0])),
            "data.test_share": 0.3 if len(rows) > 1 and draw(st.booleans()) else 0.0,
            "data.draw_first": draw(st.booleans()),
            "data.test_count": draw(st.integers(0, 3)),
            "data.test_every": draw(st.integers(1, 3)),
            "training.loss": loss,
            "training.optimizer": draw(st.sampled_from(OPTIMIZERS)),
            "training.lr": draw(_powers(-7, -1)),
            "training.momentum": draw(_sometimes(_numbers(0.01, 0.99))),
            "training.betas": draw(st.just((0.9, 0.999)) | st.tuples(_numbers(0.0, 0.99), _numbers(0.5, 0.9999))),
            "training.eps": draw(st.just(1e-8) | _powers(-10, -1)),
            "training.clip_norm": draw(_sometimes(_powers(-3, 4))),
            "training.weight_decay": draw(_sometimes(_powers(-4, 1))),
            "training.l1": draw(_sometimes(_powers(-4, 2))),
            "training.schedule": draw(st.sampled_from(SCHEDULES)),
            "training.schedule_every": draw(st.integers(1, 3)),
            "training.schedule_gamma": draw(_numbers(0.5, 1.5)),
            "training.warmup_epochs": draw(st.integers(1, 5)),
            "training.batch_size": draw(st.integers(0, most_rows + 1)),
            "training.zero_grad": draw(st.booleans()),
            "training.flat_target": not asks and draw(st.booleans()),
        }
    )
