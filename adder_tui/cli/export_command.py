"""``adder-tui export``: a run as an experiment's file, a script, a notebook, weights, a table or a chart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_engine.export.export import UNTRAINED, ExportedRun, kind_of, left_out
from adder_engine.export.export import export as write
from adder_engine.language import tr
from adder_engine.presets import PRESETS
from adder_tui.cli.inputs import is_run_file, open_run, read_experiment
from adder_tui.cli.output import ProgressLine, complain, say
from adder_tui.storage.data_dir import expanded

if TYPE_CHECKING:
    from adder_engine import Experiment

SLICE = 0.1
"""Seconds of training between two drawings of the progress bar."""


def export(
    source: str, to: str, data: str | None, weights: str | None, assignments: Sequence[str], epochs: int | None
) -> int:
    """Write what a saved run, a preset or a file's experiment is to a file; the exit code.

    A preset or an experiment's file is trained first where the file tells of training; on the rows in the file
    ``data``, where that is given, and from the weights in the file ``weights``; with the keys that ``assignments`` set,
    and for so many epochs.

    Raises:
        AdderError: a source that cannot be read, or a file that cannot be written.
    """
    path = expanded(to)
    kind = kind_of(path)
    if path.is_dir():
        raise AdderError("{to} cannot be written: it is a folder.", to=path)
    if not path.parent.is_dir():
        raise AdderError("{to} cannot be written: {parent} is no folder.", to=path, parent=path.parent)
    stopped = None
    if is_run_file(source):
        for option, given in (("data", data), ("weights", weights)):
            if given is not None:
                raise AdderError("A saved run brings its own {option}: leave out --{option}.", option=option)
        if assignments or epochs is not None:
            option = "--set" if assignments else "--epochs"
            raise AdderError("A saved run is exported as it stands: leave out {option}.", option=option)
        exported = open_run(source).exported(Path(source).stem)
    else:
        experiment = read_experiment(source, assignments, data, complain, weights, epochs)
        title = f"{source}: {PRESETS[source].about}" if source in PRESETS else Path(source).stem
        title = title if data is None else Path(data).stem
        if kind in UNTRAINED:
            exported = ExportedRun(experiment, title)
        else:
            exported, stopped = _trained(experiment, title)
    write(exported, path)
    say(tr("{to} written. {note}", to=path, note=left_out(exported, kind)).rstrip())
    if stopped is not None:
        complain("{stopped} The file tells of the run up to there.", stopped=stopped)
        return 1
    return 0


def _trained(experiment: Experiment, title: str) -> tuple[ExportedRun, str | None]:
    """The experiment's run to its end, or to where one of its rules ends it; and why it stopped before that."""
    # Not at the top: the command line must come without torch.
    from adder_engine.runs.run import Run

    recording = Run(experiment)
    bar = ProgressLine(experiment.epochs)
    try:
        while not (recording.finished or recording.stop or recording.paused):
            recording.play(1 << 40, SLICE)
            bar.show(recording.trainer.epochs_done)
    finally:
        bar.clear()
    return recording.exported(title), recording.stop[1] if recording.stop else None
