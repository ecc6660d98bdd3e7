"""A lesson without a screen, gone through line by line at a plain prompt."""

from __future__ import annotations

import difflib
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.parsing import parse_sum
from adder_tui.cli.lesson_print import WIDTH, answer_line, limit_line, run_line, value_lines, view_lines
from adder_tui.cli.output import say, tell
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.availability import words_for
from adder_tui.course.lesson import Lesson
from adder_tui.course.lesson_controller import LessonController
from adder_tui.course.markup import plain
from adder_tui.course.probe_views import call_for, view_for
from adder_tui.course.questions import LETTERS
from adder_tui.course.state import PRACTICE, STEP_NAMES, LessonState
from adder_tui.course.vocabulary import PATTERNS, VIEWS, Action, parse_action
from adder_tui.learn.page import marks, page_lines
from adder_tui.ui.numbers import number
from adder_tui.ui.symbols import UNICODE

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.course.course import Course
    from adder_tui.storage.progress_store import Store
    from adder_tui.storage.run_files import LessonRuns, OwnRun

TYPED = (
    "ask", "station", "set", "change", "run", "step", "reset", "seed", "edit", "nudge", "gradcheck", "open", "sort",
    "bench", "undo",
)  # fmt: skip
"""Verbs that one may type; what is predicted and answered is asked for."""
NEEDED = {"run": "run", "step": "run", "reset": "run", "set": "form", "change": "form", "seed": "seed", "edit": "edit",
          "undo": "edit"}  # fmt: skip
"""The word of :func:`words_for` without which a lesson leaves a verb out of the way."""
KEYS = frozenset({"space", "b", "e", "tab", "r", "u", ".", ","})
"""Keys that texts name; here they are typed as a word."""
HELP = tr("""\
Enter            goes on, once all is done here
back             one step back
again            the step once more
hint             a hint for the task; after the third one the program can do it
values           the network's numbers, and what each neuron makes of the current sum
words TERM       what a term means
quit             leave; what was done is kept
While there is something to do:
30+70            asks the network a sum
ask, run 100, step update, set training.lr=0.01, seed 3, reset, edit output.bias 0.5, undo, nudge output.bias 1,
gradcheck output.bias, open VIEW, station ID, sort CARD BIN, bench NAME ...: as the task asks
The keys that a text names, typed as a word: space runs to the end, . and , go a step on and an update back,
b loads the next run, e lr 0.01 changes settings, Tab tells the views, r begins again, u undoes, i hints.""")


