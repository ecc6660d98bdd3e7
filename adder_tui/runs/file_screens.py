"""The screen that opens a saved run, and the dialog that saves one under a name."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from adder_engine.errors import AdderError, RequestError
from adder_engine.export.export import kind_of
from adder_engine.language import tr
from adder_engine.runs.labels import title_of
from adder_tui.runs.draw import file_lines
from adder_tui.storage.data_dir import expanded, make_data_dir
from adder_tui.storage.run_files import ENDING, RunFile, autosave_path, free_name, path_of, run_files
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.dialogs import FieldDialog
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import ListWindow, keys_line, said_lines
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services

Written = TypeVar("Written")
LONGEST_PATH = 400
MOST_SAID = 6
"""Rows of a sentence: what a file of weights lacks is told with what would do."""


class OpenRun(ListWindow[None]):
    """Choose with Up and Down, or type a path; Enter opens, Escape leaves. What cannot be read is refused."""

    DEFAULT_CSS = """
    OpenRun { padding: 0 1; }
    OpenRun #heading { height: 1; margin-bottom: 1; }
    OpenRun Field { height: 1; background: $band; margin: 0 1 1 1; }
    OpenRun #files { height: 1fr; }
    """
    window = "open"
    AUTO_FOCUS = "Field"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._folder = services.settings.data_dir
        self._files: list[RunFile] = []
        self.opening = ""
        """The file that is being opened: a .pt takes PyTorch some seconds."""
        self.reading = True
        """Whether there are files still to be read."""
        self.field = Field("", id="path")
        self.field.max_length = LONGEST_PATH
        self.field.placeholder = tr("find one below, or type a path")

    def compose(self) -> ComposeResult:
        yield heading(self._services.view, (tr(" Open a run"), "strong"))
        yield self.field
        yield Drawing(self._services.view, self.lines, lambda line: self.choose(line - 1), id="files")

    def on_mount(self) -> None:
        self.run_worker(self._read(), name="read")

    async def _read(self) -> None:
        """Read the files one by one, away from the screen's thread."""
        taken = self._services.instance_lock
        own = None if taken is None else autosave_path(self._folder, taken.number)
        files = run_files(self._folder, own)
        try:
            while (file := await asyncio.to_thread(next, files, None)) is not None:
                self._files.append(file)
                self.redraw()
        except AdderError as error:
            self.said = str(error)
        self.reading = False
        self.redraw()

    @property
    def _typed(self) -> str:
        return self.field.value.strip()

    @property
    def files(self) -> list[RunFile]:
        """Those whose name or title holds what is typed; all where nothing is."""
        typed = self._typed.lower()
        return [file for file in self._files if typed in f"{file.path.name} {file.title}".lower()]

    @property
    def count(self) -> int:
        return len(self.files)

    def lines(self, view: ViewState, width: int, height: int) -> list[Line]:
        """The list, and below it what there is to say."""
        glyphs, files = view.glyphs, self.files
        self.at = max(0, min(self.at, len(files) - 1))
        if self.said:
            hint = self.said
        elif self.opening:
            hint = tr("Reading {path}…", path=self.opening)
        elif files:
            hint = tr("Runs in {folder}. The run in progress is kept: u goes back to it.", folder=self._folder)
        elif self._typed:
            hint = tr("Enter opens {path}. Weights (.pt, .safetensors, .npz, .json) start a new run.", path=self._typed)
        elif self.reading:
            hint = tr("Reading…")
        else:
            hint = tr("No run is saved in {folder} yet: Ctrl+S saves one.", folder=self._folder)
        said = said_lines(hint, width, "minus" if self.said else "dim", glyphs)[:MOST_SAID]
        keys = keys_line(((tr("Enter"), tr("opens")), (tr("Esc"), tr("closes"))), gap="   ")
        rows = height - len(said) - 1
        self.in_sight = max(1, rows - 1)
        listed = file_lines(files, self.at, width, rows, glyphs) if files else []
        return [*listed, *[Line()] * (rows - len(listed)), *said, keys]

    @on(Input.Changed)
    def _changed(self) -> None:
        self.go(0)

    def action_open_file(self) -> None:
        """Open what is chosen, or typed."""
        if not self.files and not self._typed:
            return
        try:
            path = self.files[self.at].path if self.files else self._meant(self._typed)
        except AdderError as error:
            self.say(str(error))
        else:
            self.close_after(self._open(path))

    def _meant(self, typed: str) -> Path:
        """The file that is typed, in the data folder where it is no path.

        Raises:
            AdderError: nobody's home folder is meant.
        """
        path = expanded(typed)
        inside = self._folder / path
        return next(
            (found for found in (path, inside, Path(f"{inside}{ENDING}")) if os.path.isfile(found)),
            path,  # opening it tells why
        )

    async def _open(self, path: Path) -> None:
        self.opening = path.name
        self.say("")
        try:
            said = await self._services.controller.open(path)
        finally:
            self.opening = ""
        self.dismiss()
        self._services.say(tr("{opened} u goes back to the run before it.", opened=said))


