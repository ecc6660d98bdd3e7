"""A lesson's page: its head, the text of each step, the line that says what comes next; as lines, and as widgets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from adder_engine.language import tr
from adder_tui.course.lesson import Lesson, Task
from adder_tui.course.markup import fill, plain, spans_of
from adder_tui.course.questions import LETTERS, Field, Quiz, read_number, read_plain
from adder_tui.course.state import STEP_NAMES, LessonState, Review, StateSource
from adder_tui.learn.prose import fold, hanging, prose_lines
from adder_tui.ui.canvas import WHEEL_ROWS, Canvas, ViewSource, hidden
from adder_tui.ui.line import KEPT, Line, Role, wrap, wrapped
from adder_tui.ui.line import Span as Piece
from adder_tui.ui.symbols import UNICODE, Glyphs
from adder_tui.ui.view import ViewState

BLANK = 10
PART_ENDS = re.compile(r"(\S[.:;]) ")
"""Where a sentence, or a part of one that could stand alone, ends."""


def marks(glyphs: Glyphs) -> tuple[str, str]:
    """What stands before a thing that is open, and one that is done."""
    return ("o", "x") if glyphs.ascii else ("○", "●")


def head_line(state: LessonState, width: int, glyphs: Glyphs) -> Line:
    """Which lesson, and which step of how many."""
    if state.review is not None:
        of = tr("question {at} of {questions} ", at=state.review.at + 1, questions=len(state.review.lessons))
        left = Line.of((tr(" What you have met so far"), "strong"))
        return left.with_right(Line.of((of, "dim")), width, glyphs.ellipsis)
    left = Line.of((f" {state.lesson.order} {glyphs.text(state.lesson.title)}", "strong"))
    kind: Piece = (STEP_NAMES[state.step.kind], "accent")
    right = Line.of((tr("step {at} of {steps}: ", at=state.at + 1, steps=len(state.steps)), "dim"), kind, " ")
    if left.width + 2 + right.width > width:
        right = Line.of((f"{state.at + 1}/{len(state.steps)} ", "dim"), kind, " ")
    return left.with_right(right, width, glyphs.ellipsis)


def page_lines(state: LessonState, width: int, glyphs: Glyphs) -> list[Line]:
    """The step's text, each line at most ``width`` columns; it may be longer than there is room for."""
    page = _Page(state, max(20, width - 2), glyphs)
    return [Line.of(" ", line) for line in page.lines()]


