"""/watch and /unwatch."""

from bot import wording
from bot.commands import changes
from bot.commands.errors import RefusedError
from bot.commands.house import House
from bot.commands.types import AddWatches, Asked, RemoveWatches, Reply
from sources.accounts import fold
from sources.types import Account, AccountNotFoundError, Handle, shown
from storage import posts
from storage.types import Channel, Watch


async def list_watches(house: House, asked: Asked) -> Reply:
    """What this channel watches."""
    channel = house.channel(asked)
    if not channel.watches:
        return Reply(text="This channel watches nobody yet. /watch @account")
    lines = [await _line(house, watch) for watch in channel.watches]
    return Reply(text="\n".join([f"This channel watches {wording.counted(len(lines), 'account')}:", *lines]))


async def add(house: House, asked: Asked, command: AddWatches) -> Reply:
    """Watch accounts that exist, in a channel that can be posted in, from now on."""
    await _prove_postable(house, asked)
    wanted = [await _resolve(house, handle) for handle in command.handles]
    now = house.clock.now()
    watches = tuple(Watch(account=account, added_by=asked.actor.name, added_at=now) for account in wanted)
    before, after = await house.change(asked, lambda channel: changes.with_watches(channel, watches))
    known = {(watch.account.source, watch.account.id): watch for watch in before.watches}
    new = [account for account in wanted if (account.source, account.id) not in known]
    already = [known[account.source, account.id] for account in wanted if (account.source, account.id) in known]
    lines = [_already(watch) for watch in already]
    if new:
        names = ", ".join(str(account) for account in new)
        lines.insert(0, f"Watching {names}. {await _what_it_means(house, after)}")
    return Reply(text="\n".join(lines), public=bool(new))


async def remove(house: House, asked: Asked, command: RemoveWatches) -> Reply:
    """Watch them no longer: all that were named, or none when one of them is not watched."""
    channel = house.channel(asked)
    gone = tuple(_watched(channel, handle) for handle in command.handles)
    await house.change(asked, lambda before: changes.without_watches(before, gone))
    return Reply(text=f"No longer watching {', '.join(str(account) for account in gone)}.", public=True)


async def _prove_postable(house: House, asked: Asked) -> None:
    if problem := await house.platforms[asked.channel.platform].can_send(asked.channel):
        raise RefusedError(problem)


async def _resolve(house: House, handle: Handle) -> Account:
    name = wording.SOURCES.get(handle.source, handle.source)
    source = house.sources.get(handle.source)
    if source is None:
        ready = [wording.SOURCES.get(one, one) for one in sorted(house.sources)]
        works = (
            f"What I can watch is {', '.join(ready)}." if ready else "No source is set up: see REPLAY_FILE in README."
        )
        raise RefusedError(f"I can't watch {name} here yet. {works}")
    try:
        return await source.resolve(handle)
    except AccountNotFoundError as error:
        hint = f" Did you mean {shown(error.suggestions[0])}?" if error.suggestions else ""
        raise RefusedError(f"I could not find {handle} on {name}.{hint}") from None


def _watched(channel: Channel, handle: Handle) -> Account:
    wanted = fold(handle)
    for watch in channel.watches:
        account = watch.account
        if fold(Handle(source=account.source, name=account.handle)) == wanted:
            return account
    names = ", ".join(str(watch.account) for watch in channel.watches) or "nobody"
    raise RefusedError(f"This channel does not watch {handle}. It watches {names}.")


def _already(watch: Watch) -> str:
    return f"Already watching {watch.account} (added by {watch.added_by}, {wording.moment(watch.added_at)})."


async def _what_it_means(house: House, channel: Channel) -> str:
    languages = wording.languages(await house.batcher.ready())
    return f"{languages} {wording.what_alerts(channel)}".lstrip()


async def _line(house: House, watch: Watch) -> str:
    account = watch.account
    last = await house.database.read(lambda connection: posts.last_published(connection, account))
    seen = f"last post {wording.moment(last)}" if last else "no post yet"
    return f"  {account} on {wording.SOURCES.get(account.source, account.source)}, added by {watch.added_by}, {seen}"
