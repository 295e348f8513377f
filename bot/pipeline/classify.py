"""Classify: what waits in the inbox is asked of the model, decided for every channel that cares, and settled."""

import logging
import time
from collections import defaultdict
from datetime import datetime, timedelta

from bot.pipeline.bell import Bell
from bot.pipeline.decide_all import Decisions, PostDecisions, decide_all
from bot.pipeline.filters import Reading
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher, Lane
from sources.clock import Clock
from sources.types import PostKind
from storage import alerts
from storage.database import Database
from storage.inbox import Inbox
from storage.posts import fingerprint
from storage.types import ChannelKey, PostId, PostLogits, Settlement, StoredPost

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
"""Longer than the slowest round of the slowest model; a dead owner's claims are freed at the next start."""

_FEWEST, _MOST = 8, 256
_QUICK_S, _SLOW_S = 0.1, 0.5

REPEAT_WINDOW = timedelta(days=1)
"""For so long a retweet of what alerted is a duplicate."""

_Alerted = set[tuple[ChannelKey, str]]
"""Channels with the fingerprints of what alerted them."""

_Answers = dict[PostId, dict[str, tuple[float, float]]]


class Classify:
    """One task; the model runs on the batcher's thread."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        batcher: Batcher,
        watch_list: WatchList,
        clock: Clock,
        *,
        stored: Bell,
        owed: Bell,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._batcher = batcher
        self._watch_list = watch_list
        self._clock = clock
        self._stored = stored
        self._owed = owed
        self._size = _FEWEST

    async def run(self) -> None:
        """For ever: claim, ask, decide, settle; when nothing waits, until the bell for stored posts rings."""
        while True:
            claimed = await self._inbox.claim(self._size, lease=LEASE, now=self._clock.now())
            if not claimed:
                await self._stored.wait()
                continue
            started = time.monotonic()
            alerted = await self._alerted(claimed)
            await self._settle(claimed, await self._ask(claimed), alerted)
            self._size = _next_size(self._size, time.monotonic() - started)
            self._owed.ring()

    async def _ask(self, claimed: list[StoredPost]) -> _Answers:
        """Ask until nothing is missing: settings may change while the model runs, and bring new hypotheses."""
        answers: _Answers = {stored.id: {} for stored in claimed}
        while missing := self._missing(claimed, answers):
            for hypotheses, posts in missing.items():
                found = await self._batcher.logits([post.post.text for post in posts], hypotheses, lane=Lane.STREAM)
                for stored, row in zip(posts, found.tolist(), strict=True):
                    answers[stored.id].update(zip(hypotheses, map(tuple, row), strict=True))
        return answers

    def _missing(self, claimed: list[StoredPost], answers: _Answers) -> dict[tuple[str, ...], list[StoredPost]]:
        """The posts still to be asked about, by the union of the hypotheses of all channels that care."""
        groups: dict[tuple[str, ...], list[StoredPost]] = defaultdict(list)
        for stored in claimed:
            wanted = self._watch_list.watchers(stored.post.author).hypotheses_for(Reading(stored.post))
            if unknown := wanted - answers[stored.id].keys():
                groups[tuple(sorted(unknown))].append(stored)
        return groups

    async def _alerted(self, claimed: list[StoredPost]) -> _Alerted:
        """The words that alerted lately, of those in the claimed retweets: only these can repeat them."""
        words = {fingerprint(stored.post.text) for stored in claimed if PostKind.RETWEET in stored.post.kinds} - {""}
        if not words:
            return set()
        since = self._clock.now() - REPEAT_WINDOW
        return set(await self._database.read(lambda connection: alerts.of_texts(connection, words, since)))

    def _decide(self, claimed: list[StoredPost], answers: _Answers, alerted: _Alerted, now: datetime) -> Decisions:
        """No awaiting in here: the settings that were asked for are the settings that decide."""
        repeated: dict[str, set[ChannelKey]] = defaultdict(set)
        for key, words in alerted:
            repeated[words].add(key)
        decided: list[PostDecisions] = []
        for stored in claimed:
            words = fingerprint(stored.post.text)
            watchers = self._watch_list.watchers(stored.post.author)
            decided.append(decide_all(stored, watchers, answers[stored.id], now, alerted=repeated[words]))
            if words:
                repeated[words].update(decision.channel for decision in decided[-1].alerts)
        return Decisions(tuple(decided))

    async def _settle(self, claimed: list[StoredPost], answers: _Answers, alerted: _Alerted) -> None:
        now = self._clock.now()
        decisions = self._decide(claimed, answers, alerted, now)
        owed = await self._inbox.settle(
            Settlement(
                posts=tuple(stored.id for stored in claimed),
                model=self._batcher.model,
                template=self._batcher.template,
                decided_at=now,
                logits=tuple(PostLogits(post=post, by_hypothesis=found) for post, found in answers.items() if found),
                decisions=decisions,
            )
        )
        log.debug("settled posts=%d decisions=%d alerts=%d", len(claimed), len(decisions), owed)


def _next_size(size: int, took_s: float) -> int:
    """How many posts to claim next: many of a quick model, few of a slow one, so that nobody waits long for a round."""
    if took_s < _QUICK_S:
        return min(size * 2, _MOST)
    return max(size // 2, 1) if took_s > _SLOW_S else size
