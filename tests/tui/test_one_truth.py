"""What is wanted, the answer and how far off it is are the same numbers wherever they stand, and the right ones."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from adder_engine.analysis.evaluation import checks, held_out, region_of
from adder_engine.analysis.grids import forecast, plane
from adder_engine.analysis.results import Evaluation, GridSpec, Hits
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum, pair_text
from adder_engine.runs.workspace import Workspace
from adder_engine.snapshot import Answer, Snapshot
from adder_engine.steps import at_once
from adder_engine.watched_sums import starting_sums
from adder_tui.cli.main import main
from adder_tui.explore.draw import checks_view
from adder_tui.explore.state import ExploreResults, ExploreState
from adder_tui.network.diagram import diagram
from adder_tui.selection import first_selection
from adder_tui.train.draw_panels import watched_sums
from adder_tui.ui.numbers import number, percent, plain_number, signed
from adder_tui.ui.prompt import answer_line
from adder_tui.ui.run_state import sum_text
from adder_tui.ui.symbols import UNICODE
from adder_tui.ui.view import ViewState
from tests.engine.plain import auto_scale, by_task, plainly_wanted
from tests.engine.strategies import examples, experiments

SHORT_RUNS = experiments(most_rows=5, widest=4)


@dataclass
class Run:
    """A run after a few updates."""

    workspace: Workspace
    snapshot: Snapshot
    view: ViewState

    @property
    def experiment(self) -> Experiment:
        return self.snapshot.experiment

    def plain_scales(self) -> tuple[float, float]:
        """What inputs and targets are divided by: ``auto`` is the largest size among the training rows."""
        data, rows = self.experiment.data, self.workspace.explorer.data()
        scale = auto_scale(rows.inputs) if data.scale == "auto" else float(data.scale)
        if self.experiment.training.loss == "bce":
            return scale, 1.0
        if data.target_scale == "auto":
            return scale, auto_scale(rows.targets)
        return scale, scale if data.target_scale == "same" else float(data.target_scale)

    def plain_answer(self, a: float, b: float) -> float:
        """By torch.nn.functional alone, in float64."""
        network, (scale, target_scale) = self.experiment.network, self.plain_scales()
        flat = torch.from_numpy(self.snapshot.state[0].astype(np.float64))
        x, start = torch.tensor([[a, b]], dtype=torch.float64).float().double() / scale, 0
        bend = {
            "none": lambda z: z, "relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
            "leaky_relu": torch.nn.functional.leaky_relu, "gelu": torch.nn.functional.gelu, "sine": torch.sin,
            "step": lambda z: (z > 0).double(),
        }  # fmt: skip
        for i, (m, n) in enumerate(zip(network.layers, network.layers[1:], strict=False)):
            weight, bias = flat[start : start + m * n].reshape(n, m), flat[start + m * n : start + m * n + n]
            start += m * n + n
            x = x @ weight.T + bias
            x = bend[self.experiment.activations[i]](x)
        if self.experiment.training.loss == "bce":
            return float(x[0, 0].sigmoid())
        return float(x[0, 0]) * target_scale


def run_of(experiment: Experiment, asked: Sum | None = None) -> Run:
    workspace = Workspace(experiment.replace(epochs=2))
    workspace.run.step("epoch", 2)
    if asked is not None:
        workspace.ask(asked)
    snapshot = workspace.snapshot(playing=False)
    view = ViewState(
        experiment=snapshot.experiment, snapshot=snapshot, glyphs=UNICODE, tab="train", step_size="epoch", pace=None,
        selection=first_selection(snapshot.experiment), notice="",
    )  # fmt: skip
    return Run(workspace, snapshot, view)


def texts(answer: Answer, yes_or_no: bool) -> tuple[str, str, str]:
    """Answer, wanted and off by, as they are written where there is room."""
    off = answer.off_by
    if yes_or_no:
        truth = UNICODE.none if answer.wanted is None else "yes" if answer.wanted else "no"
        right = (
            UNICODE.none if off is None else "right" if (answer.predicted > 0.5) == (answer.wanted == 1) else "wrong"
        )
        return percent(answer.predicted), truth, right
    return (
        number(answer.predicted, UNICODE),
        UNICODE.none if answer.wanted is None else plain_number(answer.wanted, UNICODE),
        UNICODE.none if off is None else signed(off, UNICODE),
    )


def pairs(experiment: Experiment) -> list[tuple[float, float]]:
    """Rows, sums that are watched, and others."""
    rows = [row[:2] for row in experiment.data.rows] if experiment.data.kind == "rows" else []
    return [*rows, *((s.a, s.b) for s in starting_sums(experiment)), (12.0, 5.0), (-0.5, 0.25)]


NARROW = Experiment().replace(**{
    "seed": 0, "epochs": 0, "network.layers": (2, 1, 1, 1, 1, 1, 1, 1), "data.task": "2*a + 3*b", "data.count": 1,
    "data.low": 0.0, "data.high": 248.0, "data.test_count": 0, "training.optimizer": "sgd", "training.lr": 0.01,
    "training.zero_grad": False,
})  # fmt: skip
"""Seven layers beside each other, and an answer of ten digits."""


@given(SHORT_RUNS, st.integers(0, 99))
@example(NARROW, 1)
@examples(60)
def test_answer_wanted_and_off_by_are_right_and_the_same_on_every_screen(experiment: Experiment, pick: int) -> None:
    a, b = pairs(experiment)[pick % len(pairs(experiment))]
    run = run_of(experiment, Sum(a, b))
    experiment, asked = run.experiment, run.snapshot.asked
    plain = run.plain_answer(a, b)
    size = max(1.0, abs(plain), float(np.abs(run.snapshot.state[0]).max())) * max(1.0, abs(a), abs(b))
    if not np.isfinite(plain) or size > 1e15:  # blown up
        return

    for answer in (asked, *run.snapshot.answers):
        wanted = plainly_wanted(experiment, answer.sum.a, answer.sum.b)
        assert answer.wanted == wanted
        assert answer.off_by == (None if wanted is None else answer.predicted - wanted)
    assert abs(asked.predicted - plain) <= 1e-3 * size

    yes_or_no = experiment.is_yes_or_no
    said, wanted_said, off_said = texts(asked, yes_or_no)
    prompt = answer_line(run.view).plain
    if yes_or_no:
        assert prompt == f"= {said} yes, {'no truth known' if asked.wanted is None else off_said}"
    elif asked.wanted is None:
        assert prompt == f"= {said}, no truth known"
    else:
        assert prompt == (f"= {said}, off by {off_said}" if asked.off_by else f"= {said}, exactly right")
    table = [line.plain for line in watched_sums(run.view, 160, 60)]
    name = sum_text(asked.sum, experiment.wanted.rule, UNICODE)
    row = next(line for line in table if line.startswith((f"▸ {name}  ",)))
    assert row[len(name) + 2 :].split()[:3] == [said, wanted_said, off_said]

    trace = run.snapshot.trace
    assert trace is not None
    assert trace.answer == asked.predicted
    drawn = [line.plain for line in diagram(run.view, 120, 40).lines]
    if asked.wanted is None:
        assert not any("nan" in line for line in drawn)
        return
    for label, value in (("want", asked.wanted), ("yes", asked.predicted) if yes_or_no else ("off", asked.off_by)):
        found = [re.search(rf"\b{label}\s+(\S+)", line) for line in drawn]
        shown = next(match[1] for match in found if match)
        assert abs(read(shown) - value) <= 0.006 * abs(value) + 1e-12 * size, (label, shown, value)


def same(one: float, other: float, a: float, b: float) -> bool:
    """Whether two are the same number but for the last digit of a sine, or of a square that nearly cancels out."""
    return math.isclose(one, other, rel_tol=1e-13, abs_tol=1e-15 * max(1e3, a * a, abs(a * b)))


def _found(phrase: Evaluation) -> ExploreState:
    return ExploreState(found=ExploreResults(checks=phrase))


def read(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").replace("k", "e3").replace("M", "e6"))


@given(SHORT_RUNS)
@examples(60)
def test_planes_checks_forecast_and_data_hold_the_same_truth(experiment: Experiment) -> None:
    run = run_of(experiment)
    experiment, trainer = run.experiment, run.workspace.run.trainer
    if not np.isfinite(run.snapshot.state).all():
        return
    found = at_once(plane(trainer, GridSpec(-600.0, 700.0, -900.0, 550.0, 5, 4)))
    for i, b in enumerate(found.b.tolist()):
        for j, a in enumerate(found.a.tolist()):
            wanted = plainly_wanted(experiment, a, b)
            assert np.isnan(found.wanted[i, j]) if wanted is None else same(found.wanted[i, j], wanted, a, b)

    data = run.workspace.explorer.data()
    order, held = np.arange(0), 0
    if experiment.data.kind == "rows":  # as PyTorch would part them
        held = round(experiment.data.test_share * len(experiment.data.rows)) or (experiment.data.test_share > 0)
        order = torch.randperm(len(experiment.data.rows), generator=torch.Generator().manual_seed(123)).numpy()
        out = [experiment.data.rows[i] for i in sorted(order[:held])]
        assert np.allclose(data.test_inputs, np.array([row[:2] for row in out]).reshape(-1, 2), rtol=1e-7, atol=1e-30)
        assert len(data.test_targets) == held
    trained = [experiment.data.rows[i] for i in sorted(order[held:])]
    for i, (a, b) in enumerate(data.inputs.tolist()):
        row = trained[i] if experiment.data.kind == "rows" else (a, b)
        assert np.allclose((a, b), row[:2], rtol=1e-7, atol=1e-30)
        a, b = row[:2]
        own = row[2] if len(row) == 3 else by_task(experiment.data.task, a, b)
        assert same(data.wanted[i], own, a, b)
        wanted = plainly_wanted(experiment, a, b)
        assert wanted is None or abs(wanted - own) <= 1e-5 * max(1.0, abs(a), abs(b), abs(a * b), a * a)

    judged, phrase = held_out(trainer), at_once(checks(trainer))
    with np.errstate(all="ignore"):
        answers = np.array(trainer.answers(list(zip(judged.a.tolist(), judged.b.tolist(), strict=True))))
        off = answers - judged.wanted
        assert phrase.count == len(off)
        assert phrase.rmse == np.sqrt(np.mean(off * off)) or abs(phrase.rmse / np.sqrt(np.mean(off * off)) - 1) < 1e-4
    for a, b, wanted in zip(judged.a[:50].tolist(), judged.b[:50].tolist(), judged.wanted[:50].tolist(), strict=True):
        plain = plainly_wanted(experiment, a, b)
        near = 1e-5 * max(1.0, abs(a), abs(b), abs(a * b), a * a)  # own rows are rounded to float32 here
        assert (
            plain is None
            or same(plain, wanted, a, b)
            or (experiment.data.kind == "rows" and abs(plain - wanted) <= near)
        )
    if experiment.is_yes_or_no:
        said, right = answers > 0.5, judged.wanted == 1
        assert phrase.hits == Hits(sum(said & right), sum(~said & right), sum(said & ~right), sum(~said & ~right))
        assert phrase.hits.accuracy == np.mean(said == right)
        told = " ".join(line.plain for line in checks_view(run.view, _found(phrase), 100, 30))
        assert f" {percent(phrase.hits.accuracy)} " in told
        assert "off by" not in told
        assert "within" not in told
    else:
        assert phrase.hits is None
    (low, high), _ = region_of(experiment, "inside")
    if experiment.data.kind == "rows" and len({row[0] for row in trained}) > 1:
        column = [r[0] for r in trained]
        assert np.allclose((low, high), (min(column), max(column)), rtol=1e-12, atol=1e-9)

    for row in at_once(forecast(trainer, run.snapshot.asked.sum, [a.sum for a in run.snapshot.answers])).rows:
        wanted = plainly_wanted(experiment, row.sum.a, row.sum.b)
        assert wanted is not None
        assert same(row.wanted, wanted, row.sum.a, row.sum.b)


@given(SHORT_RUNS, st.integers(0, 99))
@examples(12)
def test_the_command_line_tells_the_same_numbers(experiment: Experiment, pick: int) -> None:
    a, b = pairs(experiment)[pick % len(pairs(experiment))]
    typed = pair_text(a, b, experiment.wanted.rule).replace(" ", "")
    run = run_of(experiment.replace(epochs=2), Sum(a, b))
    if run.workspace.run.stop is not None:
        return
    args = [f"--set={line.replace(' = ', '=', 1)}" for line in run.experiment.to_short_toml().splitlines()]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(["train", "many-pairs", *args, "--json", "--predict", typed])
    phrase = json.loads(out.getvalue().splitlines()[-1])
    asked = run.snapshot.asked
    assert phrase["wanted"] == {typed: plainly_wanted(run.experiment, a, b)}
    if code == 0:
        assert phrase["predictions"][typed] == asked.predicted
        if run.experiment.is_yes_or_no:
            right = None if asked.wanted is None else (asked.predicted > 0.5) == (asked.wanted == 1)
            assert phrase["right"] == {typed: right}
            assert "off_by" not in phrase
        elif asked.wanted is not None:
            assert phrase["off_by"][typed] == phrase["predictions"][typed] - asked.wanted


@given(experiments(most_rows=70, widest=9), st.integers(0, 99))
@examples(40)
def test_a_pair_has_one_answer_alone_beside_others_in_data_trace_and_forecast(
    experiment: Experiment, pick: int
) -> None:
    workspace = Workspace(experiment.replace(epochs=2))
    workspace.run.step("epoch", 2)
    trainer, explorer = workspace.run.trainer, workspace.explorer
    rows = explorer.data().inputs[:64].astype(np.float64)
    a, b = rows[pick % len(rows)].tolist()
    workspace.ask(Sum(a, b))
    snapshot = workspace.snapshot(playing=False)
    if not np.isfinite(snapshot.state).all() or not np.isfinite(snapshot.asked.predicted):
        return
    alone = snapshot.asked.predicted
    assert snapshot.trace is not None
    assert snapshot.trace.answer == alone
    assert trainer.predict(a, b) == alone
    assert explorer.run.trainer.answers(rows)[pick % len(rows)] == alone
    told = [r for r in at_once(forecast(trainer, Sum(a, b), [Sum(a, b)])).rows if (r.sum.a, r.sum.b) == (a, b)]
    assert all(row.asked == alone - row.wanted for row in told)
    answers = {(answer.sum.a, answer.sum.b): answer.predicted for answer in snapshot.answers}
    assert answers.get((a, b), alone) == alone


def test_an_answer_is_exactly_right_only_where_its_trace_says_so_too() -> None:
    workspace = Workspace(Experiment.preset("three-pairs"))
    workspace.run.step("epoch", workspace.run.experiment.epochs)
    snapshot = workspace.snapshot(playing=False)
    trace = snapshot.trace
    assert trace is not None
    assert (snapshot.asked.off_by == 0) == (trace.loss == 0) == bool(trace.layers[-1].delta[0] == 0)
