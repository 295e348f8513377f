"""What may be left uninstalled: a part whose library is missing says what to install."""

from collections.abc import Iterator
from contextlib import contextmanager


class ExtraMissingError(Exception):
    """A part of Lapwing is asked for, and its library is not installed; the message says how to."""


@contextmanager
def needing(part: str, extra: str) -> Iterator[None]:
    """Around the imports of a part that only the extra of that name brings. Raises ExtraMissingError."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if not library or library in {"bot", "classifier", "sources", "storage"}:
            raise  # a fault of ours, and nothing that could be installed
        raise ExtraMissingError(
            f"{part} needs {library.replace('_', '-')}, which is not installed: pip install 'lapwing[{extra}]'"
        ) from error
