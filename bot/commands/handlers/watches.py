"""/watch and /unwatch."""

from collections.abc import Sequence

from bot import wording
from bot.commands import changes
from bot.commands.errors import RefusedError
from bot.commands.handlers.answers import changed
from bot.commands.house import House
from bot.commands.types import AddWatches, Asked, Button, ButtonKind, RemoveAllWatches, RemoveWatches, Reply
from bot.commands.values import filter_words
from bot.insight.preview import preview
from sources.accounts import fold, is_did
from sources.types import Account, AccountNotFoundError, Handle, SourceError, Wanted, shown
from storage import alerts, posts
from storage.types import Channel, Filters, Watch


async def list_watches(house: House, asked: Asked) -> Reply:
    """What this channel watches."""
    channel = house.channel(asked)
    if not channel.watches:
        return Reply(text="This channel watches nobody yet. /watch @account")
    lines = [await _line(house, channel, watch) for watch in channel.watches]
    return Reply(text="\n".join([f"This channel watches {wording.counted(len(lines), 'account')}:", *lines]))


async def add(house: House, asked: Asked, command: AddWatches) -> Reply:
    """Watch accounts that exist, in a channel that can be posted in, from now on; or add filters to a watch."""
    if problem := await house.platforms[asked.channel.platform].can_send(asked.channel):
        raise RefusedError(problem)
    wanted = [await resolve(house, handle) for handle in command.handles]
    _check_room(house, wanted, command.filters)
    now = house.clock.now()
    watches = tuple(
        Watch(account=account, added_by=asked.actor.name, added_at=now, filters=command.filters) for account in wanted
    )
    change = await house.change(asked, lambda channel: changes.with_watches(channel, watches))
    before = {_identity(watch.account): watch for watch in change.before.watches}
    after = {_identity(watch.account): watch for watch in change.after.watches}
    lines = []
    for account in wanted:
        old, new = before.get(_identity(account)), after[_identity(account)]
        lines.append(await _told(house, change.after, old, new))
    return changed(change, "\n".join(lines))


async def remove(house: House, asked: Asked, command: RemoveWatches) -> Reply:
    """Watch them no longer, or take these filters from them: all that were named, or none."""
    channel = house.channel(asked)
    named = tuple(watched(channel, handle) for handle in command.handles)
    names = ", ".join(str(account) for account in named)
    if command.filters == Filters():
        change = await house.change(asked, lambda before: changes.without_watches(before, named))
        return changed(change, f"No longer watching {names}.")
    change = await house.change(asked, lambda before: changes.without_filters(before, named, command.filters))
    gone = " ".join(filter_words(command.filters))
    return changed(change, f"Watching {names} without {gone} now.")


async def remove_all(house: House, asked: Asked, command: RemoveAllWatches) -> Reply:
    """Watch nobody any longer; asks first."""
    watches = house.channel(asked).watches
    if not watches:
        return Reply(text="This channel watches nobody.")
    if not command.sure:
        yes = Button(label="Yes, all", kind=ButtonKind.COMMAND, value="/unwatch all yes")
        text = f"This ends {wording.counted(len(watches), 'watch', 'watches')}. Sure? /unwatch all yes"
        return Reply(text=text, buttons=(yes,))
    gone = tuple(watch.account for watch in watches)
    change = await house.change(asked, lambda before: changes.without_watches(before, gone))
    return changed(change, f"No longer watching anyone here ({', '.join(str(account) for account in gone)}).")


async def resolve(house: House, handle: Handle) -> Account:
    """The account behind a handle, or a refusal that says what can be done."""
    name = wording.SOURCES.get(handle.source, handle.source)
    source = house.sources.get(handle.source)
    if source is None:
        why = house.missing.get(handle.source, "it is not set up. Ask whoever runs me")
        raise RefusedError(f"I can't watch {name} here yet: {why}.")
    try:
        return await source.resolve(handle)
    except AccountNotFoundError as error:
        hint = f" Did you mean {shown(error.suggestions[0])}?" if error.suggestions else ""
        raise RefusedError(f"I could not find {handle} on {name}.{hint}") from None
    except SourceError as error:
        raise RefusedError(f"I can't watch {handle}: {str(error).rstrip('.')}.") from None


def watched(channel: Channel, handle: Handle) -> Account:
    """The account of this handle that the channel watches. Raises RefusedError."""
    wanted = fold(handle)
    for watch in channel.watches:
        account = watch.account
        if fold(Handle(source=account.source, name=account.handle)) == wanted:
            return account
        if is_did(handle.name) and (account.source, account.id) == (handle.source, handle.name):
            return account  # a profile page may be named by it
    names = ", ".join(str(watch.account) for watch in channel.watches) or "nobody"
    raise RefusedError(f"This channel does not watch {handle}. It watches {names}.")


def _check_room(house: House, accounts: Sequence[Account], filters: Filters) -> None:
    """Raises RefusedError where a source cannot watch these beside all that it watches."""
    for name in sorted({account.source for account in accounts}):
        source = house.sources[name]
        everyone = {_identity(one.account): one for one in house.watch_list.wanted(source.serves)}
        new = (Wanted(account=account, without=filters.without) for account in accounts if account.source == name)
        if problem := source.refusal([*{_identity(one.account): one for one in new}.values(), *everyone.values()]):
            raise RefusedError(problem)


async def _told(house: House, channel: Channel, old: Watch | None, new: Watch) -> str:
    if old is not None and old.filters == new.filters:
        added = f"(added by {old.added_by}, {wording.moment(old.added_at)})"
        return f"Already watching {_with_filters(old)} {added}. To change it: /watch {old.account} -retweets"
    languages = wording.languages(await house.batcher.ready())
    if not channel.labels:
        return " ".join(filter(None, [f"Watching {_with_filters(new)}.", languages, wording.NO_LABELS]))
    source = house.sources[new.account.source]
    tried = await preview(source, house.batcher, house.watch_list.asked(channel), new, now=house.clock.now())
    alerts_here = wording.what_alerts(channel).removesuffix(".")
    return f"Watching {_with_filters(new)}. {alerts_here}; {tried.sentence()}. {languages}".rstrip()


def _with_filters(watch: Watch) -> str:
    return " ".join([str(watch.account), *filter_words(watch.filters)])


async def _line(house: House, channel: Channel, watch: Watch) -> str:
    account, since = watch.account, house.clock.now() - wording.WEEK
    last = await house.database.read(lambda connection: posts.last_published(connection, account))
    alerted = await house.database.read(lambda connection: alerts.count_of(connection, channel.key, account, since))
    seen = f"last post {wording.moment(last)}" if last else "no post yet"
    source = wording.SOURCES.get(account.source, account.source)
    state = f", {paused}" if (paused := wording.paused(channel, account, house.clock.now())) else ""
    return (
        f"  {_with_filters(watch)} on {source}, added by {watch.added_by}, {seen}, "
        f"{wording.counted(alerted, 'alert')} in 7 days{state}"
    )


def _identity(account: Account) -> tuple[str, str]:
    return account.source, account.id
