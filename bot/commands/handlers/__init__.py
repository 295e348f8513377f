"""One function a command: House + Asked + Command -> Reply. `answer` is the only door."""

import logging
import secrets

from bot.chat.base import DeliveryError
from bot.commands.authorise import authorise
from bot.commands.errors import RefusedError, UsageError
from bot.commands.grammar import parse
from bot.commands.handlers import alerts, config, judging, labels, questions, watches
from bot.commands.house import House
from bot.commands.types import (
    FOR_ALL_TO_SEE,
    AddLabels,
    AddWatches,
    ApplyImport,
    Asked,
    AskWhy,
    Command,
    DescribeLabel,
    ExportConfig,
    Help,
    ImportConfig,
    Judge,
    ListAlerts,
    ListLabels,
    ListThresholds,
    ListWatches,
    Lock,
    PauseAlerts,
    RemoveAllWatches,
    RemoveLabels,
    RemoveWatches,
    Reply,
    ResetThreshold,
    ResumeAlerts,
    SetAlerts,
    SetLabels,
    SetMode,
    SetThreshold,
    ShowConfig,
    ShowHealth,
    ShowLog,
    ShowStats,
    TryText,
    Undo,
)
from classifier.types import ClassifierError
from storage.database import DatabaseUnusableError

log = logging.getLogger(__name__)


async def answer(house: House, asked: Asked) -> Reply:
    """Do what was asked and say what came of it. A fault of ours gets a code that stands in the log beside it."""
    try:
        command = parse(asked.text)
        authorise(asked.actor, command, house.channel(asked))
        return await _handle(house, asked, command)
    except (UsageError, RefusedError) as refusal:
        return Reply(text=str(refusal))
    except (DatabaseUnusableError, ClassifierError, DeliveryError) as trouble:
        log.warning("refused command reason=%r", str(trouble))
        return Reply(text=f"{str(trouble).rstrip('.')}. Nothing was changed.")
    except Exception:
        code = secrets.token_hex(2)
        log.exception("failed command code=%s", code)
        return Reply(text=f"Sorry, that did not work and nothing was changed. Code {code}.")


def is_public(house: House, asked: Asked) -> bool:
    """Whether the whole channel is to see what comes of it: a change by somebody who may make it, in words we know.

    One that turns out to change nothing, or to be refused for another reason, is answered in private all the same.
    """
    try:
        command = parse(asked.text)
        authorise(asked.actor, command, house.channel(asked))
    except (UsageError, RefusedError):
        return False
    sure = not isinstance(command, RemoveAllWatches) or command.sure
    return sure and isinstance(command, FOR_ALL_TO_SEE)


async def _handle(house: House, asked: Asked, command: Command) -> Reply:  # noqa: C901, PLR0911, PLR0912  (one line a command)
    match command:
        case ListWatches():
            return await watches.list_watches(house, asked)
        case AddWatches():
            return await watches.add(house, asked, command)
        case RemoveWatches():
            return await watches.remove(house, asked, command)
        case RemoveAllWatches():
            return await watches.remove_all(house, asked, command)
        case ListLabels():
            return await labels.list_labels(house, asked)
        case SetLabels():
            return await labels.set_labels(house, asked, command)
        case AddLabels():
            return await labels.add_labels(house, asked, command)
        case RemoveLabels():
            return await labels.remove_labels(house, asked, command)
        case DescribeLabel():
            return await labels.describe_label(house, asked, command)
        case SetMode():
            return await labels.set_mode(house, asked, command)
        case ListThresholds():
            return labels.list_thresholds(house, asked)
        case SetThreshold():
            return await labels.set_threshold(house, asked, command)
        case ResetThreshold():
            return await labels.reset_threshold(house, asked, command)
        case ListAlerts():
            return await alerts.list_alerts(house, asked, command)
        case SetAlerts():
            return await alerts.set_alerts(house, asked, command)
        case PauseAlerts():
            return await alerts.pause(house, asked, command)
        case ResumeAlerts():
            return await alerts.resume(house, asked)
        case Judge():
            return await judging.judge(house, asked, command)
        case TryText():
            return await questions.test(house, asked, command)
        case AskWhy():
            return await questions.ask_why(house, asked, command)
        case ShowStats():
            return await questions.show_stats(house, asked, command)
        case ShowHealth():
            return await questions.show_health(house, asked)
        case ShowConfig():
            return config.show(house, asked)
        case ExportConfig():
            return config.export(house, asked)
        case ImportConfig():
            return await config.show_import(house, asked, command)
        case ApplyImport():
            return await config.apply_import(house, asked, command)
        case ShowLog():
            return await config.show_log(house, asked)
        case Undo():
            return await config.undo(house, asked, command)
        case Lock():
            return await config.lock(house, asked, command)
        case Help():
            return questions.show_help(command)
