"""The views that single lessons have beside the app's own, each a function of the view and the workbench."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adder_tui.course.probe_views import COUNTS, SHARES, SHEETS, AskedSum, ProbeCall, RunLine, ViewInputs, name_of
from adder_tui.ui.line import Line, Span, wrapped
from adder_tui.ui.numbers import aligned, count, number, plain_number, role_of, signed
from adder_tui.ui.run_state import formula, wanted_words
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

LONGEST_NAME = 50


def rule_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The rule a + b beside the network, for what was asked."""
    glyphs = view.glyphs
    if not bench.asked:
        return [Line.of((" The rule:     ", "dim"), _rule(view)), Line.of((" The network:  ", "dim"), _inside(view)),
                Line(), Line.of(" Ask a sum, and both answer.")]  # fmt: skip
    rows = bench.asked[-max(1, height - 1) :]
    lines = [Line.of((f" {'sum':<22}{'the rule':>12}{'the network':>16}   off by", "dim"))]
    for one in rows:
        right = glyphs.none if one.wanted is None else plain_number(one.wanted, glyphs)
        lines.append(
            Line.of(f" {_written(one, view):<22}", (f"{right:>12}", "strong"),
                    (f"{number(one.answer, glyphs):>16}", "strong"), "   ", _off(one, glyphs))
        )  # fmt: skip
    return lines


def _inside(view: ViewState) -> str:
    return f"{view.experiment.parameter_count} numbers, and no rule"


def _rule(view: ViewState) -> str:
    return {"sum": "a + b", "difference": f"a {view.glyphs.minus} b", "product": f"a {view.glyphs.times} b"}.get(
        view.experiment.wanted.rule, "the targets of the rows"
    )


def _off(one: AskedSum, glyphs: Glyphs) -> Span:
    if one.wanted is None:
        return glyphs.none, "dim"
    off = one.answer - one.wanted
    return signed(off, glyphs), role_of(off)


def _written(one: AskedSum, view: ViewState) -> str:
    """``30 + (−30)``, as the task writes it."""
    glyphs = view.glyphs
    a, b = plain_number(one.a, glyphs), plain_number(one.b, glyphs)
    between = {"sum": " + ", "difference": f" {glyphs.minus} ", "product": f" {glyphs.times} "}.get(
        view.experiment.wanted.rule, ", "
    )
    return f"{a}{between}{b if one.b >= 0 or between == ', ' else f'({b})'}"


def prompt_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """What was asked in this lesson, the newest at the bottom."""
    if not bench.asked:
        return [Line.of((" Nothing asked yet: ", "dim"), ("/", "key"), (" takes you to the prompt.", "dim"))]
    glyphs, rows = view.glyphs, bench.asked[-max(1, height) :]
    sums = [_written(one, view) for one in rows]
    answers = aligned([number(one.answer, glyphs) for one in rows])
    room = max(map(len, sums))
    lines = []
    for i, (one, asked, answer) in enumerate(zip(rows, sums, answers, strict=True)):
        newest = i == len(rows) - 1
        lines.append(Line.of((f" {glyphs.current if newest else ' '} ", "accent"), f"{asked:>{room}} = ",
                             (answer, "strong" if newest else "text"), ("   off by ", "dim"),
                             _off(one, glyphs)))  # fmt: skip
    return lines


