"""An experiment as a plain PyTorch program in the tutorial's manner: a script, or a notebook of the same cells."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from adder_engine.experiment import Experiment
from adder_engine.parsing import number_text
from adder_engine.sections import AUTO, SAME, SMALLEST_SCALE
from adder_engine.wanted import HELD_OUT_SEED, held_out_count
from adder_engine.watched_sums import starting_sums

_ACTIVATIONS = {
    "relu": "torch.relu", "leaky_relu": "nn.functional.leaky_relu", "tanh": "torch.tanh",
    "sigmoid": "torch.sigmoid", "gelu": "nn.functional.gelu", "sine": "torch.sin", "step": "step",
}  # fmt: skip
_STEP = """def step(x):
    \"\"\"1 above 0, else 0, with the gradient 0 that it has.\"\"\"
    return torch.relu(torch.sign(x))


"""
_LOSSES = {"mse": "nn.MSELoss()", "mae": "nn.L1Loss()", "huber": "nn.HuberLoss()", "bce": "nn.BCEWithLogitsLoss()"}
_TASKS = {
    "sum": "{0}.sum(dim=1, keepdim=True)", "difference": "{0}[:, :1] - {0}[:, 1:]", "product": "{0}[:, :1] * {0}[:, 1:]"
}  # fmt: skip
_SIGNS = {"sum": " + ", "difference": " - ", "product": " * "}


@dataclass(frozen=True)
class Cell:
    """A part of the program, and what a notebook says over it."""

    about: str
    code: str


def script(experiment: Experiment, title: str, note: str = "") -> str:
    """The program as a file for ``python``; it prints the losses and answers that the engine gets.

    Args:
        experiment: what it trains.
        title: the run's name, for the first line.
        note: what else its reader should know, in a sentence.
    """
    imports, network, *rest = (cell.code for cell in cells(experiment))
    return f"{_docstring(title, note)}\n\n{imports}\n\n\n{network}\n\n\n" + "\n\n".join(rest) + "\n"


def notebook(experiment: Experiment, title: str, note: str = "") -> str:
    """The program as a Jupyter notebook (nbformat 4.5, JSON), one cell for each step."""
    written = [_cell("markdown", f"# {title}" + (f"\n\n{note}" if note else ""), 0)]
    for cell in cells(experiment):
        written.append(_cell("markdown", cell.about, len(written)))
        written.append(_cell("code", cell.code, len(written)))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {
        "cells": written,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def cells(experiment: Experiment) -> tuple[Cell, ...]:
    """The program's parts in their order, without anything that the experiment does not use."""
    network, data = _network(experiment), _data(experiment)
    start = [f"torch.manual_seed({experiment.seed})"]
    model = _lines(["model = Adder()", *_init(experiment)])
    drawn = [
        Cell("The seed, and the sums to learn from.", _lines([*start, *data])),
        Cell("The network.", model),
    ] if experiment.data.draw_first else [
        Cell("The seed, and the network's first parameters.", _lines([*start, model])),
        Cell("The sums to learn from.", _lines(data)),
    ]  # fmt: skip
    return (
        Cell("PyTorch.", "import torch\nfrom torch import nn"),
        Cell("What the network looks like.", _lines(network)),
        *drawn,
        Cell("How wrong is measured, and what is done about it.", _lines(_optimizer(experiment))),
        Cell("Training.", _lines(_training(experiment))),
        Cell("Its answers.", _lines(_answers(experiment))),
    )


def _docstring(title: str, note: str) -> str:
    text, message = (
        "".join(c if c.isprintable() else "?" for c in one).replace("\\", "\\\\").replace('"', "'")
        for one in (title, note)
    )
    return f'"""{text}\n\n{textwrap.fill(message, 100)}\n"""' if note else f'"""{text}"""'


def _network(e: Experiment) -> Iterator[str]:
    sizes, names = e.network.layers, e.layer_names
    yield f"{_STEP if 'step' in e.activations else ''}class Adder(nn.Module):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    for name, (enter, leave) in zip(names, pairwise(sizes), strict=True):
        yield f"        self.{name} = nn.Linear({enter}, {leave})"
    hidden = names[:-1]
    if _drops_out(e):
        yield f"        self.dropout = nn.Dropout({e.network.dropout!r})"
    yield ""
    yield "    def forward(self, x):"
    for name, bend in zip(hidden, e.activations, strict=False):
        step = _bent(bend, f"self.{name}(x)")
        yield f"        x = self.dropout({step})" if e.network.dropout else f"        x = {step}"
    yield f"        return {_bent(e.activations[-1], f'self.{names[-1]}(x)')}"


