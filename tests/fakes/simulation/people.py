"""People: what they type where and when, and what they were answered."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.base import Inbound
from bot.commands.types import Actor, Asked, Reply
from storage.types import ChannelKey
from tests.fakes.simulation.weather import FINE_UNTIL_S

ACTORS = (Actor(id="U1", name="Ada"), Actor(id="U2", name="Ben"), Actor(id="U3", name="Cem"))


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that someone is going to type."""

    at_s: float
    channel: ChannelKey
    actor: Actor
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was typed, and what was answered; None when the program died over it."""

    wish: Wish
    reply: Reply | None


class People:
    """They outlive the program; what they type while it is down is heard by nobody."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self.said: list[Said] = []
        self._wishes = sorted(wishes, key=lambda wish: wish.at_s)

    async def speak(self, inbound: Inbound) -> None:
        """Type what is wished from now on, without waiting for answers."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as talk:
            for wish in [wish for wish in self._wishes if wish.at_s >= loop.time()]:
                await asyncio.sleep(wish.at_s - loop.time())
                talk.create_task(self._say(inbound, wish), name="person")
            await asyncio.Event().wait()

    async def _say(self, inbound: Inbound, wish: Wish) -> None:
        asked = Asked(actor=wish.actor, channel=wish.channel, channel_name=wish.channel.channel, text=wish.text)
        reply = None
        try:
            reply = await inbound.answer(asked)
        finally:
            self.said.append(Said(wish, reply))


def opening(
    channels: Sequence[ChannelKey], accounts: Sequence[str], labels: Sequence[str], chance: random.Random
) -> list[Wish]:
    """What each channel is set up with in the first minute. The first watches everyone, without posting."""
    wishes = []
    for number, channel in enumerate(channels):
        watched = accounts if number == 0 else chance.sample(accounts, max(1, len(accounts) // 3))
        texts = [
            f"/labels set {', '.join(chance.sample(labels, 3))}",
            *(["/alerts shadow"] if number == 0 else []),
            f"/watch {' '.join(f'@{account}' for account in watched)}",
        ]
        for place, text in enumerate(texts):
            wishes.append(Wish(1.0 + number + place * 10, channel, ACTORS[0], text))
    return wishes


def whims(
    channels: Sequence[ChannelKey],
    accounts: Sequence[str],
    labels: Sequence[str],
    *,
    count: int,
    day_s: float,
    chance: random.Random,
) -> list[Wish]:
    """What people come to think of during the day; nobody touches the first channel."""
    return [
        Wish(
            chance.uniform(FINE_UNTIL_S, day_s),
            chance.choice(channels[1:]),
            chance.choice(ACTORS),
            _whim(accounts, labels, chance),
        )
        for _ in range(count)
    ]


def _whim(accounts: Sequence[str], labels: Sequence[str], chance: random.Random) -> str:
    account, label, alert = chance.choice(accounts), chance.choice(labels), chance.randint(1, 2_000)
    filters = ["-retweets", "-replies", f'-label:"{label}"', "+keyword:today", "min:60%"]
    kinds: list[tuple[int, str]] = [
        (40, f"{chance.choice(['+1', '-1', '0'])} {alert}"),
        (12, f"/watch @{account}"),
        (6, f"/watch @{account} {chance.choice(filters)}"),
        (8, f"/unwatch @{account}"),
        (4, f'/labels add "{label}"'),
        (3, f'/labels remove "{label}"'),
        (4, f"/threshold set {chance.randint(20, 70)}%"),
        (2, f'/threshold set {chance.randint(20, 70)}% "{label}"'),
        (2, "/threshold reset"),
        (4, f"/alerts pause {chance.randint(1, 90)}m"),
        (2, f"/alerts pause {chance.randint(1, 90)}m @{account}"),
        (3, "/alerts resume"),
        (1, f"/alerts {chance.choice(['off', 'shadow'])}"),
        (12, "/alerts on"),
        (3, "/config undo"),
        (2, f"/test a word on {label} today"),
        (1, f"/why {alert}"),
        (1, "/health"),
        (1, "/stats"),
    ]
    return chance.choices([text for _, text in kinds], [weight for weight, _ in kinds])[0]
