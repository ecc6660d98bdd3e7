"""The command line: ``adder-tui`` and its commands; without torch and textual."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from adder_engine import AdderError, __version__
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.presets import PRESETS
from adder_engine.rates import HIGH, LOW, UPDATES
from adder_tui.cli.inputs import (
    CLASS,
    DATA,
    EPOCHS,
    SET,
    WEIGHTS,
    TranslatedGroup,
    all_of,
    course_of,
    number,
    read_class_of,
    read_experiment,
    read_run,
    with_experiment,
)
from adder_tui.cli.output import complain, original_environment, say, why_ascii, why_no_app
from adder_tui.settings import CHARACTERS, THEMES, Settings, default_data_dir
from adder_tui.storage.data_dir import expanded, make_data_dir

DEFAULT_PRESET = "many-pairs"
"""What ``--set`` changes where no experiment is named."""
SLOWEST_FPS, FASTEST_FPS = 0.2, 30.0
LARGEST_NUMBER = 1_000
"""Columns, lines or redraws a second that the environment may ask for."""
HANDOVER = 0.001
"""Seconds after which the engine's thread hands the interpreter over. A key needs it three times, to be read, answered
and written, and Python's own 0.005 would add up."""

_ENVIRONMENT = {"TEXTUAL_FPS": "240", "TEXTUAL_ANIMATIONS": "none", "OMP_NUM_THREADS": "1"}
"""Defaults that are read when textual and torch are imported; what the user has set stays. What a key brings right
behind a picture of the training waits 1/240 s to be painted."""