def _bent(activation: str, sums: str) -> str:
    return sums if activation == "none" else f"{_ACTIVATIONS[activation]}({sums})"


def _init(e: Experiment) -> Iterator[str]:
    if e.network.init == "torch":
        return
    if isinstance(e.network.init, tuple):
        yield "start = torch.tensor(["
        numbers = [repr(number) for number in e.network.init]
        yield from (f"    {', '.join(numbers[i : i + 4])}," for i in range(0, len(numbers), 4))
        yield "])"
        yield "nn.utils.vector_to_parameters(start, model.parameters())"
        return
    yield "for parameter in model.parameters():"
    value = "zeros_(parameter)" if e.network.init == "zeros" else f"constant_(parameter, {e.network.init!r})"
    yield f"    nn.init.{value}"


def _data(e: Experiment) -> Iterator[str]:
    data = e.data
    held_out = _holds_out(e)
    if data.kind == "rows":
        yield from _table("inputs", [row[:2] for row in data.rows])
        yield from _table("targets", [(e.wanted.of_row(row),) for row in data.rows])
    else:
        yield f"low, high = {data.low!r}, {data.high!r}"
        yield f"inputs = torch.rand({data.count:_}, 2) * (high - low) + low"
        yield from _wanted(e, "targets", "inputs")
    if data.kind == "rows" and held_out:
        yield f"order = torch.randperm({len(data.rows)}, generator=torch.Generator().manual_seed({HELD_OUT_SEED}))"
        count = held_out_count(len(data.rows), data.test_share)
        yield f"held_out, kept = order[:{count}].sort().values, order[{count}:].sort().values"
        yield "test_inputs, test_targets = inputs[held_out], targets[held_out]"
        yield "inputs, targets = inputs[kept], targets[kept]"
    if data.noise:
        yield f"targets = targets + {data.noise!r} * torch.randn(len(targets), 1)"
    if data.kind == "uniform" and held_out:
        yield f"held_out = torch.Generator().manual_seed({HELD_OUT_SEED})"
        yield f"test_inputs = torch.rand({data.test_count:_}, 2, generator=held_out) * (high - low) + low"
        yield from _wanted(e, "test_targets", "test_inputs")
    names = _scales(e)
    for name, scale, rows in (("scale", data.scale, "inputs"), (TARGET_SCALE, data.target_scale, "targets")):
        if name in names and scale == AUTO:
            yield f"{name} = {rows}.abs().max().item()"
            yield f"{name} = {name} if {name} >= {SMALLEST_SCALE} else 1.0"
        elif name in names:
            yield f"{name} = {scale!r}"
    if names[0]:
        yield from (f"{rows} = {rows} / {names[0]}" for rows in ("inputs", *["test_inputs"] * held_out))
    if names[1]:
        yield from (f"{rows} = {rows} / {names[1]}" for rows in ("targets", *["test_targets"] * held_out))
    if e.training.flat_target:
        yield "targets = targets.squeeze(1)  # (n,) instead of (n, 1): every answer is compared with every target"


TARGET_SCALE = "target_scale"


def _scales(e: Experiment) -> tuple[str, str]:
    """What the scales of inputs and targets are called; empty where nothing is divided."""
    inputs = "scale" if e.data.scale != 1 else ""
    if e.is_yes_or_no or e.data.target_scale == 1:
        return inputs, ""
    return inputs, inputs if e.data.target_scale == SAME else TARGET_SCALE


def _wanted(e: Experiment, name: str, inputs: str) -> Iterator[str]:
    """The right answers by the task; a formula is worked out in double precision and rounded once."""
    if e.wanted.formula is None:
        yield f"{name} = {_TASKS[e.data.task].format(inputs)}"
        return
    yield f"a, b = {inputs}.double().split(1, dim=1)"
    yield f"{name} = ({e.wanted.formula.code()}).float()"


def _optimizer(e: Experiment) -> Iterator[str]:
    t = e.training
    yield f"criterion = {_LOSSES[t.loss]}"
    rule = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}.get(t.optimizer, "SGD")
    options = [f"lr={t.lr!r}"]
    if t.optimizer in ("momentum", "nesterov") and t.momentum:
        options.append(f"momentum={t.momentum!r}")
        if t.optimizer == "nesterov":
            options.append("nesterov=True")
    if t.optimizer in ("adam", "adamw") and t.betas != (0.9, 0.999):
        options.append(f"betas={t.betas!r}")
    if t.optimizer in ("adam", "adamw", "rmsprop") and t.eps != 1e-8:
        options.append(f"eps={t.eps!r}")
    if t.weight_decay or t.optimizer == "adamw":  # torch's AdamW decays by 0.01 where nothing is said
        options.append(f"weight_decay={t.weight_decay!r}")
    yield f"optimizer = torch.optim.{rule}(model.parameters(), {', '.join(options)})"
    schedule = {
        "step": f"StepLR(optimizer, step_size={t.schedule_every}, gamma=0.5)",
        "exponential": f"ExponentialLR(optimizer, gamma={t.schedule_gamma!r})",
        "cosine": f"CosineAnnealingLR(optimizer, T_max={max(e.epochs, 1)})",
        "warmup": f"LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / {t.warmup_epochs}))",
    }.get(t.schedule)
    if schedule:
        yield f"scheduler = torch.optim.lr_scheduler.{schedule}"


