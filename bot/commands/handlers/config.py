"""/config: a channel's settings as a whole, their history, and who may change them."""

import hashlib
from dataclasses import replace

from bot import wording
from bot.chat.plain import one_line
from bot.commands import changes
from bot.commands.config_file import ConfigFile, from_yaml, to_yaml
from bot.commands.errors import RefusedError
from bot.commands.handlers.answers import changed, check_labels, would_have
from bot.commands.handlers.watches import resolve
from bot.commands.house import House, ShownImport
from bot.commands.types import ApplyImport, Asked, Button, ButtonKind, ImportConfig, Lock, Reply, Undo
from sources.accounts import fold
from sources.types import Account, Handle
from storage import audit
from storage.database import Connection
from storage.settings_items import difference, in_order, put_back, to_items
from storage.types import Channel, Watch

_LISTED = 10


def show(house: House, asked: Asked) -> Reply:
    """All settings, in words."""
    return Reply(text=wording.settings(house.channel(asked), house.clock.now()))


def export(house: House, asked: Asked) -> Reply:
    """The settings as a file that imports here and on other platforms."""
    return Reply(text=to_yaml(house.channel(asked)).rstrip(), file="settings.yaml")


async def show_import(house: House, asked: Asked, command: ImportConfig) -> Reply:
    """What importing this would change. Changes nothing."""
    try:
        wanted = from_yaml(command.yaml)
    except ValueError as error:
        raise RefusedError(f"I cannot import this: {error}") from None
    before = house.channel(asked)
    after = await _imported(house, asked, before, wanted)
    await check_labels(house, before, after)
    lines = wording.differences(*difference(before, after))
    if not lines:
        return Reply(text="This is what is set here already: importing it would change nothing.")
    code = import_code(command.yaml)
    house.imports[asked.channel] = ShownImport(code=code, compared=to_items(before), after=after)
    yes = Button(label="Apply", kind=ButtonKind.COMMAND, value=f"/config import apply {code}")
    head = f"Importing this would make {wording.counted(len(lines), 'change')}:"
    return Reply(text="\n".join([head, *lines, f"To do it: {yes.value}"]), buttons=(yes,))


def import_code(text: str) -> str:
    """What an import is called between showing and doing it: the same file has the same code."""
    return hashlib.blake2s(text.strip().encode("utf-8", "replace"), digest_size=2).hexdigest()


async def apply_import(house: House, asked: Asked, command: ApplyImport) -> Reply:
    """Do what an import showed: all of it, or nothing."""
    shown = house.imports.get(asked.channel)
    if shown is None or shown.code != command.code:
        raise RefusedError(f'There is no import "{command.code}" to apply. /config import shows what one would change.')
    await check_labels(house, house.channel(asked), shown.after)  # the model may not have been there before
    change = await house.change(asked, lambda before: _as_shown(before, shown))
    del house.imports[asked.channel]
    lines = wording.differences(*difference(change.before, change.after))
    text = "\n".join([f"Imported, {wording.counted(len(lines), 'change')}:", *lines, await would_have(house, change)])
    return changed(change, text)


async def show_log(house: House, asked: Asked) -> Reply:
    """The latest changes: who, when, what."""
    found = await house.database.read(lambda connection: audit.log(connection, asked.channel, _LISTED))
    if not found:
        return Reply(text="Nothing was ever changed here.")
    return Reply(text="\n".join(_entry(change) for change in found))


async def undo(house: House, asked: Asked, command: Undo) -> Reply:
    """Take back the newest change not yet undone, or the one that is named."""
    told = ""

    def work(connection: Connection, before: Channel) -> tuple[Channel, int]:
        nonlocal told
        change = _to_undo(connection, asked, command)
        told = f"Took back what {change.actor_name} changed with {one_line(change.command, 80)}"
        return put_back(before, change.before), change.id

    done = await house.change_with(asked, work)
    lines = wording.differences(*difference(done.before, done.after))
    return Reply(text="\n".join([f"{told}:", *lines]), public=True)


async def lock(house: House, asked: Asked, command: Lock) -> Reply:
    """Let only these, and admins, change settings here; or everyone again."""
    change = await house.change(asked, lambda before: changes.with_managers(before, command.managers))
    if not command.managers:
        return changed(change, "Everyone in this channel may change settings again.")
    names = ", ".join(manager.name for manager in command.managers)
    return changed(change, f"Only {names} and admins may change settings here now. /config lock off ends it.")


def _to_undo(connection: Connection, asked: Asked, command: Undo) -> audit.Change:
    if command.change is None:
        newest = audit.newest_to_undo(connection, asked.channel)
        if newest is None:
            raise RefusedError("There is nothing left to undo here.")
        return newest
    named = audit.load(connection, asked.channel, command.change)
    if named is None:
        raise RefusedError(f"There is no change {command.change} in this channel. /config log lists the last ones.")
    if named.undone_by is not None or named.undoes is not None:
        raise RefusedError(f"Change {named.id} was undone already, or is an undoing itself.")
    if later := audit.later_in_the_way(connection, asked.channel, named):
        raise RefusedError(
            f"A later change by {later.actor_name} ({one_line(later.command, 80)}) touched the same setting. "
            f"Undo that one first: /config undo {later.id}."
        )
    return named


async def _imported(house: House, asked: Asked, before: Channel, wanted: ConfigFile) -> Channel:
    known = {fold(Handle(source=one.account.source, name=one.account.handle)): one for one in before.watches}
    now = house.clock.now()
    watches = []
    for handle, filters in wanted.watches:
        old = known.get(fold(handle))
        account: Account = old.account if old else await resolve(house, handle)
        new = old or Watch(account=account, added_by=asked.actor.name, added_at=now)
        watches.append(replace(new, filters=filters))
    checked = changes.with_watches(
        replace(before, labels=wanted.labels, threshold=wanted.threshold, watches=()), tuple(watches)
    )
    return changes.with_mode(replace(checked, alerts=wanted.alerts, watches=in_order(watches)), wanted.mode)


def _as_shown(before: Channel, shown: ShownImport) -> Channel:
    """The import's settings; whatever it does not speak of stays as it is now. What was not shown is not done."""
    if to_items(before) != shown.compared:
        raise RefusedError("Settings here have changed since this import was shown. /config import shows it anew.")
    wanted = shown.after
    return replace(
        before,
        mode=wanted.mode,
        threshold=wanted.threshold,
        alerts=wanted.alerts,
        labels=wanted.labels,
        watches=wanted.watches,
        pauses=tuple(one for one in before.pauses if not one.label or _has(wanted, one.label)),
    )


def _has(channel: Channel, label: str) -> bool:
    return any(one.name.casefold() == label.casefold() for one in channel.labels)


def _entry(change: audit.Change) -> str:
    undone = f" (undone by {change.undone_by})" if change.undone_by is not None else ""
    return f"{change.id} {wording.moment(change.at)} {change.actor_name}: {one_line(change.command, 100)}{undone}"
