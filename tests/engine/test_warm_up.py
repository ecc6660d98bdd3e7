"""Compiled kernels are taken over from whoever installed the program."""

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
