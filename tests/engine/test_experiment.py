"""The description of a run: what it takes, what it refuses and in which words, and how it is written down."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine import PRESETS, Experiment, ExperimentError
from adder_engine.experiment import KEYS, MOST_CELLS
from adder_engine.synonyms import SYNONYMS
from tests.engine.strategies import examples, experiments

WRITTEN_OUT = """
seed = 42
epochs = 2000
[network]
layers = [2, 4, 4, 1]
activation = "none"
output_activation = "none"
init = "torch"
dropout = 0.0
[data]
task = "sum"
kind = "uniform"
count = 10000
low = -500.0
high = 500.0
noise = 0.0
scale = 1.0
target_scale = "same"
draw_first = false
test_count = 2000
test_share = 0.0
test_every = 10
[training]
loss = "mse"
optimizer = "adam"
lr = 0.0002
momentum = 0.9
betas = [0.9, 0.999]
eps = 1e-8
clip_norm = 0.0
weight_decay = 0.0
l1 = 0.0
schedule = "constant"
schedule_every = 200
schedule_gamma = 0.999
warmup_epochs = 100
batch_size = 0
zero_grad = true
flat_target = false
[stop]
epoch = 0
loss = 0.0
patience = 0
keep_best = false
sum = []
within = 0.5
"""


def sentence(caught: pytest.ExceptionInfo[ExperimentError]) -> str:
    """What was said: one line, short enough to read, ending like a sentence."""
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith((".", "?"))
    return said


def test_the_defaults_are_the_preset_many_pairs_and_what_is_documented() -> None:
    assert Experiment() == Experiment.preset("many-pairs") == Experiment.from_toml("")
    assert Experiment.from_toml(WRITTEN_OUT) == Experiment()
    wanted, written = tomllib.loads(WRITTEN_OUT), tomllib.loads(Experiment().to_toml())
    assert written == wanted
    assert [list(written[part]) for part in ("network", "data", "training", "stop")] == [
        list(wanted[part]) for part in ("network", "data", "training", "stop")
    ]


def test_one_pair_differs_in_its_rows_alone() -> None:
    differing = Experiment().differences(Experiment.preset("one-pair"))
    assert differing == {"data.kind": ("uniform", "rows"), "data.rows": ((), ((30.0, 70.0),))}


@examples(200)
@given(experiments(most_rows=30, widest=64))
def test_any_experiment_reads_back_from_toml_as_it_was(experiment: Experiment) -> None:
    assert Experiment.from_toml(experiment.to_toml()) == experiment


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_and_reads_back(name: str) -> None:
    preset = Experiment.preset(name)
    assert Experiment.from_toml(preset.to_toml()) == preset


@given(experiments())
def test_setting_one_key_after_another_from_text_gives_the_whole_experiment(experiment: Experiment) -> None:
    found, section, assignments = Experiment.preset("one-pair"), "", []
    for line in experiment.to_toml().splitlines():
        if line.startswith("["):
            section = line.strip("[]") + "."
        elif line:
            assignments.append(section + line)
    for assignment in sorted(assignments, key=lambda a: a.startswith("data.kind")):  # rows set the kind as well
        found = found.parsed(assignment)
    assert found == experiment


def test_a_task_that_asks_yes_or_no_is_measured_by_bce_where_no_loss_is_given() -> None:
    assert Experiment.from_toml('[data]\ntask = "a + b > 100"').training.loss == "bce"
    asked = Experiment().parsed("data.task=a + b > 100")
    assert asked.training.loss == "bce"
    assert asked.parsed("data.task=product").training.loss == "mse"
    assert Experiment().parsed("data.task=a > b", "training.loss=mae").training.loss == "mae"
    assert Experiment.from_toml(asked.parsed("training.loss=mse").to_short_toml()).training.loss == "mse"


def test_a_formula_that_is_a_task_by_name_is_that_task() -> None:
    for text, task in (("a+b", "sum"), (" (a - b) ", "difference"), ("a·b", "product"), ("b + a", "b + a")):
        assert Experiment().parsed(f"data.task={text}").data.task == task


def test_rows_without_a_kind_are_trained_on() -> None:
    assert Experiment.from_toml("[data]\nrows = [[30, 70]]").data.kind == "rows"
    assert Experiment().parsed("data.rows=30+70").data.kind == "rows"
    assert Experiment().parsed("data.rows=30+70", "data.kind=uniform").data.kind == "uniform"


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("training.lr=0.01", "training.lr", 0.01),
        ("training.lr = 1e-2", "training.lr", 0.01),
        ("epochs=10", "epochs", 10),
        ("network.layers=2-8-1", "network.layers", (2, 8, 1)),
        ("network.layers=2,8,1", "network.layers", (2, 8, 1)),
        ("network.layers=[2, 8, 1]", "network.layers", (2, 8, 1)),
        ("network.init=zeros", "network.init", "zeros"),
        ("network.init=0.5", "network.init", 0.5),
        ("network.init=1", "network.init", 1.0),
        ("network.activation=tanh", "network.activation", "tanh"),
        ('network.activation="tanh"', "network.activation", "tanh"),
        ("training.zero_grad=false", "training.zero_grad", False),
        ("data.scale=500", "data.scale", 500.0),
        ("stop.sum=30+70", "stop.sum", (30.0, 70.0)),
        ("stop.sum=30, 70", "stop.sum", (30.0, 70.0)),
        ("stop.sum=[130, -30]", "stop.sum", (130.0, -30.0)),
        ("stop.sum=[]", "stop.sum", ()),
        ("data.rows=[[30, 70], [1, 2, 4.5]]", "data.rows", ((30.0, 70.0), (1.0, 2.0, 4.5))),
        ("data.rows=30+70; 1, 2, 4.5", "data.rows", ((30.0, 70.0), (1.0, 2.0, 4.5))),
    ],
)
def test_a_key_is_set_as_people_type_it(assignment: str, key: str, value: Any) -> None:
    found = Experiment().parsed(assignment)[key]
    assert found == value
    assert type(found) is type(value)


HUGE = 10**400
BAD: dict[str, list[Any]] = {
    "seed": [-1, 2**63, 1.5, "42", True, math.nan],
    "epochs": [-1, 10_000_001, 1.0, "many", False],
    "network.layers": [
        [], [2], [1], [2, 2], [3, 1], [2, 0, 1], [2, 65, 1], [2, 4, 4, 4, 4, 4, 4, 4, 1], [2, 4.0, 1], [2, True, 1],
        "2-4-1", 4, [2, [4], 1],
    ],
    "network.activation": ["swish", "", 3, None, ["relu", "swish"], ["relu"] * 3, []],
    "network.output_activation": ["softmax", ["relu"], 0],
    "network.init": [
        "random", "", 1001, -1001.0, math.inf, math.nan, True, [0], HUGE, [math.nan] * 37, [1e39] * 37, [[0] * 37],
    ],
    "network.dropout": [-0.1, 1.0, 1, math.nan, "0.5", True],
    "data.task": ["quotient", "2*a +", "3", 1], "data.target_scale": [0, -1, "double", math.nan, 2e12],
    "data.test_share": [-0.1, 1, 1.5, "half", math.nan], "data.kind": ["grid", 0],
    "data.rows": [
        [[1]], [[1, 2, 3, 4]], [1, 2], "30+70", [["30", 70]], [[1, math.nan]], [[1e13, 1]], [[True, 1]],
        [[1, 2]] * 100_001, [[HUGE, 1]], {"a": 1},
    ],
    "data.count": [0, 1_000_001, 2.5, "10", True],
    "data.low": [-math.inf, math.nan, "0", 2e12, HUGE], "data.high": [math.inf, 2e12, False],
    "data.noise": [-1, math.nan, 2e12, "loud"], "data.scale": [0, 0.0, -1, math.inf, math.nan, 2e12],
    "data.draw_first": [1, 0, "true", None], "data.test_count": [-1, 1_000_001, 1.0], "data.test_every": [0, 1.5],
    "training.loss": ["mape", 1], "training.optimizer": ["lion", "Adam", ""],
    "training.lr": [0, -0.1, math.nan, math.inf, 1e7, "fast", True, HUGE],
    "training.betas": [[0.9], [0.9, 1.0], [-0.1, 0.9], 0.9, [True, 0.5], [0.9, math.nan], "adam"],
    "training.eps": [-1e-9, 1.5, math.nan], "training.clip_norm": [-1, 1e13, math.inf],
    "training.momentum": [-0.1, 1.0, math.nan], "training.weight_decay": [-1, 1e7, math.inf],
    "training.l1": [-1e-9, 1e7], "training.schedule": ["plateau", None],
    "training.schedule_every": [0, 1.5, -3], "training.schedule_gamma": [0, 2.1, math.nan],
    "training.warmup_epochs": [0, 0.5], "training.batch_size": [-1, 1_000_001, 32.0, "all"],
    "training.zero_grad": [0, "no"], "training.flat_target": [1, "yes"],
    "stop.epoch": [-1, 1.5, True], "stop.loss": [-0.1, math.nan, math.inf], "stop.patience": [-1, 2.5, "long"],
    "stop.keep_best": [1, "yes"], "stop.sum": [[30], [1, 2, 3], ["30", 70], 30, [True, 1], [math.inf, 1], "30+70"],
    "stop.within": [-1, math.nan, "near"],
}  # fmt: skip


def test_bad_values_of_every_key_are_tried_below() -> None:
    assert set(BAD) == {key.name for key in KEYS}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_value_that_will_not_do_is_refused_in_one_sentence_with_what_would(name: str, value: Any) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().replace(**{name: value})
    said = sentence(caught)
    assert said.startswith(f"{name} = ")
    assert len(said) < 260
    given_text, _, wanted = said.removeprefix(f"{name} = ").partition(" will not do: it takes ")
    assert given_text
    assert wanted
    if isinstance(value, str):
        assert given_text == f'"{value}"'
    elif isinstance(value, int | float) and not isinstance(value, bool) and value != HUGE:
        assert float(given_text) == value or math.isnan(value)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("network.layers", "2-8-x-1"), ("network.layers", "2 8 x 1"), ("network.layers", "[2,8,x,1]"),
        ("training.betas", "0.8-0.9-x"), ("training.lr", "0,5x"), ("network.init", "0,5,x"), ("stop.sum", "30,x"),
        ("network.activation", "tan-h"), ("network.activation", "relu, tan"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_value_is_quoted_as_it_was_typed(name: str, typed: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().parsed(f"{name}={typed}")
    assert sentence(caught).startswith(f'{name} = "{typed}" will not do: it takes ')


@pytest.mark.parametrize("name", [key.name for key in KEYS])
def test_the_words_for_what_would_do_name_values_that_do(name: str) -> None:
    key = next(key for key in KEYS if key.name == name)
    if key.choices:
        for choice in key.choices:
            assert choice in key.range
            asks = {"data.task": "a > b"} if choice == "bce" else {}
            Experiment().replace(**{"data.rows": [[1, 2]], **asks, name: choice})
    if key.low is not None and key.name not in ("data.high",):
        assert Experiment().replace(**{name: key.low})[name] == key.low
    if key.high is not None and key.name not in ("data.low", "data.count"):
        assert Experiment().replace(**{name: key.high})[name] == key.high


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data.kind": "rows"}, ["data.kind", "data.rows"]),
        ({"stop.patience": 5, "data.test_count": 0}, ["stop.patience = 5", "data.test_count"]),
        ({"stop.patience": 5, "data.rows": [[1, 2], [3, 4]], "data.kind": "rows"}, ["patience", "data.test_share"]),
        ({"data.test_share": 0.5, "data.rows": [[1, 2]], "data.kind": "rows"}, ["data.test_share = 0.5", "one alone"]),
        ({"data.task": "sqrt(a)"}, ["sqrt(a)", "no value", "a = -499.9"]),
        ({"data.task": "1/(a - 3)", "data.rows": [[3, 4]], "data.kind": "rows"}, ["1/(a - 3)", "a = 3, b = 4"]),
        ({"training.loss": "bce"}, ['"bce"', '"sum" gives numbers', "a + b > 100"]),
        (
            {"training.loss": "bce", "data.rows": [[1, 2, 1], [3, 4, 70]], "data.kind": "rows"},
            ["targets 0 and 1", "row 2 is 70"],
        ),
        ({"training.loss": "bce", "data.task": "a > b", "data.noise": 3.0}, ["data.noise", "0.0"]),
        ({"training.loss": "bce", "data.task": "a > b", "training.flat_target": True, "data.count": 5}, ["flat"]),
        ({"data.low": 5.0, "data.high": 4.0}, ["data.low = 5", "data.high = 4"]),
        ({"training.flat_target": True, "data.count": 2001}, ["training.flat_target", "2,001", "2,000"]),
        ({"data.count": 1_000_000, "network.layers": [2, 64, 1]}, ["1,000,000 rows", "67", "training.batch_size"]),
        (
            {"network.layers": [2, *[64] * 6, 1], "data.test_count": 1_000_000},
            ["data.test_count = 1,000,000", "at most 165,374"],
        ),
    ],
)  # fmt: skip
def test_keys_that_do_not_go_together_are_named(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().replace(**changes)
    said = sentence(caught)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "typed", ["0.8-0.95", "0.8 - 0.95", "0.8, 0.95", "0.8 0.95", "0,8; 0,95", "[0.8, 0.95]", "8e-1-95e-2"]
)
def test_betas_are_taken_as_lists_are_typed_elsewhere(typed: str) -> None:
    assert Experiment().parsed(f"training.betas={typed}").training.betas == (0.8, 0.95)


@pytest.mark.parametrize("typed", ["-0.8-0.95", "0.8-", "0.8--0.95", "0.8-0.95-0.99"])
def test_betas_that_are_no_two_numbers_are_refused_with_what_would_do(typed: str) -> None:
    with pytest.raises(ExperimentError, match=re.escape("such as [0.9, 0.999]")):
        Experiment().parsed(f"training.betas={typed}")


def test_the_batch_size_that_a_refusal_suggests_is_taken() -> None:
    changes: dict[str, Any] = {"data.count": 1_000_000, "network.layers": [2, 64, 1], "data.test_count": 0}
    limit = MOST_CELLS // 67
    assert Experiment().replace(**changes, **{"training.batch_size": limit}).rows_per_update == limit
    with pytest.raises(ExperimentError, match=f"{limit:,}"):
        Experiment().replace(**changes, **{"training.batch_size": limit + 1})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr = 0.1", ["'lr'", "training.lr"]),
        ("[training]\nlearning_rate = 0.1", ["'training.learning_rate'"]),
        ("[training]\noptimiser = 'sgd'", ["'training.optimiser'", "training.optimizer"]),
        ("[trainig]\nlr = 0.1", ["'trainig'"]),
        ("training = 3", ["'training'"]),
        ("[network.layers]\na = 1", ["network.layers", "[2, 4, 4, 1]"]),
        ("seed = ", ["not valid TOML"]),
        ("seed = 1\nseed = 2", ["not valid TOML"]),
        ("seed = " + "9" * 5000, ["not valid TOML"]),
        ("seed = 0x" + "f" * 5000, ["over 400 digits"]),
        ("seed = " + "[" * 5000, ["not valid TOML"]),
        ("seed = 2026-01-01", ["seed = 2026-01-01"]),
        ("[data]\nrows = [[30, 7" + "0" * 390 + "]]", ["data.rows"]),
        ("[network]\nactivation = '[bold]x[/]'", ['"[bold]x[/]"']),
        ('[network]\nactivation = "a\\nb"', ["network.activation"]),
    ],
)
def test_a_file_that_will_not_do_is_said_in_one_sentence(text: str, words: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment.from_toml(text)
    said = sentence(caught)
    assert len(said) < 1000
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "assignment",
    [
        "training.lr", "=3", "lr=3", "training.lr=", "training.lr=fast", "epochs=1e3", "network.layers=a",
        "epochs=[[[[", "seed=" + "9" * 5000, "network.init=nan", "training.zero_grad=True", "data.rows=30+",
        "network.layers=", "data.rows=" + "[" * 5000,
    ],
)  # fmt: skip
def test_an_assignment_that_will_not_do_is_said_in_one_sentence(assignment: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().parsed(assignment)
    assert len(sentence(caught)) < 1000


@given(st.text(max_size=60) | st.text("[]{}=\"'.,\n #0123456789eE-+_truefalsnk", max_size=60))
def test_no_text_whatever_gives_another_error(text: str) -> None:
    for read in (Experiment.from_toml, Experiment().parsed, Experiment.preset):
        with contextlib.suppress(ExperimentError):
            read(text)


def test_an_unknown_preset_is_answered_with_the_nearest_or_all() -> None:
    with pytest.raises(ExperimentError, match=r"'many-pair': did you mean many-pairs\?"):
        Experiment.preset("many-pair")
    with pytest.raises(ExperimentError) as caught:
        Experiment.preset("xyzzy")
    assert all(name in sentence(caught) for name in PRESETS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("training.learning_rate", "training.lr"), ("learning_rate", "training.lr"), ("lr", "training.lr"),
        ("training.learning-rate", "training.lr"), ("optimizer.lr", "training.lr"), ("alpha", "training.lr"),
        ("network.hidden_layers", "network.layers"), ("hidden", "network.layers"), ("units", "network.layers"),
        ("training.batch", "training.batch_size"), ("batchsize", "training.batch_size"),
        ("momentum", "training.momentum"), ("network.momentum", "training.momentum"),
        ("network.activation_function", "network.activation"), ("act", "network.activation"),
        ("training.lr_scheduler", "training.schedule"), ("scheduler", "training.schedule"),
        ("data.n_samples", "data.count"), ("data.noise_std", "data.noise"), ("random_state", "seed"),
        ("epoch", "epochs"), ("training.epochs", "epochs"), ("criterion", "training.loss"),
        ("wd", "training.weight_decay"),
        ("early_stopping", "stop.patience"), ("training.learning_rat", "training.lr"), ("trainng.lr", "training.lr"),
        ("training.momentun", "training.momentum"), ("Training.LR", "training.lr"), ("dropout", "network.dropout"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_answered_with_the_one_that_the_field_calls_so(written: str, meant: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().parsed(f"{written}=1")
    assert sentence(caught) == f"There is no key {written!r}: did you mean {meant}?"


def test_an_unknown_key_like_none_is_answered_with_all() -> None:
    with pytest.raises(ExperimentError) as caught:
        Experiment().parsed("xyzzy=1")
    assert all(key.name in sentence(caught) for key in KEYS)


def test_every_synonym_is_of_a_key_and_is_no_key_itself() -> None:
    assert SYNONYMS.keys() <= {key.name for key in KEYS}
    theirs = [synonym for synonyms in SYNONYMS.values() for synonym in synonyms.split()]
    assert len(set(theirs)) == len(theirs)
    assert not {key.short for key in KEYS if key.short != "epoch"} & set(theirs)


def test_an_experiment_is_frozen_and_replacing_leaves_it_as_it_was() -> None:
    experiment = Experiment()
    changed = experiment.replace(**{"training.lr": 1, "seed": 7})
    assert (changed.training.lr, changed.seed) == (1.0, 7)
    assert experiment == Experiment()
    with pytest.raises(dataclasses.FrozenInstanceError):
        experiment.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("layers", "names", "count"),
    [
        ((2, 1), ("output",), 3),
        ((2, 4, 1), ("input", "output"), 17),
        ((2, 4, 4, 1), ("input", "hidden", "output"), 37),
        ((2, 8, 8, 1), ("input", "hidden", "output"), 105),
        ((2, 64, 64, 1), ("input", "hidden", "output"), 4417),
        ((2, 3, 3, 3, 1), ("input", "hidden1", "hidden2", "output"), 37),
    ],
)
def test_layers_are_named_and_counted_as_the_tutorials_module(
    layers: tuple[int, ...], names: tuple[str, ...], count: int
) -> None:
    experiment = Experiment().replace(**{"network.layers": layers})
    assert experiment.layer_names == names
    assert experiment.parameter_count == count


def test_updates_an_epoch_count_the_short_last_batch() -> None:
    assert Experiment().updates_per_epoch == 1
    assert Experiment().replace(**{"training.batch_size": 250}).updates_per_epoch == 40
    assert Experiment().replace(**{"training.batch_size": 3000}).updates_per_epoch == 4
    assert Experiment().replace(**{"training.batch_size": 20_000}).updates_per_epoch == 1
