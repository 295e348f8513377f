"""What is read of X each month, which is what X bills, and the limit that a user may set to it."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from sources.clock import Clock

_WARN_FROM = 0.8


class Budget:
    """Counts posts as X bills them: each one once a day (UTC), however it was read and however often.

    So it counts what came by the stream, by search, by previews and by looks whether it is still there; not what was
    read of it a second time the same day, which X does not bill (https://docs.x.com/x-api/getting-started/pricing).
    """

    def __init__(self, clock: Clock, *, limit: int = 0) -> None:
        """`limit` is in posts a month; 0 sets none."""
        self._clock = clock
        self._limit = limit
        self._day: date | None = None
        self._today: set[str] = set()
        self._month = ""
        self._read = 0

    @property
    def month(self) -> str:
        """The month that is counted, as 2026-11."""
        self._turn()
        return self._month

    @property
    def read(self) -> int:
        """Posts read in it."""
        self._turn()
        return self._read

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be read this month."""
        return 0 < self._limit <= self.read

    def resume(self, month: str, read: int) -> None:
        """Go on from a count that was kept; one of another month is none."""
        self._turn()
        if month == self._month:
            self._read = max(self._read, read)

    def count(self, ids: Collection[str]) -> None:
        """These posts were read."""
        self._turn()
        new = set(ids) - self._today
        self._today |= new
        self._read += len(new)

    def room(self) -> int:
        """How many may still be read; a great many where there is no limit."""
        return max(0, self._limit - self.read) if self._limit else 10**9

    def next_month(self) -> datetime:
        """When counting starts anew."""
        now = self._clock.now()
        return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)

    def words(self) -> str:
        """For /health: 1,234 of 10,000 posts this month."""
        limit = f" of {self._limit:,}" if self._limit else ""
        return f"{self.read:,}{limit} posts this month"

    def warning(self) -> str:
        """Why reading rests or is about to; empty while there is enough left."""
        if self.is_spent:
            until = self.next_month()
            return (
                f"the limit of {self._limit:,} posts a month is reached: X rests until {until:%d %B}, and what is"
                " posted until then is not read. X_MONTHLY_POSTS sets the limit"
            )
        if self._limit and self.read >= _WARN_FROM * self._limit:
            return f"{self.words()} are read, and X rests when all are. X_MONTHLY_POSTS sets the limit"
        return ""

    def _turn(self) -> None:
        """Begin a new day, and a new month, when they have begun."""
        now = self._clock.now()
        if self._day != now.date():
            self._day = now.date()
            self._today = set()
        if self._month != f"{now:%Y-%m}":
            self._month = f"{now:%Y-%m}"
            self._read = 0


def seconds_until(moment: datetime, now: datetime, *, most: timedelta = timedelta(hours=1)) -> float:
    """How long to sleep towards a moment; never longer than `most`, since a machine's clock may be set."""
    return min(max(0.0, (moment - now).total_seconds()), most.total_seconds())
