"""What a person did on a run's way, as marks for a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adder_engine.checkpoint import Handles
from adder_engine.experiment import Experiment
from adder_engine.layout import Layout, layout_of
from adder_engine.naming import difference_words
from adder_engine.snapshot import MOST_MARKS, Mark, Moment
from adder_engine.timeline import Change, Edit, Event, Hold


def marks_of(first: Experiment, events: Sequence[Event]) -> tuple[Mark, ...]:
    """The marks of a timeline, the newest :data:`MOST_MARKS`. Of changes of one thing at one place the last stays."""
    layout = layout_of(first.network.layers, first.layer_names)
    marks: list[Mark] = []
    about: list[object] = []
    clock = _Clock(first)
    experiment, held = first, Handles()
    for event in events:
        epoch = clock.epoch_at(event.at)
        deed = event.deed
        if isinstance(deed, Edit):
            subject: object = deed.index
            text = f"{layout.name_of(deed.index)} = {deed.value:.4g}"
        elif isinstance(deed, Change):
            changed = experiment.differences(deed.experiment)
            subject, text = frozenset(changed), ", ".join(difference_words(experiment, deed.experiment))
            experiment = clock.experiment = deed.experiment
        else:
            subject, text = Hold, _held_words(layout, first.layer_names, held, deed.handles)
            held = deed.handles
        if marks and marks[-1].epoch == epoch and about[-1] == subject and subject is not Hold:
            marks.pop()
            about.pop()
        marks.append(Mark(epoch, text))
        about.append(subject)
    return tuple(marks[-MOST_MARKS:])


class _Clock:
    """Turns moments, in order, into epochs; the batch size may change on the way."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._update = self._epochs = self._row = 0

    def epoch_at(self, moment: Moment) -> float:
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


def _held_words(layout: Layout, layers: Sequence[str], old: Handles, new: Handles) -> str:
    neurons = {place: f"{layers[place[0]]}[{place[1]}]" for place in old.silenced | new.silenced}
    parts = [
        _list((layout.name_of(i) for i in sorted(new.frozen - old.frozen)), "frozen"),
        _list((layout.name_of(i) for i in sorted(old.frozen - new.frozen)), "free"),
        _list((neurons[n] for n in sorted(new.silenced - old.silenced)), "silent"),
        _list((neurons[n] for n in sorted(old.silenced - new.silenced)), "awake"),
    ]
    return ", ".join(filter(None, parts)) or "nothing new is held"


def _list(names: Iterable[str], what: str) -> str:
    named = list(names)
    return f"{named[0] if len(named) == 1 else len(named)} {what}" if named else ""