@dataclass(frozen=True)
class _Page:
    """The text of a step, for so many columns."""

    state: LessonState
    width: int
    glyphs: Glyphs

    def lines(self) -> list[Line]:
        if self.state.review is not None:
            return self.review(self.state.review)
        return {
            "read": self.read, "predict": self.predict, "do": self.do, "observe": self.observe, "explain": self.explain,
            "keep": self.keep, "quiz": self.quiz, "more": self.more,
        }[self.state.step.kind]()  # fmt: skip

    def said(self, *pieces: Piece) -> list[Line]:
        """Sentences as they stand."""
        return wrap([(self.glyphs.text(text), role) for text, role in pieces], self.width)

    def marked(self, text: str, role: Role = "text", mark: str = "", narrower: int = 0) -> list[Line]:
        """A paragraph with marks in it, behind a mark of its own if it has one."""
        return hanging(mark, spans_of(text), self.width - narrower, self.glyphs, role)

    def part(self, heading: str) -> list[Line]:
        text = self.state.lesson.parts.get(heading, "")
        return prose_lines(fill(text, self.state.figure), self.width, self.glyphs)

    def choices(self, choices: tuple[str, ...], picked: str, right: str = "") -> list[Line]:
        """Choices by letter; the picked one is marked, and the right one where it is known."""
        lines: list[Line] = []
        for letter, text in zip(LETTERS, choices, strict=False):
            mine = letter == picked
            sign = self.glyphs.current if mine else " "
            after = tr("  (right)") if letter == right else ""
            rows = wrapped(self.glyphs.text(plain(text)) + after, max(10, self.width - 6))
            for i, row in enumerate(rows):
                front = Line.of((f"{sign} ", "accent"), (f"{letter}  ", "key")) if not i else Line.of("     ")
                lines.append(Line.of(front, (row, "strong" if mine or letter == right else "text")))
        return lines

    # --- a step each -----------------------------------------------------------------------------

    def read(self) -> list[Line]:
        lines = [*self.marked(self.state.lesson.goal, "dim"), Line(), *self.part("")]
        worked = self.state.lesson.worked
        if worked is not None:
            lines += [Line(), *self.said((worked.title, "accent"))]
            for pieces in worked.lines:
                lines += fold([(self.glyphs.text(pieces[0]), "text")], self.width) if len(pieces) == 1 else []
        return lines

    def explain(self) -> list[Line]:
        return [Line.of((tr("Why it is so"), "accent")), *self.part("Explain")]

    def keep(self) -> list[Line]:
        return [Line.of((tr("To keep"), "accent")), *self.part("Facts")]

    def predict(self) -> list[Line]:
        asked = self.state.lesson.prediction_named(self.state.step.prediction)
        assert asked is not None
        said = self.state.activity.predictions.get(asked.id)
        lines = [*self.marked(asked.ask, "strong"), Line()]
        if asked.choices:
            lines += self.choices(asked.choices, said or self.state.picked)
        elif said is not None:
            lines += self.said((tr("You said: "), "dim"), (said, "strong"))
        if said is not None:
            lines += [Line(), *self.said((tr("Locked in. You will see how it comes out."), "dim"))]
        elif asked.choices:
            lines += [Line(), *self.said((tr("A guess is enough. It is never marked."), "dim"))]
        return lines

    def do(self) -> list[Line]:
        state, lesson = self.state, self.state.lesson
        lines: list[Line] = []
        tasks = [task for task in lesson.tasks if task.id in state.step.tasks]
        inline = lesson.worked.fields if lesson.worked else ()
        asked = {id for task in tasks for id in task.blanks}
        if lesson.worked is not None and not asked.isdisjoint(inline):
            lines += self.said((lesson.worked.title, "accent"))
            lines += [line for pieces in lesson.worked.lines for line in self.worked_line(pieces)]
            lines.append(Line())
        for one in lesson.fields:
            lines += self.field(one) if one.id in asked.difference(inline) else []
        if lines and lines[-1].spans:
            lines.append(Line())
        todo, done = marks(self.glyphs)
        for task in tasks:
            finished, current = task.id in state.attempt.done, task is state.task
            mark = done if finished else todo
            role: Role = "accent" if finished else "text" if current else "dim"
            first, *more = self.marked(task.do, "dim" if finished else "text", f"{mark} ")
            lines += [Line.of((f"{mark} ", role), *first.spans[1:]), *more]
            lines += self.hints(task) if current else []
        # A challenge may tell what is still to be predicted: it waits until all predictions are locked in.
        predicted = state.activity.predictions.keys() >= {one.id for one in lesson.predictions}
        if predicted and (not state.task or lesson.id in state.attempt.best):
            lines += self.challenges()
        return lines

    def observe(self) -> list[Line]:
        lines: list[Line] = []
        for one in self.state.lesson.predictions:
            said = self.state.activity.predictions.get(one.id)
            if said is not None:
                lines += self.marked(_with_minus(one.said(said), self.glyphs), "strong", tr("You said   "))
                lines += [*self.marked(fill(one.shows, self.state.figure), mark=tr("Your run   ")), Line()]
        return [*lines, *self.part("Observe")]

    def quiz(self) -> list[Line]:
        state = self.state
        return self.question(state.lesson, state.quiz, state.answered, tr("in the chapter review as well"))

    def more(self) -> list[Line]:
        done = self.state.finished
        ended = tr("This lesson is done.") if done else tr("All but the quiz is done: Backspace goes back to it.")
        lines = self.said((ended, "accent"), (tr(" What follows is for who wants more."), "dim"))
        lines += [Line(), *self.part("Go further"), *self.challenges()]
        closing = prose_lines(self.state.closing, self.width, self.glyphs)
        return [*lines, Line(), *closing] if closing else lines

    def review(self, review: Review) -> list[Line]:
        lesson = review.question
        lines = self.said((tr("From lesson {order}, {title}", order=lesson.order, title=lesson.title), "dim"))
        lines += self.question(lesson, review.quiz, review.given, tr("in the next review"))
        if review.right and review.at + 1 == len(review.lessons):
            right, all = review.at_once, len(review.lessons)
            how = tr("{right} of {all} at the first go. What was missed comes again next time.", right=right, all=all)
            lines += [Line(), *self.said((how, "strong"))]
        return lines

    # --- what they are made of -------------------------------------------------------------------

    def hints(self, task: Task) -> list[Line]:
        lines: list[Line] = []
        for i, hint in enumerate(task.hints[: self.state.hints_open], 1):
            lines += self.marked(hint, mark=tr("  hint {number}  ", number=i))
        if self.state.hints_open >= len(task.hints):
            lines.append(Line.of("  ", ("i", "key"), (tr(" shows how, on the live network"), "dim")))
        return lines

    def worked_line(self, pieces: tuple[str, ...]) -> list[Line]:
        parts: list[Piece] = []
        below: list[Line] = []
        for i, piece in enumerate(pieces):
            if i % 2 == 0:
                parts.append((self.glyphs.text(piece), "text"))
                continue
            one = self.state.lesson.field_named(piece)
            assert one is not None
            text, role = self.blank(one)
            parts.append((text.replace(" ", KEPT), role))
            below = self.reply(piece) or below
        return [*fold(parts, self.width), *below]

    def reply(self, id: str) -> list[Line]:
        """What is wrong with a field's answer; nothing once the right one is there, whoever gave it."""
        reply = "" if self.state.is_right(id) else self.state.replies.get(id, "")
        return [Line.of(("  " + row, "minus")) for row in wrapped(self.glyphs.text(reply), self.width - 2)]

    def blank(self, one: Field) -> Piece:
        """A blank of ten columns: empty, being typed in, or filled in with whether it is right."""
        glyphs = self.glyphs
        given = _with_minus(self.state.activity.answers.get(one.id, ""), glyphs)
        right = one.right(given)
        if self.state.blank == one.id and not right:
            return f"[{_end(_with_minus(self.state.typed, glyphs) + '_', glyphs):<{BLANK - 2}}]", "key"
        if not given:
            return f"[{'':{BLANK - 2}}]", "dim"
        if read_plain(given) is None and (number := read_number(given)) is not None:
            given = _with_minus(f"{number:.6g}", glyphs)
        mark = marks(glyphs)[1] if right else "?"
        return f"{glyphs.text(given)[: BLANK - 2]} {mark}".ljust(BLANK), "accent" if right else "minus"

    def field(self, one: Field) -> list[Line]:
        lines = wrap([(self.glyphs.text(one.ask), "text")], self.width - BLANK - 1)
        lines[-1] = Line.of(lines[-1], " ", self.blank(one))
        lines += self.choices(one.choices, self.state.activity.answers.get(one.id, ""))
        return lines + self.reply(one.id)

    def question(self, lesson: Lesson, quiz: Quiz, given: str, again: str) -> list[Line]:
        """A lesson's question with its choices; once it is answered, whether rightly, and the reason or fact for it.

        ``again``: where a question that was missed comes back.
        """
        right = given == quiz.answer
        lines = [*self.marked(quiz.ask, "strong"), Line()]
        lines += self.choices(quiz.choices, given, quiz.answer if right else "")
        if not given:
            return lines
        lines.append(Line())
        if right:
            return lines + self.said((tr("Right. "), "accent"), (plain(quiz.why), "text"))
        reason = plain(quiz.reason(given))
        lines += self.said((tr("Not that one. "), "minus"), (reason or tr("This is what answers it:"), "text"))
        if not reason:
            lines += self.marked(lesson.facts[quiz.fact - 1] if lesson.facts else "", mark="  ")
        return [*lines, Line(), *self.said((tr("Have another go; it comes back {again}.", again=again), "dim"))]

    def challenges(self) -> list[Line]:
        lines: list[Line] = []
        todo, done = marks(self.glyphs)
        for one in self.state.lesson.challenges:
            best = self.state.attempt.best.get(one.id)
            rows = self.marked(one.ask, mark=f"{done if best is not None else todo} ", narrower=11)
            lines.append(Line())
            lines += [Line.of((tr("challenge  ") if not i else " " * 11, "accent"), row) for i, row in enumerate(rows)]
            if one.score is not None:
                own = tr("not yet") if best is None else f"{best:g}"
                par = "" if one.par is None else tr(", ours {par:g}", par=one.par)
                lines.append(Line.of((" " * 13 + tr("your best: {own}{par}", own=own, par=par), "dim")))
        return lines


