"""Every line of arithmetic on the trace adds up from its printed numbers, for any experiment the engine can run."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.workspace import Workspace
from adder_engine.snapshot import Snapshot
from adder_engine.trace import Trace
from adder_engine.training.checkpoint import Constraints
from adder_tui.network.trace_forward import tell
from adder_tui.selection import Parameter, Selection, focus_of
from adder_tui.ui.phrases import FULL_DIGITS, SHORT_DIGITS, NumberFormat
from adder_tui.ui.symbols import UNICODE
from tests.engine.strategies import examples, experiments

U = 2.0**-24
PRINTED = 0.5 * 10.0 ** (1 - FULL_DIGITS)
"""How far a number of nine digits may lie from the full one, as a share of it."""
SMALLEST = 2.0**-126
WIDE = 1_000_000
STEP_OPERATIONS = 10
"""Roundings on the way from the gradient to the change that ``new θ`` is made with."""


# --- reading the arithmetic ----------------------------------------------------------------------


def _gelu(x: float) -> float:
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "gelu": _gelu,
    "leaky": lambda x: x if x > 0 else 0.01 * x,
    "abs": abs,
    "sqrt": math.sqrt,
}


class Value:
    """A number, the sum of the sizes of what was added up to it, and how many operations that took."""

    def __init__(self, value: float, size: float, operations: int) -> None:
        self.value, self.size, self.operations = value, size, operations


def evaluate(text: str) -> Value | None:
    """What an expression of printed numbers comes to in float64; None where it is not one."""
    text = re.sub(r"\[[\d,]+ others\]", "", text.partition(": ")[2] or text)
    text = text.replace("−", "-").replace("·", "*").replace("²", "**2").replace("^", "**")
    text = re.sub(r"√([\d.e+-]*\d)", r"sqrt(\1)", text)
    try:
        return _of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, KeyError, TypeError):
        return None


def _of(node: ast.expr) -> Value:
    if isinstance(node, ast.Constant):
        value = float(node.value)  # type: ignore[arg-type]
        return Value(value, abs(value), 1)
    if isinstance(node, ast.UnaryOp):
        inner = _of(node.operand)
        value = -inner.value if isinstance(node.op, ast.USub) else inner.value
        return Value(value, inner.size, inner.operations)
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        if node.func.id == "max":
            second = _of(node.args[1])
            return Value(max(0.0, second.value), max(0.0, second.value), 1)
        inner = _of(node.args[0])
        value = FUNCTIONS[node.func.id](inner.value)
        # torch's vectorised functions are right to a few units in the last place; gelu's of the number itself
        return Value(value, 2 * abs(inner.value) if node.func.id == "gelu" else abs(value), inner.operations + 3)
    if not isinstance(node, ast.BinOp):
        raise TypeError
    a, b = _of(node.left), _of(node.right)
    operations = a.operations + b.operations
    if isinstance(node.op, ast.Add):
        return Value(a.value + b.value, a.size + b.size, operations)
    if isinstance(node.op, ast.Sub):
        return Value(a.value - b.value, a.size + b.size, operations)
    if isinstance(node.op, ast.Mult):
        return Value(a.value * b.value, a.size * b.size, operations)
    if isinstance(node.op, ast.Div):
        return Value(a.value / b.value, a.size / abs(b.value), operations)
    if isinstance(node.op, ast.Pow):
        return Value(a.value**b.value, a.size**b.value, operations)
    raise TypeError


def walk(lines: Iterator[str]) -> dict[str, str]:
    """Hold each line whose two last parts are numbers; the lines that were held, by what they compute."""
    held = {}
    change = 0.0
    for line in lines:
        parts = line.split("  frozen")[0].split(" = ")
        if len(parts) < 2 or "∞" in line or "nan" in line:
            continue
        before, after = evaluate(parts[-2]), evaluate(parts[-1])
        name = re.sub(r"^this (sum|row)'s share of ", "", parts[0].strip())
        if after is None:
            continue
        if name == "Δ":
            change = abs(after.value)
        if before is None:  # a name for a number that is there already
            held.setdefault(name, line)
            continue
        within = (before.operations + 1) * U * before.size + SMALLEST
        within += 2 * PRINTED * (before.size + abs(after.value))
        if name == "new θ":
            within += STEP_OPERATIONS * U * change
        assert abs(before.value - after.value) <= within, (line, before.value, after.value, within)
        held[name] = line
    return held


# --- what is held --------------------------------------------------------------------------------


def trace_text(trace: Trace, snapshot: Snapshot, selection: Selection, digits: int = FULL_DIGITS) -> list[str]:
    text = tell(trace, snapshot, selection, NumberFormat(UNICODE, digits), WIDE)
    return [text.line(i).plain for i in range(len(text))]


def assert_right(trace: Trace, snapshot: Snapshot, selection: Selection) -> None:
    """Each sum, product and bend that the text works out, and each matrix."""
    lines, trace = trace_text(trace, snapshot, selection), trace.chain
    held = walk(iter(lines))
    focus = focus_of(selection, snapshot.experiment)
    finite = not any("∞" in line or "nan" in line for line in lines)
    if not trace.known:
        assert sum(line.startswith("  The right answer to this pair is not known") for line in lines) == 2
        assert not {"L", "δ1[0]"} & held.keys()
        return
    if finite:
        for i, layer in enumerate(trace.layers):
            j, k = focus.neurons[i], focus.entering_of(i)
            name = "y" if i == len(trace.layers) - 1 else f"h{i + 1}[{j}]"
            wanted = {name, f"{layer.name}.weight.grad[{j}, {k}]", f"{layer.name}.bias.grad[{j}]", "L"}
            assert wanted <= held.keys(), (wanted - held.keys(), lines)
        assert any(name.startswith("δ") for name in held)
        if trace.step is not None and not trace.step.frozen[focus.parameter]:
            assert {"Δ", "new θ"} <= held.keys()
        printed = [numbers for line in lines if (numbers := in_brackets(line)) is not None]
        wanted_rows = list(matrices(trace, snapshot.experiment))
        assert len(printed) == len(wanted_rows)
        for numbers, row in zip(printed, wanted_rows, strict=True):
            assert np.array_equal(np.array(numbers, dtype=np.float32), row)


def in_brackets(line: str) -> list[float] | None:
    """The numbers of a matrix's row."""
    found = re.search(r"[┌│└\[] [ ‹](.*?) [┐│┘\]]$", line)
    return [float(text) for text in re.sub("[‹›]", " ", found[1]).replace("−", "-").split()] if found else None


