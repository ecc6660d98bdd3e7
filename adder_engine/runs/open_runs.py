"""The runs of a session: the one in progress, those before it, what is done to them, and what is read out of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from adder_engine.analysis.affine_map import collapsed_map
from adder_engine.errors import RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.parsing import LARGEST_TERM, Sum
from adder_engine.runs.divergence import diverged_by, explain, has_ended
from adder_engine.runs.files import read, read_others
from adder_engine.runs.restoring import companions_restored, opened
from adder_engine.runs.run import Run, scout
from adder_engine.runs.run_list import RunList, marks_of
from adder_engine.runs.timeline import Event, SuspendedRun
from adder_engine.snapshot import (
    AffineMap,
    Annotation,
    Answer,
    Divergence,
    EpochSummary,
    HistoryMove,
    ParameterHistory,
    Position,
    RunSummary,
    ended_text,
)
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer
from adder_engine.watched_sums import TUTORIAL_SUMS, same_pair, starting_sums, with_asked

MOST_POINTS = 200
"""Of a parameter's course: of its keyframes, and of the updates before now that are replayed."""
REPLAY = 0.025
"""Seconds that the replay for a course may take, about."""
MOST_WATCHED = 30
MOST_EARLIER = 4
"""Earlier runs that undo can bring back."""


def answers_of(trainer: Trainer, sums: Sequence[Sum]) -> tuple[Answer, ...]:
    """The network's answers, beside what is wanted."""
    wanted = trainer.experiment.wanted
    predicted = trainer.answers([(s.a, s.b) for s in sums])
    return tuple(Answer(s, p, wanted.of(s.a, s.b)) for s, p in zip(sums, predicted, strict=True))


def collapsed_of(trainer: Trainer) -> AffineMap | None:
    """The whole network as one map, for networks without activation."""
    return collapsed_map(trainer.experiment, trainer.state[0].numpy(), trainer.handles.silenced)


