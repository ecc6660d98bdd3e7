"""``adder-tui train`` and ``adder-tui predict``: a run without the app, told in lines of text or of JSON."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adder_engine.errors import RunFileError
from adder_engine.language import tr
from adder_engine.parsing import can_be_read, parse_sum
from adder_engine.wanted import is_right
from adder_tui.cli.inputs import open_run
from adder_tui.cli.output import ProgressLine, complain, finite_or_null, pairs_note, question_text, say, tell, words_of
from adder_tui.storage.data_dir import expanded
from adder_tui.ui.numbers import percent, plural

if TYPE_CHECKING:
    from adder_engine import Experiment, Trainer
    from adder_engine.snapshot import Answer, Divergence
    from adder_engine.training.stopping import RuledTraining


LARGEST_PLAIN = 1e9
"""From here on numbers are written with an exponent."""

MOST_NOTED = 100
"""Epochs whose losses are kept to see whether the loss stands still at the end, about."""
STRETCH = 0.1
"""Seconds between two looks at the clock and at Ctrl+C, about."""

BAR_SECONDS = 0.1
"""Time between two drawings of the progress bar."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    seconds: float
    """Spent training; loading the engine and drawing the data are not in it."""
    stopped: str | None
    """Why it ended early, in one sentence; None where all epochs were run."""
    blow_up: Divergence | None
    """How its loss stopped being finite or diverged, where it did."""
    answers: Sequence[Answer]
    updates: int
    """Updates run; a run that went back to its best has fewer behind it then."""
    paused: str = ""
    """Which of the experiment's rules ended it, in one sentence; empty where none did."""
    stuck: tuple[str, str] | None = None
    """Why its loss stands still, where it does: in sentences, and the cause in a word."""


class RecordedTraining:
    """Trains as :class:`~adder_engine.training.stopping.RuledTraining` does, as a run with its past, to be saved."""

    def __init__(self, experiment: Experiment) -> None:
        # Not at the top: few runs are saved.
        from adder_engine.runs.workspace import Workspace

        self.workspace = Workspace(experiment)
        self.trainer = self.workspace.run.trainer
        self.updates = 0

    @property
    def sentence(self) -> str:
        return self.workspace.run.paused or ""

    @property
    def stopped(self) -> str | None:
        return self.workspace.run.stop[1] if self.workspace.run.stop else None

    @property
    def finished(self) -> bool:
        return bool(self.sentence or self.stopped or self.workspace.run.finished)

    def train(self, updates: int, epochs: float) -> None:
        self.updates += self.workspace.run.play(updates, until=epochs)


