"""The address that the web server listens on: whether it can, and what stands in its way. Needs no library."""

import os
import socket
from http.client import HTTPConnection, HTTPException

_ANSWER_WITHIN_S = 5.0
_MOST_ANSWER = 4096


class AddressUnusableError(Exception):
    """The web server cannot listen where the settings say; the message says why, and the way out."""


def unusable(host: str, port: int, error: OSError) -> AddressUnusableError:
    """The error with its way out."""
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
    return AddressUnusableError(
        f"the web server cannot listen on {host}, port {port}: {reason}. "
        "Set another HTTP_PORT or HTTP_HOST, or end the program that is there."
    )


def examine(host: str, port: int) -> str:
    """Whether the address is free, or ours already. Blocks for up to 5 s. Raises AddressUnusableError."""
    try:
        _try_to_listen(host, port)
    except OSError as error:
        if _lapwing_answers(host, port):
            return f"Lapwing answers on port {port} already"
        raise unusable(host, port, error) from error
    return f"{host}, port {port}, is free for /healthz and /metrics"


def _try_to_listen(host: str, port: int) -> None:
    """Raises OSError where it cannot be done."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as asyncio does: a port just left is free
        trial.bind(address)
        trial.listen()


def _lapwing_answers(host: str, port: int) -> bool:
    """Whether it is a running Lapwing that holds the address."""
    near = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104  (compared, not bound)
    asked = HTTPConnection(near, port, timeout=_ANSWER_WITHIN_S)
    try:
        asked.request("GET", "/healthz")
        found = asked.getresponse().read(_MOST_ANSWER)
    except (OSError, HTTPException):
        return False
    finally:
        asked.close()
    return b'"status": "ok"' in found or b'"status": "unhealthy"' in found
