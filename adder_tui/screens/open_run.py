"""The screen that opens a saved run: those in the data folder, or a path that is typed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from adder_engine.errors import AdderError
from adder_tui.paths import autosave_path
from adder_tui.render.lines import Line, wrapped
from adder_tui.render.run_files import file_lines
from adder_tui.render.view import View
from adder_tui.run_files import ENDING, RunFile, run_files
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas
from adder_tui.widgets.fields import Field

if TYPE_CHECKING:
    from adder_tui.app import AdderApp


class _Title(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return [Line.of((" Open a run", "strong")).fit(width)]


class _Files(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, OpenRun)
        return screen.lines(view, width, height)

    def on_click(self, event: events.Click) -> None:
        screen = self.screen
        assert isinstance(screen, OpenRun)
        screen.choose(event.y - 1)


class OpenRun(Window[None]):
    """Choose with Up and Down, or type a path; Enter opens, Escape leaves. What cannot be read is refused."""

    DEFAULT_CSS = """
    OpenRun { background: $background; padding: 0 1; }
    OpenRun _Title { height: 1; margin-bottom: 1; }
    OpenRun Field { height: 1; background: $band; margin: 0 1 1 1; }
    OpenRun _Files { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
    ]
    AUTO_FOCUS = "Field"

    def __init__(self, app: AdderApp) -> None:
        super().__init__()
        self._app = app
        self._folder = app.settings.data_dir
        self._files: list[RunFile] = []
        self.at = 0
        self.reading = True
        """Whether there are files still to be read."""
        self.refused = ""

    def compose(self) -> ComposeResult:
        yield _Title(self._app.view)
        field = Field("", id="path")
        field.max_length = 400
        field.placeholder = "find one below, or type a path"
        yield field
        yield _Files(self._app.view)

    def on_mount(self) -> None:
        self.run_worker(self._read(), name="read")

    async def _read(self) -> None:
        """Read the files one by one, away from the screen's thread."""
        taken = self._app.seat
        own = None if taken is None else autosave_path(self._folder, taken.number)
        files = run_files(self._folder, own)
        while (file := await asyncio.to_thread(next, files, None)) is not None:
            self._files.append(file)
            self._redraw()
        self.reading = False
        self._redraw()

    def _redraw(self) -> None:
        if self.is_mounted and self.query(_Files):
            self.query_one(_Files).redraw()

    @property
    def _typed(self) -> str:
        return self.query_one(Field).value.strip()

    @property
    def files(self) -> list[RunFile]:
        """Those whose name or title holds what is typed; all where nothing is."""
        typed = self._typed.lower()
        return [file for file in self._files if typed in f"{file.path.name} {file.title}".lower()]

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """The list, and below it what there is to say."""
        glyphs, files = view.glyphs, self.files
        self.at = max(0, min(self.at, len(files) - 1))
        if self.refused:
            told = self.refused
        elif files:
            told = f"Runs in {self._folder}. The run in progress is kept: u goes back to it."
        elif self._typed:
            told = f"Enter opens {self._typed}."
        elif self.reading:
            told = "Reading…"
        else:
            told = f"No run is saved in {self._folder} yet: Ctrl+S saves one."
        said = [
            Line.of((f" {row}", "minus" if self.refused else "dim")) for row in wrapped(glyphs.text(told), width - 2)
        ]
        said = said[:3]
        keys = Line.of(" ", ("Enter", "key"), (" opens   ", "dim"), ("Esc", "key"), (" closes", "dim"))
        rows = height - len(said) - 1
        listed = file_lines(files, self.at, width, rows, glyphs) if files else []
        return [*listed, *[Line()] * (rows - len(listed)), *said, keys]

    @on(Input.Changed)
    def _changed(self) -> None:
        self.refused, self.at = "", 0
        self._redraw()

    def choose(self, row: int) -> None:
        """Choose the file in a row of the list."""
        if 0 <= row < len(self.files):
            self.at, self.refused = row, ""
            self._redraw()

    def action_move(self, by: int) -> None:
        """Choose another file."""
        self.at, self.refused = max(0, min(len(self.files) - 1, self.at + by)), ""
        self._redraw()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        """Open what is chosen, or typed."""
        files, typed = self.files, self._typed
        if files:
            path = files[self.at].path
        elif typed:
            path = self._meant(typed)
        else:
            return
        self.run_worker(self._open(path), name="open", exclusive=True)

    def _meant(self, typed: str) -> Path:
        """The file that is typed, in the data folder where it is no path."""
        path = Path(typed)
        if typed.startswith("~"):
            path = Path.home() / typed.removeprefix("~").lstrip("/")
        inside = self._folder / path
        with contextlib.suppress(OSError):  # such as a name that is too long: opening it tells so
            for found in (path, inside, inside.with_name(inside.name + ENDING)):
                if found.is_file():
                    return found
        return path

    async def _open(self, path: Path) -> None:
        try:
            await self._app.player.open(path)
        except AdderError as error:
            self.refused = str(error)
            self._redraw()
            return
        self.dismiss()
        self._app.say(f"{path.stem} is open. u goes back to the run before it.")
