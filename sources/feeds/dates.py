"""When an entry was published: what the feed wrote, beside what feedparser made of it. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from time import struct_time
from typing import Any

_DATES = ("published", "updated", "created")
_MIDNIGHT = re.compile(r"[T\s]0?0:00(?::00(?:\.0+)?)?(?![\d:.])")

_BY_HOURS = {
    -10: "HST",
    -9: "AKST",
    -8: "AKDT PST8PDT",
    -7: "MST7MDT",
    -6: "CST6CDT",
    -5: "COT EST5EDT PET",
    -4: "CLT VET",
    -3: "ART BRT CLST UYT",
    -2: "BRST",
    1: "CET WEST",
    2: "CEST EET SAST",
    3: "EEST MSK",
    7: "WIB",
    8: "AWST HKT SGT",
    9: "JST KST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
"""Hours ahead of UTC, of zones that feedparser takes for UTC. Names that mean several (BST, IST …) are not among them;
EST5EDT and its like stand for the winter's, and are an hour late in summer, which makes no post too old."""

_ZONES = {name: timedelta(hours=hours) for hours, names in _BY_HOURS.items() for name in names.split()}


def read_date(entry: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    """When it was published, or else last updated, and whether only the day is told. None where no date can be read."""
    found = entry if isinstance(entry, dict) else {}
    for name in _DATES:
        # not found.get: for a date that is not there feedparser warns, and gives another
        parsed, written = dict.get(found, f"{name}_parsed"), dict.get(found, name)
        if isinstance(parsed, struct_time) and isinstance(written, str):
            try:
                at = datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC) - _ahead(written)
            except (ValueError, OverflowError):  # a year 0, a 31st of February; the first day of year 1, moved
                continue
            return at, _is_only_the_day(at, written)
    return None, False


def _ahead(written: str) -> timedelta:
    return next((_ZONES[word] for word in written.upper().split() if word in _ZONES), timedelta(0))


def _is_only_the_day(at: datetime, written: str) -> bool:
    """Without a time, or with a midnight where it was written: many programs that know the day alone write one."""
    return _MIDNIGHT.search(written) is not None or (":" not in written and at.time() == time())
