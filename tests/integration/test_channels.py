"""Channels with their settings, the audit of every change, and judgements: what people do is kept as they did it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.types import Mode
from sources.types import PostKind
from storage import alerts, audit, channels, decisions, judgements, logits
from storage import posts as posts_storage
from storage.audit import By, Change
from storage.database import Database
from storage.settings_items import difference, pause_target, put_back, to_items, with_items
from storage.types import (
    AlertId,
    AlertState,
    Channel,
    ChannelKey,
    Filters,
    Judged,
    Judgement,
    Manager,
    Pause,
    PostId,
    Watch,
)
from tests.fakes.builders import (
    MODEL,
    NOW,
    TEMPLATE,
    a_channel,
    a_decision,
    a_judgement,
    a_key,
    a_label,
    a_post,
    a_watch,
    an_account,
)

# --- saving and loading ----------------------------------------------------------------------------------------------

instants = st.datetimes(timezones=st.just(UTC))
thresholds = st.none() | st.floats(0, 1)
words = st.text(max_size=20)
few_words = st.lists(words, max_size=2).map(tuple)
accounts = st.builds(an_account, words, source=words, id=words, name=words)
chat_labels = st.builds(a_label, words, description=words, threshold=thresholds)
chat_filters = st.builds(
    Filters,
    labels=few_words,
    not_labels=few_words,
    keywords=few_words,
    not_keywords=few_words,
    without=st.frozensets(st.sampled_from(PostKind)),
    langs=few_words,
    minimum=thresholds,
)
chat_watches = st.builds(Watch, account=accounts, added_by=words, added_at=instants, filters=chat_filters)
chat_pauses = st.builds(Pause, until=instants, account=accounts) | st.builds(Pause, until=instants, label=words)


def _folded(label: Any) -> str:
    return str(label.name.casefold())


def _account(watch: Watch) -> tuple[str, str]:
    return (watch.account.source, watch.account.id)


def _as_added(watches: list[Watch]) -> tuple[Watch, ...]:
    """Watches have no order but when they were added; those of one moment stand by source and id."""
    return tuple(sorted(watches, key=lambda watch: (watch.added_at, *_account(watch))))


def _by_target(pauses: list[Pause]) -> tuple[Pause, ...]:
    """Pauses have no order but that of what they are for."""
    return tuple(sorted(pauses, key=pause_target))


random_channels = st.builds(
    Channel,
    key=st.builds(ChannelKey, platform=words, workspace=words, channel=words),
    name=words,
    mode=st.sampled_from(Mode),
    threshold=thresholds,
    alerts=st.sampled_from(AlertState),
    pauses=st.lists(chat_pauses, max_size=3, unique_by=pause_target).map(_by_target),
    suspended=words,
    labels=st.lists(chat_labels, max_size=6, unique_by=_folded).map(tuple),
    watches=st.lists(chat_watches, max_size=6, unique_by=_account).map(_as_added),
    managers=st.lists(st.builds(Manager, id=words, name=words), max_size=3).map(tuple),
)


async def save(database: Database, channel: Channel) -> None:
    await database.transaction(lambda connection: channels.save(connection, channel))


async def load(database: Database, key: ChannelKey) -> Channel | None:
    return await database.read(lambda connection: channels.load(connection, key))


@given(before=random_channels, after=random_channels)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_channel_is_loaded_as_it_was_saved_last(database: Database, before: Channel, after: Channel) -> None:
    after = replace(after, key=before.key)  # the second settings replace the first ones, of which nothing stays

    def work(connection: sa.Connection) -> Channel | None:
        channels.save(connection, before)
        channels.save(connection, after)
        return channels.load(connection, after.key)

    assert await database.transaction(work) == after


async def test_every_channel_is_loaded_with_its_own_settings_and_nobody_elses(database: Database) -> None:
    several = [
        a_channel("one"),
        a_channel("two", labels=(a_label("weather"), a_label("database")), watches=()),
        a_channel("one", key=a_key("one", workspace="another"), labels=(), watches=(a_watch("storm_desk"),)),
    ]

    def work(connection: sa.Connection) -> list[Channel]:
        for channel in several:
            channels.save(connection, channel)
        return channels.load_all(connection)

    loaded = await database.transaction(work)
    assert {channel.key: channel for channel in loaded} == {channel.key: channel for channel in several}
    assert [await load(database, channel.key) for channel in several] == several


async def test_a_channel_where_nothing_was_set_is_not_known(database: Database) -> None:
    await save(database, a_channel("one"))
    assert await load(database, a_key("another")) is None


async def test_a_suspended_channel_keeps_its_settings(database: Database) -> None:
    def work(connection: sa.Connection) -> None:
        channels.save(connection, a_channel("one"))
        channels.save(connection, a_channel("two"))
        channels.suspend(connection, a_key("one"), "the bot was removed")

    await database.transaction(work)
    one, two = await database.read(channels.load_all)
    assert one == a_channel("one", suspended="the bot was removed")
    assert two == a_channel("two")


@pytest.mark.parametrize(("name", "same"), [("Security", "SECURITY"), ("Straße", "STRASSE"), ("Ölpest", "ÖLPEST")])
async def test_two_labels_that_differ_in_case_only_are_refused_and_nothing_is_saved(
    database: Database, name: str, same: str
) -> None:
    await save(database, a_channel())
    twice = a_channel(labels=(a_label(name), a_label(same)), threshold=0.9)
    with pytest.raises(sa.exc.IntegrityError):
        await save(database, twice)
    assert await database.read(channels.load_all) == [a_channel()]


async def test_the_same_label_may_stand_in_two_channels(database: Database) -> None:
    for name in ("one", "two"):
        await save(database, a_channel(name))
    assert len(await database.read(channels.load_all)) == 2


# --- settings as flat items ------------------------------------------------------------------------------------------


@given(channel=random_channels)
@settings(max_examples=100)
def test_a_channel_written_as_items_reads_back_as_it_was(channel: Channel) -> None:
    assert with_items(channel, to_items(channel)) == channel


@given(before=random_channels, after=random_channels)
@settings(max_examples=100)
def test_putting_back_what_differs_gives_the_settings_from_before(before: Channel, after: Channel) -> None:
    after = replace(after, key=before.key, name=before.name, suspended=before.suspended)
    old, new = difference(before, after)
    assert put_back(after, old) == before
    assert put_back(before, new) == after


# --- the audit -------------------------------------------------------------------------------------------------------


def by(minute: int = 0) -> By:
    return By(actor="U1", actor_name="Ada", command=f"/a command {minute}", at=NOW + timedelta(minutes=minute))


async def record(
    database: Database, before: Channel, after: Channel, minute: int = 0, undoes: int | None = None
) -> int | None:
    def work(connection: sa.Connection) -> int | None:
        channels.save(connection, after)
        return audit.record(connection, before=before, after=after, by=by(minute), undoes=undoes)

    return await database.transaction(work)


async def history(database: Database, *over_time: Channel) -> list[int]:
    """These settings, each in place of the one before; the numbers of the changes."""
    found = [
        await record(database, before, after, minute) for minute, (before, after) in enumerate(pairwise(over_time))
    ]
    return [number for number in found if number is not None]


async def log(database: Database, key: ChannelKey, limit: int = 10) -> list[Change]:
    return await database.read(lambda connection: audit.log(connection, key, limit))


async def change(database: Database, number: int, key: ChannelKey | None = None) -> Change:
    found = await database.read(lambda connection: audit.load(connection, key or a_key(), number))
    assert found is not None
    return found


async def newest(database: Database) -> int | None:
    found = await database.read(lambda connection: audit.newest_to_undo(connection, a_key()))
    return None if found is None else found.id


async def in_the_way(database: Database, number: int) -> int | None:
    this = await change(database, number)
    found = await database.read(lambda connection: audit.later_in_the_way(connection, a_key(), this))
    return None if found is None else found.id


def _label_item(name: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "description": "", "threshold": None} | parts


_UNTIL = datetime(2026, 11, 2, 11, tzinfo=UTC)
_WEATHER = a_label("Weather", description="storms and floods", threshold=0.5)


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ({"threshold": 0.6}, {"threshold": None}, {"threshold": 0.6}),
        ({"mode": Mode.EXCLUSIVE}, {"mode": "independent"}, {"mode": "exclusive"}),
        ({"alerts": AlertState.SHADOW}, {"alerts": "on"}, {"alerts": "shadow"}),
        (
            {"managers": (Manager(id="U2", name="Ben"),)},
            {"managers": []},
            {"managers": [{"id": "U2", "name": "Ben"}]},
        ),
        (
            {"pauses": (Pause(until=_UNTIL, label="Security"),)},
            {"pause label security": None},
            {"pause label security": {"until": "2026-11-02T11:00:00+00:00", "account": None, "label": "Security"}},
        ),
        (
            {"labels": (_WEATHER,), "mode": Mode.EXCLUSIVE},
            {
                "mode": "independent",
                "order of labels": ["security"],
                "label security": _label_item("security"),
                "label weather": None,
            },
            {
                "mode": "exclusive",
                "order of labels": ["weather"],
                "label security": None,
                "label weather": _label_item("Weather", description="storms and floods", threshold=0.5),
            },
        ),
        (
            {"labels": (a_label(threshold=0.7),)},
            {"label security": _label_item("security")},
            {"label security": _label_item("security", threshold=0.7)},
        ),
    ],
)
async def test_the_audit_tells_who_changed_what_when_and_nothing_that_stayed(
    database: Database, changes: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    number = await record(database, a_channel(), a_channel(**changes), 3)
    assert number is not None
    entry = await change(database, number)
    assert (entry.before, entry.after) == (before, after)
    assert (entry.actor_name, entry.command, entry.at) == ("Ada", "/a command 3", NOW + timedelta(minutes=3))
    assert (entry.undoes, entry.undone_by) == (None, None)


async def test_the_audit_names_the_account_that_is_watched_no_more(database: Database) -> None:
    await record(database, a_channel(), a_channel(watches=()))
    (entry,) = await log(database, a_key())
    (item,) = entry.before
    assert entry.before[item]["account"]["handle"] == "vendor_sec"
    assert entry.after == {item: None}


@pytest.mark.parametrize("nothing", [{}, {"suspended": "the bot was removed"}, {"name": "renamed"}])
async def test_a_command_that_changes_no_setting_is_not_in_the_audit(
    database: Database, nothing: dict[str, Any]
) -> None:
    assert await record(database, a_channel(), a_channel(**nothing)) is None
    assert await log(database, a_key()) == []


async def test_the_audit_of_a_channel_is_its_own_newest_first(database: Database) -> None:
    await history(database, *(a_channel(threshold=threshold) for threshold in (None, 0.1, 0.2, 0.3)))
    other = await record(database, a_channel("another"), a_channel("another", threshold=0.9))
    assert other is not None
    assert [entry.after["threshold"] for entry in await log(database, a_key(), 2)] == [0.3, 0.2]
    assert await database.read(lambda connection: audit.load(connection, a_key(), other)) is None
    assert (await change(database, other, a_key("another"))).after == {"threshold": 0.9}


async def test_the_newest_to_undo_is_neither_undone_nor_an_undoing(database: Database) -> None:
    states = [a_channel(threshold=threshold) for threshold in (None, 0.1, 0.2)]
    first, second = await history(database, *states)
    assert await newest(database) == second
    undoing = await record(database, states[2], states[1], undoes=second)
    assert await newest(database) == first
    assert (await change(database, second)).undone_by == undoing
    await record(database, states[1], states[0], undoes=first)
    assert await newest(database) is None


async def test_an_undoing_that_finds_nothing_to_change_is_noted_all_the_same(database: Database) -> None:
    (first,) = await history(database, a_channel(), a_channel(threshold=0.1))
    assert await record(database, a_channel(), a_channel(), undoes=first) is not None
    assert await newest(database) is None, "it would be undone again and again, and nothing before it ever"


async def test_a_later_change_is_in_the_way_where_it_touched_the_same_setting_only(database: Database) -> None:
    one, two = a_label("one"), a_label("two")
    first, other, same = await history(
        database,
        a_channel(labels=(one,)),
        a_channel(labels=(replace(one, threshold=0.6),)),
        a_channel(labels=(replace(one, threshold=0.6), two)),
        a_channel(labels=(replace(one, threshold=0.7), two)),
    )
    assert await in_the_way(database, first) == same
    assert await in_the_way(database, other) is None
    assert await in_the_way(database, same) is None


async def test_what_was_taken_back_is_in_nobodys_way(database: Database) -> None:
    states = [a_channel(threshold=threshold) for threshold in (None, 0.1, 0.2)]
    first, second = await history(database, *states)
    assert await in_the_way(database, first) == second
    await record(database, states[2], states[1], undoes=second)
    assert await in_the_way(database, first) is None


async def test_labels_added_one_after_the_other_are_not_in_each_others_way(database: Database) -> None:
    one, two, three = (a_label(name) for name in ("one", "two", "three"))
    first, _ = await history(
        database, a_channel(labels=(one,)), a_channel(labels=(one, two)), a_channel(labels=(one, two, three))
    )
    assert await in_the_way(database, first) is None
    left = put_back(a_channel(labels=(one, two, three)), (await change(database, first)).before)
    assert left.labels == (one, three)


# --- judgements ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def alert(database: Database) -> AlertId:
    """An alert that the default channel is owed."""

    def work(connection: sa.Connection) -> AlertId:
        channels.save(connection, a_channel())
        posts_storage.add(connection, [a_post()], NOW)
        model = logits.model_number(connection, MODEL, TEMPLATE)
        decisions.add(connection, model, [a_decision(PostId(1))], NOW)
        return alerts.latest(connection, a_key(), 1)[0].id

    return await database.transaction(work)


async def judge(database: Database, judgement: Judgement) -> bool:
    return await database.transaction(lambda connection: judgements.give(connection, a_key(), judgement))


async def judged(database: Database, alert: AlertId) -> list[Judgement]:
    found = await database.read(lambda connection: judgements.of_alerts(connection, [alert]))
    return found.get(alert, [])


async def test_an_alert_nobody_judged_has_no_judgement(database: Database, alert: AlertId) -> None:
    assert await judged(database, alert) == []


async def test_a_persons_last_judgement_replaces_the_earlier_one(database: Database, alert: AlertId) -> None:
    changed_mind = a_judgement(alert, judged=Judged.NOT_RELEVANT, given_at=NOW + timedelta(hours=1))
    assert await judge(database, a_judgement(alert))
    assert await judge(database, changed_mind)
    assert await judged(database, alert) == [changed_mind]


async def test_the_same_judgement_again_changes_nothing(database: Database, alert: AlertId) -> None:
    first = a_judgement(alert)
    await judge(database, first)
    assert not await judge(database, replace(first, given_at=NOW + timedelta(hours=1)))
    assert await judged(database, alert) == [first]


async def withdraw(database: Database, alert: AlertId, actor: str = "U1") -> bool:
    return await database.transaction(lambda connection: judgements.withdraw(connection, alert, actor))


async def test_a_judgement_that_is_withdrawn_leaves_those_of_others(database: Database, alert: AlertId) -> None:
    bens = a_judgement(alert, actor="U2", actor_name="Ben")
    await judge(database, a_judgement(alert))
    await judge(database, bens)
    assert await withdraw(database, alert)
    assert await judged(database, alert) == [bens]


async def test_there_is_nothing_to_withdraw_twice_or_of_someone_who_said_nothing(
    database: Database, alert: AlertId
) -> None:
    await judge(database, a_judgement(alert))
    assert not await withdraw(database, alert, "U2")
    assert await withdraw(database, alert)
    assert not await withdraw(database, alert)
    assert await judge(database, a_judgement(alert)), "it may be given again"


async def test_each_person_has_a_judgement_and_the_alert_shows_them_in_order(
    database: Database, alert: AlertId
) -> None:
    late = a_judgement(alert, actor="U1", given_at=NOW + timedelta(minutes=2))
    early = a_judgement(alert, actor="U2", actor_name="Ben", judged=Judged.NOT_RELEVANT)
    await judge(database, late)
    await judge(database, early)
    shown = await database.read(lambda connection: alerts.load(connection, alert))
    assert shown is not None
    assert shown.judgements == (early, late)


async def test_an_alert_that_does_not_exist_cannot_be_judged(database: Database, alert: AlertId) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        await judge(database, a_judgement(AlertId(alert + 1)))
    assert await database.read(lambda connection: alerts.load(connection, AlertId(alert + 1))) is None
