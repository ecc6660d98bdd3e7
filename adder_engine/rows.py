"""Rows of data as people type, paste or save them: one pair a line, with or without its target. Needs no torch."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adder_engine.errors import ExperimentError, shortened
from adder_engine.language import listed, tr, trn
from adder_engine.parsing import (
    DECIMAL,
    EITHER,
    MINUS_SIGNS,
    NONE,
    NUMBER,
    THOUSANDS,
    Comma,
    NoNumberError,
    comma_of,
    could_be_number,
    kind_of,
    number_of,
    number_text,
)
from adder_engine.synonyms import is_index, roles
from adder_engine.wanted import LARGEST_NUMBER, MOST_ROWS, Row

FORMS = tr("30, 70 or 30, 70, 100 or 30 + 70 or 30 + 70 = 100")
"""The ways to write a row."""
LONGEST_LINE = 20_000
"""Characters; a spreadsheet's empty columns make a line of up to 16,384 commas."""
MOST_LINES = 250_000
"""Of a text, comments and blank lines among them; it is refused before it is parted into lines."""
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Where :meth:`str.splitlines` parts a text."""
LONGEST_SUM = 450
NAMED_WITHIN = 1_000
"""Lines, and characters of a line, within which a comment may name the columns."""
MARKS = ("\t", ";", "|", ",")
"""What parts the cells of a line, looked for in this order; else blanks do."""
NAMES = {"\t": tr("tabs"), " ": tr("blanks"), ",": tr("commas"), ";": tr("semicolons"), "|": tr("bars")}

_SUM = re.compile(rf"({NUMBER})\s*([+-])\s*({NUMBER})\s*(?:=\s*({NUMBER}))?", re.ASCII)
_LIKE_THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
"""A number whose point may be meant to part thousands, where cells are parted by semicolons."""
_SEPARATOR = re.compile(r"\s*\"?sep=(.?)\"?[\s,;|]*", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_RULE = re.compile(r"[\s|:+-]*--[\s|:+-]*")
"""What stands below the heading of a Markdown table."""
SAMPLE = 100
"""Lines of a long table that are read one by one; where the others are written like them, these go all at once."""
_PLAIN_TABLE = re.compile(r"[-+.,;|\d \teE\n]*", re.ASCII)
_PARTS = ("a", "b", "target")
_CALLED = ("a", "b", tr("the target"))


class NoRowsError(ExperimentError):
    """The text as a whole will not do: it has no row, or too many lines. Other refusals begin with a line's number."""


@dataclass(frozen=True)
class RowsRead:
    """The rows of a text, and how it was understood."""

    rows: tuple[Row, ...]
    columns: str
    """Which columns were taken, what was left out, and what a comma was taken for, in words."""

    @property
    def summary(self) -> str:
        """What was read, in one sentence."""
        count = len(self.rows)
        return trn("{rows:,} row: {columns}.", "{rows:,} rows: {columns}.", count, rows=count, columns=self.columns)


@dataclass(frozen=True)
class _Line:
    """One line of a table that is not blank."""

    number: int
    cells: list[str]
    mark: str
    sum: tuple[float, ...] = ()
    """The numbers of ``30 + 70 = 100``; its cells are none then."""

    @property
    def where(self) -> str:
        return tr("line {number:,}: ", number=self.number)

    @property
    def width(self) -> int:
        """Its cells up to the last that is not empty."""
        return max((i for i, cell in enumerate(self.cells, start=1) if cell), default=0)

    def cell(self, place: int) -> str:
        return self.cells[place] if place < len(self.cells) else ""


@dataclass(frozen=True)
class _Columns:
    """Which cells of a line are a, b and the target."""

    places: tuple[int, ...]
    names: tuple[str, ...] = ()
    """What they are called; empty where there is no header."""
    left_out: str = ""
    """Which columns were left out, in words."""

    def of(self, line: _Line) -> list[str]:
        """The cells of a, b and the target."""
        return [line.cell(place).translate(MINUS_SIGNS) for place in self.places]


def read_rows(text: str) -> RowsRead:
    """Read one row a line: ``30, 70``, ``30; 70; 100``, tabs, ``|`` or blanks between them, ``30+70 = 100``.

    Empty lines and those that begin with ``#`` are passed over; a first line ``sep=;`` is obeyed. A first line without
    a number names the columns, and they are taken by these names; a column that counts the rows is left out. Within a
    cell a comma is decimal or parts thousands; where it could do both, the cell is refused.

    Raises:
        ExperimentError: a line that is no row, or too many of them; one sentence that names the line.
    """
    if sum(map(text.count, LINE_ENDS)) - text.count("\r\n") > MOST_LINES:
        raise NoRowsError(too_many_lines())
    numbered = [(i, line) for i, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1) if line.strip()]
    if SAMPLE < len(numbered) <= MOST_ROWS + 2 and (read := _read_plainly(numbered)) is not None:
        return read
    body, columns, comma, rows = _understood(numbered)
    return RowsRead(tuple(rows), _text(rows, columns, comma, body))


