"""The description of a run: frozen, validated, read from and written to TOML; which keys do nothing in it. No torch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from adder_engine.errors import ExperimentError, shortened
from adder_engine.formula import asks_yes_or_no
from adder_engine.language import tr, trn
from adder_engine.parameters import ParameterLayout, layout_of
from adder_engine.presets import PRESETS
from adder_engine.schema import LARGEST_SEED, SchemaField, Value, declare, read_toml, toml
from adder_engine.sections import Data, Network, Stop, Training
from adder_engine.wanted import LARGEST_NUMBER, Row, Wanted, held_out_count, held_out_places

MOST_CELLS = 64_000_000
"""Limit on rows of one update times neurons: about a second, and 1 GiB of activations, on one core."""
QUICK_CELLS = 2_000_000
"""Rows times neurons that may be looked over once more for every snapshot of a playing run."""
MOST_FLAT_ROWS = 2_000
"""With ``flat_target`` a batch of n rows is compared in n·n pairs."""
_DRAWN = ("data.count", "data.low", "data.high", "data.test_count")


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run, so that the same experiment gives the same run.

    Raises:
        ExperimentError: a value of the wrong type, out of range, or too large to run; one sentence.
    """

    seed: int = declare(42, tr("fixes every random draw"), low=0, high=LARGEST_SEED)
    epochs: int = declare(2_000, tr("how often every row is seen"), low=0, high=10_000_000)
    network: Network = field(default_factory=Network)
    data: Data = field(default_factory=Data)
    training: Training = field(default_factory=Training)
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        for key in KEYS:
            key.check(self[key.name])
        _check_together(self)

    # --- reading and writing -------------------------------------------------------------------

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read an experiment; keys that are left out take their defaults. Rows without a kind are trained on, and
        a task that asks yes or no is, without a loss, measured by bce.

        Raises:
            ExperimentError: TOML that cannot be parsed, an unknown key, or a value that will not do.
        """
        try:
            tables = read_toml(text)
        except ValueError as error:
            raise ExperimentError("This is not valid TOML: {why}.", why=str(error).rstrip(".")) from None
        values: dict[str, Value] = {}
        for name, value in tables.items():
            if isinstance(value, dict) and name in SECTIONS:
                values |= {f"{name}.{inner}": v for inner, v in value.items()}
            else:
                values[name] = value
        return cls().replace(**_with_what_follows(values, cls()))

    def to_toml(self) -> str:
        """Write the whole experiment, defaults included; ``from_toml`` gives back an equal one."""
        lines = [f"{key.name} = {toml(self[key.name])}" for key in KEYS if not key.section]
        for section in SECTIONS:
            lines += ["", f"[{section}]"]
            for key in KEYS:
                if key.section == section and not (key.name == "data.rows" and not self.data.rows):
                    lines.append(f"{key.short} = {toml(self[key.name])}")
        return "\n".join(lines) + "\n"

    def to_short_toml(self) -> str:
        """Write what is not as by default, one line a key: short enough for a message, and as good to read."""
        said = {key.name for key in KEYS if self[key.name] != key.default}
        if "data.rows" in said:
            said.add("data.kind")  # rows without a kind are trained on
        if "data.task" in said:
            said.add("training.loss")  # it follows the task where nothing is said
        changed = [f"{key.name} = {toml(self[key.name])}" for key in KEYS if key.name in said]
        return "\n".join(changed) + "\n" if changed else f"seed = {self.seed}\n"

    @classmethod
    def preset(cls, name: str) -> Self:
        """The preset of that name; :data:`PRESETS` lists them.

        Raises:
            ExperimentError: there is no preset of that name.
        """
        if name not in PRESETS:
            import difflib  # needed only when something is wrong

            near = next(iter(difflib.get_close_matches(name, PRESETS, n=1)), None)
            raise ExperimentError("There is no preset {name}: {hint}", name=shortened(name), hint=_hint(near, PRESETS))
        return cls().replace(**PRESETS[name].changes)

    def replace(self, **changes: Value) -> Self:
        """A copy with some keys changed, named with dots: ``replace(**{"training.lr": 0.01})``.

        Raises:
            ExperimentError: an unknown key, or a value that will not do.
        """
        sections: dict[str, dict[str, Any]] = {"": {}, **{name: {} for name in SECTIONS}}
        for name, value in changes.items():
            key = key_named(name)
            sections[key.section][key.short] = key.convert(value)
        parts = {
            name: dataclasses.replace(getattr(self, name), **sections[name]) for name in SECTIONS if sections[name]
        }
        return dataclasses.replace(self, **sections[""], **parts)

    def parsed(self, *assignments: str) -> Self:
        """A copy with keys set from text, as on a command line: ``training.lr=0.01``.

        Rows without a kind are trained on, and the loss goes with a task that asks yes or no, as in a file.

        Raises:
            ExperimentError: text without an equals sign, an unknown key, or a value that will not do.
        """
        changes: dict[str, Value] = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                raise ExperimentError(
                    "{assignment} sets nothing: write key=value, such as training.lr=0.01.",
                    assignment=shortened(assignment),
                )
            key = key_named(name.strip())
            changes[key.name] = key.parse(text.strip(), str(changes.get("data.task", self.data.task)))
        changed = self.replace(**_with_what_follows(changes, self))
        if "stop.sum" in changes:
            _check_stop_sum(changed)
        return changed

    # --- looking up ----------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        """The value of a key by its dotted name: ``experiment["training.lr"]``."""
        section, _, short = name.rpartition(".")
        return getattr(getattr(self, section) if section else self, short)

    def differences(self, other: Experiment) -> dict[str, tuple[Any, Any]]:
        """Keys whose values differ: ``{name: (mine, theirs)}``."""
        return {k.name: (self[k.name], other[k.name]) for k in KEYS if self[k.name] != other[k.name]}

    @property
    def layout(self) -> ParameterLayout:
        """Where each weight and bias stands among the network's P numbers."""
        return layout_of(self.network.layers, self.layer_names)

    @property
    def parameter_count(self) -> int:
        """Weights and biases of all layers together."""
        return self.layout.size

    @cached_property
    def activations(self) -> tuple[str, ...]:
        """What each layer's sums are bent with, the output's last."""
        network = self.network
        hidden = network.activation
        if isinstance(hidden, str):
            hidden = (hidden,) * (len(network.layers) - 2)
        return *hidden, network.output_activation

    @property
    def activation_words(self) -> str:
        """``tanh-relu``, ``none, output sigmoid``: what bends, in short."""
        network, words = self.network, activation_text(self.network.activation).replace("_", " ")
        after = network.output_activation
        return words if after == "none" else tr("{words}, output {after}", words=words, after=after.replace("_", " "))

    @property
    def is_affine(self) -> bool:
        """Whether no layer bends, so that the whole network is one map ``w_a·a + w_b·b + c``."""
        return set(self.activations) == {"none"}

    @cached_property
    def wanted(self) -> Wanted:
        """The right answers: whatever says truth, want, off by or right asks this."""
        return Wanted(self.data.task, self.data.rows if self.data.kind == "rows" else ())

    @cached_property
    def trained_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The lowest and highest a, and the lowest and highest b, that are trained on."""
        data = self.data
        if data.kind == "uniform":
            return (data.low, data.high), (data.low, data.high)
        a, b = [row[0] for row in self.training_rows], [row[1] for row in self.training_rows]
        return (min(a), max(a)), (min(b), max(b))

    @cached_property
    def row_count(self) -> int:
        """Rows that are trained on."""
        return self.data.count if self.data.kind == "uniform" else len(self.data.rows) - self.test_row_count

    @property
    def test_row_count(self) -> int:
        """Rows that are held out."""
        data = self.data
        return data.test_count if data.kind == "uniform" else held_out_count(len(data.rows), data.test_share)

    @cached_property
    def training_rows(self) -> tuple[Row, ...]:
        """Of the listed rows those that are trained on, in their order; none where inputs are drawn."""
        return self._parted_rows[0]

    @cached_property
    def test_rows(self) -> tuple[Row, ...]:
        """Of the listed rows those that are held out."""
        return self._parted_rows[1]

    @cached_property
    def _parted_rows(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        rows, held = self.data.rows, held_out_places(len(self.data.rows), self.data.test_share)
        if self.data.kind == "uniform" or not held:
            return rows if self.data.kind == "rows" else (), ()
        places = set(held)
        return tuple(row for i, row in enumerate(rows) if i not in places), tuple(rows[i] for i in held)

    @property
    def is_yes_or_no(self) -> bool:
        """Whether targets are 0 and 1, and answers the probability of a yes."""
        return self.training.loss == "bce"

    @property
    def is_quickly_surveyed(self) -> bool:
        """Whether all rows may be sent through once more for every snapshot of a playing run."""
        return self.row_count * sum(self.network.layers) <= QUICK_CELLS

    @cached_property
    def rows_per_update(self) -> int:
        """Rows in one update; the last mini-batch of an epoch may hold fewer."""
        return min(self.training.batch_size or self.row_count, self.row_count)

    @property
    def update_seconds(self) -> float:
        """About how long an update takes at full speed, guessed from its rows and the network's parameters."""
        rows = self.rows_per_update
        pairs = rows * rows if self.compares_all_pairs else 0
        return 2e-6 + self.parameter_count * (2e-9 + 2e-10 * rows) + 5e-10 * pairs

    @property
    def compares_all_pairs(self) -> bool:
        """Whether ``flat_target`` makes the train loss a mean over n·n differences, every answer minus every target."""
        return self.training.flat_target and self.rows_per_update > 1

    @cached_property
    def updates_per_epoch(self) -> int:
        """Mini-batches in an epoch; 1 for full batch."""
        return math.ceil(self.row_count / self.rows_per_update)

    def held_out_epoch(self, epoch: int) -> int:
        """The last epoch up to this one at whose end the held-out loss is measured; 0 where none is."""
        return epoch if epoch == self.epochs else epoch // self.data.test_every * self.data.test_every

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the linear layers, as in the tutorial's module: input, hidden…, output."""
        count = len(self.network.layers) - 1
        if count == 1:
            return ("output",)
        middle = ("hidden",) if count == 3 else tuple(f"hidden{i}" for i in range(1, count - 1))
        return ("input", *middle, "output")


