"""What all tests share. Threads are set before anything imports torch, which reads the variable only then."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

from hypothesis import settings

for size in ("COLUMNS", "LINES"):  # of a test runner's process, and no terminal's that a test opens
    os.environ.pop(size, None)

# A busy machine is not a failure: examples may take as long as they need.
# On CI the same examples each time, so that a change is judged by itself; elsewhere they are drawn anew.
settings.register_profile("adder", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("adder")
