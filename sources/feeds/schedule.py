"""When a feed is read next. Pure.

A feed is asked as often as it changes: between once a minute and once an hour, sooner after news and later after none.
At rest about one reading in four finds something new, so news wait for a quarter of the usual time between two.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from statistics import median

from sources.http import retry_after_s

SHORTEST_S = 60.0
LONGEST_S = 3_600.0
FIRST_INTERVAL_S = 900.0
"""For a feed whose entries do not tell how often there are new ones."""

_SOONER, _LATER = 0.5, 1.25
_GAPS = 10  # between so many of the newest entries
_SPREAD = 0.1  # of an interval, so that feeds that were read together do not stay together
_START_S = 0.05  # a feed, after a start
_LONGEST_START_S = 120.0
_GONE_S = 24 * 3_600.0
_LONGEST_WISH_S = 24 * 3_600.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


def first_interval_s(dates: Sequence[datetime]) -> float:
    """From when the newest entries were published: a quarter of the usual gap."""
    latest = sorted(dates, reverse=True)[: _GAPS + 1]
    if len(latest) < 3:
        return FIRST_INTERVAL_S
    return bounded_s(median((later - earlier).total_seconds() for later, earlier in pairwise(latest)) / 4)


def next_interval_s(interval_s: float, *, changed: bool) -> float:
    """After a reading that found something new, or did not."""
    return bounded_s(interval_s * (_SOONER if changed else _LATER))


def bounded_s(interval_s: float) -> float:
    """Between a minute and an hour."""
    return min(max(interval_s, SHORTEST_S), LONGEST_S)


def wait_s(address: str, interval_s: float, *, least_s: float) -> float:
    """How long from a reading to the next. `least_s`: what the server asks for, up to an hour of it.

    Up to a tenth is added or taken, always the same for one feed, so that feeds come apart.
    """
    wished = max(interval_s, min(least_s, LONGEST_S))
    spread = 1 + _SPREAD * (2 * phase(address) - 1)
    return max(wished * spread, SHORTEST_S, min(least_s, LONGEST_S))


def failed_wait_s(interval_s: float, failures: int, *, status: int, asked_s: float) -> float:
    """How long to stay away after so many failures in a row: doubling up to an hour, longer where it is asked for."""
    if status == 410:
        return _GONE_S
    back_off = min(SHORTEST_S * 2.0 ** min(failures - 1, 10), LONGEST_S)
    return max(back_off, min(interval_s, LONGEST_S), min(asked_s, _LONGEST_WISH_S))


def start_wait_s(address: str, feeds: int) -> float:
    """After a start feeds are asked one after another, twenty a second, all within two minutes."""
    return phase(address) * min(feeds * _START_S, _LONGEST_START_S)


def least_wait_s(headers: Mapping[str, str], ttl_s: float, now: datetime) -> float:
    """For how long the server or the feed itself ask not to be asked again: Retry-After, max-age, ttl."""
    age = _MAX_AGE.search(headers.get("Cache-Control", ""))
    return max(retry_after_s(headers, now), float(age[1]) if age else 0.0, ttl_s)


def phase(address: str) -> float:
    """A number from 0 up to 1 that is an address's own."""
    return int.from_bytes(blake2b(address.encode("utf-8", "replace"), digest_size=4).digest(), "big") / 2**32
