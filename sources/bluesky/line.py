"""One connection to Jetstream, from its first word to its end."""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from urllib.parse import urlencode

from sources.bluesky.records import POSTS, REPOSTS
from sources.bluesky.transport import CutError, Socket, Transport
from sources.clock import Clock

MOST_DIDS = 10_000
"""So many accounts Jetstream follows on one connection."""

MOST_IN_ADDRESS = 100
"""So many fit into the address of a connection, whose first line servers take up to some 8 kB long."""

PING_S = 20.0
"""People may be quiet for hours, but a server answers a ping. One that is gone is found out within twice that."""

_MOST_WAITING = 1_000  # messages read ahead of who deals with them
_MOST_BYTES = 1024 * 1024  # of one message; no post is nearly as long


class Line:
    """An open connection on which Jetstream knows whom to tell of: always someone, since nobody would mean everyone.

    A few accounts stand in its address, as every server understands it. Thousands do not fit there: whom to follow is
    said in a message, too; with `requireHello` the server waits for it, and later ones take its place.
    """

    def __init__(self, socket: Socket, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._arrived: asyncio.Queue[str | CutError] = asyncio.Queue(_MOST_WAITING)
        self._heard = False

    @classmethod
    async def open(cls, transport: Transport, url: str, *, from_us: int, dids: Collection[str], clock: Clock) -> "Line":
        """Connect, and ask for what these accounts did from `from_us` (microseconds since 1970) on. Raises CutError."""
        query: list[tuple[str, object]] = [("requireHello", "true"), ("cursor", from_us)]
        if len(dids) <= MOST_IN_ADDRESS:
            query += [("wantedCollections", one) for one in (POSTS, REPOSTS)]
            query += [("wantedDids", did) for did in sorted(dids)]
        line = cls(await transport.connect(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"), clock)
        try:
            await line.follow(dids)
        except CutError:
            await line.close()
            raise
        return line

    async def follow(self, dids: Collection[str]) -> None:
        """From now on hear of exactly these accounts: 1 to 10,000. Raises CutError."""
        if not 1 <= len(dids) <= MOST_DIDS:
            raise ValueError(f"Jetstream follows 1 to {MOST_DIDS:,} accounts on a connection, not {len(dids):,}")
        wanted = {
            "wantedCollections": [POSTS, REPOSTS],
            "wantedDids": sorted(dids),
            "maxMessageSizeBytes": _MOST_BYTES,
        }
        await self._socket.send(json.dumps({"type": "options_update", "payload": wanted}))

    async def close(self) -> None:
        """Whoever reads `batches` gets a CutError once what had arrived is read."""
        await self._socket.close()

    async def batches(self) -> AsyncGenerator[list[str], None]:
        """All messages that wait, in their order; an empty list now and then, as a sign that the server is there.

        Ends with CutError, always.
        """
        tasks = [
            asyncio.create_task(self._read(), name="bluesky reader"),
            asyncio.create_task(self._guard(), name="bluesky guard"),
        ]
        try:
            while True:
                batch = await self._waiting()
                yield [message for message in batch if message and isinstance(message, str)]
                for message in batch:
                    if isinstance(message, CutError):
                        raise message
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()

    async def _waiting(self) -> list[str | CutError]:
        batch = [await self._arrived.get()]
        while not self._arrived.empty():
            batch.append(self._arrived.get_nowait())
        return batch

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                self._heard = True
                if message:
                    await self._arrived.put(message)
        except CutError as error:
            await self._arrived.put(error)

    async def _guard(self) -> None:
        """Asks a silent server for a sign of life, and ends the connection where none comes."""
        asked = False
        while True:
            await self._clock.sleep(PING_S)
            if self._heard or self._arrived.full():  # when we are behind, the silence is ours
                self._heard, asked = False, False
                if self._arrived.empty():
                    self._arrived.put_nowait("")
            elif asked:
                await self._arrived.put(CutError(f"nothing was heard for {2 * PING_S:g} s"))
                return
            if not await self._ask():
                return
            asked = True

    async def _ask(self) -> bool:
        try:
            await self._socket.ping()
        except CutError:  # the reader hears of it, too, and tells
            return False
        return True
