"""A lesson's file: what is made of it, and what an author is told about mistakes."""

from pathlib import Path

import pytest

from adder_engine.probes import BENCHES
from adder_tui.course import markup
from adder_tui.course.loader import read_lesson
from adder_tui.course.questions import read_number
from adder_tui.course.source import ActionError, LessonError
from adder_tui.course.vocabulary import BENCHES as NAMED_BENCHES
from adder_tui.course.vocabulary import PATTERNS, SLIPS, VIEWS, WORDS, parse_action
from tests.tui.course.lesson_file import SMALL, STATION, small_lesson

GUIDE = Path(__file__).parents[3] / "docs" / "lessons.md"


def test_a_lesson_holds_what_its_file_says(tmp_path: Path) -> None:
    lesson = small_lesson(tmp_path)
    assert lesson.experiment.data.rows == ((30.0, 70.0),)
    assert lesson.experiment.training.lr == 0.01
    assert [task.id for task in lesson.tasks] == [1, 2]
    assert lesson.tasks[1].when == {"training.lr": 0.01}
    assert lesson.facts == ("One.", "Two, which goes on over a second line.", "Three.")
    assert lesson.worked is not None
    assert lesson.worked.lines == (("30 + 70 = ", "answer", ""),)
    assert lesson.board is not None
    assert [card.bins for card in lesson.board.cards] == [("left",), ("left", "right")]
    assert lesson.quiz.answer == "b"


def test_a_station_is_a_run_that_differs_from_the_lessons_own(tmp_path: Path) -> None:
    lesson = small_lesson(tmp_path, STATION)
    (station,) = lesson.stations
    assert station.title == "A wide one"
    assert station.experiment == lesson.experiment.replace(**{"network.layers": (2, 8, 1)})
    assert lesson.station_named("wide") is station
    assert lesson.station_named("narrow") is None


