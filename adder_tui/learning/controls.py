"""The settings that a lesson leaves to the learner, and its stations."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_engine.experiment import key_named

if TYPE_CHECKING:
    from adder_tui.learning.classroom import Classroom


class Controls:
    """Changes the run of the lesson at hand."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    @property
    def chosen(self) -> str:
        """The control under the settings' cursor; empty where there is none."""
        sitting = self._room.sitting
        keys = sitting.lesson.controls if sitting is not None else ()
        return keys[min(sitting.rows.get("settings", 0), len(keys) - 1)] if sitting is not None and keys else ""

    def choose_next(self) -> None:
        """Put the settings' cursor where the next task wants another value, if it wants one."""
        sitting = self._room.sitting
        following = sitting.next_action if sitting is not None else None
        if sitting is not None and following is not None and following.verb in ("set", "change"):
            keys = [word.partition("=")[0] for word in following.words]
            at = next((i for i, key in enumerate(sitting.lesson.controls) if key in keys), None)
            if at is not None:
                sitting.rows["settings"] = at

    async def set(self, key: str, text: str) -> None:
        """Give a control another value: a new run, or the run at hand where the lesson changes it on the way.

        Raises:
            ExperimentError: a value that will not do.
        """
        sitting = self._room.sitting
        if sitting is None:
            return
        session = await self._room.ready()
        experiment = session.experiment.parsed(f"{key}={text}")
        in_place = any(
            action.verb == "change" and any(word.startswith(f"{key}=") for word in action.words)
            for action in sitting.lesson.solution
        )
        self._room.show(await (session.change(**{key: experiment[key]}) if in_place else session.load(experiment)))

    async def turn(self, change: int) -> None:
        """Choose the next word of the chosen control, where it is one that has words.

        Raises:
            ExperimentError: a value that will not do.
        """
        sitting, key = self._room.sitting, self.chosen
        if sitting is None or not key:
            return
        value = (await self._room.ready()).experiment[key]
        words = ("false", "true") if isinstance(value, bool) else getattr(key_named(key), "choices", ()) or ()
        if not words:
            return
        value = str(value).lower() if isinstance(value, bool) else str(value)
        await self.set(key, words[(words.index(value) + change) % len(words) if value in words else 0])

    async def next_station(self) -> None:
        """Load the next of the lesson's stations; after the last one the lesson's own run again."""
        sitting = self._room.sitting
        if sitting is None or not sitting.lesson.stations:
            return
        ids = ["", *(one.id for one in sitting.lesson.stations)]
        sitting.station = ids[(ids.index(sitting.station) + 1) % len(ids)]
        chosen = sitting.lesson.station_named(sitting.station)
        session = await self._room.ready()
        with contextlib.suppress(AdderError):
            self._room.show(await session.load(sitting.lesson.experiment if chosen is None else chosen.experiment))
