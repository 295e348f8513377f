"""Posts that the model fails on while it answers about others: tried again later, and not for ever."""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from bot.pipeline.questions import QuestionFailedError
from classifier.types import ModelUnavailableError
from sources.clock import Clock
from storage.inbox import Inbox
from storage.types import PostId, StoredPost

log = logging.getLogger(__name__)

_WAITS = (timedelta(seconds=10), timedelta(seconds=60))
"""How long a post that the model failed on is left alone, each time; after one try more it is set aside."""

_MOST_UNANSWERED = 20
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=5)
"""For a post at which the model only was not there: well over an hour. A text that always times out still ends."""


class PuttingOff:
    """How often each post was put off. That the model was not there is not held against a post, and not stored."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._unanswered: Counter[PostId] = Counter()
        """Since the start: how often the model was not there for a post, though for others it was."""

    async def put_off(self, stored: StoredPost, failure: QuestionFailedError) -> None:
        """Let a claimed post wait, or set it aside with the reason."""
        if isinstance(failure.cause, ModelUnavailableError):
            await self._not_there(stored, failure)
            return
        failed_before = await self._inbox.failures(stored.id)
        if failed_before < len(_WAITS):
            await self._inbox.postpone(stored.id, self._clock.now() + _WAITS[failed_before])
        else:
            await self._set_aside(stored, f"the model failed on it {failed_before + 1} times, at last with: {failure}")

    def settled(self, posts: Iterable[PostId]) -> None:
        """These need not be remembered any more."""
        for post in posts:
            self._unanswered.pop(post, None)

    async def _not_there(self, stored: StoredPost, failure: QuestionFailedError) -> None:
        self._unanswered[stored.id] += 1
        times = self._unanswered[stored.id]
        if times < _MOST_UNANSWERED:
            wait = min(_FIRST_WAIT * 2 ** (times - 1), _LONGEST_WAIT)
            await self._inbox.postpone(stored.id, self._clock.now() + wait, counted=False)
        else:
            reason = f"the model did not answer about it {times} times, though about others it did, at last with: "
            await self._set_aside(stored, f"{reason}{failure}")

    async def _set_aside(self, stored: StoredPost, reason: str) -> None:
        await self._inbox.set_aside(stored.id, reason)
        self.settled([stored.id])
        log.warning("set aside source=%s post=%r reason=%r", stored.post.source, stored.post.id, reason)
