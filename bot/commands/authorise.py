"""Who may do what: asked in one place, before any handler runs. Pure."""

from bot.commands.errors import RefusedError
from bot.commands.types import FOR_MANAGERS, Actor, Command
from storage.types import Channel

_GUEST = "Guests may not change settings here."


def authorise(actor: Actor, command: Command, channel: Channel) -> None:
    """Raise RefusedError where this person may not give this command here. Reading and judging is everyone's."""
    if not isinstance(command, FOR_MANAGERS):
        return
    if not actor.member:
        who = f"You may not change settings here: that takes {actor.lacks}." if actor.lacks else _GUEST
        raise RefusedError(f"{who} You can still use /test, /why, /stats.")
    if channel.managers and not actor.admin and actor.id not in {manager.id for manager in channel.managers}:
        names = ", ".join(manager.name for manager in channel.managers)
        raise RefusedError(f"Only managers may change settings here: {names}. You can still use /test, /why, /stats.")
