"""What the doctor asks of each live source: one cheap request, and a public server that is away is no failure."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.chat.findings import Finding
from bot.settings import Settings
from bot.source_checks import examine
from sources.clock import SystemClock
from tests.fakes.bluesky import Refusal, bluesky
from tests.fakes.x import faults
from tests.fakes.x.answers import Answer
from tests.fakes.x.server import TOKEN, FakeX

NOBODY = "127.0.0.1:9"


async def found(**given: object) -> dict[str, Finding]:
    return {finding.about: finding async for finding in examine(Settings.model_validate(given))}


@asynccontextmanager
async def an_x() -> AsyncIterator[FakeX]:
    async with FakeX.running(SystemClock()) as x:
        yield x


async def of_x(x: FakeX, token: str = TOKEN) -> Finding:
    return (await found(sources="x", x_bearer_token=token, x_api_url=x.url))["x"]


async def test_x_is_asked_once_and_nothing_that_is_billed() -> None:
    async with an_x() as x:
        x.world.rules.add([{"value": "from:1 OR from:2"}])
        finding = await of_x(x)
        assert [request.path for request in x.requests] == ["/2/tweets/search/stream/rules"]
        assert x.answers.billed == []
    assert not finding.wrong
    assert finding.text == "the token is taken, 1 rule there. Lapwing owns all stream rules of its X app"


async def test_rules_of_somebody_else_are_told_before_they_are_deleted() -> None:
    async with an_x() as x:
        x.world.rules.add([{"value": "from:1"}, {"value": "cats has:images"}])
        finding = await of_x(x)
        assert len(x.world.rules.held) == 2
    assert (finding.wrong, finding.passing) == (True, True)
    assert "will delete 1 of 2, which others made" in finding.text


async def test_a_token_that_x_refuses_is_for_people_to_mend() -> None:
    async with an_x() as x:
        finding = await of_x(x, "of-somebody-else")
    assert (finding.wrong, finding.passing) == (True, False)
    assert "set X_BEARER_TOKEN" in finding.text


@pytest.mark.parametrize("fault", [faults.BUSY_PAGE, faults.TOO_MANY_REQUESTS])
async def test_an_x_that_has_no_time_comes_back(fault: Answer) -> None:
    async with an_x() as x:
        x.answers.faults["rules"] = [fault]
        finding = await of_x(x)
    assert (finding.wrong, finding.passing) == (True, True)


async def test_x_without_its_token_is_wrong_where_it_is_named_and_not_set_up_where_it_is_not() -> None:
    named = (await found(sources="x"))["x"]
    assert (named.wrong, named.passing) == (True, False)
    away = {"bluesky_jetstream_url": f"ws://{NOBODY}", "bluesky_api_url": f"http://{NOBODY}"}
    assert (await found(**away))["x"] == Finding(about="x", text="not set up: X_BEARER_TOKEN is not set")


async def test_bluesky_answers_by_its_stream_and_by_its_api() -> None:
    async with bluesky() as sky:
        given = {"bluesky_jetstream_url": sky.stream_url, "bluesky_api_url": sky.api_url, "sources": "bluesky"}
        assert not (await found(**given))["bluesky"].wrong
        assert [one.get("requireHello") for one in sky.connects] == ["true"], "or it would tell of everybody"
        sky.refuse_api = Refusal(status=502)
        assert "answers 502" in (await found(**given))["bluesky"].text
        sky.refuse_stream = Refusal(status=503)
        assert re.search("stream at .* answered 503", (await found(**given))["bluesky"].text)


async def test_servers_that_are_away_are_no_failure_and_hide_no_other_finding() -> None:
    given = {"x_bearer_token": TOKEN, "x_api_url": f"http://{NOBODY}", "http_allow": "wiki.example:8080"}
    away = {"bluesky_jetstream_url": f"ws://{NOBODY}", "bluesky_api_url": f"http://{NOBODY}"}
    findings = await found(**given, **away)
    assert {name for name, one in findings.items() if one.wrong} == {"x", "bluesky"}
    assert all(one.passing for one in findings.values() if one.wrong)
    assert findings["feeds"].text == (
        "any address of the public internet can be watched, and of this network wiki.example:8080"
    )


async def test_a_replay_that_plays_alone_asks_nobody() -> None:
    assert await found(replay_file="posts.jsonl") == {}
    assert (await found(sources="feeds"))["mastodon"].text == "not set up: SOURCES leaves it out"