def activation_text(activation: str | tuple[str, ...]) -> str:
    """One name, or those of the hidden layers as the layers themselves are written: ``tanh-relu``."""
    return activation if isinstance(activation, str) else "-".join(activation)


SECTIONS = ("network", "data", "training", "stop")


KEYS = tuple(
    SchemaField(prefix + f.name, f.default, **f.metadata)
    for prefix, part in (
        ("", Experiment), ("network.", Network), ("data.", Data), ("training.", Training), ("stop.", Stop),
    )
    for f in dataclasses.fields(part)
    if f.name not in SECTIONS
)  # fmt: skip
"""Every key of the experiment file, in the file's order."""

CHANGEABLE = frozenset(
    key.name
    for key in KEYS
    if key.name == "epochs" or (key.section in ("training", "stop") and key.name != "training.flat_target")
)
"""Keys that PyTorch would let one change during a run; all others need a new network or new data."""


def can_go_on_with(now: Experiment, then: Experiment) -> bool:
    """Whether a run can go on with these settings, with the network and the data that it has."""
    return then.differences(now).keys() <= CHANGEABLE and now.is_yes_or_no == then.is_yes_or_no


_BY_NAME = {key.name: key for key in KEYS}


def key_named(name: str) -> SchemaField:
    """The key of that dotted name. Raises ExperimentError: there is no such key; the sentence names the nearest one."""
    if name not in _BY_NAME:
        from adder_engine.synonyms import meant  # needed only when something is wrong

        hint = _hint(meant(name, tuple(_BY_NAME)), _BY_NAME)
        raise ExperimentError("There is no key {name}: {hint}", name=shortened(name), hint=hint)
    return _BY_NAME[name]


