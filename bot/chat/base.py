"""What every chat platform is to the rest of the house, and what can go wrong when something is sent there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.cards import AlertCard, Card
from bot.commands.suggest import Suggest
from bot.commands.types import Actor, Asked, Reply
from storage.types import AlertId, ChannelKey, DeliveryKey, Receipt


class DeliveryError(Exception):
    """A message could not be sent; each kind asks for something else to be done."""


class TryLaterError(DeliveryError):
    """The chat does not have the message and says so; it may be sent again, not before `retry_after_s`."""

    def __init__(self, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after_s = retry_after_s


class OutcomeUnknownError(DeliveryError):
    """Nobody can say whether the chat has the message: look it up by its key before anything else."""


class ChannelGoneError(DeliveryError):
    """Nothing can be sent to this channel until people change something there."""


class MessageRefusedError(DeliveryError):
    """The chat will never take this message; others may pass."""


class ChatGoneError(Exception):
    """The whole chat is gone for good, as a terminal whose reader has left. `__cause__` is the error that said so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    """An emoji under a message, given or taken back by a person."""

    actor: Actor
    channel: ChannelKey
    message: Receipt
    emoji: str
    """Its name, as people type it between colons, without the tone of its skin."""

    given: bool


class Inbound(Protocol):
    """What a platform does with what people type, press and react with."""

    async def answer(self, asked: Asked) -> Reply:
        """Do what was asked and say what came of it. Never raises for what people get wrong."""

    def is_public(self, asked: Asked) -> bool:
        """Whether the answer is for the whole channel, if all goes well. Known at once, without doing anything."""

    def suggest(self, channel: ChannelKey, wanted: Suggest, typed: str) -> list[str]:
        """What may be meant by what somebody has typed so far; at most 25."""

    async def settle(self) -> None:
        """Let replays play, and return once all that is owed is decided and delivered."""

    async def reacted(self, reaction: Reaction) -> None:
        """Take a reaction as a judgement, where it means one and its message carries one alert."""

    async def reactions_found(self, channel: ChannelKey, message: Receipt, found: Collection[Reaction]) -> None:
        """Take up what was given and taken back under a message while nobody listened: these are all there are now."""

    async def recent_messages(self, platform: str) -> list[tuple[ChannelKey, Receipt]]:
        """The messages of the last days that carry alerts, oldest first: people may still judge them."""

    async def alerts_of(self, channel: ChannelKey, message: Receipt) -> list[AlertId]:
        """The alerts that a message carries; none when it is no message of ours."""

    async def alert_card(self, channel: ChannelKey, alert: AlertId) -> AlertCard | None:
        """An alert of this channel as it stands, whole even where its message is collapsed; None: there is none."""

    async def reachable(self, channel: ChannelKey) -> None:
        """The channel can be sent to again: whoever was suspended there goes on."""


class ChatPlatform(Protocol):
    """A chat. `send`, `edit` and `find` raise DeliveryError, or ChatGoneError; all run on the event loop."""

    name: str

    grace: timedelta
    """How long after an unknown outcome a look-up can be trusted: more than a request's time-out and the slowest
    commit at the chat's end together."""

    pace: timedelta
    """The least time between two messages in one channel."""

    async def run(self, inbound: Inbound) -> None:
        """Serve people until the chat ends (a terminal) or the task is cancelled."""

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        """Post a card, with the key where `find` will find it. Sends once: retrying is not a platform's business."""

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        """Redraw a message in place. `key` is the one it was sent with: where the card carries it, it carries it on."""

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """The message that carries this key, if the chat has it."""

    async def can_send(self, channel: ChannelKey) -> str | None:
        """Why Lapwing cannot post in this channel, in words for people; None when it can."""

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        """Where something can be said to one person alone; None where this chat has no such place."""
