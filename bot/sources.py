"""The sources that are set up, opened: the one place that names concrete ones."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot import wording
from bot.extras import ExtraMissingError, needing
from bot.setting_values import LIVE_SOURCES
from bot.settings import Settings
from sources.accounts import BLUESKY, MASTODON, RSS, X
from sources.clock import Clock
from sources.replay import Replay
from sources.types import Source

if TYPE_CHECKING:
    from sources.http import Fetcher

log = logging.getLogger(__name__)


class _Opening:
    """What live sources are opened with; what is opened is closed by `closing`."""

    def __init__(self, settings: Settings, clock: Clock, closing: AsyncExitStack) -> None:
        self.settings = settings
        self.clock = clock
        self.closing = closing
        self._fetcher: Fetcher | None = None

    async def fetcher(self) -> "Fetcher":
        """The one guarded way out, the same for all."""
        if self._fetcher is None:
            from sources.http import Fetcher  # noqa: PLC0415  (who only plays a replay need not wait for aiohttp)

            self._fetcher = await self.closing.enter_async_context(Fetcher(allow=self.allow))
        return self._fetcher

    @property
    def allow(self) -> frozenset[str]:
        """The exceptions to the guard, as "host:port"."""
        return frozenset(filter(None, self.settings.http_allow.split(",")))


async def _feeds(opening: _Opening) -> Source:
    with needing("SOURCES=feeds", "feeds"):
        from sources.feeds.source import Feeds  # noqa: PLC0415  (as above)

        return Feeds(await opening.fetcher(), clock=opening.clock)


async def _bluesky(opening: _Opening) -> Source:
    with needing("SOURCES=bluesky", "social"):
        from sources.bluesky.source import Bluesky  # noqa: PLC0415  (as above)

        settings = opening.settings
        source = Bluesky.open(
            jetstream_url=settings.bluesky_jetstream_url, api_url=settings.bluesky_api_url, clock=opening.clock
        )
        return await opening.closing.enter_async_context(source)


async def _mastodon(opening: _Opening) -> Source:
    """A server of the operator's own network is spoken to without TLS, which such servers seldom have."""
    with needing("SOURCES=mastodon", "social"):
        from sources.mastodon.source import Mastodon  # noqa: PLC0415  (as above)

        return Mastodon(await opening.fetcher(), clock=opening.clock, plain=opening.allow)


async def _x(opening: _Opening) -> Source:
    with needing("SOURCES=x", "x"):
        from sources.x.source import Manner, open_x  # noqa: PLC0415  (as above)

        settings = opening.settings
        source = open_x(
            token=settings.x_bearer_token.get_secret_value(),
            url=settings.x_api_url,
            clock=opening.clock,
            manner=Manner(monthly_posts=settings.x_monthly_posts),
        )
        return await opening.closing.enter_async_context(source)


_LIVE: Mapping[str, Callable[[_Opening], Awaitable[Source]]] = {
    X: _x,
    BLUESKY: _bluesky,
    MASTODON: _mastodon,
    RSS: _feeds,
}


def missing_sources(settings: Settings) -> dict[str, str]:
    """Why each source that is not set up is not, and what can be done, by the name that accounts have there."""
    others = wording.listed([name for source, name in wording.SOURCES.items() if source in settings.live_sources])
    if settings.sources:
        why = f"SOURCES leaves it out. Ask whoever runs me; I can watch {others}"
    elif settings.replay_file is not None:
        why = "REPLAY_FILE plays in place of the network. Ask whoever runs me"
    else:
        why = f"no X_BEARER_TOKEN is set. Ask whoever runs me; {others} work without one"
    return dict.fromkeys(frozenset(LIVE_SOURCES.values()) - settings.live_sources, why)


@asynccontextmanager
async def open_sources(
    settings: Settings, clock: Clock, gate: asyncio.Event | None = None, *, default_speed: float = 1.0
) -> AsyncIterator[list[Source]]:
    """Every source that is set up, closed at the end; the replay last, since it stands for what it plays.

    Raises SourceUnreadableError; ExtraMissingError for a source that SOURCES names and whose library is missing.
    """
    async with AsyncExitStack() as closing:
        opening = _Opening(settings, clock, closing)
        sources = []
        for name in filter(settings.live_sources.__contains__, _LIVE):
            try:
                sources.append(await _LIVE[name](opening))
            except ExtraMissingError as error:
                if settings.sources:
                    raise
                log.warning("left out source=%s reason=%r", name, str(error))
        if settings.replay_file is not None:
            speed = default_speed if settings.replay_speed is None else settings.replay_speed
            sources.append(await Replay.open(settings.replay_file, clock=clock, speed=speed, gate=gate))
        yield sources
