"""Every form of the catalogue as it is used in Discord: the command, its options, and the line that means the same."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """A command with its options, and what somebody would type instead."""

    command: str
    options: dict[str, Any] = field(default_factory=dict)
    line: str


def _used(line: str, command: str, **options: Any) -> Used:
    return Used(command=command, options=options, line=line)


FORMS: dict[str, tuple[Used, ...]] = {
    "/watch": (_used("/watch", "/watch"),),
    "/watch <@account> [@account …] [filters]": (
        _used("/watch @vendor_sec", "/watch", accounts="@vendor_sec"),
        _used(
            '/watch @vendor_sec @news@mastodon.social +keyword:"data leak" -retweets min:60%',
            "/watch",
            accounts="@vendor_sec, @news@mastodon.social",
            filters='+keyword:"data leak" -retweets min:60%',
        ),
    ),
    "/unwatch <@account> [@account …] [filters]": (
        _used("/unwatch @vendor_sec", "/unwatch", accounts="@vendor_sec"),
        _used("/unwatch @a @b -retweets", "/unwatch", accounts="@a @b", filters="-retweets"),
    ),
    "/unwatch all": (_used("/unwatch all", "/unwatch", accounts="all"),),
    "/labels": (_used("/labels", "/labels list"),),
    "/labels list": (_used("/labels list", "/labels list"),),
    "/labels set <label, label, …>": (
        _used('/labels set security, "one, two"', "/labels set", labels='security, "one, two"'),
    ),
    "/labels add <label, …>": (_used("/labels add supply chain", "/labels add", labels="supply chain"),),
    "/labels remove <label, …>": (_used("/labels remove database", "/labels remove", labels="database"),),
    '/labels describe <label> "<text>"': (
        _used('/labels describe security "a breach"', "/labels describe", label="security", text="a breach"),
        _used('/labels describe "a b" "c d"', "/labels describe", label="a b", text="c d"),
        _used('/labels describe security ""', "/labels describe", label="security", text='""'),
    ),
    "/labels mode independent": (_used("/labels mode independent", "/labels mode", mode="independent"),),
    "/labels mode exclusive": (_used("/labels mode exclusive", "/labels mode", mode="exclusive"),),
    "/threshold": (_used("/threshold", "/threshold list"),),
    "/threshold list": (_used("/threshold list", "/threshold list"),),
    "/threshold set <percent> [label]": (
        _used("/threshold set 60%", "/threshold set", percent="60"),
        _used('/threshold set 0.6 "supply chain"', "/threshold set", percent="0.6", label="supply chain"),
    ),
    "/threshold reset [label]": (
        _used("/threshold reset", "/threshold reset"),
        _used("/threshold reset security", "/threshold reset", label="security"),
    ),
    "/alerts": (_used("/alerts", "/alerts list"),),
    "/alerts list [label]": (
        _used("/alerts list", "/alerts list"),
        _used("/alerts list security", "/alerts list", label="security"),
    ),
    "/alerts on": (_used("/alerts on", "/alerts on"),),
    "/alerts off": (_used("/alerts off", "/alerts off"),),
    "/alerts shadow": (_used("/alerts shadow", "/alerts shadow"),),
    "/alerts pause <duration> [@account or label]": (
        _used("/alerts pause 2h", "/alerts pause", duration="2h"),
        _used("/alerts pause 3d @vendor_sec", "/alerts pause", duration="3d", target="@vendor_sec"),
        _used("/alerts pause 3w supply chain", "/alerts pause", duration="3w", target="supply chain"),
    ),
    "/alerts resume": (_used("/alerts resume", "/alerts resume"),),
    "/test <text>": (_used("/test Critical RCE, patch now", "/test", text="Critical RCE, patch now"),),
    "/why <alert, message link or post link>": (
        _used("/why 7", "/why", what="#7"),
        _used("/why https://x.com/a/status/1?b=2", "/why", what="<https://x.com/a/status/1?b=2>"),
    ),
    "/stats [days]": (_used("/stats", "/stats"), _used("/stats 30", "/stats", days=30)),
    "/health": (_used("/health", "/health"),),
    "/config": (_used("/config", "/config show"),),
    "/config show": (_used("/config show", "/config show"),),
    "/config export": (_used("/config export", "/config export"),),
    "/config import <YAML>": (
        _used("/config import {lapwing: 1, labels: []}", "/config import", yaml="{lapwing: 1, labels: []}"),
    ),
    "/config import apply <code>": (_used("/config import apply 7f3a", "/config apply", code="7f3a"),),
    "/config log": (_used("/config log", "/config log"),),
    "/config undo [change]": (
        _used("/config undo", "/config undo"),
        _used("/config undo 12", "/config undo", change=12),
    ),
    "/config lock off": (_used("/config lock off", "/config unlock"),),
    "/help [command]": (_used("/help", "/help"), _used("/help labels", "/help", topic="labels")),
}
"""By the catalogue's usage. A lock names people, who are made by the test that locks."""
