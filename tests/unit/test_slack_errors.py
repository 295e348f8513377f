"""What becomes of a delivery when Slack says no."""

import math

import pytest

from bot.chat.base import (
    ChannelGoneError,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)
from bot.chat.slack.errors import of_error, of_status, seconds
from tests.fakes.hostile import HOSTILE


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("not_in_channel", ChannelGoneError),
        ("channel_not_found", ChannelGoneError),
        ("is_archived", ChannelGoneError),
        ("is_inactive", ChannelGoneError),
        ("account_inactive", ChannelGoneError),
        ("token_revoked", ChannelGoneError),
        ("token_expired", ChannelGoneError),
        ("invalid_auth", ChannelGoneError),
        ("not_allowed_token_type", ChannelGoneError),
        ("missing_scope", ChannelGoneError),
        ("access_denied", ChannelGoneError),
        ("enterprise_is_restricted", ChannelGoneError),
        ("restricted_action", ChannelGoneError),
        ("restricted_action_read_only_channel", ChannelGoneError),
        ("restricted_action_thread_only_channel", ChannelGoneError),
        ("messages_tab_disabled", ChannelGoneError),
        ("ratelimited", TryLaterError),
        ("rate_limited", TryLaterError),
        ("message_limit_exceeded", TryLaterError),
        ("team_added_to_org", TryLaterError),
        ("two_factor_setup_required", ChannelGoneError),
        ("internal_error", OutcomeUnknownError),
        ("fatal_error", OutcomeUnknownError),
        ("service_unavailable", OutcomeUnknownError),
        ("request_timeout", OutcomeUnknownError),
        ("msg_too_long", MessageRefusedError),
        ("invalid_blocks", MessageRefusedError),
        ("message_not_found", MessageRefusedError),
        ("cant_update_message", MessageRefusedError),
        ("edit_window_closed", MessageRefusedError),
        ("an_error_of_tomorrow", MessageRefusedError),
        ("", MessageRefusedError),
    ],
)
def test_each_error_asks_for_what_helps(error: str, kind: type[DeliveryError]) -> None:
    assert type(of_error(error)) is kind


def test_what_slack_says_is_named_and_a_gone_channel_is_said_in_words() -> None:
    assert "invalid_blocks" in str(of_error("invalid_blocks"))
    assert "internal_error" in str(of_error("internal_error"))
    assert "_" not in str(of_error("not_in_channel"))


def test_a_wait_is_taken_over() -> None:
    for error in (of_error("ratelimited", retry_after="7"), of_status(429, retry_after="7")):
        assert isinstance(error, TryLaterError)
        assert error.retry_after_s == 7


@pytest.mark.parametrize("status", [400, 403, 404, 408, 500, 502, 503, 504, 301])
def test_an_answer_that_is_none_of_slacks_own_says_nothing_about_the_message(status: int) -> None:
    assert isinstance(of_status(status), OutcomeUnknownError)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("1", 1.0),
        ("0", 0.0),
        (" 30 ", 30.0),
        ("0.5", 0.5),
        (None, None),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_a_wait_that_makes_no_sense_is_none(header: str | None, wait_s: float | None) -> None:
    assert seconds(header) == wait_s


def test_no_header_breaks_it() -> None:
    for text in HOSTILE:
        wait_s = seconds(text)
        assert wait_s is None or (math.isfinite(wait_s) and wait_s >= 0)
