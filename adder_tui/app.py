"""The app: the shell around the panes, and the one snapshot that everything draws."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console
from rich.text import Text
from textual import events, on
from textual.actions import parse
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.keys import _character_to_key
from textual.reactive import var
from textual.timer import Timer
from textual.worker import WorkerFailed

from adder_engine.errors import AdderError, sentence_of
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_tui.commands import BY_ID, COMMANDS, Command, Contexts, Owner
from adder_tui.controller import Controller
from adder_tui.process import IDLE, KeyPauses, stop_job
from adder_tui.selection import Selection, first_selection, fitting
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import begin, read_network_view, write_network_view, write_place
from adder_tui.tabs import FIRST_TAB, TABS, TabId
from adder_tui.ui.canvas import Canvas, Pane, is_small, text_in_sight
from adder_tui.ui.keyboard import SAME_KEY, HeldKeys
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import plural
from adder_tui.ui.prompt import Prompt
from adder_tui.ui.shell import Clickable, FooterLine, NoticeLine, StateLine, TabLine, standing_notice
from adder_tui.ui.symbols import ASCII, BLOCKS, UNICODE
from adder_tui.ui.theme import BASIC_THEME, textual_theme, theme_for
from adder_tui.ui.view import DrawnAs, ViewState

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from adder_engine.parsing import Sum
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_engine.sweep import SweepThread
    from adder_tui.course.lesson import Lesson
    from adder_tui.course.lesson_controller import LessonController
    from adder_tui.learn.tab import LearnPane
    from adder_tui.storage.data_dir import InstanceLock
    from adder_tui.storage.run_files import LastRun

FIRST_PRESET = "one-pair"
LONGEST_KEYS_FIRST = 0.5
"""Seconds that a picture of the training waits at most for a pause in what is typed."""
LONGEST_COMING = 2.0
"""Seconds that a key waits at most for what it is meant for: what never comes holds back no other key for good."""
ANSWERED = 0.05
"""Seconds within which the engine has answered, as a rule. A notice stands as long: where the next one takes its row at
once nothing is laid out anew, which would repaint the whole screen twice."""
TYPED_INTO = ("sum", "lesson-field", "list-field")
"""Ids of the shell's text fields."""


def _way(key: str) -> str:
    """How a key's command is reached.

    All are looked at before the focused widget, so that keys that arrive in one piece are done in their order; but
    plain ones only where nobody is typing.
    """
    return "do" if key.startswith("ctrl+") or key == "f1" else "press"


