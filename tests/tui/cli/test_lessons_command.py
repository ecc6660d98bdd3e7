"""``adder-tui lessons`` as somebody types it."""

from pathlib import Path

import pytest

from adder_tui.cli import main as cli
from adder_tui.storage import progress
from adder_tui.storage.progress import Progress
from adder_tui.storage.progress_store import MARK, Store, to_line
from tests.tui.course.lesson_file import SMALL


def _done(folder: Path, id: str = "rule-or-guess") -> None:
    def change(tree: progress.Tree) -> None:
        progress.enter(tree, id)
        progress.finish(tree, id)

    Store(folder).change(change)


def test_the_list_tells_each_lessons_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _done(tmp_path)
    assert cli.main(["lessons", "--data-dir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if "rule-or-guess" in line)
    assert row.split()[:4] == [">", "1", "rule-or-guess", "done"]
    assert lines[-1].startswith("1 of ")


def test_progress_goes_from_one_folder_to_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, third = (str(tmp_path / name) for name in ("one", "other", "third"))
    _done(Path(one))
    assert cli.main(["lessons", "export", "--data-dir", one]) == 0
    line = capsys.readouterr().out
    assert line.startswith(MARK)
    assert line.count("\n") == 1
    assert cli.main(["lessons", "export", str(tmp_path / "me.txt"), "--data-dir", one]) == 0
    assert (tmp_path / "me.txt").read_text() == line
    assert cli.main(["lessons", "import", str(tmp_path / "me.txt"), "--data-dir", other]) == 0
    assert "Taken over: 1 lesson, 1 of them done." in capsys.readouterr().out
    assert Store(Path(other)).progress.lesson("rule-or-guess").done
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(line))
    assert cli.main(["lessons", "import", "-", "--data-dir", third]) == 0
    assert Store(Path(third)).progress.lesson("rule-or-guess").done


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["import", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["import", "README.md"], "This is no exported progress"),
        (["check"], "Missing argument"),
        (["report", "nowhere"], "The folder nowhere cannot be read"),
        (["report", "docs"], "There is no exported progress in docs"),
        (["chek"], "lessons has no 'chek': there are check, export, import, read, report, reset, translate."),
        (["--course", "nowhere"], "cannot be read"),
    ],
)
def test_what_will_not_do_is_said_in_one_line(
    args: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    more = ["--data-dir", str(tmp_path)] if args[0] in ("import", "--course") else []
    assert cli.main(["lessons", *args, *more]) == 2
    assert says in capsys.readouterr().err


def test_a_teacher_sees_who_has_what_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = progress.fresh()
    progress.finish_task(tree, "rule-or-guess", 1, shown=True)
    progress.finish(tree, "rule-or-guess")
    progress.enter(tree, "forward-by-hand")
    (tmp_path / "anna.txt").write_text(to_line(Progress(tree)))
    (tmp_path / "bo.txt").write_text(to_line(Progress(progress.fresh())))
    assert cli.main(["lessons", "report", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    numbers = lines[0].split()
    anna = dict(zip(numbers, lines[1].split()[1:], strict=True))
    assert lines[1].startswith("anna")
    assert (anna["1"], anna["4"], anna["done"]) == ("h", "-", "1")
    assert lines[2].split()[-1] == "0"
    (tmp_path / "spoiled.txt").write_text("x")
    assert cli.main(["lessons", "report", str(tmp_path)]) == 1
    assert "spoiled.txt: This is no exported progress" in capsys.readouterr().err


def test_an_author_is_said_what_is_wrong_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "01-small.md"
    path.write_text(SMALL.replace('"asked(30, 70)"', '"askd(30, 70)"'), encoding="utf-8")
    assert cli.main(["lessons", "check", str(path)]) == 1
    assert f"{path}:29: task.check does not work." in capsys.readouterr().out
    path.write_text(SMALL.replace('actions = ["run 3"]', 'actions = ["run 1"]'), encoding="utf-8")
    assert cli.main(["lessons", "check", str(path)]) == 1
    assert "words: 200 to 600 make a lesson." in capsys.readouterr().out
    path.write_text(path.read_text().replace("Because.\n", "Because it is so. " * 60 + "\n"), encoding="utf-8")
    assert cli.main(["lessons", "check", str(path)]) == 0
    assert "Nothing is wrong with it." in capsys.readouterr().out
    assert cli.main(["lessons", "check", "--play", str(path)]) == 1
    assert "The actions of task 2 do not make its check true" in capsys.readouterr().out


def test_a_course_that_is_a_link_to_itself_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = tmp_path / "l"
    loop.symlink_to(loop)
    for command in ("lessons",), ("lessons", "export"), ("lessons", "reset", "slope"):
        for course in loop, loop / "x":
            code = cli.main([*command, "--course", str(course), "--data-dir", str(tmp_path / "data")])
            said = capsys.readouterr().err
            assert "fault of ours" not in said
            if command == ("lessons",):
                assert code == 2
                assert f"{course}/course.toml: It cannot be read: Too many levels of symbolic links." in said


def test_a_course_of_ones_own_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "course.toml").write_text('title = "Mine"\n[[chapter]]\nid = "look"\ntitle = "Look"\n')
    (tmp_path / "01-small.md").write_text(SMALL, encoding="utf-8")
    assert cli.main(["lessons", "--course", str(tmp_path), "--data-dir", str(tmp_path)]) == 0
    assert "A small lesson" in capsys.readouterr().out
