"""The views that single lessons have beside the app's own, each a function of the view and the lesson's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from adder_engine.experiment import why_idle
from adder_engine.language import tr
from adder_tui.course.activity_log import LoggedRun
from adder_tui.course.probe_views import COUNTS, LASTING, PROBE_VIEWS, SHARES, ProbeCall, name_of
from adder_tui.course.state import PRACTICE, LessonState
from adder_tui.ui.line import Line, Role, Span, wrapped
from adder_tui.ui.list_view import scrolled
from adder_tui.ui.network_values import NetworkValues
from adder_tui.ui.numbers import (
    aligned,
    answer_text,
    count,
    number,
    plain_number,
    spelled,
    truth_text,
    verdict,
    verdict_name,
)
from adder_tui.ui.run_state import formula, wanted_words
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adder_engine.parsing import Sum
    from adder_engine.trace import Trace

LONGEST_NAME = 50
GRAPH_NAME, GRAPH_VALUE = 20, 28
"""Columns of the graph: of the operation's name and of what it put out."""
GRAPH_WAITS = tr("The graph has its numbers once you have worked out yours.")


def rule_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The rule a + b beside the network, for what was asked."""
    glyphs, yes_or_no = view.glyphs, view.experiment.is_yes_or_no
    if not (asked := state.asked):
        network = tr("{numbers} numbers, and no rule", numbers=view.experiment.parameter_count)
        return [Line.of((f" {tr('The rule:'):<14}", "dim"), _rule(view)),
                Line.of((f" {tr('The network:'):<14}", "dim"), network),
                Line(), Line.of(tr(" Ask a sum, and both answer."))]  # fmt: skip
    head = f" {tr('sum'):<22}{tr('the rule'):>12}{tr('the network'):>16}   {verdict_name(yes_or_no)}"
    lines = [Line.of((head, "dim"))]
    for one in asked[-max(1, height - 1) :]:
        right, answer = truth_text(one.wanted, yes_or_no, glyphs), answer_text(one.predicted, yes_or_no, glyphs)
        both = Line.of(f" {_written(one.sum, view):<22}", (f"{right:>12}{answer:>16}", "strong"), "   ")
        lines.append(Line.of(both, verdict(one.off_by, yes_or_no, glyphs)))
    return lines


def _rule(view: ViewState) -> str:
    if view.experiment.wanted.rule == "formula":
        return wanted_words(view.experiment.wanted, view.glyphs)
    return {"sum": "a + b", "difference": f"a {view.glyphs.minus} b", "product": f"a {view.glyphs.times} b"}.get(
        view.experiment.wanted.rule, tr("the targets of the rows")
    )


def _written(one: Sum, view: ViewState) -> str:
    """``30 + (−30)``, as the task writes it."""
    glyphs = view.glyphs
    a, b = plain_number(one.a, glyphs), plain_number(one.b, glyphs)
    between = {"sum": " + ", "difference": f" {glyphs.minus} ", "product": f" {glyphs.times} "}.get(
        view.experiment.wanted.rule, ", "
    )
    return f"{a}{between}{b if one.b >= 0 or between == ', ' else f'({b})'}"


def prompt_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """What was asked in this lesson, the newest at the bottom."""
    if not (asked := state.asked):
        return [Line.of((tr(" Nothing asked yet: "), "dim"), ("/", "key"), (tr(" takes you to the prompt."), "dim"))]
    glyphs, rows = view.glyphs, asked[-max(1, height) :]
    sums = [_written(one.sum, view) for one in rows]
    yes_or_no = view.experiment.is_yes_or_no
    answers = aligned([answer_text(one.predicted, yes_or_no, glyphs) for one in rows])
    room = max(map(len, sums))
    lines = []
    for one, text, answer in zip(rows, sums, answers, strict=True):
        newest = one is rows[-1]
        between = "   " if yes_or_no else tr("   off by ")
        lines.append(Line.of((f" {glyphs.current if newest else ' '} ", "accent"), f"{text:>{room}} = ",
                             (answer, "strong" if newest else "text"), (between, "dim"),
                             verdict(one.off_by, yes_or_no, glyphs)))  # fmt: skip
    return lines


def map_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The network as one straight rule, beside the one that is wanted."""
    snapshot, glyphs = view.snapshot, view.glyphs
    if snapshot is None or snapshot.collapsed is None:
        veiled = snapshot is None or snapshot.experiment.is_affine
        why = tr(" With an activation the network is no one straight rule.")
        return [Line.of((tr(" Shown once you have guessed.") if veiled else why, "dim"))]
    return [
        Line.of((f" {tr('the network'):<13}", "dim"), (formula(snapshot.collapsed, glyphs, 5), "strong")),
        Line.of((f" {tr('wanted'):<13}", "dim"), wanted_words(view.experiment.wanted, glyphs)),
    ]


