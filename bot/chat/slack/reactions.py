"""The reactions that Slack shows under messages now."""

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.base import Reaction, TryLaterError
from bot.chat.reread import wait_s
from bot.chat.slack.people import People
from bot.chat.slack.web import call
from sources.clock import Clock
from storage.types import ChannelKey, Receipt

_PAGE = 200


class Reactions:
    """Reads them from the channels' histories."""

    def __init__(self, web: AsyncWebClient, people: People, clock: Clock) -> None:
        self._web = web
        self._people = people
        self._clock = clock

    async def read(
        self, channel: ChannelKey, messages: Collection[Receipt]
    ) -> AsyncGenerator[tuple[Receipt, list[Reaction]], None]:
        """Those of the messages that are still there, newest first, with what people gave. Raises DeliveryError."""
        if len(messages) == 1:
            (message,) = messages
            yield message, await self._given(channel, message, await self._all_shown(channel, message))
            return
        wanted, cursor = set(messages), ""
        while wanted:
            page = await self._page(channel, min(messages), cursor)
            for found in page.get("messages", []):
                if (message := Receipt(str(found.get("ts")))) in wanted:
                    wanted.discard(message)
                    yield message, await self._of(channel, message, found.get("reactions") or [])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def _page(self, channel: ChannelKey, oldest: str, cursor: str) -> dict[str, Any]:
        """Where Slack asks to wait it is waited for here: whoever may ask for one page a minute never came to the
        second, were the first read again."""
        while True:
            try:
                return await call(
                    self._web.conversations_history(
                        channel=channel.channel, oldest=oldest, inclusive=True, limit=_PAGE, cursor=cursor or None
                    )
                )
            except TryLaterError as error:
                await self._clock.sleep(wait_s(error))

    async def _of(self, channel: ChannelKey, message: Receipt, shown: Sequence[dict[str, Any]]) -> list[Reaction]:
        if any(one.get("count", 0) > len(one.get("users", [])) for one in shown):  # Slack shows the first few only
            shown = await self._all_shown(channel, message)
        return await self._given(channel, message, shown)

    async def _all_shown(self, channel: ChannelKey, message: Receipt) -> Sequence[dict[str, Any]]:
        answer = await call(self._web.reactions_get(channel=channel.channel, timestamp=message, full=True))
        shown: list[dict[str, Any]] = answer["message"].get("reactions") or []
        return shown

    async def _given(self, channel: ChannelKey, message: Receipt, shown: Sequence[dict[str, Any]]) -> list[Reaction]:
        """What people gave, bots left out."""
        return [
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
