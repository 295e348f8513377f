"""One function a command: House + Asked + Command -> Reply. `answer` is the only door."""

import logging
import secrets

from bot.commands.errors import RefusedError, UsageError
from bot.commands.grammar import parse
from bot.commands.handlers import alerts, labels, questions, watches
from bot.commands.house import House
from bot.commands.types import (
    AddWatches,
    Asked,
    Command,
    Help,
    Judge,
    ListAlerts,
    ListLabels,
    ListWatches,
    RemoveWatches,
    Reply,
    SetLabels,
    SetMode,
    SetThreshold,
    ShowHealth,
    TryText,
)
from classifier.types import ClassifierError
from storage.database import DatabaseUnusableError

log = logging.getLogger(__name__)


async def answer(house: House, asked: Asked) -> Reply:
    """Do what was asked and say what came of it. A fault of ours gets a code that stands in the log beside it."""
    try:
        return await _handle(house, asked, parse(asked.text))
    except (UsageError, RefusedError) as refusal:
        return Reply(text=str(refusal))
    except (DatabaseUnusableError, ClassifierError) as trouble:
        log.warning("refused command reason=%r", str(trouble))
        return Reply(text=f"{str(trouble).rstrip('.')}. Nothing was changed.")
    except Exception:
        code = secrets.token_hex(2)
        log.exception("failed command code=%s", code)
        return Reply(text=f"Sorry, that did not work and nothing was changed. Code {code}.")


async def _handle(house: House, asked: Asked, command: Command) -> Reply:  # noqa: C901, PLR0911  (one line a command)
    match command:
        case ListWatches():
            return await watches.list_watches(house, asked)
        case AddWatches():
            return await watches.add(house, asked, command)
        case RemoveWatches():
            return await watches.remove(house, asked, command)
        case ListLabels():
            return labels.list_labels(house, asked)
        case SetLabels():
            return await labels.set_labels(house, asked, command)
        case SetMode():
            return await labels.set_mode(house, asked, command)
        case SetThreshold():
            return await labels.set_threshold(house, asked, command)
        case ListAlerts():
            return await alerts.list_alerts(house, asked)
        case Judge():
            return await alerts.judge(house, asked, command)
        case TryText():
            return await questions.test(house, asked, command)
        case ShowHealth():
            return await questions.show_health(house)
        case Help():
            return questions.show_help(command)
