"""A channel's settings as flat items, one a setting: what the audit keeps, and what undo puts back. Pure.

Flat, so that two changes of different labels or watches are changes of different settings, and taking back the one
leaves the other.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from classifier.types import Label, Mode
from sources.types import Account, PostKind
from storage.types import AlertState, Channel, ChannelLabel, Filters, Manager, Pause, Watch

Items = dict[str, Any]
"""Setting -> value in plain JSON; a setting that is absent is not set."""

ORDER = "order of labels"
"""The one item that many changes touch: which label people wrote first. Of two changes to it neither is in the way."""


def to_items(channel: Channel) -> Items:
    """Everything people have set. Whether the channel can be reached is no setting."""
    items: Items = {
        "mode": channel.mode.value,
        "threshold": channel.threshold,
        "alerts": channel.alerts.value,
        "managers": [{"id": manager.id, "name": manager.name} for manager in channel.managers],
        ORDER: [label.name.casefold() for label in channel.labels],
    }
    items |= {f"label {label.name.casefold()}": _of_label(label) for label in channel.labels}
    items |= {f"watch {watch.account.source} {watch.account.id}": _of_watch(watch) for watch in channel.watches}
    items |= {f"pause {pause_target(pause)}": _of_pause(pause) for pause in channel.pauses}
    return items


def with_items(channel: Channel, items: Mapping[str, Any]) -> Channel:
    """The channel with exactly these settings."""
    order = {folded: place for place, folded in enumerate(items[ORDER])}
    labels = [_label(value) for name, value in items.items() if name.startswith("label ")]
    return replace(
        channel,
        mode=Mode(items["mode"]),
        threshold=items["threshold"],
        alerts=AlertState(items["alerts"]),
        managers=tuple(Manager(**manager) for manager in items["managers"]),
        labels=tuple(sorted(labels, key=lambda label: order.get(label.name.casefold(), len(order)))),
        watches=in_order(_watch(value) for name, value in items.items() if name.startswith("watch ")),
        pauses=tuple(_pause(value) for name, value in sorted(items.items()) if name.startswith("pause ")),
    )


def in_order(watches: Any) -> tuple[Watch, ...]:
    """Watches as they were added; of those added together, by source and id."""
    return tuple(sorted(watches, key=lambda watch: (watch.added_at, watch.account.source, watch.account.id)))


def difference(before: Channel, after: Channel) -> tuple[Items, Items]:
    """The settings that differ, as they were and as they are; None where one was, or is, not set."""
    old, new = to_items(before), to_items(after)
    changed = [name for name in old | new if old.get(name) != new.get(name)]
    return {name: old.get(name) for name in changed}, {name: new.get(name) for name in changed}


def put_back(channel: Channel, before: Mapping[str, Any]) -> Channel:
    """The channel with the settings named in `before` as they stand there."""
    items = to_items(channel) | dict(before)
    return with_items(
        channel, {name: value for name, value in items.items() if value is not None or name == "threshold"}
    )


def _of_label(label: ChannelLabel) -> Items:
    return {"name": label.name, "description": label.label.description, "threshold": label.threshold}


def _label(value: Mapping[str, Any]) -> ChannelLabel:
    label = Label(name=value["name"], description=value["description"])
    return ChannelLabel(label=label, threshold=value["threshold"])


def _of_watch(watch: Watch) -> Items:
    return {
        "account": account_to_json(watch.account),
        "added_by": watch.added_by,
        "added_at": watch.added_at.isoformat(),
        "filters": filters_to_json(watch.filters),
    }


def _watch(value: Mapping[str, Any]) -> Watch:
    return Watch(
        account=Account(**value["account"]),
        added_by=value["added_by"],
        added_at=datetime.fromisoformat(value["added_at"]),
        filters=filters_from_json(value["filters"]),
    )


def _of_pause(pause: Pause) -> Items:
    return {"until": pause.until.isoformat(), "account": account_to_json(pause.account), "label": pause.label}


def _pause(value: Mapping[str, Any]) -> Pause:
    until = datetime.fromisoformat(value["until"])
    return Pause(until=until, account=account_from_json(value["account"]), label=value["label"])


def pause_target(pause: Pause) -> str:
    """What a pause is for, in one string: a channel has one pause a target."""
    if pause.account:
        return f"account {pause.account.source} {pause.account.id}"
    return f"label {pause.label.casefold()}" if pause.label else "all"


def account_to_json(account: Account | None) -> dict[str, str] | None:
    """An account in plain values."""
    if account is None:
        return None
    return {"source": account.source, "id": account.id, "handle": account.handle, "name": account.name}


def account_from_json(stored: Mapping[str, str] | None) -> Account | None:
    """The way back."""
    return None if stored is None else Account(**stored)


def filters_to_json(filters: Filters) -> Items:
    """Filters in plain values; what is not set is left out."""
    values: Items = {
        "labels": list(filters.labels),
        "not_labels": list(filters.not_labels),
        "keywords": list(filters.keywords),
        "not_keywords": list(filters.not_keywords),
        "without": sorted(filters.without),
        "langs": list(filters.langs),
        "minimum": filters.minimum,
    }
    return {name: value for name, value in values.items() if value not in ([], None)}


def filters_from_json(stored: Mapping[str, Any]) -> Filters:
    """The way back."""
    return Filters(
        labels=tuple(stored.get("labels", ())),
        not_labels=tuple(stored.get("not_labels", ())),
        keywords=tuple(stored.get("keywords", ())),
        not_keywords=tuple(stored.get("not_keywords", ())),
        without=frozenset(PostKind(kind) for kind in stored.get("without", ())),
        langs=tuple(stored.get("langs", ())),
        minimum=stored.get("minimum"),
    )