def _hint(near: str | None, known: Iterable[str]) -> str:
    return tr("did you mean {near}?", near=near) if near else tr("there are {known}.", known=", ".join(known))


def _with_what_follows(changes: dict[str, Value], base: Experiment) -> dict[str, Value]:
    """The changes, with ``data.kind`` told by the rows where only these are given, and the loss by the task."""
    if changes.get("data.rows") and "data.kind" not in changes:
        changes = changes | {"data.kind": "rows"}
    if (task := changes.get("data.task")) is not None and "training.loss" not in changes:
        changes = changes | loss_for(task, base.training.loss)
    return changes


def loss_for(task: Value, loss: str) -> dict[str, Value]:
    """The change of the loss that goes with a new task: yes and no are measured by bce, numbers are not."""
    asks = isinstance(task, str) and asks_yes_or_no(task)
    return {"training.loss": "bce" if asks else Training().loss} if asks != (loss == "bce") else {}


def _check_stop_sum(e: Experiment) -> None:
    """Refuse to wait for an answer that nobody knows; a file may hold such a rule, which then never pauses a run."""
    if e.stop.sum and e.wanted.of(*e.stop.sum) is None:
        (a, b) = e.stop.sum
        if e.wanted.rule == "formula":
            raise ExperimentError(
                "stop.sum = [{a:g}, {b:g}] has no truth: {task} has no value there.", a=a, b=b, task=e.data.task
            )
        row_a, row_b = e.data.rows[0][:2]
        raise ExperimentError(
            "stop.sum = [{a:g}, {b:g}] has no truth that is known, for the rows have targets of their own: "
            "take the pair of a row, such as [{row_a:g}, {row_b:g}].",
            a=a,
            b=b,
            row_a=row_a,
            row_b=row_b,
        )


