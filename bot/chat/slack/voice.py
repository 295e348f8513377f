"""Where an answer goes: to the one who asked, or to the whole channel."""

from typing import Any, TypeAlias

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import answers
from bot.chat.base import ChannelGoneError, MessageRefusedError, OutcomeUnknownError
from bot.chat.slack.web import TIMEOUT_S, call

Voice: TypeAlias = answers.Voice[dict[str, Any]]


class ChannelVoice:
    """In a channel, or in one of its threads. For mentions, buttons and shortcuts."""

    def __init__(self, web: AsyncWebClient, channel: str, person: str, thread: str = "") -> None:
        self._web = web
        self._where: dict[str, Any] = {"channel": channel, **({"thread_ts": thread} if thread else {})}
        self._person = person

    async def wait(self, said: dict[str, Any]) -> None:
        await self.private(said)

    async def private(self, said: dict[str, Any]) -> None:
        await call(self._web.chat_postEphemeral(user=self._person, **self._where, **said))

    async def public(self, said: dict[str, Any]) -> None:
        await call(self._web.chat_postMessage(**self._where, **said))


class PressVoice:
    """Where something was pressed. Where Lapwing is no member, through the address that came with the press."""

    def __init__(self, near: ChannelVoice, response_url: str) -> None:
        self._near = near
        self._webhook = _webhook(response_url)

    async def wait(self, said: dict[str, Any]) -> None:
        await self.private(said)

    async def private(self, said: dict[str, Any]) -> None:
        try:
            await self._near.private(said)
        except (ChannelGoneError, MessageRefusedError):
            await _say(self._webhook, {**said, "response_type": "ephemeral", "replace_original": False})

    async def public(self, said: dict[str, Any]) -> None:
        try:
            await self._near.public(said)
        except ChannelGoneError:
            await _say(self._webhook, {**said, "response_type": "in_channel", "replace_original": False})


class ResponseVoice:
    """Through the address that came with a slash command: works where Lapwing is no member, too."""

    def __init__(self, response_url: str) -> None:
        self._webhook = _webhook(response_url)
        self._waits = False

    async def wait(self, said: dict[str, Any]) -> None:
        """Say something that the answer may take the place of."""
        await self.private(said)
        self._waits = True

    async def private(self, said: dict[str, Any]) -> None:
        body = {**said, "response_type": "ephemeral"}
        if not (self._waits and await self._replaced({**body, "replace_original": True})):
            await _say(self._webhook, {**body, "replace_original": False})

    async def public(self, said: dict[str, Any]) -> None:
        if self._waits:
            await self._replaced({"delete_original": True})
        await _say(self._webhook, {**said, "response_type": "in_channel", "replace_original": False})

    async def _replaced(self, body: dict[str, Any]) -> bool:
        """Whether Slack changed what was said to wait: not every client and channel can. Done once."""
        self._waits = False
        try:
            await _say(self._webhook, body)
        except MessageRefusedError:
            return False
        return True


def _webhook(response_url: str) -> AsyncWebhookClient:
    return AsyncWebhookClient(response_url, timeout=TIMEOUT_S, retry_handlers=[])


async def _say(webhook: AsyncWebhookClient, body: dict[str, Any]) -> None:
    """Raises DeliveryError."""
    try:
        response = await webhook.send_dict(body)
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise OutcomeUnknownError(f"the connection to Slack broke: {str(error) or type(error).__name__}") from error
    if 400 <= response.status_code < 500:
        raise MessageRefusedError(f"Slack answered with status {response.status_code}")
    if response.status_code != 200:
        raise OutcomeUnknownError(f"Slack answered with status {response.status_code}")