def settings_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The lesson's controls with their values, and its stations; of too many rows the chosen and the loaded one."""
    glyphs, at = view.glyphs, state.rows.get("settings", 0)
    controls, titles, loaded = [], [], []
    for i, key in enumerate(state.lesson.controls):
        value, why = value_text(view.experiment[key], glyphs), why_idle(key, view.experiment)
        idle = tr("no effect: {why}", why=why) if why else ""
        controls.append(Line.of(_cursor(i == at, glyphs), f"{key:<26}", (value, "strong"), (f"   {idle}", "dim")))
    if stations := state.lesson.stations:
        own = state.lesson.run_title or tr("the lesson's own run")
        for id, title in [("", own), *((one.id, one.title) for one in stations)]:
            here = id == state.station
            role: Role = "strong" if here else "text"
            titles.append(Line.of(_cursor(here, glyphs), (glyphs.text(title), role)))
            loaded += titles[-1:] if here else []
    if not controls and not titles:
        return [Line.of((tr(" Nothing needs setting here."), "dim"))]
    lines = [*controls, *([Line()] if controls and titles else []), *titles]
    lines += [Line.of("   ", ("b", "key"), (tr(" loads the next one"), "dim"))] if titles else []
    if len(lines) > height:
        lines = [*controls, *titles]
    if len(lines) <= height or not controls:
        return lines[:height]
    room = max(1, height - len(loaded))
    top = scrolled(at, at, 0, room, len(controls))
    return [*controls[top : top + room], *loaded][:height]


def _cursor(here: bool, glyphs: Glyphs) -> Span:
    return f" {glyphs.current if here else ' '} ", "accent"


def value_text(value: object, glyphs: Glyphs) -> str:
    """A setting as the form would take it."""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return plain_number(value, glyphs)
    return glyphs.text(str(value))


def runs_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The lesson's runs: what differs between them, how far they came, their losses."""
    glyphs = view.glyphs
    runs, held = state.activity.runs, any(run.test_loss is not None for run in state.activity.runs)
    rows = runs[-max(1, height - 1) :]
    if not rows:
        return [Line.of((tr(" No run yet."), "dim"))]
    head = f" {tr('run'):<5}{tr('epochs'):>7} {tr('train loss: first'):>18} {tr('last'):>12}"
    head += f"{tr('held-out'):>12}" if held else ""
    lines = [Line.of((f"{head}   {tr('settings')}", "dim"))]
    for i, run in enumerate(rows, len(runs) - len(rows) + 1):
        here = run is runs[-1]
        first, newest = run.ends
        last = tr("not finite") if run.exploded else number(newest, glyphs)
        settings = _differing(run, state, glyphs)
        beside = f"{number(run.test_loss, glyphs):>12}" if held else ""
        lines.append(
            Line.of((f" {glyphs.current if here else ' '}{i:<4}", "accent"), f"{count(run.epochs):>7} ",
                    f"{number(first, glyphs):>18} ", (f"{last:>12}", "strong"), (beside, "test"), f"   {settings}")
            .fit(width, glyphs.ellipsis)
        )  # fmt: skip
    return lines


