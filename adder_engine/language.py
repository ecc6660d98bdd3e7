"""The learner's language: every sentence of the program passes here, English as its source, by gettext's catalogues.

The environment chooses it as it does for other programs: LANGUAGE, LC_ALL, LC_MESSAGES, LANG, in this order.
"""

from __future__ import annotations

import gettext
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

DOMAIN = "adder"
FOLDER = "ADDER_TUI_LOCALE"
"""The variable that names a folder of catalogues, ``LANGUAGE/LC_MESSAGES/adder.mo``, instead of the package's."""
ASKED_BY = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name languages; the first that is not empty counts."""
LARGEST = 16 * 2**20
"""Bytes that are read of a catalogue."""

_folder = Path(os.environ.get(FOLDER) or Path(__file__).with_name("locale"))
_catalogue = gettext.NullTranslations()
_used: list[Path] = []
_damaged: list[Path] = []


def tr(message: str, /, **values: object) -> str:
    """A message in the learner's language; where values are given, they stand at their names in braces.

    A translation whose braces name other values than the message's is not used.
    """
    return _filled(_catalogue.gettext(message) if message else "", message, values)


def trn(one: str, many: str, number: int, /, **values: object) -> str:
    """The message for one or for many, as the learner's language counts."""
    source = one if number == 1 else many
    try:
        translated = _catalogue.ngettext(one, many, number)
    except ArithmeticError:  # a catalogue's rule of plurals may divide by zero
        translated = source
    return _filled(translated, source, values)


def listed(words: Sequence[str]) -> str:
    """``a, b and target``."""
    if len(words) < 2:
        return "".join(words)
    return tr("{others} and {last}", others=", ".join(words[:-1]), last=words[-1])


def in_use() -> str:
    """Which language it is and where its catalogue lies, or why it is English, in a phrase."""
    damaged = tr("{files} cannot be read: compile it anew", files=", ".join(map(str, _damaged))) if _damaged else ""
    if _used:
        return "; ".join(filter(None, (", ".join(map(str, _used)), damaged)))
    if damaged:
        return tr("English, for {damaged}", damaged=damaged)
    if all(map(_is_source, _asked())):
        return tr("English (the source)")
    return tr("English, for there is no catalogue of {asked} in {folder}", asked=":".join(_asked()), folder=_folder)


def _filled(translated: str, message: str, values: dict[str, object]) -> str:
    if not values:
        return translated
    try:
        return translated.format(**values)
    except (LookupError, ValueError, AttributeError, TypeError):
        return message.format(**values)


def _asked() -> list[str]:
    """The languages that the environment names, the dearest first."""
    return next(filter(None, map(os.environ.get, ASKED_BY)), "C").split(":")


def _is_source(language: str) -> bool:
    return re.split("[_.@]", language)[0] in ("", "C", "POSIX", "en")


def _files() -> Iterator[Path]:
    """The catalogues of the languages that are asked for, as far as English, which needs none."""
    for language in _asked():
        found = gettext.find(DOMAIN, _folder, [language], all=True)
        yield from map(Path, found)
        if not found and _is_source(language):
            return


def _read() -> None:
    """Take the catalogues; each of them tells what those before it lack."""
    for path in _files():
        try:
            if not path.is_file():  # a pipe would be waited for
                raise ValueError
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ValueError
            found = gettext.GNUTranslations(io.BytesIO(content))
        except Exception:  # damage makes gettext raise whatever it likes
            _damaged.append(path)
        else:
            _catalogue.add_fallback(found)
            _used.append(path)


_read()
