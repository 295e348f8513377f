"""The real program at the other end of a pipe, for as long as a test talks with it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.acceptance.program import environment
from tests.fakes.ear import holds


class Terminal:
    """Types lines into a running `lapwing run`, and reads what it shows."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.shown = ""
        self._process = process

    async def say(self, line: str, answer: str) -> None:
        """Type a line, and return once something new that is shown holds the answer."""
        assert self._process.stdin
        before = len(self.shown)
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()
        await self.until(answer, since=before)

    async def until(self, text: str, *, since: int = 0, within_s: float = 10.0) -> None:
        """Return once this is shown."""
        try:
            await holds(lambda: text in self.shown[since:], within_s=within_s)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not shown. What is: {self.shown}") from None

    async def read(self) -> None:
        """Until it shows nothing more."""
        assert self._process.stdout
        while chunk := await self._process.stdout.read(4_096):
            self.shown += chunk.decode(errors="replace")


@asynccontextmanager
async def running(
    settings: Mapping[str, object], *, kill: bool = False, program: Sequence[str] = ("bot", "run")
) -> AsyncIterator[Terminal]:
    """A life of the program; at the end nothing more is typed, or it is killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(**settings),
    )
    terminal = Terminal(process)
    reader = asyncio.create_task(terminal.read())
    try:
        yield terminal
        if not kill:
            assert process.stdin
            process.stdin.close()
            async with asyncio.timeout(20):
                await process.wait()
            assert process.returncode == 0, terminal.shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reader
