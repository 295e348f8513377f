"""How a change is answered: what it came to, what it would have done, and the button that takes it back."""

import logging
from asyncio import timeout
from collections.abc import Callable

from bot.commands.errors import EveryPostError, RefusedError
from bot.commands.house import Changed, House
from bot.commands.types import Asked, Button, ButtonKind, Reply
from bot.commands.values import quoted
from bot.insight.what_if import share_that_would_alert, what_if
from classifier.batching import Lane
from classifier.hypothesis import render
from classifier.types import HypothesisTooLongError
from storage.types import Channel

log = logging.getLogger(__name__)

UNDO = "Undo"

_PATIENCE_S = 5.0
"""So long a model that is busy is waited for; then a label goes unchecked, as it does while the model is loaded."""


def changed(change: Changed, text: str) -> Reply:
    """A public answer to a change; a private one where nothing changed."""
    if change.number is None:
        return Reply(text=text)
    undo = Button(label=UNDO, kind=ButtonKind.COMMAND, value=f"/config undo {change.number}")
    return Reply(text=text, public=True, buttons=(undo,))


async def would_have(house: House, change: Changed, subject: str = "This") -> str:
    """What a change would have done to the posts that were decided lately."""
    before, after = house.watch_list.asked(change.before), house.watch_list.asked(change.after)
    found = await what_if(house.database, house.batcher, before, after)
    return found.sentence(subject)


async def sound(house: House, asked: Asked, change: Callable[[Channel], Channel]) -> Changed:
    """Make a change. Refused where the model cannot read a new label whole; and where every post would alert after it,
    with how many of the latest would have.
    """
    try:
        before = house.channel(asked)
        await check_labels(house, before, change(before))
        return await house.change(asked, change)
    except EveryPostError as refusal:
        wanted = house.watch_list.asked(refusal.channel)
        share = await share_that_would_alert(house.database, house.batcher, wanted)
        raise RefusedError(f"{refusal.problem} {share.sentence()}") from None


async def check_labels(house: House, before: Channel, after: Channel) -> None:
    """Raise RefusedError where the model cannot read one of the labels whole that `before` has not.

    A model that is loading, busy or down says nothing of them: then they pass, and posts are decided without them once
    the model has refused them.
    """
    known = {label.label for label in before.labels}
    labels = {
        render(label.label, house.batcher.template): label.name for label in after.labels if label.label not in known
    }
    if not labels or not house.batcher.loaded:
        return
    try:
        async with timeout(_PATIENCE_S):
            await house.batcher.ask([], tuple(labels), lane=Lane.PEOPLE)
    except HypothesisTooLongError as error:
        name = labels.get(error.hypothesis)
        if name is None:  # an engine that names what it was not asked
            raise
        raise RefusedError(
            f"The model cannot read the label {quoted(name)} whole: with the words around it, it has {error.tokens} "
            f"tokens, and the model takes {error.room}. Describe it more briefly, for example "
            f'/labels describe {quoted(name)} "a few words", or give it a shorter name.'
        ) from None
    except Exception as error:  # whatever is wrong with the model, settings can be made
        log.info("unchecked labels=%d reason=%r", len(labels), str(error) or type(error).__name__)
