"""How a change is answered: what it came to, what it would have done, and the button that takes it back."""

from collections.abc import Callable

from bot.commands.errors import EveryPostError, RefusedError
from bot.commands.house import Changed, House
from bot.commands.types import Asked, Button, ButtonKind, Reply
from bot.insight.what_if import share_that_would_alert, what_if
from storage.types import Channel

UNDO = "Undo"


def changed(change: Changed, text: str) -> Reply:
    """A public answer to a change; a private one where nothing changed."""
    if change.number is None:
        return Reply(text=text)
    undo = Button(label=UNDO, kind=ButtonKind.COMMAND, value=f"/config undo {change.number}")
    return Reply(text=text, public=True, buttons=(undo,))


async def would_have(house: House, change: Changed, subject: str = "This") -> str:
    """What a change would have done to the posts that were decided lately."""
    found = await what_if(house.database, house.batcher, change.before, change.after)
    return found.sentence(subject)


async def sound(house: House, asked: Asked, change: Callable[[Channel], Channel]) -> Changed:
    """Make a change; where every post would alert after it, refuse and say how many of the latest would have."""
    try:
        return await house.change(asked, change)
    except EveryPostError as refusal:
        share = await share_that_would_alert(house.database, house.batcher, refusal.channel)
        raise RefusedError(f"{refusal.problem} {share.sentence()}") from None
