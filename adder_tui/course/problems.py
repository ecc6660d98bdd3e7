"""What can be wrong with a lesson or with kept progress, each told in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adder_engine.errors import AdderError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file of a course."""

    file: str
    line: int
    """Counted from 1; 0 where no single line is to blame."""
    says: str
    """One sentence: the key, what was found, and what would do."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.says}"


class LessonError(AdderError, ValueError):
    """A file of a course that cannot be used; ``problems`` has everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        more = f" ({len(self.problems) - 1} more below it)" if len(self.problems) > 1 else ""
        super().__init__(f"{self.problems[0]}{more}")


class CheckError(AdderError, ValueError):
    """An expression that is none of ours; one sentence."""


class ActionError(AdderError, ValueError):
    """A line that is no action, or one that cannot be done here; one sentence."""


class ProgressError(AdderError):
    """Progress that cannot be read or taken over; nothing was changed."""
