"""Whether posts are still there: X tells of deletions only those who pay for its compliance streams.

So each post is looked at again, by default once, an hour after it was read: most deletions come sooner, and within a
day (UTC) a second read of a post is not billed. Each later look costs a read a post; with none at all deletions at X
are not followed.
"""

import logging
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sources.accounts import X
from sources.clock import Clock
from sources.types import Deletion
from sources.x.budget import Budget
from sources.x.objects import Tweet, read
from sources.x.outlet import Outlet
from sources.x.problems import problem_in
from sources.x.transport import MOST_A_PAGE, Payload, Transport, XError

log = logging.getLogger(__name__)

LOOKS = (timedelta(hours=1),)
"""How long after a post was read it is looked at again."""

_GONE = {"resource-not-found", "not-authorized-for-resource", "Not Found Error", "Authorization Error"}
_MOST_WAITING = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    due: datetime
    tweet_id: str
    post_id: str


class Deletions:
    """Posts to look at again, soonest first."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        budget: Budget,
        *,
        looks: Sequence[timedelta],
        every_s: float,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._budget = budget
        self._every_s = every_s
        self._waiting: Mapping[timedelta, deque[_Look]] = {after: deque(maxlen=_MOST_WAITING) for after in looks}

    def watch(self, tweet: Tweet) -> None:
        """Look at it again later. What is forgotten at a restart is not looked at."""
        now = self._clock.now()
        for after, waiting in self._waiting.items():
            waiting.append(_Look(due=now + after, tweet_id=tweet.id, post_id=tweet.post.id))

    async def run(self, outlet: Outlet) -> None:
        """For ever, or not at all where no looks are wanted."""
        while self._waiting:
            await self._clock.sleep(self._every_s)
            while looks := self._due():
                for deletion in await self._look(looks):
                    await outlet.deleted(deletion)

    def _due(self) -> list[_Look]:
        """As many as are asked for at once and may be paid for."""
        now, most = self._clock.now(), min(MOST_A_PAGE, self._budget.room())
        found: list[_Look] = []
        for waiting in self._waiting.values():
            while waiting and waiting[0].due <= now and len(found) < most:
                found.append(waiting.popleft())
        return found

    async def _look(self, looks: Collection[_Look]) -> list[Deletion]:
        """Those that are gone. A look that fails is not made up for: it is one of many, and each costs."""
        posts = {look.tweet_id: look.post_id for look in looks}
        try:
            payload = await self._transport.posts(list(posts))
        except XError as error:
            log.warning("failed look source=x posts=%d reason=%r", len(posts), str(error))
            return []
        self._budget.count([tweet.id for tweet in read(payload).tweets])
        return [Deletion(source=X, id=posts[gone]) for gone in dict.fromkeys(_gone(payload)) if gone in posts]


def _gone(payload: Payload) -> list[str]:
    """Ids that X says it cannot find or may not show any more; what it says nothing of is not gone."""
    errors = payload.get("errors")
    found = []
    for error in errors if isinstance(errors, list) else ():
        problem = problem_in(error)
        if problem and problem.kind in _GONE:
            found.append(str(error.get("resource_id") or error.get("value") or ""))
    return found
