"""A channel's settings as YAML, and back. Pure.

The file holds what means the same on every platform: mode, threshold, alerts, labels, watches with their filters. Who
may change settings and what is paused stay with the channel.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml

from bot.cards import exact_percent
from bot.commands import values
from bot.commands.errors import shown
from classifier.types import Label, Mode
from sources.accounts import RSS, parse_handle
from sources.types import Account, Handle
from storage.types import AlertState, Channel, ChannelLabel, Filters, Watch

T = TypeVar("T")

VERSION = 1
LONGEST = 64_000
"""Characters. 20 labels and 500 watches fit."""

_DEEPEST = 10
"""Levels; an export has 4. PyYAML takes time by the square of them: 85 s for 60,000 brackets."""

_KEYS = ("lapwing", "mode", "threshold", "alerts", "labels", "watches")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """What a file says, checked as far as it can be without asking anyone."""

    mode: Mode
    threshold: float | None
    alerts: AlertState
    labels: tuple[ChannelLabel, ...]
    watches: tuple[tuple[Handle, Filters], ...]


def to_yaml(channel: Channel) -> str:
    """The channel's settings as a file."""
    content: dict[str, Any] = {"lapwing": VERSION, "mode": channel.mode.value}
    if channel.threshold is not None:
        content["threshold"] = exact_percent(channel.threshold)
    content["alerts"] = channel.alerts.value
    content["labels"] = [_label_out(label) for label in channel.labels]
    content["watches"] = [
        {"account": _account_out(watch.account)}
        | ({"filters": values.filter_words(watch.filters)} if watch.filters != Filters() else {})
        for watch in sorted(channel.watches, key=_place)
    ]
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def from_yaml(text: str) -> ConfigFile:
    """What a file says. Raises ValueError, whose message names the part and is for people."""
    content = _read(text)
    if unknown := [str(key) for key in content if key not in _KEYS]:
        raise ValueError(f'"{shown(unknown[0])}" is no part of such a file. It has {", ".join(_KEYS)}.')
    if content.get("lapwing") != str(VERSION):
        raise ValueError(f'the file must say "lapwing: {VERSION}", as /config export writes it.')
    labels = tuple(_label_in(entry) for entry in _list(content, "labels"))
    if labels:
        values.check_names(label.name for label in labels)
    return ConfigFile(
        mode=_named("mode", Mode, content.get("mode", Mode.INDEPENDENT)),
        threshold=_percentage("threshold", content.get("threshold")),
        alerts=_named("alerts", AlertState, content.get("alerts", AlertState.ON)),
        labels=labels,
        watches=tuple(_watch_in(entry) for entry in _list(content, "watches")),
    )


def _read(text: str) -> Mapping[Any, Any]:
    if len(text) > LONGEST:
        raise ValueError(f"the file is too long: {LONGEST} characters at most.")
    try:
        _check_shape(text)
        # All scalars as texts: a label may be called no or 2026-01-01, and no tag meets a converter that trips over it.
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (makes texts, lists and mappings, nothing else)
    except yaml.YAMLError as error:
        raise ValueError(f"that is not YAML: {' '.join(str(error).split())[:160]}.") from None
    if not isinstance(content, dict):
        raise ValueError("that is not a file that /config export writes: it begins with lapwing: 1.")
    return content


def _check_shape(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("the file repeats parts by reference (*name), which may have no end: write them out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"the file is nested too deep: {_DEEPEST} levels at most.")


def _place(watch: Watch) -> tuple[str, str]:
    """Not as they were added, so that equal settings make equal files."""
    return watch.account.source, watch.account.handle.casefold()


def _account_out(account: Account) -> str:
    """As people type it. The address of a feed may look like somebody's page, so what it is stands in front."""
    return f"rss:{account.handle}" if account.source == RSS else str(account)


def _label_out(label: ChannelLabel) -> dict[str, str]:
    parts = {"name": label.name}
    if label.label.description:
        parts["description"] = label.label.description
    if label.threshold is not None:
        parts["threshold"] = exact_percent(label.threshold)
    return parts


def _label_in(entry: object) -> ChannelLabel:
    parts = _parts("label", entry, ("name", "description", "threshold"))
    name, description = parts.get("name"), parts.get("description", "")
    if not isinstance(name, str) or not isinstance(description, str):
        raise ValueError(f"a label needs a name that is a text: {shown(str(entry))}")
    values.check_description(description)
    threshold = _percentage(f"the threshold of {shown(name)}", parts.get("threshold"))
    return ChannelLabel(label=Label(name=name, description=description), threshold=threshold)


def _watch_in(entry: object) -> tuple[Handle, Filters]:
    parts = _parts("watch", entry, ("account", "filters"))
    words = parts.get("filters", [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"filters are a list of texts: {shown(str(entry))}")
    return parse_handle(str(parts.get("account", ""))), values.filters(" ".join(words))


def _parts(what: str, entry: object, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError(f"a {what} has {', '.join(known)}, and this is none: {shown(str(entry))}")
    if unknown := [str(key) for key in entry if key not in known]:
        raise ValueError(f'"{shown(unknown[0])}" is no part of a {what}, which has {", ".join(known)}.')
    return entry


def _list(content: Mapping[Any, Any], key: str) -> list[object]:
    found = content.get(key) or []
    if not isinstance(found, list):
        raise ValueError(f'"{key}" must be a list.')
    return found


def _named(part: str, kind: Callable[[str], T], value: object) -> T:
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(f'{part} cannot be "{shown(str(value))}".') from None


def _percentage(part: str, value: object) -> float | None:
    if value is None or value == "":
        return None
    try:
        return values.percentage(str(value))
    except ValueError as error:
        raise ValueError(f"{part}: {error}") from None
