"""Commands whose help, their functions' docstrings, is told in the learner's language."""

from __future__ import annotations

import inspect
from typing import Any

import click

from adder_engine.language import tr


class TranslatedCommand(click.Command):
    """A command; ``docs.catalogue`` gathers the docstrings of those that ``command`` and ``group`` decorate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = tr(inspect.cleandoc(self.help or ""))


class TranslatedGroup(TranslatedCommand, click.Group):
    """A group of such commands."""

    command_class = TranslatedCommand
