"""Channels with their settings, the audit of every change, and judgements: what people do is kept as they did it."""

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.types import Mode
from storage import alerts, audit, channels, decisions, judgements, logits
from storage import posts as posts_storage
from storage.database import Database
from storage.types import AlertId, AlertState, Channel, ChannelKey, Judged, Judgement, PostId, Watch
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
chat_labels = st.builds(a_label, words, description=words, threshold=thresholds)
chat_watches = st.builds(
    Watch,
    account=st.builds(an_account, words, source=words, id=words, name=words),
    added_by=words,
    added_at=instants,
)


def _folded(label: Any) -> str:
    return str(label.name.casefold())


def _account(watch: Watch) -> tuple[str, str]:
    return (watch.account.source, watch.account.id)


def _as_added(watches: list[Watch]) -> tuple[Watch, ...]:
    """Watches have no order but when they were added; those of one moment stand by source and id."""
    return tuple(sorted(watches, key=lambda watch: (watch.added_at, *_account(watch))))


random_channels = st.builds(
    Channel,
    key=st.builds(ChannelKey, platform=words, workspace=words, channel=words),
    name=words,
    mode=st.sampled_from(Mode),
    threshold=thresholds,
    alerts=st.sampled_from(AlertState),
    paused_until=st.none() | instants,
    suspended=words,
    labels=st.lists(chat_labels, max_size=6, unique_by=_folded).map(tuple),
    watches=st.lists(chat_watches, max_size=6, unique_by=_account).map(_as_added),
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


# --- the audit -------------------------------------------------------------------------------------------------------


async def record(database: Database, before: Channel, after: Channel, minute: int = 0) -> bool:
    def work(connection: sa.Connection) -> bool:
        channels.save(connection, after)
        return audit.record(
            connection,
            before=before,
            after=after,
            actor="U1",
            actor_name="Ada",
            command="/a command",
            at=NOW + timedelta(minutes=minute),
        )

    return await database.transaction(work)


async def log(database: Database, key: ChannelKey, limit: int = 10) -> list[Any]:
    return await database.read(lambda connection: audit.log(connection, key, limit))


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ({"threshold": 0.6}, {"threshold": None}, {"threshold": 0.6}),
        ({"mode": Mode.EXCLUSIVE}, {"mode": "independent"}, {"mode": "exclusive"}),
        ({"alerts": AlertState.SHADOW}, {"alerts": "on"}, {"alerts": "shadow"}),
        ({"paused_until": NOW}, {"paused_until": None}, {"paused_until": "2026-11-02T09:00:00+00:00"}),
        (
            {"labels": (a_label("weather", description="storms and floods", threshold=0.5),), "mode": Mode.EXCLUSIVE},
            {"labels": [{"name": "security", "description": "", "threshold": None}], "mode": "independent"},
            {
                "labels": [{"name": "weather", "description": "storms and floods", "threshold": 0.5}],
                "mode": "exclusive",
            },
        ),
    ],
)
async def test_the_audit_tells_who_changed_what_when_and_nothing_that_stayed(
    database: Database, change: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert await record(database, a_channel(), a_channel(**change))
    (entry,) = await log(database, a_key())
    assert (entry.before, entry.after) == (before, after)
    assert (entry.actor, entry.actor_name, entry.command, entry.at) == ("U1", "Ada", "/a command", NOW)


async def test_the_audit_names_the_account_that_is_watched_no_more(database: Database) -> None:
    assert await record(database, a_channel(), a_channel(watches=()))
    (entry,) = await log(database, a_key())
    assert [watch["handle"] for watch in entry.before["watches"]] == ["vendor_sec"]
    assert entry.after == {"watches": []}


@pytest.mark.parametrize("change", [{}, {"suspended": "the bot was removed"}, {"name": "renamed"}])
async def test_a_command_that_changes_no_setting_is_not_in_the_audit(
    database: Database, change: dict[str, Any]
) -> None:
    assert not await record(database, a_channel(), a_channel(**change))
    assert await log(database, a_key()) == []


async def test_the_audit_of_a_channel_is_its_own_newest_first(database: Database) -> None:
    settings_over_time = [a_channel(threshold=threshold) for threshold in (None, 0.1, 0.2, 0.3)]
    for minute, (before, after) in enumerate(pairwise(settings_over_time)):
        await record(database, before, after, minute)
    await record(database, a_channel("another"), a_channel("another", threshold=0.9))
    assert [entry.after["threshold"] for entry in await log(database, a_key(), 2)] == [0.3, 0.2]


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
