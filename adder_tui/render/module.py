"""The network as PyTorch prints it, and its parameters counted."""

from __future__ import annotations

from adder_tui.render.lines import Line
from adder_tui.render.numbers import plural
from adder_tui.render.view import View
from adder_tui.selection import layout_for


def module_lines(view: View, text: str, width: int) -> list[Line]:
    """PyTorch's text, then each parameter tensor with shape and count, and their sum."""
    experiment, glyphs = view.experiment, view.glyphs
    lines = [Line.of(("print(model)", "dim")), *(Line.of(glyphs.text(row)) for row in text.splitlines()), Line()]
    slots = layout_for(experiment).slots
    names = [slot.name for slot in slots]
    shapes = [str(slot.shape) for slot in slots]
    counts = [f"{slot.stop - slot.start:,}" for slot in slots]
    total = f"{experiment.parameter_count:,}"
    sizes = [max(map(len, column)) for column in (["parameter", *names], ["shape", *shapes], ["count", total, *counts])]
    header = f"{'parameter':{sizes[0]}}   {'shape':{sizes[1]}}   {'count':>{sizes[2]}}"
    lines.append(Line.of((header, "band-dim")))
    for name, shape, count in zip(names, shapes, counts, strict=True):
        lines.append(Line.of(f"{name:{sizes[0]}}   ", (f"{shape:{sizes[1]}}", "dim"), f"   {count:>{sizes[2]}}"))
    lines += [Line.of(f"{'together':{sizes[0]}}   {'':{sizes[1]}}   ", (f"{total:>{sizes[2]}}", "strong"))]
    size = plural(4 * experiment.parameter_count, "byte")
    lines += [Line(), Line.of((f"sum(p.numel() for p in model.parameters()) = {total}, in float32 {size}", "dim"))]
    return [line.fit(width, glyphs.ellipsis) for line in lines]
