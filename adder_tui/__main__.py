"""``python -m adder_tui``: the same as the command ``adder-tui``."""

import sys

from adder_tui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