def _end(typed: str, glyphs: Glyphs) -> str:
    """What fits into a blank: the cursor goes first, so that no sign is lost; then the front, which is told."""
    room = BLANK - 2
    if len(typed) <= room + 1:
        return typed[:room]
    return glyphs.ellipsis + typed[len(glyphs.ellipsis) - room :]


def _with_minus(typed: str, glyphs: Glyphs) -> str:
    """A number as it was typed, with the minus that all other numbers have."""
    return glyphs.text(typed.replace("-", glyphs.minus) if read_number(typed) is not None else typed)


def now_line(state: LessonState, width: int, glyphs: Glyphs) -> Line:
    """The current task, or what the next key is."""
    line = Line.of(" ", _now(state, glyphs, width - 1))
    return line.fit(width, glyphs.ellipsis)


def _beginning(text: str, width: int) -> str:
    """As much of a text as fits, whole sentences or parts of one; all of it where not even that does."""
    ends = [found.end(1) for found in PART_ENDS.finditer(text)]
    fitting = [end for end in (*ends, len(text)) if end <= width]
    return text[: max(fitting)].rstrip(":;") if fitting else text


def _now(state: LessonState, glyphs: Glyphs, width: int) -> Line:
    kind, task = state.step.kind, state.task
    if state.review is not None:
        goes = tr("reads on") if state.reads_on else tr("goes on")
        return _with_keys(f"[{tr('Enter')}] {goes}" if state.review.right else _answers(state.choices))
    if state.showing:
        return Line.of((tr("show me: "), "accent"), glyphs.text(state.showing))
    if state.asking:
        return Line.of(tr("Shall the program do this task? "), _with_keys(tr("[y] yes  [n] no")))
    if state.refusal:
        return Line.of((glyphs.text(state.refusal), "minus"))
    if kind == "predict" and not state.may_go_on:
        if state.choices:
            picks = tr("{choices} picks", choices=_letters(state.choices))
            return _with_keys(picks + (tr(", [Enter] locks it in") if state.picked else ""))
        return _with_keys(tr("Type it; [Enter] locks it in. It is never marked."))
    if kind == "do" and task is not None:
        position = state.step.tasks.index(task.id) + 1
        count = len(state.step.tasks)
        place = tr(" task {position} of {count}  ", position=position, count=count)
        front = Line.of((marks(glyphs)[0], "accent"), (place, "dim"))
        return Line.of(front, _beginning(glyphs.text(task.do), width - front.width))
    if kind == "quiz" and not state.may_go_on:
        again = tr("{choices} has another go", choices=_letters(state.choices))
        return _with_keys(again if state.answered else _answers(state.choices))
    if state.enter_taken:
        return _with_keys(tr("[Tab] leads back to the text; there [Enter] goes on"))
    if state.reads_on:
        return _with_keys(tr("[Enter] reads on"))
    if state.at + 1 == len(state.steps):
        goes = tr("on to {next_title}", next_title=state.next_title) if state.next_title else tr("to the list")
        goes = tr("to the chapter's review") if state.review_due else goes
        return Line.of(_with_keys(tr("[Enter] goes ")), (glyphs.text(goes), "dim"))
    return Line.of((tr("All done here. ") if kind == "do" else "", "accent"), _with_keys(tr("[Enter] goes on")))


