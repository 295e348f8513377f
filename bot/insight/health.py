"""/health: nothing is silent. What is connected, what waits, what was dropped, which model answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import wording
from bot.chat.plain import one_line
from bot.insight.vitals import SourceVitals, Vitals
from bot.pipeline.ingest import Ingest
from bot.pipeline.outage import Outage
from bot.pipeline.supervise import Life, Supervisor
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import Clock
from sources.types import Account, SourceState
from storage import outbox, posts
from storage.database import Database
from storage.inbox import Backlog, Inbox
from storage.types import Channel

_LONGEST_REASON = 300

_LONG_S = 60.0
"""A question that takes the model longer is worth telling."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """Asks every room how it is."""

    database: Database
    inbox: Inbox
    batcher: Batcher
    watch_list: WatchList
    ingests: Sequence[Ingest]
    platforms: Collection[str]
    supervisor: Supervisor
    clock: Clock
    outage: Outage

    async def report(self, channel: Channel) -> str:
        """One line a room, and one a watch of the channel that asks."""
        backlog = await self.inbox.backlog()
        owed = await self.database.read(lambda connection: outbox.owed(connection, self.platforms))
        lines = [
            f"model: {self._model()}",
            *(_source(ingest, len(self.watch_list.accounts(ingest.source.serves))) for ingest in self.ingests),
            f"inbox: {self._inbox(backlog)}",
            f"outbox: {owed.waiting} to send, {owed.held} held for suspended channels, {owed.failed} failed",
            *(_task(life) for life in self.supervisor.lives if life.deaths),
            *(
                f"channel {other.name}: suspended: {other.suspended}"
                for other in self.watch_list.channels()
                if other.suspended
            ),
            *self._left_out(channel),
            *[await self._watch(watch.account) for watch in channel.watches],
        ]
        return "\n".join(lines if self.ingests else ["source: none is set up: see SOURCES in README", *lines])

    async def vitals(self) -> Vitals:
        """The same as numbers."""
        backlog = await self.inbox.backlog()
        owed = await self.database.read(lambda connection: outbox.owed(connection, self.platforms))
        oldest = backlog.oldest_seen_at
        return Vitals(
            waiting=backlog.waiting,
            oldest_waiting_s=0.0 if oldest is None else (self.clock.now() - oldest).total_seconds(),
            set_aside=backlog.set_aside,
            owed=owed.waiting,
            held=owed.held,
            failed=owed.failed,
            model_loaded=self.batcher.loaded,
            suspended_channels=sum(bool(channel.suspended) for channel in self.watch_list.channels()),
            new_posts={ingest.source.name: ingest.counts.new for ingest in self.ingests},
            repeated_posts={ingest.source.name: ingest.counts.repeated for ingest in self.ingests},
            deaths={life.name: life.deaths for life in self.supervisor.lives},
            sources={
                ingest.source.name: _source_vitals(
                    ingest.source.state(), len(self.watch_list.accounts(ingest.source.serves)), self.clock.now()
                )
                for ingest in self.ingests
                if not ingest.source.finite
            },
        )

    async def _watch(self, account: Account) -> str:
        last = await self.database.read(lambda connection: posts.last_published(connection, account))
        return f"watch {account}: {f'last post {wording.moment(last)}' if last else 'no post yet'}"

    def _left_out(self, channel: Channel) -> list[str]:
        """The labels that the model refuses: of the channel that asks with the reason, of others how many there are."""
        mine = self.watch_list.left_out(channel)
        others = ((other, len(self.watch_list.left_out(other))) for other in self.watch_list.channels())
        return [
            *(
                f"label {name}: left out, since the model refuses it: {one_line(why, _LONGEST_REASON)}"
                for name, why in mine.items()
            ),
            *(
                f"channel {other.name}: {wording.counted(count, 'label')} left out, see /labels there"
                for other, count in others
                if count and other.key != channel.key
            ),
        ]

    def _model(self) -> str:
        if not self.batcher.loaded:
            return "still loading"
        lines = [f"{self.batcher.model}. {wording.languages(self.batcher.model)}".rstrip(), *self.batcher.tell()]
        if trouble := self.outage.trouble:
            lines.insert(0, f"not answering since {wording.moment(trouble.since)}: {trouble.reason.rstrip('.')}.")
        if (busy_s := self._busy_s()) > _LONG_S:
            lines.insert(0, f"busy with one question for {busy_s:.0f} s.")
        return " ".join(lines)

    def _busy_s(self) -> float:
        since = self.batcher.busy_since
        return 0.0 if since is None else (self.clock.now() - since).total_seconds()

    def _inbox(self, backlog: Backlog) -> str:
        text = f"{wording.counted(backlog.waiting, 'post')} waiting"
        if backlog.oldest_seen_at is not None:
            text += f" for up to {(self.clock.now() - backlog.oldest_seen_at).total_seconds():.0f} s"
        return f"{text}, {backlog.set_aside} set aside"


def _source_vitals(state: SourceState, accounts: int, now: datetime) -> SourceVitals:
    return SourceVitals(
        accounts=accounts,
        connected=state.connected_since is not None,
        quiet_s=None if state.last_heard is None else (now - state.last_heard).total_seconds(),
        posts_today=state.posts_today,
        gaps=state.gaps,
        recovered=state.recovered,
        lost=state.lost,
        skipped=state.skipped,
    )


def _task(life: Life) -> str:
    assert life.last_death is not None, "it died"
    times = wording.counted(life.deaths, "time")
    return f"task {life.name}: died {times} since the start, last {wording.moment(life.last_death)}: {life.last_cause}"


def _source(ingest: Ingest, accounts: int) -> str:
    state = "played to its end" if ingest.ended else "reading" if accounts else "waiting for a first /watch"
    counts = ingest.counts
    trouble = ingest.source.trouble()
    line = (
        f"source {ingest.source.name}: {state}, {wording.counted(accounts, 'account')} watched, "
        f"{counts.new} new posts since the start, {counts.repeated} seen before"
    )
    if counts.deleted:
        line += f", {counts.deleted} deleted there"
    if not ingest.source.finite:
        line += f", {_of_state(ingest.source.state(), anyone=accounts > 0)}"
    return f"{line}, {trouble}" if trouble else line


def _of_state(state: SourceState, *, anyone: bool) -> str:
    """How a live source fares; `anyone`: whether somebody is watched there, so that it should be connected."""
    said = [
        f"connected since {wording.moment(state.connected_since)}" if state.connected_since else "",
        "not connected" if anyone and not state.connected_since else "",
        f"last heard {wording.moment(state.last_heard)}" if state.last_heard else "",
        f"{wording.counted(state.posts_today, 'post')} today",
        f"{wording.counted(state.gaps, 'gap')}, {state.recovered} recovered, {state.lost} lost",
        f"{state.skipped} unreadable" if state.skipped else "",
        f"budget {state.budget}" if state.budget else "",
    ]
    return ", ".join(filter(None, said))
