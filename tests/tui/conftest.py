"""Every test of the app sees a terminal of 256 colours, whatever it runs in."""

from collections.abc import Iterator

import pytest

from adder_engine.experiment import Experiment
from adder_engine.session import Session


@pytest.fixture(autouse=True)
def terminal_of_256_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session with an engine, shared by a file's tests: each begins a run of its own on it."""
    session = Session(Experiment.preset("one-pair"))
    yield session
    session.close_now()
