"""Rows as people type, paste and save them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine import Experiment, ExperimentError, Session, Trainer
from adder_engine.rows import MOST_LINES, NoRowsError, read_rows, row_text
from adder_engine.wanted import LARGEST_NUMBER, MOST_ROWS, Row
from adder_tui.cli.inputs import read_experiment
from tests.engine.strategies import examples


def parse_rows(text: str) -> tuple[Row, ...]:
    return read_rows(text).rows


_numbers = st.floats(-LARGEST_NUMBER, LARGEST_NUMBER)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("30, 70", (30, 70)), ("30,70,100", (30, 70, 100)), ("30;70", (30, 70)), ("30\t70\t99.5", (30, 70, 99.5)),
        ("30 70", (30, 70)), ("30+70", (30, 70)), ("30 + 70 = 100", (30, 70, 100)), ("12-5", (12, -5)),
        ("-3.5e2 + −1 = -351", (-350, -1, -351)), ("130 + -30", (130, -30)), ('"30","70"', (30, 70)),
        ("30,70,100,", (30, 70, 100)), ("  .5 , 1. ", (0.5, 1)),
    ],
)  # fmt: skip
def test_a_row_is_read_however_it_is_written(line: str, row: Row) -> None:
    assert parse_rows(line) == (row,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a;b\n1.234;5.000\n", "a point is decimal, as in 1.234"),
        (
            "0,1,2\n30.0,70.0,100.0\n",
            "the first row, 0, 1 and so on, is one of numbers: take it out if it names the columns",
        ),
        ("0,1\n30.0,70\n", ""),
        ("1.234;5.5\n", ""),
        ("1.234, 5.000\n", ""),
        ("30,70,100\n30,70,270\n", "rows 30, 70 differ in their targets, so that no truth is known of that pair"),
        ("30,70,100\n30,70,100\n", ""),
    ],
)
def test_what_may_have_been_meant_otherwise_is_said(text: str, words: str) -> None:
    assert read_rows(text).columns.partition("; ")[2] == words


@pytest.mark.parametrize("header", ["a,b", "x1, x2", "first term,second term", "A, B", "# a, b"])
def test_a_first_line_of_names_is_no_row(header: str) -> None:
    assert parse_rows(f"\n{header}\n\n# mine\n1,2\n") == ((1, 2),)


@pytest.mark.parametrize(
    ("header", "places"),
    [
        ("a b target", (0, 1, 2)), ("sum a b", (1, 2, 0)), ("b a target", (1, 0, 2)), ("x1 x2 y", (0, 1, 2)),
        ("y x1 x2", (1, 2, 0)), ("x0 x1 y", (0, 1, 2)), ("x y z", (0, 1, 2)), ("first second sum", (0, 1, 2)),
        ("Second First Total", (1, 0, 2)), ("feature_1 feature_2 label", (0, 1, 2)), ("a b a-b", (0, 1, 2)),
        ("2a+3b b a", (2, 1, 0)), ("minuend subtrahend difference", (0, 1, 2)), ("left right answer", (0, 1, 2)),
        ("Var1 Var2 Var3", (0, 1, 2)), ("V1 V2 V3", (0, 1, 2)), ("column_0 column_1 column_2", (0, 1, 2)),
    ],
)  # fmt: skip
def test_columns_are_taken_by_their_names(header: str, places: tuple[int, ...]) -> None:
    cells = (30.0, 70.0, 100.0)
    for mark in " ", ",", ";", "\t", "|":
        text = f"{header.replace(' ', mark)}\n{mark.join(map(str, cells))}\n"
        assert parse_rows(text) == (tuple(cells[place] for place in places),)


FILES = Path(__file__).parent / "rows"
READ: dict[str, tuple[list[tuple[float, ...]], str]] = {
    "de_excel.csv": ([(1.5, 2.25, 3.75), (-4, 0.5, -3.5)], "a, b and target; a comma is decimal, as in 1,5"),
    "decimal_comma_quoted.csv": ([(1.5, 2.5), (3.5, 4.5)], "a and b; a comma is decimal, as in 1,5"),
    "excel_unicode.txt": ([(1, 2, 3), (30, 70, 100)], "a, b and target; read as UTF-16"),
    "header_units.csv": ([(1, 2, 3)], "a from 'a [m]', b from 'b [m]' and the target from 'sum/m'"),
    "pandas_index_named2.csv": ([(30, 70), (5, 6), (-4, 9)], "a and b; left out: index (it counts the rows)"),
    "pandas_unnamed2.csv": ([(30, 70), (5, 6)], "a and b; left out: 'Unnamed: 0' (it counts the rows)"),
    "pipe.csv": ([(1, 2, 3)], "a, b and target"),
    "sep_semicolon.csv": ([(1, 2, 3)], "a, b and target"),
    "sum_first.csv": ([(30, 70, 100), (5, 6, 11)], "a, b and the target from sum"),
    "trailing_commas.csv": ([(1, 2, 3), (4, 5, 9)], "a, b and target"),
    "tab_decimal_comma.tsv": (
        [(1.5, 2.25, 3.75), (-4, 0.5, -3.5)], "a, b and target; a comma is decimal, as in 1,5"
    ),
    "blanks_x1_x2_y.txt": ([(30, 70, 100), (5, 6, 11)], "a from x1, b from x2 and the target from y"),
    "first_second_sum.csv": ([(30, 70, 100)], "a from first, b from second and the target from sum"),
    "id_from_1.csv": ([(30, 70, 100), (5, 6, 11)], "a, b and target; left out: id (it counts the rows)"),
    "shuffled_index.csv": ([(30, 70), (5, 6)], "a and b; left out: column 1"),
    "quoted_blanks.csv": ([(30, 70)], "a and b"),
    "bom_and_sep.csv": ([(1.5, 2)], "a and b; a comma is decimal, as in 1,5"),
    "cp1252.csv": (
        [(1.5, 2, 3.5)],
        "a from 'a (größe)', b and the target from Summe; a comma is decimal, as in 1,5; read as Windows-1252",
    ),
    "markdown.txt": ([(1, 2, 3)], "a, b and target"),
    "numpy_header.csv": ([(30, 70, 100)], "a, b and the target from sum"),
    "r_row_names.csv": ([(30, 70), (5, 6)], "a and b; left out: column 1 (it counts the rows)"),
    "pandas_no_names.csv": ([(30, 70), (5, 6)], "a and b; left out: column 1 (it counts the rows)"),
    "decimal_told_by_another.csv": ([(1.5, 2), (3.125, 4)], "a and b; a comma is decimal, as in 1,5"),
    "thousands_told_by_another.csv": (
        [(1234567, 5), (1234, 6)], "a and b; a comma parts thousands, as in 1,234,567"
    ),
    "german_thousands.csv": ([(1234.5, 2)], "a and b; a comma is decimal, as in 1.234,5"),
    "broken_header.csv": ([(1, 2)], "a from 'a [m]' and b from 'b [m]'"),
}  # fmt: skip
"""What spreadsheets and programs write: the rows in each file, and what is said of how they were read."""
REFUSED = {
    "thousands_quoted_2col.csv": [
        "line 2: '1,234' can be 1234 or 1.234: write 1234 without the comma, or 1.234 with a point."
    ],
    "thousands_us_semicolon.csv": ["line 2: '1,234' can be 1234 or 1.234: write 1234", "or 1.234 with a point"],
    "mixed.csv": ["line 2: the target is missing", "a, b and target"],
    "three_inputs.csv": ["line 1: there are 4 columns (x1, x2, x3, y)", "two inputs and at most a target"],
    "cp1252_unknown.csv": ["line 1", "'länge a [m]' and 'b'", "call them a, b and target"],
    "points_beside_decimal_commas.csv": ["line 3: '1.234' can be 1234 or 1.234", "write 1234 or 1.2340"],
    "names_that_do_not_tell.csv": ["line 1", "'height' and 'width'", "x1, x2, y", "leave the names out"],
    "more_cells_than_names.csv": ["line 2: it has 3 cells, and line 1 names 2 columns"],
    "unquoted_decimal_commas.csv": ["line 1: there are 4 columns", "part the cells by semicolons"],
    "empty_target.csv": ["line 2: the target is missing"],
    "other_mark_than_the_header.csv": ["line 2: b is missing"],
}


@pytest.mark.parametrize("name", READ)
def test_a_file_of_rows_is_read_as_whoever_saved_it_meant_it_and_that_is_said(name: str) -> None:
    rows, columns = READ[name]
    phrase: list[str] = []
    experiment = read_experiment("many-pairs", (), str(FILES / name), phrase.append)
    assert experiment.data.rows == tuple(rows)
    assert experiment.data.kind == "rows"
    assert phrase == [f"{FILES / name}: {len(rows)} row{'' if len(rows) == 1 else 's'}: {columns}."]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_can_be_read_in_two_ways_or_in_none_is_refused_with_its_line_and_what_would_do(name: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        read_experiment("many-pairs", (), str(FILES / name))
    said = str(caught.value)
    assert said.startswith(f"{FILES / name}, line ")
    for words in REFUSED[name]:
        assert words in said


def test_every_file_of_rows_is_held_to_what_is_right() -> None:
    assert {path.name for path in FILES.iterdir()} == READ.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", READ)
def test_what_a_spreadsheet_holds_is_read_alike_when_it_is_pasted(name: str) -> None:
    held = (FILES / name).read_bytes()
    text = held.decode(
        "utf-16" if held.startswith((b"\xfe\xff", b"\xff\xfe")) else "cp1252" if "cp" in name else "utf-8"
    )
    assert parse_rows(text) == tuple(READ[name][0])


@pytest.mark.parametrize(
    "text",
    [
        "1" * 1_900_000, "1," * 900_000, ("1" * 400 + "\n") * 4_000, "1+" * 900_000, '"' + "1\n" * 900_000,
        "1 " * 900_000, "1,2\n" * 400_000, '"1,2"\n' * 300_000, "a;b\n" + "1,234" * 200_000,
    ],
)  # fmt: skip
def test_a_long_text_that_is_no_list_of_rows_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ExperimentError) as caught:
        parse_rows(text)
    assert time.process_time() - started < 3
    assert len(str(caught.value)) < 300


def test_more_rows_than_may_be_listed_are_said_by_their_number() -> None:
    with pytest.raises(ExperimentError, match="line 100,002: there are 120,000 rows, and 100,000 is the limit"):
        parse_rows("a,b\n" + "1,2\n" * 120_000)


def test_a_row_of_four_in_an_experiment_is_said_by_its_place() -> None:
    with pytest.raises(ExperimentError, match=r"\[1.0, 2.0, 3.0, 4.0\] in row 2 will not do: .* not 4 numbers"):
        Experiment().replace(**{"data.rows": [[1, 2], [1, 2, 3, 4]]})
    with pytest.raises(ExperimentError, match=r"100,001 rows will not do: it takes at most 100,000"):
        Experiment().replace(**{"data.rows": [[1, 2]] * (MOST_ROWS + 1)})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2\n\n\n3,4\n5,6\n7,8\nabc,9", ["line 7", "'abc' is no number"]),
        ("1", ["line 1", "1 number is no row", "30 + 70 = 100"]),
        ("1,2,3,4", ["line 1", "4 columns (1, 2, 3, 4)", "at most a target"]),
        ("1,2\n3,", ["line 2", "a number is missing"]),
        ("1,2\na,b", ["line 2", "'a' is no number"]), ("x,\n1,2", ["line 1", "'x' is no number"]),
        ("1;2\n3,5", ["line 2", "parted by commas", "line 1 by semicolons"]),
        ("1 234; 5", ["line 1", "'1 234' is parted into thousands: write 1234"]),
        ('"1,5"', ["line 1", "'1,5' is one number"]), ('1", 2', ["line 1", "a quote is opened and never closed"]),
        ("sep=x\n1x2", ["line 1", "sep=x will not do"]), ("a,b\n1+2=3", ["line 2", "it has a target"]),
        ("1,2,3\n4,5,", ["line 2", "the target is missing"]), ("id,a,b,c,d\n1,2,3,4,5", ["there are 4 columns"]),
        ("1,1e13", ["line 1", "too large", "1e12"]),
        ("1,nan", ["'nan' is no number"]), ("1,1_0", ["'1_0' is no number"]), ("1,0x1", ["'0x1' is no number"]),
        ("1+2=", ["line 1"]), ("1,[bold]", ["'[bold]' is no number"]), ("", ["There are no rows"]),
        ("a,b", ["There are no rows"]), ("1,2\n" * (MOST_ROWS + 1), ["line 100,001", "100,000"]),
    ],
)  # fmt: skip
def test_what_is_no_row_is_named_with_its_line(text: str, words: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        parse_rows(text)
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    for word in words:
        assert word in said


@examples(100)
@given(st.lists(st.tuples(_numbers, _numbers) | st.tuples(_numbers, _numbers, _numbers), min_size=1, max_size=9))
def test_rows_that_are_written_out_read_back_as_they_were(rows: list[Row]) -> None:
    assert parse_rows("\n".join(map(row_text, rows))) == tuple(rows)


def test_the_most_rows_that_may_be_listed_go_through_a_file() -> None:
    rows = parse_rows("\n".join(f"{i / 7}, {i / 3}" for i in range(MOST_ROWS)))
    experiment = Experiment().replace(**{"data.kind": "rows", "data.rows": rows})
    assert Experiment.from_toml(experiment.to_toml()) == experiment


async def test_a_session_shows_its_data_in_units_of_sums_and_answers_to_any_pairs() -> None:
    experiment = Experiment().replace(**{"data.count": 50, "data.test_count": 7, "data.scale": 300.0, "epochs": 3})
    async with Session(experiment) as session:
        await session.step("epoch")
        data = await session.data()
        answers = await session.answers(data.test_inputs)
        trainer = Trainer(experiment)
        trainer.epoch()
        assert data.inputs.shape == (50, 2)
        assert np.allclose(data.inputs, trainer.dataset.inputs * 300, rtol=1e-6)
        assert np.allclose(data.targets, data.inputs.sum(axis=1), atol=1e-3)
        assert data.test_inputs.shape == (7, 2)
        assert np.allclose(data.test_targets, data.test_inputs.sum(axis=1), atol=1e-3)
        assert not any(a.flags.writeable for a in (data.inputs, data.targets, data.test_inputs, data.test_targets))
        wanted = [trainer.predict(a, b) for a, b in data.test_inputs.tolist()]
        assert np.allclose(answers, wanted, rtol=1e-5)


def test_a_text_of_too_many_lines_is_refused_whatever_ends_them() -> None:
    for end in ("\n", "\r", "\r\n", "\f", "\u2028"):
        comments = f"#{end}" * (MOST_LINES - 2)
        assert parse_rows(f"{comments}1,2{end}3,4") == ((1, 2), (3, 4))
        with pytest.raises(NoRowsError, match=r"^There are over 250,000 lines, and 100,000 rows is the limit .*\.$"):
            parse_rows(f"{comments}1,2{end}3,4{end}{end}{end}")
