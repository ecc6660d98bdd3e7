"""The runs that were left: a bounded list, each with what it takes to go on with it; and what was done to one, as
marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.parameters import ParameterLayout
from adder_engine.presets import PRESETS
from adder_engine.runs.labels import MOST_WORDS, difference_words, name_of, note_of, title_of
from adder_engine.runs.timeline import ChangeSettings, Event, SetConstraints, SetParameter, SuspendedRun
from adder_engine.snapshot import MOST_MARKS, MOST_RUNS, Annotation, Position, RunSummary
from adder_engine.training.checkpoint import Constraints

BUDGET = 4 * 2**20
"""Bytes that the keyframes of one run in the list may take; the way between them is replayed."""

MOST_STRUCK = 5
"""Runs that were struck off and can be brought back."""


def marks_of(first: Experiment, events: Sequence[Event]) -> tuple[Annotation, ...]:
    """The marks of a timeline, the newest :data:`MOST_MARKS`. Of changes of one thing at one place the last stays."""
    layout = first.layout
    marks: list[Annotation] = []
    about: list[object] = []
    clock = _Clock(first)
    experiment, held = first, Constraints()
    for event in events:
        epoch = clock.epoch_at(event.at)
        intervention = event.intervention
        if isinstance(intervention, SetParameter):
            subject: object = intervention.index
            text = f"{layout.name_of(intervention.index)} = {intervention.value:.4g}"
        elif isinstance(intervention, ChangeSettings):
            changed = experiment.differences(intervention.experiment)
            subject, text = frozenset(changed), ", ".join(difference_words(experiment, intervention.experiment))
            experiment = clock.experiment = intervention.experiment
        else:
            subject, text = SetConstraints, _held_words(layout, first.layer_names, held, intervention.constraints)
            held = intervention.constraints
        if marks and marks[-1].epoch == epoch and about[-1] == subject and subject is not SetConstraints:
            marks.pop()
            about.pop()
        marks.append(Annotation(epoch, text))
        about.append(subject)
    return tuple(marks[-MOST_MARKS:])


class _Clock:
    """Turns moments, in order, into epochs; the batch size may change on the way."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._update = self._epochs = self._row = 0

    def epoch_at(self, moment: Position) -> float:
        rows = self.experiment.row_count
        size = self.experiment.training.batch_size or rows
        updates = moment.update - self._update
        left = -(-(rows - self._row) // size)
        """Updates to the end of the epoch in progress."""
        if updates < left:
            self._row += updates * size
        else:
            epochs, updates = divmod(updates - left, -(-rows // size))
            self._epochs, self._row = self._epochs + 1 + epochs, updates * size
        self._update = moment.update
        return self._epochs + self._row / rows


def _held_words(layout: ParameterLayout, layers: Sequence[str], old: Constraints, new: Constraints) -> str:
    neurons = {place: f"{layers[place[0]]}[{place[1]}]" for place in old.muted | new.muted}
    parts = [
        _list((layout.name_of(i) for i in sorted(new.frozen - old.frozen)), tr("frozen")),
        _list((layout.name_of(i) for i in sorted(old.frozen - new.frozen)), tr("free")),
        _list((neurons[n] for n in sorted(new.muted - old.muted)), tr("silent")),
        _list((neurons[n] for n in sorted(old.muted - new.muted)), tr("awake")),
    ]
    return ", ".join(filter(None, parts)) or tr("nothing new is held")


def _list(names: Iterable[str], what: str) -> str:
    named = list(names)
    return f"{named[0] if len(named) == 1 else len(named)} {what}" if named else ""


@dataclass(frozen=True)
class RunLineage:
    """Who a run is among the runs of a session."""

    base: Experiment
    """The settings that its name is told beside."""
    parent: int | None = None
    branched_at: float | None = None
    """The epoch up to which it is the same as its parent."""


@dataclass
class RunList:
    """The list of runs that were left, and the numbers of all runs of a session."""

    runs: tuple[RunSummary, ...] = ()
    """Oldest first; the same tuple until it changes."""
    _left: dict[int, SuspendedRun] = field(default_factory=dict)
    _lines: dict[int, RunLineage] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    """What a person wrote about a run, by its number."""
    _newest: int = 0
    _struck: list[tuple[int, RunSummary, SuspendedRun]] = field(default_factory=list)
    """What was taken off the list by hand, with its place; the last one comes back first."""

    # --- numbers ---------------------------------------------------------------------------------

    def begin(self, experiment: Experiment, parent: int | None = None) -> int:
        """The number of a new run; it is told beside its parent's base as long as little differs."""
        base = self._lines[parent].base if parent is not None else experiment
        return self._number(RunLineage(_base(base, experiment), parent))

    def branch(self, parent: int, epoch: float) -> int:
        """The number of a run that is the same as its parent up to an epoch."""
        return self._number(RunLineage(self._lines[parent].base, parent, epoch))

    def again(self, run: int) -> int:
        """The number of a run that goes back to where this one came from."""
        return self._number(self._lines[run])

    def _number(self, line: RunLineage) -> int:
        self._newest += 1
        self._lines[self._newest] = line
        return self._newest

    def line(self, run: int) -> RunLineage:
        return self._lines[run]

    def name(self, run: int, first: Experiment, marks: Sequence[Annotation]) -> str:
        """What differs, in words; ``first`` is how the run began."""
        return name_of(self._lines[run].base, first, marks)

    # --- the list --------------------------------------------------------------------------------

    def add(self, left: SuspendedRun, summarize: Callable[[], RunSummary]) -> None:
        """Keep a run that is being left; ``left`` is the list's own from now on.

        A run that only repeats one in the list (the same beginning, the same deeds) is kept once, where it came
        further.
        """
        pinned, note = False, self.notes.get(left.line, "")
        for run in self.runs:
            other = self._left[run.id]
            if other.first_experiment == left.first_experiment and other.timeline.events == left.timeline.events:
                if run.id != left.line and other.newest >= left.newest:
                    self.note(run.id, run.note or note)
                    return
                note = note or run.note
                pinned = pinned or run.pinned
                self.remove(run.id)
        left.timeline.shrink(BUDGET)
        self._left[left.line] = left
        self.notes[left.line] = note
        self._set([*self.runs, replace(summarize(), pinned=pinned, note=note)])

    def join(self, experiment: Experiment, parent: int | None, branched_at: float | None) -> int:
        """The number of a run that comes from elsewhere, told beside the list's first run where little differs."""
        base = self._lines[self.runs[0].id].base if self.runs else experiment
        return self._number(RunLineage(_base(base, experiment), parent, branched_at))

    def adopt(self, runs: Iterable[tuple[RunSummary, SuspendedRun]]) -> dict[int, int]:
        """Take over runs from elsewhere, giving them new numbers: ``{old: new}``."""
        numbers: dict[int, int] = {}
        for run, left in runs:
            parent = numbers.get(run.parent) if run.parent is not None else None
            number = numbers[run.id] = self.join(left.first_experiment, parent, run.branched_at)
            left.line = number
            self._left[number] = left
            self.notes[number] = run.note
            self._set([*self.runs, replace(run, id=number, parent=parent)])
        return numbers

    def find(self, run: int) -> SuspendedRun:
        """What it takes to go on with a run. Raises RequestError: no such run in the list."""
        if run not in self._left:
            raise RequestError("There is no run {run} in the list: it may have made room for newer ones.", run=run)
        return self._left[run]

    def kept(self) -> list[tuple[RunSummary, SuspendedRun]]:
        return [(run, self._left[run.id]) for run in self.runs]

    def remove(self, run: int) -> None:
        """Take a run off the list, if it is there."""
        if self._left.pop(run, None) is not None:
            self._set([other for other in self.runs if other.id != run])

    def forget(self, run: int) -> None:
        """Take a run off the list; :meth:`bring_back` puts it there again.

        Raises:
            RequestError: no such run in the list.
        """
        left = self.find(run)
        place = next(i for i, other in enumerate(self.runs) if other.id == run)
        self._struck = [*self._struck, (place, self.runs[place], left)][-MOST_STRUCK:]
        self.remove(run)

    def bring_back(self) -> None:
        """Put the run that was taken off last where it was in the list.

        Raises:
            RequestError: none was taken off, or all are back.
        """
        while self._struck:
            place, run, left = self._struck.pop()
            if run.id not in self._left:  # it may have been left once more since
                self._left[run.id] = left
                place = max(place, len(self.runs) == MOST_RUNS)  # where the list is full the oldest goes, not this one
                self._set([*self.runs[:place], run, *self.runs[place:]])
                return
        raise RequestError("No run was struck off that could be brought back.")

    def pin(self, run: int, pinned: bool) -> None:
        """Keep a run when the list is full, or no longer. Raises RequestError: no such run in the list."""
        self.find(run)
        self._set([replace(other, pinned=pinned) if other.id == run else other for other in self.runs])

    def note(self, run: int, text: str) -> None:
        """Write a note on a run, in the list or in progress; an empty one takes it away.

        Raises:
            RequestError: there was no such run in this session.
        """
        if run not in self._lines:
            raise RequestError("There is no run {run} to write a note on.", run=run)
        note = self.notes[run] = note_of(text)
        self._set([replace(other, note=note) if other.id == run else other for other in self.runs])

    def _set(self, runs: list[RunSummary]) -> None:
        while len(runs) > MOST_RUNS:
            oldest = next((run for run in runs if not run.pinned), runs[0])
            runs.remove(oldest)
            del self._left[oldest.id]
        self.runs = tuple(runs)


def _base(base: Experiment, experiment: Experiment) -> Experiment:
    """What a run is told beside: the base, or itself where it is a preset or differs in too many words."""
    differs = len(difference_words(base, experiment)) > MOST_WORDS
    return experiment if differs or title_of(experiment) in PRESETS else base
