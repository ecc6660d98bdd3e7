"""The command line as somebody types it: options, mistakes, and where the app can be shown."""

import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from adder_engine import PRESETS, Experiment
from adder_tui.cli import main as cli
from adder_tui.cli.output import locale_of, why_ascii, why_no_app
from adder_tui.settings import Settings


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each app that the command line would have started."""
    settings: list[Settings] = []

    def start(chosen: Settings) -> int:
        settings.append(chosen)
        return 0

    monkeypatch.setattr(cli, "start_app", start)
    return settings


def _refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line that a wrong command line gets."""
    assert cli.main(args) == 2
    phrase = capsys.readouterr()
    assert phrase.out == ""
    assert phrase.err.startswith("adder-tui: ")
    assert phrase.err.count("\n") == 1
    return phrase.err


# --- what the app is started with ------------------------------------------------------------------


def test_without_options_nothing_is_asked_for(started: list[Settings]) -> None:
    assert cli.main([]) == 0
    (settings,) = started
    assert settings.experiment is None
    assert settings.theme is None
    assert settings.mouse
    assert settings.fps == 4.0


def test_options_reach_the_app(started: list[Settings], tmp_path: Path) -> None:
    options = ["--fps", "10", "--ascii", "--no-mouse", "--theme", "light", "--data-dir", str(tmp_path)]
    assert cli.main([*options, "--experiment", "one-pair"]) == 0
    assert started == [
        Settings(
            fps=10, ascii=True, mouse=False, theme="light", data_dir=tmp_path, experiment=Experiment.preset("one-pair")
        )
    ]


def test_keys_set_without_an_experiment_change_the_default_preset(started: list[Settings]) -> None:
    assert cli.main(["--set", "training.lr=0.01", "--set", "seed=7"]) == 0
    assert started[0].experiment == Experiment.preset("many-pairs").replace(**{"training.lr": 0.01, "seed": 7})