def _understood(numbered: Sequence[tuple[int, str]]) -> tuple[list[_Line], _Columns, Comma, list[Row]]:
    """The lines that hold rows, which columns these are, what a comma means, and the rows."""
    lines = _lines(numbered)
    header = lines[0] if lines and _is_header(lines[0]) else None
    body = [line for line in (lines[1:] if header else lines) if line.sum or any(line.cells)]
    if not body:
        raise NoRowsError("There are no rows: write one a line, {forms}.", forms=FORMS)
    if len(body) > MOST_ROWS:
        over = body[MOST_ROWS]
        count = MOST_ROWS + sum(1 for number, _ in numbered if number >= over.number)
        raise ExperimentError(over.where + too_many_rows(f"{count:,}"))
    _check_marks(body)
    columns = _columns(header, body)
    comma = comma_of(cell for line in body for cell in columns.of(line))
    return body, columns, comma, [_row(line, columns, comma) for line in body]


def _read_plainly(numbered: Sequence[tuple[int, str]]) -> RowsRead | None:
    """A long table whose rows are all written as its first ones, all at once; None where one may be otherwise."""
    try:
        body, columns, comma, rows = _understood(numbered[:SAMPLE])
        if any(line.sum or line.mark != body[0].mark for line in body):
            return None
        mark, width = body[0].mark, len(body[0].cells)
        points = [cell for line in body for cell in columns.of(line) if "." in cell]
        text = "\n".join(line for _, line in numbered[SAMPLE:])
        if '"' in text:
            text = re.sub(f'"([^"\n{re.escape(mark)}]*)"', r"\1", text)
        if not _PLAIN_TABLE.fullmatch(text):
            return None
        if "," in text and mark != ",":
            if comma.means != DECIMAL or "." in text or re.search(r",\d*,", text):
                return None
            text = text.replace(",", ".")
        elif comma.means != EITHER or (mark == ";" and "." in text and all(map(_LIKE_THOUSANDS.fullmatch, points))):
            return None  # where a point can be decimal alone there is nothing to be said of points
        table = [line.split(None if mark == " " else mark) for line in text.split("\n")]
        if {*map(len, table), *(len(line.cells) for line in body)} != {width}:
            return None
        for place in range(width):  # what the first rows seem to count, all must
            count = int(body[0].cells[place]) if _counts(body, place) else -1
            if count >= 0 and any(row[place].strip() != str(i) for i, row in enumerate(table, count + len(body))):
                return None
        taken = [[float(row[place]) for row in table] for place in columns.places]
    except (ExperimentError, ValueError):
        return None
    if any(max(map(abs, numbers)) > LARGEST_NUMBER for numbers in taken) or {*map(len, rows)} != {len(taken)}:
        return None
    if len(rows) + len(table) > MOST_ROWS:
        return None
    rows += zip(*taken, strict=True)
    return RowsRead(tuple(rows), _text(rows, columns, comma, body))


def too_many_rows(count: str) -> str:
    """Why so many rows are not taken."""
    return tr(
        "there are {count} rows, and {most:,} is the limit for rows of one's own: keep at most so many.",
        count=count,
        most=MOST_ROWS,
    )


def too_many_lines() -> str:
    """Why a text of more than :data:`MOST_LINES` lines is not looked at."""
    return tr(
        "There are over {lines:,} lines, and {most:,} rows is the limit for rows of one's own: keep at most so many.",
        lines=MOST_LINES,
        most=MOST_ROWS,
    )


def row_text(row: Sequence[float]) -> str:
    """A row as it is typed: ``30, 70, 100``."""
    return ", ".join(number_text(value) for value in row)


# --- lines and cells -------------------------------------------------------------------------------


