"""How an endpoint is reached: what settings say of it. Light, since choosing an engine must be cheap."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}")
"""As InvokeEndpoint has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How endpoints are reached. Region and credentials are those that boto3 finds by itself."""

    url: str = ""
    """Where the runtime is, in place of AWS's own address in the region; empty: there."""

    calls_at_once: int = 8
    """So many at most; where the endpoint throttles, fewer."""

    timeout_s: float = 30.0
    """For so long an answer is waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An endpoint, and which of the models it ever had."""

    name: str
    revision: str = ""
    """What people call what it runs now. The endpoint does not say, so scores of different models would mix."""


def parse(written: str) -> Endpoint:
    """The endpoint in "news" or "news@2026-11". Raises ValueError with the way out."""
    name, at, revision = written.partition("@")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an endpoint: letters, digits and - between them, 63 at most")
    if at and not revision:
        raise ValueError(f"{written!r} names no revision: write one behind the @, or leave the @ out")
    return Endpoint(name=name, revision=revision)
