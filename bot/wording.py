"""Words that several answers share. Pure."""

from datetime import datetime

from bot.cards import percent
from classifier.types import Model
from storage.types import Channel

SOURCES = {"x": "X", "bluesky": "Bluesky", "mastodon": "Mastodon", "rss": "feeds"}
"""What people call each source."""

NO_LABELS = "This channel has no labels yet, so nothing can alert. /labels set security, database"

_LANGUAGES = {"en": "English"}


def counted(number: int, noun: str) -> str:
    """ "1 account", "3 accounts"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def quoted(label: str) -> str:
    """A label as it has to be typed: in quotes where it holds a comma, quotes inside doubled."""
    return '"' + label.replace('"', '""') + '"' if "," in label or label.startswith('"') else label


def what_alerts(channel: Channel) -> str:
    """What this channel's settings come to."""
    return f"This channel gets alerts for {labels_above(channel)}." if channel.labels else NO_LABELS


def labels_above(channel: Channel) -> str:
    """ "security, database above 40%", or each with its own threshold where they differ."""
    thresholds = {channel.threshold_for(label) for label in channel.labels}
    names = [quoted(label.name) for label in channel.labels]
    if len(thresholds) == 1:
        return f"{', '.join(names)} above {percent(thresholds.pop())}"
    return ", ".join(
        f"{name} above {percent(channel.threshold_for(label))}"
        for name, label in zip(names, channel.labels, strict=True)
    )


def languages(model: Model) -> str:
    """ "The model reads English only."; empty where its languages are not known or do not matter."""
    if not model.languages:
        return ""
    return f"The model reads {' and '.join(_LANGUAGES.get(code, code) for code in model.languages)} only."
