"""A chat whose servers err by the weather, and what remains of it for ever: every message, every word it was told."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.cards import AlertCard, Card, SummaryCard
from bot.chat.base import ChannelGoneError, Inbound, MessageRefusedError, OutcomeUnknownError, TryLaterError
from storage.types import ChannelKey, DeliveryKey, Receipt
from tests.fakes.simulation.people import People
from tests.fakes.simulation.weather import FINE_UNTIL_S, HOUR_S, MINUTE_S, Climate, Weather

T = TypeVar("T")

NAME = "chat"
REQUEST_TIMEOUT_S = 10.0
SLOWEST_COMMIT_S = 15.0
"""After the request that asked for it."""

GRACE = timedelta(seconds=30)
PACE = timedelta(seconds=1)

DOWN, ERRORS, LIMITED, LOSSY, LATE, HANGING, FINE = "down", "errors", "limited", "lossy", "late", "hanging", ""

CLIMATES = (
    Climate(DOWN, 3, 1 * HOUR_S, 3 * HOUR_S),
    Climate(ERRORS, 12, 2 * MINUTE_S, 20 * MINUTE_S),
    Climate(LIMITED, 8, 1 * MINUTE_S, 10 * MINUTE_S),
    Climate(LOSSY, 8, 2 * MINUTE_S, 20 * MINUTE_S),
    Climate(LATE, 8, 2 * MINUTE_S, 15 * MINUTE_S),
    Climate(HANGING, 6, 1 * MINUTE_S, 10 * MINUTE_S),
)
GONE = Climate("gone", 2, 30 * MINUTE_S, 4 * HOUR_S)
"""A channel that Lapwing is thrown out of, and let into again."""

_ODDS: Mapping[str, tuple[tuple[str, float], ...]] = {
    FINE: ((ERRORS, 0.01), (LIMITED, 0.005), (LOSSY, 0.01), (LATE, 0.005)),
    DOWN: ((HANGING, 0.1), (DOWN, 0.9)),
    ERRORS: ((ERRORS, 0.7), (LOSSY, 0.05)),
    LIMITED: ((LIMITED, 0.7),),
    LOSSY: ((LOSSY, 0.5),),
    LATE: ((LATE, 0.6),),
    HANGING: ((HANGING, 0.7), (LATE, 0.1)),
}
"""What becomes of a request in each weather, with its share; the rest is answered as it should be."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the chat keeps it."""

    receipt: Receipt
    channel: ChannelKey
    key: DeliveryKey
    alerts: tuple[int, ...]
    """The numbers of the alerts it shows; of a summary only the strongest."""

    total: int
    """How many alerts it stands for."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """One request to send, whatever became of it."""

    channel: ChannelKey
    key: DeliveryKey
    at_s: float


class ChatServer:
    """Outlives every life of the program."""

    def __init__(self, weather: Weather, gone: Mapping[str, Weather], chance: random.Random) -> None:
        """`gone`: by the channel's id, when nothing can be sent there."""
        self.messages: list[Message] = []
        self.words: list[Word] = []
        self.edits: dict[Receipt, int] = defaultdict(int)
        self.fates: dict[str, int] = defaultdict(int)
        """How many requests met which fate."""

        self._weather = weather
        self._gone = gone
        self._chance = chance
        self._by_key: dict[tuple[ChannelKey, DeliveryKey], Receipt] = {}

    def why_closed(self, channel: ChannelKey) -> str | None:
        """Why nothing can be sent there now."""
        closed = channel.channel in self._gone and self._gone[channel.channel].at(_now())
        return f"I was removed from #{channel.channel}" if closed else None

    def post(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        """Keep a message: a second one where it is told twice, as chats do."""
        receipt = Receipt(f"message-{len(self.messages) + 1}")
        self.messages.append(Message(receipt, channel, key, _alerts_in(card), _total(card), _now()))
        self._by_key.setdefault((channel, key), receipt)
        return receipt

    def redraw(self, receipt: Receipt) -> Receipt:
        """Draw a message anew."""
        self.edits[receipt] += 1
        return receipt

    def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        """The first message with this key."""
        return self._by_key.get((channel, key))

    async def ask(self, channel: ChannelKey, done: Callable[[], T]) -> T:
        """A request: what the server does about it goes on when whoever asked is gone. Raises DeliveryError."""
        fate = self._fate()
        self.fates[fate or "fine"] += 1
        if fate == DOWN:
            await asyncio.sleep(self._chance.uniform(0, 1))
            raise TryLaterError("cannot connect to the chat")
        if fate in {FINE, LOSSY, LATE}:
            takes = self._chance.uniform(REQUEST_TIMEOUT_S, REQUEST_TIMEOUT_S + SLOWEST_COMMIT_S)
            answer = self._does(channel, done, takes if fate == LATE else self._chance.uniform(0.02, 0.3))
            if fate == FINE:
                return await asyncio.shield(answer)
        if fate in {LATE, HANGING}:
            await asyncio.sleep(REQUEST_TIMEOUT_S)
            raise OutcomeUnknownError("the chat did not answer in time")
        await asyncio.sleep(self._chance.uniform(0.3, 0.5))
        if fate == LOSSY:
            raise OutcomeUnknownError("the connection was cut")
        wait_s = self._chance.choice([None, 5.0, 30.0, 120.0]) if fate == LIMITED else None
        raise TryLaterError(f"the chat answers {429 if fate == LIMITED else 503}", wait_s)

    def _fate(self) -> str:
        if _now() < FINE_UNTIL_S:
            return FINE
        draw = self._chance.random()
        for fate, share in _ODDS[self._weather.at(_now())]:
            if draw < share:
                return fate
            draw -= share
        return FINE

    def _does(self, channel: ChannelKey, done: Callable[[], T], after_s: float) -> "asyncio.Future[T]":
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def act() -> None:
            why = self.why_closed(channel)
            if why is None:
                answer.set_result(done())
            else:
                answer.set_exception(ChannelGoneError(why))
                answer.exception()  # nobody may be there to hear it

        asyncio.get_running_loop().call_later(after_s, act)
        return answer


class ChatLine:
    """ChatPlatform: one life's connection with the server."""

    name = NAME
    grace = GRACE
    pace = PACE

    def __init__(self, server: ChatServer, people: People) -> None:
        self.cut = False
        """Once it is, nothing that the program says gets through."""

        self._server = server
        self._people = people

    async def run(self, inbound: Inbound) -> None:
        """People speak for as long as the line stands."""
        await self._people.speak(inbound)

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:
        self._listen()
        self._server.words.append(Word(channel, key, _now()))
        return await self._server.ask(channel, lambda: self._server.post(channel, card, key))

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:
        self._listen()
        if not receipt:
            raise MessageRefusedError("there is no such message")
        await self._server.ask(channel, lambda: self._server.redraw(receipt))

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:
        self._listen()
        return await self._server.ask(channel, lambda: self._server.find(channel, key))

    async def can_send(self, channel: ChannelKey) -> str | None:
        self._listen()
        try:
            return await self._server.ask(channel, lambda: None)
        except ChannelGoneError as error:
            return str(error)

    def direct(self, workspace: str, person: str) -> ChannelKey | None:
        return ChannelKey(platform=NAME, workspace=workspace, channel=f"direct-{person}")

    def _listen(self) -> None:
        if self.cut:
            raise OutcomeUnknownError("the program was killed")


def _now() -> float:
    return asyncio.get_running_loop().time()


def _alerts_in(card: Card) -> tuple[int, ...]:
    match card:
        case AlertCard():
            return (card.alert,)
        case SummaryCard():
            return tuple(one.alert for one in card.strongest)
        case _:
            return ()


def _total(card: Card) -> int:
    return card.total if isinstance(card, SummaryCard) else len(_alerts_in(card))
