"""What people ask Lapwing in Slack, in all the ways there are, and who sees the answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from tests.fakes.classifier import TroubledClassifier
from tests.fakes.lookout import (
    Home,
    a_line,
    answer,
    cards,
    first_card,
    judged,
    posted,
    privately,
    said,
    until,
    whispers,
)
from tests.fakes.slack import FakeSlack, late

RCE = "Critical security flaw in ExampleDB <!channel> & @everyone"
PATCH = "A database patch is out."


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def home(slack: FakeSlack, tmp_path: Path) -> Home:
    return Home(slack=slack, folder=tmp_path)


async def test_reads_are_private_with_share_and_changes_public(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake():
        card = await first_card(ada, ops)
        changes = [said(message) for message in posted(ops) if message is not card]
        assert [text.split(".")[0] for text in changes] == ["Labels are set: added security", "Watching @vendor_sec"]
        for line, expected in [
            ("/test a security hole", "This would alert here for security."),
            ("/why 1", "is above its threshold"),
            ("/why https://x.com/vendor_sec/status/1", "Alert 1"),
            ("/stats", "security"),
            ("/health", "keyword:words"),
        ]:
            shown = len(posted(ops))
            assert expected in await answer(ada, ops, line)
            assert len(posted(ops)) == shown
        await ada.presses(ada.ephemerals(ops)[0], "Share")
        await until(lambda: any("This would alert here for security." in said(one) for one in ben.sees(ops)))
        assert ben.ephemerals(ops) == []
        assert "paused until" in await answer(ada, ops, "/alerts pause 2h")
        assert "paused until" in said(posted(ops)[-1])
        assert "No longer watching" in await answer(ada, ops, "/unwatch @vendor_sec")
        assert "@vendor_sec" in said(posted(ops)[-1])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/labels", "no labels yet"),
        ("/threshold", "The threshold here is 40% (default)."),
        ("/alerts", "No alerts here yet"),
        ("/config", "mode: independent"),
        ("/watch", "watches nobody yet"),
        ("/lapwing", "/watch"),
        ("/lapwing help labels", "/labels set"),
        ("/labels help", "/labels set"),
        ("/lapwing watch @vendro_sec", "Did you mean @vendor_sec? Nothing was changed."),
        ("/watch @news@mastodon.social", "I can't watch Mastodon here yet"),
        ("/watch @team.bsky.social", "I can't watch Bluesky here yet"),
        ("/watch @vendor_sec -retwets", "Did you mean -retweets? Nothing was changed."),
        ("/why https://x.com/vendor_sec/status/1?a=1&b=2", "vendor_sec"),
    ],
)
async def test_private_answers(slack: FakeSlack, home: Home, line: str, expected: str) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake():
        assert expected in await answer(ada, ops, line)
        assert posted(ops) == []


async def test_a_groups_bare_word_is_its_list_and_one_line_of_usage(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        bare = await answer(ada, ops, "/labels")
        listed = await answer(ada, ops, "/labels list")
    assert "no labels yet" in bare
    assert "/labels takes: list, set, add" in bare
    assert "takes:" not in listed


async def test_the_umbrella_and_mentions_do_what_commands_do(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake():
        assert "added security" in await answer(ada, ops, "/lapwing labels set security")
        assert "@vendor_sec" in await answer(ada, ops, "/lapwing watch @vendor_sec")
        (card,) = await until(lambda: cards(ops))
        await ada.mentions(ops, "<@BOT> threshold set 60%")
        await until(lambda: any("The threshold is 60% now." in said(one) for one in posted(ops)))
        await ada.mentions(ops, "<@BOT> why 1", thread_ts=card.ts)
        (why,) = await until(lambda: ada.ephemerals(ops))
        assert (why.thread_ts, "is above its threshold" in said(why)) == (card.ts, True)
        await ada.mentions(ops, "<@BOT> labels add database", thread_ts=card.ts)
        await until(lambda: posted(ops)[-1].thread_ts == card.ts and "added database" in said(posted(ops)[-1]))
        await ada.mentions(ops, "<@BOT>")
        await until(lambda: any("/watch" in text and "/labels" in text for text in whispers(ada, ops)))


async def test_shortcuts_on_an_alert_on_a_link_and_on_neither(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE), a_line(2, "Nothing of interest."))
    async with home.awake():
        card = await first_card(ada, ops)
        linked = await ada.says(ops, "what of https://x.com/vendor_sec/status/2 then?")
        plain = await ada.says(ops, "a security hole & <more>")
        for message, expected in [
            (card, "Alert 1"),
            (linked, "below"),
            (plain, "That message is no alert of mine, and holds no link to a post."),
        ]:
            asking = asyncio.create_task(privately(ada, ops))
            await asyncio.sleep(0)
            assert (await ada.uses_shortcut(message, "why")).acknowledged
            assert expected in await asking
        asking = asyncio.create_task(privately(ada, ops))
        await asyncio.sleep(0)
        await ada.uses_shortcut(plain, "classify")
        assert "This would alert here for security." in await asking


async def test_shortcuts_and_buttons_answer_where_lapwing_is_no_member(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    far = slack.channel("far", ada, bot=False)
    async with home.awake():
        message = await ada.says(far, "a security hole")
        await ada.uses_shortcut(message, "classify")
        await until(lambda: any("no labels yet" in text for text in whispers(ada, far)))
        await answer(ada, far, "/labels set security")
        await ada.presses(posted(far)[-1], "Undo")
        await until(lambda: any("Took back" in said(one) for one in posted(far)))
        assert "I am not in this channel yet. Type /invite @lapwing, then repeat. Nothing was changed." in await answer(
            ada, far, "/watch @nobody"
        )


async def test_a_slow_answer_is_announced_in_time(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    model = TroubledClassifier()
    home.classifier = model
    async with home.awake():
        await answer(ada, ops, "/labels set security")
        model.hang()
        began = time.monotonic()
        delivery = await ada.types(ops, "/test a security hole")
        assert delivery.latency_s is not None
        assert delivery.latency_s < 0.5
        assert await privately(ada, ops) == "Working on it…"
        assert time.monotonic() - began < 2.5
        model.may_answer.set()
        await until(lambda: any("This would alert here for security." in text for text in whispers(ada, ops)))
        assert slack.responses.answered[-1][0] == 200


async def test_why_takes_the_link_of_a_message(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops, other = slack.channel("ops", ada), slack.channel("other", ada)
    home.plays(a_line(1, RCE))
    async with home.awake():
        card = await first_card(ada, ops)
        link = f"https://home.slack.com/archives/{ops.id}/p{card.ts.replace('.', '')}"
        assert "Alert 1" in await answer(ada, ops, f"/why {link}")
        assert "Alert 1" in await answer(ada, ops, f"/why {link}?thread_ts={card.ts}&cid={ops.id}")
        assert "in another channel: ask there" in await answer(ada, other, f"/why {link}")
        plain = f"https://home.slack.com/archives/{ops.id}/p{posted(ops)[0].ts.replace('.', '')}"
        assert "no alert of mine" in await answer(ada, ops, f"/why {plain}")


async def test_nothing_delays_an_acknowledgement(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        card = await first_card(ada, ops)
        slack.faults.next("users.info", late(1.0))
        for delivery in (await ben.presses(card, "Relevant"), await ben.types(ops, "/labels")):
            assert delivery.latency_s is not None
            assert delivery.latency_s < 0.5
        await judged(app, ("ben", "relevant", ""))
        assert sum(call.method == "auth.test" for call in slack.calls) == 1
