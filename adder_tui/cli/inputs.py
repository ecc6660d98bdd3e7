"""What somebody names on the command line, an experiment, a run, a class, a course, and the options for it."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adder_engine.disk import read_bounded
from adder_engine.errors import AdderError, ExperimentError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.parsing import parse_number
from adder_engine.presets import PRESETS
from adder_tui.cli.output import complain
from adder_tui.storage.data_dir import expanded

if TYPE_CHECKING:
    from adder_engine.rows import RowsRead
    from adder_engine.runs.files import SavedRun
    from adder_engine.runs.run import Run
    from adder_tui.course.class_file import ClassFile


LARGEST_FILE = 10_000_000
"""Bytes; a hundred thousand rows with every digit take a third of that."""
_ENCODINGS = (
    (b"\xff\xfe\0\0", "utf-32", "UTF-32"), (b"\0\0\xfe\xff", "utf-32", "UTF-32"), (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"), (b"\xef\xbb\xbf", "utf-8-sig", ""),
)  # fmt: skip
"""What a text begins with that says how it is encoded; Excel's "Unicode text" is UTF-16."""
CLASS_VARIABLE = "ADDER_TUI_CLASS"
"""The environment's variable that names a class file for everybody."""
STDIN = Path(tr("standard input"))
Command = Callable[..., int]
ZIP = b"PK"
"""How a run file begins, whatever it is called."""


def read_experiment(
    source: str, assignments: Sequence[str] = (), data: str | None = None, tell: Callable[[str], None] | None = None,
    weights: str | None = None, epochs: int | None = None,
) -> Experiment:  # fmt: skip
    """The preset of that name, or the file where ``source`` ends in ``.toml`` or contains a slash.

    Args:
        source: a preset's name or a file's path.
        assignments: texts such as ``training.lr=0.01``, applied together.
        data: a file of rows to train on instead of the experiment's own data; ``-`` is standard input.
        tell: takes one sentence about what was read from ``data``.
        weights: a file of weights to start from.
        epochs: how many epochs instead of the experiment's.

    Raises:
        AdderError: there is none such, a file cannot be read, or a value will not do.
    """
    if source.endswith(".toml") or "/" in source:
        experiment = _read_file(expanded(source))
    else:
        experiment = _preset(source)
    if data is not None:
        read = _read_rows(STDIN if data == "-" else expanded(data))
        experiment = experiment.replace(**{"data.kind": "rows", "data.rows": read.rows})
        if tell is not None:
            tell(f"{STDIN if data == '-' else data}: {read.summary}")
    experiment = experiment.parsed(*assignments)
    if weights is not None:
        if any(assignment.partition("=")[0].strip() == "network.init" for assignment in assignments):
            raise ExperimentError(
                "--weights and network.init both say how the parameters start: leave one of them out."
            )
        from adder_engine.weights_file import starting_weights  # not at the top: it brings numpy

        experiment = experiment.replace(**{"network.init": starting_weights(expanded(weights), experiment)})
    return experiment if epochs is None else experiment.replace(epochs=epochs)


def _preset(name: str) -> Experiment:
    path = Path(name)
    if name not in PRESETS and path.suffix and path.is_file():
        use = {
            ".npz": tr("a saved run: --open goes on with it"),
            ".pt": tr("a file of weights: --weights starts from it"),
        }
        kind = use.get(
            path.suffix.lower(), tr("no experiment, which ends in .toml; --data trains on the rows in a file")
        )
        raise ExperimentError("{name} is {kind}.", name=name, kind=kind)
    return Experiment.preset(name)


def _read_rows(path: Path) -> RowsRead:
    from adder_engine.rows import NoRowsError, RowsRead, read_rows  # not at the top: most starts need none

    held = _bytes_of(path)
    if len(held) > LARGEST_FILE:
        raise ExperimentError(_why_large(path, held))
    text, encoding = _table_text(path, held)
    try:
        read = read_rows(text)
    except ExperimentError as error:
        raise ExperimentError(f"{path}{': ' if isinstance(error, NoRowsError) else ', '}{error}") from None
    if not encoding:
        return read
    return RowsRead(read.rows, tr("{columns}; read as {encoding}", columns=read.columns, encoding=encoding))


