"""Compiled kernels are taken over from whoever installed the program."""

import errno
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


def one_more(x: int) -> int:
    return x + 1


@pytest.mark.parametrize(("kind", "left"), [("nbi", b""), ("nbi", b"no index"), ("nbc", b""), ("nbc", b"\x80\x05cut")])
def test_a_damaged_file_of_the_cache_is_as_good_as_none(
    kind: str, left: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiler, "FOLDER", tmp_path)
    assert compiler.exactly(one_more)(1) == 2
    (file,) = tmp_path.rglob(f"*.{kind}")
    file.write_bytes(left)
    again = compiler.exactly(one_more)
    assert again(1) == 2
    assert again.stats.cache_misses[again.signatures[0]] == 1
    once_more = compiler.exactly(one_more)
    assert once_more(1) == 2
    assert once_more.stats.cache_hits[again.signatures[0]] == 1


def test_a_cache_without_room_costs_nothing_but_compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compiler, "FOLDER", tmp_path)
    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
    for _ in range(2):
        assert compiler.exactly(one_more)(1) == 2


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
