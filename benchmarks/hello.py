"""The rival for start, keys and memory: a Textual hello-world. ``--torch`` imports torch first."""

from __future__ import annotations

import sys

from textual.app import App, ComposeResult
from textual.widgets import Input, Static

if "--torch" in sys.argv:
    import torch  # noqa: F401


class Hello(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Hello, world!")
        if "--input" in sys.argv:
            yield Input()


if __name__ == "__main__":
    Hello().run()
