"""A class on one machine: its file, what is on today, the drop folder, the report, courses and translations."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adder_tui.cli import main as cli
from adder_tui.course.authoring import check_course
from adder_tui.course.class_file import assigned_ids, read_class, today_words
from adder_tui.course.course import OWN_COURSE, mark_of, read_course, read_progress
from adder_tui.course.source import TO_TRANSLATE, LessonError
from adder_tui.storage import progress
from adder_tui.storage.progress import Progress
from adder_tui.storage.progress_store import PROGRESS, CourseMark, Drop, Store, from_line, read_export, to_line
from tests.tui.course.lesson_file import SMALL

COURSE = read_course()
BATCHES, FAR = (lesson for lesson in COURSE.lessons if lesson.order in (15, 16))
HEAD = 'id = "mine"\ntitle = "Mine"\n[[chapter]]\nid = "look"\ntitle = "Look"\n'


@pytest.fixture(autouse=True)
def _no_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADDER_TUI_CLASS", raising=False)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A course of one's own with one lesson."""
    folder = tmp_path / "courses" / "spring"
    folder.mkdir(parents=True)
    (folder / "course.toml").write_text(HEAD)
    (folder / "01-small.md").write_text(SMALL, encoding="utf-8")
    return folder


def _class(folder: Path, text: str) -> Path:
    path = folder / "class.toml"
    path.write_text(text)
    return path


def _typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    left: Iterator[str] = iter(lines)
    monkeypatch.setattr("builtins.input", lambda prompt: next(left))


# --- the class file -------------------------------------------------------------------------------


def test_a_class_file_settles_the_course_today_the_looks_and_the_drop_folder(tmp_path: Path, own: Path) -> None:
    path = _class(
        tmp_path,
        'course = "courses/spring"\nassigned = [1, "small"]\ntheme = "light"\ncharacters = "ascii"\npace = "full"\n'
        'drop = "drop"\n',
    )
    taught = read_class(path)
    assert (taught.course, taught.drop) == (own, tmp_path / "drop")
    assert (taught.theme, taught.characters, taught.pace) == ("light", "ascii", "full")
    assert assigned_ids(read_course(own), taught.assigned) == (("small",), "")


def test_each_key_that_will_not_do_is_a_sentence(tmp_path: Path) -> None:
    path = _class(
        tmp_path, 'course = "no"\nassigned = [1.5]\ntheme = 1\npace = 7\ndrop = ""\ncharacters = "all"\nx = 1'
    )
    with pytest.raises(LessonError) as caught:
        read_class(path)
    told = [str(problem) for problem in caught.value.problems]
    for line, part in enumerate(("course = 'no' will not do", "assigned = [1.5] will not do", "theme = 1 will not do",
                                 "pace = 7 will not do", "drop = '' will not do"), 1):  # fmt: skip
        assert any(one.startswith(f"{path}:{line}: {part}") for one in told), part
    assert any("x is no key here" in one for one in told)


def test_todays_lessons_are_told_by_number() -> None:
    ids, missing = assigned_ids(COURSE, ("15", FAR.id, "99"))
    assert ids == (BATCHES.id, FAR.id)
    assert missing == "assigned: the course has no lesson 99."
    assert [today_words(COURSE, ids[:n]) for n in range(3)] == ["", "15", "15 and 16"]


def test_the_environment_names_the_class_for_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADDER_TUI_CLASS", str(_class(tmp_path, "assigned = [15, 16]\n")))
    assert cli.main(["lessons", "--data-dir", str(tmp_path / "d")]) == 0
    out = capsys.readouterr().out
    assert "0 of 20 done. Today: 15 and 16." in out
    assert [line.split()[0] for line in out.splitlines() if line.endswith("  today")] == ["15", "16"]
    monkeypatch.setenv("ADDER_TUI_CLASS", str(tmp_path / "nowhere.toml"))
    assert cli.main(["lessons", "--data-dir", str(tmp_path / "d")]) == 2
    assert "nowhere.toml: It cannot be read" in capsys.readouterr().err


