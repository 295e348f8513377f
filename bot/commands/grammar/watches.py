"""/watch and /unwatch: accounts and filters, in any order."""

from collections.abc import Iterable

from bot.commands import values
from bot.commands.catalogue import example
from bot.commands.errors import UsageError, shown
from bot.commands.grammar.words import first, handle, missing, valued
from bot.commands.types import AddWatches, Command, ListWatches, RemoveAllWatches, RemoveWatches
from sources.accounts import fold
from sources.types import Handle
from storage.types import Filters


def watch(rest: str) -> Command:
    if not rest:
        return ListWatches()
    handles, filters = _accounts_and_filters(rest, "/watch")
    return AddWatches(handles=handles, filters=filters)


def unwatch(rest: str) -> Command:
    word, more = first(rest)
    if word.casefold() == "all":
        return _unwatch_all(more)
    handles, filters = _accounts_and_filters(rest, "/unwatch")
    return RemoveWatches(handles=handles, filters=filters)


def _unwatch_all(more: str) -> Command:
    if more and more.casefold() != "yes":
        raise UsageError(f'/unwatch all takes nothing but yes, and "{shown(more)}" followed.', example("/unwatch"))
    return RemoveAllWatches(sure=bool(more))


def _accounts_and_filters(text: str, word: str) -> tuple[tuple[Handle, ...], Filters]:
    parts = valued(values.words, text, word)
    filters = _filters([part for part in parts if values.is_filter(part)], word)
    return _handles([part for part in parts if not values.is_filter(part)], word), filters


def _filters(parts: Iterable[str], word: str) -> Filters:
    try:
        return values.filters_of(parts)
    except values.FilterError as error:
        raise UsageError(str(error), f"{word} @acct {error.example}") from None
    except values.PercentageError as error:
        raise UsageError(str(error), f"{word} @acct min:60%", inside=True) from None


def _handles(parts: Iterable[str], word: str) -> tuple[Handle, ...]:
    """Each account once, in the spelling it was first given."""
    handles: dict[Handle, Handle] = {}
    for part in parts:
        one = handle(part, word)
        handles.setdefault(fold(one), one)
    if not handles:
        raise missing("An account", word)
    return tuple(handles.values())
