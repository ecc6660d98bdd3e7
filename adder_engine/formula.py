"""What is right for a pair as a formula of a and b, ``2*a + 3*b`` or ``a + b > 100``: read by a parser of our own and
never evaluated as code. Needs neither torch nor numpy.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adder_engine.errors import ExperimentError
from adder_engine.language import tr, trn

LONGEST = 200
DEEPEST = 20
"""Characters of a formula, and brackets, powers and signs within each other."""
EXAMPLE = "2*a + 3*b"
WHAT_WILL_DO = tr(
    "{example}, or a + b > 100 for yes or no, of a, b, numbers, + - * / ** ( ) abs min max sin cos sqrt",
    example=EXAMPLE,
)

FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "abs": (1, abs), "min": (2, min), "max": (2, max), "sin": (1, math.sin), "cos": (1, math.cos),
    "sqrt": (1, math.sqrt),
}  # fmt: skip
"""By name: how many arguments each takes, and what it is."""
_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge
}  # fmt: skip
_TOKEN = re.compile(r"\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(\w+)|(\*\*|<=|>=|[-+*/()<>,]))", re.ASCII)
_SIGNS = str.maketrans("−–×·≤≥", "--**\N{SOH}\N{STX}")

Linear = tuple[float, float, float]
"""(w_a, w_b, c) of ``w_a·a + w_b·b + c``."""


@dataclass(frozen=True)
class _Node:
    """An operation on others, or without them a number or one of a and b."""

    kind: str
    """``number``, ``a``, ``b``, an operator, ``neg``, or a function's name."""
    parts: tuple[_Node, ...] = ()
    number: float = 0.0


@dataclass(frozen=True)
class Formula:
    """The right answer to a pair (a, b), in units of sums; of a comparison 1 for yes and 0 for no."""

    root: _Node

    @property
    def asks(self) -> bool:
        """Whether it is a comparison, so that the answers are yes and no."""
        return self.root.kind in _COMPARED

    def of(self, a: float, b: float) -> float:
        """The answer to one pair; NaN where the formula has no finite value there."""
        try:
            value = _value(self.root, float(a), float(b))  # numpy's own would go on from a division by 0
        except (ArithmeticError, ValueError):
            return math.nan
        return float(value) if math.isfinite(value) else math.nan

    def size(self, a: float, b: float) -> float:
        """The sizes of the terms that are added up in the answer: what its rounding is measured against."""
        try:
            return abs(_size(self.root, a, b))
        except (ArithmeticError, ValueError):
            return math.nan

    def over(self, a: Any, b: Any, functions: Mapping[str, Callable[..., Any]]) -> Any:
        """The answers to pairs of arrays, by functions of arrays under the names of :data:`FUNCTIONS`.

        Two more are asked for: ``number`` makes an array's kind of number, and ``finite`` has NaN for what is not
        finite: like :meth:`of` there is no value where a step on the way has none.
        """
        return _value(self.root, a, b, functions)

    def slopes(self, a: float, b: float) -> tuple[float, float] | None:
        """How fast the answer rises with a and with b; None where it bends, has no value, or is a yes or no."""
        if self.asks:
            return None
        try:
            _, d_a, d_b = _slopes(self.root, a, b)
        except (ArithmeticError, ValueError):
            return None
        return (d_a, d_b) if math.isfinite(d_a) and math.isfinite(d_b) else None

    @property
    def linear(self) -> Linear | None:
        """(w_a, w_b, c) where the formula is one straight rule; None where it is none."""
        return _linear(self.root)

    def code(self) -> str:
        """The formula as Python writes it of tensors or arrays ``a`` and ``b``, in the module ``torch``."""
        return _code(self.root)[0]


_SUM, _DIFFERENCE, _PRODUCT = (_Node(sign, (_Node("a"), _Node("b"))) for sign in "+-*")
_TASKS = {_SUM: "sum", _DIFFERENCE: "difference", _PRODUCT: "product"}


def task_named(text: str) -> str:
    """The task that a formula is, ``sum`` for ``a + b``; other texts as they are, without blanks around them."""
    try:
        return _TASKS.get(read(text.strip()).root, text.strip())
    except ExperimentError:
        return text.strip()


def asks_yes_or_no(task: str) -> bool:
    """Whether a task is a formula that compares."""
    try:
        return read(task.strip()).asks
    except ExperimentError:
        return False


@lru_cache(maxsize=64)
def read(text: str) -> Formula:
    """The formula that a text is.

    Raises:
        ExperimentError: it is none; a phrase that begins in the middle of a sentence and says why.
    """
    return Formula(_Reader(text).whole())