def _letters(choices: Sequence[str]) -> str:
    return tr("[a] to [{last}]", last=LETTERS[len(choices) - 1])


def _answers(choices: Sequence[str]) -> str:
    return tr("{choices} answers", choices=_letters(choices))


def _with_keys(text: str) -> Line:
    """What keys do, each key in brackets."""
    parts = re.split(r"[][]", text)
    return Line.of(*((part, "key" if i % 2 else "dim") for i, part in enumerate(parts)))


class LessonText(Canvas, can_focus=True):
    """The step's text; it scrolls where it does not fit, and keeps the current task in sight."""

    BINDINGS: ClassVar[list[BindingType]] = hidden(
        up="scroll(-1)", down="scroll(1)", pageup="page(-1)", pagedown="page(1)"
    )

    def __init__(self, source: ViewSource, page: StateSource, scrolled: Callable[[], None]) -> None:
        super().__init__(source)
        self._page, self._scrolled = page, scrolled
        self._top = 0
        self._place: tuple[object, ...] | None = None
        self._at_task: tuple[int | None, str, str] | None = None
        self._rows = 0
        self._glyphs = UNICODE
        """Those that were drawn with last: what the keys do, which the view tells, hangs on the rows."""
        self.terms: tuple[str, ...] = ()
        """Terms of the glossary that are in sight, and what else is marked as they are."""

    def on_resize(self) -> None:
        """What Enter does hangs on the rows, and is told by others: they are drawn anew."""
        self._scrolled()

    def rows_wanted(self, width: int) -> int:
        state = self._page()
        return len(page_lines(state, width, self._glyphs)) if state else 0

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        state = self._page()
        if state is None:
            return []
        self._glyphs = view.glyphs
        lines = page_lines(state, width, view.glyphs)
        self._turn(state)
        here = state.task.id if state.task is not None else None, state.blank, state.replies.get(state.blank, "")
        if state.step.kind == "do" and (self._at_task, self._rows) != (here, height):
            self._at_task, self._rows = here, height
            self._top = self._to_show_task(state, lines, height)
        self._top = max(0, min(self._top, len(lines) - height))
        shown = [line.fit(width, view.glyphs.ellipsis) for line in lines[self._top : self._top + height]]
        self.terms = tuple(text.strip() for line in shown for text, role in line.spans if role == "key" and text[1:])
        return _with_scroll_marks(shown, self._top, len(lines), width, view)

    def _turn(self, state: LessonState) -> None:
        """A page that is another one begins at its top."""
        place = (state.lesson.id, state.at, state.review and state.review.at)
        if self._place != place:
            self._place, self._top, self._at_task = place, 0, None

    def note_rest(self, state: LessonState) -> None:
        """Tell the state whether the text fits, and whether some of it is left below."""
        self._turn(state)
        rows, height = self.rows_wanted(self.size.width), self.size.height
        state.scrolls = rows > height > 0
        state.text_left = state.scrolls and self._top + height < rows

    def _to_show_task(self, state: LessonState, lines: list[Line], height: int) -> int:
        """The first row to show so that the current task is in sight, or the blank to be filled in."""
        if state.blank:
            blanks = [y for y, line in enumerate(lines) if any(r == "key" and t.startswith("[") for t, r in line.spans)]
            last = blanks[0] if blanks else 0
            while last + 1 < len(lines) and any(role == "minus" for _, role in lines[last + 1].spans):
                last += 1  # what is wrong with the answer stands below it
            return max(0, last + 2 - height)
        if state.task is None:
            return 0
        marks_of_tasks = tuple(f" {mark} " for mark in marks(self.view.glyphs))
        rows = [y for y, line in enumerate(lines) if line.plain.startswith(marks_of_tasks)]
        index = state.step.tasks.index(state.task.id)
        if index >= len(rows):
            return 0
        following = rows[index + 1] if index + 1 < len(rows) else len(lines)
        return max(0, min(rows[index], following - height))

    def action_scroll(self, rows: int) -> None:
        self._top = max(0, min(self._top + rows, self.rows_wanted(self.size.width) - self.size.height))
        self.redraw()
        self._scrolled()

    def action_page(self, pages: int) -> None:
        """Scroll by pages, one row staying in sight."""
        self.action_scroll(pages * max(1, self.size.height - 1))

    def show_task(self) -> None:
        """Bring the current task's last hint into sight."""
        state = self._page()
        if state is None:
            return
        lines = page_lines(state, self.size.width, self.view.glyphs)
        hints = (tr("  hint {number}  ", number=number).strip() for number in range(1, state.hints_open + 1))
        begins = (*hints, "i" + tr(" shows how, on the live network"))
        rows = [y for y, line in enumerate(lines) if line.plain.lstrip().startswith(begins)]
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