def _check_together(e: Experiment) -> None:
    """Limits that concern several keys at once."""
    data, training = e.data, e.training
    bends, hidden = e.network.activation, len(e.network.layers) - 2
    if not isinstance(bends, str) and len(bends) != hidden:
        raise ExperimentError(
            "network.activation = {bends} will not do: it takes one name, or one for each hidden layer, and "
            "the network has {hidden} of these.",
            bends=activation_text(bends),
            hidden=hidden,
        )
    start = e.network.init
    if isinstance(start, tuple) and len(start) != e.parameter_count:
        raise ExperimentError(
            "network.init = {numbers} will not do: it takes {parameters:,}, one for each weight and bias of "
            "this network, or torch, which draws them.",
            numbers=trn("{count:,} number", "{count:,} numbers", len(start), count=len(start)),
            parameters=e.parameter_count,
        )
    if data.kind == "rows" and not data.rows:
        raise ExperimentError('data.kind = "rows" needs data.rows, such as rows = [[30, 70]].')
    if data.low > data.high:
        raise ExperimentError(
            "data.low = {low:g} lies above data.high = {high:g}: exchange them.", low=data.low, high=data.high
        )
    rows = e.rows_per_update
    if training.flat_target and rows > MOST_FLAT_ROWS:
        raise ExperimentError(
            "training.flat_target compares every answer with every target, {rows:,}·{rows:,} pairs: it takes "
            "at most {most:,} rows an update.",
            rows=rows,
            most=MOST_FLAT_ROWS,
        )
    if data.kind == "rows" and data.test_share and len(data.rows) < 2:
        raise ExperimentError(
            "data.test_share = {test_share:g} parts rows, and there is one alone: set it to 0.",
            test_share=data.test_share,
        )
    if e.stop.patience and not e.test_row_count:
        key, enough = ("data.test_share", "0.2") if data.kind == "rows" else ("data.test_count", "2000")
        raise ExperimentError(
            "stop.patience = {patience:,} waits for held-out sums, and there are none: set it to 0, or {key} to "
            "{enough}.",
            patience=e.stop.patience,
            key=key,
            enough=enough,
        )
    _check_targets(e)
    neurons = sum(e.network.layers)
    if rows * neurons > MOST_CELLS:
        raise ExperimentError(
            "{rows:,} rows an update through {neurons} neurons would take over a second: set "
            "training.batch_size to at most {most:,}, or use fewer rows or neurons.",
            rows=rows,
            neurons=neurons,
            most=MOST_CELLS // neurons,
        )
    if data.test_count * neurons > MOST_CELLS:
        raise ExperimentError(
            "data.test_count = {test_count:,} is too many for {neurons} neurons: it takes at most "
            "{most:,}, or fewer neurons in network.layers.",
            test_count=data.test_count,
            neurons=neurons,
            most=MOST_CELLS // neurons,
        )


_PLACES = (1e-6, 0.137, 0.291, 0.4387, 0.5713, 0.7193, 0.8619, 1 - 1e-6)
"""Of the range that is drawn from, as shares of it: there a formula is tried out."""


