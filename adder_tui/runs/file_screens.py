"""The screen that opens a saved run, and the dialog that saves one under a name."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from adder_engine.errors import AdderError
from adder_engine.runs.labels import title_of
from adder_tui.runs.draw import file_lines
from adder_tui.storage.run_files import ENDING, RunFile, autosave_path, free_name, make_data_dir, path_of, run_files
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.dialogs import Modal, said_lines
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


class OpenRun(Modal[None]):
    """Choose with Up and Down, or type a path; Enter opens, Escape leaves. What cannot be read is refused."""

    DEFAULT_CSS = """
    OpenRun { background: $background; padding: 0 1; }
    OpenRun #heading { height: 1; margin-bottom: 1; }
    OpenRun Field { height: 1; background: $band; margin: 0 1 1 1; }
    OpenRun #files { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
    ]
    AUTO_FOCUS = "Field"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._folder = services.settings.data_dir
        self._files: list[RunFile] = []
        self.at = 0
        self.reading = True
        """Whether there are files still to be read."""
        self.refused = ""

    def compose(self) -> ComposeResult:
        yield heading(self._services.view, (" Open a run", "strong"))
        field = Field("", id="path")
        field.max_length = 400
        field.placeholder = "find one below, or type a path"
        yield field
        yield Drawing(self._services.view, self.lines, lambda row: self.choose(row - 1), id="files")

    def on_mount(self) -> None:
        self.run_worker(self._read(), name="read")

    async def _read(self) -> None:
        """Read the files one by one, away from the screen's thread."""
        taken = self._services.instance_lock
        own = None if taken is None else autosave_path(self._folder, taken.number)
        files = run_files(self._folder, own)
        while (file := await asyncio.to_thread(next, files, None)) is not None:
            self._files.append(file)
            self._redraw()
        self.reading = False
        self._redraw()

    def _redraw(self) -> None:
        for files in self.query("#files").results(Drawing):
            files.redraw()

    @property
    def _typed(self) -> str:
        return self.query_one(Field).value.strip()

    @property
    def files(self) -> list[RunFile]:
        """Those whose name or title holds what is typed; all where nothing is."""
        typed = self._typed.lower()
        return [file for file in self._files if typed in f"{file.path.name} {file.title}".lower()]

    def lines(self, view: ViewState, width: int, height: int) -> list[Line]:
        """The list, and below it what there is to say."""
        glyphs, files = view.glyphs, self.files
        self.at = max(0, min(self.at, len(files) - 1))
        if self.refused:
            phrase = self.refused
        elif files:
            phrase = f"Runs in {self._folder}. The run in progress is kept: u goes back to it."
        elif self._typed:
            phrase = f"Enter opens {self._typed}."
        elif self.reading:
            phrase = "Reading…"
        else:
            phrase = f"No run is saved in {self._folder} yet: Ctrl+S saves one."
        said = [
            Line.of((f" {row}", "minus" if self.refused else "dim")) for row in wrapped(glyphs.text(phrase), width - 2)
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
        if 0 <= row < len(self.files):
            self.at, self.refused = row, ""
            self._redraw()

    def action_move(self, by: int) -> None:
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
            await self._services.controller.open(path)
        except AdderError as error:
            self.refused = str(error)
            self._redraw()
            return
        self.dismiss()
        self._services.say(f"{path.stem} is open. u goes back to the run before it.")


class SaveRun(Modal[None]):
    """Type a name, Enter saves, Escape leaves. A file that is there is written over only when Enter comes again."""

    DEFAULT_CSS = """
    SaveRun { align: center middle; background: transparent; }
    SaveRun > Vertical { width: 68; max-width: 100%; height: auto; background: $raised; padding: 1 2; }
    SaveRun #title { height: 1; margin-bottom: 1; }
    SaveRun Field { height: 1; background: $band; }
    SaveRun #sentence { height: 3; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False)]
    AUTO_FOCUS = "Field"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._folder = services.settings.data_dir
        self.refused = ""
        self._over: Path | None = None
        """The file that another Enter writes over."""

    @property
    def sentence(self) -> str:
        """What stands below the field."""
        return self.refused or f"Enter saves it in {self._folder}, Esc leaves. A whole path will do too."

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield heading(self._services.view, ("Save the run", "strong"),
                          ("  with its past, its marks and the list of runs", "dim"), id="title")  # fmt: skip
            field = Field(free_name(self._folder, title_of(self._services.view().experiment)), id="name")
            field.max_length = 400
            yield field
            yield Drawing(self._services.view, lambda view, width, height: said_lines(view, self, width), id="sentence")

    def on_mount(self) -> None:
        self.query_one(Field).select_all()

    @on(Field.Changed)
    def _typed(self) -> None:
        self._over = None
        self._say("")

    def _say(self, sentence: str) -> None:
        self.refused = sentence
        self.query_one("#sentence", Drawing).redraw()

    @on(Field.Submitted)
    def _submitted(self) -> None:
        """Save; on a refusal what was typed stays."""
        self.run_worker(self._save(), name="save", exclusive=True)

    async def _save(self) -> None:
        try:
            path = path_of(self.query_one(Field).value, self._folder)
            if path.parent != self._folder and not path.parent.is_dir():
                self._say(f"The run could not be saved: there is no folder {path.parent}.")
                return
            if path.is_dir():
                self._say(f"{path} is a folder: type a name for the file.")
                return
            if path.exists() and path != self._over:
                self._over = path
                self._say(f"{path.name} is there already: Enter again writes over it, or type another name.")
                return
            if path.parent == self._folder:
                make_data_dir(self._folder)
            await self._services.controller.save(path)
        except AdderError as error:
            self._say(str(error))
            return
        except OSError as error:
            self._say(f"The run could not be saved: {error.strerror or error}.")
            return
        self.dismiss()
        self._services.say(f"The run is saved as {path}: O opens it, and so does adder-tui --open.")
