"""Every test of the Learn tab sees a terminal of 256 colours, whatever it runs in."""

import pytest


@pytest.fixture(autouse=True)
def terminal_of_256_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