class FileDialog(FieldDialog):
    """A file's name or path. A file that is there is written over only when Enter comes again."""

    DEFAULT_CSS = """
    FileDialog > Vertical { width: 68; }
    FileDialog #title { margin-bottom: 1; }
    FileDialog #answer { height: 3; }
    """

    def __init__(self, services: Services, title: str, about: str, typed: str, hint: str) -> None:
        self._services = services
        self._folder = services.settings.data_dir
        self._over: Path | None = None
        """The file that another Enter writes over."""
        super().__init__(services.view, ((title, "strong"), (f"  {about}", "dim")), typed, hint)
        self.field.max_length = LONGEST_PATH

    @on(Field.Changed)
    def _typed_anew(self) -> None:
        self._over = None

    async def write(self, path: Path, failed: str, written: Callable[[], Awaitable[Written]]) -> Written:
        """Have the file written where there is a folder for it, and nothing is written over without a word.

        Args:
            failed: how the sentence begins where that is not so.
            written: writes it.

        Raises:
            RequestError: there is no such folder, it is one, a file is there and was not told of yet, or it failed.
        """
        if path.parent != self._folder and not os.path.isdir(path.parent):
            raise RequestError(tr("{failed}: there is no folder {folder}.", failed=failed, folder=path.parent))
        if os.path.isdir(path):
            raise RequestError(tr("{path} is a folder: type a name for the file.", path=path))
        if os.path.lexists(path) and path != self._over:
            self._over = path
            there = tr("{name} is there already: Enter again writes over it, or type another name.", name=path.name)
            raise RequestError(there)
        try:
            if path.parent == self._folder:
                make_data_dir(self._folder)
            return await written()
        except OSError as error:
            raise RequestError(tr("{failed}: {why}.", failed=failed, why=error.strerror or error)) from None


class SaveRun(FileDialog):
    """The run's name."""

    def __init__(self, services: Services) -> None:
        folder = services.settings.data_dir
        super().__init__(
            services, tr("Save the run"), tr("with its past, its marks and the list of runs"),
            free_name(folder, title_of(services.view().experiment)),
            tr("Enter saves it in {folder}, Esc leaves. A whole path will do too.", folder=folder),
        )  # fmt: skip

    async def take(self, typed: str) -> None:
        path = path_of(typed, self._folder)
        send = self._services.controller.send
        failed = tr("The run could not be saved")
        await self.write(path, failed, lambda: send(lambda session: session.save(path)))
        self.dismiss()
        self._services.say(tr("The run is saved as {path}: O opens it, and so does adder-tui --open.", path=path))


class ExportRun(FileDialog):
    """The path of a file whose ending says what is written of the run: what ``adder-tui export`` offers."""

    def __init__(self, services: Services) -> None:
        name = free_name(services.settings.data_dir, title_of(services.view().experiment))
        kinds = tr(
            "It ends in .py (a PyTorch script), .ipynb, .pt (weights), .csv (losses), .svg (their chart) or .toml "
            "(the experiment). A name goes into the data folder, a path where it says."
        )
        super().__init__(services, tr("Export the run"), tr("to a file for elsewhere"), f"{name}.py", kinds)

    async def take(self, typed: str) -> None:
        text = typed.strip()
        if not text or not text.isprintable():
            raise RequestError(tr("Type a name such as my-run.py, or a whole path."))
        path = self._folder / expanded(text)
        kind_of(path)
        controller, title = self._services.controller, title_of(self._services.view().experiment)
        left_out = await self.write(
            path, tr("The run could not be exported"), lambda: controller.export(path, title)
        )  # fmt: skip
        self.dismiss()
        self._services.say(tr("{path} is written. {left_out}", path=path, left_out=left_out).rstrip())
