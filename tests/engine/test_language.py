"""Catalogues in other languages: each is used in a program of its own, since the environment chooses at the start."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

Message = str | tuple[str, ...]
REFUSAL = "{name} = {given} will not do: it takes {range}."
ABC = ("-m", "adder_tui", "train", "one-pair", "--set", "training.lr=abc")
CHECK = ("-c", "from adder_engine.language import in_use; print(in_use())")


def _path(folder: Path, language: str) -> Path:
    path = folder / language / "LC_MESSAGES" / "adder.mo"
    path.parent.mkdir(parents=True)
    return path


def _catalogue(folder: Path, language: str, messages: Mapping[Message, Message]) -> None:
    catalogue = Catalog(locale=language)
    for message, translation in messages.items():
        catalogue.add(message, translation)
    with _path(folder, language).open("wb") as file:
        write_mo(file, catalogue)


def _said(folder: Path, *command: str, language: str = "de") -> tuple[str, int]:
    """What the program writes, and how it ends."""
    environ = {**os.environ, "ADDER_TUI_LOCALE": str(folder), "LANGUAGE": language, "PYTHONUTF8": "1"}
    run = subprocess.run(
        [sys.executable, *command], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in run.stderr
    return (run.stdout + run.stderr).strip(), run.returncode


def test_a_catalogue_in_another_language_is_used_and_the_values_stand_at_their_names(tmp_path: Path) -> None:
    _catalogue(tmp_path, "de", {REFUSAL: "{range} nimmt {name}, und {given} geht nicht."})
    said, code = _said(tmp_path, *ABC)
    assert code == 2
    assert said == 'adder-tui: a number above 0, at most 1,000,000 nimmt training.lr, und "abc" geht nicht.'
    assert _said(tmp_path, *CHECK)[0] == str(tmp_path / "de" / "LC_MESSAGES" / "adder.mo")


@pytest.mark.parametrize("wrong", ["{wert} geht nicht.", "{name.x} geht nicht.", "{given:d} geht nicht.", "{", "{}"])
def test_a_translation_whose_braces_name_other_values_gives_way_to_english(tmp_path: Path, wrong: str) -> None:
    _catalogue(tmp_path, "de", {REFUSAL: wrong})
    said, code = _said(tmp_path, *ABC)
    assert code == 2
    assert said.startswith('adder-tui: training.lr = "abc" will not do: it takes a number above 0')


def test_plurals_follow_the_catalogues_language(tmp_path: Path) -> None:
    _catalogue(tmp_path, "pl", {("row", "rows"): ("wiersz", "wiersze", "wierszy")})
    code = "from adder_tui.ui.numbers import plural; print(*(plural(n, 'row', 'rows') for n in (1, 2, 5, 22)))"
    assert _said(tmp_path, "-c", code, language="pl")[0] == "1 wiersz 2 wiersze 5 wierszy 22 wiersze"


def test_what_a_language_lacks_is_told_in_the_one_wanted_next_and_english_ends_the_list(tmp_path: Path) -> None:
    _catalogue(tmp_path, "gsw", {"a number": "e Zahl"})
    _catalogue(tmp_path, "de", {"a number": "eine Zahl", "true or false": "wahr oder falsch"})
    code = "from adder_engine.language import tr; print(tr('a number'), tr('true or false'), sep='; ')"
    assert _said(tmp_path, "-c", code, language="gsw:de")[0] == "e Zahl; wahr oder falsch"
    assert _said(tmp_path, "-c", code, language="en_GB:de")[0] == "a number; true or false"


def test_the_help_of_commands_passes_the_catalogue(tmp_path: Path) -> None:
    _catalogue(tmp_path, "de", {"List the presets.": "Zählt die Vorlagen auf."})
    assert "Zählt die Vorlagen auf." in _said(tmp_path, "-m", "adder_tui", "experiments", "--help")[0]


@pytest.mark.parametrize("kind", ["damaged", "cut", "pipe", "folder"])
def test_a_catalogue_that_cannot_be_read_leaves_english_and_is_told_of(tmp_path: Path, kind: str) -> None:
    path = _path(tmp_path, "de")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"no catalogue" if kind == "damaged" else b"\xde\x12\x04\x95\0\0\0\0\x09")
    said, code = _said(tmp_path, *ABC)
    assert code == 2
    assert said.startswith('adder-tui: training.lr = "abc" will not do')
    assert _said(tmp_path, *CHECK)[0] == f"English, for {path} cannot be read: compile it anew"


def test_check_tells_of_a_damaged_catalogue_in_one_line(tmp_path: Path) -> None:
    path = _path(tmp_path, "de")
    path.write_bytes(b"no catalogue")
    lines = _said(tmp_path, "-m", "adder_tui", "--check", "--data-dir", str(tmp_path / "data"))[0].splitlines()
    assert f"language     English, for {path} cannot be read: compile it anew" in lines


def test_a_language_without_a_catalogue_is_told_of_and_english_needs_none(tmp_path: Path) -> None:
    there = tmp_path / "none"
    assert _said(there, *CHECK)[0] == f"English, for there is no catalogue of de in {there}"
    assert _said(there, *ABC)[1] == 2
    for language in ("en_GB:en", "C", "POSIX"):
        assert _said(there, *CHECK, language=language)[0] == "English (the source)"


def test_a_rule_of_plurals_that_divides_by_zero_leaves_english(tmp_path: Path) -> None:
    _catalogue(tmp_path, "de", {("row", "rows"): ("Zeile", "Zeilen")})
    path = tmp_path / "de" / "LC_MESSAGES" / "adder.mo"
    rule = b"plural=(n != 1)"
    assert rule in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(rule, b"plural=(n %  0)"))
    code = "from adder_engine.language import trn; print(trn('row', 'rows', 2))"
    assert _said(tmp_path, "-c", code)[0] == "rows"
