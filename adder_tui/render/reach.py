"""How far the ladder has got in an update, as drawings need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.snapshot import Rung

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot


@dataclass(frozen=True)
class Reach:
    """What of an update is there already."""

    rung: Rung | None
    """The rung climbed last; None before the first update."""
    between: bool
    """Whether it stands between two updates, with nothing half done."""
    columns: int
    """Columns of neurons whose values are there; the inputs are the first."""
    errors: int
    """The first layer whose error is there; the number of layers where none is."""

    def lit(self, layer: int) -> bool:
        """Whether the phase is at work in this layer."""
        if self.rung is None:
            return False
        return self.rung.phase == "step" or self.rung.layer == layer

    def has_error(self, layer: int) -> bool:
        """Whether the error has come back to this layer, or nothing is half done and all may be told."""
        return self.between or layer >= self.errors


def reach_of(snapshot: Snapshot | None, layers: int) -> Reach:
    """Where the ladder stands in a network of so many layers of weights."""
    if snapshot is None:
        return Reach(None, True, 1, layers)
    rung = snapshot.rung
    if not snapshot.moment.rung or rung is None:
        return Reach(rung, True, layers + 1, layers)
    if rung.phase == "backward" and rung.layer is not None:
        return Reach(rung, False, layers + 1, rung.layer)
    if rung.phase == "forward" and rung.layer is not None:
        return Reach(rung, False, rung.layer + 2, layers)
    return Reach(rung, False, 1 if rung.phase == "zero_grad" else layers + 1, layers)