def course_of(run: Run, index: int) -> ParameterHistory:
    """One parameter (flat index) over the run so far, up to this moment.

    Its last updates are replayed aside, so that none of them and nothing that was done among them is left out; what
    lies further back is told by the keyframes alone.
    """
    timeline, now = run.timeline, run.moment
    start = _replayed_from(run)
    exact = max(start.update, now.update - MOST_POINTS) if start < now else now.update
    kept = [k for k in timeline.thinned(MOST_POINTS) if k.counters.updates_done < exact]
    points = [(k.counters.updates_done, k.state[0, index].item()) for k in kept]
    if start < now:
        looking = run.scout()
        for halt in looking.walk(start, now):
            if halt.update >= exact:
                points.append((halt.update, looking.trainer.state[0, index].item()))
    else:
        points.append((now.update, run.trainer.state[0, index].item()))
    updates, values = np.array(points, dtype=np.float64).T
    spacing = timeline.spacing * -(-len(timeline.keyframes) // MOST_POINTS)
    return ParameterHistory(index, updates, values, exact, spacing)


def _replayed_from(run: Run) -> Position:
    """The earliest keyframe that is needed and from which a replay to now is cheap; now if there is none."""
    now, timeline = run.moment, run.timeline
    most = int(REPLAY / seconds_of_an_update(run.experiment))
    place = timeline.before(max(0, now.update - MOST_POINTS)).counters.updates_done
    done = timeline.next_event(now)
    while place <= now.update:
        start = Position(place)
        if now.update - place + done - timeline.next_event(start) <= most:
            return start
        place += timeline.spacing
    return now


def seconds_of_an_update(experiment: Experiment) -> float:
    """About how long one update takes, guessed from the network's size and the rows that go through it."""
    rows = experiment.rows_per_update + experiment.data.test_count / experiment.updates_per_epoch
    cells = rows * (sum(experiment.network.layers) + experiment.parameter_count / 8)
    return 1.2e-5 * (len(experiment.layer_names) + 3) + 0.35e-9 * (cells + 8 * experiment.parameter_count)


def look_at(run: Run, epoch: int, sums: Sequence[Sum]) -> EpochSummary:
    """What the run was at the end of an epoch; it is replayed aside from the nearest keyframe.

    Raises:
        RequestError: the run has not been there.
    """
    looking = run.scout()
    looking.seek_epoch(epoch)
    trainer, counters = looking.trainer, looking.trainer.counters
    return EpochSummary(
        epoch, counters.updates_done, counters.loss, finite(counters.test_loss), answers_of(trainer, sums),
        collapsed_of(trainer),
    )  # fmt: skip


def summary_of(
    left: SuspendedRun, twin: Trainer, sums: Sequence[Sum], name: str, parent: int | None, at: float | None
) -> RunSummary:
    """What a run that is being left came to at its end; ``twin`` is a trainer that began as it did."""
    looking = scout(left, twin)
    times = diverged_by(looking, left.newest, left.newest_epoch) if left.stop is None else None
    looking.seek(left.newest)
    trainer = looking.trainer
    return RunSummary(
        id=left.line,
        name=name,
        experiment=trainer.experiment,
        epoch=left.newest_epoch,
        train_loss=trainer.loss,
        test_loss=finite(trainer.test_loss),
        answers=answers_of(trainer, sums),
        collapsed=collapsed_of(trainer),
        losses=left.history.losses(),
        marks=marks_of(left.first_experiment, left.timeline.events),
        parent=parent,
        branched_at=at,
        stopped=left.stop[1] if left.stop else "" if times is None else ended_text(times),
        diverged=times is not None,
    )


def finite(value: float | None) -> float | None:
    """The value; None where it is not finite."""
    return value if value is not None and math.isfinite(value) else None


class OpenRuns:
    """The run in progress with the runs around it, and the sums that are watched."""

    def __init__(self, experiment: Experiment) -> None:
        self.run_list = RunList()
        """The runs that were left."""
        self.recording = Run(experiment)
        self.recording.line = self.run_list.begin(experiment)
        self.version = 1
        self.failure = ""
        """A fault of ours, in one sentence."""
        self.warning = ""
        """What the person should know beside the run, such as that it cannot be saved."""
        self._asked: list[Sum] = []
        """What was asked, oldest first; watched beside the sums that fit the experiment."""
        self._starting: tuple[Experiment, tuple[Sum, ...]] | None = None
        self.asked = self.watched[0]
        self._earlier: list[Run] = []
        self._later: list[Run] = []
        self._marks: tuple[tuple[Experiment, int, Event | None], tuple[Annotation, ...]] | None = None
        self._blow_up: tuple[tuple[object, ...], Divergence | None] | None = None

    @property
    def watched(self) -> list[Sum]:
        """The sums that fit the run's experiment, and those that were asked besides."""
        if self._starting is None or self._starting[0] is not self.recording.first_experiment:
            self._starting = self.recording.first_experiment, starting_sums(self.recording.first_experiment)
        return with_asked(self._starting[1], self._asked, MOST_WATCHED)

    @property
    def can_undo(self) -> bool:
        return self.recording.can_undo or bool(self._earlier)

    @property
    def can_redo(self) -> bool:
        return self.recording.can_redo or bool(self._later)

    # --- runs ------------------------------------------------------------------------------------

    def start(self, experiment: Experiment) -> None:
        """Begin a new run; undo brings the old one back."""
        recording = Run(experiment)
        recording.line = self.run_list.begin(experiment, self.recording.line)
        self._replace(recording)

    def open(self, path: Path) -> None:
        """Go on with a saved run. The runs in its list join ours.

        Raises:
            RunFileError: it cannot be read.
        """
        run = read(path)
        recording = opened(run)
        try:
            watched = [_sum(pair) for pair in run.facts["watched"]]
            asked = _sum(run.facts["asked"])
            line = run.facts.get("line", {"parent": None, "branched_at": None})
            parent, branched_at = line["parent"], line["branched_at"]
        except (KeyError, TypeError, ValueError):
            raise RunFileError(f"{path} is not a run of adder-tui, or it is damaged.") from None
        self._replace(recording)
        self.warning = ""
        try:
            numbers = self.run_list.adopt(companions_restored(read_others(path)))
        except RunFileError:
            numbers, self.warning = {}, "The list of earlier runs in this file is damaged; the run itself is whole."
        recording.line = self.run_list.join(recording.first_experiment, numbers.get(parent), branched_at)
        self._asked = [one for one in watched if not any(same_pair(one, other) for other in TUTORIAL_SUMS)]
        self.ask(asked)

    def resume(self, path: Path) -> None:
        """Go on with a saved run in place of the one at hand; keep that, with a warning, where it cannot be read."""
        try:
            self.open(path)
        except RunFileError as error:
            self.warning = str(error)
        self._earlier.clear()

    def switch(self, run: int) -> None:
        """Go to a run in the list, where it stood when it was left; undo goes back to this one.

        Raises:
            RequestError: no such run in the list.
        """
        left = self.run_list.find(run)
        recording = next((r for r in [*self._earlier, *self._later] if r.line == run), None)
        if recording is None:
            same = left.first_experiment == self.recording.first_experiment
            recording = Run(left.first_experiment, self.recording.trainer if same else None)
            recording.take(left.copy())
        self._earlier = [r for r in self._earlier if r is not recording]
        self.run_list.remove(run)
        self._replace(recording)

    def _replace(self, recording: Run) -> None:
        self._leave()
        self._earlier = [*self._earlier, self.recording][-MOST_EARLIER:]
        self._later.clear()
        self.recording.futures.clear()
        self._go_to(recording)

    def _leave(self) -> None:
        """List the run in progress, which is about to make room for another; one where nothing happened is not."""
        if self.recording.newest > Position():
            self._list(self.recording.left().copy())

    def _list(self, left: SuspendedRun) -> None:
        """List a run that began as the one in progress."""
        self.run_list.add(left, self._summary)

    def _summary(self, left: SuspendedRun) -> RunSummary:
        marks, line = marks_of(left.first_experiment, left.timeline.events), self.run_list.line(left.line)
        name = self.run_list.name(left.line, left.first_experiment, marks)
        return summary_of(left, self.recording.trainer, self.watched, name, line.parent, line.branched_at)

    def undo(self) -> None:
        """Take back the last thing done in this run, or go back to the run before it.

        Raises:
            RequestError: there is neither.
        """
        recording = self.recording
        if recording.can_undo or not self._earlier:
            recording.undo()
            gone = recording.futures[-1]
            if gone.newest_epoch > recording.trainer.epochs_done:
                self._list(gone.copy().at_its_end())
                recording.line = self.run_list.again(gone.line)
        else:
            self._leave()
            self._later.append(recording)
            self._return_to(self._earlier.pop())
            self.recording.crossing = HistoryMove("undone", recording.trainer.epochs_done, 0)

    def redo(self) -> None:
        """Bring back what was undone last.

        Raises:
            RequestError: nothing was undone.
        """
        if self.recording.can_redo or not self._later:
            self.recording.redo()
            self.run_list.remove(self.recording.line)
        else:
            recording = self.recording
            self._leave()
            self._earlier.append(recording)
            self._return_to(self._later.pop())
            self.recording.crossing = HistoryMove("redone", recording.trainer.epochs_done, 0)

    def _return_to(self, recording: Run) -> None:
        self._go_to(recording)
        self.run_list.remove(recording.line)

    def _go_to(self, recording: Run) -> None:
        """Make this the run in progress; a current sum that nobody asked for gives way to one that fits the run."""
        self.recording, self.failure = recording, ""
        if not any(same_pair(self.asked, one) for one in self.watched):
            self.asked = self.watched[0]

    # --- doing -----------------------------------------------------------------------------------

    def _branching(self, intervention: Callable[[], None], *, keep: bool = False) -> None:
        """Do something to the run; where that cuts off an epoch or more, or all of it is to be kept, list it."""
        recording = self.recording
        cut = recording.newest_epoch - recording.trainer.epochs_done
        left = recording.left().copy().at_its_end() if cut >= 1 or keep else None
        epoch = self._epoch()
        intervention()
        if left is not None and recording.newest != left.newest:
            self._list(left)
            recording.line = self.run_list.branch(left.line, epoch)

    def _epoch(self) -> float:
        trainer = self.recording.trainer
        return trainer.epochs_done + trainer.counters.row / trainer.experiment.row_count

    def change(self, **changes: object) -> None:
        """Change training settings from here on.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run.
        """
        self._branching(lambda: self.recording.change(**changes))

    def edit(self, name: str, place: tuple[int, ...], value: float) -> None:
        """Set one weight or bias.

        Raises:
            RequestError: no such parameter, or a value that is not finite.
        """
        index = self.recording.trainer.layout.index_of(name, place)
        self._branching(lambda: self.recording.edit(index, value))

    def rescue(self) -> None:
        """Go back to ten updates before the run blew up, with a learning rate there that will do.

        Raises:
            RequestError: this run has not blown up.
        """
        blow_up = self.blow_up()
        recording = self.recording
        if blow_up is None:
            raise RequestError("There is nothing to rescue: this run has not blown up.")
        recording.seek(recording.newest if recording.stop is None else recording.stop[0])
        lr, back = blow_up.rescue_lr, blow_up.back_to
        recording.seek(Position(back, 0, recording.timeline.edits_at(back, 0)))
        self._branching(lambda: recording.change(**{"training.lr": lr}), keep=True)

    def hold(self, frozen: frozenset[int] | None = None, silenced: frozenset[tuple[int, int]] | None = None) -> None:
        """Hold these parameters or these neurons still, leaving the other kind as it is.

        Raises:
            RequestError: no such parameter or hidden neuron.
        """
        now = self.recording.trainer.handles
        new = Constraints(now.frozen if frozen is None else frozen, now.silenced if silenced is None else silenced)
        self._branching(lambda: self.recording.hold(new))

    def fail(self, error: Exception) -> None:
        """Note a fault of ours; the session goes on with a new run or an earlier one."""
        self.failure = f"Something in the engine went wrong ({type(error).__name__}: {error}). Start the run again."
        self.version += 1

    def marks(self) -> tuple[Annotation, ...]:
        """What was done on this run's timeline; the same tuple while nothing more is."""
        events = self.recording.timeline.events
        key = (self.recording.first_experiment, len(events), events[-1] if events else None)
        if self._marks is None or any(a is not b for a, b in zip(self._marks[0], key, strict=True)):
            self._marks = key, marks_of(self.recording.first_experiment, events)
        return self._marks[1]

    def blow_up(self) -> Divergence | None:
        """How this run's loss stopped being finite, or how the run ended diverged; measured once."""
        recording = self.recording
        if recording.stop is None and not has_ended(recording):
            return None
        events = recording.timeline.events
        key = (recording, recording.stop, recording.newest, len(events), events[-1] if events else None)
        if self._blow_up is None or self._blow_up[0] != key:
            self._blow_up = key, explain(recording)
        return self._blow_up[1]

    # --- sums ------------------------------------------------------------------------------------

    def ask(self, asked: Sum) -> None:
        """Make this the current sum, and watch it; the oldest of those asked makes room."""
        self.asked = asked
        if not any(same_pair(one, asked) for one in self.watched):
            self._asked = [*self._asked, asked][-MOST_WATCHED:]
        self.version += 1

    def answer(self) -> Answer:
        """The answer to the current sum."""
        return answers_of(self.recording.trainer, [self.asked])[0]


def _sum(pair: Sequence[float]) -> Sum:
    """The sum that a file holds as [a, b]; raises ValueError or TypeError where it is none that can be asked."""
    a, b = map(float, pair)
    if not (abs(a) <= LARGEST_TERM and abs(b) <= LARGEST_TERM):
        raise ValueError(pair)
    return Sum(a, b)
