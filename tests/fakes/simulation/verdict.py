"""What was wrong with a day: every invariant, asked of the world as it was left."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import sqlalchemy as sa

from storage import channels
from storage.settings_items import Items, to_items
from storage.types import Channel
from tests.fakes import invariants
from tests.fakes.book import Book, MessageRow, WordRow, read_book, watchings
from tests.fakes.simulation.chat import PACE
from tests.fakes.simulation.day import CHANNELS, Day
from tests.fakes.simulation.source import POISON
from tests.fakes.simulation.time import START

_HEEDED_WITHIN_S = 5.0
"""How long a change of settings takes at most until posts are decided by it."""

_OLD_S = 30 * 60.0
_SENT_WITHIN_S = 5.0
"""How long at most lies between a look at an alert's age and the word to the chat."""

_SHOWN = 5

KILLED, STOPPED = "killed", "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is wrong, by the invariant that does not hold; and what the day was like, for people."""

    problems: Mapping[str, Sequence[str]]
    figures: Mapping[str, int]

    def __str__(self) -> str:
        return "\n".join(chain.from_iterable(map(_told, self.problems, self.problems.values())))


def judge(day: Day) -> Verdict:
    """Ask every invariant."""
    book = read_book(day.world.path)
    found = {**_of_posts(day, book), **_of_deliveries(day, book), **_of_people(day, book), **_of_the_house(day, book)}
    return Verdict(problems={name: wrong for name, wrong in found.items() if wrong}, figures=_figures(day, book))


def _of_posts(day: Day, book: Book) -> dict[str, list[str]]:
    watched, begin_s = watchings(book.changes), START.timestamp()
    asked = {pair: [begin_s + at for at in moments] for pair, moments in day.world.model.answered.items()}
    failed, ends = day.world.model.failed, [life.end_s for life in day.lives]
    mishaps = [begin_s + at for at in failed], [begin_s + at for at in ends]
    return {
        "seen once": invariants.seen_once(book.posts, {one.post.id for one in day.world.script}),
        "decided for all": invariants.decided_for_all(book.posts, book.decisions, watched, _HEEDED_WITHIN_S),
        "from now on": invariants.from_now_on(book.posts, book.decisions, watched, _HEEDED_WITHIN_S),
        "with reasons": invariants.with_reasons(book.posts, book.decisions),
        "set aside rightly": invariants.set_aside_rightly(book.posts, POISON),
        "scored once": invariants.scored_once(asked, *mishaps),
    }


def _of_deliveries(day: Day, book: Book) -> dict[str, list[str]]:
    begin_s, server = START.timestamp(), day.world.server
    messages = [
        MessageRow(
            receipt=one.receipt,
            channel=one.channel.channel,
            key=one.key,
            alerts=one.alerts,
            total=one.total,
            at_s=begin_s + one.at_s,
        )
        for one in server.messages
    ]
    words = [WordRow(channel=one.channel.channel, key=one.key, at_s=begin_s + one.at_s) for one in server.words]
    return {
        "owed once": invariants.owed_once(book.alerts, book.decisions, book.deliveries),
        "in the chat once": invariants.in_the_chat_once(book.alerts, book.deliveries, messages),
        "in order": invariants.in_order(book.alerts, book.deliveries, messages),
        "in pace": invariants.in_pace(words, PACE.total_seconds()),
        "old ones summed up": invariants.old_ones_summed_up(
            book.posts, book.alerts, book.deliveries, words, old_s=_OLD_S, leeway_s=_SENT_WITHIN_S
        ),
    }


def _of_people(day: Day, book: Book) -> dict[str, list[str]]:
    told = [
        (one.wish.channel.channel, one.wish.actor.id, one.wish.text)
        for one in day.world.people.said
        if one.reply is not None and one.reply.public and one.wish.text.startswith("/")
    ]
    blank = to_items(Channel(key=CHANNELS[0], name=""))
    return {
        "audited": invariants.audited(book.changes, _settings(day), blank),
        "answered and logged": invariants.answered_and_logged(told, book.changes),
    }


def _of_the_house(day: Day, book: Book) -> dict[str, list[str]]:
    return {
        "settled": invariants.settled(book.posts, book.deliveries, book.suspended),
        "nothing silent": invariants.health_tells(day.health, book.posts, book.deliveries),
        "sound": list(book.damage),
        "alive": [str(life) for life in day.lives if life.ending not in {KILLED, STOPPED}],
    }


def _settings(day: Day) -> dict[str, Items]:
    """Of the channels that people speak in."""
    engine = sa.create_engine(f"sqlite:///{day.world.path}")
    with engine.connect() as connection:
        found = {channel.key.channel: to_items(channel) for channel in channels.load_all(connection)}
    engine.dispose()
    return found


def _figures(day: Day, book: Book) -> dict[str, int]:
    kinds = Counter(f"{one.kind} {one.verb}s" for one in book.deliveries)
    return {
        "posts": len(book.posts),
        "decisions": len(book.decisions),
        "alerts": len(book.alerts),
        "messages": len(day.world.server.messages),
        "requests": sum(day.world.server.fates.values()),
        "set aside": sum(bool(post.set_aside) for post in book.posts),
        "changes": len(book.changes),
        "kills": sum(life.ending == KILLED for life in day.lives),
        "lives": len(day.lives),
        **dict(sorted(kinds.items())),
    }


def _told(name: str, found: Sequence[str]) -> list[str]:
    more = [f"{name}: and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return [*(f"{name}: {problem}" for problem in found[:_SHOWN]), *more]
