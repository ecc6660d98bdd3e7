"""No number is ever cut off: what does not fit is left out whole, or told on a row of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.workspace import Workspace
from adder_engine.training.checkpoint import Constraints
from adder_tui.inspect.state import COMPARISONS, InspectState, quantities
from adder_tui.inspect.tables import tensor_lines
from adder_tui.network.diagram import diagram
from adder_tui.network.explain import explanation
from adder_tui.network.phase_bar import LADDER_ROWS, ladder_lines
from adder_tui.network.reference_check import gradient_lines, proof_lines
from adder_tui.network.trace_forward import tell, trace_header
from adder_tui.selection import Neuron, Parameter, Selection
from adder_tui.tabs import TABS
from adder_tui.ui.line import Line
from adder_tui.ui.phrases import FULL_DIGITS, SHORT_DIGITS, NumberFormat
from adder_tui.ui.run_state import state_line
from adder_tui.ui.shell import tab_line
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs
from adder_tui.ui.view import ViewState
from tests.engine.strategies import examples, experiments

SIZES = ((60, 20), (80, 24), (120, 40))
AROUND = 4
"""Rows of the app around the stage: tabs, state, prompt, footer; and columns around the proof."""
DEEP = (2, 6, 5, 4, 3, 2, 4, 1)
EXPERIMENTS = {
    "one-pair": Experiment.preset("one-pair"),
    "deep tanh": Experiment.preset("one-pair").replace(
        **{"network.layers": DEEP, "network.activation": "tanh", "training.lr": 0.00037}
    ),
    "wide": Experiment.preset("many-pairs").replace(
        **{"network.layers": (2, 64, 64, 1), "network.activation": "relu", "data.count": 12_345}
    ),
    "mini-batches": Experiment.preset("mini-batches").replace(
        **{"network.layers": (2, 12, 7, 1), "network.activation": "gelu", "network.dropout": 0.25, "data.noise": 3.5,
           "training.optimizer": "adamw", "training.weight_decay": 0.01, "training.l1": 0.125}
    ),
    "nesterov": Experiment.preset("three-pairs").replace(
        **{"training.optimizer": "nesterov", "training.momentum": 0.875, "training.lr": 1e-7,
           "training.weight_decay": 0.25, "data.scale": 333.0, "training.loss": "huber", "network.layers": (2, 3, 1)}
    ),
    "flat": Experiment.preset("three-pairs").replace(
        **{"training.flat_target": True, "training.optimizer": "rmsprop", "training.loss": "mae",
           "network.layers": (2, 1)}
    ),
    "product": Experiment.preset("one-pair").replace(
        **{"data.task": "product", "data.rows": ((-417.25, 333.5),), "network.activation": "sigmoid"}
    ),
}  # fmt: skip
"""All optimizers but the plainest, both kinds of losses, few and many rows, flat, deep and wide networks."""


class Cuts:
    """Watches :meth:`Line.fit` and keeps each line that it cut within a number or right after one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: list[str] = []
        fit = Line.fit

        def watched(line: Line, width: int, *args: object, **kwargs: object) -> Line:
            text = line.plain.rstrip()
            if len(text) > width and re.search(r"\d", text[max(0, width - 2) :]):
                self.found.append(f"{text!r} in {width} columns")
            return fit(line, width, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(Line, "fit", watched)


def states(experiment: Experiment) -> Iterator[Workspace]:
    """A run at its start, within forward and backward, after many steps, and after a hand took hold of it."""
    workspace = Workspace(experiment)
    yield workspace
    workspace.run.step("layer", 2)
    yield workspace
    depth = len(experiment.layer_names)
    workspace.run.step("layer", depth + 1)
    yield workspace
    workspace.ask(Sum(-330000, 30000.5))
    workspace.run.step("update", 130)
    yield workspace
    workspace.run.constrain(Constraints(frozenset({0, 1}), frozenset({(0, 0)} if depth > 1 else ())))
    workspace.run.edit(0, -12345.678)
    yield workspace
    workspace.run.step("layer", depth + 3)
    yield workspace


def view_of(workspace: Workspace, selection: Selection, glyphs: Glyphs) -> ViewState:
    experiment = workspace.run.experiment
    return ViewState(
        experiment=experiment, snapshot=workspace.snapshot(False), glyphs=glyphs, tab="network", step_size="100 epochs",
        pace=200, selection=selection, notice="", reached=1,
    )  # fmt: skip


def chosen(experiment: Experiment) -> Iterator[Selection]:
    """The first weight, a bias, the last neuron of each layer, the output."""
    yield Parameter(0)
    yield Parameter(experiment.parameter_count - 1)
    for column, size in enumerate(experiment.network.layers):
        yield Neuron(column, size - 1)


def whole(lines: Sequence[Line], width: int, glyphs: Glyphs) -> list[str]:
    """What is wrong with lines that should fit: too wide, or an ellipsis at a number."""
    mark = re.escape(glyphs.ellipsis)
    bad = [f"{line.plain!r} is wider than {width}" for line in lines if line.width > width]
    return bad + [line.plain for line in lines if re.search(rf"[\d.,{glyphs.minus}]{mark}|{mark}[\d.]", line.plain)]


@pytest.mark.parametrize(("width", "height"), [SIZES[0], SIZES[1], pytest.param(*SIZES[2], marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize(
    "glyphs", [pytest.param(UNICODE, id="unicode"), pytest.param(ASCII, id="ascii", marks=pytest.mark.slow)]
)
def test_no_number_of_the_tabs_network_and_inspect_is_cut_off(
    name: str, width: int, height: int, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = Cuts(monkeypatch)
    bad = [found for workspace in states(EXPERIMENTS[name]) for found in drawn(workspace, width, height, glyphs)]
    assert not [*bad, *cuts.found], "\n".join(dict.fromkeys([*bad, *cuts.found]))


@examples(6)
@given(experiments(most_rows=9, widest=12), st.sampled_from(SIZES), st.sampled_from([UNICODE, ASCII]))
def test_no_number_of_any_experiment_is_cut_off(experiment: Experiment, size: tuple[int, int], glyphs: Glyphs) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cuts = Cuts(patch)
        workspace = Workspace(experiment.replace(epochs=5))
        workspace.run.step("layer", 3)
        bad = drawn(workspace, *size, glyphs)
        workspace.run.step("update", 3)
        bad += drawn(workspace, *size, glyphs)
        if not workspace.run.stopped and not workspace.run.trainer.stage:
            bad += judged(workspace, size[0] - AROUND, glyphs)
    assert not [*bad, *cuts.found], "\n".join(dict.fromkeys([*bad, *cuts.found]))


def drawn(workspace: Workspace, width: int, height: int, glyphs: Glyphs) -> list[str]:
    """What is wrong with the lines around the stage, the ladder, diagram, explanation, trace and inspector."""
    experiment = workspace.run.experiment
    bad: list[str] = []
    stage = height - AROUND
    below = 11 if stage >= 34 else 6
    for selection in chosen(experiment):
        view = view_of(workspace, selection, glyphs)
        course = workspace.explorer.course(selection.index) if isinstance(selection, Parameter) else None
        drawings = [
            [tab_line(view, TABS, width)[0], state_line(view, width)],
            ladder_lines(view, width),
            explanation(view, course, width, below),
            explanation(view, None, width, below),
        ]
        for lines in drawings:
            bad += whole(lines, width, glyphs)
        bad += [f"{line.plain!r} is wider than {width}"
                for line in diagram(view, width, stage - LADDER_ROWS - below).lines if line.width > width]  # fmt: skip
    return bad + inspected(workspace, experiment, width, stage, glyphs) + traced(workspace, width, glyphs)


def inspected(workspace: Workspace, experiment: Experiment, width: int, height: int, glyphs: Glyphs) -> list[str]:
    bad: list[str] = []
    start, activity = workspace.run.timeline.keyframes[0].state, workspace.explorer.activity()
    for selection in (Parameter(1), Neuron(len(experiment.layer_names), 0)):
        view = view_of(workspace, selection, glyphs)
        for quantity, against in itertools.product(quantities(experiment), COMPARISONS):
            inspect_state = InspectState(quantity, against, start=start, activity=activity)
            bad += whole(tensor_lines(view, inspect_state, width, height)[0], width, glyphs)
    return bad


def traced(workspace: Workspace, width: int, glyphs: Glyphs) -> list[str]:
    bad: list[str] = []
    snapshot = workspace.snapshot(False)
    for row, digits, selection in (
        (None, SHORT_DIGITS, Neuron(1, 0)), (None, FULL_DIGITS, Parameter(1)), (0, SHORT_DIGITS, Parameter(0)),
    ):  # fmt: skip
        try:
            trace = workspace.explorer.trace(row)
        except RequestError:
            continue
        text = tell(trace, snapshot, selection, NumberFormat(glyphs, digits), width - 1)
        lines = [text.line(i) for i in range(min(len(text), 400))]
        header = trace_header(row, digits, len(text), len(text), width, glyphs)
        bad += whole([*lines, header], width, glyphs)
    return bad


@pytest.mark.parametrize("width", [width for width, _ in SIZES])
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_number_of_the_proof_or_the_gradient_check_is_cut_off(
    name: str, width: int, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts = Cuts(monkeypatch)
    workspace = Workspace(EXPERIMENTS[name])
    bad = judged(workspace, width - AROUND, glyphs)
    workspace.run.step("update", 40)
    bad += judged(workspace, width - AROUND, glyphs)
    assert not [*bad, *cuts.found], "\n".join(dict.fromkeys([*bad, *cuts.found]))


def judged(workspace: Workspace, width: int, glyphs: Glyphs) -> list[str]:
    """What is wrong with the proof and the gradient check, in as many columns as their screens have for them."""
    bad = whole(proof_lines(workspace.explorer.prove(), glyphs, width), width, glyphs)
    for index in (0, workspace.run.experiment.parameter_count - 1):
        bad += whole(gradient_lines(workspace.explorer.check_gradient(index), glyphs, width), width, glyphs)
    return bad
