"""Where the program writes."""

import os
from pathlib import Path

import pytest

from adder_tui.settings import default_data_dir
from adder_tui.storage.data_dir import make_data_dir
from adder_tui.storage.run_files import autosave_path


def test_the_folder_is_made_when_it_is_needed_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert autosave_path(make_data_dir(folder)) == folder / "autosave.npz"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not (folder / "autosave.npz").exists()


def test_a_folder_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o750)
    make_data_dir(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_the_usual_folder_bears_the_programs_name() -> None:
    assert default_data_dir().name == "adder-tui"


@pytest.mark.parametrize("below", ["", "x", "x/y"])
def test_a_file_where_the_folder_should_be_is_no_directory(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="Not a directory"):
        make_data_dir(tmp_path / "file" / below)
