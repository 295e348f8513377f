"""How the house fares, in numbers. /metrics shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceVitals:
    """How a live source fares; counts are since the start unless said otherwise."""

    accounts: int
    """Watched there. Where there are none it need not be connected."""

    connected: bool
    quiet_s: float | None
    """Since it was last heard; None: it never was."""

    posts_today: int
    """Since midnight, UTC."""

    gaps: int
    recovered: int
    lost: int
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Vitals:
    """The numbers that tell whether Lapwing does its work."""

    waiting: int
    """Posts not yet decided."""

    oldest_waiting_s: float
    set_aside: int
    owed: int
    """Deliveries to be sent."""

    held: int
    failed: int
    model_loaded: bool
    suspended_channels: int
    new_posts: Mapping[str, int] = field(default_factory=dict)
    """Since the start, by source."""

    repeated_posts: Mapping[str, int] = field(default_factory=dict)
    deaths: Mapping[str, int] = field(default_factory=dict)
    """How often each task died and was started again."""

    sources: Mapping[str, SourceVitals] = field(default_factory=dict)
    """Those that are live, by their names."""