class _Reader:
    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ExperimentError(
                "it has {length:,} characters, and {most} is the limit", length=len(text), most=LONGEST
            )
        self._tokens: list[str] = []
        text = text.translate(_SIGNS).replace("\N{SOH}", "<=").replace("\N{STX}", ">=")
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise ExperimentError("{sign!r} is no part of a formula", sign=text[at:].strip()[0])
            self._tokens.append(match[0].strip())
            at = match.end()
        self._at = self._depth = 0

    def whole(self) -> _Node:
        found = self._sum()
        if (sign := self._next) in _COMPARED:
            self._at += 1
            found = _Node(sign, (found, self._sum()))
        if self._next in _COMPARED:
            raise ExperimentError("it compares twice")
        if self._next:
            before = self._tokens[self._at - 1]
            if self._next == "(" or self._next.isalnum():
                raise ExperimentError(
                    "between {before!r} and {sign!r} a sign is missing, such as *", before=before, sign=self._next
                )
            raise ExperimentError("{sign!r} is one too many", sign=self._next)
        if not _holds_input(found):
            raise ExperimentError("neither a nor b is in it")
        return found

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *signs: str) -> str:
        sign = self._next
        if sign not in signs:
            return ""
        self._at += 1
        return sign

    def _sum(self) -> _Node:
        found = self._product()
        while sign := self._take("+", "-"):
            found = _Node(sign, (found, self._product()))
        return found

    def _product(self) -> _Node:
        found = self._signed()
        while sign := self._take("*", "/"):
            found = _Node(sign, (found, self._signed()))
        return found

    def _signed(self) -> _Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExperimentError("more than {most} brackets, powers or signs stand within each other", most=DEEPEST)
        if sign := self._take("+", "-"):
            inner = self._signed()
            found = _Node("neg", (inner,)) if sign == "-" else inner
        else:
            found = self._atom()
            if self._take("**"):
                found = _Node("**", (found, self._signed()))
        self._depth -= 1
        return found

    def _atom(self) -> _Node:
        token = self._next
        self._at += 1
        if token in ("a", "b"):
            return _Node(token)
        if token[:1].isdigit() or (token[:1] == "." and len(token) > 1):
            value = float(token)
            if not math.isfinite(value):
                raise ExperimentError("{token} is too large", token=token)
            return _Node("number", number=value)
        if token == "(":
            found = self._sum()
            self._close()
            return found
        if token in FUNCTIONS:
            return self._call(token)
        if not token:
            raise ExperimentError(tr("something is missing at its end") if self._tokens else tr("it is empty"))
        if token[:1].isalpha() or token[:1] == "_":
            raise ExperimentError("there is no {token!r}", token=token)
        raise ExperimentError("before {token!r} something is missing", token=token)

    def _call(self, name: str) -> _Node:
        if not self._take("("):
            raise ExperimentError(
                "behind {name} a bracket is missing, as in {name}({arguments})",
                name=name,
                arguments="a, b" if name[0] == "m" else "a",
            )
        parts = [self._sum()]
        while self._take(","):
            parts.append(self._sum())
        self._close()
        due = FUNCTIONS[name][0]
        if len(parts) != due:
            raise ExperimentError(
                trn(
                    "{name} takes {due} number, not {given}",
                    "{name} takes {due} numbers, not {given}",
                    due,
                    name=name,
                    due=due,
                    given=len(parts),
                )
            )
        return _Node(name, tuple(parts))

    def _close(self) -> None:
        if not self._take(")"):
            raise ExperimentError(tr("a bracket is opened and never closed") if not self._next else
                                  tr("a bracket is not closed before {sign!r}", sign=self._next))  # fmt: skip


def _holds_input(node: _Node) -> bool:
    return node.kind in ("a", "b") or any(map(_holds_input, node.parts))


_OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "neg": operator.neg, **_COMPARED,
}  # fmt: skip


_OF_NUMBERS: dict[str, Callable[..., float]] = {
    **{name: function for name, (_, function) in FUNCTIONS.items()}, "**": math.pow,  # which has no complex numbers
    "number": float, "finite": float,
}  # fmt: skip


def _value(node: _Node, a: Any, b: Any, functions: Mapping[str, Callable[..., Any]] = _OF_NUMBERS) -> Any:
    if not node.parts:
        return {"a": a, "b": b}[node.kind] if node.kind != "number" else functions["number"](node.number)
    parts = [_value(part, a, b, functions) for part in node.parts]
    found = (functions.get(node.kind) or _OPERATORS[node.kind])(*parts)
    if node.kind in _COMPARED:  # neither yes nor no where a side has no value
        found = found + sum(part - part for part in parts)
    return functions["finite"](found)


