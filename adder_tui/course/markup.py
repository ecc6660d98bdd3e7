"""A lesson's text: its four parts, the blocks they are made of, and the marks in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from adder_engine.language import tr

PARTS = ("Facts", "Observe", "Explain", "Go further")
WIDEST = 72
"""Characters in a line that is shown as it stands: of tables, code blocks and worked examples."""

BlockKind = Literal["paragraph", "item", "row", "code"]
SpanKind = Literal["plain", "bold", "code", "term"]


@dataclass(frozen=True)
class Span:
    """A stretch of text of one look."""

    kind: SpanKind
    text: str
    term: str = ""
    """The glossary's name of it, for kind ``term``."""


@dataclass(frozen=True)
class Block:
    """A paragraph, an item of a list, a row of a table, or a block of code."""

    kind: BlockKind
    spans: tuple[Span, ...]
    """For a row those of all its cells."""
    mark: str = ""
    """An item's mark: ``-`` or its number with a point."""
    cells: tuple[tuple[Span, ...], ...] = ()
    """A row's cells."""
    head: bool = False
    """The row is the table's head."""


_MARK = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|`(?P<code>[^`]+)`|\[\[(?P<shown>[^\[\]|]+)(?:\|(?P<term>[^\[\]|]+))?\]\]")
_QUOTE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ITEM = re.compile(r"(-|\d+\.) +(.*)")
_HEADING = re.compile(r"(#+) *(.*?) *#*")


def lines_of(text: str) -> Iterator[tuple[int, str, bool]]:
    """The lines with their numbers, counted from 1, and whether each is code, or a fence of it."""
    coded = False
    for number, line in enumerate(text.split("\n"), 1):
        fence = line.startswith("```")
        yield number, line, coded or fence
        coded ^= fence


def parts_of(body: str) -> tuple[list[tuple[str, str, int]], list[tuple[int, str]]]:
    """The parts as (heading, text, line of the heading), the lead first with the heading "", and what is amiss.

    Lines are counted from 1 in ``body``.
    """
    parts: list[tuple[str, list[str], int]] = [("", [], 1)]
    amiss: list[tuple[int, str]] = []
    for number, line, coded in lines_of(body):
        heading = None if coded else _HEADING.fullmatch(line)
        if heading and (heading[1] != "##" or heading[2] not in PARTS):
            parts_there = ", ".join("## " + p for p in PARTS)
            amiss.append(
                (number, tr("{line!r} is no heading of a lesson: it has {parts}.", line=line, parts=parts_there))
            )
        elif heading:
            parts.append((heading[2], [], number))
        else:
            parts[-1][1].append(line)
    return [(heading, "\n".join(lines).strip("\n"), number) for heading, lines, number in parts], amiss


def numbered(text: str) -> tuple[str, ...]:
    """The items of a numbered list, each on one line."""
    items: list[str] = []
    for line in text.split("\n"):
        head, point, rest = line.partition(". ")
        if point and head.isdigit():
            items.append(rest.strip())
        elif items and line.strip():
            items[-1] += " " + line.strip()
    return tuple(items)


def terms_in(text: str) -> Iterator[tuple[str, int]]:
    """The glossary's names that the text marks, as they come, each with its line (counted from 1)."""
    return ((_joined(mark["term"] or mark["shown"]), line) for mark, line in _found(_MARK, text) if mark["shown"])


def quotes_in(text: str) -> Iterator[tuple[str, int]]:
    """The names in ``{{…}}``, as they come, each with its line (counted from 1)."""
    return ((quote[1], line) for quote, line in _found(_QUOTE, text))


def _found(pattern: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], int]]:
    """What fits the pattern outside of code, each with its line."""
    text, at, number = "\n".join("" if coded else line for _, line, coded in lines_of(text)), 0, 1
    for match in pattern.finditer(text):
        number, at = number + text.count("\n", at, match.start()), match.start()
        yield match, number


def _joined(text: str) -> str:
    return " ".join(text.split())


def fill(text: str, figure: Callable[[str], str]) -> str:
    """The text with each ``{{name}}`` replaced by ``figure(name)``."""
    return _QUOTE.sub(lambda match: figure(match[1]), text)


def plain(text: str) -> str:
    """The text without its marks."""
    return "".join(span.text for span in spans_of(text))


def spans_of(text: str) -> tuple[Span, ...]:
    """A line or a paragraph as stretches of one look."""
    spans: list[Span] = []
    at = 0
    for match in _MARK.finditer(text):
        if match.start() > at:
            spans.append(Span("plain", text[at : match.start()]))
        if match["bold"]:
            spans.append(Span("bold", match["bold"]))
        elif match["code"]:
            spans.append(Span("code", match["code"]))
        else:
            spans.append(Span("term", match["shown"], _joined(match["term"] or match["shown"])))
        at = match.end()
    if at < len(text):
        spans.append(Span("plain", text[at:]))
    return tuple(spans)


def blocks_of(text: str) -> tuple[Block, ...]:
    """A part's blocks, in order."""
    blocks: list[Block] = []
    paragraph: list[str] = []
    mark = ""
    code: list[str] | None = None

    def end() -> None:
        nonlocal mark
        if paragraph:
            blocks.append(Block("item" if mark else "paragraph", spans_of(" ".join(paragraph)), mark))
            paragraph.clear()
        mark = ""

    lines = text.split("\n")
    for number, line in enumerate(lines):
        bare = line.strip()
        if code is not None and not line.startswith("```"):
            code.append(line)
        elif line.startswith("```"):
            end()
            if code is not None:
                blocks.append(Block("code", (Span("code", "\n".join(code)),)))
            code = [] if code is None else None
        elif not bare:
            end()
        elif bare.startswith("|"):
            end()
            if not _is_rule(bare):
                cells = tuple(spans_of(cell.strip()) for cell in bare.strip("|").split("|"))
                head = number + 1 < len(lines) and _is_rule(lines[number + 1].strip())
                blocks.append(Block("row", tuple(span for cell in cells for span in cell), cells=cells, head=head))
        elif (item := _ITEM.fullmatch(bare)) and not line.startswith("    "):
            end()
            mark = item[1]
            paragraph.append(item[2])
        else:
            paragraph.append(bare)
    end()
    if code is not None:
        blocks.append(Block("code", (Span("code", "\n".join(code)),)))
    return tuple(blocks)


def too_wide(text: str) -> Iterator[tuple[int, int]]:
    """Lines of tables and code that are too wide: their numbers, counted from 1 in ``text``, and widths."""
    for number, line, coded in lines_of(text):
        row = line.strip().startswith("|")
        width = len(plain(line.strip()) if row else line)
        if (coded or row) and width > WIDEST:
            yield number, width


def _is_rule(line: str) -> bool:
    return bool(re.fullmatch(r"\|(?:\s*:?-+:?\s*\|)+", line))