def test_a_name_with_a_slash_or_a_toml_ending_is_a_file(
    started: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    experiment = Experiment.preset("tanh")
    Path("mine.toml").write_text(experiment.to_toml(), encoding="utf-8")
    Path("mine").write_text(experiment.to_toml(), encoding="utf-8")
    assert cli.main(["--experiment", "mine.toml"]) == 0
    assert cli.main(["--experiment", "./mine"]) == 0
    assert [settings.experiment for settings in started] == [experiment, experiment]


def test_a_file_with_a_byte_order_mark_is_read(started: list[Settings], tmp_path: Path) -> None:
    file = tmp_path / "marked.toml"
    file.write_text("seed = 5\n", encoding="utf-8-sig")
    assert cli.main(["--experiment", str(file)]) == 0
    assert started[0].experiment == Experiment(seed=5)


def test_a_relative_data_folder_is_made_absolute(
    started: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["--data-dir", "here"]) == 0
    assert started[0].data_dir == tmp_path / "here"
    assert not (tmp_path / "here").exists()


# --- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--nope"], "--nope"),
        (["trian"], "trian"),
        (["one-pair"], "one-pair"),
        (["--experiment", "one-pears"], "one-pears"),
        (["--experiment", ""], "preset"),
        (["--experiment", "absent.toml"], "absent.toml"),
        (["--experiment", "/"], "/"),
        (["--experiment", "/dev/zero"], "/dev/zero"),
        (["--experiment", "with\0nothing.toml"], "nothing.toml"),
        (["--experiment", "two\nlines.toml"], "lines.toml"),
        (["--set", "training.lr"], "training.lr"),
        (["--set", "training.speed=1"], "training.speed"),
        (["--set", "training.lr=fast"], "fast"),
        (["--set", "training.lr=-1"], "-1"),
        (["--set", "seed=1.5"], "1.5"),
        (["--fps", "0"], "0"),
        (["--fps", "nan"], "nan"),
        (["--fps", "often"], "often"),
        (["--theme", "pink"], "pink"),
        (["--fps", "5", "train", "one-pair"], "--fps"),
        (["train"], "NAME|FILE.toml"),
        (["train", "absent"], "absent"),
        (["train", "one-pair", "--epochs", "-1"], "-1"),
        (["train", "one-pair", "--epochs", "many"], "many"),
        (["train", "one-pair", "--predict", "30"], "30"),
        (["train", "one-pair", "--predict", "__import__('os')+1"], "__import__"),
        (["train", "one-pair", "--predict"], "--predict"),
        (["train", "one-pair", "--set", "epochs=1e9"], "epochs"),
        (["experiments", "all"], "all"),
    ],
)
def test_a_mistake_gets_one_sentence_that_names_it(
    args: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert named in _refused(capsys, *args)


@pytest.mark.parametrize(
    ("held", "named"), [(b"seed = 1\nsed = 2\n", "sed"), (b"seed = \xff\n", "UTF-8"), (b"seed = = 1\n", "TOML")]
)
def test_a_file_that_will_not_do_is_named(
    held: bytes, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_bytes(held)
    phrase = _refused(capsys, "--experiment", str(file))
    assert "wrong.toml" in phrase
    assert named in phrase


def test_what_is_typed_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in _refused(capsys, "--experiment", "\x1b[2J.toml")


def test_a_data_folder_that_is_a_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "why_no_app", lambda *_: None)
    file = tmp_path / "taken"
    file.touch()
    assert "taken" in _refused(capsys, "--data-dir", str(file))


def test_a_fault_of_ours_gets_one_sentence_and_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(settings: Settings) -> int:
        raise ZeroDivisionError("planned")

    monkeypatch.setattr(cli, "start_app", fail)
    assert cli.main([]) == 1
    phrase = capsys.readouterr().err
    assert "planned" in phrase
    assert phrase.count("\n") == 1


# --- telling ---------------------------------------------------------------------------------------


def test_every_preset_is_listed_with_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["experiments"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    assert all(line.endswith(preset.about) for line, preset in zip(lines, PRESETS.values(), strict=True))


def test_the_check_tells_the_versions_and_the_folder_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "state"
    assert cli.main(["--check", "--data-dir", str(folder), "--ascii"]) == 0
    phrase = {line[:13].strip(): line[13:] for line in capsys.readouterr().out.splitlines()}
    assert {"terminal", "colours", "locale", "textual", "plotext", "numpy", "numba", "torch", "engine"} <= phrase.keys()
    assert "loads in" in phrase["torch"]
    assert phrase["characters"] == "plain ASCII, as asked by --ascii"
    assert phrase["data folder"] == f"{folder} (made when needed)"
    assert not folder.parent.exists()


def test_two_sets_of_characters_at_once_are_refused() -> None:
    assert cli.main(["--ascii", "--characters", "blocks"]) == 2


# --- terminals -------------------------------------------------------------------------------------


def _command(*args: str) -> list[str]:
    return [sys.executable, "-m", "adder_tui", *args]


@pytest.mark.parametrize("missing", ["stdin", "stdout"])
def test_the_app_refuses_what_is_no_terminal(missing: str) -> None:
    ours, theirs = pty.openpty()
    try:
        streams = {"stdin": theirs, "stdout": theirs} | {missing: subprocess.DEVNULL}
        run = subprocess.run(_command(), **streams, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert ("input" if missing == "stdin" else "output") in run.stderr
    assert "ssh -t" in run.stderr


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_the_app_refuses_a_terminal_that_cannot_show_it(term: str) -> None:
    ours, theirs = pty.openpty()
    try:
        run = subprocess.run(
            _command(), stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
            env=os.environ | {"TERM": term},
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert f"TERM={term}" in run.stderr


def test_a_closed_input_is_no_terminal() -> None:
    assert why_no_app({"TERM": "xterm"}, None, sys.stdout, sys.stderr) is not None


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "en_GB.utf8"}, False),
        ({"LC_CTYPE": "UTF-8"}, False),
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": "en_GB.UTF-8"}, False),
        ({"LC_CTYPE": "C", "LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, True),
        ({"LANG": "en_GB.UTF-8", "TERM": "vt100"}, True),
        ({"LANG": "en_GB.UTF-8", "TERM": "xterm-256color"}, False),
    ],
)
def test_plain_ascii_is_chosen_by_the_locale_and_the_terminal(environ: dict[str, str], plain: bool) -> None:
    assert (why_ascii(environ) is not None) == plain


def test_the_locale_is_the_first_that_is_not_empty() -> None:
    assert locale_of({"LC_ALL": "", "LC_CTYPE": "fr_FR.UTF-8", "LANG": "C"}) == "fr_FR.UTF-8"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the system does not keep the original environment")
def test_a_c_locale_is_known_although_python_turns_it_into_utf_8() -> None:
    environ = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_CTYPE", "LANG")}
    code = "from adder_tui.cli.output import *; print(why_ascii(original_environment()))"
    phrase = subprocess.run(
        [sys.executable, "-c", code],
        env=environ | {"LANG": "C"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert phrase.stdout == "the locale is C, not UTF-8\n"


def test_textual_and_torch_find_our_defaults_unless_the_user_set_their_own(
    monkeypatch: pytest.MonkeyPatch, started: list[Settings]
) -> None:
    monkeypatch.setenv("TEXTUAL_FPS", "30")
    monkeypatch.delenv("TEXTUAL_ANIMATIONS", raising=False)
    cli.main([])
    assert os.environ["TEXTUAL_FPS"] == "30"
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"


# --- rows of one's own -----------------------------------------------------------------------------


def test_rows_from_a_file_become_part_of_the_experiment(started: list[Settings], tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("\ufeffa;b;target\n30;70;100\n1;2;3\n", encoding="utf-8")
    assert cli.main(["--data", str(file), "--set", "training.lr=0.01"]) == 0
    wanted = {"data.kind": "rows", "data.rows": [[30, 70, 100], [1, 2, 3]], "training.lr": 0.01}
    assert started[0].experiment == Experiment().replace(**wanted)
    assert started[0].data_notice == f"{file}: 2 rows: a, b and target."


@pytest.mark.parametrize(
    "command",
    [
        ["train", "many-pairs", "--epochs", "0", "--json"],
        ["sweep", "many-pairs", "--epochs", "1", "--seeds", "1", "--over", "seed=1"],
        ["export", "many-pairs", "--to", "mine.toml"],
    ],
)
def test_what_was_read_of_a_file_of_rows_is_said_beside_the_output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("index,sum,a,b\n0,100,30,70\n1,11,5,6\n", encoding="utf-8")
    assert cli.main([*command, "--data", "mine.csv"]) == 0
    phrase = "2 rows: a, b and the target from sum; left out: index (it counts the rows)."
    assert capsys.readouterr().err == f"adder-tui: mine.csv: {phrase}\n"
    assert cli.main(["--check", "--data", "mine.csv"]) == 0
    assert f"data         mine.csv: {phrase}" in capsys.readouterr().out


def test_the_home_folder_is_found_where_the_shell_leaves_it_to_us(
    started: list[Settings], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_text("1,2\n", encoding="utf-8")
    (tmp_path / "mine.toml").write_text("seed = 7\n", encoding="utf-8")
    assert cli.main(["--data=~/mine.csv", "--experiment=~/mine.toml", "--data-dir=~/runs"]) == 0
    assert started[0].experiment == Experiment().replace(**{"seed": 7, "data.kind": "rows", "data.rows": [[1, 2]]})
    assert started[0].data_dir == tmp_path / "runs"
    assert cli.main(["export", "~/mine.toml", "--data=~/mine.csv", "--to=~/out.py"]) == 0
    assert (tmp_path / "out.py").exists()
    assert "There is no file" in (capsys.readouterr().err + _refused(capsys, "--open=~/none.npz"))
    assert "nobody's home folder" in _refused(capsys, "--data=~nobody-of-that-name/mine.csv")
    assert "nobody's home folder" in _refused(capsys, "--data-dir=~nobody-of-that-name")


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (b"PK\x03\x04 a workbook", "is no text but an archive or a workbook: save its sheet as CSV"),
        (b"1,2\0\0\0\0", "is no text in UTF-8, UTF-16 or Windows-1252"),
        (b"30,70\n" * 120_000, "120,000 rows, and 100,000 is the limit"),
        (b"30,70\n" * 400_000, "mine.csv: There are over 250,000 lines, and 100,000 rows is the limit"),
        (b"30,70\n" * 1_700_000, "mine.csv: There are over 250,000 lines, and 100,000 rows is the limit"),
        ((b"30,70" + b" " * 45 + b"\n") * 210_000, "mine.csv: there are more than 100,000 rows"),
        (b"3" * 10_500_000, "is no list of rows: it holds over 10,000,000 bytes in few lines"),
    ],
)
def test_a_file_that_is_no_list_of_rows_is_refused_by_its_true_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, held: bytes, words: str
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(held)
    assert words in _refused(capsys, "--data", str(file))


@pytest.mark.parametrize(
    "args",
    [
        ["--experiment", "one-pair", "--experiment", "tanh"], ["--data", "a.csv", "--data", "b.csv"],
        ["train", "one-pair", "--epochs", "1", "--epochs", "2"],
        ["export", "one-pair", "--to", "a.py", "--to", "b.py"],
        ["lessons", "read", "loss", "--course", "a", "--course", "b"],
    ],
)  # fmt: skip
def test_an_option_that_counts_once_is_refused_when_it_is_given_again(
    capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    assert f"{args[-2]} was given 2 times, and it counts once: keep one." in _refused(capsys, *args)


def test_a_file_that_is_no_run_is_said_for_what_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "one-pair", "--to", "mine.toml"]) == 0
    assert cli.main(["export", "one-pair", "--to", "mine.py"]) == 0
    with zipfile.ZipFile("weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    Path("mine.csv").write_text("1,2\n", encoding="utf-8")
    Path("empty.npz").touch()
    capsys.readouterr()
    for name, words in (
        ("weights.pt", "is not a run of adder-tui but weights alone"), ("mine.toml", "but an experiment"),
        ("mine.csv", "--data trains on the rows"), ("mine.py", "but a program"),
        (str(tmp_path), "but a folder"),
    ):  # fmt: skip
        said = _refused(capsys, "--open", name)
        assert words in said
        assert "a saved run ends in .npz" in said
    assert "a file of weights" in _refused(capsys, "export", "weights.pt", "--to", "a.toml")
    assert "--data trains on the rows" in _refused(capsys, "train", "mine.csv")
    assert "--open goes on with it" in _refused(capsys, "--experiment", "empty.npz")


@pytest.mark.parametrize("command", [[], ["train", "many-pairs"], ["sweep", "many-pairs", "--over", "seed=1"]])
def test_a_line_that_is_no_row_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("a,b\n30,70\n30,abc\n", encoding="utf-8")
    said = _refused(capsys, *command, "--data", str(file))
    assert f"{file}, line 3: 'abc' is no number" in said


def test_a_script_holds_the_rows_it_was_exported_with(tmp_path: Path) -> None:
    file, to = tmp_path / "mine.csv", tmp_path / "mine.py"
    file.write_text("8 9\n1 2\n", encoding="utf-8")
    assert cli.main(["export", "many-pairs", "--data", str(file), "--to", str(to)]) == 0
    assert "[[8.0, 9.0], [1.0, 2.0]]" in to.read_text(encoding="utf-8")


def test_check_looks_at_the_experiment_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--check", "--experiment", "nope"]) == 2
    assert "experiment   cannot be used: There is no preset 'nope'" in capsys.readouterr().out
    assert cli.main(["--check", "--experiment", "mini-batches"]) == 0
    assert "experiment   can be used: 20 epochs of 10,000 rows" in capsys.readouterr().out
