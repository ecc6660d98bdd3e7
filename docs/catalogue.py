"""``python -m docs.catalogue``: gathers the program's sentences into the catalogue that translators start from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "adder_engine" / "locale" / "adder.pot"
ERRORS = (
    "ActionError", "AdderError", "CheckError", "ExperimentError", "NoNumberError", "NoRowsError", "ProgressError",
    "RequestError", "RunFileError", "SumError", "TranslationError", "WeightsError",
)  # fmt: skip
PLACES = {
    "tr": (0,), "trn": (0, 1), "plural": (1, 2), **dict.fromkeys((*ERRORS, "complain", "tell"), (0,)),
    ".complain": (1,), ".refuse": (1,),
}  # fmt: skip
"""Where the message stands among the arguments of a function, or of a method, and its plural."""
OF_COMMANDS = (2, 3)
"""Where a ``Command`` has its label and its help, each a message unless it is one letter; so are the key as it is shown
and the key that works while one types, which it has by name."""


def gathered() -> Catalog:
    """The messages of both packages, in the order of the files. Babel's own extraction misses those in f-strings."""
    catalogue = Catalog(project="adder-tui", fuzzy=False)
    for package in ("adder_engine", "adder_tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for message in _messages(ast.parse(path.read_text())):
                catalogue.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return catalogue


def _is_click(decorator: ast.expr) -> bool:
    """Whether it makes a command of a function, whose docstring is then its help."""
    made = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(made, ast.Attribute) and made.attr in ("command", "group")


def _messages(tree: ast.Module) -> Iterator[str | tuple[str, ...]]:
    """One at a time: a text, or one for one and one for many."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_click, node.decorator_list)):
            yield from filter(None, [ast.get_docstring(node)])
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        name = call.func.id if isinstance(call.func, ast.Name) else f".{getattr(call.func, 'attr', '')}"
        texts = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
        if name == "Command":
            told = [texts[place] for place in OF_COMMANDS]
            told += [word.value.value for word in call.keywords if word.arg in ("shown", "typing")]  # type: ignore[attr-defined]
            yield from (text for text in told if isinstance(text, str) and len(text) > 1)
        elif (places := PLACES.get(name)) and len(texts) > places[-1]:
            found = tuple(text for place in places if isinstance(text := texts[place], str))
            if len(found) == len(places):
                yield found if len(found) > 1 else found[0]


def main() -> None:
    """Write the template."""
    TEMPLATE.parent.mkdir(exist_ok=True)
    with TEMPLATE.open("wb") as file:
        write_po(file, gathered(), width=120, omit_header=True, include_lineno=False)


if __name__ == "__main__":
    main()
