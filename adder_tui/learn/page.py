"""A lesson's page: its head, the text of each step, the line that says what comes next; as lines, and as widgets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from adder_tui.course.lesson import LETTERS, Field, read_number
from adder_tui.course.markup import fill, spans_of
from adder_tui.course.state import PARTS, TITLES, PageState, Review
from adder_tui.learn.prose import fold, hanging, marked, prose_lines, wrap
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.line import Line, Role, wrapped
from adder_tui.ui.line import Span as Piece
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

BLANK = 10
HINTS = 3
PART_ENDS = re.compile(r"(\S[.:;]) ")
"""Where a sentence, or a part of one that could stand alone, ends."""
WHEEL_ROWS = 3
PageSource = Callable[[], PageState | None]


def marks(glyphs: Glyphs) -> tuple[str, str]:
    """What stands before a thing that is open, and one that is done."""
    return ("o", "x") if glyphs.ascii else ("○", "●")


def head_line(page: PageState, width: int, glyphs: Glyphs) -> Line:
    """Which lesson, and which step of how many."""
    if page.review is not None:
        of = f"question {page.review.at + 1} of {len(page.review.lessons)} "
        return Line.of((" What you have met so far", "strong")).with_right(Line.of((of, "dim")), width, glyphs.ellipsis)
    left = Line.of((f" {page.lesson.order} {glyphs.text(page.lesson.title)}", "strong"))
    kind: Piece = (TITLES[page.step.kind], "accent")
    right = Line.of((f"step {page.number} of {page.count}: ", "dim"), kind, " ")
    if left.width + 2 + right.width > width:
        right = Line.of((f"{page.number}/{page.count} ", "dim"), kind, " ")
    return left.with_right(right, width, glyphs.ellipsis)


def page_lines(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    """The step's text, each line at most ``width`` columns; it may be longer than there is room for."""
    width = max(20, width - 2)
    if page.review is not None:
        return [Line.of(" ", line) for line in _review(page.review, width, glyphs)]
    lines = {
        "read": _read, "predict": _predict, "do": _do, "observe": _observe, "explain": _part, "keep": _part,
        "quiz": _quiz, "more": _more,
    }[page.step.kind](page, width, glyphs)  # fmt: skip
    return [Line.of(" ", line) for line in lines]


def _text(page: PageState, part: str, width: int, glyphs: Glyphs) -> list[Line]:
    return prose_lines(fill(page.lesson.parts.get(part, ""), page.figure), width, glyphs)


