"""What all tests share. Threads are set before anything imports torch, which reads the variable only then."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

from hypothesis import settings

for size in ("COLUMNS", "LINES"):  # of a test runner's process, and no terminal's that a test opens
    os.environ.pop(size, None)

# A busy machine is not a failure: examples may take as long as they need.
settings.register_profile("adder", deadline=None)
settings.load_profile("adder")
