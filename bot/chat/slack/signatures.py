"""Whether a request over HTTP is from Slack. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from slack_sdk.signature import Clock, SignatureVerifier

FRESH_FOR = timedelta(minutes=5)


class _At(Clock):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> float:
        return self._now.timestamp()


def problem(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> str:
    """Why this is not to be believed to come from Slack, in words for the log; empty when it is."""
    timestamp, signature = (headers.get(f"X-Slack-{name}", "") for name in ("Request-Timestamp", "Signature"))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15 and signature.isascii() and signature):
        return "not signed by Slack"
    off_s = now.timestamp() - int(timestamp)
    if abs(off_s) > FRESH_FOR.total_seconds():
        return f"signed {off_s:.0f} s ago: old, or this machine's clock is wrong"
    if not SignatureVerifier(secret, _At(now)).is_valid(body.decode("utf-8", "replace"), timestamp, signature):
        return "signed by somebody else, or SLACK_SIGNING_SECRET is wrong"
    return ""
