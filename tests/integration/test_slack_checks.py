"""What the doctor finds out about Slack, asked of the local Slack."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.findings import Finding
from bot.chat.slack.checks import Access, clock_skew, examine, scopes
from bot.chat.slack.manifest import SCOPES, manifest
from sources.clock import SystemClock
from tests.fakes.slack import FakeSlack, refused, server_error

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True)
class WrongClock(SystemClock):
    """The system's, so much ahead."""

    ahead: timedelta

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest()) as running:
        yield running


def access(slack: FakeSlack) -> Access:
    return Access(bot_token=slack.app.bot_token, app_token=slack.app.app_token, api_url=slack.url)


async def look(
    asked: Access, *, clock: SystemClock | None = None, may_listen: bool = True
) -> tuple[dict[str, str], set[str]]:
    """What was found, by what it is about, and what of it is wrong."""
    found = [one async for one in examine(asked, clock or SystemClock(), may_listen=may_listen)]
    return {one.about: one.text for one in found}, {one.about for one in found if one.wrong}


async def test_an_app_made_from_our_manifest_is_sound(slack: FakeSlack) -> None:
    found, wrong = await look(access(slack))
    assert not wrong
    assert found == {
        "slack": "Home as @lapwing, 2 sockets",
        "scopes": f"all {len(SCOPES)} are granted",
        "clock": "it agrees with Slack's",
        "sockets": "Socket Mode is on and Slack answers",
    }


async def test_the_socket_that_was_tried_is_closed_again(slack: FakeSlack) -> None:
    await look(access(slack))
    await slack.until(lambda: not slack.sockets.open)


async def test_every_missing_scope_is_named_with_where_to_click(slack: FakeSlack) -> None:
    granted = slack.app.manifest["oauth_config"]["scopes"]["bot"]
    granted.remove("reactions:read")
    granted.remove("metadata.message:read")
    found, wrong = await look(access(slack))
    assert wrong == {"scopes"}
    assert found["scopes"].startswith("missing metadata.message:read, reactions:read. Open api.slack.com/apps")
    assert "Reinstall to Workspace" in found["scopes"]


@pytest.mark.parametrize(
    ("standing", "way_out"),
    [
        ("invalid_auth", "Bot User OAuth Token"),
        ("account_inactive", "Reinstall to Workspace"),
        ("token_revoked", "Reinstall to Workspace"),
        ("token_expired", "token rotation"),
    ],
)
async def test_a_token_that_slack_refuses_says_where_to_get_one(slack: FakeSlack, standing: str, way_out: str) -> None:
    slack.app.standing = standing
    found, wrong = await look(access(slack))
    assert wrong == {"slack"}
    assert f"({standing})" in found["slack"]
    assert way_out in found["slack"]


async def test_swapped_tokens_are_told_by_what_slack_says_of_each(slack: FakeSlack) -> None:
    swapped = replace(access(slack), app_token=slack.app.bot_token)
    found, wrong = await look(swapped)
    assert wrong == {"sockets"}
    assert "this is another kind of token" in found["sockets"]
    assert "SLACK_APP_TOKEN is no app-level token" in found["sockets"]


async def test_an_app_token_without_its_scope_is_told(slack: FakeSlack) -> None:
    slack.app.app_scopes = frozenset()
    found, wrong = await look(access(slack))
    assert wrong == {"sockets"}
    assert "connections:write" in found["sockets"]


async def test_an_app_token_of_another_app_is_told(slack: FakeSlack) -> None:
    found, wrong = await look(replace(access(slack), app_token="xapp-of-another"))
    assert wrong == {"sockets"}
    assert "invalid_auth" in found["sockets"]
    assert "SLACK_APP_TOKEN" in found["sockets"]


async def test_socket_mode_switched_off_is_told(slack: FakeSlack) -> None:
    slack.sockets.enabled = False
    found, wrong = await look(access(slack))
    assert wrong == {"sockets"}
    assert found["sockets"].startswith("Socket Mode is off. Open api.slack.com/apps, your app, Socket Mode")


