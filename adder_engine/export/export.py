"""A run in files that others can read: the experiment, a PyTorch program, weights, losses as a table and a picture."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adder_engine.disk import write_whole
from adder_engine.errors import RequestError, why_of
from adder_engine.experiment import Experiment
from adder_engine.language import listed, tr, trn
from adder_engine.snapshot import UNSCALED, Losses, Scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.snapshot import Doubles
    from adder_engine.training.trainer import Trainer

KINDS = {
    ".toml": tr("the experiment, for ``--experiment``"),
    ".py": tr("a plain PyTorch script"),
    ".ipynb": tr("the same as a notebook"),
    ".pt": tr("the weights, a state_dict"),
    ".csv": tr("the losses over the epochs"),
    ".svg": tr("the losses as a chart"),
}
"""What can be exported, by the file's ending."""
UNTRAINED = frozenset({".toml", ".py", ".ipynb"})
"""Kinds that tell the experiment alone."""
WIDTH, HEIGHT = 800, 480
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 50, 50
INK, GRID, TRAIN, TEST = "#222222", "#dddddd", "#0087d7", "#d75f00"
MOST_TICKS = 8


@dataclass(frozen=True)
class ExportedRun:
    """What an export tells of a run."""

    experiment: Experiment
    title: str
    changed: str = ""
    """What was done by hand on the way, which an experiment does not tell, in a sentence or two."""
    ended: str = ""
    """Where the run stood, for a program that runs on, in a sentence."""
    losses: Losses | None = None
    """None where the run was not trained."""
    parameters: NDArray[np.float32] | None = None
    """``(P,)``; what leads on from a muted neuron is 0, so that a network without muting answers as the run does."""
    scales: Scales = UNSCALED
    muted: str = ""
    """Which neurons are muted, in a sentence; empty where none is."""

    @classmethod
    def of(
        cls, trainer: Trainer, title: str, began: Experiment, losses: Losses, changed_at: int | None = None
    ) -> ExportedRun:
        """A run where its trainer stands.

        Args:
            trainer: the run.
            title: its name.
            began: the experiment that it began to train with.
            losses: its losses so far.
            changed_at: finished updates where something was done by hand first; None where nothing was.
        """
        present, epochs = trainer.experiment, trainer.epochs_done
        changed = ended = ""
        if changed_at is not None:
            changed = tr(
                "This run was changed by hand on its way, from update {update:,} on. This is the experiment as it"
                " began.",
                update=changed_at,
            )
        elif 0 < epochs < present.epochs:
            ended = tr(
                "The run was exported at epoch {epoch:,}; this program runs all {epochs:,} epochs.",
                epoch=epochs,
                epochs=present.epochs,
            )
        parameters, muted = _as_it_answers(trainer), _muted(trainer)
        return cls(present if changed_at is None else began, title, changed, ended, losses, parameters,
                   trainer.dataset.scales, muted)  # fmt: skip


def _as_it_answers(trainer: Trainer) -> NDArray[np.float32]:
    """The parameters, with the weights that lead on from muted neurons at 0, which is silence as well."""
    flat: NDArray[np.float32] = trainer.state[0].copy()
    for layer, neuron in trainer.constraints.muted:
        trainer.layout.weight(layer + 1).of(flat)[:, neuron] = 0
    return flat


def _muted(trainer: Trainer) -> str:
    names = trainer.experiment.layer_names
    muted = [
        tr("h{layer}[{neuron}] (row {neuron} of {name}.weight)", layer=layer + 1, neuron=neuron, name=names[layer])
        for layer, neuron in sorted(trainer.constraints.muted)
    ]
    if not muted:
        return ""
    return trn(
        "{neurons} is muted in the run: its outgoing weights are written as 0, so that the file answers alike.",
        "{neurons} are muted in the run: their outgoing weights are written as 0, so that the file answers alike.",
        len(muted),
        neurons=listed(muted),
    )