MISTAKES = [
    ('id = "small"', 'id = "Small One"', 2, "id = 'Small One' will not do: it takes small letters"),
    ("order = 1\n", "", 0, "order is missing: it takes a whole number"),
    ('title = "A small lesson"', "title = 5", 4, "title = 5 will not do"),
    ('title = "A small lesson"', 'title = "A small lesson"\ntitel = "x"', 5, "did you mean title?"),
    ('"network", "prompt"', '"netwrok"', 10, "views"),
    ('["training.lr"]', '["lr"]', 11, "did you mean training.lr?"),
    ("training.lr = 0.01\ndata", "training.lr = -1\ndata", 15, "training.lr = -1.0 will not do"),
    ("epochs = 3", "epoch = 3", 14, "There is no key 'epoch'"),
    ('choices = ["this", "that"]', "", 20, "predict.choices is missing"),
    ("id = 1\n", "id = 3\n", 28, "task.id = 3 will not do: it takes 1: tasks are numbered"),
    ('"asked(30, 70)"', '"askd(30, 70)"', 30, "did you mean asked?"),
    ('"asked(30, 70)"', '"loss"', 30, "compare it with something"),
    ('"asked(30, 70)"', "'opened(\"chart\")'", 30, "There is no view 'chart' in this lesson: there are"),
    ('"asked(30, 70)"', "'answered(\"x\")'", 30, "There is no field 'x' in this lesson: there are answer."),
    ('"asked(30, 70)"', "'cfg(\"lr\") > 1'", 30, "there is no such key of the experiment"),
    ('"asked(30, 70)"', "'did(\"matmull\")'", 30, "There is no bench 'matmull'"),
    ('"asked(30, 70)"', "'value(\"output\") > 1'", 30, "'output' is no weight or bias"),
    ('actions = ["ask 30+70"]', 'actions = ["nudge bias 1"]', 32, "'bias' is no weight or bias"),
    ('actions = ["ask 30+70"]', 'actions = ["bench tie"]', 32, "There is no bench 'tie'"),
    ('hints = ["one", "two", "three"]\nactions = ["ask', 'hints = ["one"]\nactions = ["ask', 31, "exactly three hints"),
    ('actions = ["ask 30+70"]', 'actions = ["ask 30"]', 32, "'30' is not a sum"),
    ('actions = ["ask 30+70"]', 'actions = ["aks 30+70"]', 32, "'aks' is no action"),
    ('actions = ["ask 30+70"]', 'actions = ["set training.lr=fast"]', 32, "training.lr = "),
    ("when = { training.lr = 0.01 }", "when = { training.lr = \"x\" }", 38, "training.lr = \"x\" will not do"),
    ('measured = "untrained"', 'measured = "trained"', 45, "field.measured = 'trained' will not do"),
    ('kind = "bias"', 'kind = "bais"', 47, "kind = 'bais' will not do: it takes one of sign"),
    ("{answer}", "{other}", 51, "has a blank {other}, but no such field"),
    ("{answer}", "{answer", 51, "where a blank is not written {id}"),
    ('bin = "left"', 'bin = "up"', 55, "bin = 'up' will not do: it takes one of left, right"),
    ('format = ".2f"', 'format = "%d"', 60, "quote.format = '%d' will not do"),
    ('class = "T"', 'class = "B"', 63, "tol or rel is needed for class B"),
    ('class = "T"', 'class = "Q"', 64, "is not for class Q"),
    ('class = "T"', 'class = "X"', 65, "it takes one of E, T, B, Q"),
    ('answer = "b"', 'answer = "c"', 79, "quiz.answer = 'c' will not do: it takes one of a, b"),
    ("fact = 2", "fact = 7", 81, "there are 3 facts"),
    ('actions = ["run 3"]', 'actions = ["station far"]', 40, "There is no station 'far' in this lesson"),
    (STATION[0], STATION[1].replace("[2, 8, 1]", "[3, 1]"), 71, "station.preset does not work. network.layers = "),
    (STATION[0], STATION[1].replace("network.layers = [2, 8, 1]", 'data.rows = []'), 71, "station.preset does"),
    (STATION[0], STATION[1].replace("network.layers = [2, 8, 1]", "epochs = 3"), 71, "preset changes nothing"),
    (STATION[0], STATION[1].replace("network.layers = [2, 8, 1]", ""), 71, "it takes how this run differs"),
    (STATION[0], STATION[1].replace("title", "titel"), 69, "station.title is missing"),
    (STATION[0], STATION[1].replace("[[challenge]]", STATION[1]), 73, "station.id = 'wide' is there already"),
    ("[[loss]]", "[[lost]]", 83, "[[lost]] is not among the lesson's terms"),
    ("It said {{net}}", "It said {{nte}}", 92, "{{nte}} is no [[quote]] of the lesson"),
    ("[[measured]]", '[[quote]]\nname = "idle"\nvalue = "loss"\n\n[[measured]]', 63, "{{idle}} stands nowhere"),
    ("## Observe", "## Look", 91, "is no heading of a lesson"),
    ("## Observe\nIt said {{net}}.\n\n", "", 83, "it needs Facts, Observe, Explain, Go further, in this order"),
    ("The lead, about the [[loss]].", "", 83, "The lead, before the first heading, has no text"),
    ("3. Three.\n", "", 85, "Facts has 2 numbered lines: it takes 3 to 6"),
    ("Because.\n\n## Go", f"| {'x' * 80} |\n\n## Go", 95, "84 characters wide"),
    ("fact = 2", "fact = ", 81, "TOML: "),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "says"), MISTAKES)
