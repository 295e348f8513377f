"""A chat in memory: keeps what it was sent, and fails as it is told to."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.cards import Card
from bot.chat.base import DeliveryError, Inbound, MessageRefusedError, OutcomeUnknownError
from storage.types import ChannelKey, DeliveryKey, Receipt


@dataclass
class Message:
    """A message as the chat keeps it."""

    channel: ChannelKey
    key: DeliveryKey
    card: Card


class FakeChat:
    """ChatPlatform that people never speak in. `fail_next` queues what the next sends do instead of answering well."""

    def __init__(self, name: str = "fake", grace: timedelta = timedelta(0)) -> None:
        self.name = name
        self.grace = grace
        self.pace = timedelta(0)
        self.messages: dict[Receipt, Message] = {}
        self.closed: dict[ChannelKey, str] = {}
        self.sends = 0
        self._failures: deque[DeliveryError] = deque()

    def fail_next(self, *errors: DeliveryError) -> None:
        """The next sends raise these, in turn. OutcomeUnknownError("delivered") is raised after the message is kept."""
        self._failures.extend(errors)

    def texts(self, read: Callable[[Card], str] = lambda card: card.fallback) -> list[str]:
        """What was said, in order."""
        return [read(message.card) for message in self.messages.values()]

    async def run(self, inbound: Inbound) -> None:
        """Nobody speaks here."""

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        self.sends += 1
        failure = self._failures.popleft() if self._failures else None
        delivered = failure is None or (isinstance(failure, OutcomeUnknownError) and str(failure) == "delivered")
        receipt = Receipt(f"message-{len(self.messages) + 1}")
        if delivered:
            self.messages[receipt] = Message(channel, key, card)
        if failure is not None:
            raise failure
        return receipt

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        if receipt not in self.messages or self.messages[receipt].channel != channel:
            raise MessageRefusedError(f"there is no message {receipt} in {channel.channel}")
        self.messages[receipt].card = card

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        for receipt, message in self.messages.items():
            if message.key == key and message.channel == channel:
                return receipt
        return None

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        return ChannelKey(platform=self.name, workspace=workspace, channel=f"direct-{person}")

    async def can_send(self, channel: ChannelKey) -> str | None:
        return self.closed.get(channel)