def matrices(trace: Trace, experiment: Experiment) -> Iterator[np.ndarray]:
    """The rows of all matrices, in the order in which they are told."""
    last = len(trace.layers) - 1
    for i, layer in enumerate(trace.layers):
        bends = experiment.activations[i] != "none"
        yield layer.entering
        yield from layer.weight.T
        yield layer.bias
        if bends or layer.mask is not None:
            yield layer.pre
        if layer.mask is not None:
            yield layer.mask
        yield layer.post
    if len(trace.differences) > 1:
        yield trace.differences
    for i in reversed(range(last + 1)):
        layer = trace.layers[i]
        if i < last:
            yield trace.layers[i + 1].delta
            yield from trace.layers[i + 1].weight
            if layer.mask is not None:
                yield layer.mask
            if experiment.activations[i] != "none":
                yield layer.slope
            yield layer.delta
        yield layer.entering
        yield from layer.weight_grad


@st.composite
def constraints(draw: st.DrawFn, experiment: Experiment) -> Constraints:
    """Some parameters frozen and some hidden neurons silenced."""
    sizes = experiment.network.layers[1:-1]
    neurons = [(layer, i) for layer, size in enumerate(sizes) for i in range(size)]
    muted = draw(st.frozensets(st.sampled_from(neurons), max_size=3)) if neurons else frozenset()
    return Constraints(draw(st.frozensets(st.integers(0, experiment.parameter_count - 1), max_size=4)), muted)