def _training(e: Experiment) -> Iterator[str]:
    t = e.training
    yield f"epochs = {e.epochs}"
    yield "for epoch in range(epochs):"
    if t.batch_size:
        yield "    total = 0.0"
        yield "    order = torch.randperm(len(inputs))"
        yield f"    for start in range(0, len(inputs), {t.batch_size}):"
        yield f"        rows = order[start : start + {t.batch_size}]"
        yield from _indented(_update(e, "inputs[rows]", "targets[rows]"), 8)
        yield "        total += loss.item() * len(rows)"
        yield "    train_loss = total / len(inputs)"
    else:
        yield from _indented(_update(e, "inputs", "targets"), 4)
        yield "    train_loss = loss.item()"
    if t.schedule != "constant":
        yield "    scheduler.step()"
    every = max(1, e.epochs // 10)
    last = " or epoch + 1 == epochs" if e.epochs % every else ""
    yield f"    if epoch == 0 or (epoch + 1) % {every} == 0{last}:"
    if not _holds_out(e):
        yield '        print(f"epoch {epoch + 1:5}   loss {train_loss:.6g}")'
        return
    if _drops_out(e):
        yield "        model.eval()"
    yield "        with torch.no_grad():"
    yield "            test_loss = criterion(model(test_inputs), test_targets).item()"
    if _drops_out(e):
        yield "        model.train()"
    yield '        print(f"epoch {epoch + 1:5}   loss {train_loss:.6g}   held-out {test_loss:.6g}")'


def _update(e: Experiment, inputs: str, targets: str) -> Iterator[str]:
    t = e.training
    yield "optimizer.zero_grad()" if t.zero_grad else "# Without optimizer.zero_grad() gradients pile up."
    yield f"loss = criterion(model({inputs}), {targets})"
    if t.l1:
        yield f"penalty = {t.l1!r} * sum(parameter.abs().sum() for parameter in model.parameters())"
        yield "(loss + penalty).backward()"
    else:
        yield "loss.backward()"
    if t.clip_norm:
        yield f"nn.utils.clip_grad_norm_(model.parameters(), {t.clip_norm!r})"
    yield "optimizer.step()"


def _answers(e: Experiment) -> Iterator[str]:
    pair, answer = "torch.tensor([[float(a), float(b)]])", ".item()"
    scale, target_scale = _scales(e)
    pair += f" / {scale}" if scale else ""
    answer += f" * {target_scale}" if target_scale else ""
    if e.is_yes_or_no:
        answer = ".sigmoid().item()  # how likely yes is"
    if _drops_out(e):
        yield "model.eval()"
    pairs = ", ".join(f"({number_text(s.a)}, {number_text(s.b)})" for s in starting_sums(e))
    yield "with torch.no_grad():"
    yield f"    for a, b in [{pairs}]:"
    yield f"        answer = model({pair}){answer}"
    yield f'        print(f"{{a}}{_SIGNS.get(e.wanted.rule, ", ")}{{b}} = {{answer:.4f}}")'


def _holds_out(e: Experiment) -> bool:
    return e.test_row_count > 0


def _drops_out(e: Experiment) -> bool:
    return e.network.dropout > 0 and len(e.network.layers) > 2


def _table(name: str, rows: list[tuple[float, ...]]) -> Iterator[str]:
    """A tensor of these rows, on one line where it fits there."""
    written = [str(list(row)) for row in rows]
    short = f"{name} = torch.tensor([{', '.join(written)}])"
    if len(short) <= 100:
        yield short
        return
    yield f"{name} = torch.tensor(["
    yield from (f"    {row}," for row in written)
    yield "])"


def _indented(lines: Iterator[str], by: int) -> Iterator[str]:
    return (" " * by + line for line in lines)


def _lines(lines: Iterator[str] | list[str]) -> str:
    return "\n".join(lines)


def _cell(kind: str, source: str, number: int) -> dict[str, object]:
    cell: dict[str, object] = {
        "cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source.splitlines(keepends=True)
    }  # fmt: skip
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
