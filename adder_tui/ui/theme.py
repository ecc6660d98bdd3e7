"""Colours: a dark and a light theme from the 256-colour palette, and one of the terminal's own 16 colours.

Over SSH most terminals show 256 colours; colours that are members of that palette look the same there and in
truecolor. Plus is blue and minus orange, which stay apart for colour-blind eyes; one accent; the rest is grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from adder_tui.ui.line import Role, Tone


@dataclass(frozen=True)
class Colours:
    """The few colours that a theme is made of, as hex or ``ansi_…`` names."""

    background: str
    band: str
    """Bars across the screen, and fields."""
    raised: str
    """Windows that lie over the shell."""
    text: str
    strong: str
    dim: str
    faint: str
    accent: str
    plus: str
    minus: str


DARK = Colours(
    background="#1c1c1c", band="#303030", raised="#262626", text="#c6c6c6", strong="#ffffff", dim="#8a8a8a",
    faint="#585858", accent="#5fd7af", plus="#00afff", minus="#ff8700",
)  # fmt: skip
"""Members 234, 236, 235, 251, 231, 245, 240, 79, 39, 208 of the palette."""

LIGHT = Colours(
    background="#ffffff", band="#dadada", raised="#eeeeee", text="#303030", strong="#000000", dim="#626262",
    faint="#9e9e9e", accent="#00875f", plus="#005faf", minus="#d75f00",
)  # fmt: skip
"""Members 231, 253, 255, 236, 16, 241, 247, 29, 25, 166 of the palette."""

BASIC = Colours(
    background="ansi_default", band="ansi_default", raised="ansi_default", text="ansi_default",
    strong="ansi_default", dim="ansi_default", faint="ansi_bright_black", accent="ansi_green",
    plus="ansi_bright_blue", minus="ansi_bright_yellow",
)  # fmt: skip
"""The terminal's own: default, 8, 2, 12, 11."""

BASIC_THEME = "basic"
NO_STYLE = Style.null()


@dataclass(frozen=True)
class Shades:
    """What heat maps and the picture of the network are made of, as hex; members of the 256-colour palette."""

    signs: tuple[str, ...]
    """Backgrounds of a heat map's levels −3 to 3."""
    sizes: tuple[str, ...]
    """Backgrounds of the levels 0 to 5."""
    ground: str
    """A tile around 0."""
    plus: tuple[str, ...]
    """Five shades of a tile, from next to nothing to the largest."""
    minus: tuple[str, ...]
    plane: tuple[str, str, str]
    """Of the plane of sums: what lies around, what was trained on, the current sum."""

    def of(self, level: int) -> str:
        """A tile's shade, −5 to 5."""
        return self.ground if not level else (self.plus if level > 0 else self.minus)[abs(level) - 1]


SHADES: Mapping[str, Shades] = {
    "dark": Shades(
        signs=("#ff8700", "#d75f00", "#875f00", "#303030", "#005f87", "#0087af", "#00afff"),
        sizes=("#262626", "#3a3a3a", "#585858", "#808080", "#a8a8a8", "#d0d0d0"),
        ground="#262626",
        plus=("#005f87", "#005faf", "#0087af", "#0087d7", "#00afff"),
        minus=("#875f00", "#af5f00", "#d75f00", "#d78700", "#ff8700"),
        plane=("#303030", "#6c6c6c", "#5fd7af"),
    ),
    "light": Shades(
        signs=("#d75f00", "#ffaf5f", "#ffd7af", "#eeeeee", "#afd7ff", "#5fafff", "#005faf"),
        sizes=("#eeeeee", "#d0d0d0", "#b2b2b2", "#949494", "#6c6c6c", "#444444"),
        ground="#eeeeee",
        plus=("#afd7ff", "#5fafff", "#0087d7", "#005faf", "#00005f"),
        minus=("#ffd7af", "#ffaf5f", "#ff8700", "#d75f00", "#870000"),
        plane=("#e4e4e4", "#a8a8a8", "#00875f"),
    ),
}
"""With 16 colours the characters carry the levels."""
COLOURS: Mapping[str, Colours] = {"dark": DARK, "light": LIGHT, BASIC_THEME: BASIC}


def theme_for(wanted: str | None, colour_system: str | None, no_color: bool = False) -> str:
    """The theme's name: what was asked for, else ``dark``; the terminal's own where it has but 16 colours, or none."""
    if colour_system == "standard" or no_color:
        return BASIC_THEME
    return wanted or "dark"