async def test_another_program_that_listens_with_our_token_is_told(slack: FakeSlack) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.url)
        url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
        async with session.ws_connect(url) as other:
            await other.receive_json()
            found, wrong = await look(access(slack))
    assert wrong == {"sockets"}
    assert "1 of this app's sockets are open elsewhere" in found["sockets"]


async def test_no_socket_is_opened_while_lapwing_runs_since_it_would_take_what_belongs_to_others(
    slack: FakeSlack,
) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(base_url=slack.url)
        url = (await client.apps_connections_open(app_token=slack.app.app_token))["url"]
        async with session.ws_connect(url) as running:
            await running.receive_json()
            found, wrong = await look(access(slack), may_listen=False)
    assert not wrong
    assert "not tried, since Lapwing is running" in found["sockets"]


@pytest.mark.parametrize("ahead_s", [-400, 400])
async def test_a_clock_that_is_wrong_is_told_with_its_side(slack: FakeSlack, ahead_s: int) -> None:
    found, wrong = await look(access(slack), clock=WrongClock(timedelta(seconds=ahead_s)))
    assert wrong == {"clock"}
    assert ("ahead of" if ahead_s > 0 else "behind") in found["clock"]
    assert "timedatectl" in found["clock"]


async def test_over_http_nothing_is_asked_of_the_app_token(slack: FakeSlack) -> None:
    asked = replace(access(slack), app_token="", http_address="http://127.0.0.1:8080")
    found, wrong = await look(asked)
    assert not wrong
    assert found["slack"] == "Home as @lapwing, over HTTP"
    assert found["http"].startswith("http://127.0.0.1:8080/slack/events awaits Slack.")
    assert "apps.connections.open" not in {call.method for call in slack.calls}


async def test_a_slack_that_is_down_is_named_with_its_address() -> None:
    nobody = Access(bot_token="xoxb-1", app_token="xapp-1", api_url="http://127.0.0.1:9/api/")
    found, wrong = await look(nobody)
    assert wrong == {"slack"}
    assert found["slack"].startswith("Slack cannot be reached at http://127.0.0.1:9/api/")


async def test_a_page_in_place_of_an_answer_is_no_traceback(slack: FakeSlack) -> None:
    slack.faults.next("auth.test", server_error(503))
    found, wrong = await look(access(slack))
    assert wrong == {"slack"}
    assert "503" in found["slack"]


async def test_no_finding_shows_a_token(slack: FakeSlack) -> None:
    slack.faults.next("apps.connections.open", refused("internal_error"))
    found, _ = await look(access(slack))
    slack.app.standing = "invalid_auth"
    refused_found, _ = await look(access(slack))
    told = " ".join([*found.values(), *refused_found.values()])
    assert slack.app.bot_token not in told
    assert slack.app.app_token not in told


def test_scopes_beyond_the_manifest_are_named_and_are_no_fault() -> None:
    assert scopes(",".join([*SCOPES, "files:write"])) == Finding(
        about="scopes", text=f"all {len(SCOPES)} are granted; not needed: files:write"
    )


@pytest.mark.parametrize(("seconds", "wrong"), [(60, False), (-60, False), (61, True), (-61, True)])
def test_a_clock_may_be_a_minute_off(seconds: int, wrong: bool) -> None:
    assert clock_skew(DATE, NOW + timedelta(seconds=seconds)).wrong is wrong


@pytest.mark.parametrize("date", ["", "soon"])
def test_a_date_that_says_nothing_is_no_fault_of_our_clock(date: str) -> None:
    assert not clock_skew(date, NOW).wrong


@pytest.mark.parametrize("date", ["Sat, 21 Nov 2026 12:00:00 -0000", "Sat, 21 Nov 2026 13:00:00 +0100"])
def test_a_date_is_read_in_whatever_zone_it_is_written(date: str) -> None:
    assert clock_skew(date, NOW) == clock_skew(DATE, NOW)