def _differing(run: LoggedRun, state: LessonState, glyphs: Glyphs) -> str:
    if state.lesson.run_title:
        return glyphs.text(state.lesson.title_of(run.experiment))
    keys = [key for key in dict.fromkeys((*state.lesson.controls, "seed"))
            if len({str(one.experiment[key]) for one in state.activity.runs}) > 1]  # fmt: skip
    return "  ".join(f"{key.split('.')[-1]} {value_text(run.experiment[key], glyphs)}" for key in keys)


def board_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The cards and where they lie; a card in the right bin has a mark."""
    board, glyphs = state.lesson.board, view.glyphs
    if board is None:
        return []
    at = state.rows.get("board", 0)
    done = "x" if glyphs.ascii else "●"
    room = max(len(card.says) for card in board.cards) + 2
    lie = state.activity.sorted
    right = sum(lie.get(card.id) in card.bins for card in board.cards)
    top = max(0, at - (height - 2) + 1)
    cards = len(board.cards)
    head = tr(" {right} of {cards} in a right place. Left and right move a card.", right=right, cards=cards)
    lines = [Line.of((head, "dim"))]
    for i, card in enumerate(board.cards[top : top + height - 1], top):
        bins: list[Span] = [(f" [{bin}]", "strong") if bin == lie.get(card.id) else (f"  {bin} ", "faint")
                            for bin in board.bins]  # fmt: skip
        front: Span = (f"{done if lie.get(card.id) in card.bins else ' '} ", "accent")
        lines.append(Line.of(_cursor(i == at, glyphs), front, f"{glyphs.text(card.says):<{room}}", *bins))
    return lines


def probe_view_lines(name: str, view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """A bench's figures, a row each; those asked for stand beside their names."""
    probe_view, glyphs = PROBE_VIEWS[name], view.glyphs
    calls, at = state.calls(name), state.rows.get(name, 0)
    about = wrapped(glyphs.text(probe_view.about), max(20, width - 2))
    lines = [Line.of((" " + row, "dim")) for row in about]
    room = min(LONGEST_NAME, max((len(name_of(call)) for call in calls), default=0))
    body: list[tuple[int, Line]] = []
    sentence = ""
    for i, call in enumerate(calls):
        text = _text(call, state, glyphs)
        refused = call.bench not in LASTING and isinstance(state.results.get(call), str)
        text, sentence = tr("as above") if refused and text == sentence else text, text
        front = Line.of(_cursor(i == at, glyphs), f"{glyphs.text(name_of(call)):<{room}}")
        for row in wrapped(text, max(12, width - room - 6)) or [""]:
            body.append((i, Line.of(front, "  ", (row, "strong" if state.knows(call) else "dim"))))
            front = Line.of(" " * (room + 3))
        if call.bench == "gradcheck":
            body += [(i, line) for line in ([] if state.waits(call) else _slopes(call, state, glyphs))]
    if not calls and probe_view.typed:
        body.append((0, Line.of((tr("   Enter, then type such as 1x2 @ 2x4 or 10000x4 + 4."), "dim"))))
    rows = max(1, height - len(lines))
    last = max((y for y, (i, _) in enumerate(body) if i == at), default=0)
    top = max(0, min(last - rows + 1, len(body) - rows))
    return [*lines, *(line for _, line in body[top : top + rows])]


def _text(call: ProbeCall, state: LessonState, glyphs: Glyphs) -> str:
    if state.working == call:
        return tr("computing{ellipsis}", ellipsis=glyphs.ellipsis)
    value = state.results.get(call)
    if state.waits(call) or (value is not None and state.step.kind not in PRACTICE):
        return tr("once you have guessed")
    if call.bench == "gradcheck":
        check = state.activity.checks.get(str(call.arguments[0]))
        if check is None:
            return tr("Enter measures it")
        return tr("gradient {gradient}", gradient=number(check.gradient, glyphs, 6))
    if value is None:
        return tr("Enter works it out")
    if isinstance(value, str):
        return glyphs.text(value)
    if call.bench in COUNTS or call.arguments[:1] == ("near",):
        return count(round(value))
    if call.bench in SHARES:
        return f"{value * 100:.2f} %" if value >= 1e-4 or not value else f"{spelled(f'{value * 100:.1e}', glyphs)} %"
    figure = number(value, glyphs, 6)
    return tr("loss {loss}", loss=figure) if call.bench == "nudge" else figure


