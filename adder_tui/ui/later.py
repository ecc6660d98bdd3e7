"""Keys that came while what they are for was still on its way."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.app import App


def press_again(app: App[object], keys: Iterable[events.Key]) -> None:
    """Press keys that have waited, each with what it types."""
    for key in keys:
        app.post_message(events.Key(key.key, key.character))
