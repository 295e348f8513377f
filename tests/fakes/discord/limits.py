"""Rate limits: buckets with their headers, the global one, edits of old messages, and the ban for invalid requests."""

import hashlib
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

MESSAGES = "POST /channels/{channel_id}/messages"
EDITS = "PATCH /channels/{channel_id}/messages/{message_id}"


@dataclass
class _Window:
    """So many requests from the first one on, then all of them anew."""

    size: int
    per_s: float
    left: int = field(init=False)
    ends_at: float = 0.0  # monotonic

    def __post_init__(self) -> None:
        self.left = self.size

    def take(self) -> float:
        """0 when it may pass, else the seconds to wait."""
        now = time.monotonic()
        if now >= self.ends_at:
            self.left, self.ends_at = self.size, now + self.per_s
        if self.left:
            self.left -= 1
            return 0.0
        return self.ends_at - now


@dataclass(frozen=True)
class Taken:
    """What became of a request: seconds to wait (0: it passes), whose limit it was, and the headers to send."""

    wait_s: float
    scope: str  # "user", "global"
    headers: dict[str, str]


class Limits:
    """How often a bot may call. Discord names none of these numbers but the global one and the ban; the others are
    what bots have met: 5 messages in 5 s a channel, 5 edits in 5 s, 3 edits of old messages in 20 s a channel."""

    def __init__(
        self, *, messages: tuple[int, float] = (5, 5.0), edits: tuple[int, float] = (5, 5.0),
        others: tuple[int, float] = (50, 1.0), global_per_s: int = 50, old_edits: tuple[int, float] = (3, 20.0),
        invalid_most: int = 10_000,
    ) -> None:  # fmt: skip
        self._sizes = {MESSAGES: messages, EDITS: edits}
        self._others = others
        self._windows: dict[str, _Window] = {}
        self._global = _Window(global_per_s, 1.0)
        self._old_edits: dict[str, _Window] = defaultdict(lambda: _Window(*old_edits))
        self._invalid_most = invalid_most
        self._invalid_at: deque[float] = deque()
        self.refused: list[str] = []

    def take(self, route: str, major: str, *, counts_globally: bool) -> Taken:
        """Count a request. `major` is the channel, guild or webhook in its path."""
        bucket = hashlib.md5(route.encode()).hexdigest()
        window = self._windows.setdefault(f"{bucket} {major}", _Window(*self._sizes.get(route, self._others)))
        scope = "user"
        wait = window.take()
        if not wait and counts_globally and (wait := self._global.take()):
            scope = "global"
        if wait:
            self.refused.append(route)
        reset_after = max(0.0, window.ends_at - time.monotonic())
        headers = {
            "X-RateLimit-Limit": str(window.size),
            "X-RateLimit-Remaining": str(window.left),
            "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": bucket,
        }
        return Taken(wait, scope, headers)

    def take_old_edit(self, channel: str) -> float:
        """Count an edit of a message older than an hour: 0, or the seconds to wait."""
        return self._old_edits[channel].take()

    @property
    def invalid(self) -> int:
        """Requests answered 401, 403 or 429 in the last 10 minutes."""
        while self._invalid_at and self._invalid_at[0] < time.monotonic() - 600:
            self._invalid_at.popleft()
        return len(self._invalid_at)

    @property
    def banned(self) -> bool:
        """Too many of them: Cloudflare answers everything now."""
        return self.invalid >= self._invalid_most

    def note_status(self, status: int) -> None:
        if status in (401, 403, 429):
            self._invalid_at.append(time.monotonic())
