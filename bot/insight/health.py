"""/health: nothing is silent. What is connected, what waits, what was dropped, which model answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot import wording
from bot.pipeline.ingest import Ingest
from bot.pipeline.watch_list import WatchList
from classifier.batching import Batcher
from sources.clock import Clock
from storage import outbox
from storage.database import Database
from storage.inbox import Backlog, Inbox


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

    async def report(self) -> str:
        """One line a room."""
        backlog = await self.inbox.backlog()
        owed = await self.database.read(lambda connection: outbox.owed(connection, self.platforms))
        lines = [
            f"model: {self._model()}",
            *(_source(ingest, len(self.watch_list.accounts(ingest.source.serves))) for ingest in self.ingests),
            f"inbox: {self._inbox(backlog)}",
            f"outbox: {owed.waiting} to send, {owed.held} held for suspended channels, {owed.failed} failed",
            *(
                f"channel {channel.name}: suspended: {channel.suspended}"
                for channel in self.watch_list.channels()
                if channel.suspended
            ),
        ]
        return "\n".join(lines if self.ingests else ["source: none is set up: see REPLAY_FILE in README", *lines])

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
    return f"{line}, {trouble}" if trouble else line
