"""What the README shows of the engine runs as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_asynchronous_script_runs_as_it_stands(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    scripts = [block for block in blocks if "asyncio.run" in block]
    assert scripts, "the README shows no script under asyncio.run"
    for i, script in enumerate(scripts):
        path = tmp_path / f"script{i}.py"
        path.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.strip()
