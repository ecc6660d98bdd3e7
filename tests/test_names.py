"""The house's names: the field's words, and a module's name once."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = [path for package in ("adder_engine", "adder_tui") for path in (ROOT / package).rglob("*.py")]
PRIVATE = re.compile(
    "desk|workbench|shelf|deed|told|hands|studying|wandering|tidying|lifeline|seat|sitting"
    "|rung|slots?$|classroom|sheet|crossing|portrait|floorplan|silenced",
    re.IGNORECASE,
)
"""Words of our own that once stood for what the field has names for."""
SHARED = re.compile(r"tab|screens?|state|draw.*|__init__|__main__")
"""Modules that each feature's folder may have."""


def names_in(tree: ast.AST) -> Iterator[str]:
    """Of classes, functions, arguments, variables and attributes."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name):
                yield name


def test_no_name_is_a_private_word() -> None:
    names = {name for path in PRODUCT for name in names_in(ast.parse(path.read_text()))}
    assert len(names) > 3000
    assert [name for name in (*sorted(names), *(path.stem for path in PRODUCT)) if PRIVATE.search(name)] == []


def test_no_two_modules_are_called_alike() -> None:
    counts = Counter(path.stem for path in PRODUCT if not SHARED.fullmatch(path.stem))
    assert [name for name, count in counts.items() if count > 1] == []