def left_out(exported: ExportedRun, kind: str) -> str:
    """What the run did otherwise than a file of this kind tells, in a sentence or two; empty where nothing."""
    if kind == ".pt":
        scale, target = exported.scales
        units = (
            ""
            if scale == 1
            else tr("It works in units of {scale:g}: divide a and b by it, and multiply the answer.", scale=scale)
        )
        if target != scale:
            units = tr(
                "It takes a and b divided by {scale:g}, and its answer is to be multiplied by {target:g}.",
                scale=scale,
                target=target,
            )
        if exported.experiment.is_yes_or_no:
            units = tr("Its answer is the log-odds of a yes.")
            if scale != 1:
                units = tr("Divide a and b by {scale:g}.", scale=scale) + " " + units
        return " ".join(note for note in (exported.muted, units) if note)
    if kind == ".csv" and exported.experiment.compares_all_pairs:
        n = f"{exported.experiment.rows_per_update:,}"
        return tr("With flat_target its train loss is over {n}·{n} differences, every answer minus every target.", n=n)
    if kind not in UNTRAINED:
        return ""
    if kind == ".toml":
        return exported.changed
    notes = [note for note in (exported.changed, exported.ended) if note]
    if exported.experiment.stop.active:
        notes.append(tr("The experiment's [stop] rules are left out: this program runs all epochs."))
    return " ".join(notes)


def kind_of(path: Path) -> str:
    """The file's ending, one of :data:`KINDS`. Raises RequestError: any other ending."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise RequestError(
            "{name!r} does not say what to write: its name must end in {kinds}.", name=path.name, kinds=", ".join(KINDS)
        )
    return kind


def export(exported: ExportedRun, path: Path) -> None:
    """Write the run to a file of the kind that its ending asks for, whole or not at all; one that is there is replaced.

    Raises:
        RequestError: an ending of no kind, a run that is not trained where losses or weights are asked for, or a
            file that cannot be written; what was there is untouched.
    """
    makers: dict[str, Callable[[ExportedRun], bytes]] = {
        ".toml": _experiment, ".py": partial(_program, ".py"), ".ipynb": partial(_program, ".ipynb"), ".pt": weights,
        ".csv": history, ".svg": chart,
    }  # fmt: skip
    _write(path, makers[kind_of(path)](exported))


def _experiment(exported: ExportedRun) -> bytes:
    # A comment takes no control characters, which a file's name may have.
    title = "".join(c if c.isprintable() else " " for c in exported.title)
    heads = [f"# {line}" for line in (title, exported.changed) if line]
    return ("\n".join(heads) + "\n\n" + exported.experiment.to_short_toml()).encode()


def _program(kind: str, exported: ExportedRun) -> bytes:
    # Not at the top: kinds and errors are told without torch.
    from adder_engine.export.pytorch_script import notebook, script

    write = script if kind == ".py" else notebook
    return write(exported.experiment, exported.title, left_out(exported, kind)).encode()


def weights(exported: ExportedRun) -> bytes:
    """The parameters as ``torch.save`` writes a state_dict: ``torch.load(file, weights_only=True)`` reads it."""
    from adder_engine.reference import saved_weights  # the one file that needs torch

    if exported.parameters is None:
        raise RequestError("There are no weights to write: this run has not been trained.")
    return saved_weights(exported.experiment.layout, exported.parameters)


def history(exported: ExportedRun) -> bytes:
    """The losses as CSV: each recorded epoch's ``train_loss``, its updates' extremes, and the held-out loss.

    Long runs are recorded in buckets of several epochs: lowest and highest are then the bucket's.
    """
    losses = _losses(exported)
    held_out = dict(zip(losses.test_epochs.tolist(), losses.test.tolist(), strict=True))
    columns = (losses.train.tolist(), losses.low.tolist(), losses.high.tolist())
    trained = {epoch: row for epoch, *row in zip(losses.epochs.tolist(), *columns, strict=True)}
    lines = ["epoch,train_loss,lowest,highest,test_loss"]
    for epoch in sorted(trained.keys() | held_out.keys()):
        cells = [*trained.get(epoch, [None] * 3), held_out.get(epoch)]
        lines.append(",".join([f"{epoch:.0f}", *("" if cell is None else repr(cell) for cell in cells)]))
    return ("\n".join(lines) + "\n").encode()


def _losses(exported: ExportedRun) -> Losses:
    if exported.losses is None:
        raise RequestError("There are no losses to write: this run has not been trained.")
    return exported.losses


def _write(path: Path, content: bytes) -> None:
    """Write a file in the path's place, or in that of what the path links to."""
    try:
        target = Path(os.path.realpath(path))
        if target.is_symlink():  # to itself
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.is_dir():
            raise IsADirectoryError(0, tr("it is a folder"))
        write_whole(target, lambda file: file.write(content))
    except (OSError, ValueError) as error:
        raise RequestError("{path} could not be written: {why}.", path=path, why=why_of(error)) from None


