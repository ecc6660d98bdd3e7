"""The update in progress, run again from its start on a copy, so that all of it can be looked at before it is done."""

from __future__ import annotations

import dataclasses

from adder_engine.errors import RequestError
from adder_engine.playback import Playback
from adder_engine.proof import prove
from adder_engine.snapshot import Moment, Proof
from adder_engine.trace import Trace, trace_row
from adder_engine.trainer import Trainer


def prove_from_start(run: Playback) -> Proof:
    """The update in progress beside autograd and ``torch.optim``, from the state at its start."""
    trainer, left_out = _at_start(run)
    return dataclasses.replace(prove(trainer), begun=True, left_out=left_out)


def row_from_start(run: Playback, row: int) -> Trace:
    """One row's whole way through the update in progress, from the state at its start.

    Raises:
        RequestError: the row is not in the batch, or the loss would not be finite.
    """
    trainer, left_out = _at_start(run)
    while not trainer.stopped and not (trainer.rung and trainer.rungs[trainer.rung].phase == "step"):
        trainer.climb()
    if trainer.stopped:
        raise RequestError(f"The loss of update {run.moment.update + 1:,} is not finite: no row can be followed.")
    return dataclasses.replace(trace_row(trainer, row), ahead=True, left_out=left_out)


def _at_start(run: Playback) -> tuple[Trainer, int]:
    """A trainer at the start of the update in progress, and how many of a person's doings lie between there and now."""
    now, timeline = run.moment, run.timeline
    start = Moment(now.update, 0, timeline.edits_at(now.update, 0))
    looking = run.scout()
    looking.seek(start)
    return looking.trainer, timeline.next_event(now) - timeline.next_event(start)
