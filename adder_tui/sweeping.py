"""A sweep beside its screen: it goes on while that is closed, and its runs are trained again in the app."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_tui.render.glyphs import UNICODE
from adder_tui.render.sweep import as_in_the_sweep, share, trains_again

if TYPE_CHECKING:
    from adder_engine.sums import Sum
    from adder_engine.sweep import SweepRun
    from adder_tui.app import AdderApp

EVERY = 0.5
"""Seconds between two looks at a sweep that is not in sight."""


def leave_running(app: AdderApp) -> None:
    """Say that the sweep goes on, and once it is done say that."""
    sweep = app.sweep
    if sweep is None or not sweep.running or sweep.stopped:
        return
    app.say("The sweep goes on training: S comes back to it.")

    def look() -> None:
        in_sight = len(app.screen_stack) > 1
        if app.sweep is not sweep or sweep.stopped or sweep.failure:
            timer.stop()
        elif not sweep.running and not in_sight:
            timer.stop()
            app.say("The sweep is done: S shows it.")

    timer = app.set_interval(EVERY, look)


def holds_back(app: AdderApp) -> bool:
    """Whether leaving would lose a sweep that nobody was told of yet; it is told now, and once only."""
    sweep = app.sweep
    if sweep is None or sweep is app.given_up or not sweep.running or sweep.stopped:
        return False
    app.given_up = sweep
    while len(app.screen_stack) > 1:  # what stands in front would hide the sentence
        app.pop_screen()
    done = math.floor(100 * share(sweep.state))
    app.say(f"The sweep is {done} % done and is not kept: q once more leaves, and loses it.")
    return True


async def train_again(app: AdderApp, run: SweepRun, sums: tuple[Sum, ...]) -> None:
    """Take the app to a run of a sweep: train it again here, with all of its past, as far as the sweep has come.

    Raises:
        AdderError: it cannot be trained here.
    """
    app.say(trains_again(run))
    ended = await app.player.train_again(run.experiment, None if run.stopped else run.epochs)
    if ended is not None:
        app.say(as_in_the_sweep(run, ended, sums, UNICODE))
