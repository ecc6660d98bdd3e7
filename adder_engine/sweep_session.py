"""A sweep that goes on in a thread of its own while somebody looks at it. Needs no torch to be made."""

from __future__ import annotations

import os
import threading

from adder_engine.sweep import Sweep, SweepState

LOOKS = 200
"""How often the runs are looked at over the longest of them."""


class SweepSession:
    """Trains a sweep from the moment it is made; :attr:`state` is always the newest that there is.

    The thread never waits for whoever looks.

    Args:
        plan: what to train.
    """

    def __init__(self, plan: Sweep) -> None:
        self.plan = plan
        self.state: SweepState = plan.state
        """As far as it has come."""
        self.failure = ""
        """A fault of ours, in one sentence; empty where there was none."""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._main, name="sweep", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still trains."""
        return self._thread.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop before its end."""
        return self._enough.is_set() and not self.state.finished

    def stop(self, timeout: float = 0.0) -> bool:
        """Train no further than to the next look; waits up to ``timeout`` seconds. Returns whether it has ended."""
        self._enough.set()
        if timeout:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            import torch  # not on the caller's time

            torch.set_num_threads(1)
            longest = max(run.experiment.epochs for run in self.plan.state.runs)
            for state in self.plan.steps(max(1, longest // LOOKS)):
                self.state = state
                if self._enough.is_set():
                    return
        except Exception as error:
            self.failure = f"Something in the sweep went wrong ({type(error).__name__}: {error})."
