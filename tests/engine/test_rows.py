"""Rows as people type, paste and save them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine import Experiment, ExperimentError, Session, Trainer
from adder_engine.keys import LARGEST_NUMBER, MOST_ROWS, Row
from adder_engine.rows import parse_rows, row_text
from tests.engine.strategies import examples

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


@pytest.mark.parametrize("header", ["a,b", "a;b;target", "a\tb\ttarget", "first term,second term", "A, B, Target"])
def test_a_first_line_of_names_is_passed_over(header: str) -> None:
    assert parse_rows(f"\n{header}\n\n# mine\n1,2\n") == ((1, 2),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2\n\n\n3,4\n5,6\n7,8\nabc,9", ["line 7", "'abc' is no number"]),
        ("1", ["line 1", "1 number is no row", "30 + 70 = 100"]),
        ("1,2,3,4", ["line 1", "4 numbers are no row"]),
        ("1,2\n3,", ["line 2", "a number is missing"]),
        ("1,2\na,b", ["line 2", "'a' is no number"]),
        ("1,5;2,5", ["line 1", "decimal comma", "1.5"]),
        ("b,a\n1,2", ["line 1", "a, b and target"]),
        ("1,1e13", ["line 1", "too large", "1e12"]),
        ("1,nan", ["'nan' is no number"]), ("1,1_0", ["'1_0' is no number"]), ("1,0x1", ["'0x1' is no number"]),
        ("1+2=", ["line 1"]), ("1,[bold]", ["'[bold]' is no number"]), ("", ["There are no rows"]),
        ("a,b", ["There are no rows"]), ("1,2\n" * (MOST_ROWS + 1), ["line 10,001", "10,000"]),
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
        assert np.allclose(data.inputs, trainer.dataset.inputs.numpy() * 300, rtol=1e-6)
        assert np.allclose(data.targets, data.inputs.sum(axis=1), atol=1e-3)
        assert data.test_inputs.shape == (7, 2)
        assert np.allclose(data.test_targets, data.test_inputs.sum(axis=1), atol=1e-3)
        assert not any(a.flags.writeable for a in (data.inputs, data.targets, data.test_inputs, data.test_targets))
        wanted = [trainer.predict(a, b) for a, b in data.test_inputs.tolist()]
        assert np.allclose(answers, wanted, rtol=1e-5)