def test_a_learner_has_no_other_course_than_the_classs(
    tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _class(tmp_path, f'course = "{own}"\n')
    assert cli.main(["lessons", "--class", str(path), "--course", str(OWN_COURSE), "--data-dir", str(tmp_path)]) == 2
    assert "names the course already: leave out --course" in capsys.readouterr().err


def test_checking_a_class_file_tells_of_its_course_and_its_drop_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _class(tmp_path, 'assigned = [15, "blorb"]\ndrop = "drop"\n')
    assert cli.main(["lessons", "check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "the course has no lesson blorb" in out
    assert "drop' will not do: it takes a folder that learners may write to." in out


# --- the drop folder and the report ---------------------------------------------------------------


def test_a_drop_folder_that_hands_on_its_group_keeps_the_files_from_everybody_else(tmp_path: Path) -> None:
    drop = Drop(tmp_path, tmp_path, tmp_path, CourseMark())
    for mode, kept in ((0o3773, 0o640), (0o1733, 0o644)):
        tmp_path.chmod(mode)
        drop.put(Progress(progress.fresh()))
        assert drop.close(10)
        assert drop.path.stat().st_mode & 0o777 == kept


def test_a_class_of_two_one_of_whom_is_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "drop").mkdir()
    path = _class(tmp_path, 'assigned = [1, 15]\ndrop = "drop"\n')
    monkeypatch.setenv("ADDER_TUI_CLASS", str(path))
    monkeypatch.setattr("getpass.getuser", lambda: "pupil")
    first = COURSE.lessons[0]
    _typed(monkeypatch, "", "a", "hint", "hint", "hint", "quit")
    assert cli.main(["lessons", "read", first.id, "--do", "--data-dir", str(tmp_path / "bo")]) == 0
    assert cli.main(["lessons", "--data-dir", str(tmp_path / "anna")]) == 0
    capsys.readouterr()
    assert sorted(os.listdir(tmp_path / "drop")) == ["pupil-anna.txt", "pupil-bo.txt"]
    assert (tmp_path / "drop" / "pupil-bo.txt").stat().st_mode & 0o777 == 0o644
    assert cli.main(["lessons", "report", "--csv"]) == 0  # the folder is that of the class
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    anna, bo = rows
    assert (anna["learner"], anna["state"], anna["stuck"]) == ("pupil-anna", "open", "")
    assert (bo["lesson"], bo["doing"], bo["task"], bo["hints"]) == (first.id, "do", "1", "3")
    assert bo["stuck"] == "3 hints"
    assert bo["date"].endswith("+00:00")
    assert cli.main(["lessons", "report", str(tmp_path / "drop"), "--json"]) == 0
    assert [json.loads(line)["stuck"] for line in capsys.readouterr().out.splitlines()] == ["", "3 hints"]
    assert cli.main(["lessons", "report", str(tmp_path / "drop")]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"pupil-bo    1 {first.id}, step 2 of")
    assert last.endswith("; stuck: 3 hints")


def test_names_and_bests_in_a_table_are_harmless_to_spreadsheets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "=cmd.txt").write_text(to_line(Progress(progress.fresh())))
    assert cli.main(["lessons", "report", str(tmp_path), "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("'=cmd,")


def test_a_drop_folder_that_takes_nothing_is_told_and_holds_nobody_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _class(tmp_path, 'drop = "nowhere"\n')
    assert cli.main(["lessons", "--class", str(path), "--data-dir", str(tmp_path / "d")]) == 1
    told = capsys.readouterr()
    assert "0 of 20 done." in told.out
    assert "tell your teacher" in told.err


def test_what_comes_before_the_newest_need_not_be_dropped(tmp_path: Path) -> None:
    drop = Drop(tmp_path, tmp_path / "d", tmp_path / "d", CourseMark("adder"))
    for tries in range(50):
        drop.put(Progress({**progress.fresh(), "lessons": {"x": {"tries": tries}}}))
    assert drop.close(10)
    tree, mark = read_export(drop.path)
    assert tree["lessons"]["x"]["tries"] == 49
    assert mark == CourseMark("adder")
    assert os.listdir(tmp_path) == [drop.path.name]


# --- courses and their progress -------------------------------------------------------------------


def _begun(folder: Path, name: str) -> None:
    Store(folder, name).change(lambda tree: progress.enter(tree, "small"))


def test_progress_of_a_course_is_kept_by_its_id_and_old_progress_opens(tmp_path: Path, own: Path) -> None:
    data = tmp_path / "d"
    _begun(data, "progress-spring.json")  # as it was kept once, by the folder's name
    store, _ = read_progress(data, mark_of(own))
    assert store.path.name == "progress-mine.json"
    assert store.progress.lesson("small").state == "started"
    moved = own.rename(own.with_name("autumn"))
    assert read_progress(data, mark_of(moved))[0].progress.lesson("small").state == "started"
    (moved / "course.toml").write_text(HEAD.replace('id = "mine"\n', "", 1))
    assert read_progress(data, mark_of(moved))[0].path.name == "progress-autumn.json"
    assert read_progress(data, mark_of(None))[0].path.name == PROGRESS


def test_an_export_says_of_which_course_it_is(tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, drop = tmp_path / "one", tmp_path / "other", tmp_path / "drop"
    drop.mkdir()
    _begun(one, "progress-mine.json")
    file = str(drop / "me.txt")
    assert cli.main(["lessons", "export", file, "--course", str(own), "--data-dir", str(one)]) == 0
    assert from_line((drop / "me.txt").read_text())["course"] == {"id": "mine", "folder": str(own)}
    assert cli.main(["lessons", "import", file, "--data-dir", str(other)]) == 0  # goes where it belongs
    assert sorted(os.listdir(other)) == ["progress-mine.json", "progress-mine.lock"]
    assert "course" not in json.loads((other / "progress-mine.json").read_text())
    (drop / "she.txt").write_text(to_line(Progress(progress.fresh()), mark_of(None)))
    capsys.readouterr()
    assert cli.main(["lessons", "report", str(drop)]) == 0  # without --course
    out = capsys.readouterr().out
    assert "Mine" in out
    assert COURSE.title in out
    assert "me  1 small, step 1 of" in out
    assert cli.main(["lessons", "import", file, "--course", str(OWN_COURSE), "--data-dir", str(other)]) == 2
    assert "progress of the course 'mine', not of 'adder': leave out --course" in capsys.readouterr().err


def test_one_broken_lesson_does_not_refuse_the_course(
    tmp_path: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "02-odd.md").write_text(SMALL.replace("order = 1", "order = 0"), encoding="utf-8")
    course = read_course(own)
    assert [lesson.id for lesson in course.lessons] == ["small"]
    assert course.broken[0].fault.startswith("02-odd.md:3: order = 0 will not do")
    assert cli.main(["lessons", "--course", str(own), "--data-dir", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "A small lesson" in told.out
    assert "02-odd.md:3: order = 0 will not do" in told.err
    assert cli.main(["lessons", "read", "odd", "--course", str(own)]) == 2
    assert "02-odd.md:3" in capsys.readouterr().err.splitlines()[-1]
    (own / "01-small.md").unlink()
    with pytest.raises(LessonError):
        read_course(own)


def test_checking_a_folder_finds_what_is_wrong_between_its_files_and_in_its_texts(tmp_path: Path, own: Path) -> None:
    text = SMALL.replace("## Explain\nBecause.", "## Explain\nIt is −2.5.").replace('chapter = "look"', 'chapter = "x"')
    (own / "02-next.md").write_text(text.replace('"small"', '"next"').replace("order = 1", "order = 2"))
    (own / "03-last.md").write_text(
        SMALL.replace('"small"', '"last"').replace("order = 1", "order = 3").replace("Because.", "It is −2.5.", 2)
    )
    told = "\n".join(map(str, check_course(own)[1]))
    assert "02-next.md: chapter = 'x' is not in course.toml: there are look." in told
    assert "03-last.md: Its text has" in told
    assert "03-last.md: Stated, but neither [[measured]] nor [[cited]]: −2.5." in told


# --- beginning again ------------------------------------------------------------------------------


def test_a_lesson_or_all_of_them_are_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def begun() -> list[str]:
        return list(Store(tmp_path).progress.tree["lessons"])

    for id in (BATCHES.id, FAR.id):
        Store(tmp_path).change(lambda tree, id=id: progress.enter(tree, id))  # type: ignore[misc]
    where = ["--data-dir", str(tmp_path)]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert cli.main(["lessons", "reset", *where]) == 0
    assert "Nothing was forgotten." in capsys.readouterr().out
    assert cli.main(["lessons", "reset", "15", "--yes", *where]) == 0
    assert f"{BATCHES.id} is as if never begun." in capsys.readouterr().out
    assert begun() == [FAR.id]
    assert cli.main(["lessons", "reset", "--yes", *where]) == 0
    assert begun() == []
    assert Store(tmp_path).progress.current == ""


# --- another language -----------------------------------------------------------------------------


def test_a_copy_to_translate_is_the_course_with_each_text_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "de"
    assert cli.main(["lessons", "translate", str(copy)]) == 0
    there = read_course(copy)
    assert there.broken == ()
    for ours, theirs in zip(COURSE.lessons, there.lessons, strict=True):
        for name in ("parts", "quiz", "predictions", "title", "facts", "worked", "board", "terms"):
            assert getattr(ours, name) == getattr(theirs, name), (ours.id, name)
    assert there.closing == COURSE.closing
    assert f'closing = """{TO_TRANSLATE}' in (copy / "course.toml").read_text()
    text = (copy / Path(COURSE.lessons[0].file).name).read_text()
    for part in (f'title = "{TO_TRANSLATE}', f"\n{TO_TRANSLATE}This is a small neural", f"\n1. {TO_TRANSLATE}A rule",
                 f'choices = ["{TO_TRANSLATE}100, or nearly: it can add now", "{TO_TRANSLATE}something'):  # fmt: skip
        assert part in text, part
    capsys.readouterr()
    assert cli.main(["lessons", "check", str(copy)]) == 1
    assert "texts are left to be translated, marked TRANSLATE:" in capsys.readouterr().out
    assert cli.main(["lessons", "translate", str(copy)]) == 2
    assert "is not empty: a copy goes into a new folder." in capsys.readouterr().err


def test_what_is_left_to_translate_is_told_by_line_and_progress_is_shared(tmp_path: Path) -> None:
    copy = tmp_path / "de"
    assert cli.main(["lessons", "translate", str(copy)]) == 0
    path = copy / Path(COURSE.lessons[0].file).name
    path.write_text(path.read_text().replace(TO_TRANSLATE, "").replace('title = "', f'title = "{TO_TRANSLATE}', 1))
    left = [str(one) for one in check_course(copy)[1] if one.file == str(path)]
    assert left == [f"{path}:4: 1 text is left to be translated, marked TRANSLATE:"]
    assert read_progress(tmp_path, mark_of(copy))[0].path.name == PROGRESS
