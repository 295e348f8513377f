"""A copy of the database that was put back: what it owes may be in the chat already."""

import logging
from collections.abc import Collection
from datetime import timedelta

from bot.chat.base import ChatPlatform
from sources.clock import Clock
from storage.backup import resume_copy
from storage.database import Database
from storage.failpoints import Commit

log = logging.getLogger(__name__)


async def take_up_copy(database: Database, clock: Clock, platforms: Collection[ChatPlatform]) -> None:
    """Before anything else of a run: where the database is a copy, let nothing be sent that was not looked up."""
    now, grace = clock.now(), max((platform.grace for platform in platforms), default=timedelta())
    resumed = await database.transaction(lambda connection: resume_copy(connection, now, grace), Commit.RESUME_COPY)
    if resumed is not None:
        log.warning("resumed copy made=%s look_up=%d", resumed.copied_at.isoformat(), resumed.to_look_up)
