"""What starts quickly does so because of what it does not import; each case is a fresh process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.harness import Terminal

_RUN = """
import json, sys
try:
    {code}
except SystemExit:
    pass
print()
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def _packages_after(code: str) -> set[str]:
    """Top-level names in ``sys.modules`` once a fresh interpreter has run one line of code."""
    run = subprocess.run(
        [sys.executable, "-c", _RUN.format(code=code)], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import adder_tui.cli.main",
        "from adder_tui.cli.main import main; sys.exit(main(['--help']))",
        "from adder_tui.cli.main import main; sys.exit(main(['--version']))",
        "from adder_tui.cli.main import main; sys.exit(main(['train', '--help']))",
        "from adder_tui.cli.main import main; sys.exit(main(['experiments']))",
        "from adder_tui.cli.main import main; sys.exit(main(['lessons', '--data-dir', '/nowhere']))",
        "import adder_tui.course.action_runner, adder_tui.storage.progress, adder_tui.course.course",
    ],
)
def test_the_command_line_comes_without_torch_textual_and_numpy(code: str) -> None:
    assert _packages_after(code).isdisjoint({"torch", "textual", "numpy", "numba", "plotext"})


def test_training_by_command_comes_without_torch_and_textual() -> None:
    packages = _packages_after("from adder_tui.cli.main import main; main(['train', 'one-pair', '--epochs', '1'])")
    assert "numba" in packages
    assert packages.isdisjoint({"torch", "textual", "rich", "plotext"})


@pytest.mark.parametrize(
    "code",
    [
        "from adder_engine import Experiment; Experiment()",
        "import adder_engine.analysis.results, adder_engine.rows, adder_engine.snapshot, adder_engine.trace",
    ],
)
def test_what_travels_from_the_engine_comes_without_torch_and_numpy(code: str) -> None:
    assert _packages_after(code).isdisjoint({"torch", "numpy"})


def test_a_trainer_comes_without_anything_of_the_app() -> None:
    packages = _packages_after("from adder_engine import Experiment, Trainer; Trainer(Experiment.preset('one-pair'))")
    assert packages.isdisjoint({"textual", "rich", "plotext", "click", "adder_tui"})


def test_the_app_is_imported_without_what_only_its_contents_need() -> None:
    assert _packages_after("import adder_tui.app").isdisjoint({"torch", "numpy", "plotext"})


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process has loaded")
def test_the_first_answer_is_there_without_torch_and_scipy(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path), "--experiment", "one-pair"]
    with Terminal(command) as terminal:
        terminal.wait_for_text("1.186")
        loaded = Path(f"/proc/{terminal.pid}/maps").read_text()
    assert "llvmlite" in loaded
    assert "/scipy/" not in loaded
    assert "/torch/" not in loaded


def test_a_loss_chart_is_drawn_by_plotext_once_it_is_drawn() -> None:
    code = (
        "import numpy as np; from adder_tui.ui.curve import Curve, raster; from adder_tui.ui.symbols import UNICODE; "
        "'plotext' in sys.modules and sys.exit(1); x = np.array([0.0, 1.0]); "
        "raster([Curve(x, x, 'train')], (0.0, 1.0), (0.0, 1.0), 20, 5, UNICODE)"
    )
    assert "plotext" in _packages_after(code)
