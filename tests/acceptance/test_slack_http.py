"""The same Lapwing over HTTP: Slack posts signed requests to its web server, where health and metrics are, too."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.chat.slack.manifest import manifest
from tests.fakes.lookout import PUBLIC, Home, a_line, answer, cards, first_card, judged, posted, said, until, whispers
from tests.fakes.slack import FakeSlack

RCE = "Critical security flaw in ExampleDB"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest(url=PUBLIC)) as running:
        yield running
        assert running.complaints == []


@pytest.fixture
def home(slack: FakeSlack, tmp_path: Path) -> Home:
    return Home(slack=slack, folder=tmp_path)


async def test_a_day_over_http(slack: FakeSlack, home: Home) -> None:
    ada, ben = slack.person("ada"), slack.person("ben")
    ops = slack.channel("ops", ada, ben)
    home.plays(a_line(1, RCE))
    async with home.awake() as app:
        assert await slack.http.verify()
        card = await first_card(ada, ops)
        assert RCE in said(card)
        assert (await ada.presses(card, "Not relevant")).acknowledged
        (modal,) = await until(lambda: ada.views)
        await ada.submits(modal, {"Reason": "a drill"})
        await judged(app, ("ada", "not relevant", "a drill"))
        await ben.reacts(card, "+1::skin-tone-2")
        await judged(app, ("ada", "not relevant", "a drill"), ("ben", "relevant", ""))
        await ben.unreacts(card, "+1::skin-tone-2")
        await judged(app, ("ada", "not relevant", "a drill"))
        assert "Alert 1" in await answer(ben, ops, "/why 1")
        await ada.mentions(ops, "<@BOT> why 1", thread_ts=card.ts)
        await until(lambda: any("Alert 1" in text for text in whispers(ada, ops)))
        await ada.uses_shortcut(card, "why")
        await until(lambda: sum("Alert 1" in text for text in whispers(ada, ops)) == 2)
        assert "paused until" in await answer(ada, ops, "/alerts pause 2h")
        assert "No longer watching" in await answer(ada, ops, "/unwatch @vendor_sec")
    assert cards(ops) == [card]


async def test_what_is_stale_or_wrongly_signed_is_refused_and_does_nothing(
    slack: FakeSlack, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        url = f"{home.address}/slack/events"
        event = {"type": "app_mention", "user": ada.id, "channel": ops.id, "text": "<@U0> labels set a", "ts": "1.0"}
        body = json.dumps({"type": "event_callback", "team_id": "T0HOME0000", "event_id": "Ev1", "event": event})
        stale, _, _ = await slack.http.post(url, body, "application/json", age_s=301)
        early, _, _ = await slack.http.post(url, body, "application/json", age_s=-301)
        forged, _, _ = await slack.http.post(url, body, "application/json", secret="0" * 32)
        async with aiohttp.ClientSession() as session:
            unsigned = (await session.post(url, data=body, headers={"Content-Type": "application/json"})).status
        assert {stale, early, forged, unsigned} <= {401, 403}
        assert "or this machine's clock is wrong" in caplog.text  # whoever keeps Lapwing running has to find out
        assert "or SLACK_SIGNING_SECRET is wrong" in caplog.text
        assert "no labels yet" in await answer(ada, ops, "/labels")
        right, _, _ = await slack.http.post(url, body, "application/json")
        assert right == 200
        await until(lambda: any("added a" in said(one) for one in posted(ops)))


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_bodies_that_are_no_payloads_are_refused_and_harm_nothing(
    slack: FakeSlack, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    async with home.awake():
        url = f"{home.address}/slack/events"
        json_, form = "application/json", "application/x-www-form-urlencoded"
        for body, kind, expected in [
            ("", json_, 404),
            ("{}", json_, 404),
            ("{", json_, 400),
            ("payload={", form, 400),
            ("a" * 2_000_000, "text/plain", 413),
        ]:
            status, _, _ = await slack.http.post(url, body, kind)
            assert status == expected, body[:20]
            forged, _, _ = await slack.http.post(url, body, kind, secret="0" * 32)
            assert forged in {401, 413}, body[:20]
        for stamp in ("", "soon", "-1", "²"):
            headers = {"X-Slack-Request-Timestamp": stamp}
            status, _, _ = await slack.http.post(url, "{}", json_, headers=headers)
            assert status == 401, stamp
        assert "no labels yet" in await answer(ada, ops, "/labels")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_health_and_metrics_answer(slack: FakeSlack, home: Home) -> None:
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    home.plays(a_line(1, RCE))
    async with home.awake(), aiohttp.ClientSession() as session:
        await first_card(ada, ops)
        async with session.get(f"{home.address}/healthz") as health:
            assert (health.status, (await health.json())["status"]) == (200, "ok")
        text = ""
        async with asyncio.timeout(10):
            while "lapwing_outbox_owed_deliveries 0.0" not in text:  # the card is seen before its outcome is written
                async with session.get(f"{home.address}/metrics") as metrics:
                    text = await metrics.text()
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert 'lapwing_posts_new_total{source="replay"} 1.0' in text


async def test_what_comes_before_lapwing_is_ready_is_put_off(slack: FakeSlack, home: Home) -> None:
    slack.courier.retry_after_s = (0.2,) * 20
    ada = slack.person("ada")
    ops = slack.channel("ops", ada)
    slack.app.reached_at[PUBLIC] = home.address
    delivery = await ada.mentions(ops, "<@BOT> labels set security")
    assert delivery is not None
    assert not delivery.acknowledged
    async with home.awake():
        await until(lambda: delivery.acknowledged)
        await until(lambda: any("added security" in said(one) for one in posted(ops)))
