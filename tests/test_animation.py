"""The README's first picture: a recording that plays in any browser, drawn by ``docs/animation.py``."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from docs.animation import animated

SVG = "{http://www.w3.org/2000/svg}"


def test_each_change_of_a_recording_comes_at_its_time_over_what_was_there(tmp_path: Path) -> None:
    cast = tmp_path / "session.cast"
    written = [
        {"version": 2, "width": 20, "height": 3},
        [0.5, "o", "\x1b[2;3Hloss <9>"],
        [1.9, "o", "\x1b[2;8H\x1b[38;5;208m8\x1b[0m"],
        [2.4, "o", "\x1b[3;1H\x1b[38;2;0;175;255m\x1b[48;2;255;135;0m▀⡀\x1b[0m"],
    ]
    cast.write_text("\n".join(map(json.dumps, written)), encoding="utf-8")
    drawn = ET.fromstring(animated(cast, 1.0, 2.0, rate=2))
    first, *later = drawn.findall(f"{SVG}g/{SVG}g")
    assert [text.text for text in first.iter(f"{SVG}text")] == ["loss", "<9>"]
    assert [[text.text for text in group.iter(f"{SVG}text")] for group in later] == [["8"], []]
    (digit,) = later[0].iter(f"{SVG}text")
    assert (digit.get("x"), digit.get("fill")) == ("56", "#ff8700")
    assert [(path.get("fill"), path.get("d")) for path in later[1].iter(f"{SVG}path")] == [
        ("#00afff", "M0 32h8v8h-8z"), ("#ff8700", "M8 32h8v8h-8zM0 40h16v8h-16z"), ("#00afff", "M9 45h2v2h-2z"),
    ]  # fmt: skip
    styles = drawn.findtext(f"{SVG}style") or ""
    assert [styles.split(f"k{i}{{0%{{visibility:hidden}}")[1].split("%")[0] for i in (1, 2)] == ["22.22", "33.33"]


def test_the_readmes_first_picture_is_ten_seconds_of_learning_and_small() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    assert readme.split("](")[1].startswith("docs/learning.svg)")
    file = Path("docs/learning.svg")
    assert file.stat().st_size <= 300 * 1024
    drawn = ET.fromstring(file.read_text(encoding="utf-8"))
    first, *later = drawn.findall(f"{SVG}g/{SVG}g")
    words = ["".join(text.text or "" for text in group.iter(f"{SVG}text")) for group in (first, *later)]
    assert "paused" in words[0]
    assert len(later) >= 20
    assert any("playing" in group for group in words)