def _lines(numbered: Sequence[tuple[int, str]]) -> list[_Line]:
    """The lines as cells."""
    lines: list[_Line] = []
    mark = ""
    for number, text in _whole(numbered):
        if len(text) > LONGEST_LINE:
            raise ExperimentError(
                "line {number:,}: it has {length:,} characters, and {most:,} is the limit: write {forms}.",
                number=number,
                length=len(text),
                most=LONGEST_LINE,
                forms=FORMS,
            )
        if not lines and not mark and (asked := _SEPARATOR.fullmatch(text)):
            mark = _asked_mark(asked[1] or "\t", number)
            continue
        if text.lstrip().startswith("#"):
            far = lines or max(number, len(text)) > NAMED_WITHIN
            phrase = None if far else _named_in_comment(text, number, mark)
            if phrase is not None:
                lines.append(phrase)
            continue
        if _RULE.fullmatch(text):
            continue
        line = _line(text.strip(" \r\n"), number, mark)
        if not lines and not mark and _is_header(line):
            mark = line.mark
        lines.append(line)
        if len(lines) > MOST_ROWS + 1:  # one more than may be there, with a header
            break
    return lines


def _whole(numbered: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines, each joined with those behind it as long as a quote is open."""
    held, start = "", 0
    for number, line in numbered:
        text = f"{held} {line}" if held else line
        start = start if held else number
        if text.count('"') % 2 and len(text) <= LONGEST_LINE:
            held = text
        else:
            yield start, text
            held = ""
    if held:
        raise ExperimentError("line {start:,}: a quote is opened and never closed.", start=start)


def _asked_mark(mark: str, number: int) -> str:
    if mark.isalnum() or mark in "+-.\"'#":
        raise ExperimentError(
            "line {number:,}: sep={mark} will not do: cells are parted by , ; | a tab or a blank.",
            number=number,
            mark=mark,
        )
    return mark


def _named_in_comment(text: str, number: int, mark: str) -> _Line | None:
    """The names of columns behind a ``#``, as numpy writes them; None for a comment that names none."""
    inside = text.strip().removeprefix("#")
    bare = _line(inside.strip(" "), number, mark)
    if len(bare.cells) > 1 and not bare.cells[0]:  # the first column itself is called #
        return _Line(number, ["#", *bare.cells[1:]], bare.mark)
    names = [name for name in bare.cells if not is_index(name)]
    return bare if roles(names) is not None else None


def _line(text: str, number: int, mark: str) -> _Line:
    """One line's cells, parted by ``mark``, or where that is empty by what is found in it."""
    if len(text) <= LONGEST_SUM and (match := _SUM.fullmatch(text.translate(MINUS_SIGNS))):
        b = -float(match[3]) if match[2] == "-" else float(match[3])
        return _Line(number, [], "", (float(match[1]), b, *([float(match[4])] if match[4] else [])))
    bare = _QUOTED.sub("", text)
    mark = mark or next((mark for mark in MARKS if mark in bare), " ")
    if mark == "|" and text.startswith("|"):
        text = text[1:].removesuffix("|")  # as in Markdown
    if '"' in text:
        try:
            (cells,) = csv.reader([" ".join(text.split()) if mark == " " else text], delimiter=mark,
                                  skipinitialspace=True)  # fmt: skip
        except (csv.Error, ValueError):
            raise ExperimentError(
                "line {number:,}: its quotes cannot be read: write {forms}.", number=number, forms=FORMS
            ) from None
    else:
        cells = text.split() if mark == " " else text.split(mark)
    return _Line(number, [cell.strip() for cell in cells], mark)


def _check_marks(lines: Sequence[_Line]) -> None:
    """Refuse a comma that parts cells on one line and may be a decimal one on another.

    Raises:
        ExperimentError: both are there; names the first line that is parted otherwise than the first.
    """
    first = next((line for line in lines if line.mark in MARKS), None)
    for line in lines:
        if first is not None and line.mark in MARKS and "," in (first.mark, line.mark) and line.mark != first.mark:
            raise ExperimentError(
                "line {number:,}: its cells are parted by {mark}, and those of line {first:,} by {first_mark}: "
                "part all lines alike.",
                number=line.number,
                mark=_name(line.mark),
                first=first.number,
                first_mark=_name(first.mark),
            )


def _name(mark: str) -> str:
    return NAMES.get(mark, mark)


# --- columns ---------------------------------------------------------------------------------------


def _is_header(line: _Line) -> bool:
    """Whether a first line names columns: no cell of it is a number. ``,0,1`` is pandas' for columns without names."""
    if line.sum or sum(map(bool, line.cells)) < 2:
        return False
    unnamed = not line.cells[0] and line.cells[1:] == [str(i) for i in range(len(line.cells) - 1)]
    return unnamed or not any(could_be_number(cell) for cell in line.cells)


def _columns(header: _Line | None, body: Sequence[_Line]) -> _Columns:
    """Which columns are a, b and the target. Raises ExperimentError: too many of them, or names that do not tell."""
    tables = [line for line in body if not line.sum]
    width = max((line.width for line in tables), default=0)
    if header is None:
        return _unnamed(tables, width)
    names = header.cells[: header.width]
    if width == len(names) + 1 and len(tables) > 1 and _counts(tables, 0):  # as R writes row names
        names = ["", *names]
    longer = next((line for line in tables if line.width > len(names)), None)
    if longer is not None:
        raise ExperimentError(
            trn(
                "line {number:,}: it has {cells} cells, and line {first:,} names {columns} column{hint}.",
                "line {number:,}: it has {cells} cells, and line {first:,} names {columns} columns{hint}.",
                len(names),
                number=longer.number,
                cells=longer.width,
                first=header.number,
                columns=len(names),
                hint=_parted_hint(longer),
            )
        )
    if not names[0] and names[1:] == [str(i) for i in range(len(names) - 1)]:
        named = [(i, name) for i, name in enumerate(("a", "b", "target", "")[: len(names) - 1], start=1)]
    else:
        named = [(i, name) for i, name in enumerate(names) if not _is_left_out(i, name, tables)]
    if len(named) > 3:
        raise ExperimentError(header.where + _too_many([name for _, name in named]))
    order = roles([name for _, name in named])
    if order is None:
        raise ExperimentError(header.where + _unmatched([name for _, name in named]))
    places = tuple(named[i][0] for i in order)
    return _Columns(places, tuple(named[i][1] for i in order), _out(names, places, tables))


def _unnamed(tables: Sequence[_Line], width: int) -> _Columns:
    if width == 4 and len(tables) > 1 and _counts(tables, 0):
        return _Columns((1, 2, 3), (), _out([""] * 4, (1, 2, 3), tables))
    if width > 3:
        first = next(line for line in tables if line.width > 3)
        raise ExperimentError(first.where + _too_many(first.cells[: first.width], _parted_hint(first)))
    return _Columns(tuple(range(max(width, 2))))


def _is_left_out(place: int, name: str, tables: Sequence[_Line]) -> bool:
    """Whether a column is none of a pair's: it counts the rows, or is empty."""
    if is_index(name) and (name or place == 0):
        return True
    return not name and (_counts(tables, place) or not any(line.cell(place) for line in tables))


def _counts(tables: Sequence[_Line], place: int) -> bool:
    """Whether a column counts 0, 1, 2 … or 1, 2, 3 …"""
    cells = [line.cell(place) for line in tables]
    return any(all(cell == str(i) for i, cell in enumerate(cells, start)) for start in (0, 1))


def _parted_hint(line: _Line) -> str:
    return tr("; where commas are decimal, part the cells by semicolons") if line.mark == "," else ""


def _too_many(cells: Sequence[str], hint: str = "") -> str:
    shown = ", ".join(shortened(cell, 24)[1:-1] for cell in cells[:5]) + (", …" if len(cells) > 5 else "")
    return tr(
        "there are {columns} columns ({shown}), and a pair has two inputs and at most a target: keep two "
        "or three of them{hint}.",
        columns=len(cells),
        shown=shown,
        hint=hint,
    )


def _unmatched(names: Sequence[str]) -> str:
    shown = listed([shortened(name, 24) for name in names])
    called = (
        tr("one column is called {shown}", shown=shown)
        if len(names) == 1
        else tr("the columns are called {shown}", shown=shown)
    )
    return tr(
        "{called}, which does not tell the inputs and the target: call them a, b and target (x1, x2, y "
        "or first, second, sum), or leave the names out.",
        called=called,
    )


def _out(names: Sequence[str], places: Sequence[int], tables: Sequence[_Line]) -> str:
    """Which columns are left out, in words."""
    phrase = [
        (_named(names[i]) if names[i] else tr("column {number}", number=i + 1))
        + (tr(" (it counts the rows)") if _counts(tables, i) else "")
        for i in range(len(names))
        if i not in places
    ]
    return tr("left out: {phrase}", phrase=listed(phrase)) if phrase else ""


# --- rows ------------------------------------------------------------------------------------------


def _row(line: _Line, columns: _Columns, comma: Comma) -> Row:
    where, cells = line.where, columns.of(line)
    if line.sum:
        values = list(line.sum)
    else:
        if not columns.names:
            cells = _without_names(line, cells)
        values = []
        for i, cell in enumerate(cells):
            if not cell:
                raise ExperimentError(where + _missing(columns, i))
            values.append(_number(cell, where, comma))
    for value in values:
        if abs(value) > LARGEST_NUMBER:
            raise ExperimentError("{where}{value:g} is too large: use numbers within ±1e12.", where=where, value=value)
    if columns.names and len(values) != len(columns.names):
        if len(values) > len(columns.names):
            raise ExperimentError(
                "{where}it has a target, and the columns {names} have none.", where=where, names=listed(columns.names)
            )
        raise ExperimentError(where + _missing(columns, len(values)))
    if len(values) == 2:
        return values[0], values[1]
    return values[0], values[1], values[2]


def _without_names(line: _Line, cells: list[str]) -> list[str]:
    """The cells of a row in a table without a header, where a target may be missing as long as no room is left for it.

    Raises:
        ExperimentError: too few of them.
    """
    if len(cells) == 3 and not cells[2]:
        if len(line.cells) > 2:
            raise ExperimentError("line {number:,}: the target is missing: other lines have one.", number=line.number)
        cells = cells[:2]
    if len(line.cells) < 2:
        (cell,) = line.cells
        if kind_of(cells[0]) == NONE:
            _number(cells[0], line.where, Comma(EITHER))
        if "," in cell:
            raise ExperimentError(
                "line {number:,}: {cell} is one number: write {forms}.",
                number=line.number,
                cell=shortened(cell, 24),
                forms=FORMS,
            )
        raise ExperimentError("line {number:,}: 1 number is no row: write {forms}.", number=line.number, forms=FORMS)
    return cells


def _number(cell: str, where: str, comma: Comma) -> float:
    try:
        return number_of(cell, comma)
    except NoNumberError as error:
        why = str(error) or tr("is no number: write {forms}", forms=FORMS)
        raise ExperimentError(f"{where}{shortened(cell, 24)} {why}.") from None


def _missing(columns: _Columns, part: int) -> str:
    if not columns.names:
        return tr("a number is missing: write {forms}.", forms=FORMS)
    name = columns.names[part]
    called = "" if name == _PARTS[part] else f" ({name})"
    return tr(
        "{part}{called} is missing: the columns are {names}.",
        part=_CALLED[part],
        called=called,
        names=listed(columns.names),
    )


def _text(rows: Sequence[Row], columns: _Columns, comma: Comma, body: Sequence[_Line]) -> str:
    """How the rows were read, in words."""
    targets = sum(len(row) == 3 for row in rows)
    if columns.names:
        names = [
            name if name.casefold() == part else tr("{part} from {name}", part=called, name=_named(name))
            for name, part, called in zip(columns.names, _PARTS, _CALLED, strict=False)
        ]
        phrase = listed(names)
    elif targets and targets < len(rows):
        phrase = tr("a and b, and in {targets:,} of them a target", targets=targets)
    else:
        phrase = tr("a, b and target") if targets else tr("a and b")
    notes = [columns.left_out]
    if comma.means == DECIMAL and "," in comma.cell:
        notes.append(tr("a comma is decimal, as in {cell}", cell=comma.cell))
    if comma.means == THOUSANDS:
        notes.append(tr("a comma parts thousands, as in {cell}", cell=comma.cell))
    tables = [line for line in body if not line.sum]
    points = [cell for line in tables if line.mark == ";" for cell in columns.of(line) if "." in cell]
    if points and all(map(_LIKE_THOUSANDS.fullmatch, points)):
        notes.append(tr("a point is decimal, as in {cell}", cell=points[0]))
    if (pair := _contradicted(rows)) is not None:
        notes.append(
            tr("rows {pair} differ in their targets, so that no truth is known of that pair", pair=row_text(pair))
        )
    if not columns.names and not columns.left_out and targets == len(rows) > 2 and _counts(tables, 0):
        notes.append(tr("the first column counts the rows: take it out if it is none of the inputs"))
    counted = not columns.names and len(tables) > 1 and columns.of(tables[0]) in ([*"01"], [*"012"])
    if counted and all("." in cell for line in tables[1:] for cell in columns.of(line)):
        notes.append(tr("the first row, 0, 1 and so on, is one of numbers: take it out if it names the columns"))
    return "; ".join([phrase, *(note for note in notes if note)])


def _contradicted(rows: Sequence[Row]) -> tuple[float, float] | None:
    """The first pair that stands there with two targets."""
    found: dict[tuple[float, float], float] = {}
    for row in rows:
        if len(row) == 3 and found.setdefault(row[:2], row[2]) != row[2]:
            return row[:2]
    return None


def _named(name: str) -> str:
    return name if name.isidentifier() else shortened(name, 24)
