"""Words that several answers share. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.cards import exact_percent
from bot.commands.values import filter_words, quoted
from bot.languages import names
from classifier.types import Model
from sources.types import Account, shown
from storage.alerts import LabelCounts
from storage.settings_items import ORDER, filters_from_json, to_items
from storage.types import DEFAULT_THRESHOLD, Channel

SOURCES = {"x": "X", "rss": "feeds", "bluesky": "Bluesky", "mastodon": "Mastodon"}
"""What people call each source."""

NO_LABELS = "This channel has no labels yet, so nothing can alert. /labels set security, database"

WEEK = timedelta(days=7)


def listed(things: Sequence[str]) -> str:
    """A list as people say it: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(things[:-1]), *things[-1:]]))


def counted(number: int, noun: str, plural: str = "") -> str:
    """ "1 account", "3 accounts"."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def what_alerts(channel: Channel) -> str:
    """What this channel's settings come to."""
    return f"This channel gets alerts for {labels_above(channel)}." if channel.labels else NO_LABELS


def suspended(name: str, problem: str) -> str:
    """What somebody is told when a channel cannot be sent to any more."""
    return f"Alerts in #{name} stopped: {problem.rstrip('.')}. Settings are kept. Invite me back and they continue."


def labels_above(channel: Channel) -> str:
    """ "security, database above 40%", or each with its own threshold where they differ."""
    thresholds = {channel.threshold_for(label) for label in channel.labels}
    names = [quoted(label.name) for label in channel.labels]
    if len(thresholds) == 1:
        return f"{', '.join(names)} above {exact_percent(thresholds.pop())}"
    return ", ".join(
        f"{name} above {exact_percent(channel.threshold_for(label))}"
        for name, label in zip(names, channel.labels, strict=True)
    )


def languages(model: Model) -> str:
    """ "The model reads English only."; empty where its languages are not known or do not matter."""
    if not model.languages:
        return ""
    return f"The model reads {names(model.languages)} only."


def volume(counts: LabelCounts | None) -> str:
    """How a label did in a week: "3 alerts in 7 days, 2 of 3 judged relevant"."""
    if counts is None:
        return "0 alerts in 7 days"
    judged = counts.relevant + counts.not_relevant
    precision = f", {counts.relevant} of {judged} judged relevant" if judged else ""
    return f"{counted(counts.alerts, 'alert')} in 7 days{precision}"


def channel_threshold(channel: Channel) -> float:
    """The threshold of a label that has none of its own."""
    return DEFAULT_THRESHOLD if channel.threshold is None else channel.threshold


def paused(channel: Channel, account: Account, now: datetime) -> str:
    """ "paused until …" where this account's alerts are; empty where they are not."""
    for pause in channel.pauses:
        mine = pause.account is None or (pause.account.source, pause.account.id) == (account.source, account.id)
        if now < pause.until and not pause.label and mine:
            return f"paused until {moment(pause.until)}"
    return ""


def settings(channel: Channel, now: datetime) -> str:
    """All settings of a channel, a line each."""
    lines = [
        f"mode: {channel.mode}",
        f"threshold: {exact_percent(channel_threshold(channel))}{' (default)' if channel.threshold is None else ''}",
        f"alerts: {channel.alerts}",
        f"may change settings: {', '.join(manager.name for manager in channel.managers) or 'everyone here'}",
    ]
    lines += [f"label {label.name}: {_label(channel, label.name)}" for label in channel.labels] or ["labels: none"]
    lines += [_setting(name, value) for name, value in to_items(channel).items() if name.startswith("watch ")]
    lines += [
        _setting(name, value)
        for (name, value), pause in zip(
            [item for item in to_items(channel).items() if item[0].startswith("pause ")], channel.pauses, strict=True
        )
        if now < pause.until
    ]
    return "\n".join(lines)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A line a changed setting, "+" for what is new, "-" for what goes, "~" for what changes."""
    lines = []
    for name in before:
        if name == ORDER:
            continue
        old, new = before[name], after[name]
        if old is None and name != "threshold":
            lines.append(f"+ {_setting(name, new)}")
        elif new is None and name != "threshold":
            lines.append(f"- {_setting(name, old)}")
        else:
            lines.append(f"~ {_setting(name, old)} -> {_becomes(name, old, new)}")
    return lines


def _setting(name: str, value: Any) -> str:
    kind = name.partition(" ")[0]
    if kind == "label":
        return f"label {value['name']}{_joined(_value(name, value))}"
    if kind == "watch":
        return f"watch {shown(value['account']['handle'])}{_joined(_value(name, value))}"
    if kind == "pause":
        target = shown(value["account"]["handle"]) if value["account"] else value["label"] or "all alerts"
        return f"pause of {target}{_joined(_value(name, value))}"
    return f"{name}{_joined(_value(name, value))}"


def _becomes(name: str, old: Any, new: Any) -> str:
    """What a setting is now, said of one that stays; an empty line would leave people guessing."""
    kind = name.partition(" ")[0]
    if kind == "label" and old["name"] != new["name"]:
        return f"{new['name']}{_joined(_value(name, new))}"
    return _value(name, new) or ("no filters" if kind == "watch" else "nothing of its own")


def _joined(value: str) -> str:
    return f": {value}" if value else ""


def _value(name: str, value: Any) -> str:
    match name.partition(" ")[0]:
        case "threshold":
            return f"{exact_percent(DEFAULT_THRESHOLD)} (default)" if value is None else exact_percent(value)
        case "managers":
            return ", ".join(manager["name"] for manager in value) or "everyone"
        case "label":
            own = f"above {exact_percent(value['threshold'])}" if value["threshold"] is not None else ""
            told = f'"{value["description"]}"' if value["description"] else ""
            return ", ".join(part for part in (told, own) if part)
        case "watch":
            return " ".join(filter_words(filters_from_json(value["filters"])))
        case "pause":
            return f"until {moment(datetime.fromisoformat(value['until']))}"
    return str(value)


def _label(channel: Channel, name: str) -> str:
    label = next(one for one in channel.labels if one.name == name)
    told = f'"{label.label.description}", ' if label.label.description else ""
    return f"{told}above {exact_percent(channel.threshold_for(label))} ({channel.threshold_source(label)})"
