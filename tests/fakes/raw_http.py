"""A local server that writes the bytes it is told to, HTTP or not, for what no well-behaved server would send."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Answer = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Gets a request's head and writes what it likes; the connection is closed after it."""


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """The port of a server on 127.0.0.1 that answers every request that way."""
    asking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head.decode(), writer)
            await writer.drain()
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):  # who asked has gone: what tests are about
            writer.close()
        except asyncio.CancelledError:  # the server ends: nobody reads on
            writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer), name="raw http")
        asking.add(task)
        task.add_done_callback(asking.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking)
        await asyncio.sleep(0)  # closed transports are done with in the loop's next round


def saying(head: str, body: bytes = b"") -> Answer:
    """Always this: status line and headers, one a line, and a body whose length is told."""

    async def answer(_: str, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {head.strip()}", f"Content-Length: {len(body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + body)

    return answer


def redirecting(location: str, status: str = "302 Found") -> Answer:
    """Always there."""
    return saying(f"{status}\r\nLocation: {location}")


def endless(head: str, chunk: bytes, *, between: str = "\r\n\r\n") -> Answer:
    """A body that has no end, as fast as it is read; or headers, where what stands `between` does not end them."""

    async def answer(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}{between}".encode())
        while True:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)  # a drain that does not wait lets nobody else run

    return answer