def train(experiment: Experiment, title: str, sums: Sequence[str], save: str | None, as_json: bool) -> int:
    """Train for all epochs of the experiment, telling how it goes; the exit code.

    Args:
        experiment: what to train.
        title: its name, for the first line of text.
        sums: asked after training, in this order, as typed.
        save: the file to save the run in.
        as_json: one JSON object a line instead of text.

    Raises:
        SumError: a text that is no sum.
        RunFileError: the run cannot be saved there.
    """
    asked = [parse_sum(text, experiment.data.task) for text in sums]
    path = None if save is None else expanded(save)
    if path is not None and not path.parent.is_dir():
        raise RunFileError("{path} cannot be: there is no folder {folder}.", path=path, folder=path.parent)
    if path is not None and path.is_dir():
        raise RunFileError("{path} is a folder.", path=path)
    if path is not None and path.suffix != ".npz":
        raise RunFileError("{path} does not end in .npz, as saved runs do.", path=path)
    report = JsonReport() if as_json else TextReport(experiment.epochs)
    if not as_json:
        say(headline(experiment, title))
        if experiment.compares_all_pairs:
            n = f"{experiment.rows_per_update:,}"
            tell("flat_target: the train loss is over {n}·{n} differences, every answer minus every target", n=n)
    # Not at the top: the command line must come without torch.
    from adder_engine import Trainer
    from adder_engine.runs.divergence import Bound
    from adder_engine.runs.explorer import answers_of
    from adder_engine.snapshot import ended_text
    from adder_engine.training.stopping import RuledTraining

    training = RuledTraining(Trainer(experiment)) if path is None else RecordedTraining(experiment)
    trainer = training.trainer
    bound = Bound(trainer, [trainer.state[0]])
    blow_up = stuck = None
    started = time.perf_counter()
    try:
        losses = _run(training, experiment.epochs, report)
        stopped = training.stopped
        seconds = time.perf_counter() - started
        if stopped is None and (times := bound.times(loss := trainer.current_loss())) is not None:
            stopped = ended_text(times, loss)
        if stopped is None:
            stuck = _stuck(trainer, losses)
        else:
            stopped, blow_up = _explained(experiment, stopped)
        answers = answers_of(trainer, asked)
        if isinstance(training, RecordedTraining):
            assert path is not None
            training.workspace.save(path)
    except KeyboardInterrupt:
        stopped = tr(
            "Stopped by Ctrl+C in epoch {epoch:,} of {epochs:,}.",
            epoch=trainer.epochs_done + 1,
            epochs=experiment.epochs,
        )
        seconds = time.perf_counter() - started
        answers, path = (), None
    report.end(trainer, Outcome(seconds, stopped, blow_up, answers, training.updates, training.sentence, stuck))
    if path is not None and not as_json:
        tell("The run is saved as {save}: adder-tui --open goes on with it.", save=path)
    if stopped is not None:
        complain(stopped)
        return 1
    return 0


def _explained(experiment: Experiment, stopped: str) -> tuple[str, Divergence | None]:
    """Why it blew up or diverged, in the app's words; ``stopped`` where its loss was never finite."""
    # Not at the top: few runs blow up, and the words bring rich along.
    from adder_engine.runs.divergence import explain_anew
    from adder_tui.ui.run_state import divergence_text

    blow_up = explain_anew(experiment)
    return (stopped, None) if blow_up is None else (divergence_text(blow_up), blow_up)


def _stuck(trainer: Trainer, losses: dict[int, float]) -> tuple[str, str] | None:
    """Why its loss stands still, where it has hardly changed since the look back: in sentences, and the cause."""
    from adder_engine.analysis.outlook import looked_back, stands_still, why_stuck

    back = looked_back(trainer.epochs_done)
    if back is None:
        return None
    before = max((epoch for epoch in losses if epoch <= back), default=None)
    if before is None or not stands_still(losses[before], trainer.loss):
        return None
    from adder_tui.train.draw_panels import stuck_text  # not at the top: few get stuck, and the words bring rich along

    stuck = why_stuck(trainer)
    return None if stuck is None else (stuck_text(stuck), stuck.cause)