def _why_large(path: Path, held: bytes) -> str:
    """Why a file is refused that holds more than is read of it."""
    from adder_engine.rows import MOST_LINES, too_many_lines, too_many_rows
    from adder_engine.wanted import MOST_ROWS

    if held.count(b"\n") + held.count(b"\r") - held.count(b"\r\n") > MOST_LINES:
        return f"{path}: " + too_many_lines()
    lines = sum(map(bool, held.translate(None, b"\0").splitlines()))
    if lines > MOST_ROWS:
        return f"{path}: " + too_many_rows(tr("more than {lines:,}", lines=(lines - 1) // MOST_ROWS * MOST_ROWS))
    return tr("{path} is no list of rows: it holds over {most:,} bytes in few lines.", path=path, most=LARGEST_FILE)


def _table_text(path: Path, held: bytes) -> tuple[str, str]:
    """The text that a spreadsheet saved, and how it was encoded where that is not UTF-8."""
    if held.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ExperimentError(
            "{path} is no text but an archive or a workbook: save its sheet as CSV (UTF-8).", path=path
        )
    likely = next((encoding for mark, *encoding in _ENCODINGS if held.startswith(mark)), ["utf-8", ""])
    if likely == ["utf-8", ""] and b"\0" in held[:200]:
        likely = ["utf-16-le" if held[1:2] == b"\0" else "utf-16-be", "UTF-16"]
    for codec, name in (likely, ("cp1252", "Windows-1252")):
        try:
            text = held.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, name
    raise ExperimentError(
        "{path} is no text in UTF-8, UTF-16 or Windows-1252: choose UTF-8 when you save it.", path=path
    )


def _read_file(path: Path) -> Experiment:
    held = _bytes_of(path)
    if len(held) > LARGEST_FILE:
        raise ExperimentError("{path} is no experiment: it holds over {most:,} bytes.", path=path, most=LARGEST_FILE)
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExperimentError("{path} is not UTF-8 text: save it as UTF-8, as TOML asks.", path=path) from None
    try:
        return Experiment.from_toml(text)
    except ExperimentError as error:
        raise ExperimentError(f"{path}: {error}") from None


def _bytes_of(path: Path) -> bytes:
    try:
        if path is STDIN:
            return sys.stdin.buffer.read(LARGEST_FILE + 1)
        return read_bounded(path, LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise ExperimentError(
            "{path} cannot be read: {why}.", path=path, why=getattr(error, "strerror", None) or error
        ) from None


def is_run_file(source: str) -> bool:
    """Whether the name means a saved run rather than a preset or an experiment's file."""
    if source.endswith(".npz"):
        return True
    if source.endswith(".toml") or "/" not in source:
        return False
    try:
        return read_bounded(expanded(source), len(ZIP)).startswith(ZIP)
    except (OSError, ValueError):
        return False


def read_run(source: str) -> SavedRun:
    """The saved run as arrays, without torch.

    Raises:
        RunFileError: there is no such file, it is no run, or it is damaged.
    """
    from adder_engine.runs.files import read

    if "\0" in source:
        raise RunFileError("There is no file {source!r}.", source=source)
    return read(expanded(source))


def open_run(source: str) -> Run:
    """The saved run, at the moment where it stood.

    Raises:
        RunFileError: there is no such file, it is no run, or it is damaged.
    """
    run = read_run(source)
    # Not at the top: the command line must come without torch.
    from adder_engine.runs.restoring import opened

    try:
        return opened(run)
    except AdderError as error:
        raise RunFileError(f"{source}: {error}") from None


def read_class_of(named: str | None) -> ClassFile | None:
    """The class file that is named, else the one of the environment; None where there is neither.

    Raises:
        LessonError: it cannot be used; all but its last fault are told already.
    """
    name = named if named is not None else os.environ.get(CLASS_VARIABLE, "")
    if not name:
        return None
    from adder_tui.course.class_file import read_class
    from adder_tui.course.source import LessonError

    try:
        return read_class(expanded(name).absolute())
    except LessonError as error:
        for problem in error.problems[:-1]:
            complain(str(problem))
        raise LessonError(error.problems[-1:]) from None


def course_of(named: str | None, taught: ClassFile | None) -> Path | None:
    """The folder of the course that is named, or that the class takes; None for the one that comes along."""
    if named is None:
        return taught.course if taught is not None else None
    if taught is not None and taught.course is not None:
        raise AdderError(
            "The class file {file} names the course already: leave out --course, or set {variable}= to nothing.",
            file=taught.file,
            variable=CLASS_VARIABLE,
        )
    return expanded(named).absolute()


# --- options that several commands take, and what kind of commands they are ------------------------

CLASS = click.option(
    "--class", "class_file", metavar="FILE.toml",
    help=tr("Take what a class has settled on, as {variable} names it for everybody.", variable=CLASS_VARIABLE),
)  # fmt: skip
SET = click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE",
    help=tr("Set one key of the experiment, such as training.lr=0.01; repeat it for more."),
)  # fmt: skip
DATA = click.option(
    "--data", metavar="FILE.csv",
    help=tr("Train on the rows in this file, a,b or a,b,target, instead of the experiment's data; - reads them from"
    " standard input."),
)  # fmt: skip
WEIGHTS = click.option(
    "--weights", metavar="FILE",
    help=tr("Start from these weights: a state_dict (.pt), safetensors, .npz or .json, with the network's names."),
)  # fmt: skip
EPOCHS = click.option(
    "--epochs", type=int, metavar="N", help=tr("Train for so many epochs instead of the experiment's.")
)


def all_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one, in this order."""
    return lambda command: functools.reduce(lambda made, option: option(made), reversed(options), command)


def with_experiment(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options that change an experiment which a command names: it gets that ``experiment``, read, and its ``title``."""

    def decorated(command: Command) -> Command:
        @functools.wraps(command)
        def carried_out(
            *, experiment: str, assignments: tuple[str, ...], data: str | None, weights: str | None = None,
            epochs: int | None = None, **asked: object,
        ) -> int:  # fmt: skip
            chosen = read_experiment(experiment, assignments, data, complain, weights, epochs)
            title = Path(experiment).name
            if data is not None:
                title = tr("{name} on {data}", name=title, data=STDIN if data == "-" else Path(data).name)
            return command(experiment=chosen, title=title, **asked)

        return all_of(*options)(carried_out)

    return decorated


def number(typed: str | float) -> float:
    """A number that an option takes, with a point or a decimal comma."""
    value = typed if isinstance(typed, float) else parse_number(typed)
    if value is None:
        raise click.BadParameter(tr("{typed!r} is no number.", typed=typed))
    return value


class TranslatedCommand(click.Command):
    """A command; ``docs.catalogue`` gathers the docstrings of those that ``command`` and ``group`` decorate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = tr(inspect.cleandoc(self.help or ""))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option that counts once and is given again: click would drop the first without a word."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            once = isinstance(option, click.Option) and not (option.multiple or option.is_flag or option.count)
            if once and given.count(option) > 1:
                times = given.count(option)
                raise AdderError(
                    "{option} was given {times} times, and it counts once: keep one.",
                    option=option.opts[0],
                    times=times,
                )
        return super().parse_args(ctx, args)


class TranslatedGroup(TranslatedCommand, click.Group):
    """A group of such commands."""

    command_class = TranslatedCommand

    def unknown(self, name: str, commands: list[str]) -> str:
        """The sentence about a name that none of the commands has."""
        raise NotImplementedError

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise AdderError(self.unknown(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)