def _size(node: _Node, a: float, b: float) -> float:
    if node.kind in ("+", "-", "neg"):
        return sum(_size(part, a, b) for part in node.parts)
    if node.kind == "*":
        return math.prod(_size(part, a, b) for part in node.parts)
    if node.kind == "/":
        return float(_size(node.parts[0], a, b) / abs(_value(node.parts[1], a, b)))
    return float(abs(_value(node, a, b)))


def _slopes(node: _Node, a: float, b: float) -> tuple[float, float, float]:
    """The value and how fast it rises with a and b, by the rules of differentiation."""
    if not node.parts:
        return {"a": (a, 1.0, 0.0), "b": (b, 0.0, 1.0)}.get(node.kind, (node.number, 0.0, 0.0))
    value = float(_value(node, a, b))
    parts = [_slopes(part, a, b) for part in node.parts]
    u = parts[0][0]
    v = parts[1][0] if len(parts) > 1 else 0.0
    if node.kind == "**" and not any(parts[1][1:]):
        rates = (v * math.pow(u, v - 1) if v else 0.0, 0.0)
    else:
        if (node.kind == "abs" and not u) or (node.kind in ("min", "max") and u == v):
            raise ValueError("it bends here")
        rules: dict[str, Callable[[], tuple[float, float]]] = {
            "+": lambda: (1.0, 1.0), "-": lambda: (1.0, -1.0), "*": lambda: (v, u), "/": lambda: (1 / v, -u / (v * v)),
            "**": lambda: (v * math.pow(u, v - 1), value * math.log(u)), "neg": lambda: (-1.0, 0.0),
            "abs": lambda: (math.copysign(1.0, u), 0.0), "sin": lambda: (math.cos(u), 0.0),
            "cos": lambda: (-math.sin(u), 0.0), "sqrt": lambda: (0.5 / value, 0.0),
            "min": lambda: (float(u < v), float(u > v)), "max": lambda: (float(u > v), float(u < v)),
        }  # fmt: skip
        rates = rules[node.kind]()
    d_a = sum(rate * part[1] for rate, part in zip(rates, parts, strict=False))
    d_b = sum(rate * part[2] for rate, part in zip(rates, parts, strict=False))
    return value, d_a, d_b


def _linear(node: _Node) -> Linear | None:
    if not node.parts:
        return {"a": (1.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0)}.get(node.kind, (0.0, 0.0, node.number))
    parts = [_linear(part) for part in node.parts]
    if not all(parts) or node.kind in _COMPARED:
        return None
    found = [part for part in parts if part is not None]
    if not any(weight for part in found for weight in part[:2]):
        value = Formula(node).of(0.0, 0.0)
        return (0.0, 0.0, value) if math.isfinite(value) else None
    first, second = found[0], found[-1]
    if node.kind in ("+", "-"):
        sign = 1.0 if node.kind == "+" else -1.0
        return first[0] + sign * second[0], first[1] + sign * second[1], first[2] + sign * second[2]
    if node.kind == "neg":
        return 0.0 - first[0], 0.0 - first[1], 0.0 - first[2]
    if node.kind == "*" and not any(first[:2]):
        first, second = second, first
    if node.kind in ("*", "/") and not any(second[:2]) and (node.kind == "*" or second[2]):
        by = second[2] if node.kind == "*" else 1 / second[2]
        return first[0] * by, first[1] * by, first[2] * by
    return None


_BINDS = {"<": 0, ">": 0, "<=": 0, ">=": 0, "+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}
_TORCH = {"min": "torch.minimum", "max": "torch.maximum"}


def _code(node: _Node) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    if node.kind == "number":
        number = int(node.number) if node.number == int(node.number) and node.number < 1e15 else node.number
        return repr(number), 5
    if not node.parts:
        return node.kind, 5
    parts = [_code(part) for part in node.parts]
    if node.kind in FUNCTIONS:
        # A number alone is no tensor, and torch's functions take tensors.
        inside = [text if _holds_input(part) else f"torch.tensor({text}, dtype=torch.float64)"
                  for part, (text, _) in zip(node.parts, parts, strict=True)]  # fmt: skip
        return f"{_TORCH.get(node.kind, f'torch.{node.kind}')}({', '.join(inside)})", 5
    binds = _BINDS[node.kind]
    if node.kind == "neg":
        text, inner = parts[0]
        return f"-{text}" if inner >= binds else f"-({text})", binds
    (left, of_left), (right, of_right) = parts
    if of_left < binds or (node.kind == "**" and of_left == binds):
        left = f"({left})"
    if of_right < binds or (node.kind in ("-", "/", "*", "+") and of_right == binds):
        right = f"({right})"
    joint = "**" if node.kind == "**" else f" {node.kind} "
    return f"{left}{joint}{right}", binds
