"""Whether Slack will have us, asked of Slack itself: tokens, scopes, sockets, the clock. `lapwing doctor` shows it.

Every problem says where to click.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.findings import Finding
from bot.chat.slack.manifest import SCOPES
from bot.chat.slack.platform import EVENTS_PATH, SOCKETS
from bot.chat.slack.web import TIMEOUT_S, client
from sources.clock import Clock

APP = "api.slack.com/apps, your app"

MOST_SKEW = timedelta(seconds=60)
"""Slack's signed requests are refused when they are 5 minutes old, and a clock that is wrong drifts on."""

_INSTALL = f"Open {APP}, OAuth & Permissions, press Reinstall to Workspace"

_WORDS = {
    "account_inactive": "this workspace has removed or disabled Lapwing",
    "invalid_auth": "Slack does not know this token",
    "missing_scope": "this token lacks a permission",
    "not_allowed_token_type": "this is another kind of token",
    "token_expired": "this token has expired",
    "token_revoked": "this token was taken back",
}

_BOT_TOKEN_WAYS_OUT = {
    "invalid_auth": f"Copy the Bot User OAuth Token of {APP}, OAuth & Permissions, into SLACK_BOT_TOKEN.",
    "account_inactive": f"{_INSTALL} and copy the new token into SLACK_BOT_TOKEN.",
    "token_revoked": f"{_INSTALL} and copy the new token into SLACK_BOT_TOKEN.",
    "not_allowed_token_type": f"Copy the Bot User OAuth Token of {APP}, OAuth & Permissions, into SLACK_BOT_TOKEN.",
    "token_expired": f"Switch token rotation off or make the app anew from `lapwing slack-manifest`: {APP}.",
}

_APP_TOKEN_PAGE = f"{APP}, Basic Information, App-Level Tokens"

