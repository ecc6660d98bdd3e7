"""Compiled kernels are taken over from whoever installed the program."""

import threading
from pathlib import Path

import pytest

from adder_engine import warm_up
from adder_engine.kernels import compiler


def test_who_may_not_write_beside_the_sources_takes_over_what_lies_compiled_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, own = tmp_path / "beside", tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr(compiler, "FOLDER", own)
    monkeypatch.setattr(compiler, "cache_folders", lambda: iter((beside, own)))
    assert not warm_up.is_compiled()
    (beside / "kernels_1").mkdir(parents=True)
    (beside / "kernels_1" / "loop.train-1.nbc").write_bytes(b"code")
    assert warm_up.is_compiled()
    assert [path.name for path in own.rglob("*") if path.is_file()] == ["loop.train-1.nbc"]
    assert (own / "kernels_1").stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(compiler, "FOLDER", None)
    assert not warm_up.is_compiled()


def test_two_processes_that_save_what_they_compiled_do_so_one_after_the_other(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def save(key: int, data: bytes) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        reached.wait(0.05)  # the other may come in now
        inside[0] -= 1

    reached = threading.Event()
    alone = [compiler._one_at_a_time(save, tmp_path / "lock") for _ in range(3)]
    threads = [threading.Thread(target=one, args=(i, b"")) for i, one in enumerate(alone)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
