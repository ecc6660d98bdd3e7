"""A session written down as an asciicast, version 2: https://docs.asciinema.org/manual/asciicast/v2/."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from adder_engine.errors import AdderError
from adder_engine.language import tr

if TYPE_CHECKING:
    from textual.driver import Driver


class Cast:
    """The file: a header, and a line for each time that the app writes, readable as far as it came.

    Args:
        path: of a file that is not there yet.

    Raises:
        AdderError: it cannot be written, or is there already.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = ""
        """Why it ends before the session does; empty where it does not."""
        self._size = width, height = shutil.get_terminal_size()
        header = {"version": 2, "width": width, "height": height, "timestamp": int(time.time()), "title": "adder-tui"}
        try:
            self._file: IO[str] = path.open("x", encoding="utf-8", errors="replace")
            self._began = time.monotonic()
            self._put(header | {"env": {"TERM": os.environ.get("TERM", "")}})
        except FileExistsError:
            raise AdderError(
                "{path} is there already: name another file with --record, or remove it.", path=path
            ) from None
        except (OSError, ValueError) as error:
            raise AdderError(
                "The recording {path} cannot be written ({why}): name another file with --record.",
                path=path,
                why=error.strerror if isinstance(error, OSError) else error,
            ) from None

    def output(self, data: str) -> None:
        """Add what was written to the terminal, and before it the terminal's size where that has changed.

        A disk that takes no more ends the recording, not the session.
        """
        if self.fault:
            return
        try:
            if (size := shutil.get_terminal_size()) != self._size:
                self._size = size
                self._event("r", f"{size.columns}x{size.lines}")
            self._event("o", data.replace("\n", "\r\n"))  # as the terminal gets it through its line settings
        except OSError as error:
            self.fault = tr(
                "The recording {path} ends early ({why}): the session went on without it.",
                path=self.path,
                why=error.strerror,
            )

    def _event(self, kind: str, data: str) -> None:
        self._put([round(time.monotonic() - self._began, 6), kind, data])

    def _put(self, line: object) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def teed(self, driver: type[Driver]) -> type[Driver]:
        """The same kind of driver, which writes here too."""

        def write(this: Any, data: str) -> None:
            self.output(data)
            driver.write(this, data)

        return cast("type[Driver]", type(driver.__name__, (driver,), {"write": write}))
