"""The interface in a language that writes the source in capitals: what is not in them was not translated."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from adder_engine.experiment import KEYS
from adder_engine.presets import PRESETS
from docs.catalogue import TEMPLATE, gathered
from tests.terminal.harness import Terminal

LANGUAGE = "en_XA"
KEPT = re.compile(r"(\{[^{}]*(?:\{[^}]*\}[^{}]*)*\}|\[/?[\w ]+\])")
"""Values, and markup of click's."""
WORD = re.compile(r"(?<![\w.])[a-z]{2,}(?![\w.]*\d)")
CODE = " ".join([*PRESETS, *(f"{key.name} {' '.join(map(str, key.choices))}" for key in KEYS)])
OF_CODE = {
    *re.findall("[a-z]+", CODE),
    *("input", "hidden", "output", "weight", "bias", "forward", "backward", "step", "loss", "grad", "exp", "avg", "sq"),
    *("std", "off", "on"),
}
"""Words of the course's and PyTorch's own code, which stay in every language."""


def capitals(text: str) -> str:
    return "".join(part if i % 2 else part.upper() for i, part in enumerate(KEPT.split(text)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalogue = gathered()
    for message in catalogue:
        if message.id:
            texts = (message.id,) if isinstance(message.id, str) else message.id
            message.string = capitals(texts[0]) if len(texts) == 1 else tuple(map(capitals, texts))
    path: Path = tmp_path_factory.mktemp("locale") / LANGUAGE / "LC_MESSAGES" / "adder.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return path.parents[2]


def messages(catalogue: Catalog) -> Iterator[object]:
    return (message.id for message in catalogue if message.id)


def test_the_catalogue_holds_what_the_code_says() -> None:
    with TEMPLATE.open("rb") as file:
        assert [*messages(read_po(file))] == [*messages(gathered())], "make catalogue gathers it anew"


def test_labels_that_are_long_in_a_language_keep_off_their_values(tmp_path: Path) -> None:
    catalogue = gathered()
    for message in catalogue:
        if message.id in ("train loss", "held-out", "parameters", "optimizer", "sum", "value", "bias"):
            message.string = f"{message.id}-and-so-on"
    path = tmp_path / "locale" / LANGUAGE / "LC_MESSAGES" / "adder.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path / "data"), "--experiment", "many-pairs"]
    languages = {"ADDER_TUI_LOCALE": str(tmp_path / "locale"), "LANGUAGE": LANGUAGE}
    with Terminal(command, size=(120, 40), env=languages) as terminal:
        for words in ("train loss-an. –", "held-out-and-. –", "parameters-an. 37", "sum-and-s. ▸ 30"):
            terminal.wait_for_text(words, timeout=60)
        terminal.press("2")
        terminal.wait_for_text("sum-and-s. 30·0.5406")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "marks"),
    [
        ("2", "OWN LOSS"), ("2 v", "NEURON 1"), ("2 t", "TRACE"), ("3", "HISTOGRAM"), ("4", "TRAINS"), ("5", "OFF BY"),
        ("4 l", "RUNS"), ("4 d", "HELD-OUT"), ("4 S", "SWEEP"), ("?", "KEYS"),
    ],
)  # fmt: skip
def test_every_word_of_a_screen_comes_from_the_catalogue(folder: Path, tmp_path: Path, keys: str, marks: str) -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path), "--experiment", "many-pairs"]
    languages = {"ADDER_TUI_LOCALE": str(folder), "LANGUAGE": LANGUAGE}
    with Terminal(command, size=(120, 40), env=languages) as terminal:
        terminal.wait_for_text("PAUSED", timeout=60)
        terminal.wait_for_text("= 1.186")
        terminal.press(*keys.split())
        terminal.wait_for_text(marks)
        text = terminal.text
    assert set(WORD.findall(text)) <= OF_CODE
