"""A Transport without a network: the same X, in time that passes below the Clock."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sources.x.problems import problem_in
from sources.x.rules import Rule
from sources.x.transport import Payload, Search, XRefusedError, XUnreachableError
from tests.fakes.x.answers import Answer, Answers
from tests.fakes.x.world import Json, World, as_line

KEEP_ALIVE_S = 20.0
FIELDS = "author_id,created_at,edit_history_tweet_ids,lang,note_tweet,referenced_tweets"


class Cut(StrEnum):
    """How a connection ends."""

    CLOSE = "close"
    ABORT = "abort"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """Somebody tried to connect to the stream: when, and what came of it."""

    at: datetime
    outcome: str
    """connected, unreachable, problem (said on the stream), empty (ended at once), or a status."""

    reset_at: datetime | None = None


class Line:
    """One connection; the test's hand on it."""

    def __init__(self, at: Callable[[], datetime]) -> None:
        self.is_stalled = False
        self.last_byte_at = at()
        self.ended_at: datetime | None = None
        self._now = at
        self._waiting: asyncio.Queue[bytes | Cut] = asyncio.Queue()

    def put(self, item: bytes | Cut) -> None:
        self._waiting.put_nowait(item)

    async def read(self) -> bytes:
        while True:
            item: bytes | Cut = b"\r\n"
            with contextlib.suppress(TimeoutError):
                item = await asyncio.wait_for(self._waiting.get(), KEEP_ALIVE_S)
            if self.is_stalled:
                await asyncio.Event().wait()
            if isinstance(item, Cut):
                self.put(item)
                if item is Cut.ABORT:
                    raise XUnreachableError("connection reset by peer", reached=True)
                return b""
            self.last_byte_at = self._now()
            return item

    async def close(self) -> None:
        self.ended_at = self.ended_at or self._now()


class ScriptedX:
    """Everything X answers, and what a script wants to go wrong."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.answers = Answers(world)
        self.attempts: list[Attempt] = []
        self.line: Line | None = None
        self.is_out = False
        """Nothing reaches X at all."""

        self.next_answers: list[Answer | bytes] = []
        """What the next connects are answered with: an error, or a stream that says this and ends."""

        self.delay_s: Callable[[], float] = lambda: 0.0
        """How long a post takes to the stream."""

        world.listeners.append(self._streamed)

    def _streamed(self, payload: Json) -> None:
        if self.line and self.line.ended_at is None:
            asyncio.get_running_loop().call_later(self.delay_s(), self._bring, self.line, payload)

    def _bring(self, line: Line, payload: Json) -> None:
        if line.ended_at is None:
            self.answers.billed.append(payload["data"]["id"])
            line.put(as_line(payload))

    def say(self, raw: bytes | Cut) -> None:
        """Put something on the stream, where somebody listens."""
        if self.line:
            self.line.put(raw)

    async def connect(self) -> Line:
        await asyncio.sleep(0.05)
        now = self.world.now()
        if self.is_out:
            self.attempts.append(Attempt(at=now, outcome="unreachable"))
            raise XUnreachableError("no route to host", reached=False)
        refused = self.next_answers.pop(0) if self.next_answers else self.answers.limit("stream", {})
        if isinstance(refused, Answer):
            error = _error(refused)
            self.attempts.append(Attempt(at=now, outcome=str(refused.status), reset_at=error.reset_at))
            raise error
        self.line = Line(self.world.now)
        self.attempts.append(
            Attempt(at=now, outcome="connected" if refused is None else "problem" if refused else "empty")
        )
        if refused is not None:
            self.line.put(refused)
            self.line.put(Cut.CLOSE)
        return self.line

    async def rules(self) -> list[Rule]:
        payload = await self._ask("rules", self.answers.rules)
        return [Rule(id=one["id"], value=one["value"]) for one in payload.get("data", [])]

    async def add_rules(self, values: Sequence[str]) -> Payload:
        body = {"add": [{"value": value, "tag": "lapwing"} for value in values]}
        return await self._ask("change rules", lambda: self.answers.change_rules(body))

    async def delete_rules(self, ids: Sequence[str]) -> None:
        await self._ask("change rules", lambda: self.answers.change_rules({"delete": {"ids": list(ids)}}))

    async def search(self, search: Search) -> Payload:
        params = {
            "query": search.query,
            "start_time": f"{search.start:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{search.end:%Y-%m-%dT%H:%M:%SZ}",
            "max_results": str(search.most),
            "tweet.fields": FIELDS,
            "expansions": "author_id",
        } | ({"next_token": search.page} if search.page else {})
        return await self._ask("search", lambda: self.answers.search(params), params)

    async def timeline(self, account_id: str, limit: int) -> Payload:
        params = {"max_results": str(max(5, limit)), "tweet.fields": FIELDS, "expansions": "author_id"}
        return await self._ask("timeline", lambda: self.answers.timeline(account_id, params))

    async def posts(self, ids: Sequence[str]) -> Payload:
        return await self._ask("lookup", lambda: self.answers.lookup(ids, {"tweet.fields": FIELDS}))

    async def user(self, handle: str) -> Payload:
        return await self._ask("user", lambda: self.answers.user(handle))

    async def find_users(self, words: str, limit: int) -> Payload:
        return await self._ask(
            "find users", lambda: self.answers.find_users({"query": words, "max_results": str(limit)})
        )

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def _ask(self, kind: str, answer: Callable[[], Answer], params: Json | None = None) -> Payload:
        await asyncio.sleep(0.05)
        if self.is_out:
            raise XUnreachableError("no route to host", reached=False)
        given = self.answers.limit(kind, params or {}) or answer()
        if not 200 <= given.status < 300:
            raise _error(given)
        assert not isinstance(given.body, str)
        found: Json = json.loads(json.dumps(given.body))
        return found


def _error(answer: Answer) -> XRefusedError:
    reset = answer.headers.get("x-rate-limit-reset")
    reset_at = datetime.fromtimestamp(int(reset), UTC) if reset else None
    return XRefusedError(answer.status, problem_in(answer.body), reset_at)
