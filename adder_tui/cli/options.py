"""Options that several commands take, and what kind of commands they are: help in the learner's language."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.parsing import parse_number
from adder_tui.cli.inputs import CLASS_VARIABLE, STDIN, read_experiment
from adder_tui.cli.output import complain

Command = Callable[..., int]

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


def with_experiment(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Options that change an experiment which a command names: it gets that ``experiment``, read, and its ``title``."""

    def decorated(command: Command) -> Command:
        @functools.wraps(command)
        def carried_out(
            *, experiment: str, assignments: tuple[str, ...], data: str | None, weights: str | None = None,
            epochs: int | None = None, **asked: object,
        ) -> int:  # fmt: skip
            chosen, title = (
                read_experiment(experiment, assignments, data, complain, weights, epochs),
                Path(experiment).name,
            )
            if data is not None:
                title = tr("{name} on {data}", name=title, data=STDIN if data == "-" else Path(data).name)
            return command(experiment=chosen, title=title, **asked)

        made: Command = carried_out
        for option in reversed(options):
            made = option(made)
        return made

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


class Once:
    """Refuses an option that counts once and is given again: click would drop the first without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        command = cast(click.Command, self)
        _, _, given = command.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            once = isinstance(option, click.Option) and not (option.multiple or option.is_flag or option.count)
            if once and given.count(option) > 1:
                times = given.count(option)
                raise AdderError(
                    "{option} was given {times} times, and it counts once: keep one.",
                    option=option.opts[0],
                    times=times,
                )
        return super().parse_args(ctx, args)  # type: ignore[misc, no-any-return]


class OnceCommand(Once, TranslatedCommand):
    """A command whose options count once."""
