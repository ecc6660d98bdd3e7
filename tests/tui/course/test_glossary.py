"""The glossary: found by any of a term's names, linked to lessons, searched."""

from pathlib import Path

import pytest

from adder_tui.course.course import LONGEST_TEXT, read_course, read_glossary
from adder_tui.course.source import LessonError

GLOSSARY = read_course().glossary


def test_a_term_is_found_by_all_its_names_and_in_any_case() -> None:
    for name in ("learning rate", "Learning Rate", "lr", "rate"):
        entry = GLOSSARY.find(name)
        assert entry is not None
        assert entry.term == "learning rate"
    assert GLOSSARY.find("blorb") is None


def test_names_that_differ_only_in_case_are_kept_apart() -> None:
    weights, biases = GLOSSARY.find("W"), GLOSSARY.find("b")
    assert weights is not None
    assert biases is not None
    assert "weights" in weights.text
    assert "biases" in biases.text


def test_no_name_belongs_to_two_terms() -> None:
    names = [name for entry in GLOSSARY.entries.values() for name in (entry.term, *entry.also)]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_text_is_a_sentence_or_two() -> None:
    for entry in GLOSSARY.entries.values():
        assert entry.text.endswith("."), entry.term
        assert len(entry.text) <= LONGEST_TEXT
        sentences = entry.text.count(". ") + entry.text.count("? ") + 1
        assert sentences <= 3, entry.term


def test_searching_gives_names_before_texts() -> None:
    found = [entry.term for entry in GLOSSARY.search("saddle")]
    assert found[0] == "saddle point"
    assert len(GLOSSARY.search("")) == len(GLOSSARY.entries)
    assert GLOSSARY.search("blorb") == ()


def test_a_term_is_linked_to_the_lessons_that_explain_it() -> None:
    model = GLOSSARY.find("models")
    assert model is not None
    assert model.lessons[0] == "rule-or-guess"


@pytest.mark.parametrize("held", ["x = 1", '["a"]\n', '["a"]\ntext = 1', '["a"]\ntext = "x"\ncolour = 1', "["])
def test_a_glossary_that_will_not_do_is_said_by_line(tmp_path: Path, held: str) -> None:
    path = tmp_path / "glossary.toml"
    path.write_text(held)
    with pytest.raises(LessonError, match=r"glossary\.toml"):
        read_glossary(path)
