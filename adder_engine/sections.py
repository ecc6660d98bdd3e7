"""The sections of an experiment file: which keys there are, what each means, its default and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from adder_engine.formula import WHAT_WILL_DO
from adder_engine.language import tr
from adder_engine.schema import declare
from adder_engine.wanted import LARGEST_NUMBER, MOST_ROWS, TASKS, Row

ACTIVATIONS = ("none", "relu", "leaky_relu", "tanh", "sigmoid", "gelu", "sine", "step")
LOSSES = ("mse", "mae", "huber", "bce")
AUTO, SAME = "auto", "same"
"""In the place of a scale: the largest size among the training rows; the same as ``data.scale``."""
SMALLEST_SCALE = 1e-12
"""Where the largest size is below it there is nothing to scale by: the scale is 1."""
OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "exponential", "cosine", "warmup")


@dataclass(frozen=True)
class Network:
    """The network's shape and how its parameters start."""

    layers: tuple[int, ...] = declare(
        (2, 4, 4, 1),
        tr("neurons in each layer, from the 2 inputs to the 1 output"),
        takes=tr("2 inputs, 0 to 6 hidden layers of 1 to 64 neurons, and 1 output, such as [2, 4, 4, 1]"),
    )
    activation: str | tuple[str, ...] = declare(
        "none",
        tr("the bend after every layer but the last, or one for each of them"),
        choices=ACTIVATIONS,
        several=True,
        takes=tr("one of {choices}, or one for each hidden layer, such as tanh-relu", choices=", ".join(ACTIVATIONS)),
    )
    output_activation: str = declare("none", tr("the bend after the last layer"), choices=ACTIVATIONS)
    init: str | float | tuple[float, ...] = declare(
        "torch",
        tr("how parameters start: torch's random draws, zeros, one number for all, or weights from a file"),
        takes=tr("torch, zeros, a number within ±1000, or a list of all the network's numbers in float32"),
    )
    dropout: float = declare(
        0.0, tr("share of neurons silenced in training, after every layer but the last"), low=0.0, below=1.0
    )


@dataclass(frozen=True)
class Data:
    """The sums that are trained on, and those held out."""

    task: str = declare(
        "sum",
        tr("what the network shall learn: sum, difference, product, or a formula"),
        choices=TASKS,
        takes=tr("{choices}, or a formula such as {formula}", choices=", ".join(TASKS), formula=WHAT_WILL_DO),
    )
    kind: str = declare(
        "uniform",
        tr("where the inputs come from: drawn evenly, or rows listed one by one"),
        choices=("uniform", "rows"),
    )
    rows: tuple[Row, ...] = declare(
        (),
        tr("the rows themselves, [a, b] or [a, b, target], for kind rows"),
        takes=tr("1 to {most:,} rows [a, b] or [a, b, target], such as [[30, 70]] or 30+70", most=MOST_ROWS),
    )
    count: int = declare(10_000, tr("how many sums are drawn, for kind uniform"), low=1, high=1_000_000)
    low: float = declare(-500.0, tr("the smallest input that is drawn"), low=-LARGEST_NUMBER, high=LARGEST_NUMBER)
    high: float = declare(500.0, tr("the largest input that is drawn"), low=-LARGEST_NUMBER, high=LARGEST_NUMBER)
    noise: float = declare(
        0.0, tr("standard deviation of the noise added to the targets, in units of sums"), low=0.0, high=LARGEST_NUMBER
    )
    scale: float | str = declare(
        1.0, tr("inputs and targets are divided by it, answers multiplied back; auto is the largest input's size"),
        low=SMALLEST_SCALE, high=LARGEST_NUMBER, words=(AUTO,),
    )  # fmt: skip
    target_scale: float | str = declare(
        SAME, tr("a scale of its own for the targets: a number, auto, or same as scale"),
        low=SMALLEST_SCALE, high=LARGEST_NUMBER, words=(SAME, AUTO),
    )  # fmt: skip
    draw_first: bool = declare(False, tr("draw the data before the network's parameters"))
    test_count: int = declare(
        2_000, tr("held-out sums, drawn without noise from the same range, for kind uniform"), low=0, high=1_000_000
    )
    test_share: float = declare(0.0, tr("share of one's own rows that is held out, for kind rows"), low=0.0, below=1.0)
    test_every: int = declare(10, tr("epochs between two looks at the held-out loss"), low=1, high=10_000_000)


@dataclass(frozen=True)
class Training:
    """How the parameters are changed."""

    loss: str = declare("mse", tr("how wrong is measured; bce is for yes or no"), choices=LOSSES)
    optimizer: str = declare("adam", tr("the rule that turns gradients into changes"), choices=OPTIMIZERS)
    lr: float = declare(0.0002, tr("learning rate: how far a step goes"), above=0.0, high=1e6)
    momentum: float = declare(0.9, tr("share of the last step kept, for momentum and nesterov"), low=0.0, below=1.0)
    betas: tuple[float, float] = declare(
        (0.9, 0.999),
        tr("shares of m and v that are kept, for adam and adamw"),
        takes=tr("two numbers from 0 to below 1, such as [0.9, 0.999]"),
    )
    eps: float = declare(1e-8, tr("what is added to the root of v, for adam, adamw and rmsprop"), low=0.0, high=1.0)
    clip_norm: float = declare(
        0.0, tr("gradients of a larger norm are shortened to this one before each step; 0 never"), low=0.0, high=1e12
    )
    weight_decay: float = declare(0.0, tr("pull of every parameter towards 0"), low=0.0, high=1e6)
    l1: float = declare(
        0.0, tr("adds l1 times the sum of all sizes to the loss that is differentiated"), low=0.0, high=1e6
    )
    schedule: str = declare("constant", tr("how the learning rate changes with the epochs"), choices=SCHEDULES)
    schedule_every: int = declare(200, tr("epochs between halvings, for schedule step"), low=1, high=10_000_000)
    schedule_gamma: float = declare(0.999, tr("factor an epoch, for schedule exponential"), above=0.0, high=2.0)
    warmup_epochs: int = declare(100, tr("epochs to the full rate, for schedule warmup"), low=1, high=10_000_000)
    batch_size: int = declare(0, tr("rows in one update; 0 takes all of them"), low=0, high=1_000_000)
    zero_grad: bool = declare(True, tr("clear the gradients before each update"))
    flat_target: bool = declare(
        False, tr("give targets the shape (n,), so that broadcasting compares every answer with every target")
    )


@dataclass(frozen=True)
class Stop:
    """When playing, or a step of many epochs, pauses. All are off at first; they are looked at as an epoch ends."""

    epoch: int = declare(0, tr("pause once this epoch is finished; 0 never"), low=0, high=10_000_000)
    loss: float = declare(0.0, tr("pause when train_loss is at or below this; 0 never"), low=0.0, high=LARGEST_NUMBER)
    patience: int = declare(
        0, tr("pause when the held-out loss has not fallen for so many epochs; 0 never"), low=0, high=10_000_000
    )
    keep_best: bool = declare(False, tr("then go back to where the held-out loss was lowest"))
    sum: tuple[float, ...] = declare(
        (),
        tr("pause when the answer to this sum [a, b] is within the next key; [] never"),
        takes=tr("two numbers [a, b] within ±1e12, such as [30, 70] or 30 + 70, or [] for none"),
    )
    within: float = declare(0.5, tr("how far that answer may be off, in units of sums"), low=0.0, high=LARGEST_NUMBER)

    @property
    def active(self) -> bool:
        """Whether any rule is on."""
        return bool(self.epoch or self.loss or self.patience or self.sum)
