"""Progress as one line of text, to be carried to another machine or handed to a teacher."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from adder_tui.lessons.errors import ProgressError
from adder_tui.lessons.progress import Progress, Tree

MARK = "adder-tui-progress:1:"
MOST_BYTES = 5_000_000
"""What a line may unfold to."""


def to_line(progress: Progress) -> str:
    """The progress as one line of letters, digits, ``-`` and ``_``: short enough to be pasted into a terminal."""
    text = json.dumps(progress.tree, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = zlib.compress(text.encode("utf-8"), 9)
    return MARK + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def from_line(line: str) -> Tree:
    """The progress that a line holds; blanks and line breaks in it, as mail programs make them, do no harm.

    Raises:
        ProgressError: it is none of ours, or it is not whole.
    """
    bare = "".join(line.split())
    if not bare.startswith(MARK):
        raise ProgressError(f"This is no exported progress: what adder-tui lessons export writes begins with {MARK}")
    body = bare[len(MARK) :]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        tree = json.loads(text.decode("utf-8"))
        if not isinstance(tree, dict) or not isinstance(tree.get("lessons", {}), dict):
            raise ValueError
    except (ValueError, RecursionError, binascii.Error, zlib.error):
        raise ProgressError("This exported progress is not whole: copy the line again, all of it.") from None
    return tree
