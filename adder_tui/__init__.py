"""The terminal app and the command line of adder-tui. Torch stays with ``adder_engine``."""
