"""The thread in which a run goes on: it trains between requests, answers them, hands out snapshots, and saves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from adder_engine.errors import AdderError, RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.snapshot import Snapshot
from adder_engine.steps import give_way

if TYPE_CHECKING:
    from adder_engine.runs.workspace import Workspace
    from adder_engine.steps import Steps

Result = TypeVar("Result")

SLICE = 0.002
"""Seconds of training between two looks at the requests; an update that takes longer is finished first."""
ASIDE = 0.15
"""Work in slices takes this share of the time that training could use, once it has taken :data:`HEAD_START`."""
HEAD_START = 0.05
"""Seconds of work that are done as quickly as training goes on: most is done by then."""
CLOSED = tr("This session is closed.")


@dataclass(frozen=True)
class QueryBatch:
    """Several findings of one and the same moment, each there when it is ready."""

    snapshot: Awaitable[Snapshot]
    """That moment."""
    answers: tuple[asyncio.Future[object], ...]
    """In the order of the questions; one that cannot be had raises RequestError."""


class Autosave:
    """Saves what is new, every so many seconds; a run that cannot be saved goes on with a warning.

    Args:
        save: writes the run; raises RunFileError where it cannot be written. None keeps nothing.
        every: seconds between two saves.
        version: what the run's version is now; it counts as saved.
    """

    def __init__(self, save: Callable[[], None] | None, every: float, version: int) -> None:
        self._save = save
        self._every = every
        self._version = version
        self._at = time.monotonic()

    def due(self, version: int) -> float | None:
        """Seconds until the run is to be saved; None where there is nothing new to save."""
        if self._save is None or version == self._version:
            return None
        return max(0.0, self._at + self._every - time.monotonic())

    def soon(self) -> None:
        """Save at the next look at the clock."""
        self._at = -self._every

    def save(self, version: int) -> str | None:
        """Save what is new. Returns why it could not be saved, empty where it was; None where nothing was new."""
        if self._save is None or version == self._version:
            return None
        self._at = time.monotonic()
        try:
            self._save()
        except RunFileError as error:
            return str(error)
        self._version = version
        return ""


class EngineThread:
    """A workspace in a thread of its own, and the way to it. It never waits for whoever asks.

    What a session offers under the same name is told there, with what it raises.

    Args:
        save_every: seconds between two saves of a run that goes on changing.
    """

    def __init__(self, experiment: Experiment, autosave: Path | None, resume: Path | None, save_every: float) -> None:
        self._experiment = experiment
        self._path = autosave
        self._autosave = Autosave(None, save_every, 0)
        self._save_every = save_every
        self._resume = resume
        self._requests: queue.SimpleQueue[Callable[[Workspace], None] | None] = queue.SimpleQueue()
        self._unanswered: set[concurrent.futures.Future[Any]] = set()
        self._waiting: list[tuple[int, concurrent.futures.Future[Snapshot]]] = []
        self._made: Snapshot | None = None
        """What the request just served has resolved with; those who wait get the same."""
        self._in_slices: deque[Callable[[Workspace], bool]] = deque()
        """Work in progress that takes long: each does a slice and returns whether there is more."""
        self._aside = HEAD_START
        """Seconds that it may take from training."""
        self._closing = threading.Event()
        self._enough = threading.Event()
        """A pause or the end was asked for: a long step goes no further."""
        self._playing = False
        self._pace: float | None = None
        self._until = math.inf
        """The epoch at whose end playing halts."""
        self.warning = ""
        self.compiling = False
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._thread.start()

    @property
    def experiment(self) -> Experiment:
        return self._experiment

    async def snapshot(self, since: int | None = None) -> Snapshot:
        def look(workspace: Workspace) -> None:
            if since is None or workspace.version != since:
                _resolve(future, workspace.snapshot(self._playing))
            else:
                self._waiting = [(s, f) for s, f in self._waiting if not f.done()] + [(since, future)]

        future: concurrent.futures.Future[Snapshot] = self._new_future()
        self._requests.put(look)
        return await asyncio.wrap_future(future)

    # --- ending ----------------------------------------------------------------------------------

    def close_now(self, timeout: float = 2.0) -> bool:
        self._closing.set()
        self._enough.set()
        self._requests.put(None)
        # While the kernels are loaded there is nothing to save, and no import can be broken off: it ends by itself.
        if self._loaded.is_set():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- requests --------------------------------------------------------------------------------

    def _new_future(self) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._unanswered.add(future)
        future.add_done_callback(self._unanswered.discard)
        if self._closing.is_set():  # looked at last: the thread rejects whatever was there when it ended
            future.cancel()
            raise RequestError(CLOSED)
        return future

    async def ask(self, work: Callable[[Workspace], Result]) -> Result:
        """Have the thread do something and resolve with what it returns."""
        future: concurrent.futures.Future[Result] = self._new_future()

        def carry_out(workspace: Workspace) -> None:
            with _rejecting(workspace, future):
                _resolve(future, work(workspace))

        self._requests.put(carry_out)
        return await asyncio.wrap_future(future)

    def begin(self, begins: Sequence[Callable[[Workspace], Steps[object]]]) -> QueryBatch:
        """Have the thread begin several things at one moment, and do them in slices."""
        now: concurrent.futures.Future[Snapshot] = self._new_future()
        futures: list[concurrent.futures.Future[object]] = [self._new_future() for _ in begins]

        def start(workspace: Workspace) -> None:
            _resolve(now, workspace.snapshot(self._playing))
            for begin, future in zip(begins, futures, strict=True):
                self._start(workspace, begin, future)

        self._requests.put(start)
        return QueryBatch(asyncio.wrap_future(now), tuple(map(asyncio.wrap_future, futures)))

    def _start(
        self,
        workspace: Workspace,
        begin: Callable[[Workspace], Steps[Result]],
        future: concurrent.futures.Future[Result],
    ) -> None:
        """Do the first slice of something at once, for it copies what the rest goes by, and see to the rest later."""

        def begun() -> Steps[Result]:
            return (yield from begin(workspace))

        work = begun()

        def go_on(workspace: Workspace) -> bool:
            """Do one slice. Returns whether there is more to do."""
            if future.done():  # nobody waits for it any more
                return False
            with _rejecting(workspace, future):
                try:
                    next(work)
                except StopIteration as end:
                    _resolve(future, end.value)
                else:
                    return True
            return False

        if go_on(workspace):
            self._in_slices.append(go_on)

    async def play(self, pace: float | None, until: int | None) -> Snapshot:
        def start(workspace: Workspace) -> None:
            workspace.check_unfinished()
            workspace.run.paused = None
            self._playing = not workspace.run.stopped
            self._pace = pace
            self._until = math.inf if until is None else until

        return await self.do(start)

    async def pause(self) -> Snapshot:
        def rest(workspace: Workspace) -> None:
            self._enough.clear()
            self._halt(workspace)

        self._enough.set()
        return await self.do(rest)

    def is_enough(self) -> bool:
        return self._enough.is_set()

    async def do(self, work: Callable[[Workspace], object], halt: bool = False) -> Snapshot:
        """Have the thread change something and resolve with the snapshot after it."""

        def then_look(workspace: Workspace) -> Snapshot:
            work(workspace)
            if halt:
                self._halt(workspace)
            workspace.version += 1
            self._experiment = workspace.run.experiment
            self._made = workspace.snapshot(self._playing)
            return self._made

        return await self.ask(then_look)

    def _halt(self, workspace: Workspace) -> None:
        """Stop playing; a stop is a moment to save."""
        if self._playing:
            self._playing = False
            workspace.version += 1
            self._autosave.soon()

    # --- the thread ------------------------------------------------------------------------------

    def _main(self) -> None:
        """Everything that computes happens here."""
        workspace = None
        try:
            import numpy

            from adder_engine.runs.workspace import Workspace  # imports numpy and the kernels: not on the caller's time
            from adder_engine.warm_up import is_compiled, warm_up

            numpy.seterr(all="ignore")  # a number beyond float32 is infinite, and is shown so
            self._loaded.set()
            if not is_compiled():
                self.compiling = True
                warm_up()
                self.compiling = False
            workspace = Workspace(self._experiment)
            if self._path is not None:
                self._autosave = Autosave(partial(workspace.save, self._path), self._save_every, workspace.version)
            if self._resume is not None:
                workspace.resume(self._resume)
                self._experiment = workspace.run.experiment
            self._serve(workspace)
        except BaseException as error:
            self._broken(error)
        finally:
            self._closing.set()
            for future in [*self._unanswered]:
                _reject(future, RequestError(CLOSED))
            if workspace is not None:
                self._save(workspace)
                self.warning = workspace.warning

    def _serve(self, workspace: Workspace) -> None:
        give_way()
        while not self._closing.is_set():
            begun = time.perf_counter()
            wait = self._train(workspace) if self._playing else None
            self._aside += ASIDE * (time.perf_counter() - begun)
            hurried = wait == 0.0  # training wants all the time that there is
            self._experiment = workspace.run.experiment
            self._publish(workspace)
            due = self._autosave.due(workspace.version)
            wait = 0.0 if self._in_slices else due if wait is None else wait if due is None else min(wait, due)
            with contextlib.suppress(queue.Empty):
                request = self._requests.get(timeout=wait) if wait != 0 else self._requests.get_nowait()
                while request is not None:
                    request(workspace)
                    self._publish(workspace)
                    request = self._requests.get_nowait()
            self._do_slices(workspace, hurried)
            if self._autosave.due(workspace.version) == 0.0:
                self._save(workspace)

    def _do_slices(self, workspace: Workspace, hurried: bool) -> None:
        """Go on for a while with work that takes long, taking turns; beside a run in a hurry only now and then."""
        begun = now = time.perf_counter()
        while self._in_slices and now - begun < SLICE and not (hurried and now - begun > self._aside):
            work = self._in_slices.popleft()
            if work(workspace):
                self._in_slices.append(work)
            now = time.perf_counter()
        self._aside = min(self._aside - (now - begun), HEAD_START) if self._in_slices and hurried else HEAD_START

    def _train(self, workspace: Workspace) -> float:
        """Train for a slice. Returns how long nothing needs to be done, in seconds."""
        try:
            idle = workspace.train(SLICE, self._pace, self._until)
        except Exception as error:
            workspace.fail(error)
            idle = 0.0
        recording = workspace.run
        ended = recording.finished or recording.stopped or recording.paused or recording.at_end_of(self._until)
        if workspace.failure or ended:
            self._halt(workspace)
        return idle

    def _publish(self, workspace: Workspace) -> None:
        """Hand the newest snapshot to those who wait for one."""
        ready = [future for since, future in self._waiting if since != workspace.version]
        made, self._made = self._made, None
        if ready:
            self._waiting = [waiter for waiter in self._waiting if waiter[0] == workspace.version]
            current = made is not None and made.version == workspace.version
            snapshot = made if made is not None and current else workspace.snapshot(self._playing)
            for future in ready:
                _resolve(future, snapshot)

    def _save(self, workspace: Workspace) -> None:
        """Save what is new; a run that cannot be saved goes on with a warning."""
        warning = self._autosave.save(workspace.version)
        if warning is not None and warning != workspace.warning:
            workspace.warning = warning
            workspace.version += 1

    def _broken(self, error: BaseException) -> None:
        """The thread cannot go on, for instance because numba is not there: tell everyone who asks."""
        message = tr("The engine cannot run: {kind}: {error}", kind=type(error).__name__, error=error).rstrip(".") + "."
        while not self._closing.is_set():
            for future in [*self._unanswered]:
                _reject(future, RequestError(message))
            with contextlib.suppress(queue.Empty):
                self._requests.get(timeout=0.2)


@contextlib.contextmanager
def _rejecting(workspace: Workspace, future: concurrent.futures.Future[Any]) -> Iterator[None]:
    """Tell whoever waits why a request failed; the session goes on."""
    try:
        yield
    except AdderError as error:
        _reject(future, error)
    except Exception as error:
        workspace.fail(error)
        _reject(future, RequestError(workspace.failure))


def _resolve(future: concurrent.futures.Future[Result], result: Result) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_result(result)


def _reject(future: concurrent.futures.Future[Any], error: Exception) -> None:
    with contextlib.suppress(concurrent.futures.InvalidStateError):
        future.set_exception(error)