def chart(exported: ExportedRun) -> bytes:
    """The losses as a picture; those of 0 have no place on a log scale: they lie on the axis, which is named so."""
    losses, title, criterion = _losses(exported), exported.title, exported.experiment.training.loss
    over = " n·n" if exported.experiment.compares_all_pairs else ""  # what the training loss is a mean over
    ax = _Axes(losses)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="28" font-size="16" fill="{INK}">{_text(title)}</text>',
        *_scale(ax),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 10}" text-anchor="middle" fill="{INK}">'
        f"{_text(tr('epoch'))}</text>",
        f'<text transform="translate(18 {HEIGHT / 2:g}) rotate(-90)" text-anchor="middle" fill="{INK}">'
        f"{_text(tr('loss ({criterion})', criterion=criterion))}</text>",
    ]
    if bool((losses.high > losses.low).any()):
        there = ax.points(losses.epochs, losses.high)
        back = ax.points(losses.epochs, losses.low)[::-1]
        parts.append(f'<polygon points="{_joined(there + back)}" fill="{TRAIN}" fill-opacity="0.2"/>')
    for place, (name, colour, xs, ys) in enumerate((
        (tr("training") + over, TRAIN, losses.epochs, losses.train),
        (tr("held-out"), TEST, losses.test_epochs, losses.test),
    )):  # fmt: skip
        points = ax.points(xs, ys)
        if points:
            dash = ' stroke-dasharray="7 4"' if place else ""
            line = f'fill="none" stroke="{colour}" stroke-width="1.6"{dash}'
            parts.append(f'<polyline points="{_joined(points)}" {line}/>')
            y = TOP + 18 + 20 * place
            parts.append(f'<polyline points="{WIDTH - 130},{y} {WIDTH - 100},{y}" {line}/>')
            parts.append(f'<text x="{WIDTH - 92}" y="{y + 4}" fill="{INK}">{_text(name)}</text>')
    if not len(losses.epochs):
        parts.append(
            f'<text x="{WIDTH / 2:g}" y="{HEIGHT / 2:g}" text-anchor="middle">'
            f"{_text(tr('No epoch is finished yet.'))}</text>"
        )
    return ("\n".join([*parts, "</svg>"]) + "\n").encode()


class _Axes:
    """Where epochs and losses stand on the picture."""

    def __init__(self, losses: Losses) -> None:
        seen = np.concatenate([losses.train, losses.low, losses.high, losses.test])
        self.floor = bool((seen == 0).any())
        seen = seen[np.isfinite(seen) & (seen > 0)]
        self.low = math.floor(math.log10(seen.min())) if len(seen) else 0
        self.high = max(math.ceil(math.log10(seen.max())), self.low + 1) if len(seen) else 1
        self.low -= self.floor
        self.last = max([1.0, *(float(x[-1]) for x in (losses.epochs, losses.test_epochs) if len(x))])

    def x(self, epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * epoch / self.last

    def y(self, power: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - power) / (self.high - self.low)

    def points(self, epochs: Doubles, values: Doubles) -> list[tuple[float, float]]:
        """The places of what can be drawn; of losses of 0 on the axis."""
        pairs = zip(epochs.tolist(), values.tolist(), strict=True)
        return [(self.x(e), self.y(math.log10(v) if v else self.low)) for e, v in pairs if 0 <= v < math.inf]


def _scale(ax: _Axes) -> Iterator[str]:
    """Lines and labels at powers of ten, and at round epochs."""
    for power in range(ax.low, ax.high + 1, math.ceil((ax.high - ax.low) / MOST_TICKS)):
        y = f"{ax.y(power):.1f}"
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="{GRID}"/>'
        label = "0" if ax.floor and power == ax.low else f"1e{power}"
        yield f'<text x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end" fill="{INK}">{label}</text>'
    for epoch in _round_steps(ax.last):
        x = f"{ax.x(epoch):.1f}"
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="{GRID}"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="{INK}">{epoch:,}</text>'


def _round_steps(last: float) -> range:
    """Multiples of 1, 2 or 5 times a power of ten from 0, at most :data:`MOST_TICKS` and one."""
    magnitude = 10 ** max(0, math.floor(math.log10(last / MOST_TICKS)))
    step = next(magnitude * k for k in (1, 2, 5, 10) if last / (magnitude * k) <= MOST_TICKS)
    return range(0, int(last) + 1, step)


def _joined(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(text: str) -> str:
    """Text that no reader of XML takes for anything else."""
    return escape("".join(c if c.isprintable() else "?" for c in text))