class AdderApp(App[None]):
    """The shell. Give it a session to draw, or it makes its own once the shell is painted."""

    TITLE = "adder-tui"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"{_way(key)}('{command.id}')", command.label, show=False, priority=key != "f1")
        for command in COMMANDS
        if command.owner not in (None, "window")
        for key in command.keys.split(",")
        if key
    ]

    snapshot: var[Snapshot | None] = var(None, always_update=True, init=False)
    """The newest snapshot; None while the engine is loading."""

    def __init__(self, settings: Settings, session: Session | None = None) -> None:
        """What :class:`~adder_tui.services.Services` names is told there."""
        console = Console(force_terminal=True)
        theme = theme_for(settings.theme, console.color_system, console.no_color)
        # Told at once, because the filter for NO_COLOR is chosen here.
        super().__init__(watch_css=False, ansi_color=theme == BASIC_THEME or None)
        self.settings = settings
        self.given_session = session
        self.experiment = session.experiment if session else settings.experiment or Experiment.preset(FIRST_PRESET)
        self.controller = Controller(self.experiment, self.view, self.show, self.say, self.select, settings.pace)
        self.tab: TabId
        self.first_lesson: str
        self.tab, self.first_lesson = (FIRST_TAB, "") if session else begin(settings)
        self.selection: Selection = first_selection(self.experiment)
        self.notice = settings.data_notice
        self.charted: frozenset[int] | None = None
        self.sweep: SweepThread | None = None
        self.given_up: SweepThread | None = None
        self.stage, self.panes = Container(id="stage"), list[Pane]()
        """Where the tabs' panes are mounted, each when it is first shown."""
        self._coming: Snapshot | None = None
        """The one that is about to be shown, while what draws it ahead is gathered."""
        self.prompt = Prompt(self.view, self.may_ask)
        self._refusal = ""
        """The notice about what the prompt refused."""
        self._branched = ""
        """What became of the line that the last command cut off."""
        self.instance_lock: InstanceLock | None = None
        self._redraws = False
        """Whether all is about to be drawn anew."""
        self._drawn_notice = ""
        """The notice in the newest drawing."""
        self._untelling: Timer | None = None
        """Of the last command, until it is due."""
        self.learn: LearnPane | None = None
        """The Learn tab, once it has been shown."""
        self.lock_taken = asyncio.Event()
        self._early = HeldKeys(waiting=True)
        """Those that came before the first pane was there."""
        self.last_run: LastRun | None = None
        self.under_way = False
        """Whether a step was made or the run was played: the last run is offered no more."""
        self.key_pauses = KeyPauses()
        shown = read_network_view(settings.data_dir)
        self.drawn_as: DrawnAs = "numbers" if shown == "numbers" else "picture"
        """What the network is drawn as."""
        self.telling = shown == "trace"
        """Whether the Network tab shows the trace in its place."""
        self.set_class(settings.ascii, "-ascii")
        self.register_theme(textual_theme(theme))
        self.theme = theme

    # --- the shell -------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield TabLine(self.view)
        yield self.stage
        yield NoticeLine(self.view)
        yield StateLine(self.view)
        yield self.prompt
        yield FooterLine(self.view, self.typing)

    def on_mount(self) -> None:
        self.call_after_refresh(self._after_first_paint)
        self.set_interval(IDLE, self.key_pauses.look)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self.key_pauses.key()
            await self._until_there()
            if isinstance(event, events.Key) and not event.is_forwarded:
                if not event.is_printable:
                    await self._until_typed()
                self._on_latin_layout(event)
                front = self.screen if isinstance(self.screen, Modal) else self._front
                if self._early.keeps(event) or (front is not None and front.keeps(event)):
                    return
                if self.learn is not None:
                    self.learn.key_came(event.key)
        await super().on_event(event)

    def _on_latin_layout(self, event: events.Key) -> None:
        """Make a key that does nothing the one in its place on the Latin layout, if that does; not while one types."""
        latin, focused = SAME_KEY.get(event.character or ""), self.focused
        if latin is None or (focused is not None and focused.check_consume_key(event.key, event.character)):
            return
        if any(self._check_action_state(own.action, self) for own in self._bindings.key_to_bindings.get(event.key, ())):
            return
        bound, key = self.screen.active_bindings, _character_to_key(latin)
        if event.key not in bound and key in bound:
            event.key, event.character = key, latin

    async def _until_there(self) -> None:
        """Keep a key for the window or the tab in front until all of its parts are there."""
        coming = [self.screen] if len(self.screen_stack) > 1 else []
        for widget in (*coming, *(pane for pane in self.panes if pane.id == self.tab)):
            with contextlib.suppress(TimeoutError):  # it is gone, then, or was never put up
                await asyncio.wait_for(widget._mounted_event.wait(), LONGEST_COMING)

    async def _until_typed(self) -> None:
        """Wait until all that was typed has come to those who go by it."""
        if (field := self.focused) is None or not field.check_consume_key("x", "x"):
            return
        for widget in (field, *field.ancestors_with_self):  # that it has changed is told on the same way
            done = asyncio.Event()
            if widget is not self and widget.call_later(done.set):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), LONGEST_COMING)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """What a key or a click does; what is refused by us or by the disk is said, and ends nothing."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except (AdderError, OSError) as error:
            (self.screen if isinstance(self.screen, Modal) else self).say(sentence_of(error))
            return True

    async def _after_first_paint(self) -> None:
        await self.prompt._mounted_event.wait()  # a signal to stop may have come in between
        await self.prompt.open_field()
        await self.action_show_tab(self.tab)
        self._early.release(self)
        # Importing numpy and torch holds the interpreter: the pane is painted before.
        self.call_after_refresh(self.run_worker, self._follow, name="follow")

    def view(self) -> ViewState:
        snapshot = self._coming or self.snapshot
        return ViewState(
            experiment=self.experiment,
            snapshot=snapshot,
            glyphs=ASCII if self.settings.ascii else BLOCKS if self.settings.blocks else UNICODE,
            tab=self.tab,
            step_size=self.controller.step_size,
            pace=self.controller.pace,
            selection=fitting(self.selection, self.experiment),
            notice=self.notice
            or standing_notice(
                snapshot, None if self.under_way or self.words else self.last_run, "lesson" in self.words
            ),
            reached=self.controller.reached(snapshot),
            drawn_as=self.drawn_as,
            telling=self.telling,
            charted=self.charted,
            words=self.words,
            lesson=self.lesson,
            unmet=self.learn.unmet if self.learn is not None and self.tab == "learn" else frozenset(),
            colours="none" if self.no_color else "few" if self.theme == BASIC_THEME else "many",
        )

    def typing(self) -> bool:
        return self.focused is not None and self.focused.id in TYPED_INTO

    @property
    def words(self) -> Contexts:
        """What the lesson in front lets one do, for the table of commands; on other tabs whether one is open."""
        if self.learn is not None and self.tab == "learn":
            return self.learn.words
        visiting: Contexts = frozenset({"visiting"})
        return visiting if self.lesson is not None else frozenset()

    @property
    def lesson(self) -> Lesson | None:
        """The lesson that has the network."""
        return self._room.lesson if self._room is not None else None

    @property
    def _room(self) -> LessonController | None:
        """What leads through the lessons, once the Learn tab has been shown."""
        return self.learn.lesson_controller if self.learn is not None else None

    def may_ask(self) -> bool:
        """Whether the prompt takes a sum: not where a lesson has no network to ask."""
        return self.learn is None or not self.learn.display or self.learn.asks

    def redraw(self) -> None:
        """Draw what is visible anew, once for all that is asked in one go; cells that look the same are not sent."""
        if not self._redraws:
            self._redraws = True
            asyncio.get_running_loop().call_soon(self._redraw_now)

    def _redraw_now(self) -> None:
        self._redraws, self._drawn_notice = False, self.notice
        if not self.is_running or not self.screen_stack:
            return
        with self._context():
            try:
                self._redraw_shell()
                covered = any(isinstance(screen, Modal) and screen.covers for screen in self.screen_stack)
                if not covered and (front := self._front) is not None:
                    front.redraw()
            except Exception as error:
                self._handle_exception(error)

    def pop_screen(self) -> AwaitComplete:
        """Close a window: what it covered is drawn again."""
        self.redraw()
        return super().pop_screen()

    def _redraw_shell(self) -> None:
        for part in self.screen_stack[0].children:
            if isinstance(part, Canvas | Prompt):
                part.redraw()

    @property
    def _front(self) -> Pane | None:
        """The pane of the tab in front, once its parts are there."""
        return next((pane for pane in self.panes if pane.id == self.tab and pane.is_mounted), None)

    def on_resize(self, event: events.Resize) -> None:
        if is_small(event.size) or len(self.screen_stack) > 1:
            from adder_tui.ui.shell import cover_while_too_small  # not needed to paint the shell

            self.call_later(cover_while_too_small, self, self.view)  # once the new size is ours

    def on_descendant_focus(self) -> None:
        self._focus_moved()

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._settle_focus)

    def _settle_focus(self) -> None:
        """Keys that nothing else takes go to the pane in front."""
        alone = self.is_running and len(self.screen_stack) == 1 and self.focused is None
        if alone and (front := self._front) is not None:
            front.take_focus()
        if self.is_running and self.screen_stack:
            self._focus_moved()

    def _focus_moved(self) -> None:
        if len(self.screen_stack) > 1:  # into a window; the pane behind it looks as it did
            self._redraw_shell()
        else:
            self.redraw()

    async def action_show_tab(self, id: TabId) -> None:
        """Bring a tab to the front; its pane is mounted the first time."""
        if not self.stage.is_attached:  # the app is ending before it has begun
            return
        if self.tab != id and self._refusal:
            self.screen_stack[0].set_focus(None)  # as by a click: what the prompt refused stays behind
        self.tab = id
        for pane in self.panes:
            pane.display = pane.id == id
        if all(pane.id != id for pane in self.panes):
            tab = next(tab for tab in TABS if tab.id == id)
            pane = tab.pane_class()(self, id=id)
            self.panes.append(pane)
            await self.stage.mount(pane)
            if id == "learn":
                self.learn = pane
            self.key_pauses.grown()
        if not self.typing():
            self.screen_stack[0].set_focus(None)
        self._settle_focus()
        if self.tab == id and (front := self._front) is not None:
            front.came_to_front()
        self._keep_place()

    def action_network_view(self) -> None:
        """The network as a picture, as numbers, then on its own tab as the trace; the choice is remembered."""
        if self.telling and self.tab == "network":
            self.drawn_as, self.telling = "picture", False
        elif self.drawn_as == "picture":
            self.drawn_as = "numbers"
        elif self.tab == "network":
            self.telling = True
        else:
            self.drawn_as = "picture"
        if self.given_session is None:
            write_network_view(self.settings.data_dir, "trace" if self.telling else self.drawn_as)

    def _keep_place(self) -> None:
        """Note the tab, so that the next start comes back to it; a lesson that is open comes first."""
        if self.given_session is None and self.lesson is None:
            write_place(self.settings.data_dir, self.tab, self.first_lesson if self._room is None else "")

    # --- the session -----------------------------------------------------------------------------

    async def _follow(self) -> None:
        session = self.given_session or await self._own_session()
        self.lock_taken.set()
        await self.controller.follow(session, self.settings.fps, self._draw_ahead)

    async def _draw_ahead(self, snapshot: Snapshot) -> None:
        await self._keys_first()
        if (front := self._front) is not None and len(self.screen_stack) == 1:
            self._coming = snapshot
            try:
                makes = front.ahead()
            finally:
                self._coming = None
            for make in makes:
                await asyncio.to_thread(make)

    async def _keys_first(self) -> None:
        """Wait for a pause in what is typed, up to a limit: a key held down does not hold back all."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_KEYS_FIRST):
                while (rest := self.key_pauses.until_pause()) > 0:
                    await asyncio.sleep(rest)

    async def _own_session(self) -> Session:
        # Not at the top: numpy and the engine wait until the shell is painted.
        from adder_tui.storage.data_dir import take_instance_lock
        from adder_tui.storage.progress_store import progress_file
        from adder_tui.storage.run_files import lesson_runs, settle, start_session

        self.instance_lock = take_instance_lock(self.settings.data_dir)
        if not self.instance_lock.warning:
            lessons = lesson_runs(self.settings.data_dir, progress_file(self.settings.course))
            settle(self.settings.data_dir, self.instance_lock.number, bool(self.first_lesson), lessons)
        self.lock_taken.set()
        session, last = await start_session(
            self.experiment, self.settings.data_dir, self.instance_lock, self.settings.open_run
        )
        if self.settings.experiment is None:
            self.last_run = last
            self.redraw()
        if self.instance_lock.warning:
            self.say(self.instance_lock.warning)
        return session

    def show(self, snapshot: Snapshot) -> None:
        if self.snapshot is None:
            self.key_pauses.begin()
        if self.snapshot is None or snapshot.version > self.snapshot.version:
            self.snapshot = snapshot

    def watch_snapshot(self, before: Snapshot | None, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            return
        if before is not None and before.run != snapshot.run:
            from adder_tui.ui.run_words import branch_sentence  # not needed to paint the shell

            self._branched = branch_sentence(before, snapshot)
            if self._branched or self.instance_lock is None or self.notice != self.instance_lock.warning:
                self.notice = self._branched
        self.under_way |= snapshot.status == "playing" or bool(snapshot.newest.update or snapshot.newest.stage)
        if snapshot.experiment != self.experiment:
            self.experiment = snapshot.experiment
            if before is not None:
                self.prompt.follow(before.asked.sum, snapshot.asked.sum)
            self.controller.fit_pace(snapshot.experiment)
        if (learn := self.learn) is not None:
            learn.saw(snapshot)
        self.redraw()

    def select(self, selection: Selection) -> None:
        self.selection = selection
        self.redraw()

    def say(self, sentence: str) -> None:
        self.notice = f"{sentence} {self._branched}".rstrip()
        self.redraw()

    # --- commands --------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key of other tabs is left alone, and so are plain keys where somebody types or a window is open."""
        if action in ("do", "press") and not BY_ID[str(parameters[0])].works_on(self.words | {self.tab}):
            return False
        if action == "press" and (self.typing() or len(self.screen_stack) > 1):
            return False
        return super().check_action(action, parameters)

    def carry_out(self, id: str) -> None:
        """Do a command of the table: ``action_…`` of its owner, or of the first of the owner's parts that has it."""
        command = BY_ID[id]
        assert command.owner is not None
        if self.learn is not None and self.tab == "learn" and self.learn.keeps_back(command):
            self.say(tr("The engine is loading: what you asked for is done as soon as it is there."))
            self.start(self._once_settled(command), id)
            return
        _, name, arguments = parse(command.action or id)
        ways = (getattr(actor, f"action_{name}", None) for actor in self._actors(command.owner))
        does = next((way for way in ways if way is not None), None)
        self.notice = self._branched = ""
        try:
            outcome = None if does is None else does(*arguments)
        except (AdderError, OSError) as error:
            outcome = None
            self.say(sentence_of(error))
        if outcome is None:
            self.redraw()
        else:
            self.start(outcome, id)
            if self._untelling is not None:
                self._untelling.stop()  # what this command will tell is still to come
            self._untelling = self.set_timer(ANSWERED, self._untell)

    def _untell(self) -> None:
        """Take away what was told before a command, unless what that has brought is drawn already."""
        if self.notice != self._drawn_notice:
            self.redraw()

    async def _once_settled(self, command: Command) -> None:
        """Do a command when the lesson that was entered has its run."""
        assert self.learn is not None
        assert self._room is not None
        await self._room.settled()
        if command.works_on(self.words | {self.tab}) and not self.learn.keeps_back(command):
            self.carry_out(command.id)

    action_do = action_press = carry_out
    """The ways in which keys reach it."""

    def _actors(self, owner: Owner) -> Sequence[object]:
        match owner:
            case "app":
                return (self,)
            case "controller":
                return (self.controller,)
            case "lesson":
                return self.learn.actors if self.learn is not None else ()
            case "window":
                return (self.screen,)
            case "tab":
                return front.actors if (front := self._front) is not None else ()

    def start(self, work: Awaitable[None], name: str) -> None:
        self.run_worker(self.attempt(work), name=name)

    async def attempt(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (AdderError, OSError) as error:
            self.say(sentence_of(error))

    @on(Clickable.Clicked)
    def _clicked(self, event: Clickable.Clicked) -> None:
        if BY_ID[event.command].owner is not None:
            self.carry_out(event.command)

    @on(Prompt.Asked)
    def _asked(self, event: Prompt.Asked) -> None:
        self.notice = self._refusal = ""
        learn = self.learn
        if learn is not None and self.tab == "learn" and learn.has_enough_of(event.sum):
            learn.take_focus()
            self.prompt.answered()
            if (next_lesson := learn.action_go_on()) is not None:
                self.start(next_lesson, "go on")
        else:
            self.start(self.ask(event.sum), "ask")

    async def ask(self, asked: Sum) -> None:
        try:
            if self._room is not None:
                await self._room.settled()
            answer = await self.controller.ask(asked)
            if self.learn is not None:
                await self.learn.heard(answer)
        finally:
            self.prompt.answered()

    @on(Prompt.Refused)
    def _refused(self, event: Prompt.Refused) -> None:
        self.say(event.sentence)
        self._refusal = self.notice

    @on(Prompt.Left)
    def _left_prompt(self) -> None:
        """What was refused there is told no more; what was typed comes back with the cursor."""
        if self.notice and self.notice == self._refusal:
            self.notice = self._refusal = ""
            self.redraw()

    # --- what the app's own commands do; each window is imported when it is first needed ----------

    def action_prompt(self) -> None:
        self.prompt.focus_field()

    def action_edit(self) -> None:
        """The form that changes the experiment; in a lesson its controls."""
        if self.learn is not None and "lesson" in self.words:
            self.learn.lesson_view.edit_setting()
        else:
            self.action_window("experiment_form.screen:ExperimentForm")

    def action_window(self, place: str) -> None:
        """Open a window, ``module:class`` within the package, unless another one lies over the shell.

        Raises:
            AdderError: it cannot be opened now.
        """
        module, _, name = place.partition(":")
        if len(self.screen_stack) == 1:
            self.push_screen(getattr(import_module(f"adder_tui.{module}"), name)(self))

    def action_help(self) -> None:
        from adder_tui.help.screens import HelpScreen

        window = self.screen.window if isinstance(self.screen, Modal) else None
        self.push_screen(HelpScreen(self.view, self.typing(), window))

    async def action_open_last(self) -> None:
        if self.last_run is None:
            self.say(tr("There is no run kept from last time."))
            return
        await self.controller.open(self.last_run.path)
        self.last_run = None
        self.redraw()

    async def action_quit(self) -> None:
        if self.sweep is not None:
            from adder_tui.sweep.screen import holds_back

            if holds_back(self, self):
                return
        await self.controller.close()
        self.call_later(self.exit)  # at once it would break in on a pane that is being mounted

    def close_now(self) -> bool:
        """Save the run, and what of the progress could not be saved before; from any thread, as often as one likes.

        Returns whether the engine has stopped.
        """
        stopped = self.controller.close_now()
        if self._room is not None:
            self._room.store.retry()
        return stopped

    @property
    def unsaved(self) -> list[str]:
        """Once it is closed: why the run and the progress could not be saved; empty where they were."""
        progress = "" if self._room is None else self._room.store.unsaved
        return [message for message in (self.controller.unsaved, progress) if message]

    def action_copy_pane(self) -> None:
        """Copy the tab in front, or the window over it, as plain text."""
        tab = next(tab.label for tab in TABS if tab.id == self.tab)
        what, front = (tr("this window"), self.screen) if len(self.screen_stack) > 1 else (tab, self._front)
        self._copy("" if front is None else text_in_sight(front), what)

    @on(Canvas.Picked)
    def _picked(self, event: Canvas.Picked) -> None:
        self._copy(event.text, tr("what you marked"))

    def _copy(self, text: str, what: str) -> None:
        """Send text to the clipboard of the terminal that one sits at (OSC 52), and say so."""
        if not text:
            self.tell(tr("There is nothing to copy yet."))
            return
        self.copy_to_clipboard(text)
        rows = len(text.splitlines())
        size = plural(rows, "line", "lines") if rows > 1 else f"“{text if len(text) < 25 else text[:24] + '…'}”"
        self.tell(tr("Sent {what} as text, {size}, to your terminal's clipboard.", what=what, size=size))

    def tell(self, sentence: str) -> None:
        """Say something where it is seen: in the window in front, if there is one."""
        if isinstance(self.screen, Modal):
            self.screen.tell(self.view(), sentence)
        else:
            self.say(sentence)

    def action_suspend_process(self) -> None:
        """Ctrl+Z: Textual's own would stop this process and not the job that it belongs to."""
        with self.suspend():
            stop_job()

    def action_help_quit(self) -> None:
        self.say(tr("q quits, Ctrl+Q does so from anywhere."))

    def _handle_exception(self, error: Exception) -> None:
        """Whoever still mounts, draws or asks once the app is leaving finds parts gone: that is no fault.

        Nor is what a worker was refused, by us or by the disk: it is said.
        """
        if self._exit:
            return
        if isinstance(error, WorkerFailed) and isinstance(error.error, AdderError | OSError):
            if not self.controller.closing:
                self.say(sentence_of(error.error))
        else:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Tell a fault of ours in one sentence; Python's dev mode shows where it is."""
        if sys.flags.dev_mode:
            super()._fatal_error()
        else:
            fault = f"{type(self._exception).__name__}: {self._exception}"
            said = tr(
                "A fault of ours, {fault} (python -X dev -m adder_tui shows where). The run is kept.", fault=fault
            )
            self.panic(Text(said))
