"""What names of hosts stand for, as the system says."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host and a port -> the IP addresses it stands for. Raises OSError."""

_AT_ONCE = 8


class SystemResolver:
    """A Resolver with threads of its own: an answer may take half a minute, and others need the common ones."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="names")  # started when they are needed

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Each address once, in the order in which the system prefers them. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        """Nobody asks any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # of the codec for names, whose rules are narrower
        raise OSError(f"{host} is no name of a host") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