def reported_epochs(epochs: int) -> frozenset[int]:
    """The epochs after which a line is due: the first and each tenth of the run, the last left to the end."""
    due = (1, *(tenth * epochs // 10 for tenth in range(1, 10)))
    return frozenset(epoch for epoch in due if 0 < epoch < epochs)


def headline(experiment: Experiment, title: str) -> str:
    """What is about to be trained, in one line."""
    rows = experiment.rows_per_update
    batches = tr(" in batches of {rows:,}", rows=rows) if rows < experiment.row_count else ""
    values = {"title": title, "batches": batches, **words_of(experiment)}
    return tr("{title}: {parameters}, {rows}{batches}, {optimizer} at lr {lr:g}, {epochs}, seed {seed}", **values)


def _run(training: RuledTraining | RecordedTraining, epochs: int, report: JsonReport | TextReport) -> dict[int, float]:
    """Train; the losses of some epochs, some hundred over the whole."""
    trainer = training.trainer
    due = reported_epochs(epochs)
    losses: dict[int, float] = {}
    bar = ProgressLine(epochs)
    drawn = 0.0
    noted = max(1, epochs // MOST_NOTED)
    updates = max(1, int(STRETCH / trainer.experiment.update_seconds))
    try:
        while not training.finished:
            done = trainer.epochs_done
            next_due = min((epoch for epoch in due if epoch > done), default=epochs)
            training.train(updates, min(next_due, done + 1 if done < MOST_NOTED else (done // noted + 1) * noted))
            if trainer.epochs_done == done:
                continue
            if trainer.loss is not None and (trainer.epochs_done % noted == 0 or trainer.epochs_done <= MOST_NOTED):
                losses[trainer.epochs_done] = trainer.loss
            if training.sentence or training.stopped is not None:
                break
            if trainer.epochs_done in due:
                bar.clear()
                report.progress(trainer)
            if bar.visible and time.monotonic() - drawn > BAR_SECONDS:
                bar.show(trainer.epochs_done)
                drawn = time.monotonic()
    finally:
        bar.clear()
    return losses


class JsonReport:
    """One object a line; numbers that are not finite are null."""

    def progress(self, trainer: Trainer) -> None:
        self._write(self._losses(trainer))

    def end(self, trainer: Trainer, outcome: Outcome) -> None:
        """The losses at the end, what was asked, and how fast it went."""
        line = self._losses(trainer) | {"done": outcome.stopped is None}
        if outcome.stopped is not None:
            line["stopped"] = outcome.stopped
        if outcome.blow_up is not None:
            blow_up = outcome.blow_up
            line["blew_up_at"], line["not_finite_at"] = blow_up.update, blow_up.lost_at
            line["diverged"], line["loss_now"] = finite_or_null(blow_up.times), finite_or_null(blow_up.loss)
            line["lr"], line["limit"] = finite_or_null(blow_up.lr), blow_up.own_limit
        if outcome.stuck is not None:
            line["stuck"], line["stuck_because"] = outcome.stuck
        if outcome.paused:
            line["rule"] = outcome.paused
        named = {question_text(one.sum, trainer.experiment): one for one in outcome.answers}
        off_by = {name: finite_or_null(one.off_by) for name, one in named.items()}
        line["predictions"] = {name: finite_or_null(one.predicted) for name, one in named.items()}
        line["wanted"] = {name: one.wanted for name, one in named.items()}
        if named and trainer.experiment.is_yes_or_no:
            line["right"] = {name: None if off is None else is_right(off) for name, off in off_by.items()}
        else:
            line["off_by"] = off_by
        line["seconds"] = round(outcome.seconds, 6)
        line["updates_per_second"] = round(_speed(outcome), 1)
        self._write(line)

    def _losses(self, trainer: Trainer) -> dict[str, Any]:
        return {
            "epoch": trainer.epochs_done,
            "updates": trainer.updates_done,
            "train_loss": finite_or_null(trainer.loss),
            **pairs_note(trainer.experiment),
            "test_loss": finite_or_null(trainer.test_loss),
            "test_epoch": None if trainer.test_loss is None else trainer.experiment.held_out_epoch(trainer.epochs_done),
        }

    def _write(self, line: dict[str, Any]) -> None:
        say(json.dumps(line, allow_nan=False))


class TextReport:
    """Aligned lines, as the tutorial prints them."""

    def __init__(self, epochs: int) -> None:
        self._width = len(f"{epochs:,}")
        self._text = 0

    def progress(self, trainer: Trainer) -> None:
        epoch = trainer.epochs_done
        if trainer.loss is None or epoch <= self._text:
            return
        self._text = epoch
        held_out, measured = "", trainer.experiment.held_out_epoch(epoch)
        if trainer.test_loss is not None:
            loss = _loss(trainer.test_loss)
            held_out = "   " + tr("held-out {loss}", loss=loss)
            if measured < epoch:
                held_out = "   " + tr("held-out {loss} at epoch {measured:,}", loss=loss.rstrip(), measured=measured)
        values = {"epoch": epoch, "width": self._width, "loss": _loss(trainer.loss), "held_out": held_out}
        say(tr("epoch {epoch:>{width},}   train loss {loss}{held_out}", **values).rstrip())

    def end(self, trainer: Trainer, outcome: Outcome) -> None:
        """The losses at the end, how fast it went, and the answers."""
        self.progress(trainer)
        if outcome.paused:
            say(outcome.paused)
        if outcome.updates:
            seconds = f"{outcome.seconds:.{2 if outcome.seconds >= 1 else 3}f} s"
            updates, speed = (plural(n, "update", "updates") for n in (outcome.updates, round(_speed(outcome))))
            tell("{updates} in {seconds}, {speed} a second", updates=updates, seconds=seconds, speed=speed)
        if outcome.stuck is not None:
            say(outcome.stuck[0])
        say(*answer_lines(outcome.answers, trainer.experiment))


def answer_lines(answers: Sequence[Answer], experiment: Experiment) -> list[str]:
    """``30+70 = 99.98   truth 100   off by −0.02`` for each answer, in columns; ``no truth known`` where none is.

    Of a yes or no ``30,90 = 98.2% yes   truth yes   right``.
    """
    asks, yes, no = experiment.is_yes_or_no, tr("yes"), tr("no")
    off_by = [finite_or_null(one.off_by) for one in answers]
    decimals = 4 if any(off and abs(off) < 0.005 for off in off_by) else 2
    rows = []
    for one, off in zip(answers, off_by, strict=True):
        known = math.isfinite(one.predicted)
        answer = percent(one.predicted) if asks else _number(one.predicted, f".{decimals}f")
        if asks:
            truth = "" if one.wanted is None else f"{yes if one.wanted > 0.5 else no:<{max(len(yes), len(no))}}"
            verdict = "" if off is None else "   " + (tr("right") if is_right(off) else tr("wrong"))
        else:
            truth = "" if one.wanted is None else f"{one.wanted:.10g}".replace("-", "−")
            verdict = "?" if off is None else _number(off, f"+.{decimals}f")
        rows.append((question_text(one.sum, experiment), answer if known else "?", truth, verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for typed, answer, truth, verdict in rows:
        said = tr("no truth known")
        if truth and asks:
            said = tr("truth {answer}", answer=truth)
        elif truth:
            off_text = f"{verdict:>{widths[3]}}"
            said = tr("truth {truth}   off by {off_by}", truth=f"{truth:>{widths[2]}}", off_by=off_text)
        beside = f" {yes}   {said}{verdict}" if asks else f"   {said}"
        lines.append(f"{typed:<{widths[0]}} = {answer:>{widths[1]}}{beside}")
    return lines


def _speed(outcome: Outcome) -> float:
    """Updates a second."""
    return outcome.updates / outcome.seconds if outcome.seconds > 0 else 0.0


def _number(value: float, form: str) -> str:
    return format(value, form if abs(value) < LARGEST_PLAIN else "+.3e" if "+" in form else ".3e").replace("-", "−")


def _loss(value: float) -> str:
    """A loss with its decimal point in the tenth column and at least four significant digits."""
    form = ".2f" if value >= 100 else ".4f" if value >= 0.1 or value == 0 else ".3e"
    whole, point, rest = _number(value, form).partition(".")
    return f"{whole:>9}{point}{rest:<7}"


def predict(source: str, sums: Sequence[str]) -> int:
    """Ask the run where it stood when it was saved, and print the answers; the exit code.

    Args:
        source: the run's file.
        sums: what is asked, as typed.

    Raises:
        SumError: a text that is no question of any task, or not of the run's.
        RunFileError: a file that holds no run.
    """
    for text in sums:
        if not can_be_read(text):
            parse_sum(text)
    from adder_engine.runs.explorer import answers_of

    trainer = open_run(source).trainer
    asked = [parse_sum(text, trainer.experiment.data.task) for text in sums]
    say(*answer_lines(answers_of(trainer, asked), trainer.experiment))
    return 0