def _read(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    goal = marked(page.lesson.goal, width, glyphs, "dim")
    lines = [*goal, Line(), *_text(page, "", width, glyphs)]
    worked = page.lesson.worked
    if worked is not None:
        lines += [Line(), *wrap([(glyphs.text(worked.title), "accent")], width)]
        for pieces in worked.lines:
            lines += fold([(glyphs.text(pieces[0]), "text")], width) if len(pieces) == 1 else []
    return lines


def _part(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    title = {"explain": "Why it is so", "keep": "To keep"}[page.step.kind]
    return [Line.of((title, "accent")), *_text(page, PARTS[page.step.kind], width, glyphs)]


def choice_lines(choices: tuple[str, ...], picked: str, right: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Choices by letter; the picked one is marked, and the right one where it is known."""
    lines: list[Line] = []
    for letter, text in zip(LETTERS, choices, strict=False):
        mine = letter == picked
        sign = glyphs.current if mine else " "
        after = "  right" if letter == right else ""
        rows = wrapped(glyphs.text(text) + after, max(10, width - 6))
        for i, row in enumerate(rows):
            front = Line.of((f"{sign} ", "accent"), (f"{letter}  ", "key")) if not i else Line.of("     ")
            lines.append(Line.of(front, (row, "strong" if mine or letter == right else "text")))
    return lines


def _predict(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    asked = page.lesson.prediction_named(page.step.prediction)
    assert asked is not None
    said = page.predictions.get(asked.id)
    lines = [*marked(asked.ask, width, glyphs, "strong"), Line()]
    if asked.choices:
        lines += choice_lines(asked.choices, said or page.picked, "", width, glyphs)
    elif said is not None:
        lines += wrap([("You said: ", "dim"), (glyphs.text(said), "strong")], width)
    if said is not None:
        lines += [Line(), *wrap([("Locked in. You will see how it comes out.", "dim")], width)]
    elif asked.choices:
        lines += [Line(), *wrap([("A guess is enough. It is never marked.", "dim")], width)]
    return lines


def _do(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    lesson, current = page.lesson, page.task
    lines: list[Line] = []
    if lesson.worked is not None:
        lines += wrap([(glyphs.text(lesson.worked.title), "accent")], width)
        for pieces in lesson.worked.lines:
            lines += _worked_line(page, pieces, width, glyphs)
        lines.append(Line())
    inline = set(lesson.worked.fields) if lesson.worked else set()
    asked = {str(words[0]) for t in lesson.tasks if t.id in page.step.tasks for word, words in t.check.words
             if word == "answered"}  # fmt: skip
    for one in lesson.fields:
        if one.id not in inline and one.id in asked:
            lines += _field_lines(page, one, width, glyphs)
    if lines and lines[-1].spans:
        lines.append(Line())
    todo, done = marks(glyphs)
    for task in lesson.tasks:
        if task.id in page.step.tasks:
            finished = task.id in page.done
            mark = done if finished else todo
            role: Role = "accent" if finished else "text" if task is current else "dim"
            rows = hanging(f"{mark} ", spans_of(task.do), width, glyphs, "dim" if finished else "text")
            rows[0] = Line.of((f"{mark} ", role), *rows[0].spans[1:])
            lines += rows
            if task is current:
                lines += _hint_lines(page, width, glyphs)
    # A challenge may tell what is still to be predicted: it waits until all predictions are locked in.
    if (not page.task or lesson.id in page.best) and all(one.id in page.predictions for one in lesson.predictions):
        lines += _challenges(page, width, glyphs)
    return lines


def _hint_lines(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    assert page.task is not None
    lines: list[Line] = []
    for i, hint in enumerate(page.task.hints[: page.hints], 1):
        lines += hanging(f"  hint {i}  ", spans_of(hint), width, glyphs)
    if page.hints >= HINTS:
        lines.append(Line.of("  ", ("i", "key"), (" shows how, on the live network", "dim")))
    return lines


def _worked_line(page: PageState, pieces: tuple[str, ...], width: int, glyphs: Glyphs) -> list[Line]:
    parts: list[Piece] = []
    below: list[Line] = []
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            parts.append((glyphs.text(piece), "text"))
            continue
        one = page.lesson.field_named(piece)
        assert one is not None
        parts += _blank(page, one, glyphs)
        if piece in page.replies:
            below = [Line.of(("  " + row, "minus")) for row in wrapped(glyphs.text(page.replies[piece]), width - 2)]
    return [*fold(parts, width), *below]


def _blank(page: PageState, one: Field, glyphs: Glyphs) -> list[Piece]:
    """A blank of ten columns: empty, being typed in, or filled in with whether it is right."""
    given = _with_minus(page.answers.get(one.id, ""), glyphs)
    if page.blank == one.id and not one.right(given):
        return [(f"[{_end(_with_minus(page.typed, glyphs) + '_', glyphs):<{BLANK - 2}}]", "key")]
    if not given:
        return [(f"[{'':{BLANK - 2}}]", "dim")]
    right = one.right(given)
    mark = marks(glyphs)[1] if right else "?"
    return [(f"{glyphs.text(given)[: BLANK - 2]} {mark}".ljust(BLANK), "accent" if right else "minus")]


def _end(typed: str, glyphs: Glyphs) -> str:
    """What fits into a blank: the cursor goes first, so that no sign is lost; then the front, which is told."""
    room = BLANK - 2
    if len(typed) <= room + 1:
        return typed[:room]
    return glyphs.ellipsis + typed[len(glyphs.ellipsis) - room :]


def _with_minus(typed: str, glyphs: Glyphs) -> str:
    """A number as it was typed, with the minus that all other numbers have."""
    return glyphs.text(typed.replace("-", glyphs.minus) if read_number(typed) is not None else typed)


def _field_lines(page: PageState, one: Field, width: int, glyphs: Glyphs) -> list[Line]:
    lines = wrap([(glyphs.text(one.ask) + " ", "text"), ("", "text")], width - BLANK - 1)
    lines[-1] = Line.of(lines[-1], " ", *_blank(page, one, glyphs))
    if one.choices:
        lines += choice_lines(one.choices, page.answers.get(one.id, ""), "", width, glyphs)
    if one.id in page.replies:
        lines += [Line.of(("  " + row, "minus")) for row in wrapped(glyphs.text(page.replies[one.id]), width - 2)]
    return lines


def _observe(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = []
    for one in page.lesson.predictions:
        said = page.predictions.get(one.id)
        if said is not None:
            lines += hanging("You said   ", spans_of(_with_minus(one.said(said), glyphs)), width, glyphs, "strong")
            lines += hanging("Your run   ", spans_of(fill(one.shows, page.figure)), width, glyphs)
            lines.append(Line())
    return [*lines, *_text(page, "Observe", width, glyphs)]


def _quiz(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    quiz = page.lesson.quiz
    return quiz_lines(page.lesson.quiz.ask, quiz.choices, quiz.answer, page.answered, quiz.why,
                      page.lesson.facts[quiz.fact - 1] if page.lesson.facts else "",
                      "in the chapter review as well", width, glyphs)  # fmt: skip


def quiz_lines(
    ask: str, choices: tuple[str, ...], answer: str, given: str, why: str, fact: str, again: str, width: int,
    glyphs: Glyphs,
) -> list[Line]:  # fmt: skip
    """A question with its choices; once it is answered, whether rightly, and the fact that says why.

    ``again``: where a question that was missed comes back.
    """
    right = given == answer
    lines = [*marked(ask, width, glyphs, "strong"), Line()]
    lines += choice_lines(choices, given, answer if right else "", width, glyphs)
    if not given:
        return lines
    lines.append(Line())
    if right:
        lines += wrap([("Right. ", "accent"), (glyphs.text(why), "text")], width)
    else:
        lines += wrap([("Not that one. ", "minus"), ("This is what answers it:", "text")], width)
        lines += hanging("  ", spans_of(fact), width, glyphs)
        lines += [Line(), *wrap([(f"Have another go; it comes back {again}.", "dim")], width)]
    return lines


def _review(review: Review, width: int, glyphs: Glyphs) -> list[Line]:
    lesson, quiz = review.question, review.question.quiz
    lines = wrap([(glyphs.text(f"From lesson {lesson.order}, {lesson.title}"), "dim")], width)
    fact = lesson.facts[quiz.fact - 1] if lesson.facts else ""
    lines += quiz_lines(
        quiz.ask, quiz.choices, quiz.answer, review.given, quiz.why, fact, "in the next review", width, glyphs
    )
    if review.right and review.at + 1 == len(review.lessons):
        replies = f"{review.at_once} of {len(review.lessons)} at the first go. What was missed comes again next time."
        lines += [Line(), *wrap([(replies, "strong")], width)]
    return lines


def _challenges(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = []
    todo, done = marks(glyphs)
    for one in page.lesson.challenges:
        best = page.best.get(one.id)
        lines.append(Line())
        rows = hanging(f"{done if best is not None else todo} ", spans_of(one.ask), width - 11, glyphs)
        lines += [Line.of(("challenge  " if not i else " " * 11, "accent"), row) for i, row in enumerate(rows)]
        if one.score is not None:
            own = "not yet" if best is None else f"{best:g}"
            par = "" if one.par is None else f", ours {one.par:g}"
            lines.append(Line.of((" " * 13 + f"your best: {own}{par}", "dim")))
    return lines


def _more(page: PageState, width: int, glyphs: Glyphs) -> list[Line]:
    ended = "This lesson is done." if page.finished else "All but the quiz is done: Backspace goes back to it."
    lines = wrap([(ended, "accent"), (" What follows is for who wants more.", "dim")], width)
    lines += [Line(), *_text(page, "Go further", width, glyphs)]
    return [*lines, *_challenges(page, width, glyphs)]


def now_line(page: PageState, width: int, glyphs: Glyphs) -> Line:
    """The current task, or what the next key is."""
    line = Line.of(" ", _now(page, glyphs, width - 1))
    return line.fit(width, glyphs.ellipsis)


def _beginning(text: str, width: int) -> str:
    """As much of a text as fits, whole sentences or parts of one; all of it where not even that does."""
    ends = [found.end(1) for found in PART_ENDS.finditer(text)]
    fitting = [end for end in (*ends, len(text)) if end <= width]
    return text[: max(fitting)].rstrip(":;") if fitting else text


def _now(page: PageState, glyphs: Glyphs, width: int) -> Line:
    kind, task = page.step.kind, page.task
    if page.review is not None:
        return _review_now(page.review)
    if page.showing:
        return Line.of(("show me: ", "accent"), glyphs.text(page.showing))
    if page.asking:
        return Line.of(
            "Shall the program do this task? ", ("y", "key"), (" yes  ", "dim"), ("n", "key"), (" no", "dim")
        )
    if page.refusal:
        return Line.of((glyphs.text(page.refusal), "minus"))
    if kind == "predict" and page.step.prediction not in page.predictions:
        asked = page.lesson.prediction_named(page.step.prediction)
        if asked is not None and asked.choices:
            last = LETTERS[len(asked.choices) - 1]
            locks: list[Piece] = [(", ", "dim"), ("Enter", "key"), (" locks it in", "dim")] if page.picked else []
            return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (" picks", "dim"), *locks)
        return Line.of(("Type it; ", "dim"), ("Enter", "key"), (" locks it in. It is never marked.", "dim"))
    if kind == "do" and task is not None:
        position = page.step.tasks.index(task.id) + 1
        count = len(page.step.tasks)
        front = Line.of((marks(glyphs)[0], "accent"), (f" task {position} of {count}  ", "dim"))
        return Line.of(front, _beginning(glyphs.text(task.do), width - front.width))
    if kind == "quiz" and page.answered != page.lesson.quiz.answer:
        last = LETTERS[len(page.lesson.quiz.choices) - 1]
        tells = " answers" if not page.answered else " has another go"
        return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (tells, "dim"))
    if page.enter_taken:
        return Line.of(
            ("Tab", "key"), (" leads back to the text; there ", "dim"), ("Enter", "key"), (" goes on", "dim")
        )
    if page.number == page.count:
        goes = (
            "to the chapter's review"
            if page.review_due
            else f"on to {page.next_title}"
            if page.next_title
            else "to the list"
        )
        return Line.of(("Enter", "key"), (" goes " + glyphs.text(goes), "dim"))
    done = "All done here. " if kind == "do" else ""
    return Line.of((done, "accent"), ("Enter", "key"), (" goes on", "dim"))


def _review_now(review: Review) -> Line:
    if review.right:
        return Line.of(("Enter", "key"), (" goes on", "dim"))
    last = LETTERS[len(review.question.quiz.choices) - 1]
    return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (" answers", "dim"))


class LessonHead(Canvas):
    """Which lesson, and which step of it."""

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        return [head_line(page, width, view.glyphs)] if page else []


class LessonText(Canvas, can_focus=True):
    """The step's text; it scrolls where it does not fit, and keeps the current task in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page
        self._top = 0
        self._place: tuple[object, ...] | None = None
        self._at_task: tuple[int | None, str] | None = None
        self._rows = 0

    def rows_wanted(self, width: int) -> int:
        """How many rows the text would take."""
        page = self._page()
        return len(page_lines(page, width, self.view.glyphs)) if page else 0

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        if page is None:
            return []
        place = (page.lesson.id, page.number, page.review and page.review.at)
        lines = page_lines(page, width, view.glyphs)
        if self._place != place:
            self._place, self._top, self._at_task = place, 0, None
        task = page.task.id if page.task is not None else None
        if page.step.kind == "do" and (self._at_task, self._rows) != ((task, page.blank), height):
            self._at_task, self._rows = (task, page.blank), height
            self._top = self._to_show_task(page, lines, height)
        self._top = max(0, min(self._top, len(lines) - height))
        shown = [line.fit(width, view.glyphs.ellipsis) for line in lines[self._top : self._top + height]]
        return _with_scroll_marks(shown, self._top, len(lines), width, view)

    def _to_show_task(self, page: PageState, lines: list[Line], height: int) -> int:
        """The first row to show so that the current task is in sight, or the blank to be filled in."""
        if page.blank:
            blanks = [y for y, line in enumerate(lines) if any(r == "key" and t.startswith("[") for t, r in line.spans)]
            return max(0, blanks[0] + 2 - height) if blanks else 0
        if page.task is None:
            return 0
        marks_of_tasks = tuple(f" {mark} " for mark in marks(self.view.glyphs))
        rows = [y for y, line in enumerate(lines) if line.plain.startswith(marks_of_tasks)]
        index = page.step.tasks.index(page.task.id)
        if index >= len(rows):
            return 0
        following = rows[index + 1] if index + 1 < len(rows) else len(lines)
        return max(0, min(rows[index], following - height))

    def action_scroll(self, rows: int) -> None:
        """Scroll by rows."""
        self._top = max(0, self._top + rows)
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Scroll by pages, one row staying in sight."""
        self.action_scroll(pages * max(1, self.size.height - 1))

    def show_task(self) -> None:
        """Bring the current task's last hint into sight."""
        page = self._page()
        if page is None:
            return
        lines = page_lines(page, self.size.width, self.view.glyphs)
        rows = [y for y, line in enumerate(lines) if line.plain.lstrip().startswith(("hint ", "i shows how"))]
        if rows:
            following = rows[-1] + 1
            while following < len(lines) and lines[following].plain.startswith("   " * 3):
                following += 1
            self._top = max(self._top, following - self.size.height)
        self.redraw()

    def on_mouse_scroll_down(self) -> None:
        self.action_scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self) -> None:
        self.action_scroll(-WHEEL_ROWS)


def _with_scroll_marks(lines: list[Line], top: int, total: int, width: int, view: ViewState) -> list[Line]:
    """The lines with a mark at the right end where more lies above or below."""
    glyphs = view.glyphs
    above, below = ("^", "v") if glyphs.ascii else ("↑", "↓")
    if top > 0 and lines:
        lines[0] = lines[0].with_right(Line.of((above, "key")), width)
    if top + len(lines) < total and lines:
        lines[-1] = lines[-1].with_right(Line.of((below, "key")), width)
    return lines


class LessonNow(Canvas):
    """The current task, or what comes next."""

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        return [now_line(page, width, view.glyphs)] if page else []
