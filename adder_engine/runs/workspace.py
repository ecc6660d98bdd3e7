"""The runs of a session: the one in progress, those before it, what is done to them, and the snapshot of it all; and
the loop that trains between requests, answers them, hands out snapshots, and saves.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from adder_engine.analysis.results import Query
from adder_engine.analysis.tracing import held_gradients, trace_step, trace_sum
from adder_engine.errors import AdderError, RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.parsing import LARGEST_TERM, Sum
from adder_engine.runs.divergence import diverged_by, explain, has_ended
from adder_engine.runs.explorer import Explorer, answers_of, collapsed_of, finite
from adder_engine.runs.files import read, read_others, write
from adder_engine.runs.restoring import companions_restored, companions_saved, opened, saved
from adder_engine.runs.run import Run, scout
from adder_engine.runs.run_list import RunList, marks_of
from adder_engine.runs.timeline import SuspendedRun
from adder_engine.snapshot import (
    Annotation,
    Answer,
    Divergence,
    HistoryMove,
    Position,
    RunSummary,
    Snapshot,
    Status,
    ended_text,
)
from adder_engine.steps import give_way
from adder_engine.training.checkpoint import Constraints
from adder_engine.watched_sums import TUTORIAL_SUMS, same_pair, starting_sums, with_asked

MOST_WATCHED = 30
MOST_EARLIER = 4
"""Earlier runs that undo can bring back."""
SLICE = 0.002
"""Seconds of training between two looks at the requests; an update that takes longer is finished first."""
ASIDE = 0.15
"""Work in slices takes this share of the time that training could use, once it has taken :data:`HEAD_START`."""
HEAD_START = 0.05
"""Seconds of work that are done as quickly as training goes on: most is done by then."""

Future = concurrent.futures.Future[Any]
Result = TypeVar("Result")


class Workspace:
    """All of a session that computes: the run in progress with the runs around it, and the sums that are watched.

    Only the session's thread touches it. What a session offers under the same name is told there, with what it raises.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.run_list = RunList()
        """The runs that were left."""
        self.run = Run(experiment)
        self.run.line = self.run_list.begin(experiment)
        self.version = 1
        self.failure = ""
        """A fault of ours, in one sentence."""
        self.warning = ""
        """What the person should know beside the run, such as that it cannot be saved."""
        self._asked: list[Sum] = []
        """What was asked, oldest first; watched beside the sums that fit the experiment."""
        self._known: dict[str, tuple[tuple[object, ...], Any]] = {}
        """What was worked out, and from what."""
        self.asked = self.watched[0]
        self._earlier: list[Run] = []
        self._later: list[Run] = []

    @property
    def explorer(self) -> Explorer:
        return Explorer(self.run, self.asked, list(self.watched))

    @property
    def watched(self) -> list[Sum]:
        """The sums that fit the run's experiment, and those that were asked besides."""
        first = self.run.first_experiment
        return with_asked(self._once("sums", (first,), lambda: starting_sums(first)), self._asked, MOST_WATCHED)

    def _once(self, name: str, key: tuple[object, ...], work: Callable[[], Result]) -> Result:
        """What the work gives, which is done again only once the key is another."""
        known = self._known.get(name)
        found: Result = work() if known is None or known[0] != key else known[1]
        self._known[name] = key, found  # this very key: next time it is the same, and need not be compared
        return found

    @property
    def can_undo(self) -> bool:
        return self.run.can_undo or bool(self._earlier)

    @property
    def can_redo(self) -> bool:
        return self.run.can_redo or bool(self._later)

    # --- runs ------------------------------------------------------------------------------------

    def start(self, experiment: Experiment) -> None:
        """Begin a new run; undo brings the old one back."""
        recording = Run(experiment)
        recording.line = self.run_list.begin(experiment, self.run.line)
        self._replace(recording)

    def open(self, path: Path) -> None:
        """Go on with a saved run. The runs in its list join ours."""
        run = read(path)
        recording = opened(run)
        try:
            watched = [_sum(pair) for pair in run.facts["watched"]]
            asked = _sum(run.facts["asked"])
            line = run.facts.get("line", {"parent": None, "branched_at": None})
            parent, branched_at = line["parent"], line["branched_at"]
        except (KeyError, TypeError, ValueError):
            raise RunFileError("{path} is not a run of adder-tui, or it is damaged.", path=path) from None
        self._replace(recording)
        self.warning = ""
        try:
            numbers = self.run_list.adopt(companions_restored(read_others(path)))
        except RunFileError:
            numbers, self.warning = {}, tr("The list of earlier runs in this file is damaged; the run itself is whole.")
        recording.line = self.run_list.join(recording.first_experiment, numbers.get(parent), branched_at)
        self.run_list.note(recording.line, run.facts.get("note", ""))
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
        left = self.run_list.find(run)
        recording = next((r for r in [*self._earlier, *self._later] if r.line == run), None)
        if recording is None:
            same = left.first_experiment == self.run.first_experiment
            recording = Run(left.first_experiment, self.run.trainer if same else None)
            recording.take(left.copy())
        self._earlier = [r for r in self._earlier if r is not recording]
        self.run_list.remove(run)
        self._replace(recording)

    def _replace(self, recording: Run) -> None:
        self._leave()
        self._earlier = [*self._earlier, self.run][-MOST_EARLIER:]
        self._later.clear()
        self.run.futures.clear()
        self._go_to(recording)

    def _leave(self) -> None:
        """List the run in progress, which is about to make room for another; one where nothing happened is not."""
        if self.run.newest > Position():
            self._list(self.run.left().copy())

    def _list(self, left: SuspendedRun) -> None:
        """List a run that began as the one in progress, with what it came to at its end."""
        line, marks = self.run_list.line(left.line), marks_of(left.first_experiment, left.timeline.events)

        def summary() -> RunSummary:
            looking = scout(left, self.run.trainer)
            times = diverged_by(looking, left.newest, left.newest_epoch) if left.stop is None else None
            looking.seek(left.newest)
            trainer = looking.trainer
            ended = "" if times is None else ended_text(times, trainer.current_loss())
            return RunSummary(
                id=left.line,
                name=self.run_list.name(left.line, left.first_experiment, marks),
                experiment=trainer.experiment,
                epoch=left.newest_epoch,
                train_loss=trainer.loss,
                test_loss=finite(trainer.test_loss),
                answers=answers_of(trainer, self.watched),
                collapsed=collapsed_of(trainer),
                losses=left.history.losses(),
                marks=marks,
                parent=line.parent,
                branched_at=line.branched_at,
                stopped=left.stop[1] if left.stop else ended,
                diverged=times is not None,
            )

        self.run_list.add(left, summary)

    def undo(self, within: bool = False) -> None:
        recording = self.run
        if recording.can_undo or not self._earlier or within:
            recording.undo()
            gone = recording.futures[-1]
            if gone.newest_epoch > recording.trainer.epochs_done:
                self._list(gone.copy().at_its_end())
                recording.line = self.run_list.again(gone.line)
        else:
            self._exchange(self._earlier, self._later, "undone")

    def redo(self) -> None:
        if self.run.can_redo or not self._later:
            self.run.redo()
            self.run_list.remove(self.run.line)
        else:
            self._exchange(self._later, self._earlier, "redone")

    def _exchange(self, source: list[Run], others: list[Run], how: Literal["undone", "redone"]) -> None:
        """Make the last of these runs the one in progress, which joins the others."""
        epochs = self.run.trainer.epochs_done
        self._leave()
        others.append(self.run)
        self._go_to(source.pop())
        self.run_list.remove(self.run.line)
        self.run.history_move = HistoryMove(how, epochs, 0)

    def _go_to(self, recording: Run) -> None:
        """Make this the run in progress; a current sum that nobody asked for gives way to one that fits the run."""
        self.run, self.failure = recording, ""
        if not any(same_pair(self.asked, one) for one in self.watched):
            self.asked = self.watched[0]

    # --- doing -----------------------------------------------------------------------------------

    def _branching(self, intervention: Callable[[], None], *, keep: bool = False) -> None:
        """Do something to the run; where that cuts off an epoch or more, or all of it is to be kept, list it."""
        recording = self.run
        cut = recording.newest_epoch - recording.trainer.epochs_done
        left = recording.left().copy().at_its_end() if cut >= 1 or keep else None
        epoch = recording.trainer.epochs_gone
        intervention()
        if left is not None and recording.newest != left.newest:
            self._list(left)
            recording.line = self.run_list.branch(left.line, epoch)

    def change(self, **changes: object) -> None:
        self._branching(lambda: self.run.change(**changes))

    def edit(self, name: str, place: tuple[int, ...], value: float) -> None:
        index = self.run.trainer.layout.index_of(name, place)
        self._branching(lambda: self.run.edit(index, value))

    def rescue(self) -> None:
        blow_up = self.blow_up()
        recording = self.run
        if blow_up is None:
            raise RequestError("There is nothing to rescue: this run has not blown up.")
        recording.seek(recording.newest if recording.stop is None else recording.stop[0])
        lr, back = blow_up.rescue_lr, blow_up.back_to
        recording.seek(recording.timeline.behind(back))
        self._branching(lambda: recording.change(**{"training.lr": lr}), keep=True)

    def constrain(self, frozen: frozenset[int] | None = None, muted: frozenset[tuple[int, int]] | None = None) -> None:
        """Hold these parameters or these neurons still, leaving the other kind as it is."""
        now = self.run.trainer.constraints
        new = Constraints(now.frozen if frozen is None else frozen, now.muted if muted is None else muted)
        self._branching(lambda: self.run.constrain(new))

    def fail(self, error: Exception) -> str:
        """Note a fault of ours; the session goes on with a new run or an earlier one. Returns the sentence about it."""
        self.failure = tr(
            "Something in the engine went wrong ({kind}: {error}). Start the run again.",
            kind=type(error).__name__,
            error=error,
        )
        self.version += 1
        return self.failure

    def marks(self) -> tuple[Annotation, ...]:
        """What was done on this run's timeline; the same tuple while nothing more is."""
        first, events = self.run.first_experiment, self.run.timeline.events
        return self._once("marks", (first, *events), lambda: marks_of(first, events))

    def blow_up(self) -> Divergence | None:
        """How this run's loss stopped being finite, or how the run ended diverged; measured once."""
        recording = self.run
        if recording.stop is None and not has_ended(recording):
            return None
        key = (recording, recording.stop, recording.newest, *recording.timeline.events)
        return self._once("blow-up", key, lambda: explain(recording))

    # --- sums ------------------------------------------------------------------------------------

    def ask(self, asked: Sum) -> Answer:
        """Make this the current sum, and watch it; the oldest of those asked makes room."""
        self.asked = asked
        if not any(same_pair(one, asked) for one in self.watched):
            self._asked = [*self._asked, asked][-MOST_WATCHED:]
        self.version += 1
        return answers_of(self.run.trainer, [self.asked])[0]

    # --- showing and saving -----------------------------------------------------------------------------

    def snapshot(self, playing: bool, speed: float = 0.0) -> Snapshot:
        """Everything there is to show, now; ``speed`` in updates a second, of a run that plays."""
        recording = self.run
        trainer, counters, experiment = recording.trainer, recording.trainer.counters, recording.experiment
        status: Status = (
            "failed" if self.failure
            else "playing" if playing
            else "stopped" if recording.stopped
            else "done" if recording.finished
            else "paused"
        )  # fmt: skip
        look = not playing or experiment.is_quickly_surveyed
        state = trainer.state.copy()
        size = experiment.training.batch_size or experiment.row_count
        trace = trace_sum(trainer, self.asked.a, self.asked.b, trace_step(trainer) if look else None)
        *answers, asked = answers_of(trainer, [*self.watched, self.asked])
        marks, line = self.marks(), self.run_list.line(recording.line)
        return Snapshot(
            version=self.version,
            status=status,
            message=self.failure or recording.stopped or recording.paused or "",
            experiment=experiment,
            moment=recording.moment,
            newest=recording.newest,
            stages=trainer.stages,
            epoch=counters.epochs_done,
            epoch_update=-(-counters.row // size),
            lr=trainer.lr,
            train_loss=counters.loss,
            test_loss=finite(counters.test_loss),
            batch_loss=counters.batch_loss,
            current_loss=finite(trainer.current_loss()) if look else None,
            speed=speed if playing else 0.0,
            state=state,
            previous=trainer.previous.copy(),
            stepped=trainer.stepped,
            gradients_set=counters.has_gradients,
            frozen=tuple(sorted(trainer.constraints.frozen)),
            held_gradients=held_gradients(trainer) if look else (),
            asked=asked,
            answers=tuple(answers),
            collapsed=collapsed_of(trainer),
            losses=recording.history.losses(),
            trace=trace,
            scales=trainer.dataset.scales,
            batch_rows=trainer.batch_size,
            muted=tuple(sorted(trainer.constraints.muted)),
            can_undo=self.can_undo,
            can_redo=self.can_redo,
            history_move=recording.history_move,
            run=recording.line,
            run_name=self.run_list.name(recording.line, recording.first_experiment, marks),
            note=self.run_list.notes.get(recording.line, ""),
            parent=line.parent,
            branched_at=line.branched_at,
            runs=self.run_list.runs,
            marks=marks,
            first_loss=recording.first_experiment.training.loss,
            blow_up=self.blow_up(),
            warning=self.warning,
        )

    def save(self, path: Path) -> None:
        """Save the run, and the runs in the list."""
        line = self.run_list.line(self.run.line)
        extra = {
            "watched": [[s.a, s.b] for s in self.watched],
            "asked": [self.asked.a, self.asked.b],
            "line": {"parent": line.parent, "branched_at": line.branched_at},
            "note": self.run_list.notes.get(self.run.line, ""),
        }
        write(path, saved(self.run.left(), extra), companions_saved(self.run_list.kept()))


def _sum(pair: Sequence[float]) -> Sum:
    """The sum that a file holds as [a, b]; raises ValueError or TypeError where it is none that can be asked."""
    a, b = map(float, pair)
    if not (abs(a) <= LARGEST_TERM and abs(b) <= LARGEST_TERM):
        raise ValueError(pair)
    return Sum(a, b)


class EngineLoop:
    """What a session's thread does: trains a workspace between requests, answers these, and saves.

    It never waits for whoever asks.

    Args:
        autosave: where the run is kept as it goes; None keeps nothing.
        save_every: seconds between two saves of a run that goes on changing.
    """

    def __init__(self, experiment: Experiment, autosave: Path | None, save_every: float) -> None:
        self.workspace = Workspace(experiment)
        self.experiment = experiment
        """The settings in force, for whoever looks from another thread."""
        self._playing = False
        self._pace: float | None = None
        """Epochs a second; None for as fast as it goes."""
        self._until = math.inf
        """The epoch at whose end playing halts."""
        self._pace_mark = self._speed_mark = (0.0, 0)
        """When how many updates were done, from where the pace and the speed are reckoned."""
        self._speed = 0.0
        self._waiting: list[tuple[int, Future]] = []
        """Who waits for the next snapshot of another version."""
        self._made: Snapshot | None = None
        """What the request just served has resolved with; those who wait get the same."""
        self._in_slices: deque[tuple[Iterator[None], Future]] = deque()
        """Work in progress that takes long, and who waits for it."""
        self._aside = HEAD_START
        """Seconds that it may take from training."""
        self._autosave, self._save_every = autosave, save_every
        self._saved = self.workspace.version
        self._save_at = time.monotonic() + save_every

    # --- requests --------------------------------------------------------------------------------

    def read(self, work: Callable[[Workspace], object], future: Future) -> None:
        """Resolve a future with what the work, which does nothing to the run, returns."""
        with _rejecting(future):
            _resolve(future, work(self.workspace))

    def change(self, change: Callable[[EngineLoop], None], future: Future) -> None:
        """Change something, and resolve a future with the snapshot after it."""
        with _rejecting(future, self.workspace.fail):
            change(self)
            self.workspace.version += 1
            self.experiment = self.workspace.run.experiment
            self._made = self._snapshot()
            _resolve(future, self._made)

    def _snapshot(self) -> Snapshot:
        return self.workspace.snapshot(self._playing, self._speed)

    def look(self, since: int | None, future: Future) -> None:
        """Resolve a future with the newest snapshot; with ``since`` with the next one whose version differs."""
        if since is None or self.workspace.version != since:
            _resolve(future, self._snapshot())
        else:
            self._waiting = [(s, f) for s, f in self._waiting if not f.done()] + [(since, future)]

    def begin(self, questions: Sequence[Query], now: Future, futures: Sequence[Future]) -> None:
        """Begin to find several things of one moment, whose snapshot ``now`` gets, and go on in slices.

        The first slice of each is done at once, for it copies what the rest goes by.
        """
        _resolve(now, self._snapshot())
        for question, future in zip(questions, futures, strict=True):
            self._go_on(self._found(question, future), future)

    def _found(self, question: Query, future: Future) -> Iterator[None]:
        _resolve(future, (yield from self.workspace.explorer.find(question)))

    def _go_on(self, work: Iterator[None], future: Future) -> None:
        """Do one slice, unless nobody waits for it any more, and see to the rest later."""
        with _rejecting(future):
            if not future.done():
                for _ in work:
                    self._in_slices.append((work, future))
                    return

    def play(self, pace: float | None, until: float) -> None:
        run = self.workspace.run
        if self.workspace.failure:
            raise RequestError(self.workspace.failure)
        run.check_unfinished()
        run.paused = None
        self._playing = not run.stopped
        self._pace, self._until = pace, until
        now, done = time.perf_counter(), run.trainer.updates_done
        self._speed_mark, self._pace_mark = (now, done), (now, done + 1)  # the first is due at once

    def halt(self) -> None:
        """Stop playing; a stop is a moment to save."""
        if self._playing:
            self._playing = False
            self.workspace.version += 1
            self._save_at = 0.0

    # --- the loop --------------------------------------------------------------------------------

    def serve(self, requests: queue.SimpleQueue[Callable[[EngineLoop], None] | None], closing: threading.Event) -> None:
        """Go on until ``closing`` is set; each request is done with this loop, None only wakes it."""
        give_way()
        while not closing.is_set():
            begun = time.perf_counter()
            wait = self._train() if self._playing else None
            self._aside += ASIDE * (time.perf_counter() - begun)
            hurried = wait == 0.0  # training wants all the time that there is
            self.experiment = self.workspace.run.experiment
            self._publish()
            due = self._save_due()
            wait = 0.0 if self._in_slices else due if wait is None else wait if due is None else min(wait, due)
            with contextlib.suppress(queue.Empty):
                request = requests.get(timeout=wait) if wait != 0 else requests.get_nowait()
                while request is not None:
                    request(self)
                    self._publish()
                    request = requests.get_nowait()
            self._do_slices(hurried)
            if self._save_due() == 0.0:
                self.save()

    def _train(self) -> float:
        """Train for a slice. Returns how long nothing needs to be done, in seconds."""
        workspace, run = self.workspace, self.workspace.run
        now, done = time.perf_counter(), run.trainer.updates_done
        due, rest = 1 << 62, 0.0
        if self._pace is not None:
            rate = self._pace * run.experiment.updates_per_epoch
            start, first = self._pace_mark
            due = int(first + (now - start) * rate) - done
            if not 0 <= due <= rate / 4 + 1:  # it cannot keep up, or epochs are shorter now
                self._pace_mark, due = (now, done + 1), 1
            rest = max(0.0, start + (done + 1 - first) / rate - now) if due < 1 else 0.0
        try:
            if due >= 1:
                run.play(due, SLICE, self._until)
                workspace.version += 1
        except Exception as error:
            workspace.fail(error)
            rest = 0.0
        if workspace.failure or run.finished or run.stopped or run.paused or run.at_end_of(self._until):
            self.halt()
        now, done = time.perf_counter(), run.trainer.updates_done
        start, first = self._speed_mark
        if now - start > 0.5:
            self._speed, self._speed_mark = max(0.0, (done - first) / (now - start)), (now, done)
        return rest

    def _publish(self) -> None:
        """Hand the newest snapshot to those who wait for one."""
        version = self.workspace.version
        ready = [future for since, future in self._waiting if since != version]
        made, self._made = self._made, None
        if ready:
            self._waiting = [waiter for waiter in self._waiting if waiter[0] == version]
            current = made is not None and made.version == version
            snapshot = made if current else self._snapshot()
            for future in ready:
                _resolve(future, snapshot)

    def _do_slices(self, hurried: bool) -> None:
        """Go on for a while with work that takes long, taking turns; beside a run in a hurry only now and then."""
        begun = now = time.perf_counter()
        while self._in_slices and now - begun < SLICE and not (hurried and now - begun > self._aside):
            self._go_on(*self._in_slices.popleft())
            now = time.perf_counter()
        self._aside = min(self._aside - (now - begun), HEAD_START) if self._in_slices and hurried else HEAD_START

    def _save_due(self) -> float | None:
        """Seconds until the run is to be saved; None where there is nothing new to save."""
        if self._autosave is None or self.workspace.version == self._saved:
            return None
        return max(0.0, self._save_at - time.monotonic())

    def save(self) -> None:
        """Save what is new; a run that cannot be saved goes on with a warning."""
        workspace, warning = self.workspace, ""
        if self._autosave is None or workspace.version == self._saved:
            return
        self._save_at = time.monotonic() + self._save_every
        try:
            workspace.save(self._autosave)
            self._saved = workspace.version
        except RunFileError as error:
            warning = str(error)
        if warning != workspace.warning:
            workspace.warning = warning
            workspace.version += 1


@contextlib.contextmanager
def _rejecting(future: Future, fail: Callable[[Exception], str] | None = None) -> Iterator[None]:
    """Tell whoever waits why a request failed; the session goes on.

    Args:
        fail: what a fault of ours does to the run, with the sentence about it; None where the run is not touched.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, AdderError):
            what = tr("This cannot be found out ({kind}: {error}).", kind=type(error).__name__, error=error)
            error = RequestError(what if fail is None else fail(error))
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            future.set_exception(error)


def _resolve(future: Future, result: object) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_result(result)
