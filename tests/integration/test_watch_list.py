"""The watch list: what is taken up of one channel's change is what reading everything anew would find."""

from collections.abc import AsyncIterator, Collection
from functools import partial
from itertools import pairwise

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.pipeline.watch_list import WatchList
from sources.types import Account, Arrival, Cursor, Handle, Positions, Post, PostKind, SourceError, Wanted
from storage import channels, schema
from storage.database import Connection, Database
from storage.types import Channel, Filters
from tests.fakes.builders import TEMPLATE, a_channel, a_key, a_label, a_watch, an_account
from tests.fakes.source import Quiet

ELSEWHERE = "bluesky"


class Listener(Quiet):
    """A source that remembers whom it was told to watch; while it is unreachable it takes nothing in."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.serves = frozenset({name})
        self.told: list[list[Wanted]] = []
        self.reachable = True

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """Take note."""
        if not self.reachable:
            raise SourceError(f"{self.name} cannot be reached. Try again later.")
        self.told.append(list(wanted))

    async def posts(self, after: Positions) -> AsyncIterator[Arrival]:
        """Nothing but the beginning."""
        yield Arrival(cursor=Cursor("0"))

    async def recent(self, account: Account, limit: int) -> list[Post]:
        """None."""
        return []

    async def resolve(self, handle: Handle) -> Account:
        """Everyone exists."""
        return an_account(handle.name)


accounts = st.sampled_from(
    [
        an_account("one"),
        an_account("renamed", id=an_account("one").id),
        an_account("two"),
        an_account("one", source=ELSEWHERE),
        an_account("two", source=ELSEWHERE),
    ]
)
EVERYONE = [an_account(name, source=source) for name in ("one", "two") for source in ("x", ELSEWHERE)]

saved_channels = st.builds(
    a_channel,
    st.sampled_from("abcd"),
    threshold=st.none() | st.floats(0.1, 0.9),
    labels=st.sampled_from([(), (a_label(),), (a_label("outage", description="what is down"), a_label())]),
    watches=st.lists(
        accounts.map(lambda account: a_watch(account=account)),
        max_size=3,
        unique_by=lambda watch: (watch.account.source, watch.account.id),
    ).map(tuple),
)


async def save(database: Database, channel: Channel) -> None:
    await database.transaction(partial(channels.save, channel=channel))


def seen(watch_list: WatchList) -> object:
    """All that anyone can ask of it."""
    return (
        watch_list.channels(),
        [watch_list.channel(a_key(name)) for name in "abcd"],
        [watch_list.watchers(account).everyone for account in EVERYONE],
        [watch_list.accounts(frozenset({source})) for source in ("x", ELSEWHERE)],
    )


def forget_all(connection: Connection) -> None:
    for table in (schema.labels, schema.watches, schema.pauses, schema.channels):
        connection.execute(sa.delete(table))


@given(st.lists(saved_channels, max_size=3), st.lists(saved_channels, min_size=1, max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_taking_up_each_change_comes_to_what_taking_up_everything_does(
    database: Database, before: list[Channel], changes: list[Channel]
) -> None:
    await database.transaction(forget_all)
    for channel in before:
        await save(database, channel)
    listeners = [Listener("x"), Listener(ELSEWHERE)]
    one_by_one, anew = WatchList(database, listeners, TEMPLATE), WatchList(database, [], TEMPLATE)
    await one_by_one.refresh()
    for channel in changes:
        await save(database, channel)
        await one_by_one.refresh(channel.key)
        await anew.refresh()

        assert seen(one_by_one) == seen(anew)
        for listener in listeners:
            assert listener.told[-1] == anew.wanted(listener.serves)
    for listener in listeners:
        told = listener.told[1:]
        assert all(earlier != later for earlier, later in pairwise(listener.told)), "told what it knew"
        assert len(told) <= len(changes)


async def a_watch_list(database: Database, *listeners: Listener) -> WatchList:
    await save(database, a_channel("one", watches=(a_watch("one"),)))
    await save(database, a_channel("two", watches=(a_watch("one"), a_watch("two"))))
    watch_list = WatchList(database, listeners, TEMPLATE)
    await watch_list.refresh()
    return watch_list


async def change(database: Database, watch_list: WatchList, channel: Channel) -> None:
    await save(database, channel)
    await watch_list.refresh(channel.key)


async def test_a_source_is_told_when_its_accounts_change_and_at_no_other_time(database: Database) -> None:
    here, there = Listener("x"), Listener(ELSEWHERE)
    watch_list = await a_watch_list(database, here, there)
    for watches in [(), (a_watch("two"),), (a_watch("two"), a_watch("three"))]:
        await change(database, watch_list, a_channel("one", watches=watches))

    handles = [[one.account.handle for one in wanted] for wanted in here.told]
    assert handles == [["one", "two"], ["one", "three", "two"]]
    assert there.told == [[]], "once, at the start"


async def test_a_source_that_could_not_be_told_is_told_at_the_next_change_whatever_that_is(database: Database) -> None:
    listener = Listener("x")
    watch_list = await a_watch_list(database, listener)
    listener.reachable = False
    await change(database, watch_list, a_channel("one", watches=(a_watch("three"),)))
    listener.reachable = True
    await change(database, watch_list, a_channel("two", watches=(a_watch("one"), a_watch("two")), threshold=0.7))

    assert [one.account.handle for one in listener.told[-1]] == ["one", "three", "two"]


async def test_a_channel_that_is_stored_no_more_is_forgotten(database: Database) -> None:
    listener = Listener("x")
    watch_list = await a_watch_list(database, listener)
    await database.transaction(forget_all)
    await watch_list.refresh(a_key("two"))

    assert [channel.name for channel in watch_list.channels()] == ["one"]
    assert [one.account.handle for one in listener.told[-1]] == ["one"]


async def test_of_what_nobody_watches_there_are_no_watchers(database: Database) -> None:
    watch_list = await a_watch_list(database)

    assert watch_list.watchers(an_account("three")).everyone == ()
    assert watch_list.channel(a_key("three")) is None


async def test_a_source_is_told_which_kinds_of_posts_nobody_wants_any_more_and_which_somebody_does_again(
    database: Database,
) -> None:
    source = Listener("x")
    watch_list = await a_watch_list(database, source)
    narrow = a_watch("one", filters=Filters(without=frozenset({PostKind.RETWEET, PostKind.REPLY})))
    narrower = a_watch("one", filters=Filters(without=frozenset({PostKind.RETWEET})))
    await change(database, watch_list, a_channel("one", watches=(narrow,)))
    await change(database, watch_list, a_channel("two", watches=(narrower,)))
    await change(database, watch_list, a_channel("two", watches=(a_watch("one"),)))

    without = [{one.account.handle: one.without for one in told}.get("one") for told in source.told]
    assert without == [frozenset(), frozenset(), frozenset({PostKind.RETWEET}), frozenset()][1:]
