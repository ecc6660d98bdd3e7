"""What can go wrong, each told in one sentence for the person who caused it."""

from adder_engine.language import tr


class AdderError(Exception):
    """Base of all errors that the engine raises on purpose; ``str(error)`` is one plain sentence.

    Args:
        message: the sentence, in English.
        values: what stands at its names in braces, as :func:`~adder_engine.language.tr` takes them.
    """

    def __init__(self, message: str = "", /, **values: object) -> None:
        super().__init__(tr(message, **values))


def cut(text: str, most: int = 60) -> str:
    """A text as far as a sentence has room for it."""
    return text if len(text) <= most else text[: most - 3] + "..."


def shortened(text: str, most: int = 60) -> str:
    """What somebody typed, in quotes, as far as a sentence has room for it."""
    return repr(cut(text, most))


def why_of(error: Exception) -> object:
    """Why a file could not be read or written: what the disk says, or else the error itself."""
    return getattr(error, "strerror", None) or error


def sentence_of(error: AdderError | OSError) -> str:
    """Why something could not be done: a refusal's own sentence, or what the disk says."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return tr("The disk does not let us: {place}{why}.", place=place, why=why_of(error))
    return str(error)


class ExperimentError(AdderError, ValueError):
    """A description of a run that cannot be used: names the key, the value given and what would do."""


class SumError(AdderError, ValueError):
    """A typed sum that cannot be read: names what was typed and shows what would do."""


class RequestError(AdderError, ValueError):
    """A request to a session that cannot be carried out; nothing was changed by it."""


class WeightsError(AdderError):
    """A file of weights that cannot be read, or does not fit the network; nothing was changed by trying."""


class RunFileError(AdderError):
    """A saved run that cannot be read or written; nothing was changed by trying."""