def textual_theme(name: str) -> Theme:
    """The Textual theme of that name, every colour that our screens use spelt out."""
    c = COLOURS[name]
    return Theme(
        name=name,
        ansi=name == BASIC_THEME,
        dark=name != "light",
        primary=c.accent, secondary=c.accent, accent=c.accent, warning=c.minus, error=c.minus, success=c.accent,
        foreground=c.text, background=c.background, surface=c.background, panel=c.raised, boost=c.raised,
        luminosity_spread=0.0,
        text_alpha=1.0,
        variables={
            **(BUILTIN_THEMES["ansi-dark"].variables if name == BASIC_THEME else {}),
            "band": c.band, "raised": c.raised, "strong": c.strong, "dim": c.dim, "faint": c.faint, "plus": c.plus,
            "minus": c.minus,
            "input-cursor-background": c.text if name != BASIC_THEME else "ansi_white",
            "input-cursor-foreground": c.background if name != BASIC_THEME else "ansi_black",
            "input-cursor-text-style": "none",
            "input-selection-background": c.faint if name != BASIC_THEME else "ansi_bright_black",
        },
    )  # fmt: skip


class _Styles(dict[Role, Style]):
    """What each role looks like over a style, worked out when it first comes up."""

    def __init__(self, theme: str, over: Style) -> None:
        super().__init__()
        self._theme, self._over = theme, over

    def __missing__(self, role: Role) -> Style:
        own = _tone_style(self._theme, role) if isinstance(role, Tone) else _named_styles(self._theme)[role]
        style = self[role] = self._over + own
        return style


@lru_cache(maxsize=64)
def role_styles(theme: str, over: Style = NO_STYLE) -> Mapping[Role, Style]:
    """What each role looks like, over the style of the widget that draws it."""
    return _Styles(theme, over)


@cache
def _named_styles(name: str) -> Mapping[Role, Style]:
    c = COLOURS[name]
    basic = name == BASIC_THEME

    def style(colour: str, bold: bool = False, background: str = "", reverse: bool = False) -> Style:
        return Style(color=_rich(colour), bgcolor=_rich(background) if background else None, bold=bold, reverse=reverse)

    return {
        "text": style(c.text),
        "strong": style(c.strong, bold=True),
        "dim": style(c.dim),
        "faint": style(c.faint),
        "accent": style(c.accent, bold=basic),
        "key": style(c.accent, bold=True),
        "plus": style(c.plus),
        "minus": style(c.minus),
        "train": style(c.accent),
        "test": style(c.strong if not basic else c.text),
        "active": style(c.accent, True, reverse=True) if basic else style(c.background, True, c.accent),
        "band-dim": style(c.dim, background=c.band) if not basic else style(c.text, bold=True),
        "chosen": style(c.strong, bold=True, background=c.faint) if not basic else style(c.text, reverse=True),
    }


def _tone_style(name: str, tone: Tone) -> Style:
    """A cell has two colours; where it has one, it tells alone, and its letter is there for those who copy it."""
    c = COLOURS[name]
    if name == BASIC_THEME:
        if tone.scale == "size" or tone.upper == 0:
            return Style(color=_rich(c.text), bold=tone.marked or tone.upper > 3)
        if tone.scale == "edge" and abs(tone.upper) < 3:  # of the sixteen colours each has a darker one
            return Style(color="blue" if tone.upper > 0 else "yellow")
        return Style(color=_rich(c.plus if tone.upper > 0 else c.minus), bold=tone.marked or abs(tone.upper) > 2)
    shades = SHADES[name]
    if tone.scale == "edge":
        return Style(color=shades.of(tone.upper + (tone.upper > 2) - (tone.upper < -2)))
    if tone.scale == "tile":
        upper, lower = shades.of(tone.upper), shades.of(tone.lower)
        if tone.upper == tone.lower:  # its character is a little brighter or darker
            away = 1 if abs(tone.upper) < 4 else -2
            return Style(color=shades.of(tone.upper + (away if tone.upper >= 0 else -away)), bgcolor=upper)
        return Style(color=upper, bgcolor=lower)
    grounds, first = {"sign": (shades.signs, 3), "size": (shades.sizes, 0), "plane": (shades.plane, 0)}[tone.scale]
    upper, lower = grounds[tone.upper + first], grounds[tone.lower + first]
    if tone.marked:
        return Style(color=max(c.strong, c.background, key=lambda ink: contrast(ink, upper)), bgcolor=upper, bold=True)
    return Style(color=upper, bgcolor=lower)


def contrast(ink: str, ground: str) -> float:
    """How far two colours, as hex, stand apart, 1 to 21: the Web Content Accessibility Guidelines' contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(ink), luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def _rich(colour: str) -> str:
    return colour.removeprefix("ansi_")
