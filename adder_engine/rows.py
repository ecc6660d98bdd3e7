"""Rows of data as people type, paste or save them: one pair a line, with or without its target. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adder_engine.errors import ExperimentError
from adder_engine.keys import LARGEST_NUMBER, MOST_ROWS, Row
from adder_engine.sums import MINUS_SIGNS, NUMBER, number_text

FORMS = "30, 70 or 30, 70, 100 or 30 + 70 or 30 + 70 = 100"
"""The ways to write a row."""

_NUMBER = re.compile(NUMBER, re.ASCII)
_SUM = re.compile(rf"({NUMBER})\s*([+-])\s*({NUMBER})\s*(?:=\s*({NUMBER}))?", re.ASCII)
_WORD = re.compile(r"[^\W\d][\w .()-]*")
_COLUMNS = ("a", "b", "target")


def parse_rows(text: str) -> tuple[Row, ...]:
    """Read one row a line: ``30, 70``, ``30; 70; 100``, tabs or spaces between them, ``30+70`` or ``30 + 70 = 100``.

    Empty lines and those that begin with ``#`` are passed over, and so is a first line of column names.

    Raises:
        ExperimentError: a line that is no row, or too many of them; one sentence that names the line.
    """
    rows: list[Row] = []
    first = True
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if not (first and _is_header(stripped, number)):
            if len(rows) == MOST_ROWS:
                raise ExperimentError(f"line {number:,}: there are more than {MOST_ROWS:,} rows, which is the limit.")
            rows.append(_row(stripped.translate(MINUS_SIGNS), number))
        first = False
    if not rows:
        raise ExperimentError(f"There are no rows: write one a line, {FORMS}.")
    return tuple(rows)


def row_text(row: Sequence[float]) -> str:
    """A row as it is typed: ``30, 70, 100``."""
    return ", ".join(number_text(value) for value in row)


def _row(line: str, number: int) -> Row:
    match = _SUM.fullmatch(line)
    if match:
        b = -float(match[3]) if match[2] == "-" else float(match[3])
        values = [float(match[1]), b, *([float(match[4])] if match[4] else [])]
    else:
        values = [_value(cell, number, line) for cell in _cells(line)]
    for value in values:
        if abs(value) > LARGEST_NUMBER:
            raise ExperimentError(f"line {number:,}: {value:g} is too large: use numbers within ±1e12.")
    if len(values) == 2:
        return values[0], values[1]
    if len(values) == 3:
        return values[0], values[1], values[2]
    found = "1 number is" if len(values) == 1 else f"{len(values)} numbers are"
    raise ExperimentError(f"line {number:,}: {found} no row: write {FORMS}.")


def _cells(line: str) -> list[str]:
    for mark in ("\t", ";", ","):
        if mark in line:
            cells = [cell.strip().strip('"') for cell in line.split(mark)]
            return cells[:-1] if len(cells) == 4 and not cells[-1] else cells
    return line.split()


def _value(cell: str, number: int, line: str) -> float:
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if ";" in line or "\t" in line:
        whole, comma, rest = cell.partition(",")
        if comma and _NUMBER.fullmatch(f"{whole}.{rest}"):
            raise ExperimentError(f"line {number:,}: {_short(cell)} has a decimal comma: write {whole}.{rest}.")
    if not cell:
        raise ExperimentError(f"line {number:,}: a number is missing: write {FORMS}.")
    raise ExperimentError(f"line {number:,}: {_short(cell)} is no number: write {FORMS}.")


def _is_header(line: str, number: int) -> bool:
    """Whether the line names columns.

    Raises:
        ExperimentError: it names ours in another order.
    """
    cells = _cells(line)
    if len(cells) not in (2, 3) or not all(_WORD.fullmatch(cell) for cell in cells):
        return False
    names = [cell.lower() for cell in cells]
    if set(names) <= set(_COLUMNS) and names != list(_COLUMNS[: len(names)]):
        raise ExperimentError(f"line {number:,}: the columns are {', '.join(names)}: put them as a, b and target.")
    return True


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else text[:21] + "...")
