"""Slack's Web API, with its errors in the words of the house."""

from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.base import DeliveryError, OutcomeUnknownError, TryLaterError
from bot.chat.slack.errors import of_error, of_status

TIMEOUT_S = 10
"""Of one request."""


def client(token: str | None, api_url: str) -> AsyncWebClient:
    """A client that tries once. The one of slack_sdk tries again after a broken connection and so may post twice."""
    return AsyncWebClient(token=token, base_url=api_url, timeout=TIMEOUT_S, retry_handlers=[])


async def call(asked: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """What Slack answers to a call of its client. Raises DeliveryError."""
    try:
        answer = await asked
    except SlackApiError as error:
        raise _of_answer(error) from error
    except aiohttp.ClientConnectorError as error:  # nobody was there to hear it
        raise TryLaterError(f"Slack cannot be reached: {error}") from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise OutcomeUnknownError(f"the connection to Slack broke: {str(error) or type(error).__name__}") from error
    return dict(answer.data) if isinstance(answer.data, dict) else {}


def _of_answer(error: SlackApiError) -> DeliveryError:
    response = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    headers = getattr(response, "headers", {})
    retry_after = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    said = response.get("error") if hasattr(response, "get") and status else None
    if status == 429 or status >= 500 or not said:
        return of_status(status, retry_after=retry_after)
    return of_error(str(said), retry_after=retry_after)
