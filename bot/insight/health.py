"""/health: nothing is silent. What is connected, what waits, what was dropped, which model answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot import wording
from bot.pipeline.ingest import Ingest
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import Clock
from sources.types import Account
from storage import outbox, posts
from storage.database import Database
from storage.inbox import Backlog, Inbox
from storage.types import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """Asks every room how it is."""

    database: Database
    inbox: Inbox
    batcher: Batcher
    watch_list: WatchList
    ingests: Sequence[Ingest]
    platforms: Collection[str]
    clock: Clock

    async def report(self, channel: Channel) -> str:
        """One line a room, and one a watch of the channel that asks."""
        backlog = await self.inbox.backlog()
        owed = await self.database.read(lambda connection: outbox.owed(connection, self.platforms))
        lines = [
            f"model: {self._model()}",
            *(_source(ingest, len(self.watch_list.accounts(ingest.source.serves))) for ingest in self.ingests),
            f"inbox: {self._inbox(backlog)}",
            f"outbox: {owed.waiting} to send, {owed.held} held for suspended channels, {owed.failed} failed",
            *(
                f"channel {other.name}: suspended: {other.suspended}"
                for other in self.watch_list.channels()
                if other.suspended
            ),
            *[await self._watch(watch.account) for watch in channel.watches],
        ]
        return "\n".join(lines if self.ingests else ["source: none is set up: see REPLAY_FILE in README", *lines])

    async def _watch(self, account: Account) -> str:
        last = await self.database.read(lambda connection: posts.last_published(connection, account))
        return f"watch {account}: {f'last post {wording.moment(last)}' if last else 'no post yet'}"

    def _model(self) -> str:
        if not self.batcher.loaded:
            return "still loading"
        return f"{self.batcher.model}. {wording.languages(self.batcher.model)}".rstrip()

    def _inbox(self, backlog: Backlog) -> str:
        text = f"{wording.counted(backlog.waiting, 'post')} waiting"
        if backlog.oldest_seen_at is not None:
            text += f" for up to {(self.clock.now() - backlog.oldest_seen_at).total_seconds():.0f} s"
        return f"{text}, {backlog.set_aside} set aside"


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
    return f"{line}, {trouble}" if trouble else line
