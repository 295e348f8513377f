"""Whether each live source could be read: set up, its server there, its token taken. `lapwing doctor` shows it.

Nothing is changed, and nothing costs: one request that is not billed to each server. A public server that is away does
not make the doctor fail: it comes back, and Lapwing waits for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from bot import wording
from bot.chat.findings import Finding
from bot.extras import ExtraMissingError, needing
from bot.setting_values import LIVE_SOURCES
from bot.settings import Settings, SettingsError, check_sources
from sources.types import SourceError

_PATIENCE_S = 15.0

_MENDED_BY_PEOPLE = frozenset({401, 402, 403})
"""What X answers a token that it does not take, or an app without credits or without the right plan."""

_OWNED = "Lapwing owns all stream rules of its X app"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """A finding for each source that there is; none where a replay plays in place of them all."""
    if settings.replay_file is not None and not settings.sources:
        return
    for name, check in _CHECKS.items():
        if LIVE_SOURCES[name] not in settings.live_sources:
            yield Finding(about=name, text=f"not set up: {_missing(settings)}")
            continue
        try:
            async with asyncio.timeout(_PATIENCE_S):
                yield await check(settings)
        except TimeoutError:
            yield _away(name, f"no answer within {_PATIENCE_S:g} s")
        except SourceError as error:
            yield _away(name, str(error))
        except ExtraMissingError as error:  # without SOURCES it is left out, and the others are read
            yield Finding(about=name, text=str(error), wrong=True, passing=not settings.sources)


def _missing(settings: Settings) -> str:
    return "SOURCES leaves it out" if settings.sources else "X_BEARER_TOKEN is not set"


def _away(name: str, reason: str) -> Finding:
    return Finding(about=name, text=f"{reason}. Lapwing keeps trying", wrong=True, passing=True)


async def _x(settings: Settings) -> Finding:
    """Whether X takes the token, and whose rules are there."""
    try:
        check_sources(settings)
    except SettingsError as error:
        return Finding(about="x", text=str(error), wrong=True)
    with needing("SOURCES=x", "x"):
        from sources.x.over_http import OverHttp  # noqa: PLC0415  (who has no X need not wait for tweepy)
    from sources.x.rules import parse  # noqa: PLC0415
    from sources.x.transport import XRefusedError  # noqa: PLC0415

    try:
        async with OverHttp.open(token=settings.x_bearer_token.get_secret_value(), url=settings.x_api_url) as transport:
            rules = await transport.rules()
    except XRefusedError as error:
        if error.status not in _MENDED_BY_PEOPLE:
            raise
        return Finding(about="x", text=str(error), wrong=True)
    return _rules(len(rules), foreign=sum(parse(rule.value) is None for rule in rules))


def _rules(rules: int, *, foreign: int) -> Finding:
    if not foreign:
        return Finding(about="x", text=f"the token is taken, {wording.counted(rules, 'rule')} there. {_OWNED}")
    text = f"the token is taken. {_OWNED}: it will delete {foreign} of {rules}, which others made. Give it its own"
    return Finding(about="x", text=text, wrong=True, passing=True)


async def _bluesky(settings: Settings) -> Finding:
    with needing("SOURCES=bluesky", "social"):
        from sources.bluesky.web import open_web  # noqa: PLC0415  (nor for aiohttp)
    from sources.bluesky import checks  # noqa: PLC0415

    async with open_web() as web:
        await checks.examine(web, jetstream_url=settings.bluesky_jetstream_url, api_url=settings.bluesky_api_url)
    return Finding(about="bluesky", text="its stream and its API answer")


async def _mastodon(settings: Settings) -> Finding:
    with needing("SOURCES=mastodon", "social"):
        import sources.mastodon.source  # noqa: F401, PLC0415  (whether it could be)
    return Finding(about="mastodon", text=_public("server", settings))


async def _feeds(settings: Settings) -> Finding:
    with needing("SOURCES=feeds", "feeds"):
        import sources.feeds.source  # noqa: F401, PLC0415
    return Finding(about="feeds", text=_public("address", settings))


def _public(what: str, settings: Settings) -> str:
    """There is no one server to ask: /health says which of those watched does not answer."""
    allowed = f", and of this network {wording.listed(settings.http_allow.split(','))}" if settings.http_allow else ""
    return f"any {what} of the public internet can be watched{allowed}"


_CHECKS: Mapping[str, Callable[[Settings], Awaitable[Finding]]] = {
    "x": _x,
    "bluesky": _bluesky,
    "mastodon": _mastodon,
    "feeds": _feeds,
}
