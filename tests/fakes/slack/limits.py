"""Rate limits: a bucket that fills again with time."""

import math
import time
from dataclasses import dataclass, field

from tests.fakes.slack.scopes import METHODS


@dataclass
class _Bucket:
    """Holds up to `size` calls and gains `per_s` a second."""

    size: float
    per_s: float
    level: float = field(init=False)
    filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.size
        self.filled_at = time.monotonic()

    def take(self) -> int:
        """0 when the call may pass, else the whole seconds to wait, as Retry-After says them."""
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.filled_at) * self.per_s)
        self.filled_at = now
        if self.level >= 1:
            self.level -= 1
            return 0
        return max(1, math.ceil((1 - self.level) / self.per_s))


class Limits:
    """How often an app may call.

    Messages: `messages_per_s` a channel with short bursts of `burst` ("generally one message per second per channel
    [...] short bursts" in docs.slack.dev/apis/web-api/rate-limits, which names no size). The tiers of other methods
    are kept only with `tiers=True`, since Slack promises them as the least it allows.
    """

    def __init__(self, *, messages_per_s: float = 1.0, burst: int = 3, tiers: bool = False) -> None:
        self.messages_per_s = messages_per_s
        self.burst = burst
        self.tiers = tiers
        self.refused: list[str] = []
        self._buckets: dict[str, _Bucket] = {}

    def take(self, method: str, channel: str) -> int:
        """Count a call: 0, or the seconds to wait."""
        if method == "chat.postMessage":
            wait = self._take(f"{method} {channel}", self.burst, self.messages_per_s)
        elif self.tiers:
            wait = self._take(method, METHODS[method].per_minute, METHODS[method].per_minute / 60)
        else:
            wait = 0
        if wait:
            self.refused.append(f"{method} {channel}".strip())
        return wait

    def _take(self, name: str, size: float, per_s: float) -> int:
        return self._buckets.setdefault(name, _Bucket(size, per_s)).take()
