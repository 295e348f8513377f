"""Reactions given and taken back while nobody listened: read from the channels' histories at the start."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.base import DeliveryError, Inbound, OutcomeUnknownError, Reaction, TryLaterError
from bot.chat.slack.incoming import PLATFORM
from bot.chat.slack.people import People
from bot.chat.slack.web import call
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

log = logging.getLogger(__name__)

_PAGE = 200
_WAIT_S = 30.0

_STORED_AFTER_S = (1.0, 60.0)
"""A receipt is stored at once, or when a message with an unknown outcome was looked up."""


class Reread:
    """Reads what Slack shows now under the messages that people may still judge."""

    def __init__(self, web: AsyncWebClient, people: People, inbound: Inbound, clock: Clock) -> None:
        self._web = web
        self._people = people
        self._inbound = inbound
        self._clock = clock

    async def run(self) -> None:
        """Once through all channels. One that cannot be read keeps the others from nothing."""
        by_channel: dict[ChannelKey, list[Receipt]] = defaultdict(list)
        for channel, message in await self._inbound.recent_messages(PLATFORM):
            by_channel[channel].append(message)
        for channel, messages in by_channel.items():
            try:
                await self._channel(channel, messages)
            except DeliveryError as error:
                log.warning("unread reactions channel=%s reason=%r", channel.channel, str(error))

    async def later(self, channel: ChannelKey, message: Receipt, error: DeliveryError) -> None:
        """One message, once Slack answers again: what happened there could not be understood for now."""
        while True:
            await self._clock.sleep(_wait_s(error))
            try:
                await self._whole_message(channel, message)
            except (TryLaterError, OutcomeUnknownError) as again:
                error = again
            else:
                return

    async def once_stored(self, channel: ChannelKey, message: Receipt) -> None:
        """One message of ours that is no alert yet: it may be seen before we have heard that it was sent."""
        for wait_s in _STORED_AFTER_S:
            await self._clock.sleep(wait_s)
            if await self._inbound.alerts_of(channel, message):
                try:
                    await self._whole_message(channel, message)
                except (TryLaterError, OutcomeUnknownError) as error:
                    await self.later(channel, message, error)
                return

    async def _channel(self, channel: ChannelKey, messages: Sequence[Receipt]) -> None:
        wanted = set(messages)
        cursor: str | None = None
        while wanted:
            page = await self._page(channel, min(messages), cursor)
            for found in page.get("messages", []):
                if found.get("ts") in wanted:
                    wanted.discard(found["ts"])
                    await self._message(channel, Receipt(found["ts"]), found.get("reactions") or [])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _page(self, channel: ChannelKey, oldest: str, cursor: str | None) -> dict[str, Any]:
        while True:
            try:
                return await call(
                    self._web.conversations_history(
                        channel=channel.channel, oldest=oldest, inclusive=True, limit=_PAGE, cursor=cursor
                    )
                )
            except TryLaterError as error:  # nobody waits for this: as slowly as Slack likes
                await self._clock.sleep(_wait_s(error))

    async def _message(self, channel: ChannelKey, message: Receipt, shown: Sequence[dict[str, Any]]) -> None:
        if any(one.get("count", 0) > len(one.get("users", [])) for one in shown):  # Slack shows the first few only
            shown = await self._all_shown(channel, message)
        await self._tell(channel, message, shown)

    async def _whole_message(self, channel: ChannelKey, message: Receipt) -> None:
        await self._tell(channel, message, await self._all_shown(channel, message))

    async def _all_shown(self, channel: ChannelKey, message: Receipt) -> Sequence[dict[str, Any]]:
        answer = await call(self._web.reactions_get(channel=channel.channel, timestamp=message, full=True))
        shown: list[dict[str, Any]] = answer["message"].get("reactions") or []
        return shown

    async def _tell(self, channel: ChannelKey, message: Receipt, shown: Sequence[dict[str, Any]]) -> None:
        found = [
            Reaction(
                actor=await self._people.actor(channel.workspace, person),
                channel=channel,
                message=message,
                emoji=one["name"],
                given=True,
            )
            for one in shown
            for person in one.get("users", [])
            if not await self._people.is_bot(channel.workspace, person)
        ]
        await self._inbound.reactions_found(channel, message, found)


def _wait_s(error: DeliveryError) -> float:
    """As long as Slack asks for."""
    asked_for = error.retry_after_s if isinstance(error, TryLaterError) else None
    return _WAIT_S if asked_for is None else asked_for