class _Player:
    """What a lesson's controller needs of an app: the session, and nobody's own run to be kept meanwhile."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def ready(self) -> Session:
        return self._session

    async def keep(self, session: Session) -> None:
        """There is no other run."""

    async def give_back(self, session: Session) -> Snapshot | None:
        return None


class _Left(Exception):
    """The learner leaves."""


class LessonReader:
    """Leads a learner through a lesson: tells each step, takes what is typed, tells what became of it.

    Args:
        course: whose lesson it is.
        store: where progress is kept.
        runs: where the lessons' runs are kept.
        session: does the work.
        lesson: the one to go through.
        read: gives the next line that is typed; None at the end of the input.
    """

    def __init__(
        self, course: Course, store: Store, runs: LessonRuns, session: Session, lesson: Lesson,
        read: Callable[[str], str | None],
    ) -> None:  # fmt: skip
        player = _Player(session)
        self._lesson, self._session, self._read = lesson, session, read
        self._newest: Snapshot | None = None
        self._showing = ""
        self._shown: set[str] = set()
        """The page's lines that were told already."""
        self._place: tuple[object, ...] = ()
        self.room = LessonController(player, self._show, self._changed)
        self.room.begin(course, store, cast("OwnRun", player), runs)

    @property
    def _state(self) -> LessonState:
        return self.room.open

    @property
    def _snapshot(self) -> Snapshot:
        """The newest one; there is one as soon as the lesson is entered."""
        assert self._newest is not None
        return self._newest

    def _show(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        self.room.saw(snapshot)

    def _changed(self) -> None:
        state = self.room.lesson_state
        showing = state.showing if state is not None else ""
        if showing and showing != self._showing:
            tell("Show me: {showing}", showing=showing)
        self._showing = showing

    async def go_through(self) -> None:
        """The whole lesson, from where the learner was, until its end or until it is left."""
        await self.room.enter(self._lesson)
        tell("{order}. {title}. Type help for what can be typed.", order=self._lesson.order, title=self._lesson.title)
        try:
            while True:
                await self.room.look()
                self._tell_page()
                line = self._read("> ")
                if line is None:
                    raise _Left
                try:
                    await self._take(line.strip())
                except AdderError as error:
                    say(str(error))
        except _Left:
            tell("What you have done is kept.")

    # --- telling ---------------------------------------------------------------------------------

    def _tell_page(self, whole: bool = False) -> None:
        """The step's text; of one that was told already, the lines that are new."""
        state = self._state
        place = (state.at, state.review and state.review.at)
        if whole or place != self._place:
            self._place, self._shown = place, set()
            say("", self._heading())
        lines = [_spoken(line.plain.strip()) for line in page_lines(state, WIDTH, UNICODE)]
        say(*(line for line in lines if line not in self._shown))
        self._shown |= set(lines)
        if state.refusal:
            say(state.refusal)
            state.refusal = ""
        say(self._what_next())

    def _heading(self) -> str:
        state = self._state
        if state.review is not None:
            at, questions = state.review.at + 1, len(state.review.lessons)
            return tr("What you have met so far, question {question} of {questions}", question=at, questions=questions)
        at, kind = state.at + 1, STEP_NAMES[state.step.kind]
        return tr("Step {step} of {steps}: {kind}", step=at, steps=len(state.steps), kind=kind)

    def _what_next(self) -> str:
        state = self._state
        if state.review is not None:
            return tr("Enter goes on.") if state.review.right else tr("Type a letter.")
        if state.asking:
            return tr("Shall the program do this task? yes or no.")
        if state.step.kind in ("predict", "quiz") and not state.may_go_on:
            return tr("Type a letter.") if state.choices else tr("Type what you think; a guess is enough.")
        if state.may_go_on:
            last = state.at + 1 == len(state.steps)
            return tr("This was the last step; Enter ends it.") if last else tr("Enter goes on.")
        blank = state.lesson.field_named(state.blank)
        if state.types_now and blank is not None:
            return tr("Fill in: {ask}", ask=plain(blank.ask))
        return tr("To do: {do}", do=plain(state.task.do)) if state.task is not None else ""

    def _tell_run(self, before: Snapshot) -> None:
        """Where the run stands after something was done to it."""
        say(run_line(self._snapshot, before))
        if self._snapshot.message:
            say(self._snapshot.message)

    async def _tell_view(self, name: str) -> None:
        if name != "downhill":
            say(*view_lines(name, self._state, self._snapshot))
        elif isinstance(limit := await self._session.bench("limit"), float):
            say(limit_line(limit, self._snapshot))

    # --- taking ----------------------------------------------------------------------------------

    async def _take(self, line: str) -> None:
        """Do what is typed.

        Raises:
            AdderError: it cannot be done here.
            _Left: the learner leaves, or the lesson is over.
        """
        state, (first, _, rest) = self._state, line.partition(" ")
        word = first.casefold()
        if state.asking:
            if word in ("y", "yes"):
                before = self._snapshot
                await self.room.help.show_me()
                self._tell_run(before)
            else:
                self.room.help.action_no()
        elif word in ("quit", "exit", "leave"):
            raise _Left
        elif not line:
            await self._go_on()
        elif word in ("help", "?"):
            say(*HELP.splitlines())
        elif word == "again":
            self._tell_page(whole=True)
        elif word == "back":
            if state.review is not None:
                self.room.answers.end_review()
            elif not self.room.go(-1):
                tell("This is the first step.")
        elif word == "words":
            self._tell_words(rest)
        elif state.review is not None or (state.choices and not state.may_go_on):
            self._pick(line)
        elif state.step.kind == "predict" and state.blank:
            self.room.answers.submit(line)
        elif state.step.kind not in PRACTICE:
            tell("There is nothing to be typed at this step: Enter goes on, help tells more.")
        else:
            await self._practise(word, line)

    async def _practise(self, word: str, line: str) -> None:
        """Something done on the live network, or a blank filled in."""
        state = self._state
        blank = state.lesson.field_named(state.blank) if state.types_now else None
        if line.startswith("/"):
            line = line[1:].strip()
        if word in ("hint", "i") and " " not in line:
            self.room.help.hint()
            if state.task is None:
                tell("There is no task open here.")
        elif word in KEYS and not (blank is not None and blank.choices) and (word == "e" or " " not in line):
            await self._press(word, line.partition(" ")[2].strip())
        elif word == "values":
            say(*value_lines(state, self._snapshot))
        elif word in TYPED:
            await self._act(line)
        elif state.types_now:
            if not self.room.answers.submit(line) and not state.refusal:
                say(state.replies.get(state.blank, ""))
        else:
            try:
                await self._act(f"ask {line}")
            except AdderError:
                if any(c.isdigit() for c in line):
                    raise
                raise AdderError(
                    "{typed!r} is nothing that can be done here: help tells what is.", typed=line
                ) from None

    async def _press(self, key: str, rest: str) -> None:
        """What a key that the text names does in the app."""
        state, before, controls = self._state, self._snapshot, self.room.controls
        if key == "space":
            left = before.experiment.epochs - before.epoch
            if left <= 0:
                raise AdderError("The run is at its end: r begins it again, run 100 goes on.")
            await self._act(f"run {left}")
        elif key == "b":
            if not state.lesson.stations:
                raise AdderError("This lesson keeps no further runs ready.")
            await controls.action_station()
            chosen = state.lesson.station_named(state.station)
            say(chosen.title if chosen is not None else state.lesson.run_title or tr("The lesson's own run."))
            self._tell_run(before)
        elif key == "e" and rest and controls.chosen:
            await controls.set(controls.chosen, rest)
            self._tell_run(before)
        elif key == "e":
            there = ", ".join(state.lesson.controls) or tr("none")
            tell("Write the setting behind it, such as e lr 0.01. Here: {controls}.", controls=there)
        elif key == "tab":
            tell("Write open and a view: {views}.", views=", ".join(state.lesson.shown_views))
        else:
            step = f"step {state.lesson.step_size or 'epoch'}"
            await self._act({".": step, ",": "step back", "r": "reset", "u": "undo"}[key])

    async def _go_on(self) -> None:
        state = self._state
        if state.review is not None:
            if not self.room.answers.next_question() and state.review is None:
                raise _Left
        elif self.room.go(1):
            return
        elif not state.may_go_on:
            open_task = state.step.kind == "do"
            say(tr("Not yet: the task is still open, hint helps.") if open_task else tr("Not yet: answer first."))
        elif not (state.review_due and self.room.answers.begin_review()):
            say(tr("This lesson is done.") if state.finished else tr("The quiz is still open."))
            if (after := self.room.course.after(state.lesson.id)) is not None:
                tell("The next one is adder-tui lessons read {id} --do", id=after.id)
            raise _Left

    def _pick(self, typed: str) -> None:
        """A choice by its letter or its text."""
        state = self._state
        texts = {plain(text).casefold(): letter for letter, text in zip(LETTERS, state.choices, strict=False)}
        letter = typed.casefold() if len(typed) == 1 else texts.get(typed.casefold(), "")
        if letter not in texts.values():
            last = LETTERS[len(state.choices) - 1]
            raise AdderError("{typed} is none of the choices: type a letter from a to {last}.", typed=typed, last=last)
        self.room.answers.action_pick(letter)
        if state.step.kind == "predict" and state.review is None:
            self.room.answers.lock_in()

    def _tell_words(self, term: str) -> None:
        glossary = self.room.course.glossary
        if not term:
            tell("Words of this lesson: {terms}.", terms=", ".join(self._lesson.terms) or tr("none"))
            return
        near = difflib.get_close_matches(term, glossary.entries, n=1)
        if (entry := glossary.find(term)) is not None:
            say(f"{entry.term}: {plain(entry.text)}")
        elif near:
            tell("There is no word {term!r} in the glossary: did you mean {near}?", term=term, near=near[0])
        else:
            tell("There is no word {term!r} in the glossary.", term=term)

    def _action(self, text: str) -> Action:
        """Read what was typed, the sum as the run's task writes it.

        Raises:
            AdderError: it is none, or the lesson leaves it out of the way.
        """
        state = self._state
        experiment = self._session.experiment
        verb, _, rest = text.partition(" ")
        if verb == "ask":
            return Action("ask", (rest,), text, parse_sum(rest, experiment.data.task))
        action = parse_action(text)
        needed = NEEDED.get(verb)
        if needed is not None and needed not in words_for(state):
            raise AdderError("{verb} is not for this lesson.", verb=verb)
        foreign = [key for key in action.keys if key not in state.lesson.controls]
        if foreign:
            there = ", ".join(state.lesson.controls)
            raise AdderError("{key} is not changed in this lesson: it has {there}.", key=foreign[0], there=there)
        if verb == "open" and action.argument not in state.lesson.shown_views:
            there = ", ".join(state.lesson.shown_views)
            raise AdderError("This lesson has no {view}: it has {views}.", view=action.argument, views=there)
        board = state.lesson.board
        if verb == "sort" and board is None:
            raise AdderError(f"{text!r}: " + tr("there are no cards here."))
        if verb == "sort" and board is not None and not board.takes(action):
            cards, bins = ", ".join(card.id for card in board.cards), ", ".join(board.bins)
            values = {"pattern": PATTERNS["sort"], "cards": cards, "bins": bins}
            sentence = tr("write {pattern!r}, with a card of {cards} and a bin of {bins}.", **values)
            raise AdderError(f"{text!r}: {sentence}")
        return action

    async def _act(self, text: str) -> None:
        """Do an action that is typed, and tell what became of it."""
        action, state, before = self._action(text), self._state, self._snapshot
        if action.verb == "open":
            self.room.opened(action.argument)
            say(f"{action.argument}: {VIEWS[action.argument][1]}")
            await self._tell_view(action.argument)
            return
        await ActionRunner(self._session, state.attempt, self._show).do(action)
        if action.verb == "station":
            state.station = action.argument
        call = call_for(action)
        if call is not None:
            await self.room.benches.shown(action)
            value = state.results.get(call)
            if view := view_for(action, state.lesson.shown_views):
                await self._tell_view(view)
            elif value is not None:
                say(value if isinstance(value, str) else number(value, UNICODE, 6))
        elif action.verb == "sort":
            await self._tell_view("board")
        elif action.verb == "ask":
            say(answer_line(self._snapshot))
        else:
            self._tell_run(before)


def _spoken(line: str) -> str:
    """A line of the page with words for the marks that a reader would spell out."""
    for mark, word in zip((*marks(UNICODE), UNICODE.current), (tr("open:"), tr("done:"), tr("picked:")), strict=True):
        if line.startswith(f"{mark} "):
            return f"{word} {line[len(mark) :].strip()}"
    return line


async def lead(course: Course, store: Store, lesson: Lesson) -> None:
    """Lead through a lesson with lines from a terminal, or from a file of them."""
    from adder_engine.session import Session
    from adder_tui.storage.run_files import LessonRuns, lesson_runs

    if sys.stdin.isatty():
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  # the line can be edited, and earlier ones come back

    def read(prompt: str) -> str | None:
        try:
            return input(prompt)
        except (EOFError, KeyboardInterrupt):
            say("")
            return None
        except UnicodeDecodeError:
            return "?"

    signal.signal(signal.SIGINT, signal.default_int_handler)  # not asyncio's, which waits for the prompt
    runs = LessonRuns(lesson_runs(store.path.parent, store.path.name))
    async with Session(lesson.experiment) as session:
        await LessonReader(course, store, runs, session, lesson, read).go_through()
    store.retry()
