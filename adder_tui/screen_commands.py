"""What commands open: screens over the shell, each imported when it is first needed, the prompt, the last run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.ui.prompt import Prompt

if TYPE_CHECKING:
    from adder_tui.app import AdderApp


def edit_experiment(app: AdderApp) -> None:
    """The form that changes the experiment; in a lesson its controls."""
    if app.words and app.learn is not None and "lesson" in app.words.split():
        app.learn.lesson_view.edit_setting()
        return
    from adder_tui.experiment_form.screen import ExperimentForm

    app.push_screen(ExperimentForm(app.experiment, app.view, app.controller))


def show_data(app: AdderApp) -> None:
    """The pairs that are trained on and held out."""
    from adder_tui.data.screens import DataScreen

    app.push_screen(DataScreen(app.view, app.controller))


async def edit_value(app: AdderApp) -> None:
    """The line that a number's new value is typed into.

    Raises:
        RequestError: an input is chosen, which has no number of its own.
    """
    from adder_tui.network.value_dialogs import EditValue

    app.push_screen(EditValue(app.view, app.editor))


def switch_trace(app: AdderApp) -> None:
    """The trace in the diagram's place, or the diagram again."""
    if app.tab == "learn" and app.learn is not None:
        app.learn.lesson_view.switch_trace()
        return
    from adder_tui.network.tab import NetworkPane

    app.screen_stack[0].query_one(NetworkPane).switch_trace()


def show_help(app: AdderApp) -> None:
    """All keys that work now."""
    from adder_tui.help.screens import HelpScreen

    app.push_screen(HelpScreen(app.view, app.typing()))


def show_palette(app: AdderApp) -> None:
    """Find a command by typing."""
    from adder_tui.help.screens import Palette

    if len(app.screen_stack) == 1:
        app.push_screen(Palette(app.view))


def focus_prompt(app: AdderApp) -> None:
    """Put the cursor into the prompt."""
    app.query_one(Prompt).focus_field()


def show_runs(app: AdderApp) -> None:
    """The runs that were left."""
    from adder_tui.runs.screens import RunsScreen

    app.push_screen(RunsScreen(app))


def show_sweep(app: AdderApp) -> None:
    """One setting over several values."""
    from adder_tui.sweep.screen import SweepScreen

    app.push_screen(SweepScreen(app))


def save_run(app: AdderApp) -> None:
    """Ask for a name, and save the run."""
    from adder_tui.runs.file_screens import SaveRun

    if len(app.screen_stack) == 1:
        app.push_screen(SaveRun(app))


def open_run(app: AdderApp) -> None:
    """The runs in the data folder."""
    from adder_tui.runs.file_screens import OpenRun

    app.push_screen(OpenRun(app))


async def open_last_run(app: AdderApp) -> None:
    """Open the run that was kept from last time."""
    if app.last_run is None:
        app.say("There is no run kept from last time.")
        return
    await app.controller.open(app.last_run.path)
    app.last_run = None
    app.redraw()


async def leave(app: AdderApp) -> None:
    """Save the run and leave; a sweep that would be lost is told of first."""
    if app.sweep is not None:
        from adder_tui.sweep.screen import holds_back

        if holds_back(app):
            return
    await app.controller.close()
    app.call_later(app.exit)  # at once it would break in on a pane that is being mounted