def _slopes(call: ProbeCall, state: LessonState, glyphs: Glyphs) -> list[Line]:
    check = state.activity.checks.get(str(call.arguments[0]))
    if check is None:
        return []
    slopes = aligned([number(one.estimate, glyphs, 6) for one in check.nudges])
    shares = aligned([number(one.relative_error * 100, glyphs, 3) for one in check.nudges])
    lines = []
    for one, slope, share in zip(check.nudges, slopes, shares, strict=True):
        size = f"{one.size:.9f}".rstrip("0").rstrip(".")
        front = Line.of((tr("      nudge {size:<9}", size=size), "dim"), tr(" slope {slope:>12}", slope=slope))
        lines.append(Line.of(front, (tr("   off by {share}", share=f"{share} %"), "dim")))
    return lines


def graph_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The graph from the loss down to the leaves: that is the way back; a dash where the update has not come yet."""
    glyphs = view.glyphs
    if view.snapshot is None or view.snapshot.trace is None:
        return [Line(), Line.of((f"  {GRAPH_WAITS}", "dim"))]
    chain, values = view.snapshot.trace.chain, NetworkValues(view)
    full = height >= 2 + 3 * len(chain.layers)
    last = len(chain.layers)
    phase = values.reach.stage.phase if values.reach.stage is not None else ""
    begun = not view.snapshot.moment.is_start
    node, branch, leaf = ("o", "|-", "`-") if glyphs.ascii else ("●", "├─", "└─")
    head = f" {tr('note of autograd'):<{GRAPH_NAME}}{tr('put out'):<{GRAPH_VALUE}}{tr('gradient of the loss')}"
    loss = [chain.loss] if begun and values.has_value(last, 0) and phase != "forward" else None
    own = [1.0] if begun and values.has_error(last, 0) else None
    lines = [Line.of((head, "dim")), _row(view, f"{node} MseLoss", loss, own)]
    for column in range(last, 0, -1):
        made, size = chain.layers[column - 1], len(chain.layers[column - 1].bias)
        out = [float(x) if begun and values.has_value(column, i) else None for i, x in enumerate(made.post)]
        error = [float(x) if begun and values.has_error(column, i) else None for i, x in enumerate(made.delta)]
        weights = made.weight_grad.ravel().tolist() if None not in error else None
        shape = f"{size}{glyphs.times_sign}{made.weight.shape[1]}"
        lines.append(_row(view, f"{node} Addmm {made.name}", out, error))
        lines.append(_row(view, f"{glyphs.vertical} {branch if full else leaf}T {'weight' if full else 'weight, bias'}",
                          f"{made.name}.weight, {shape}", weights))  # fmt: skip
        if full:
            lines.append(_row(view, f"{glyphs.vertical} {leaf} bias", f"{made.name}.bias, {size}", error))
    figures = [f"{call.arguments[0]} {count(round(value))}" for call, value in state.results.items()
               if call.bench == "graph" and isinstance(value, float)]  # fmt: skip
    tied = next((v for call, v in state.results.items() if call.bench == "tied" and isinstance(v, float)), None)
    if tied is not None:
        lines.append(Line.of((tr(" one weight 0.5 for both 30 and 70: its gradient is the sum, "), "dim"),
                             (number(tied, glyphs), "strong")))  # fmt: skip
    if figures:
        lines.append(Line.of((tr(" in all: {figures}", figures=", ".join(figures)), "dim")))
    return lines[:height]


def _row(
    view: ViewState, name: str, out: Sequence[float | None] | str | None, grad: Sequence[float | None] | None
) -> Line:
    """One operation or leaf."""
    put = Line.of((out, "dim")) if isinstance(out, str) else _numbers(view, out)
    room = Line.of((f" {name:<{GRAPH_NAME}}", "text"), put.fit(GRAPH_VALUE - 1, view.glyphs.ellipsis), " ")
    return Line.of(room, _numbers(view, grad, "accent"))


def _numbers(view: ViewState, values: Sequence[float | None] | None, role: Role = "strong") -> Line:
    """The first numbers; a dash for those that are not there yet."""
    glyphs = view.glyphs
    if values is None:
        return Line.of((glyphs.none, "dim"))
    texts = [glyphs.none if x is None else number(x, glyphs, 4) for x in values[:4]]
    more = f" {glyphs.ellipsis}" if len(values) > 4 else ""
    return Line.of((" ".join(texts) + more, role))


def step_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """What the last step did to the loss and the answer, to the chosen number, and what was worked out by hand."""
    from adder_tui.network.phase_bar import effect_line
    from adder_tui.selection import focus_of, layout_for

    glyphs, snapshot = view.glyphs, view.snapshot
    trace: Trace | None = snapshot.trace if snapshot is not None else None
    step = trace.step if trace is not None else None
    answers = state.activity.answers
    by_hand = [Line.of((f" {one.ask} ", "dim"), (glyphs.text(answers[id]), "strong"), (tr("  by your hand"), "dim"))
               for id in (state.lesson.worked.fields if state.lesson.worked else ())
               if (one := state.lesson.field_named(id)) is not None and state.is_right(id)]  # fmt: skip
    if step is None or snapshot is None:
        none = Line.of((tr(" No step was taken just now: "), "dim"), (".", "key"), (tr(" takes one."), "dim"))
        return [none, *by_hand]
    index = focus_of(view.selection, view.experiment).parameter
    arrays = step.before, step.gradient, step.after
    before, gradient, after = (_parameter(array, index, glyphs.minus) for array in arrays)
    slope = f"({gradient})" if gradient.startswith(glyphs.minus) else gradient
    rate = plain_number(step.lr, glyphs)
    name = layout_for(view.experiment).name_of(index)
    how = (f"{before} {glyphs.minus} {rate}{glyphs.times}{slope} = " if step.optimizer == "sgd"
           else glyphs.text(f"{before} → "))  # fmt: skip
    aside = tr("   by {optimizer}, at a slope of {gradient}", optimizer=step.optimizer, gradient=gradient)
    aside = "" if step.optimizer == "sgd" else aside
    return [effect_line(view, width), Line.of((f" {name}  ", "dim"), how, (after, "strong"), (aside, "dim")), *by_hand]


def _parameter(array: NDArray[np.float32], index: int, minus: str) -> str:
    value = float(array[index])
    return (f"{value:.5f}" if abs(value) < 1 else f"{value:.6g}").replace("-", minus)


def capstone_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The challenges, and the best of one's own."""
    lines: list[Line] = []
    for one in state.lesson.challenges:
        best = state.attempt.best.get(one.id)
        lines += [Line.of(" " + row) for row in wrapped(view.glyphs.text(one.ask), max(20, width - 2))]
        own = tr("not met yet") if best is None else tr("met") if one.score is None else f"{best:g}"
        par = "" if one.par is None else tr("   ours: {par:g}", par=one.par)
        lines.append(Line.of((tr("   your best: "), "dim"), (own, "strong"), (par, "dim")))
    return lines or [Line.of((tr(" There is no challenge in this lesson."), "dim"))]


Drawing = Callable[[ViewState, LessonState, int, int], Sequence[Line]]
OWN_VIEWS: Mapping[str, Drawing] = {
    "rule": rule_view, "prompt": prompt_view, "map": map_view, "settings": settings_view, "runs": runs_view,
    "board": board_view, "capstone": capstone_view, "graph": graph_view, "step": step_view,
}  # fmt: skip
"""Views that are drawn here; those of :data:`PROBE_VIEWS` are drawn by :func:`probe_view_lines`."""


def draw_view(name: str, view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """A lesson's own view by name, each line fitted to ``width``."""
    draw = OWN_VIEWS.get(name) or partial(probe_view_lines, name)
    lines = draw(view, state, width, height)
    return [line.fit(width, view.glyphs.ellipsis) for line in lines]