_APP_TOKEN_WAYS_OUT = {
    "invalid_auth": f"Copy a token of {_APP_TOKEN_PAGE}, into SLACK_APP_TOKEN.",
    "missing_scope": f"Open {_APP_TOKEN_PAGE}, press Generate Token and Scopes, add connections:write, and copy the "
    "new token into SLACK_APP_TOKEN.",
    "not_allowed_token_type": f"SLACK_APP_TOKEN is no app-level token. Make one: {_APP_TOKEN_PAGE}.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How Slack is to be reached, and how it reaches us: over sockets where there is an app token, else over HTTP."""

    bot_token: str
    app_token: str
    api_url: str
    http_address: str = ""
    """Where the web server listens, for HTTP mode."""


async def examine(access: Access, clock: Clock, *, may_listen: bool) -> AsyncIterator[Finding]:
    """Everything that can be found out without a change in the workspace.

    `may_listen`: whether a socket may be opened for a moment. Not while Lapwing runs: Slack gives each payload to one
    socket only, and what it gave to this one would be lost.
    """
    try:
        answer = await client(access.bot_token, access.api_url).auth_test()
        who, headers = dict(answer.data) if isinstance(answer.data, dict) else {}, _plain(answer.headers)
    except SlackApiError as error:
        yield _refused("slack", error, _BOT_TOKEN_WAYS_OUT)
        return
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        yield _unreachable(access.api_url, error)
        return
    yield Finding(about="slack", text=f"{who.get('team')} as @{who.get('user')}, {_road(access)}")
    yield scopes(headers.get("x-oauth-scopes", ""))
    yield clock_skew(headers.get("date", ""), clock.now())
    if access.app_token:
        yield await _sockets(access, may_listen=may_listen)
    else:
        yield Finding(
            about="http",
            text=f"{access.http_address}{EVENTS_PATH} awaits Slack. The Request URLs in {APP} must be an https:// "
            f"address that leads there, and Socket Mode must be off: lapwing slack-manifest --http https://…",
        )


def scopes(granted: str) -> Finding:
    """Those that the workspace granted, as Slack lists them, against those of the manifest. Pure."""
    held = {scope.strip() for scope in granted.split(",") if scope.strip()}
    missing = [scope for scope in SCOPES if scope not in held]
    if missing:
        return Finding(
            about="scopes",
            wrong=True,
            text=f"missing {', '.join(missing)}. Open {APP}, OAuth & Permissions, Scopes, Bot Token Scopes, press Add "
            "an OAuth Scope for each of them, then Reinstall to Workspace.",
        )
    needless = sorted(held - set(SCOPES))
    more = f"; not needed: {', '.join(needless)}" if needless else ""
    return Finding(about="scopes", text=f"all {len(SCOPES)} are granted{more}")


def clock_skew(date: str, now: datetime) -> Finding:
    """Our clock against the Date of Slack's answer. Pure."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return Finding(about="clock", text="Slack did not say what time it is")
    skew = now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))  # RFC 9110: always UTC
    if abs(skew) <= MOST_SKEW:
        return Finding(about="clock", text="it agrees with Slack's")
    side = "ahead of" if skew > timedelta(0) else "behind"
    return Finding(
        about="clock",
        wrong=True,
        text=f"it is {abs(skew).total_seconds():.0f} s {side} Slack's. What Slack signs is refused when it is 5 "
        "minutes off, and times in alerts are wrong. Let the system set it, for example with timedatectl set-ntp true.",
    )


async def _sockets(access: Access, *, may_listen: bool) -> Finding:
    try:
        opened = await AsyncWebClient(
            base_url=access.api_url, timeout=TIMEOUT_S, retry_handlers=[]
        ).apps_connections_open(app_token=access.app_token)
    except SlackApiError as error:
        return _refused("sockets", error, _APP_TOKEN_WAYS_OUT)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return _unreachable(access.api_url, error)
    if not may_listen:
        return Finding(about="sockets", text="Slack lets them be opened; not tried, since Lapwing is running")
    try:
        return hello(await _first_word(str(opened["url"])))
    except (aiohttp.ClientError, TimeoutError, OSError, TypeError, ValueError) as error:
        return Finding(
            about="sockets",
            wrong=True,
            text=f"no socket could be opened ({str(error) or type(error).__name__}). Slack is at wss://*.slack.com, "
            "port 443: let it through the proxy or firewall, or use HTTP mode.",
        )


async def _first_word(url: str) -> dict[str, Any]:
    """What Slack says on a new socket, which is closed at once."""
    limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=limit) as session, session.ws_connect(url) as opened:
        said: dict[str, Any] = await opened.receive_json(timeout=TIMEOUT_S)
        return said


def hello(said: Mapping[str, Any]) -> Finding:
    """What the first word on a socket tells. Pure."""
    if said.get("type") == "disconnect" and said.get("reason") == "link_disabled":
        return Finding(
            about="sockets", wrong=True, text=f"Socket Mode is off. Open {APP}, Socket Mode, and switch it on."
        )
    if said.get("type") != "hello":
        return Finding(about="sockets", wrong=True, text=f"Slack closed the socket: {said.get('reason')}. Try again.")
    others = int(said.get("num_connections", 1)) - 1
    if others > 0:
        return Finding(
            about="sockets",
            wrong=True,
            text=f"{others} of this app's sockets are open elsewhere. Slack gives each command to one socket only, so "
            "two programs take each other's. End the other, or make an app of its own for it.",
        )
    return Finding(about="sockets", text="Socket Mode is on and Slack answers")


def _refused(about: str, error: SlackApiError, ways_out: Mapping[str, str]) -> Finding:
    """What Slack says, and the way out where there is one for people."""
    said = error.response.get("error")
    if said in ways_out:
        return Finding(
            about=about, wrong=True, text=f"{_WORDS.get(said, 'Slack refuses it')} ({said}). {ways_out[said]}"
        )
    what = said or f"status {error.response.status_code}"
    return Finding(about=about, wrong=True, text=f"Slack answers {what}. Try again later, or see status.slack.com.")


def _unreachable(api_url: str, error: Exception) -> Finding:
    return Finding(
        about="slack",
        wrong=True,
        text=f"Slack cannot be reached at {api_url}: {str(error) or type(error).__name__}. Look at the network, the "
        "proxy and SLACK_API_URL.",
    )


def _road(access: Access) -> str:
    return f"{SOCKETS} sockets" if access.app_token else "over HTTP"


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
