"""What the keys of an experiment and the columns of a table are called elsewhere. Needs no torch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import permutations

_PAIRS = frozenset({
    ("a", "b"), ("x", "y"), ("u", "v"), ("p", "q"), ("m", "n"), ("i", "j"), ("first", "second"), ("left", "right"),
    ("1st", "2nd"), ("one", "two"), ("lhs", "rhs"), ("augend", "addend"), ("minuend", "subtrahend"),
    ("multiplicand", "multiplier"), ("erste", "zweite"), ("erster", "zweiter"),
})  # fmt: skip
"""Names of the two inputs, in their order."""
_TARGETS = frozenset({
    "target", "targets", "y", "z", "c", "t", "sum", "total", "result", "answer", "label", "truth", "output", "out",
    "wanted", "want", "expected", "difference", "diff", "product", "prod", "value", "summe", "ergebnis", "ziel",
    "somme", "suma",
})  # fmt: skip
_INDEX = re.compile(r"|#|index|idx|id|ids|row|rows|line|no\.?|nr\.?|number|unnamed: \d+(\.\d+)?|level_\d+")
"""What a column is called that counts the rows; without a name, too."""
_NOUNS = re.compile(r"[ _-]*(terms?|numbers?|inputs?|addends?|summands?|operands?|factors?|values?|columns?)$")
_UNIT = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|\s/\s*\S+|/\s*[^\W\d]+\S*|\sin\s+\S+)\s*$")
SYNONYMS = {
    "seed": "random_seed random_state rng manual_seed",
    "epochs": "epoch num_epochs n_epochs max_epochs max_epoch iterations n_iter max_iter",
    "network.layers": "hidden hidden_layers hidden_layer hidden_size hidden_sizes hidden_dim hidden_units"
    " hidden_layer_sizes units n_units neurons width depth layer n_layers num_layers architecture shape topology",
    "network.activation": "activation_function activation_fn activations act nonlinearity non_linearity",
    "network.output_activation": "final_activation last_activation out_activation activation_out",
    "network.init": "initialization initialisation initializer weight_init weights_init init_weights",
    "network.dropout": "dropout_rate drop drop_rate dropout_p dropout_prob",
    "data.task": "operation operator op formula",
    "data.count": "n_samples num_samples samples sample_size n n_rows num_rows size train_size dataset_size n_train",
    "data.low": "min minimum lower low_bound min_value",
    "data.high": "max maximum upper high_bound max_value",
    "data.noise": "noise_std noise_level noise_scale sigma std stddev",
    "data.scale": "scaling scaler normalize normalise normalization",
    "data.test_count": "test_size n_test num_test val_size validation_size n_val held_out holdout",
    "data.test_every": "eval_every val_every eval_interval",
    "training.loss": "criterion loss_fn loss_function cost cost_function objective",
    "training.optimizer": "optim optimiser solver algorithm",
    "training.lr": "learning_rate learningrate learn_rate rate lrate alpha eta step_size lr_init learning_rate_init",
    "training.momentum": "beta mu",
    "training.betas": "beta1 beta2 beta_1 beta_2 adam_betas",
    "training.eps": "epsilon adam_epsilon",
    "training.clip_norm": "grad_clip clip_grad gradient_clipping clip_grad_norm max_grad_norm clipnorm clip",
    "training.weight_decay": "wd l2 l2_penalty l2_reg decay ridge",
    "training.l1": "l1_penalty l1_reg lasso",
    "training.schedule": "lr_scheduler scheduler lr_schedule lr_decay learning_rate_schedule sched",
    "training.schedule_every": "lr_step step_every",
    "training.schedule_gamma": "gamma lr_gamma decay_rate",
    "training.warmup_epochs": "warmup warmup_steps warm_up",
    "training.batch_size": "batch batches batchsize mini_batch minibatch mini_batch_size minibatch_size bs",
    "stop.patience": "early_stopping early_stop n_iter_no_change",
    "stop.keep_best": "restore_best restore_best_weights save_best",
    "stop.loss": "target_loss loss_goal min_loss",
    "stop.within": "tolerance tol",
}
"""By key, as PyTorch, Keras and scikit-learn call it, or as people do."""

_KEYS = {synonym: key for key, synonyms in SYNONYMS.items() for synonym in synonyms.split()}
NEAR = 0.75
"""How alike two names must be, as :mod:`difflib` counts."""


def is_index(name: str) -> bool:
    """Whether a column of that name counts the rows: ``index``, ``id``, ``Unnamed: 0`` or no name at all."""
    return _INDEX.fullmatch(name.strip().casefold()) is not None


_COLUMNS = frozenset({"var", "v", "column", "col", "c", "field", "spalte", "colonne", "columna", "colonna"})
"""What programs call columns that have no names: ``Var1`` MATLAB, ``V1`` R, ``Column1`` Excel, ``column_1`` polars."""


def roles(names: Sequence[str]) -> tuple[int, ...] | None:
    """The places of a, b and, where there are three names, the target; None where the names do not tell.

    Units behind a name are no part of it: ``a [m]`` is a and ``sum/m`` the sum.
    """
    plain = [_plain(name) for name in names]
    if len(plain) not in (2, 3) or len(set(plain)) < len(plain):
        return None
    for order in permutations(range(len(plain))):
        first, second, *rest = (plain[place] for place in order)
        if _are_inputs(first, second) and (not rest or _is_target(rest[0], first, second)):
            return order
    return None


def _plain(name: str) -> str:
    text = " ".join(name.casefold().replace("_", " ").split())
    while (shorter := _UNIT.sub("", text)) not in (text, ""):
        text = shorter
    return text.replace(" ", "") if re.fullmatch(r"[^\W\d]+[ -]?\d+", text) else text


def _are_inputs(first: str, second: str) -> bool:
    if (_NOUNS.sub("", first) or first, _NOUNS.sub("", second) or second) in _PAIRS:
        return True
    one, two = (re.fullmatch(r"(.*?)[ -]?(\d{1,3})", name) for name in (first, second))
    if one is None or two is None:
        return False
    return one[1] == two[1] and (int(one[2]), int(two[2])) in ((0, 1), (1, 2))


def _is_target(name: str, first: str, second: str) -> bool:
    if name in _TARGETS or _NOUNS.sub("", name) in _TARGETS:
        return True
    one, other = (re.fullmatch(r"(\D+)(\d{1,3})", text) for text in (second, name))
    if one is not None and other is not None and one[1] == other[1] and one[1] in _COLUMNS:
        return int(other[2]) == int(one[2]) + 1
    # What is worked out from both: a + b, 2a+3b, x1*x2.
    return first in name and second in name and re.search(r"[-+*·×−=]", name) is not None


def meant(name: str, known: Sequence[str]) -> str | None:
    """The key that is likely meant: one of that name in another section, a synonym, or one written nearly so.

    Args:
        name: what was written, with or without a section.
        known: the dotted names of all keys.
    """
    short = name.rpartition(".")[2].strip().casefold().replace("-", "_").replace(" ", "_")
    by_short = {key.rpartition(".")[2]: key for key in reversed(known)}
    names = _KEYS | by_short
    if short == "epoch":  # of training: stop.epoch has its section
        return "epochs"
    if short in names:
        return names[short]
    if near := difflib.get_close_matches(short, names, n=1, cutoff=NEAR):
        return names[near[0]]
    if near := difflib.get_close_matches(name.casefold(), known, n=1, cutoff=NEAR):
        return near[0]
    return None
