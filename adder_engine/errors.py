"""What can go wrong, each told in one sentence for the person who caused it."""


class AdderError(Exception):
    """Base of all errors that the engine raises on purpose; ``str(error)`` is one plain sentence."""


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
