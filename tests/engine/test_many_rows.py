"""Long tables are read at once, to what their lines one by one would be."""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from adder_engine import Experiment
from adder_engine import rows as reading
from adder_engine.errors import ExperimentError
from adder_engine.rows import read_rows
from adder_engine.wanted import MOST_ROWS

T = TypeVar("T")
Rows = list[tuple[float, float, float]]


def made(seed: int, count: int | None = None) -> Rows:
    """Rows of some decimals, at least one of which tells how commas are meant."""
    draw = random.Random(seed)
    digits = draw.choice([1, 2, 4])
    rows = [
        tuple(round(draw.uniform(-500, 500), digits) for _ in range(3)) for _ in range(count or draw.randrange(1, 40))
    ]
    return [(0.5, -1.25, 2.75), *rows]  # type: ignore[list-item]


def table(rows: Rows, *, mark: str = ",", comma: bool = False, quoted: bool = False, end: str = "\r\n") -> str:
    """As Python's csv writes it, which follows RFC 4180: what must be quoted is, or all cells are."""
    out = io.StringIO()
    how = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=mark, quoting=how, lineterminator=end)
    writer.writerow(("a", "b", "target"))
    for row in rows:
        writer.writerow([repr(x).replace(".", ",") if comma else repr(x) for x in row])
    return out.getvalue()


def indexed(rows: Rows) -> str:
    return "\n".join([",a,b,target", *(f"{i},{a!r},{b!r},{t!r}" for i, (a, b, t) in enumerate(rows))]) + "\n"


KINDS: dict[str, Callable[[Rows], bytes]] = {
    "Excel CSV UTF-8": lambda rows: table(rows).encode("utf-8-sig"),
    "Excel CSV of a German Windows": lambda rows: table(rows, mark=";", comma=True).encode("cp1252"),
    "Excel CSV UTF-8 of a German Windows": lambda rows: table(rows, mark=";", comma=True).encode("utf-8-sig"),
    "Excel Unicode text": lambda rows: table(rows, mark="\t").encode("utf-16"),
    "Excel Unicode text of a German Windows": lambda rows: table(rows, mark="\t", comma=True).encode("utf-16"),
    "Excel with sep=": lambda rows: ("sep=;\r\n" + table(rows, mark=";")).encode("utf-8"),
    "LibreOffice, all cells quoted": lambda rows: table(rows, quoted=True, end="\n").encode(),
    "LibreOffice, German": lambda rows: table(rows, comma=True, end="\n").encode(),
    "Google Sheets": lambda rows: table(rows).encode(),
    "Numbers, European": lambda rows: table(rows, mark=";", comma=True, end="\n").encode(),
    "pandas with its index": lambda rows: indexed(rows).encode(),
    "bars": lambda rows: table(rows, mark="|", end="\n").encode(),
}


LONG = [
    *KINDS.items(),
    ("without names", lambda rows: "".join(f"{a!r} {b!r}\n" for a, b, _ in rows).encode()),
    ("a row is another", lambda rows: (table(rows) + "30 + 70 = 100\r\n").encode()),
    ("a cell is missing", lambda rows: (table(rows) + "30,70\r\n").encode()),
    ("a cell is no number", lambda rows: (table(rows) + "30,70,nan\r\n").encode()),
    ("one is too large", lambda rows: (table(rows) + "30,70,1e13\r\n").encode()),
    ("thousands", lambda rows: (table(rows, mark=";", comma=True) + "1.234,5;1;2\r\n").encode()),
    ("a count that ends", lambda rows: (indexed(rows) + "7,1,2,3\n").encode()),
    ("points like thousands", lambda rows: "".join(f"{i}.125;{i}.250\n" for i in range(1, 300)).encode()),
    ("a quoted comma", lambda rows: (table(rows, quoted=True) + '"30","7,5","1"\r\n').encode()),
    ("an unnamed index", lambda rows: "".join(f"{i},{i},1,2\n" for i in range(len(rows))).encode()),
    ("blank lines", lambda rows: table(rows, end="\n\n").encode()),
]


@pytest.mark.parametrize(("kind", "written"), LONG, ids=[name for name, _ in LONG])
def test_a_long_table_is_read_as_its_lines_one_by_one_would_be(
    kind: str, written: Callable[[Rows], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = written(made(7, 300))
    text = held.decode("utf-16" if held.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")

    def said() -> object:
        try:
            return read_rows(text)
        except ExperimentError as error:
            return str(error)

    at_once = said()
    monkeypatch.setattr(reading, "SAMPLE", 10**9)
    assert at_once == said()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Google Sheets", "Excel CSV UTF-8 of a German Windows", "pandas with its index"])
def test_a_long_table_is_read_in_less_than_the_time_of_its_lines(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = KINDS[kind](made(3, MOST_ROWS - 1)).decode("utf-8-sig")
    at_once, read = min((processor_time(lambda: read_rows(text)) for _ in range(3)), key=lambda timed: timed[0])
    monkeypatch.setattr(reading, "SAMPLE", 10**9)
    one_by_one, same = processor_time(lambda: read_rows(text))
    assert read == same
    assert at_once < one_by_one / 1.5  # a fifth, on a machine that does nothing else
    _, experiment = processor_time(lambda: Experiment().replace(**{"data.kind": "rows", "data.rows": read.rows}))
    assert len(read.rows) == MOST_ROWS
    again, _ = processor_time(lambda: experiment.replace(**{"training.lr": 0.5}))
    assert again < one_by_one / 5, "nothing of them is looked at again"


def processor_time(do: Callable[[], T]) -> tuple[float, T]:
    """Seconds of processor time, and what came of it."""
    started = time.process_time()
    made = do()
    return time.process_time() - started, made
