"""What the keys of the trace, of the proof and of the gradient check do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.storage.paths import make_data_dir
from adder_tui.ui.numbers import count

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.network.trace_view import TraceText

MOST_COPIED = 600
"""Lines that go to the clipboard; terminals refuse more than some 100 KiB."""
MOST_FILES = 1_000
"""Files of one name that are told apart by a number."""


def toggle_digits(app: AdderApp) -> None:
    """Show numbers with six digits, or with all that they have."""
    _trace(app).toggle_digits()


async def next_row(app: AdderApp) -> None:
    """Follow the next row of the batch; after the last one the current sum."""
    await _go(app, +1)


async def previous_row(app: AdderApp) -> None:
    """Follow the row before; before the first one the current sum."""
    await _go(app, -1)


async def _go(app: AdderApp, change: int) -> None:
    trace = _trace(app)
    rows = await (await app.controller.ready()).batch_rows()
    ahead = [row for row in rows[::change] if trace.row is None or (row - trace.row) * change > 0]
    trace.follow(ahead[0] if ahead else None)


def choose_row(app: AdderApp) -> None:
    """Type the number of a row."""
    from adder_tui.network.value_dialogs import RowNumber

    trace = _trace(app)

    def chosen(row: int | None) -> None:
        if row is not None:
            trace.follow(row)

    app.push_screen(RowNumber(app.view, trace.row), chosen)


def copy(app: AdderApp) -> None:
    """Copy the trace to the clipboard of the terminal that one sits at."""
    text = _trace(app).text(MOST_COPIED)
    if not text:
        app.say("There is nothing to copy yet.")
        return
    app.copy_to_clipboard(text)
    lines = count(text.count("\n"))
    app.say(f"Sent {lines} lines to your terminal's clipboard; if it does not allow that, w writes them.")


async def write(app: AdderApp) -> None:
    """Write the trace to a file in the data folder."""
    trace = _trace(app)
    text = trace.text()
    if not text:
        app.say("There is nothing to write yet.")
        return
    wanted = app.settings.data_dir / trace.name_of_file
    try:
        path = await asyncio.to_thread(write_text, wanted, text)
    except OSError as error:
        app.say(f"The trace could not be written to {wanted}: {error.strerror or error}.")
    else:
        app.say(f"The trace is in {path}.")


def write_text(path: Path, text: str) -> Path:
    """Write a file in one piece: to another one beside it, then renamed.

    Where there is such a file already it gets a number: ``trace-update-3-2.txt``.

    Returns:
        Where it is.

    Raises:
        OSError: it could not be written.
    """
    make_data_dir(path.parent)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=path.name, suffix=".part", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            for number in range(1, MOST_FILES):
                free = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
                with contextlib.suppress(FileExistsError):
                    os.close(os.open(free, os.O_CREAT | os.O_EXCL, 0o600))  # the name is ours from here on
                    os.replace(temporary, free)
                    return free
            raise FileExistsError(f"there are {count(MOST_FILES)} files of this name")
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


async def prove(app: AdderApp) -> None:
    """Run autograd and torch.optim from the same state, and show how far they and we lie apart."""
    from adder_tui.network.reference_check import ProofScreen

    screen = ProofScreen(app.view)
    app.push_screen(screen)
    session = await app.controller.ready()
    try:
        screen.show_proof(await session.prove())
    except AdderError as error:
        screen.show_refusal(str(error))


async def check_gradient(app: AdderApp) -> None:
    """Nudge the chosen parameter up and down, and compare the slope with its gradient."""
    from adder_tui.network.reference_check import GradientScreen
    from adder_tui.selection import focus_of

    view = app.view()
    index = focus_of(view.selection, view.experiment).parameter
    screen = GradientScreen(app.view)
    app.push_screen(screen)
    session = await app.controller.ready()
    try:
        screen.show_check(await session.check_gradient(index))
    except AdderError as error:
        screen.show_refusal(str(error))


def _trace(app: AdderApp) -> TraceText:
    """The trace, brought to the front."""
    from adder_tui.network.tab import NetworkPane
    from adder_tui.network.trace_view import TraceText

    pane = app.screen_stack[0].query_one(NetworkPane)
    if not pane.query(TraceText) or not pane.query_one(TraceText).display:
        pane.switch_trace()
    return pane.query_one(TraceText)
