"""What Discord's errors mean for a delivery."""

import math
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

import aiohttp
import discord

from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)

Answer = TypeVar("Answer")


class ThreadArchivedError(ChannelGoneError):
    """Nothing can be changed in a thread before it is taken out of the archive; a new message does that itself."""


_GONE = {
    10003: "this channel does not exist any more",
    10004: "this server has removed me, or does not exist any more",
    10013: "Discord does not know this person any more",
    50001: "I cannot see this channel: give me View Channel here",
    50007: "this person takes no messages from me",
    50008: "this channel takes no messages",
    50009: "this server asks for more verification than I have",
    50013: "I lack a permission here: give me View Channel, Send Messages and Embed Links",
    50024: "this kind of channel takes no messages",
    160005: "this thread is locked",
}
"""By Discord's own codes: docs.discord.com/developers/topics/opcodes-and-status-codes."""

_ARCHIVED = 50083

_TOKEN = "Discord does not take my token any more"  # noqa: S105  (no token)

_SMALLER = {
    10008: "the message is not there any more",
    10015: "too late: Discord takes no answer to that any more",
    10062: "too late: Discord takes no answer to that any more",
    50005: "the message is not mine",
    50027: "too late: Discord takes no answer to that any more",
}
"""Answered like a channel that is gone, with 401, 403 or 404, and about something smaller."""

_FAILED: ContextVar[bool] = ContextVar("an attempt failed", default=False)


def note_failure(status: int) -> None:
    """An attempt of the request under way was answered with this status.

    discord.py repeats a request after some failures by itself; whatever comes of the last attempt, Discord may have
    done what an earlier one asked for.
    """
    if status >= 500:
        _FAILED.set(True)


async def call(asked: Awaitable[Answer]) -> Answer:
    """What Discord answers to a call of its client. Raises DeliveryError."""
    _FAILED.set(False)
    try:
        return await asked
    except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError) as error:
        found = of(error)
        if _FAILED.get() and isinstance(found, TryLaterError):
            found = OutcomeUnknownError(f"Discord failed, then: {found}")
        raise found from error


def of(error: Exception) -> DeliveryError:
    """What an error of discord.py or of the connection asks to be done. Pure."""
    if isinstance(error, discord.RateLimited):
        return TryLaterError("Discord asks me to wait", _seconds(error.retry_after))
    if isinstance(error, discord.HTTPException):
        return _of_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError):  # nobody was there to hear it
        return TryLaterError(f"Discord cannot be reached: {error}")
    return OutcomeUnknownError(f"the connection to Discord broke: {str(error) or type(error).__name__}")


def _of_answer(error: discord.HTTPException) -> DeliveryError:
    """An answer with a status that is none of the good ones."""
    status, code = error.status, error.code
    if status == 429:
        return TryLaterError(f"Discord asks me to wait (429, {code})", _seconds(_header(error)))
    if status >= 500:
        return OutcomeUnknownError(f"Discord answered with status {status}")
    if code in _SMALLER:
        return MessageRefusedError(f"{_SMALLER[code]} ({code})")
    if code in {_ARCHIVED, *_GONE} or status in {401, 403, 404}:
        return _not_let_in(error)
    return MessageRefusedError(f"Discord refused the message ({status}, {code}: {error.text})")


def _not_let_in(error: discord.HTTPException) -> DeliveryError:
    if error.code == _ARCHIVED:
        return ThreadArchivedError("this thread is archived")
    if error.code in _GONE:
        return ChannelGoneError(_GONE[error.code])
    if error.status == 401:
        return ChannelGoneError(_TOKEN)
    if error.code:
        return ChannelGoneError(f"Discord does not let me post here ({error.code}: {error.text})")
    # of a proxy, or of whoever stands before Discord: its own it names with a code
    return OutcomeUnknownError(f"something before Discord answered with status {error.status}")


def _header(error: discord.HTTPException) -> Any:
    """What a Retry-After asks for; whoever bans us sends none."""
    return getattr(error.response, "headers", {}).get("Retry-After")


def _seconds(wait: Any) -> float | None:
    """None where it makes no sense."""
    try:
        wait_s = float(wait)
    except (TypeError, ValueError):
        return None
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None
