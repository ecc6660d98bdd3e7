"""Tables as spreadsheets and programs write them, by each program's own rules, are read to the same numbers."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from adder_tui.cli.inputs import read_experiment

FILES = 20
Table = Sequence[Sequence[float]]


def table(seed: int) -> list[list[float]]:
    """Pairs, or pairs with targets: whole numbers, decimals of all lengths, large ones and small ones, with signs.

    Every fifth table is so long that it is read at once.
    """
    draw = random.Random(seed)
    kinds: list[Callable[[], float]] = [
        lambda: float(draw.randint(-1_000, 1_000)), lambda: round(draw.uniform(-100, 100), draw.randint(1, 6)),
        lambda: draw.uniform(-1e6, 1e6), lambda: draw.uniform(-1, 1) * 10.0 ** draw.randint(-9, 11), lambda: 0.0,
    ]  # fmt: skip
    columns = draw.choice([2, 3])
    rows = [[draw.choice(kinds)() for _ in range(columns)] for _ in range(draw.randint(1, 12) if seed % 5 else 300)]
    rows[0][0] = 0.25  # no file of nothing but 1,234 and the like, which may mean either
    return rows


def general(x: float) -> str:
    """As a cell in Excel's format General shows a number: at most ten significant digits, 1.5E+11 beyond eleven."""
    if x == int(x) and abs(x) < 1e11:
        return str(int(x))
    text = f"{x:.10g}"
    mantissa, e, power = text.partition("e")
    return f"{float(mantissa):.6g}E{int(power):+03d}" if e else text


def fifteen(x: float) -> str:
    """R and MATLAB write fifteen significant digits."""
    return f"{x:.15g}"


def plain(x: float) -> str:
    """Python, Julia and the like: as few digits as read back."""
    return repr(x)


