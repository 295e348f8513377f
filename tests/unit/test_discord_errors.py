"""What becomes of a delivery when Discord says no."""

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)
from bot.chat.discord.errors import ThreadArchivedError, call, note_failure, of


def refused(status: int, code: int = 0, message: str = "no", **headers: str) -> discord.HTTPException:
    """What discord.py raises for such an answer; `code` 0: one that is none of Discord's own."""
    kinds = {403: discord.Forbidden, 404: discord.NotFound, 503: discord.DiscordServerError}
    response: Any = SimpleNamespace(
        status=status, reason="", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    return kinds.get(status, discord.HTTPException)(response, {"message": message, "code": code} if code else message)


def unreachable() -> aiohttp.ClientConnectorError:
    key: Any = SimpleNamespace(host="discord.com", port=443, ssl=True)
    return aiohttp.ClientConnectorError(key, OSError("refused"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused(404, 10003), ChannelGoneError),
        (refused(404, 10004), ChannelGoneError),
        (refused(403, 50001), ChannelGoneError),
        (refused(403, 50007), ChannelGoneError),
        (refused(403, 50013), ChannelGoneError),
        (refused(400, 50008), ChannelGoneError),
        (refused(400, 50024), ChannelGoneError),
        (refused(400, 50083), ThreadArchivedError),
        (refused(400, 160005), ChannelGoneError),
        (refused(403, 99999), ChannelGoneError),
        (refused(404, 99999), ChannelGoneError),
        (refused(401), ChannelGoneError),
        (refused(404, 10008), MessageRefusedError),
        (refused(403, 50005), MessageRefusedError),
        (refused(401, 50027), MessageRefusedError),
        (refused(404, 10062), MessageRefusedError),
        (refused(404, 10015), MessageRefusedError),
        (refused(400, 50006), MessageRefusedError),
        (refused(400, 50035), MessageRefusedError),
        (refused(400, 40060), MessageRefusedError),
        (refused(400, 200000), MessageRefusedError),
        (refused(400), MessageRefusedError),
        (refused(413, 40005), MessageRefusedError),
        (refused(429), TryLaterError),
        (refused(429, 30046), TryLaterError),
        (discord.RateLimited(60.0), TryLaterError),
        (unreachable(), TryLaterError),
        (refused(500), OutcomeUnknownError),
        (refused(503), OutcomeUnknownError),
        (refused(524, 130000), OutcomeUnknownError),
        (refused(403), OutcomeUnknownError),
        (refused(404), OutcomeUnknownError),
        (aiohttp.ServerDisconnectedError(), OutcomeUnknownError),
        (aiohttp.ClientOSError(104, "reset"), OutcomeUnknownError),
        (ConnectionResetError(104, "reset"), OutcomeUnknownError),
        (TimeoutError(), OutcomeUnknownError),
    ],
    ids=repr,
)
def test_each_error_asks_for_what_helps(error: Exception, kind: type[DeliveryError]) -> None:
    assert type(of(error)) is kind


@pytest.mark.parametrize("code", [10003, 50001, 50007, 50013])
def test_a_gone_channel_is_said_in_words_for_people(code: int) -> None:
    said = str(of(refused(403, code)))
    assert str(code) not in said
    assert "_" not in said


def test_what_is_wrong_with_a_message_is_named() -> None:
    assert "50035: Invalid Form Body" in str(of(refused(400, 50035, "Invalid Form Body")))


def test_an_error_without_words_is_named_all_the_same() -> None:
    assert "TimeoutError" in str(of(TimeoutError()))


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (discord.RateLimited(61.5), 61.5),
        (refused(429, 30046, Retry_After="7.25"), 7.25),
        (refused(429), None),
        (refused(429, Retry_After="nan"), None),
        (refused(429, Retry_After="-1"), None),
        (refused(429, Retry_After="soon"), None),
    ],
)
def test_a_wait_is_taken_over_where_it_makes_sense(error: Exception, wait_s: float | None) -> None:
    found = of(error)
    assert isinstance(found, TryLaterError)
    assert found.retry_after_s == wait_s


async def _asked(*, failed: int | None, error: Exception) -> None:
    if failed is not None:
        note_failure(failed)
    raise error


@pytest.mark.parametrize("error", [unreachable(), discord.RateLimited(60.0)], ids=repr)
async def test_after_an_attempt_that_failed_nothing_says_that_the_message_is_not_there(error: Exception) -> None:
    with pytest.raises(OutcomeUnknownError):
        await call(_asked(failed=502, error=error))


async def test_the_failures_of_one_request_are_none_of_the_next() -> None:
    with pytest.raises(OutcomeUnknownError):
        await call(_asked(failed=502, error=unreachable()))
    with pytest.raises(TryLaterError):
        await call(_asked(failed=None, error=unreachable()))


async def test_a_refusal_is_no_failure() -> None:
    with pytest.raises(TryLaterError):
        await call(_asked(failed=429, error=discord.RateLimited(60.0)))


async def test_the_failures_of_one_request_are_none_of_another_at_the_same_time() -> None:
    async def slow() -> None:
        await asyncio.sleep(0.01)
        raise unreachable()

    slowly = asyncio.create_task(call(slow()))
    with pytest.raises(OutcomeUnknownError):
        await call(_asked(failed=502, error=unreachable()))
    with pytest.raises(TryLaterError):
        await slowly


async def test_a_fault_of_our_own_is_none_of_discords() -> None:
    with pytest.raises(KeyError):
        await call(_asked(failed=None, error=KeyError("ours")))


async def test_what_was_asked_is_answered() -> None:
    async def asked() -> int:
        return 7

    assert await call(asked()) == 7
