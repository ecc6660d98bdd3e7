"""Thin widgets around the drawing functions of :mod:`adder_tui.render`."""