def written(
    rows: Table, number: Callable[[float], str], *, mark: str = ",", comma: bool = False, end: str = "\n",
    names: Sequence[str] = (), quoted: bool = False, last: bool = True, index: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """A table as text.

    Args:
        mark: between the cells. A cell that holds it is quoted.
        comma: numbers have decimal commas.
        quoted: names are quoted.
        last: whether the last line ends too.
        index: what stands in front of each row, with its own name in front of the names where there is one more.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator=end)
    if names:
        heads = [*([index[0]] if index is not None else []), *names[: len(rows[0])]]
        out.write(mark.join(f'"{head}"' if quoted else head for head in heads) + end)
    for i, row in enumerate(rows):
        cells = [number(x).replace(".", ",") if comma else number(x) for x in row]
        writer.writerow([*([index[i + 1]] if index is not None else []), *cells])
    text = out.getvalue()
    return text if last else text.removesuffix(end)


def blanks(rows: Table, number: Callable[[float], str], names: Sequence[str] = (), index: bool = False) -> str:
    lines = [" ".join(f'"{name}"' for name in names[: len(rows[0])])] if names else []
    lines += [" ".join([*([f'"{i}"'] if index else []), *map(number, row)]) for i, row in enumerate(rows, 1)]
    return "\n".join(lines) + "\n"


def saved_by_numpy(rows: Table, **how: str) -> bytes:
    out = io.BytesIO()
    np.savetxt(out, np.array(rows), **how)
    return out.getvalue()


def counted(rows: Table, first: int = 0, name: str = "") -> list[str]:
    return [name, *(str(i) for i in range(first, first + len(rows)))]


ABT, SUMS, GERMAN = ("a", "b", "target"), ("a", "b", "sum"), ("a", "b", "Summe")
WRITERS: dict[str, tuple[Callable[[float], str], Callable[[Table], str | bytes]]] = {
    "Excel, English": (general, lambda t: written(t, general, end="\r\n", names=SUMS)),
    "Excel, English, UTF-8": (general, lambda t: written(t, general, end="\r\n", names=ABT).encode("utf-8-sig")),
    "Excel, German": (
        general, lambda t: written(t, general, mark=";", comma=True, end="\r\n", names=GERMAN).encode("cp1252"),
    ),
    "Excel, German, UTF-8": (
        general, lambda t: written(t, general, mark=";", comma=True, end="\r\n", names=ABT).encode("utf-8-sig"),
    ),
    "Excel, French": (
        general,
        lambda t: written(t, general, mark=";", comma=True, end="\r\n", names=("x1", "x2", "y")).encode("cp1252"),
    ),
    "Excel, for the Macintosh": (general, lambda t: written(t, general, end="\r", names=SUMS)),
    "Excel, text with tabs": (general, lambda t: written(t, general, mark="\t", end="\r\n", names=ABT)),
    "Excel, Unicode text, English": (
        general, lambda t: written(t, general, mark="\t", end="\r\n", names=ABT).encode("utf-16"),
    ),
    "Excel, Unicode text, German": (
        general,
        lambda t: "\r\n".join(  # a cell with a comma is quoted although tabs part the cells
            "\t".join(f'"{c}"' if "," in c else c for c in line.split("\t"))
            for line in written(t, general, mark="\t", comma=True, end="\r\n", names=ABT).split("\r\n")
        ).encode("utf-16"),
    ),
    "Excel, sep= in front": (
        general, lambda t: "sep=;\r\n" + written(t, general, mark=";", comma=True, end="\r\n", names=ABT),
    ),
    "LibreOffice, English": (fifteen, lambda t: written(t, fifteen, names=ABT)),
    "LibreOffice, names quoted": (fifteen, lambda t: written(t, fifteen, names=ABT, quoted=True)),
    "LibreOffice, German": (fifteen, lambda t: written(t, fifteen, comma=True, names=ABT)),
    "LibreOffice, German, semicolons": (fifteen, lambda t: written(t, fifteen, mark=";", comma=True, names=ABT)),
    "Google Sheets": (plain, lambda t: written(t, plain, end="\r\n", names=SUMS, last=False)),
    "Google Sheets, German": (plain, lambda t: written(t, plain, comma=True, end="\r\n", names=SUMS, last=False)),
    "Google Sheets, tabs": (plain, lambda t: written(t, plain, mark="\t", end="\r\n", names=SUMS, last=False)),
    "Numbers": (fifteen, lambda t: written(t, fifteen, end="\r\n", names=ABT, last=False)),
    "Numbers, German": (
        fifteen, lambda t: written(t, fifteen, mark=";", comma=True, end="\r\n", names=ABT, last=False),
    ),
    "pandas": (plain, lambda t: written(t, plain, names=ABT, index=counted(t))),
    "pandas, a named index": (plain, lambda t: written(t, plain, names=ABT, index=counted(t, name="index"))),
    "pandas, an index from 1": (plain, lambda t: written(t, plain, names=ABT, index=counted(t, 1, "id"))),
    "pandas, index=False": (plain, lambda t: written(t, plain, names=("x1", "x2", "y"))),
    "pandas, read and saved again": (plain, lambda t: written(t, plain, names=ABT, index=counted(t, 0, "Unnamed: 0"))),
    "pandas, sep=';', decimal=','": (
        plain, lambda t: written(t, plain, mark=";", comma=True, names=ABT, index=counted(t)),
    ),
    "polars, DuckDB": (plain, lambda t: written(t, plain, names=ABT)),
    "R, write.csv": (
        fifteen,
        lambda t: written(t, fifteen, names=ABT, quoted=True, index=["", *(f'"{i}"' for i in range(1, len(t) + 1))])
        .replace('"""', '"'),
    ),
    "R, write.csv, row.names=FALSE": (fifteen, lambda t: written(t, fifteen, names=ABT, quoted=True)),
    "R, write.csv2": (
        fifteen,
        lambda t: written(
            t, fifteen, mark=";", comma=True, names=ABT, quoted=True,
            index=["", *(f'"{i}"' for i in range(1, len(t) + 1))],
        ).replace('"""', '"'),
    ),
    "R, write.table": (fifteen, lambda t: blanks(t, fifteen, ABT, index=True)),
    "R, write.table, row.names=FALSE": (fifteen, lambda t: blanks(t, fifteen, ABT)),
    "MATLAB, writematrix": (fifteen, lambda t: written(t, fifteen)),
    "MATLAB, writetable": (fifteen, lambda t: written(t, fifteen, names=("Var1", "Var2", "Var3"))),
    "R, without names": (fifteen, lambda t: blanks(t, fifteen, ("V1", "V2", "V3"))),
    "polars, without names": (plain, lambda t: written(t, plain, names=("column_1", "column_2", "column_3"))),
    "MATLAB, dlmwrite with tabs": (fifteen, lambda t: written(t, fifteen, mark="\t")),
    "Octave, save -ascii": (
        lambda x: f"{x:.8e}", lambda t: "".join(" " + " ".join(f"{x:.8e}" for x in row) + "\n" for row in t),
    ),
    "numpy.savetxt": (plain, saved_by_numpy),
    "numpy.savetxt, commas and a header": (
        plain, lambda t: saved_by_numpy(t, delimiter=",", header=",".join(SUMS[: len(t[0])])),
    ),
    "numpy.savetxt, fmt='%g'": (lambda x: f"{x:g}", lambda t: saved_by_numpy(t, fmt="%g", delimiter="\t")),
    "Julia, writedlm": (plain, lambda t: written(t, plain, mark="\t")),
    "SQL, a table in a terminal": (
        plain,
        lambda t: " " + " | ".join(ABT[: len(t[0])]) + "\n" + "+".join(["-----"] * len(t[0])) + "\n"
        + "".join(" " + " | ".join(map(plain, row)) + "\n" for row in t),
    ),
}  # fmt: skip
"""What each program writes, and how it writes a number."""


@pytest.mark.parametrize("program", WRITERS)
def test_what_a_program_writes_is_read_to_the_same_numbers(program: str, tmp_path: Path) -> None:
    number, write = WRITERS[program]
    for seed in range(FILES):
        rows = table(seed)
        if program == "R, write.table" and len(rows) == 1:
            continue  # the name of a lone row may be a number of its own: refused
        held = write(rows)
        path = tmp_path / f"{seed}.csv"
        path.write_bytes(held if isinstance(held, bytes) else held.encode())
        read = read_experiment("many-pairs", (), str(path)).data.rows
        assert read == tuple(tuple(float(number(x)) for x in row) for row in rows), (seed, held[:300])
