"""The first words with Slack: who are we there, and does it take our tokens?"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.base import ChatGoneError, DeliveryError, OutcomeUnknownError, TryLaterError
from bot.chat.slack.web import call
from sources.clock import Clock

log = logging.getLogger(__name__)

_WAIT_S = 5.0
_LONGEST_WAIT_S = 60.0

_BOT_TOKEN = "Copy it again from OAuth & Permissions of your app at api.slack.com/apps."  # noqa: S105  (no token)
_APP_TOKEN = "Make one with connections:write under Basic Information, App-Level Tokens."  # noqa: S105


async def identity(web: AsyncWebClient, clock: Clock) -> dict[str, Any]:
    """What auth.test says of the bot token. Raises ChatGoneError when Slack does not take it."""
    return await _answer(web.auth_test, "SLACK_BOT_TOKEN", _BOT_TOKEN, clock)


async def check_app_token(web: AsyncWebClient, token: str, clock: Clock) -> None:
    """Ask for a socket once: slack_sdk's own client would ask for ever. Raises ChatGoneError."""
    await _answer(lambda: web.apps_connections_open(app_token=token), "SLACK_APP_TOKEN", _APP_TOKEN, clock)


async def _answer(
    ask: Callable[[], Awaitable[AsyncSlackResponse]], setting: str, way_out: str, clock: Clock
) -> dict[str, Any]:
    wait_s = _WAIT_S
    while True:
        try:
            return await call(ask())
        except (TryLaterError, OutcomeUnknownError) as error:  # Slack is away: it comes back
            log.warning("waiting for=slack seconds=%.0f reason=%r", wait_s, str(error))
            asked_for = error.retry_after_s if isinstance(error, TryLaterError) else None
            await clock.sleep(wait_s if asked_for is None else asked_for)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        except DeliveryError as error:
            raise ChatGoneError(f"Slack does not take {setting}: {error}. {way_out}") from error
