"""The dialog that saves the run under a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from adder_engine.errors import AdderError
from adder_engine.naming import title_of
from adder_tui.paths import make_data_dir
from adder_tui.render.lines import Line, wrapped
from adder_tui.render.view import View
from adder_tui.run_files import free_name, path_of
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas
from adder_tui.widgets.fields import Field

if TYPE_CHECKING:
    from adder_tui.app import AdderApp


class _Words(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        dialog = self.screen
        assert isinstance(dialog, SaveRun)
        if self.id == "title":
            return [Line.of(("Save the run", "strong"), ("  with its past, its marks and the list of runs", "dim"))]
        rows = wrapped(view.glyphs.text(dialog.sentence), width)
        return [Line.of((row, "minus" if dialog.refused else "dim")) for row in rows]


class SaveRun(Window[None]):
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

    def __init__(self, app: AdderApp) -> None:
        super().__init__()
        self._app = app
        self._folder = app.settings.data_dir
        self.refused = ""
        self._over: Path | None = None
        """The file that another Enter writes over."""

    @property
    def sentence(self) -> str:
        """What stands below the field."""
        return self.refused or f"Enter saves it in {self._folder}, Esc leaves. A whole path will do too."

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _Words(self._app.view, id="title")
            field = Field(free_name(self._folder, title_of(self._app.experiment)), id="name")
            field.max_length = 400
            yield field
            yield _Words(self._app.view, id="sentence")

    def on_mount(self) -> None:
        self.query_one(Field).select_all()

    @on(Field.Changed)
    def _typed(self) -> None:
        self._over = None
        self._say("")

    def _say(self, sentence: str) -> None:
        self.refused = sentence
        self.query_one("#sentence", _Words).redraw()

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
            await self._app.player.save(path)
        except AdderError as error:
            self._say(str(error))
            return
        except OSError as error:
            self._say(f"The run could not be saved: {error.strerror or error}.")
            return
        self.dismiss()
        self._app.say(f"The run is saved as {path}: O opens it, and so does adder-tui --open.")
