"""How answers are said in every chat that has private words, public ones, and buttons to show the first to all."""

import logging
import secrets
from collections.abc import Awaitable, Iterable
from typing import Protocol, TypeVar

from bot.chat.base import DeliveryError, Inbound
from bot.chat.patience import Remembered, alerts_in
from bot.commands.types import ButtonKind, Reply
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)

UNKNOWN_BUTTON = Reply(text="I do not know that button: it is from another time. Nothing was changed.")
NEITHER_ALERT_NOR_LINK = Reply(text="That message is no alert of mine, and holds no link to a post.")
_TOO_OLD = Reply(text="That answer is too old to be shared. Ask again, then share.")

Said_contra = TypeVar("Said_contra", contravariant=True)
Page = TypeVar("Page")


class Voice(Protocol[Said_contra]):
    """Speaks in answer to one thing that was asked, in a chat's own messages. All raise DeliveryError."""

    async def wait(self, said: Said_contra, /) -> None:
        """Only whoever asked sees it, until the answer takes its place where the chat can do that."""

    async def private(self, said: Said_contra, /) -> None:
        """Only whoever asked sees it."""

    async def public(self, said: Said_contra, /) -> None:
        """The whole channel sees it."""


async def say_all(voice: Voice[Page], pages: Iterable[Page], *, public: bool) -> None:
    """Say an answer to whom it is for, page by page."""
    for page in pages:
        await say(voice.public(page) if public else voice.private(page))


async def say(saying: Awaitable[None]) -> None:
    """What cannot be said is noted: whatever was asked for is done."""
    try:
        await saying
    except DeliveryError as error:
        log.warning("unanswered reason=%r", str(error))


class Shareable:
    """The last private answers that have a button to show them to the channel."""

    def __init__(self) -> None:
        self._kept: Remembered[Reply] = Remembered()

    def keep(self, reply: Reply) -> str:
        """Remember an answer, under a name for its button to carry; empty where it is not to be shared."""
        if reply.public or not any(button.kind is ButtonKind.SHARE for button in reply.buttons):
            return ""
        name = secrets.token_urlsafe(9)
        self._kept.put(name, reply)
        return name

    def shared(self, name: str) -> Reply:
        """That answer for all to see; a word to whoever pressed where it was forgotten."""
        kept = self._kept.get(name)
        return _TOO_OLD if kept is None else Reply(text=kept.text, public=True)


async def why(inbound: Inbound, channel: ChannelKey, message: Receipt, link: str) -> str:
    """What somebody would type to learn why a message is an alert or, where it is none, why the post that it links to
    is none; empty where there is neither."""
    alerts = await alerts_in(inbound, channel, message)
    return f"/why {alerts[0] if alerts else link}" if alerts or link else ""
