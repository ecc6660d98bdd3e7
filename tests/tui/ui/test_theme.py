"""Colours."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal, get_args

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style

from adder_tui.ui.line import Role, Tone
from adder_tui.ui.symbols import ASCII
from adder_tui.ui.theme import BASIC, COLOURS, DARK, LIGHT, SHADES, Colours, Shades, contrast, role_styles, theme_for


@pytest.mark.parametrize("colours", [DARK, LIGHT])
def test_each_colour_looks_the_same_in_256_colours(colours: Colours) -> None:
    for field in fields(colours):
        wanted = Color.parse(getattr(colours, field.name))
        shown = wanted.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        assert wanted.triplet is not None
        # rich takes the lighter greys one shade darker than they are
        assert max(abs(a - b) for a, b in zip(wanted.triplet, shown, strict=True)) <= 10, field.name


def test_plus_and_minus_are_the_colours_that_colour_blind_eyes_tell_apart() -> None:
    numbers = [
        Color.parse(c).downgrade(ColorSystem.EIGHT_BIT).number for c in (DARK.plus, DARK.minus, LIGHT.plus, LIGHT.minus)
    ]
    assert numbers == [39, 208, 25, 166]
    assert (BASIC.plus, BASIC.minus) == ("ansi_bright_blue", "ansi_bright_yellow")


def test_every_theme_knows_every_role() -> None:
    names = get_args(get_args(Role)[0])
    assert all(isinstance(role_styles(theme)[role], Style) for theme in COLOURS for role in names)


def test_a_terminal_of_sixteen_colours_gets_its_own() -> None:
    assert theme_for("light", "standard") == "basic"
    assert theme_for(None, "256") == "dark"
    assert theme_for("light", "truecolor") == "light"
    assert theme_for("dark", "truecolor", no_color=True) == "basic"


def test_the_ascii_glyphs_are_ascii() -> None:
    for field in fields(ASCII):
        value = getattr(ASCII, field.name)
        assert not isinstance(value, str) or value.isascii(), field.name
    assert ASCII.text("30 − 2 · 5 ≈ 语") == "30 - 2 * 5 ~ ?"


@pytest.mark.parametrize("shades", SHADES.values())
def test_each_colour_of_a_heat_map_is_a_member_of_the_256_colours(shades: Shades) -> None:
    for colour in (*shades.signs, *shades.sizes):
        wanted = Color.parse(colour)
        shown = wanted.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        assert wanted.triplet is not None
        assert max(abs(a - b) for a, b in zip(wanted.triplet, shown, strict=True)) <= 10, colour


@pytest.mark.parametrize("theme", SHADES)
@pytest.mark.parametrize(("scale", "levels"), [("sign", range(-3, 4)), ("size", range(6))])
def test_what_is_written_on_a_heat_map_stands_out_on_every_level(
    theme: str, scale: Literal["sign", "size"], levels: range
) -> None:
    for level in levels:
        style = role_styles(theme)[Tone(scale, level, level, marked=True)]
        assert style.color is not None
        assert style.bgcolor is not None
        assert contrast(style.color.name, style.bgcolor.name) >= 4, level
