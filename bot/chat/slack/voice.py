"""Where an answer goes: to the one who asked, or to the whole channel."""

from typing import Any, Protocol

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat.base import OutcomeUnknownError
from bot.chat.slack.web import TIMEOUT_S, call


class Voice(Protocol):
    """Speaks in answer to one thing that was asked. Both raise DeliveryError."""

    async def private(self, said: dict[str, Any]) -> None:
        """Only whoever asked sees it. What was said privately before is replaced where Slack can."""

    async def public(self, said: dict[str, Any]) -> None:
        """The whole channel sees it."""


class ChannelVoice:
    """In a channel, or in one of its threads. For mentions, buttons and shortcuts."""

    def __init__(self, web: AsyncWebClient, channel: str, person: str, thread: str = "") -> None:
        self._web = web
        self._where: dict[str, Any] = {"channel": channel, **({"thread_ts": thread} if thread else {})}
        self._person = person

    async def private(self, said: dict[str, Any]) -> None:
        await call(self._web.chat_postEphemeral(user=self._person, **self._where, **said))

    async def public(self, said: dict[str, Any]) -> None:
        await call(self._web.chat_postMessage(**self._where, **said))


class ResponseVoice:
    """Through the address that came with a slash command: works where Lapwing is no member, too."""

    def __init__(self, response_url: str) -> None:
        self._webhook = AsyncWebhookClient(response_url, timeout=TIMEOUT_S, retry_handlers=[])
        self._spoken = False

    async def private(self, said: dict[str, Any]) -> None:
        await self._say({**said, "response_type": "ephemeral", "replace_original": self._spoken})
        self._spoken = True

    async def public(self, said: dict[str, Any]) -> None:
        if self._spoken:
            await self._say({"delete_original": True})
        await self._say({**said, "response_type": "in_channel", "replace_original": False})

    async def _say(self, body: dict[str, Any]) -> None:
        response = await self._webhook.send_dict(body)
        if response.status_code != 200:
            raise OutcomeUnknownError(f"Slack answered with status {response.status_code}")