def map_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The network as one straight rule, beside the one that is wanted."""
    snapshot, glyphs = view.snapshot, view.glyphs
    if snapshot is None or snapshot.collapsed is None:
        return [Line.of((" With an activation the network is no one straight rule.", "dim"))]
    return [
        Line.of((" the network  ", "dim"), (formula(snapshot.collapsed, glyphs, 5), "strong")),
        Line.of((" wanted       ", "dim"), wanted_words(view.experiment.wanted.rule, glyphs)),
    ]


def settings_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The lesson's controls with their values, and its stations."""
    glyphs, at = view.glyphs, bench.rows.get("settings", 0)
    controls = bench.lesson.controls
    lines = []
    for i, key in enumerate(controls):
        value = value_text(view.experiment[key], glyphs)
        chosen = i == at
        line = Line.of((f" {glyphs.current if chosen else ' '} ", "accent"), f"{key:<26}", (value, "strong"))
        lines.append(line)
    stations = bench.lesson.stations
    if stations:
        lines += [Line()] if lines else []
        titles = [("", "the lesson's own run"), *((one.id, one.title) for one in stations)]
        for id, title in titles:
            here = id == bench.station
            front = (f" {glyphs.current if here else ' '} ", "accent")
            lines.append(Line.of(front, (glyphs.text(title), "strong" if here else "text")))  # type: ignore[arg-type]
        lines.append(Line.of("   ", ("b", "key"), (" loads the next one", "dim")))
    return lines or [Line.of((" Nothing needs setting here.", "dim"))]


def value_text(value: object, glyphs: Glyphs) -> str:
    """A setting as the form would take it."""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return plain_number(value, glyphs)
    return glyphs.text(str(value))


def runs_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The lesson's runs: what differs between them, how far they came, their losses."""
    glyphs = view.glyphs
    rows = bench.runs[-max(1, height - 1) :]
    if not rows:
        return [Line.of((" No run yet.", "dim"))]
    first = len(bench.runs) - len(rows)
    head = f" {'run':<5}{'epochs':>7} {'train loss: first':>18} {'last':>12}   settings"
    lines = [Line.of((head, "dim"))]
    for i, run in enumerate(rows, first + 1):
        here = run is bench.runs[-1]
        last = "not finite" if run.exploded else number(run.last, glyphs)
        settings = _differing(run, bench, glyphs)
        lines.append(
            Line.of((f" {glyphs.current if here else ' '}{i:<4}", "accent"), f"{count(run.epochs):>7} ",
                    f"{number(run.first, glyphs):>18} ", (f"{last:>12}", "strong"), f"   {settings}")
            .fit(width, glyphs.ellipsis)
        )  # fmt: skip
    return lines


def _differing(run: RunLine, bench: ViewInputs, glyphs: Glyphs) -> str:
    keys = [
        key for key in (*bench.lesson.controls, "seed") if len({str(one.experiment[key]) for one in bench.runs}) > 1
    ]
    return "  ".join(f"{key.split('.')[-1]} {value_text(run.experiment[key], glyphs)}" for key in dict.fromkeys(keys))


def board_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The cards and where they lie; a card in the right bin has a mark."""
    board, glyphs = bench.lesson.board, view.glyphs
    if board is None:
        return []
    at = bench.rows.get("board", 0)
    done = "x" if glyphs.ascii else "●"
    room = max(len(card.says) for card in board.cards) + 2
    right = sum(bench.sorted.get(card.id) in card.bins for card in board.cards)
    top = max(0, at - (height - 2) + 1)
    lines = [Line.of((f" {right} of {len(board.cards)} in a right place. Left and right move a card.", "dim"))]
    for i, card in enumerate(board.cards[top : top + height - 1], top):
        lies = bench.sorted.get(card.id)
        parts = []
        for bin in board.bins:
            here = bin == lies
            parts += [(f" [{bin}]" if here else f"  {bin} ", "strong" if here else "faint")]
        fits = lies in card.bins
        front = (f" {glyphs.current if i == at else ' '} {done if fits else ' '} ", "accent")
        lines.append(Line.of(front, f"{glyphs.text(card.says):<{room}}", *parts))  # type: ignore[arg-type]
    return lines


def sheet_view(name: str, view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """A bench's figures, a row each; those asked for stand beside their names."""
    sheet, glyphs = SHEETS[name], view.glyphs
    calls, at = bench.calls.get(name, ()), bench.rows.get(name, 0)
    about = wrapped(glyphs.text(sheet.about), max(20, width - 2))
    lines = [Line.of((" " + row, "dim")) for row in about]
    room = min(LONGEST_NAME, max((len(name_of(call)) for call in calls), default=0))
    body: list[tuple[int, Line]] = []
    for i, call in enumerate(calls):
        mark = glyphs.current if i == at else " "
        phrase = _text(call, bench, glyphs)
        for j, row in enumerate(wrapped(phrase, max(12, width - room - 6)) or [""]):
            front = (
                Line.of((f" {mark} ", "accent"), f"{glyphs.text(name_of(call)):<{room}}")
                if not j
                else Line.of(" " * (room + 3))
            )
            known = call in bench.results or (call.bench == "gradcheck" and str(call.arguments[0]) in bench.checks)
            body.append((i, Line.of(front, "  ", (row, "strong" if known else "dim"))))
        if call.bench == "gradcheck":
            body += [(i, line) for line in _slopes(call, bench, glyphs)]
    if not calls and sheet.typed:
        body.append((0, Line.of(("   Enter, then type such as 1x2 @ 2x4 or 10000x4 + 4.", "dim"))))
    rows = max(1, height - len(lines))
    last = max((y for y, (i, _) in enumerate(body) if i == at), default=0)
    top = max(0, min(last - rows + 1, len(body) - rows))
    return [*lines, *(line for _, line in body[top : top + rows])]


