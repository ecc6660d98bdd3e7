"""The characters that drawings are made of, once in Unicode and once in plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class EdgeSymbols:
    """The characters of edges. Triples go from next to nothing over small to large; each tells the sign."""

    zero: str
    plus: tuple[str, str, str]
    minus: tuple[str, str, str]
    up: tuple[str, str, str]
    """For what a phase brings to a number, gradient or change, above 0."""
    down: tuple[str, str, str]
    line: tuple[str, str, str]
    trunk: str
    """Sixteen junctions, by left 1, up 2, right 4, down 8."""
    forward: str
    backward: str


_UNICODE_EDGES = EdgeSymbols(
    zero="·", plus=("'", "+", "╋"), minus=(",", "−", "━"), up=("'", "↑", "▲"), down=(",", "↓", "▼"),
    line=("╌", "─", "━"),
    trunk=" ╴╵┘╶─└┴╷┐│┤┌┬├┼", forward="›", backward="‹",
)  # fmt: skip
_ASCII_EDGES = EdgeSymbols(
    zero=".", plus=("'", "+", "#"), minus=(",", "-", "="), up=("'", "^", "A"), down=(",", "v", "V"),
    line=(".", "-", "="),
    trunk=" -|'--''|.|+.+++", forward=">", backward="<",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Glyphs:
    """One set of characters; every drawing takes all its symbols from here."""

    ascii: bool
    dots: bool
    """Whether the font has braille."""
    minus: str
    times: str
    times_sign: str
    """Before a factor: ×1.9."""
    none: str
    """Stands where there is no number yet."""
    ellipsis: str
    infinity: str
    playing: str
    paused: str
    done: str
    stopped: str
    loading: str
    prompt: str
    current: str
    """Marks the current sum."""
    bar: str
    bar_half: str
    bar_rest: str
    block: str
    centre: str
    vertical: str
    horizontal: str
    corner: str
    y_tick: str
    x_tick: str
    cursor: str
    """A vertical line through the chart at the current epoch."""
    cursor_foot: str
    read_foot: str
    """Where the chart is read out."""
    mark: str
    """Something done on the way, on the chart's axis."""
    others: str
    """What other runs' curves are drawn with, one character a run."""
    marker: str
    """What curves are drawn with: ``braille`` dots, or a character."""
    held_out: str
    """What the held-out loss is drawn with."""
    band: str
    """What the range of losses within an epoch is filled with, as the legend shows it."""
    mean: str
    """What a moving average is drawn with: ``braille`` dots, or a character."""
    left: str
    right: str
    up: str
    down: str
    shades: str
    """Four characters for growing size."""
    bars: str
    """Characters for growing counts, the first for none."""
    kept: str
    """Marks a frozen parameter."""
    muted: str
    """Marks a muted neuron."""
    differs: str
    """Marks what is not as usual."""
    cross: str
    """The cross-hair, and where a run stands on a plane."""
    trail: str
    """A run's path over a plane."""
    point: str
    """The point on a curve that is looked at."""
    nudged: str
    """Where a nudge from it leads."""
    delta: str
    """Before an error."""
    edges: EdgeSymbols

    def text(self, text: str) -> str:
        """``text`` with only characters that this set allows: a sentence of the engine or of a person."""
        if not self.ascii:
            return text
        return text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")


UNICODE = Glyphs(
    ascii=False, dots=True, minus="−", times="·", times_sign="×", none="–", ellipsis="…", infinity="∞",
    playing="▶", paused="‖", done="■", stopped="■", loading="·", prompt="▸", current="▸",
    bar="━", bar_half="╸", bar_rest="─", block="━", centre="│",
    vertical="│", horizontal="─", corner="└", y_tick="┤", x_tick="┬", cursor="│", cursor_foot="▴",
    read_foot="▲", mark="◆", others="·×+*",
    marker="braille", held_out="∘", band="⢕", mean="braille", left="‹", right="›", up="↑", down="↓",
    shades="░▒▓█", bars=" ▁▂▃▄▅▆▇█", kept="◆", muted="×", differs="≠",
    cross="┼", trail="•", point="●", nudged="○", delta="δ", edges=_UNICODE_EDGES,
)  # fmt: skip

BLOCKS = replace(UNICODE, dots=False, marker="hd", band="hd")
"""For fonts that have blocks and lines but no braille."""

ASCII = Glyphs(
    ascii=True, dots=False, minus="-", times="*", times_sign="x", none="-", ellipsis="~", infinity="inf",
    playing=">", paused="=", done="#", stopped="!", loading=".", prompt=">", current=">",
    bar="=", bar_half="-", bar_rest=".", block="=", centre="|",
    vertical="|", horizontal="-", corner="+", y_tick="+", x_tick="+", cursor="|", cursor_foot="^",
    read_foot="A", mark="@", others=".x+%",
    marker="*", held_out="o", band=":", mean="=", left="<", right=">", up="up", down="down",
    shades=".:*#", bars=" _.-=+*#", kept="@", muted="x", differs="#",
    cross="X", trail="o", point="@", nudged="o", delta="d", edges=_ASCII_EDGES,
)  # fmt: skip

_TO_ASCII = str.maketrans(
    dict(zip("−–—·×∞’‘“”▸▶‖■", "---**i''\"\">>=#", strict=True))
    | {"…": "...", "∞": "inf", "±": "+-", "≈": "~", "→": "->", "←": "<-", "↑": "up", "↓": "down"}
    | {
        "ᵀ": "^T",
        "δ": "delta",
        "Δ": "change",
        "θ": "theta",
        "Σ": "sum",
        "√": "sqrt ",
        "²": "^2",
        "ε": "eps",
        "λ": "lambda_",
        "°": "o",
    }
    | {"\u0302": "_hat", "ˆ": "_hat"}
)