def test_a_mistake_is_said_with_its_line_and_what_would_do(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    with pytest.raises(LessonError) as caught:
        small_lesson(tmp_path, (old, new))
    phrase = [(one.line, one.says) for one in caught.value.problems]
    assert any(says in sentence for _, sentence in phrase), phrase
    found = next(number for number, sentence in phrase if says in sentence)
    assert abs(found - line) <= 2 or line == 0, phrase  # the key, or the table that it stands in
    assert all("\n" not in sentence for _, sentence in phrase)


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(LessonError) as caught:
        small_lesson(tmp_path, ("order = 1", "order = 0"), ("fact = 2", "fact = 0"), ("asked(", "askd("))
    assert len(caught.value.problems) >= 3


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (b"", "begins with a line +++"),
        (b"+++\nid = 1\n", "that ends the TOML is missing"),
        (b"+++\n\xff\n+++\n", "not UTF-8"),
        (b"+++\n" + b"a" * 1_100_000, "over 1,000,000 bytes"),
        (b"+++\nx = " + b"[" * 2000 + b"\n+++\n", "TOML"),
    ],
)
def test_a_file_that_is_no_lesson_is_said_so(tmp_path: Path, held: bytes, says: str) -> None:
    path = tmp_path / "01-x.md"
    path.write_bytes(held)
    with pytest.raises(LessonError, match=says.replace("+", r"\+")):
        read_lesson(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(LessonError, match="cannot be read: No such file"):
        read_lesson(tmp_path / "nothing.md")


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "01-small.md"
    path.write_bytes(SMALL.replace("\n", "\r\n").encode())
    assert read_lesson(path).id == "small"


def test_a_field_knows_what_is_right_and_what_went_wrong(tmp_path: Path) -> None:
    field = small_lesson(tmp_path).fields[0]
    assert field.right("1.19")
    assert field.right(" 1,19 ")
    assert not field.right("1.2")
    assert not field.right("")
    assert field.slip("-1.186") == SLIPS["sign"]
    assert field.slip("5") == SLIPS["bias"]
    assert field.slip("0.6") == "Half of it."
    assert field.slip("7") == ""
    assert field.slip("1.19") == ""


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("−39,98", -39.98),
        ("-197,627", -197.627),
        ("9,764", 9.764),
        ("1e3", 1000),
        ("+.5", 0.5),
        ("30*0.5406", 16.218),
        ("30×0,5 − 2", 13),
        ("(1 + 2) / 4", 0.75),
        ("sqrt(9)", 3),
        ("(1,1863 − 100)²", 9764.147),
        ("-3^2", -9),
        ("3**2", 9),
    ],
)
def test_numbers_are_read_as_people_write_them(typed: str, number: float) -> None:
    assert read_number(typed) == pytest.approx(number)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "x",
        "1 2",
        "1,234.5",
        "12,345,678",
        "nan",
        "inf",
        "1e999",
        "0x10",
        "1_000",
        "--1",
        "1" * 50,
        "1/0",
        "3**9",
        "3^22",
        "loss*1",
        "2*",
        "1 + (",
        "30*0x10",
    ],
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed) is None


@pytest.mark.parametrize(
    "text",
    ["", "run", "run 0", "run x", "run 1.5", "step", "step hop", "open chart2", "nudge output.bias", "edit a b", "set",
     "set lr=1", "set nothing", "seed -1", "reset now", "ask x", "answer x", "'", "bench"],
)  # fmt: skip
def test_an_action_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ActionError) as caught:
        parse_action(text)
    assert "\n" not in str(caught.value)


def test_text_is_parted_into_blocks_and_marks() -> None:
    table = "| x | y |\n|---|---|\n| 1 | 2 |"
    text = f"One **bold**\nline.\n\n- a `code`\n- [[rates|learning rate]]\n\n{table}\n\n```\n| raw |\n```"
    blocks = markup.blocks_of(text)
    assert [block.kind for block in blocks] == ["paragraph", "item", "item", "row", "row", "code"]
    assert [span.kind for span in blocks[0].spans] == ["plain", "bold", "plain"]
    assert blocks[2].spans == (markup.Span("term", "rates", "learning rate"),)
    assert [block.head for block in blocks[3:5]] == [True, False]
    assert blocks[5].spans[0].text == "| raw |"


def test_marks_are_found_over_lines_and_not_in_code() -> None:
    text = "The [[learning\nrate]] and\n{{net}}.\n\n`rows = [[30, 70]]`\n\n```\n[[30, 70]] {{x}}\n```\n[[b|loss]]"
    assert [*markup.terms_in(text)] == [("learning rate", 1), ("loss", 10)]
    assert [*markup.quotes_in(text)] == [("net", 3)]


def test_the_guide_names_every_word_bench_action_view_and_slip() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for word in WORDS:
        assert f"`{word}" in guide, word
    assert set(NAMED_BENCHES) == set(BENCHES) - {"gradient", "slopes", "nudge"}  # those three have words of their own
    for bench in NAMED_BENCHES:
        assert f'`bench("{bench}"' in guide, bench
    for action in PATTERNS:
        assert f"`{action}" in guide, action
    for name in (*VIEWS, *SLIPS):
        assert f"`{name}`" in guide, name
