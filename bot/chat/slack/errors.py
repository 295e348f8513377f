"""What Slack's errors mean for a delivery. Pure."""

import math

from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)

_GONE = {
    "not_in_channel": "I am not in this channel any more",
    "channel_not_found": "this channel does not exist, or I cannot see it",
    "is_archived": "this channel is archived",
    "is_inactive": "this channel is archived",
    "account_inactive": "this workspace has removed or disabled me",
    "token_revoked": "this workspace has taken my token back",
    "token_expired": "my token has expired",
    "invalid_auth": "Slack does not take my token",
    "not_authed": "I have no token",
    "missing_scope": "I lack a permission: install me again with the manifest",
    "restricted_action": "this workspace lets only some people post in this channel",
    "restricted_action_read_only_channel": "this channel is read-only",
    "restricted_action_thread_only_channel": "this channel takes nothing outside threads",
    "restricted_action_non_threadable_channel": "this channel takes no answers in threads",
    "messages_tab_disabled": "I have no messages tab: install me again with the manifest",
    "ekm_access_denied": "this workspace's keys do not let me post",
    "team_access_not_granted": "I may not post in this workspace",
    "not_allowed_token_type": "Slack does not take this kind of token",
    "two_factor_setup_required": "this workspace asks for two-factor authentication first",
    "access_denied": "this workspace does not let me in",
    "enterprise_is_restricted": "this organisation does not let me in",
    "no_permission": "I may not post in this channel",
}

_LATER = {"ratelimited", "rate_limited", "message_limit_exceeded", "team_added_to_org", "org_login_required"}

_UNKNOWN = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Slack says itself that some of it may have been done."""


def of_error(error: str, *, retry_after: str | None = None) -> DeliveryError:
    """The error in an answer that Slack gave."""
    if error in _GONE:
        return ChannelGoneError(_GONE[error])
    if error in _LATER:
        return TryLaterError(f"Slack asks me to wait ({error})", seconds(retry_after))
    if error in _UNKNOWN:
        return OutcomeUnknownError(f"Slack failed ({error})")
    return MessageRefusedError(f"Slack refused the message ({error})")


def of_status(status: int, *, retry_after: str | None = None) -> DeliveryError:
    """An answer that is none of Slack's own: of a proxy, or of a Slack that is down."""
    if status == 429:
        return TryLaterError("Slack asks me to wait (429)", seconds(retry_after))
    return OutcomeUnknownError(f"Slack answered with status {status}")


def seconds(header: str | None) -> float | None:
    """What a Retry-After asks for; None where it asks for nothing that makes sense."""
    try:
        wait_s = float(header or "")
    except ValueError:
        return None
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None