class _Commands(TranslatedGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "lessons"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "lessons":
            from adder_tui.cli.lessons_command import lessons  # not at the top: the app need not wait for it

            return lessons
        return super().get_command(ctx, cmd_name)

    def unknown(self, name: str, commands: list[str]) -> str:
        return tr(
            "There is no command {name!r}: there are {commands}; --experiment opens the app on an experiment.",
            name=name,
            commands=f" {tr('and')} ".join(commands),
        )


def _frames(ctx: click.Context, param: click.Parameter, value: float) -> float:
    if not SLOWEST_FPS <= value <= FASTEST_FPS:
        limits = {"low": SLOWEST_FPS, "high": FASTEST_FPS}
        message = tr("{value:g} will not do: it takes {low:g} to {high:g} redraws a second.", value=value, **limits)
        raise click.BadParameter(message)
    return value


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--experiment", metavar="NAME|FILE.toml", help=tr("Open on this experiment: a preset's name or a file."))
@click.option("--open", "run", metavar="RUN", help=tr("Go on with a saved run."))
@DATA
@WEIGHTS
@SET
@click.option("--lesson", metavar="ID", help=tr("Open a lesson; adder-tui lessons lists them."))
@click.option("--course", metavar="FOLDER", help=tr("Play a course of your own."))
@CLASS
@click.option("--fps", default=4.0, show_default=True, callback=_frames, help=tr("Redraws a second while training."))
@click.option("--ascii", "ascii_asked", is_flag=True, help=tr("Draw with plain ASCII characters alone."))
@click.option(
    "--characters",
    type=click.Choice(CHARACTERS),
    help=tr("Draw with all characters, with blocks and lines but no braille, or with ASCII."),
)
@click.option("--no-mouse", is_flag=True, help=tr("Leave the mouse to the terminal."))
@click.option("--theme", type=click.Choice(THEMES), help=tr("Colours for a dark or a light background."))
@click.option("--data-dir", metavar="FOLDER", help=tr("Write everything here instead of the usual state folder."))
@click.option("--record", metavar="FILE.cast", help=tr("Write the session down as an asciicast, to be played again."))
@click.option(
    "--check", "check_only", is_flag=True, help=tr("Tell what the terminal, torch and the folders look like.")
)
@click.version_option(__version__, prog_name="adder-tui", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    experiment: str | None,
    run: str | None,
    data: str | None,
    weights: str | None,
    assignments: tuple[str, ...],
    lesson: str | None,
    course: str | None,
    class_file: str | None,
    fps: float,
    ascii_asked: bool,
    characters: str | None,
    no_mouse: bool,
    theme: str | None,
    data_dir: str | None,
    record: str | None,
    check_only: bool,
) -> int:
    """Watch a network of 37 numbers learn to add: look at every number, step, and change them."""
    if ctx.invoked_subcommand is not None:
        for option in ctx.command.params:
            if option.name and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
                raise AdderError(
                    "{option} before {command} belongs to the app: leave it out, or see adder-tui {command} --help.",
                    option=option.opts[0],
                    command=ctx.invoked_subcommand,
                )
        return 0
    if ascii_asked and characters not in (None, "ascii"):
        raise AdderError(
            "--ascii and --characters {characters} ask for different things: use one of them.", characters=characters
        )
    taught = read_class_of(class_file)
    if taught is not None:  # what a learner asks for counts: a terminal may need it
        characters, theme = characters or ("ascii" if ascii_asked else taught.characters), theme or taught.theme
    ascii_asked = ascii_asked or characters == "ascii"
    if not (data_dir or os.environ.get("HOME", "~") or os.environ.get("XDG_STATE_HOME")):
        raise AdderError("HOME is empty, so there is no usual folder to keep things in: --data-dir names one.")
    folder = expanded(data_dir).absolute() if data_dir else default_data_dir()
    choose = partial(_chosen, experiment, run, data, weights, assignments)
    if check_only:
        from adder_tui.cli.doctor import check, tell_of_data

        return check(folder, ascii_asked, characters == "blocks", taught, partial(choose, tell_of_data))
    notices: list[str] = []
    chosen = choose(notices.append)
    own_course = course_of(course, taught)
    if lesson is not None or course is not None:
        from adder_tui.cli.lessons_command import find_lesson

        lesson = find_lesson(own_course, lesson) or None
    environ = original_environment()
    return start_app(
        Settings(
            lesson=lesson or "",
            course=own_course,
            assigned=taught.assigned if taught is not None else (),
            pace=taught.pace if taught is not None else None,
            drop=taught.drop if taught is not None else None,
            fps=fps,
            ascii=ascii_asked or why_ascii(environ) is not None,
            blocks=characters == "blocks",
            mouse=not no_mouse,
            theme=theme,
            data_dir=folder,
            experiment=chosen,
            open_run=None if run is None else expanded(run).absolute(),
            data_notice=" ".join(notices),
            record=None if record is None else expanded(record).absolute(),
        )
    )


def _chosen(
    experiment: str | None, run: str | None, data: str | None, weights: str | None, assignments: Sequence[str],
    tell: Callable[[str], None],
) -> Experiment | None:  # fmt: skip
    """The experiment that the app's options ask for; None where they ask for none."""
    if experiment is None and (assignments or data is not None or weights is not None):
        experiment = DEFAULT_PRESET
    chosen = None if experiment is None else read_experiment(experiment, assignments, data, tell, weights)
    if run is None:
        return chosen
    if chosen is not None:
        raise AdderError("A saved run brings its own experiment: leave out --experiment, --data, --weights and --set.")
    return read_run(run).experiment


@cli.command()
@click.argument("experiment", metavar="NAME|FILE.toml")
@with_experiment(EPOCHS, DATA, WEIGHTS, SET)
@click.option(
    "--predict", "sums", multiple=True, metavar="SUM",
    help=tr("Ask this after training, such as 30+70; repeat it for more."),
)  # fmt: skip
@click.option("--save", metavar="RUN.npz", help=tr("Save the run, with its past: --open, predict and export take it."))
@click.option("--json", "as_json", is_flag=True, help=tr("Write one JSON object a line."))
def train(**asked: Any) -> int:
    """Train a preset or a file without the app, then answer sums."""
    # Not at the top, here and below: what only some commands need would keep the app waiting.
    from adder_tui.cli.train_command import train as run

    return run(**asked)


@cli.command(context_settings={"ignore_unknown_options": True})  # a sum may begin with a minus
@click.argument("run", metavar="RUN")
@click.argument("sums", metavar="SUM...", nargs=-1, required=True)
def predict(run: str, sums: tuple[str, ...]) -> int:
    """Answer sums with a saved run."""
    from adder_tui.cli.train_command import predict as answer

    return answer(run, sums)


@cli.command()
@click.argument("source", metavar="RUN|NAME|FILE.toml")
@click.option(
    "--to",
    required=True,
    metavar="FILE",
    help=tr(
        "Ends in .toml (the experiment, to send on), .py (a PyTorch script), .ipynb, .pt (the weights), .csv (the"
        " losses) or .svg (their chart)."
    ),
)
@all_of(EPOCHS, DATA, WEIGHTS, SET)
def export(**asked: Any) -> int:
    """Write a run as an experiment, a script, a notebook, weights, a table or a chart.

    A preset or a file is trained first where the export tells of training. A file that is there is replaced.
    """
    from adder_tui.cli.export_command import export as write

    return write(**asked)


@cli.command()
@click.argument("experiment", metavar="NAME|FILE.toml")
@click.option(
    "--over",
    "overs",
    required=True,
    multiple=True,
    metavar="KEY=VALUE,VALUE",
    help=tr("A setting and its values; give it twice for a grid of all pairs."),
)
@click.option("--seeds", type=int, metavar="N", help=tr("Runs of each value, from so many seeds; default 5."))
@with_experiment(EPOCHS, DATA, SET)
@click.option(
    "--predict", "sums", multiple=True, metavar="SUM",
    help=tr("Ask this instead of the first watched sum, which is 30+70 where it fits; repeat it for more."),
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help=tr("Train so many runs at a time; default: one a core.")
)
@click.option("--json", "as_json", is_flag=True, help=tr("Write one JSON object a run."))
def sweep(**asked: Any) -> int:
    """Train a preset or a file with one setting at several values; two --over make a grid of all pairs."""
    from adder_tui.cli.sweep_command import sweep as run

    return run(**asked)


@cli.command()
@click.argument("experiment", metavar="NAME|FILE.toml")
@click.option("--from", "low", type=number, default=LOW, show_default=True, metavar="RATE", help=tr("The first rate."))
@click.option("--to", "high", type=number, default=HIGH, show_default=True, metavar="RATE", help=tr("The last rate."))
@click.option("--updates", type=int, default=UPDATES, show_default=True, metavar="N", help=tr("How many updates."))
@with_experiment(DATA, WEIGHTS, SET)
@click.option("--json", "as_json", is_flag=True, help=tr("Write one JSON object."))
@click.option("--csv", "as_csv", is_flag=True, help=tr("Write a table of rates and losses."))
def rates(**asked: Any) -> int:
    """Find a learning rate: the loss while the rate rises from update to update."""
    from adder_tui.cli.sweep_command import rates as run

    return run(**asked)


@cli.command()
def experiments() -> int:
    """List the presets."""
    width = max(map(len, PRESETS))
    for name, preset in PRESETS.items():
        say(f"{name:<{width}}  {preset.about}")
    return 0


def start_app(settings: Settings) -> int:
    """Show the app until it is left; its exit code, or 2 where it cannot be shown."""
    environ = original_environment()
    reason = why_no_app(environ, sys.stdin, sys.stdout, sys.stderr) or why_odd(environ)
    if reason:
        complain(reason)
        return 2
    try:
        make_data_dir(settings.data_dir)
    except (FileExistsError, NotADirectoryError) as error:
        raise AdderError(
            "The data folder {folder} cannot be made ({why}): choose another with --data-dir.",
            folder=settings.data_dir,
            why=error.strerror,
        ) from None
    except OSError:
        pass  # the app tells that nothing will be kept
    cast = None
    if settings.record is not None:
        from adder_tui.cli.cast import Cast  # not at the top: few sessions are recorded

        cast = Cast(settings.record)
    gc.disable()  # collecting while the first screen is made would cost a tenth of its time; the app enables it again
    # Not at the top: --help and train must come without textual.
    from adder_tui.app import AdderApp
    from adder_tui.process import ShutdownGuard, mend_driver

    mend_driver()
    sys.setswitchinterval(HANDOVER)
    # Where scipy is there, numba would load it, for linear algebra that the kernels do without: 12 MiB, a tenth second.
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    try:
        app = AdderApp(settings)
    except Exception as error:
        odd = [f"{name}={value}" for name, value in environ.items() if name.startswith("TEXTUAL_")]
        if not odd:
            raise
        raise AdderError(
            "Textual cannot begin with {names} ({error}): unset it.", names=", ".join(odd), error=error
        ) from None
    if cast is not None:
        app.driver_class = cast.teed(app.driver_class)
    with ShutdownGuard(app, on_end=app.close_now):
        app.run(mouse=settings.mouse)
        stopped = app.close_now() and (app.sweep is None or app.sweep.stop(timeout=1.0))
    code = app.return_code or 0
    for said in app.unsaved:
        complain(said)
    if cast is not None and cast.fault:
        complain(cast.fault)
    if not stopped:  # torch is still being imported, and Python's own way out may abort beside that
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def why_odd(environ: Mapping[str, str]) -> str | None:
    """Which variable holds no number that can be meant, or no file, in one sentence; None where all will do."""
    for name in ("TEXTUAL_FPS", "COLUMNS", "LINES"):
        value = environ.get(name, "")
        if value and not (value.isascii() and value.isdecimal() and len(value) <= 4 and int(value) <= LARGEST_NUMBER):
            return tr(
                "{name}={value} will not do: it takes a whole number up to {most:,}, or unset it.",
                name=name,
                value=value,
                most=LARGEST_NUMBER,
            )
    if log := environ.get("TEXTUAL_LOG", ""):
        try:
            with open(log, "a", encoding="utf-8"):
                pass
        except OSError as error:
            return tr(
                "TEXTUAL_LOG={file} cannot be written ({why}): name another file, or unset it.",
                file=log,
                why=error.strerror,
            )
    return None


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 1 for a run that failed, 2 for wrong usage."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        code = cli.main(None if args is None else list(args), prog_name="adder-tui", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        complain(error.format_message())
    except AdderError as error:
        complain(str(error))
    except click.Abort:
        complain("Stopped by Ctrl+C.")
        return 1
    except OSError as error:
        complain("The output could not be written: {why}.", why=error.strerror or error)
        return 1
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        fault = f"{type(error).__name__}: {error}"
        complain("A fault of ours, {fault} (python -X dev -m adder_tui shows where).", fault=fault)
        return 1
    return 2