@examples(60)
@given(experiments(most_rows=9, widest=6), st.integers(0, 4), st.data())
def test_every_line_of_the_trace_adds_up(experiment: Experiment, updates: int, data: st.DataObject) -> None:
    workspace = Workspace(experiment.replace(epochs=5))
    workspace.ask(Sum(float(data.draw(st.integers(-500, 500))), float(data.draw(st.integers(-500, 500)))))
    if data.draw(st.booleans()):
        workspace.run.constrain(data.draw(constraints(experiment)))
    if updates:
        workspace.run.step("update", updates)
    snapshot = workspace.snapshot(False)
    index = data.draw(st.integers(0, experiment.parameter_count - 1))
    assert snapshot.trace is not None
    assert_right(snapshot.trace, snapshot, Parameter(index))
    for row in range(experiment.row_count):
        try:
            trace = workspace.explorer.trace(row)
        except RequestError:
            continue
        event("a row of the batch")
        assert_right(trace, snapshot, Parameter(index))
        break


@examples(6)
@given(experiments(most_rows=300, widest=64), st.data())
def test_folded_sums_add_up_too_and_the_chosen_neuron_is_among_what_is_shown(
    experiment: Experiment, data: st.DataObject
) -> None:
    workspace = Workspace(experiment.replace(**{"epochs": 2, "network.init": "torch"}))
    workspace.run.step("update", 1)
    snapshot = workspace.snapshot(False)
    assume(snapshot.trace is not None and snapshot.trace.known)
    index = data.draw(st.integers(0, experiment.parameter_count - 1))
    focus = focus_of(Parameter(index), experiment)
    assert snapshot.trace is not None
    for digits, width in ((SHORT_DIGITS, 80), (FULL_DIGITS, 120)):
        text = tell(snapshot.trace, snapshot, Parameter(index), NumberFormat(UNICODE, digits), width)
        lines = [text.line(i).plain for i in range(len(text))]
        layer = snapshot.trace.layers[focus.layer]
        assert any(f"{layer.name}.bias.grad[{focus.neurons[focus.layer]}] = " in line for line in lines)
        assert sum("›" in line for line in lines) >= 2 * len(snapshot.trace.layers)
    held = walk(iter(trace_text(snapshot.trace, snapshot, Parameter(index))))
    assert "L" in held or any("∞" in line for line in trace_text(snapshot.trace, snapshot, Parameter(index)))


@pytest.mark.parametrize("value", [30.0, -0.16565566, 57.925003, 1e-8, -4793.5503, 8038.6953, 1.5e12, 9.9999995, 0.0])
def test_a_short_number_is_the_correct_rounding_of_the_full_one(value: float) -> None:
    for digits in (SHORT_DIGITS, FULL_DIGITS):
        text = NumberFormat(UNICODE, digits)(value)
        assert float(text.replace("−", "-")) == float(f"{value:.{digits - 1}e}")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_all_digits_tell_every_float32_apart(value: float) -> None:
    text = NumberFormat(UNICODE, FULL_DIGITS)(value)
    assert np.float32(float(text.replace("−", "-"))) == np.float32(value)


def test_a_setting_of_many_digits_is_written_out_where_what_is_left_of_it_is_divided_by() -> None:
    betas = {"training.optimizer": "adam", "training.betas": (0.9, 0.9989338873758451)}
    workspace = Workspace(Experiment.preset("one-pair").replace(**betas))
    workspace.run.step("update", 2)
    snapshot = workspace.snapshot(False)
    assert snapshot.trace is not None
    assert_right(snapshot.trace, snapshot, Parameter(0))
    assert any("0.9989338873758451^" in line for line in trace_text(snapshot.trace, snapshot, Parameter(0)))
    assert any("0.998934^" in line for line in trace_text(snapshot.trace, snapshot, Parameter(0), SHORT_DIGITS))
