"""What is played when the program is killed again and again, and what must have come of it in the end.

What must come of it is computed here from the posts, the channels' settings and the null engine's checksums, without
any of the program's own rooms.
"""

import json
import math
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from classifier.null import entailment
from classifier.types import Label, Mode
from sources.types import Account
from storage import channels as channels_room
from storage.database import Connection, open_database
from storage.failpoints import Commit
from storage.types import AlertState, Channel, ChannelKey, ChannelLabel, Filters, Watch
from tests.fakes.http_chat import WORKSPACE, HttpChat

LABELS = ("flood", "security", "outage", "fire", "storm", "strike", "election", "recall", "fraud", "earthquake")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NO_WORDS = 0.02
REPEATED = 0.15
LATE_S = 4.0
"""How far the dates of neighbouring posts, a second apart, are thrown about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """A post of the trial; its id tells nothing of its place."""

    id: str
    author: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where channels are. `channel` is what each of them is called, with a place for its number."""

    platform: str
    workspace: str
    channel: str

    def key(self, number: int) -> ChannelKey:
        """The channel of this number."""
        return ChannelKey(platform=self.platform, workspace=self.workspace, channel=self.channel.format(number))


IN_HTTP = Place(platform=HttpChat.name, workspace=WORKSPACE, channel="channel{}")


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Posts, and the channels that want them."""

    posts: tuple[Played, ...]
    channels: tuple[Channel, ...]

    def watched(self) -> set[tuple[str, str]]:
        """Every (post, channel) that must be decided."""
        return {(post.id, channel.key.channel) for post in self.posts for channel, _ in self._watching(post)}

    def owed(self) -> set[tuple[str, str]]:
        """Every (post, channel) that must alert."""
        return {
            (post.id, channel.key.channel)
            for post in self.posts
            for channel, watch in self._watching(post)
            if must_alert(channel, watch, post.text)
        }

    def _watching(self, post: Played) -> list[tuple[Channel, Watch]]:
        return [
            (channel, watch)
            for channel in self.channels
            for watch in channel.watches
            if watch.account.id == post.author
        ]


def must_alert(channel: Channel, watch: Watch, text: str) -> bool:
    """Whether the null engine's answers about this text are an alert for this channel."""
    if channel.alerts is not AlertState.ON or not any(letter.isalpha() for letter in text.partition("https:")[0]):
        return False
    asked = [entailment(text, f"This text is about {label.name}.") for label in channel.labels]
    logits = [float(np.float32(logit)) for logit in asked]
    least = [max(channel.threshold_for(label), watch.filters.minimum or 0.0) for label in channel.labels]
    if channel.mode is Mode.EXCLUSIVE and len(logits) > 1:
        top = max(range(len(logits)), key=logits.__getitem__)
        return 1 / sum(math.exp(logit - logits[top]) for logit in logits) > least[top]
    return any(1 / (1 + math.exp(-logit)) > threshold for logit, threshold in zip(logits, least, strict=True))


def a_world(seed: str, *, posts: int, channels: int, places: Sequence[Place] = (IN_HTTP,)) -> World:
    """As many posts by accounts that are all watched, some by several of the channels, which are set in many ways.

    About one post in five that a channel watches alerts: enough that every life has some to send, few enough that
    a channel's messages, one after the other, do not take longer than all the lives together. The channels are dealt
    out to the places in turn.
    """
    dice = random.Random(f"{seed} world")
    accounts = [f"account{number}" for number in range(2 * channels)]
    wanted = [{*accounts[2 * number :][:2], dice.choice(accounts)} for number in range(channels)]
    ids = dice.sample(range(10 * posts), posts)
    return World(
        posts=tuple(_a_post(dice, str(number), dice.choice(accounts)) for number in ids),
        channels=tuple(
            _a_channel(dice, places[number % len(places)].key(number), number, sorted(watched))
            for number, watched in enumerate(wanted)
        ),
    )


def _a_post(dice: random.Random, post: str, author: str) -> Played:
    link = f"https://example.org/{post}"
    return Played(id=post, author=author, text=link if dice.random() < NO_WORDS else f"Post {post}: word is {link}")


def _a_channel(dice: random.Random, key: ChannelKey, number: int, accounts: Sequence[str]) -> Channel:
    names = dice.sample(LABELS, dice.choice((1, 1, 2, 3)))
    alone = len(names) == 1
    exclusive = not alone and dice.random() < 0.3
    thresholds = (0.98, 0.99) if exclusive else (None, 0.8, 0.9, 0.9) if alone else (0.9, 0.95)
    quiet = {1: AlertState.SHADOW, 2: AlertState.OFF}
    return Channel(
        key=key,
        name=key.channel,
        mode=Mode.EXCLUSIVE if exclusive else Mode.INDEPENDENT,
        threshold=dice.choice(thresholds),
        alerts=quiet.get(number, AlertState.ON),
        labels=tuple(
            ChannelLabel(label=Label(name=name), threshold=0.995 if dice.random() < 0.2 else None) for name in names
        ),
        watches=tuple(
            Watch(
                account=Account(source="x", id=account, handle=account),
                added_by="Ada",
                added_at=LONG_AGO,
                filters=Filters(minimum=0.7 if dice.random() < 0.2 else None),
            )
            for account in accounts
        ),
    )


def write_replay(path: Path, world: World, seed: str, play_s: float) -> float:
    """Write the posts out of order, some of them again later; returns the speed at which they last `play_s` seconds.

    The last line is of a post not seen before: once that one is stored, everything is.
    """
    dice = random.Random(f"{seed} replay")
    order = [(place, post) for place, post in enumerate(world.posts[:-1])]
    again = [(dice.uniform(place, len(order)), post) for place, post in order if dice.random() < REPEATED]
    lines = [post for _, post in sorted([*order, *again], key=lambda one: one[0])] + [world.posts[-1]]
    dates = [LONG_AGO + timedelta(seconds=place + dice.uniform(-LATE_S, LATE_S)) for place in range(len(lines))]
    with path.open("w", encoding="utf-8") as file:
        for post, date in zip(lines, dates, strict=True):
            written = {"id": post.id, "author": post.author, "text": post.text, "created_at": date.isoformat()}
            file.write(json.dumps(written) + "\n")
    forwards = sum(max(0.0, (after - before).total_seconds()) for before, after in pairwise(dates))
    return max(forwards, 1.0) / play_s


async def prepare(path: Path, world: World) -> None:
    """A database that knows the channels and nothing else."""

    def save_all(connection: Connection) -> None:
        for channel in world.channels:
            channels_room.save(connection, channel)

    async with open_database(path) as database:
        await database.transaction(save_all, Commit.SETTINGS)


def waiting(path: Path, world: World) -> int:
    """How many posts are not stored or not decided, and how many deliveries are not settled."""
    with closing(read_only(path)) as connection:
        stored, undecided, unsettled = connection.execute(
            "SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM inbox WHERE set_aside IS NULL),"
            " (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending', 'ambiguous'))"
        ).fetchone()
    return len(world.posts) - int(stored) + int(undecided) + int(unsettled)


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that can disturb nothing: one that only reads never checkpoints."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
