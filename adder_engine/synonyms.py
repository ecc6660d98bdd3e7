"""What the keys of an experiment are called elsewhere, and which key somebody means who wrote another name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

SYNONYMS = {
    "seed": "random_seed random_state rng manual_seed",
    "epochs": "epoch num_epochs n_epochs max_epochs max_epoch iterations n_iter max_iter",
    "network.layers": "hidden hidden_layers hidden_layer hidden_size hidden_sizes hidden_dim hidden_units"
    " hidden_layer_sizes units n_units neurons width depth layer n_layers num_layers architecture shape topology",
    "network.activation": "activation_function activation_fn activations act nonlinearity non_linearity",
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
    "training.momentum": "beta beta1 mu",
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
