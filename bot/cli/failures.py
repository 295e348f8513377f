"""How a command of the program ends when it cannot go on: one clear line, and a status a script can read."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

BROKE, USED_WRONGLY = 1, 2


def fail(message: str, status: int = BROKE) -> NoReturn:
    """Say what is wrong on standard error, and end."""
    sys.stderr.write(f"lapwing: {message}\n")
    sys.exit(status)


@contextmanager
def explained() -> Iterator[None]:
    """Turn every error that a person can act on into its message and an exit status."""
    from bot.chat.transcript import TranscriptUnusableError  # noqa: PLC0415
    from bot.extras import ExtraMissingError  # noqa: PLC0415
    from bot.pipeline.supervise import TaskDiedError  # noqa: PLC0415  (only when a command runs)
    from bot.settings import SettingsError  # noqa: PLC0415
    from classifier.registry import ChoiceError  # noqa: PLC0415
    from classifier.types import ClassifierError  # noqa: PLC0415
    from sources.types import SourceUnreadableError  # noqa: PLC0415
    from storage.database import DatabaseUnusableError  # noqa: PLC0415

    try:
        yield
    except (SettingsError, ExtraMissingError, SourceUnreadableError, ChoiceError) as error:
        fail(str(error), USED_WRONGLY)
    except (ClassifierError, DatabaseUnusableError, TranscriptUnusableError) as error:
        fail(str(error))
    except TaskDiedError as error:
        if error.__cause__ and isinstance(error.__cause__.__cause__, BrokenPipeError):
            raise error.__cause__.__cause__ from None  # whoever read our output has left
        fail(f"stopped because {error}")
