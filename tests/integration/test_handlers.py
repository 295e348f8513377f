"""What people type, answered by the whole house: the texts they read, what was changed, and above all what was not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.commands import values
from bot.commands.config_file import ConfigFile, from_yaml
from bot.commands.errors import UNCHANGED, UsageError
from bot.commands.grammar import parse
from bot.commands.types import Actor, ButtonKind, Reply
from classifier.types import Mode
from storage import alerts, audit, decisions, schema
from storage.database import Database
from storage.types import AlertId, AlertState, Channel, ChannelKey, Judged, Reason
from tests.fakes.chat import FakeChat
from tests.fakes.house import ADA, BEN, OPS, Rig, a_house

CEM = Actor(id="U3", name="Cem")
GUEST = Actor(id="U4", name="Gus", member=False)
CHIEF = Actor(id="U5", name="Chief", admin=True)
DEV = ChannelKey(platform="fake", workspace="team", channel="dev")
ELSEWHERE = ChannelKey(platform="another", workspace="guild", channel="ops")

_ALARMS = {0, 1, 7, 12, 20}
"""Of 22 posts; the last 20 hold three of them."""

POSTS: list[dict[str, Any]] = [
    {"id": "s1", "author": "storm_desk", "text": "A storm is coming to the coast"},
    *(
        {
            "id": f"v{number}",
            "author": "vendor_sec",
            "text": f"Notice {number} of a security hole" if number in _ALARMS else f"Lunch number {number} was good",
        }
        for number in range(22)
    ),
    {"id": "s2", "author": "storm_desk", "text": "https://example.org/a-link-alone"},
]


@pytest.fixture
async def rig(database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    """Nothing is set, nothing was played."""
    async with a_house(database, tmp_path / "posts.jsonl", POSTS) as opened:
        yield opened


async def say_all(rig: Rig, *lines: str, actor: Actor = ADA, channel: ChannelKey = OPS) -> list[Reply]:
    """These lines, a minute apart."""
    replies = []
    for line in lines:
        replies.append(await rig.say(line, actor=actor, channel=channel))
        await rig.clock.advance(60)
    return replies


async def everything_set(rig: Rig) -> list[list[Any]]:
    """Every row of the tables that hold settings, and of their history."""
    tables = (schema.channels, schema.labels, schema.watches, schema.pauses, schema.audit)

    def work(connection: sa.Connection) -> list[list[Any]]:
        queries = (sa.select(table).order_by(*table.primary_key) for table in tables)
        return [[tuple(row) for row in connection.execute(query)] for query in queries]

    return await rig.house.database.read(work)


async def set_here(rig: Rig, channel: ChannelKey = OPS) -> Channel:
    found = await rig.stored_channel(channel)
    assert found is not None
    return found


async def refused(rig: Rig, line: str, actor: Actor = ADA, channel: ChannelKey = OPS) -> str:
    """The answer to a line that must not change anything, and be told to nobody else."""
    before = await everything_set(rig)
    reply = await rig.say(line, actor=actor, channel=channel)
    assert await everything_set(rig) == before
    assert (reply.public, reply.buttons) == (False, ())
    assert UNCHANGED in reply.text or "nothing was changed" in reply.text, reply.text
    return reply.text


async def alerted(rig: Rig) -> None:
    """Five alerts of @vendor_sec, 1 to 5."""
    await say_all(rig, "/labels set security", "/watch @vendor_sec")
    await rig.play()


# --- the texts -------------------------------------------------------------------------------------------------------


async def test_added(rig: Rig) -> None:
    await say_all(rig, "/labels set security, database", "/watch @storm_desk")
    await rig.play()
    reply = await rig.say("/watch @vendor_sec")
    assert reply.text.startswith(
        "Watching @vendor_sec. This channel gets alerts for security, database above 40%; "
        "3 of its last 20 posts would have alerted."
    )
    assert "The model reads English only." in reply.text
    assert reply.public
    assert [(button.label, button.kind) for button in reply.buttons] == [("Undo", ButtonKind.COMMAND)]


async def test_already(rig: Rig) -> None:
    await say_all(rig, "/watch @vendor_sec", actor=BEN)
    before = await everything_set(rig)
    reply = await rig.say("/watch @vendor_sec")
    assert reply.text == (
        "Already watching @vendor_sec (added by Ben, 2026-11-02 09:00 UTC). To change it: /watch @vendor_sec -retweets"
    )
    assert (reply.public, reply.buttons) == (False, ())
    assert await everything_set(rig) == before


async def test_not_found(rig: Rig) -> None:
    assert await refused(rig, "/watch @vendro_sec") == (
        "I could not find @vendro_sec on X. Did you mean @vendor_sec? Nothing was changed."
    )


async def test_bad_argument(rig: Rig) -> None:
    assert await refused(rig, "/watch @vendor_sec -retwets") == (
        '"-retwets" is not a filter. Did you mean -retweets? Nothing was changed. Example: /watch @acct -retweets'
    )


async def test_source_not_set_up(rig: Rig) -> None:
    text = await refused(rig, "/watch @news@mastodon.social")
    assert text == (
        "I can't watch Mastodon here yet: REPLAY_FILE plays in place of the network. Ask whoever runs me. Nothing was "
        "changed."
    )


async def test_no_labels(rig: Rig) -> None:
    no_labels = "This channel has no labels yet, so nothing can alert. /labels set security, database"
    assert [reply.text for reply in await say_all(rig, "/labels", "/test a text")] == [no_labels, no_labels]
    assert no_labels in (await rig.say("/watch @vendor_sec")).text


async def test_bad_percent(rig: Rig) -> None:
    assert await refused(rig, "/threshold set 150% security") == (
        "150% is not possible. Use 1% to 99%, for example /threshold set 60% security. Nothing was changed."
    )


async def test_cannot_post(rig: Rig) -> None:
    rig.chat.closed[OPS] = "I am not in this channel yet. Type /invite @lapwing, then repeat."
    assert await refused(rig, "/watch @vendor_sec") == (
        "I am not in this channel yet. Type /invite @lapwing, then repeat. Nothing was changed."
    )


async def test_not_allowed(rig: Rig) -> None:
    await say_all(rig, "/config lock @U2 <@U3|Cem>")
    assert await refused(rig, "/labels set security") == (
        "Only managers may change settings here: U2, Cem. You can still use /test, /why, /stats. Nothing was changed."
    )


async def test_our_fault(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeChat):
        async def can_send(self, channel: ChannelKey) -> str | None:
            raise ZeroDivisionError("a bug")

    async with a_house(database, tmp_path / "posts.jsonl", POSTS, chat=Broken()) as rig:
        text = await refused(rig, "/watch @vendor_sec")
    beginning = "Sorry, that did not work and nothing was changed. Code "
    assert text.startswith(beginning)
    assert f"code={text.removeprefix(beginning).removesuffix('.')}" in caplog.text


# --- all or nothing --------------------------------------------------------------------------------------------------

_SET = (
    '/labels set security, database, "supply chain"',
    "/watch @vendor_sec -retweets +label:security min:60%",
    "/watch @storm_desk",
    "/threshold set 50%",
    "/alerts pause 2h @storm_desk",
)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("/watch @storm_desk @nobody", "@nobody"),
        ("/watch @vendor_sec -replies -retwets", "-retwets"),
        ("/watch @vendor_sec +label:sekurity", "security"),
        ("/unwatch @vendor_sec -lable:y", "-lable:y"),
        ("/unwatch @vendor_sec @nobody", "@nobody"),
        ("/unwatch @vendor_sec -retweets -replies", "-replies"),
        ("/unwatch @vendor_sec min:70%", "min:70%"),
        ("/unwatch all please", "please"),
        ("/labels add weather, database", "database"),
        (f"/labels add {', '.join(f'label {number}' for number in range(18))}", "21 labels"),
        ("/labels remove security, sports", "sports"),
        ('/labels describe sekurity "a breach"', "security"),
        (f'/labels describe security "{"x" * 201}"', "200 characters"),
        (f"/labels add {'x' * 61}", "60 characters"),
        ("/labels add all", "all"),
        ("/threshold set 60% sekurity", "security"),
        ("/threshold set 1", "1% or 100%?"),
        ("/threshold set 0%", "0%"),
        ("/threshold set 100% security", "100%"),
        ("/threshold reset sekurity", "security"),
        ("/alerts pause 2h @vendro_sec", "@vendro_sec"),
        ("/alerts pause 2h sekurity", "security"),
        ("/alerts of", "off"),
        ("/config undo 99", "99"),
        ("/config undo last", "last"),
        ("/config lock ann", "ann"),
        ("/config import apply beef", "beef"),
        ("+1 99", "99"),
    ],
)
async def test_what_is_partly_wrong_is_not_done_at_all_and_the_bad_part_is_named(
    rig: Rig, line: str, named: str
) -> None:
    await say_all(rig, *_SET)
    assert named in await refused(rig, line)


async def test_twenty_labels_are_not_too_many(rig: Rig) -> None:
    await say_all(rig, *_SET)
    reply = await rig.say(f"/labels add {', '.join(f'label {number}' for number in range(17))}")
    assert reply.public
    assert len((await set_here(rig)).labels) == 20


@pytest.mark.parametrize("written", ["60", "60%", "0.6"])
async def test_a_percentage_may_be_written_in_three_ways(rig: Rig, written: str) -> None:
    await rig.say(f"/threshold set {written}")
    assert (await set_here(rig)).threshold == 0.6


async def test_curly_quotes_commas_and_links_are_understood(rig: Rig) -> None:
    await say_all(
        rig, "/labels set “supply chain”, security", "/watch @storm_desk,https://x.com/vendor_sec -keyword:“a b”"
    )
    channel = await set_here(rig)
    assert [label.name for label in channel.labels] == ["supply chain", "security"]
    assert {watch.account.handle for watch in channel.watches} == {"storm_desk", "vendor_sec"}
    assert {watch.filters.not_keywords for watch in channel.watches} == {("a b",)}


async def test_unwatch_all_asks_first(rig: Rig) -> None:
    await say_all(rig, *_SET)
    before = await everything_set(rig)
    asks = await rig.say("/unwatch all")
    assert await everything_set(rig) == before
    assert not asks.public
    (yes,) = asks.buttons
    await rig.say(yes.value)
    assert (await set_here(rig)).watches == ()


async def test_a_label_that_goes_takes_its_filters_with_it_and_says_so(rig: Rig) -> None:
    await say_all(rig, *_SET)
    reply = await rig.say("/labels remove security")
    assert "Filters that named a removed label went with it: @vendor_sec." in reply.text
    vendor = next(watch for watch in (await set_here(rig)).watches if watch.account.handle == "vendor_sec")
    assert (vendor.filters.labels, vendor.filters.minimum) == ((), 0.6)


async def test_labels_set_says_what_it_added_removed_and_kept(rig: Rig) -> None:
    await say_all(rig, *_SET)
    reply = await rig.say("/labels set Security, weather")
    assert "added weather; removed database, supply chain; kept Security" in reply.text


# --- who sees the answer ---------------------------------------------------------------------------------------------

_READS = (
    "/watch",
    "/labels",
    "/labels list",
    "/threshold",
    "/alerts",
    "/test a security hole",
    "/why 1",
    "/stats",
    "/health",
    "/config",
    "/config show",
    "/config export",
    "/config log",
    "/help",
    "/labels help",
)
_CHANGES = (
    "/labels set security, lunch",
    "/labels add weather",
    "/labels remove weather",
    '/labels describe lunch "food"',
    "/labels mode exclusive",
    "/labels mode independent",
    "/threshold set 70% security",
    "/threshold reset",
    "/alerts shadow",
    "/alerts pause 2h",
    "/alerts resume",
    "/watch @storm_desk -quotes",
    "/unwatch @storm_desk -quotes",
    "/unwatch @storm_desk",
    "/unwatch all yes",
    "/config lock @U9",
    "/config lock off",
    "/config undo",
)


async def test_a_change_is_told_to_the_channel_with_a_way_back_and_noted_in_its_log(rig: Rig) -> None:
    await alerted(rig)
    await rig.say("/threshold set 60%")
    for line in _CHANGES:
        before = await everything_set(rig)
        reply = await rig.say(line, actor=CHIEF)
        assert reply.public, line
        assert await everything_set(rig) != before
        newest = (await rig.house.database.read(lambda connection: audit.log(connection, OPS, 1)))[0]
        assert (newest.actor_name, newest.command) == ("Chief", line)
        if line != "/config undo":
            assert [button.value for button in reply.buttons] == [f"/config undo {newest.id}"], line


async def test_a_read_changes_nothing_and_is_told_to_the_one_who_asked(rig: Rig) -> None:
    await alerted(rig)
    for line in _READS:
        before = await everything_set(rig)
        reply = await rig.say(line)
        assert await everything_set(rig) == before
        assert not reply.public, line
        assert UNCHANGED not in reply.text, line
        assert all(button.kind is ButtonKind.SHARE for button in reply.buttons), line


async def test_what_was_so_already_is_told_in_private_and_not_noted(rig: Rig) -> None:
    await say_all(rig, *_SET)
    before = await everything_set(rig)
    for line in (
        "/threshold set 50%",
        "/alerts on",
        "/labels mode independent",
        "/labels set security, database, supply chain",
    ):
        reply = await rig.say(line)
        assert (reply.public, reply.buttons) == (False, ()), line
    assert await everything_set(rig) == before


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [GUEST, BEN], ids=["a guest", "no manager, in a locked channel"])
async def test_who_may_not_changes_nothing_but_may_read_and_judge(rig: Rig, actor: Actor) -> None:
    await alerted(rig)
    await rig.say("/threshold set 60%")
    await rig.say("/config lock @U1")
    for line in (*_CHANGES, "/config import {lapwing: 1}", "/config import apply beef", "/config undo 1"):
        assert "You can still use /test, /why, /stats." in await refused(rig, line, actor=actor)
    for line in _READS:
        if line != "/config export":
            assert UNCHANGED not in (await rig.say(line, actor=actor)).text, line
    assert (await rig.say("-1 1", actor=actor)).public


async def test_managers_and_admins_may_change_a_locked_channel(rig: Rig) -> None:
    await rig.say("/config lock @U2")
    assert (await rig.say("/labels set security", actor=BEN)).public
    assert (await rig.say("/labels set weather", actor=CHIEF)).public
    assert (await rig.say("/labels set weather", channel=DEV)).public, "another channel is not locked"
    assert (await rig.say("/config lock off", actor=BEN)).public
    assert (await rig.say("/labels set database")).public


async def test_an_admin_who_is_no_member_changes_nothing(rig: Rig) -> None:
    await refused(rig, "/labels set security", actor=Actor(id="U6", name="Eve", member=False, admin=True))


# --- judging ---------------------------------------------------------------------------------------------------------


async def judgements(rig: Rig, alert: int = 1) -> dict[str, Judged]:
    found = await rig.house.database.read(lambda connection: alerts.load(connection, AlertId(alert)))
    assert found is not None
    return {one.actor_name: one.judged for one in found.judgements}


async def test_of_one_persons_judgements_the_last_one_holds_until_it_is_withdrawn(rig: Rig) -> None:
    await alerted(rig)
    assert (await rig.say("+1 1")).text == "Alert 1 is marked relevant by Ada."
    await rig.say("-1 1")
    await rig.say("+1 1", actor=BEN)
    assert await judgements(rig) == {"Ada": Judged.NOT_RELEVANT, "Ben": Judged.RELEVANT}
    assert (await rig.say("0 1")).public
    assert await judgements(rig) == {"Ben": Judged.RELEVANT}
    assert await judgements(rig, 2) == {}


async def test_pressing_twice_changes_nothing_and_is_told_to_one_alone(rig: Rig) -> None:
    await alerted(rig)
    for line in ("-1 1", "0 1"):
        assert (await rig.say(line)).public
        before = await judgements(rig), await rig.owed()
        assert not (await rig.say(line)).public
        assert (await judgements(rig), await rig.owed()) == before


async def test_an_alert_of_another_channel_cannot_be_judged_or_asked_about(rig: Rig) -> None:
    await alerted(rig)
    unknown = await refused(rig, "-1 99", channel=DEV)
    assert (await refused(rig, "-1 1", channel=DEV)).replace("1", "99") == unknown, "it tells that alert 1 exists"
    assert "no alert 1" in (await rig.say("/why 1", channel=DEV)).text
    assert await judgements(rig) == {}


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pause", ["/alerts pause 2h", "/alerts pause 2h @vendor_sec", "/alerts pause 2h security"])
async def test_what_comes_while_paused_is_decided_as_paused_and_never_sent(rig: Rig, pause: str) -> None:
    await say_all(rig, "/labels set security", "/watch @vendor_sec", pause)
    await rig.play()
    found = await rig.house.database.read(lambda connection: decisions.latest(connection, OPS, 100))
    assert [one.reason for one in found].count(Reason.PAUSED) == len(_ALARMS)
    await rig.say("/alerts resume")
    await rig.advance(3 * 3600)
    assert (await rig.owed()).waiting == 0
    assert await rig.house.database.read(lambda connection: alerts.latest(connection, OPS, 10)) == []


# --- undo ------------------------------------------------------------------------------------------------------------


async def test_undo_takes_back_the_newest_change_that_stands_then_the_one_before(rig: Rig) -> None:
    await say_all(rig, "/threshold set 50%", "/threshold set 60%", "/alerts off")
    for threshold, state in ((0.6, AlertState.ON), (0.5, AlertState.ON), (None, AlertState.ON)):
        reply = await rig.say("/config undo", actor=BEN)
        assert reply.public
        assert reply.text.startswith("Took back what Ada changed with ")
        channel = await set_here(rig)
        assert (channel.threshold, channel.alerts) == (threshold, state)
    assert await refused(rig, "/config undo") == "There is nothing left to undo here. Nothing was changed."


async def test_after_an_undo_a_new_change_is_the_newest_again(rig: Rig) -> None:
    await say_all(rig, "/threshold set 50%", "/threshold set 60%", "/config undo", "/threshold set 70%", "/config undo")
    assert (await set_here(rig)).threshold == 0.5
    await rig.say("/config undo")
    assert (await set_here(rig)).threshold is None


async def test_an_undo_button_names_its_change_and_takes_back_that_one_alone(rig: Rig) -> None:
    replies = await say_all(rig, "/threshold set 50%", "/alerts off", "/labels set security", "/labels add database")
    pressed = await rig.say(replies[2].buttons[0].value)
    assert "/labels set security" in pressed.text
    channel = await set_here(rig)
    assert (channel.threshold, channel.alerts) == (0.5, AlertState.OFF)
    assert [label.name for label in channel.labels] == ["database"]


async def test_an_undo_button_refuses_when_a_later_change_touched_the_same_setting(rig: Rig) -> None:
    first, later = await say_all(rig, "/threshold set 50%", "/threshold set 60%")
    text = await refused(rig, first.buttons[0].value)
    assert "/threshold set 60%" in text
    assert later.buttons[0].value in text, "the one to undo first is named"
    await rig.say(later.buttons[0].value)
    await rig.say(first.buttons[0].value)
    assert (await set_here(rig)).threshold is None


async def test_an_undo_button_works_once(rig: Rig) -> None:
    (reply,) = await say_all(rig, "/threshold set 50%")
    await rig.say(reply.buttons[0].value)
    assert "undone already" in await refused(rig, reply.buttons[0].value)


async def test_a_change_of_another_channel_cannot_be_undone_from_here(rig: Rig) -> None:
    (reply,) = await say_all(rig, "/threshold set 50%", channel=DEV)
    await refused(rig, reply.buttons[0].value)
    await refused(rig, "/config undo")
    assert (await set_here(rig, DEV)).threshold == 0.5


# --- exclusive mode --------------------------------------------------------------------------------------------------


async def test_exclusive_mode_refuses_what_lets_every_post_through_and_says_what_share(rig: Rig) -> None:
    """One of the 24 is a link alone; what fits neither label scores 50% for both."""
    await say_all(rig, "/labels set security, lunch", "/watch @vendor_sec @storm_desk")
    await rig.play()
    text = await refused(rig, "/labels mode exclusive")
    assert "2 labels share 100%" in text
    assert "With these settings 23 of the last 24 posts (95%) would have alerted." in text
    await say_all(rig, "/threshold set 60%", "/labels mode exclusive")
    assert (await set_here(rig)).mode is Mode.EXCLUSIVE
    for line in ("/threshold set 50%", "/threshold reset", "/threshold set 50% lunch"):
        assert "of the last 24 posts" in await refused(rig, line)
    await rig.say("/threshold set 51%")
    await say_all(rig, "/labels add storm")
    assert (await rig.say("/threshold set 34%")).public
    assert "of the last 24 posts" in await refused(rig, "/labels remove storm")


# --- export and import -----------------------------------------------------------------------------------------------

_FILE = """/config import
lapwing: 1
mode: exclusive
threshold: 70%
alerts: shadow
labels:
- {name: security, description: "a breach, an exploit", threshold: 80%}
- {name: supply chain}
watches:
- {account: "@vendor_sec", filters: [-retweets, '+label:"supply chain"', 'min:75%']}
- {account: "@storm_desk"}
"""


async def apply(rig: Rig, file: str, channel: ChannelKey = OPS) -> Reply:
    shown = await rig.say(file, channel=channel)
    (yes,) = shown.buttons
    return await rig.say(yes.value, channel=channel)


async def test_an_import_shows_the_difference_and_changes_nothing_before_it_is_applied(rig: Rig) -> None:
    await say_all(rig, *_SET)
    before = await everything_set(rig)
    shown = await rig.say(_FILE)
    assert not shown.public
    assert await everything_set(rig) == before
    assert "~ threshold: 50% -> 70%" in shown.text
    assert "- label database" in shown.text
    (yes,) = shown.buttons
    applied = await rig.say(yes.value)
    assert applied.public
    channel = await set_here(rig)
    assert (channel.mode, channel.threshold, channel.alerts) == (Mode.EXCLUSIVE, 0.7, AlertState.SHADOW)
    assert [(one.name, one.label.description, one.threshold) for one in channel.labels] == [
        ("security", "a breach, an exploit", 0.8),
        ("supply chain", "", None),
    ]
    assert [watch.account.handle for watch in channel.watches] == ["vendor_sec", "storm_desk"]
    assert len(channel.pauses) == 1, "a file does not speak of pauses"
    await refused(rig, yes.value)


async def test_an_import_does_nothing_when_settings_changed_after_it_was_shown(rig: Rig) -> None:
    await say_all(rig, *_SET)
    (yes,) = (await rig.say(_FILE)).buttons
    await rig.say("/labels add storm")
    assert "have changed since this import was shown" in await refused(rig, yes.value)
    (yes,) = (await rig.say(_FILE)).buttons
    assert "- label storm" in (await rig.say(yes.value)).text


async def test_an_import_is_one_change_to_undo(rig: Rig) -> None:
    await say_all(rig, *_SET)
    before = await set_here(rig)
    await apply(rig, _FILE)
    await rig.say("/config undo")
    assert await set_here(rig) == before


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("@storm_desk", "@nobody", "@nobody"),
        ("exclusive", "exclusiv", "exclusiv"),
        ("threshold: 70%", "threshold: 170%", "170%"),
        ("threshold: 70%", "threshold: 40%", "every post"),
        ('+label:"supply chain"', "+label:sports", "sports"),
        ("-retweets", "-retwets", "-retwets"),
        ("name: supply chain", "name: Security", "Security"),
        ("name: supply chain", "name: all", "all"),
        ("alerts: shadow", "alert: shadow", "alert"),
        ("lapwing: 1", "lapwing: 2", "lapwing: 1"),
        ("labels:", "labels: [", "YAML"),
        ("labels:\n", "labels: &a\n- *a\n", "reference"),
    ],
)
async def test_a_file_with_one_wrong_part_imports_nothing_and_the_part_is_named(
    rig: Rig, right: str, wrong: str, named: str
) -> None:
    await say_all(rig, *_SET)
    assert right in _FILE
    assert named in await refused(rig, _FILE.replace(right, wrong, 1))
    assert rig.house.imports == {}, "it could be applied"


async def test_the_same_file_works_for_a_channel_of_another_platform(rig: Rig) -> None:
    await apply(rig, _FILE)
    exported = (await rig.say("/config export")).text
    await apply(rig, f"/config import\n{exported}", ELSEWHERE)
    assert (await rig.say("/config export", channel=ELSEWHERE)).text == exported
    here, there = await set_here(rig), await set_here(rig, ELSEWHERE)
    assert (there.mode, there.threshold, there.alerts, there.labels) == (
        here.mode,
        here.threshold,
        here.alerts,
        here.labels,
    )
    assert [(watch.account, watch.filters) for watch in there.watches] == [
        (watch.account, watch.filters) for watch in here.watches
    ]


# --- whatever people type --------------------------------------------------------------------------------------------

_numbers = count(1)


def a_new_channel() -> ChannelKey:
    """One that no other example has touched: examples share a database."""
    return ChannelKey(platform="fake", workspace="team", channel=f"example {next(_numbers)}")


def is_valid(check: Any) -> Any:
    def valid(text: str) -> bool:
        try:
            check(text)
        except ValueError:
            return False
        return text == " ".join(text.split())

    return valid


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_QUOTES = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="“”„‟«»")
_texts = st.text(_QUOTES, min_size=1, max_size=12).filter(is_valid(values.check_name))
_known_labels = st.sampled_from(
    ["security", "database", "supply chain", "a, b", "null", "1.5", "yes", "2026-01-01", "- x", "a: b #c", 'say "x"']
)
_labels = _known_labels | _texts
_label_lists = st.lists(_labels, min_size=1, max_size=4, unique_by=str.casefold).map(
    lambda names: ", ".join(map(quoted, names))
)
_accounts = st.sampled_from(["@vendor_sec", "@storm_desk", "@vendor_sec @storm_desk"])
_filters = st.one_of(
    st.sampled_from(["-retweets", "-replies", "-quotes", "lang:en", "lang:en,de", "min:60%", "min:75.5%"]),
    st.builds(lambda sign, name: f"{sign}label:{quoted(name)}", st.sampled_from("+-"), _labels),
    st.builds(lambda sign, word: f"{sign}keyword:{quoted(word)}", st.sampled_from("+-"), _texts),
)
_filter_lists = st.lists(_filters, max_size=3).map(" ".join)
_percents = st.integers(1, 99).map(lambda number: f"{number}%") | st.sampled_from(["12.5%", "0.333", "51.25%"])
_or_none = st.one_of(st.just(""), _labels.map(quoted))

changing_lines = st.one_of(
    st.builds("/labels set {}".format, _label_lists),
    st.builds("/labels add {}".format, _label_lists),
    st.builds("/labels remove {}".format, _labels.map(quoted)),
    st.builds("/labels describe {} {}".format, _known_labels.map(quoted), _texts.map(quoted) | st.just('""')),
    st.sampled_from(["/labels mode exclusive", "/labels mode independent"]),
    st.builds("/threshold set {} {}".format, _percents, _or_none),
    st.builds("/threshold reset {}".format, _or_none),
    st.sampled_from(["/alerts on", "/alerts off", "/alerts shadow", "/alerts resume"]),
    st.builds("/alerts pause 2h {}".format, _or_none | _accounts.filter(lambda one: " " not in one)),
    st.builds("/watch {} {}".format, _accounts, _filter_lists),
    st.builds("/unwatch {} {}".format, _accounts, _filter_lists),
    st.sampled_from(["/unwatch all yes", "/config lock @ann @bob", "/config lock off", "/config undo", _FILE]),
)
lines_of_changes = st.lists(changing_lines, min_size=1, max_size=12)

_EXAMPLES = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
_FIRST = "/labels set security, database"


async def play_lines(rig: Rig, lines: list[str], channel: ChannelKey) -> None:
    """Say these as an admin, whom no lock keeps out; an import that is shown is applied."""
    for line in lines:
        reply = await rig.say(line, actor=CHIEF, channel=channel)
        for button in reply.buttons:
            if button.value.startswith("/config import apply"):
                await rig.say(button.value, actor=CHIEF, channel=channel)
        assert "Code " not in reply.text, f"{line}: {reply.text}"
        await rig.clock.advance(1)


@given(lines=lines_of_changes)
@_EXAMPLES
async def test_any_changes_undone_one_by_one_end_where_they_began(rig: Rig, lines: list[str]) -> None:
    channel = a_new_channel()
    await play_lines(rig, [_FIRST, *lines], channel)
    for _ in range(len(lines) + 2):
        if (await rig.say("/config undo", actor=CHIEF, channel=channel)).text.startswith("There is nothing left"):
            break
    assert await set_here(rig, channel) == Channel(key=channel, name=channel.channel)


@given(lines=lines_of_changes)
@_EXAMPLES
async def test_importing_what_was_exported_changes_nothing(rig: Rig, lines: list[str]) -> None:
    channel = a_new_channel()
    await play_lines(rig, [_FIRST, *lines], channel)
    exported = (await rig.say("/config export", actor=CHIEF, channel=channel)).text
    for fence in ("{}", "```\n{}\n```"):
        shown = await rig.say(f"/config import\n{fence.format(exported)}", actor=CHIEF, channel=channel)
        assert shown.text == "This is what is set here already: importing it would change nothing."


@given(lines=st.lists(changing_lines, max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_file_gives_another_channel_the_same_settings(rig: Rig, lines: list[str]) -> None:
    one, other = a_new_channel(), a_new_channel()
    await play_lines(rig, [_FIRST, *lines], one)
    exported = (await rig.say("/config export", actor=CHIEF, channel=one)).text
    await play_lines(rig, [f"/config import\n{exported}"], other)
    imported = (await rig.say("/config export", actor=CHIEF, channel=other)).text
    assert without_order(imported) == without_order(exported)


def without_order(exported: str) -> ConfigFile:
    """What a file says, its watches sorted: those that come in one import were added at one moment."""
    said = from_yaml(exported)
    return replace(said, watches=tuple(sorted(said.watches, key=lambda watch: watch[0].name)))


_WORDS = st.sampled_from(
    ["/watch", "/unwatch", "/labels", "/labels set", "/labels mode", "/threshold set", "/alerts", "/alerts pause", "/"]
) | st.sampled_from(["/config", "/config import", "/config undo", "/config lock", "/help", "+1", "-1", "0", ""])
junk_lines = st.builds(
    "{} {}".format, _WORDS, st.text(max_size=30) | st.sampled_from(['"', "150%", "@", "-x", "[", "1"])
)

_STRICT = st.sampled_from(
    [
        "/labels mode exclusive",
        "/threshold set 60%",
        "/threshold reset",
        "/alerts off",
        "/alerts shadow",
        "/alerts resume",
        "/alerts pause 2h",
        "/alerts pause 2h @vendor_sec",
        "/watch @storm_desk",
        "/watch @vendor_sec -replies",
        "/unwatch @vendor_sec",
        "/unwatch @vendor_sec -retweets",
        "/unwatch all",
        "/unwatch all yes",
        "/labels remove security,",
        "/labels remove security",
        "/config undo",
        "/config undo 1",
        "/config lock off",
        "/config lock @ann",
    ]
)
_JUNK = st.from_regex(r"[-+]?zq[a-z]{0,8}(:[a-z]{0,5})?", fullmatch=True) | st.sampled_from(
    ["-retwets", "-lable:y", "+keywrd:x", "min:150%", "lang:", '"', "150%", "yess"]
)


@pytest.fixture
async def steered(rig: Rig) -> Rig:
    """A channel with something to lose, and alerts."""
    await alerted(rig)
    await say_all(rig, *_SET)
    return rig


def is_usage_error(line: str) -> bool:
    try:
        parse(line)
    except UsageError:
        return True
    return False


@given(line=junk_lines)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_line_that_is_no_command_changes_no_row(steered: Rig, line: str) -> None:
    assume(is_usage_error(line))
    await refused(steered, line)


@given(line=_STRICT, junk=_JUNK)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_command_with_a_word_too_many_changes_no_row(steered: Rig, line: str, junk: str) -> None:
    await refused(steered, f"{line} {junk}")