def _check_targets(e: Experiment) -> None:
    """Refuse a task that has no value where it is trained, and targets that the loss cannot take."""
    data, wanted = e.data, e.wanted
    if wanted.formula is not None:
        if data.kind == "rows":
            bad = next((row[:2] for row in data.rows if not _is_target(e.wanted.of_row(row))), None)
        else:
            drawn = [data.low + share * (data.high - data.low) for share in _PLACES]
            bad = next(((a, b) for a in drawn for b in drawn if not _is_target(wanted.by_task(a, b))), None)
        if bad is not None:
            elsewhere = (
                tr("leave such rows out") if data.kind == "rows" else tr("draw from elsewhere (data.low, data.high)")
            )
            raise ExperimentError(
                'data.task = "{task}" has no value within ±1e12 at a = {a:.6g}, b = {b:.6g}: {elsewhere}, '
                "or use another formula, such as sqrt(abs(a)).",
                task=data.task,
                a=bad[0],
                b=bad[1],
                elsewhere=elsewhere,
            )
    if not e.is_yes_or_no:
        return
    what = tr('training.loss = "bce" asks yes or no')
    if data.kind == "uniform" and not (wanted.formula and wanted.formula.asks):
        raise ExperimentError(
            '{what}, and data.task = "{task}" gives numbers: set it to such as "a + b > 100", or the loss to mse.',
            what=what,
            task=data.task,
        )
    numbers = ((i, wanted.of_row(row)) for i, row in enumerate(data.rows, 1)) if data.kind == "rows" else ()
    other = next(((i, target) for i, target in numbers if target not in (0, 1)), None)
    if other is not None:
        raise ExperimentError(
            "{what} and takes the targets 0 and 1: the target of row {row:,} is {target:g}. Set "
            "training.loss to mse for numbers.",
            what=what,
            row=other[0],
            target=other[1],
        )
    if e.network.output_activation != "none":
        raise ExperimentError(
            '{what} by a sigmoid of its own: set network.output_activation to "none", not {activation!r}.',
            what=what,
            activation=e.network.output_activation,
        )
    for key in ("data.noise", "training.flat_target"):
        if e[key]:
            off = toml(key_named(key).default)
            raise ExperimentError(
                "{what}: {key} makes no sense of targets 0 and 1, set it to {off}.", what=what, key=key, off=off
            )


def _is_target(value: float) -> bool:
    return abs(value) <= LARGEST_NUMBER  # NaN is none


def why_idle(name: str, e: Experiment) -> str:
    """Why a key has no effect in this experiment, in a few words; empty where it has one."""
    data, training = e.data, e.training
    if name in ("network.activation", "network.dropout") and len(e.network.layers) == 2:
        return tr("there is no hidden layer")
    if name in ("data.rows", "data.test_share") and data.kind != "rows":
        return tr("kind is {kind}", kind=data.kind)
    if name in _DRAWN and data.kind == "rows":
        return tr("kind is rows")
    if name in ("data.test_every", "stop.patience") and not e.test_row_count:
        return tr("nothing is held out")
    if name == "data.target_scale" and e.is_yes_or_no:
        return tr("targets are 0 and 1")
    if name == "data.draw_first" and (e.network.init != "torch" or (data.kind == "rows" and not data.noise)):
        return tr("only the data is drawn") if e.network.init != "torch" else tr("no data is drawn")
    if name in _OPTIMIZERS and training.optimizer not in _OPTIMIZERS[name]:
        return tr("optimizer is {optimizer}", optimizer=training.optimizer)
    if name in _SCHEDULES and training.schedule != _SCHEDULES[name]:
        return tr("schedule is {schedule}", schedule=training.schedule)
    if name == "training.flat_target" and e.rows_per_update == 1:
        return tr("an update has one row")
    if name in ("stop.sum", "stop.within") and e.stop.sum and e.wanted.of(*e.stop.sum) is None:
        return tr("no truth is known for that pair")
    if name == "stop.within" and not e["stop.sum"]:
        return tr("no sum is watched for")
    if name == "stop.keep_best" and not e["stop.patience"]:
        return tr("patience is 0")
    return ""


_OPTIMIZERS = {
    "training.momentum": ("momentum", "nesterov"), "training.betas": ("adam", "adamw"),
    "training.eps": ("adam", "adamw", "rmsprop"),
}  # fmt: skip
"""Keys that belong to some optimizers alone."""
_SCHEDULES = {
    "training.schedule_every": "step", "training.schedule_gamma": "exponential", "training.warmup_epochs": "warmup",
}  # fmt: skip
"""Keys that belong to one schedule alone."""
