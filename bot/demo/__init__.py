"""The demo: the sample that ships, a channel with sensible watches and labels, and what came of it."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from classifier.types import Label
from sources.accounts import X
from sources.types import Account
from storage.types import Channel, ChannelKey, ChannelLabel, Watch

SAMPLE = Path(str(files("bot.demo") / "sample.jsonl"))

LABELS = {
    "security": "a software vulnerability, an exploit or a data breach",
    "outage": "an outage: servers, databases, apps or websites that are down",
    "storm": "storm damage, strong gusts or a weather warning",
    "fire": "a fire, blaze or smoke",
    "flood": "flooding, high water or a flood warning",
    "insurance claims": "claiming on insurance for damage",
}


THRESHOLD = 0.60
"""Six labels together let more chatter through than one: a channel with many labels does well to ask for more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """How the demo went: alerts among the posts that fit a label, and among those that fit none."""

    fitting: int
    fitting_alerted: int
    chatter: int
    chatter_alerted: int

    def __str__(self) -> str:
        return (
            f"{self.fitting_alerted} of {self.fitting} posts that fit a label alerted "
            f"({_share(self.fitting_alerted, self.fitting)}); of {self.chatter} that fit none, "
            f"{self.chatter_alerted} did ({_share(self.chatter_alerted, self.chatter)})."
        )


def channel(key: ChannelKey, now: datetime) -> Channel:
    """A channel that watches everyone in the sample for all six labels."""
    authors = {str(line["author"]): str(line["author_name"]) for line in _lines()}
    return Channel(
        key=key,
        name=key.channel,
        threshold=THRESHOLD,
        labels=tuple(
            ChannelLabel(label=Label(name=name, description=description)) for name, description in LABELS.items()
        ),
        watches=tuple(
            Watch(
                account=Account(source=X, id=handle.lower(), handle=handle, name=name),
                added_by="the demo",
                added_at=now,
            )
            for handle, name in authors.items()
        ),
    )


def introduction(seeded: Channel) -> str:
    """What is about to be seen."""
    labels = ", ".join(label.name for label in seeded.labels)
    return (
        f"Six hours of an invented morning: this channel watches {len(seeded.watches)} accounts for {labels} "
        f"above {THRESHOLD:.0%}. The model is loading."
    )


def shares(alerted: Iterable[str], played: Collection[str]) -> Shares:
    """How it went so far. Both are ids of posts at their source."""
    ids = set(alerted)
    meant = {line["id"]: line["label"] for line in _lines() if line["id"] in played}
    fitting = {post for post, label in meant.items() if label is not None}
    return Shares(
        fitting=len(fitting),
        fitting_alerted=len(fitting & ids),
        chatter=len(meant) - len(fitting),
        chatter_alerted=len((meant.keys() - fitting) & ids),
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none yet"


def _lines() -> list[dict[str, str | None]]:
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