def _text(call: ProbeCall, bench: ViewInputs, glyphs: Glyphs) -> str:
    if bench.working == call:
        return f"computing{glyphs.ellipsis}"
    value = bench.results.get(call)
    if call.bench == "gradcheck":
        check = bench.checks.get(str(call.arguments[0]))
        return "Enter measures it" if check is None else f"gradient {number(check.gradient, glyphs, 6)}"
    if value is None:
        return "Enter works it out"
    if isinstance(value, str):
        return glyphs.text(value)
    if call.bench in COUNTS or call.arguments[:1] == ("near",):
        return count(round(value))
    if call.bench in SHARES:
        return f"{value * 100:.2f} %" if value >= 1e-4 or not value else glyphs.text(f"{value * 100:.1e} %")
    return f"loss {number(value, glyphs, 6)}" if call.bench == "nudge" else number(value, glyphs, 6)


def _slopes(call: ProbeCall, bench: ViewInputs, glyphs: Glyphs) -> list[Line]:
    check = bench.checks.get(str(call.arguments[0]))
    if check is None:
        return []
    return [
        Line.of((f"      nudge {one.size:<8g}", "dim"), f" slope {number(one.estimate, glyphs, 6):>12}",
                (f"   off by {one.relative_error:.1e} of it".replace("e-0", "e-"), "dim"))
        for one in check.nudges
    ]  # fmt: skip


def capstone_view(view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """The challenges, and the best of one's own."""
    lines: list[Line] = []
    for one in bench.lesson.challenges:
        best = bench.best.get(one.id)
        lines += [Line.of(" " + row) for row in wrapped(view.glyphs.text(one.ask), max(20, width - 2))]
        own = "not met yet" if best is None else "met" if one.score is None else f"{best:g}"
        par = "" if one.par is None else f"   ours: {one.par:g}"
        lines.append(Line.of(("   your best: ", "dim"), (own, "strong"), (par, "dim")))
    return lines or [Line.of((" There is no challenge in this lesson.", "dim"))]


Drawing = Callable[[ViewState, ViewInputs, int, int], Sequence[Line]]
OWN_VIEWS: Mapping[str, Drawing] = {
    "rule": rule_view, "prompt": prompt_view, "map": map_view, "settings": settings_view, "runs": runs_view,
    "board": board_view, "capstone": capstone_view,
}  # fmt: skip
"""Views that are drawn here; those of :data:`SHEETS` are drawn by :func:`sheet_view`."""


def draw_view(name: str, view: ViewState, bench: ViewInputs, width: int, height: int) -> list[Line]:
    """A lesson's own view by name, each line fitted to ``width``."""
    lines = (
        OWN_VIEWS[name](view, bench, width, height)
        if name in OWN_VIEWS
        else sheet_view(name, view, bench, width, height)
    )
    return [line.fit(width, view.glyphs.ellipsis) for line in lines]
