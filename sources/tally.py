"""What every live source counts of itself, and how it tells."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sources.clock import Clock
from sources.types import Account, SourceState

_TROUBLE_FOR = timedelta(hours=1)
"""For so long /health tells of something that was skipped or failed."""

_MISSED_FOR = timedelta(days=1)
"""For so long /health tells of posts that were missed: whoever looks once a day learns of it."""


@dataclass
class Tally:
    """Counts as things happen. `state` and `trouble` are those of a Source."""

    clock: Clock
    _state: SourceState = field(default_factory=SourceState)
    _day: date = date.min
    _lasting: dict[str, str] = field(default_factory=dict)
    _latest: tuple[datetime, str] | None = None
    _missed: tuple[datetime, str] | None = None

    def state(self, budget: str = "") -> SourceState:
        """The numbers as they are now."""
        today = self._state.posts_today if self._day == self.clock.now().date() else 0
        return replace(self._state, posts_today=today, budget=budget)

    def trouble(self) -> str:
        """What is wrong now, what was skipped within the last hour and missed within the last day, in words; empty
        while all is well."""
        found = list(self._lasting.values())
        if self._missed and self.clock.now() - self._missed[0] < _MISSED_FOR:
            found.append(self._missed[1])
        if self._latest and self.clock.now() - self._latest[0] < _TROUBLE_FOR:
            found.append(f"{self._state.skipped} skipped since the start (the latest: {self._latest[1]})")
        return "; ".join(found)

    def connected(self) -> None:
        """From now on the place behind the source can be heard; nothing where it could be already."""
        if self._state.connected_since is None:
            self._set(connected_since=self.clock.now())

    def disconnected(self) -> None:
        """It cannot be heard any more."""
        self._set(connected_since=None)

    def heard(self) -> None:
        """Something came, a keep-alive or a post."""
        self._set(last_heard=self.clock.now())

    def given(self, posts: int = 1) -> None:
        """So many posts were given."""
        today = self.clock.now().date()
        before = self._state.posts_today if self._day == today else 0
        self._day = today
        self._set(posts_today=before + posts)

    def gap(self) -> None:
        """It was away so long that posts may have been missed."""
        self._set(gaps=self._state.gaps + 1)

    def recovered(self, posts: int = 1) -> None:
        """So many posts were given late, out of a gap."""
        self._set(recovered=self._state.recovered + posts)

    def lost(self, posts: int = 1) -> None:
        """So many are known to have been missed for good."""
        self._set(lost=self._state.lost + posts)

    def skipped(self, what: str) -> None:
        """Something came that could not be read; `what` names it and says why."""
        self._set(skipped=self._state.skipped + 1)
        self._latest = (self.clock.now(), what)

    def missed(self, what: str) -> None:
        """Posts of some time are lost, or may be; `what` says of when and why. It is over, and cannot be mended."""
        self._missed = (self.clock.now(), what)

    def unknown(self, accounts: Iterable[Account]) -> None:
        """These are watched under ids that a replay made, and cannot be read from the place behind the source."""
        names = ", ".join(map(str, accounts))
        self.wrong("unknown", f"known from a replay only: {names}. /unwatch and /watch them" if names else "")

    def wrong(self, about: str, what: str) -> None:
        """Something is wrong from now on; what is said `about` the same later takes its place, "" ends it."""
        if what:
            self._lasting[about] = what
        else:
            self._lasting.pop(about, None)

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
