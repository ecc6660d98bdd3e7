"""What the README shows of the engine runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_readmes_asynchronous_script_runs_as_it_stands(tmp_path):
    scripts = [block for block in BLOCKS if "asyncio.run" in block]
    assert scripts, "the README shows no script under asyncio.run"
    for i, script in enumerate(scripts):
        path = tmp_path / f"script{i}.py"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.strip()


def test_the_readmes_notebook_cell_runs_with_await_at_its_top_level(tmp_path):
    [cell] = [nbformat.v4.new_code_cell(block) for block in BLOCKS if "asyncio.run" not in block]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    assert 1 < float("".join(out.text for out in notebook.cells[0].outputs)) < 100
