"""Classify: what waits in the inbox is asked of the model, decided for every channel that cares, and settled."""

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta

from bot.pipeline.bell import Bell
from bot.pipeline.blame import Inquiry
from bot.pipeline.decide_all import Decisions, PostDecisions, decide_all
from bot.pipeline.filters import Reading
from bot.pipeline.heard import Heard
from bot.pipeline.outage import Outage
from bot.pipeline.putting_off import PuttingOff
from bot.pipeline.questions import QuestionFailedError, Questions, StoppedError
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from classifier.hypothesis import restate
from classifier.types import Speaker
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


class Classify:
    """One task; the model runs on the batcher's thread.

    When the model fails, it is found out whose fault that was (`Inquiry`). In an outage everything is given back and
    waits on the disk. A hypothesis that the model refuses is left out (`LeftOut`), and posts are decided without it. Of
    those that it fails on only together fewer are put at once. Else the posts are halved until those it fails on stand
    alone: they are tried again later and at last set aside, the others are decided as usual.
    """

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
        outage: Outage,
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._batcher = batcher
        self._watch_list = watch_list
        self._clock = clock
        self._stored = stored
        self._owed = owed
        self._outage = outage
        self._questions = Questions(batcher, clock)
        self._inquiry = Inquiry(self._questions, batcher.template)
        self._putting_off = PuttingOff(inbox, clock)
        self._size = _FEWEST
        self._stopping = False
        self._stopped = Bell(clock)

    def stop(self) -> None:
        """Let `run` return after the question that the model is at work on."""
        self._stopping = True
        self._questions.stop()
        self._stopped.ring()
        self._stored.ring()

    async def run(self) -> None:
        """Until `stop`: claim, ask, decide, settle; when nothing waits, until the bell for stored posts rings.

        Nothing stays claimed when it returns or is cancelled. When it dies of an error, what it had claimed stays so
        until it is started again, and counts as a death.
        """
        if not await self._model_is_ready():  # while it is loaded no post is tried: what kills then is no post's fault
            return
        await self._inbox.recover()
        try:
            while not self._stopping:
                await self._round()
        except asyncio.CancelledError:
            await self._inbox.release_all()
            raise

    async def _model_is_ready(self) -> bool:
        """False when `stop` came first."""
        ends = [asyncio.ensure_future(self._batcher.ready()), asyncio.ensure_future(self._stopped.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return self._batcher.loaded

    async def _round(self) -> None:
        started = self._clock.now()
        self._watch_list.pass_time(started)
        claimed = await self._inbox.claim(self._size, lease=LEASE, now=started)
        if not claimed:
            await self._rest()
            return
        await self._work_off(claimed)
        self._size = _next_size(self._size, (self._clock.now() - started).total_seconds())

    async def _rest(self) -> None:
        """Nothing can be claimed: until something is stored, or a post that was put off is due."""
        free, now = await self._inbox.next_free(), self._clock.now()
        if free is None:
            await self._stored.wait()
        elif free > now:
            await self._stored.wait((free - now).total_seconds())

    async def _work_off(self, claimed: list[StoredPost]) -> None:
        """Settle, postpone or set aside each of these posts, but in an outage or when stopped, which releases them."""
        batches = [claimed]
        with suppress(StoppedError):
            while batches and not self._stopping:
                await self._work_on(batches)
        if batches:
            await self._release(batches)

    async def _work_on(self, batches: list[list[StoredPost]]) -> None:
        """Settle the last of these, or see to what hinders that. Those that stay in the list still have to be decided.

        Raises StoppedError.
        """
        batch = batches[-1]
        alerted = await self._alerted(batch)
        try:
            heard = await self._ask(batch)
        except QuestionFailedError as failure:
            blame = await self._inquiry.blame(failure)
            if blame.outage:
                await self._wait_out(blame.outage, batches)
                return
            self._outage.over()
            if blame.refused:
                self._watch_list.leave_out(blame.refused, by=blame.by, now=self._clock.now())
            elif blame.most:
                self._questions.narrow(blame.most, failure)
            else:
                batches.pop()
                batches += await self._part(batch, failure)
        else:
            await self._settle(batch, heard, alerted)  # no awaiting since the last answer: see _decide
            batches.pop()
            self._owed.ring()

    async def _part(self, batch: list[StoredPost], failure: QuestionFailedError) -> list[list[StoredPost]]:
        """The halves of posts that the model fails on; none of a post that stands alone, which is put off."""
        if len(batch) == 1:
            await self._putting_off.put_off(batch[0], failure)
            return []
        middle = len(batch) // 2
        return [batch[middle:], batch[:middle]]

    async def _wait_out(self, trouble: str, batches: list[list[StoredPost]]) -> None:
        """The model answers nobody: hold nothing, so that all of it waits on the disk, and try again later."""
        await self._release(batches)
        batches.clear()
        await self._stopped.wait(self._outage.goes_on(trouble))

    async def _release(self, batches: list[list[StoredPost]]) -> None:
        await self._inbox.release([stored.id for batch in batches for stored in batch])

    async def _ask(self, claimed: list[StoredPost]) -> Heard:
        """Ask until nothing is missing: settings may change while the model runs, and bring new hypotheses.

        Raises QuestionFailedError and StoppedError.
        """
        heard = Heard([stored.id for stored in claimed])
        while missing := self._missing(claimed, heard):
            for wanted, posts in missing.items():
                for hypotheses in self._questions.parts(wanted):
                    said = await self._questions.put([post.post.text for post in posts], hypotheses)
                    heard.take([stored.id for stored in posts], hypotheses, said)
                    self._watch_list.spoke(said.speaker)
                    self._inquiry.answered(hypotheses, said.speaker)
                    self._outage.over()
        return heard

    def _missing(self, claimed: list[StoredPost], heard: Heard) -> dict[tuple[str, ...], list[StoredPost]]:
        """The posts still to be asked about, by the union of the hypotheses of all channels that care."""
        groups: dict[tuple[str, ...], list[StoredPost]] = defaultdict(list)
        for stored in claimed:
            wanted = self._watch_list.watchers(stored.post.author).hypotheses_for(Reading(stored.post))
            if unknown := wanted - heard.of(stored.id).keys():
                groups[tuple(sorted(unknown))].append(stored)
        return groups

    async def _alerted(self, claimed: list[StoredPost]) -> _Alerted:
        """The words that alerted lately, of those in the claimed retweets: only these can repeat them."""
        words = {fingerprint(stored.post.text) for stored in claimed if PostKind.RETWEET in stored.post.kinds} - {""}
        if not words:
            return set()
        since = self._clock.now() - REPEAT_WINDOW
        return set(await self._database.read(lambda connection: alerts.of_texts(connection, words, since)))

    def _decide(self, claimed: list[StoredPost], heard: Heard, alerted: _Alerted, now: datetime) -> list[PostDecisions]:
        """No awaiting in here: the settings that were asked for are the settings that decide."""
        repeated: dict[str, set[ChannelKey]] = defaultdict(set)
        for key, words in alerted:
            repeated[words].add(key)
        decided: list[PostDecisions] = []
        for stored in claimed:
            words = fingerprint(stored.post.text)
            watchers = self._watch_list.watchers(stored.post.author)
            decided.append(decide_all(stored, watchers, heard.of(stored.id), now, alerted=repeated[words]))
            if words:
                repeated[words].update(decision.channel for decision in decided[-1].alerts)
        return decided

    async def _settle(self, claimed: list[StoredPost], heard: Heard, alerted: _Alerted) -> None:
        """All is decided at once; what several speakers answered is stored speaker by speaker."""
        now = self._clock.now()
        decided = {one.stored.id: one for one in self._decide(claimed, heard, alerted, now)}
        for speaker, posts in heard.by_speaker(self._batcher.speaker).items():
            decisions = Decisions(tuple(decided[post] for post in posts))
            owed = await self._inbox.settle(
                Settlement(
                    posts=tuple(posts),
                    model=speaker.model,
                    template=speaker.template,
                    decided_at=now,
                    logits=tuple(self._logits(post, heard, speaker) for post in posts if heard.of(post)),
                    decisions=decisions,
                )
            )
            self._putting_off.settled(posts)
            log.debug("settled posts=%d decisions=%d alerts=%d", len(posts), len(decisions), owed)

    def _logits(self, post: PostId, heard: Heard, speaker: Speaker) -> PostLogits:
        """By the hypotheses that the speaker was asked, which are in its own template."""
        asked_in, own = self._batcher.template, speaker.template
        by_hypothesis = {restate(text, asked_in, own): pair for text, pair in heard.of(post).items()}
        return PostLogits(post=post, by_hypothesis=by_hypothesis)


def _next_size(size: int, took_s: float) -> int:
    """How many posts to claim next: many of a quick model, few of a slow one, so that nobody waits long for a round."""
    if took_s < _QUICK_S:
        return min(size * 2, _MOST)
    return max(size // 2, 1) if took_s > _SLOW_S else size
