"""How commands change a channel's settings: a value in, a value out. Pure.

What cannot be done raises RefusedError, whose message is the answer.
"""

from collections.abc import Iterable
from dataclasses import replace

from bot.cards import exact_percent
from bot.commands.errors import EveryPostError, RefusedError, did_you_mean, shown
from bot.commands.values import MOST_LABELS
from classifier.types import Label, Mode
from sources.types import Account
from storage.settings_items import in_order, pause_target
from storage.types import (
    AlertState,
    Channel,
    ChannelLabel,
    Filters,
    Manager,
    Pause,
    Watch,
)


def with_watches(channel: Channel, watches: tuple[Watch, ...]) -> Channel:
    """These watches besides the others; of an account that is watched already only its filters grow."""
    known = {_identity(watch.account): watch for watch in channel.watches}
    for watch in watches:
        before = known.get(_identity(watch.account))
        known[_identity(watch.account)] = (
            replace(before, filters=merged(before.filters, watch.filters)) if before else watch
        )
    return _filters_sound(replace(channel, watches=in_order(known.values())))


def without_watches(channel: Channel, accounts: Iterable[Account]) -> Channel:
    """The watches of these accounts gone."""
    gone = {_identity(account) for account in accounts}
    return replace(channel, watches=tuple(one for one in channel.watches if _identity(one.account) not in gone))


def without_filters(channel: Channel, accounts: Iterable[Account], filters: Filters) -> Channel:
    """Only these filters gone from the watches of these accounts; each account must have them all."""
    wanted = {_identity(account) for account in accounts}
    return replace(
        channel,
        watches=tuple(
            replace(watch, filters=_less(watch, filters)) if _identity(watch.account) in wanted else watch
            for watch in channel.watches
        ),
    )


def merged(old: Filters, new: Filters) -> Filters:
    """Both; where they say the opposite of each other, the new one's word."""
    return Filters(
        labels=_joined(old.labels, new.labels, less=new.not_labels),
        not_labels=_joined(old.not_labels, new.not_labels, less=new.labels),
        keywords=_joined(old.keywords, new.keywords, less=new.not_keywords),
        not_keywords=_joined(old.not_keywords, new.not_keywords, less=new.keywords),
        without=old.without | new.without,
        langs=new.langs or old.langs,
        minimum=old.minimum if new.minimum is None else new.minimum,
    )


def with_labels(channel: Channel, labels: tuple[Label, ...]) -> Channel:
    """These labels in place of all; one that was there keeps its description and its threshold."""
    known = {label.name.casefold(): label for label in channel.labels}
    kept = tuple(
        replace(before, label=replace(before.label, name=label.name))
        if (before := known.get(label.name.casefold()))
        else ChannelLabel(label=label)
        for label in labels
    )
    return _sound(_less_orphans(replace(channel, labels=kept)))


def with_more_labels(channel: Channel, labels: tuple[Label, ...]) -> Channel:
    """These labels besides the others."""
    known = {label.name.casefold() for label in channel.labels}
    for label in labels:
        if label.name.casefold() in known:
            raise RefusedError(f'This channel has the label "{shown(label.name)}" already.')
    together = (*channel.labels, *(ChannelLabel(label=label) for label in labels))
    if len(together) > MOST_LABELS:
        raise RefusedError(f"{len(together)} labels are too many: {MOST_LABELS} a channel at most.")
    return _sound(replace(channel, labels=together))


def without_labels(channel: Channel, names: tuple[str, ...]) -> Channel:
    """These labels gone, and with them the filters and pauses that name them."""
    gone = {find_label(channel, name).name for name in names}
    kept = tuple(label for label in channel.labels if label.name not in gone)
    return _sound(_less_orphans(replace(channel, labels=kept)))


def with_description(channel: Channel, name: str, description: str) -> Channel:
    """What the classifier is told of a label."""
    wanted = find_label(channel, name)
    described = replace(wanted, label=replace(wanted.label, description=description))
    return replace(channel, labels=tuple(described if one is wanted else one for one in channel.labels))


def with_mode(channel: Channel, mode: Mode) -> Channel:
    """Scores that relate in this way."""
    return _sound(replace(channel, mode=mode))


def with_threshold(channel: Channel, threshold: float | None, label: str) -> Channel:
    """This threshold, None being no own one, for the channel or for one label of it."""
    if not label:
        return _sound(replace(channel, threshold=threshold))
    wanted = find_label(channel, label)
    labels = tuple(replace(one, threshold=threshold) if one is wanted else one for one in channel.labels)
    return _sound(replace(channel, labels=labels))


def without_thresholds(channel: Channel) -> Channel:
    """The default threshold for the channel and all its labels."""
    labels = tuple(replace(label, threshold=None) for label in channel.labels)
    return _sound(replace(channel, threshold=None, labels=labels))


def with_alerts(channel: Channel, state: AlertState) -> Channel:
    """Alerts delivered, stopped, or decided only."""
    return replace(channel, alerts=state)


def with_pause(channel: Channel, pause: Pause) -> Channel:
    """A pause besides the others, in place of an earlier one for the same target."""
    by_target = {pause_target(one): one for one in (*channel.pauses, pause)}
    return replace(channel, pauses=tuple(one for _, one in sorted(by_target.items())))


def without_pauses(channel: Channel) -> Channel:
    """No pause."""
    return replace(channel, pauses=())


def with_managers(channel: Channel, managers: tuple[Manager, ...]) -> Channel:
    """Only these, and admins, may change settings; with none named, everyone the platform lets."""
    return replace(channel, managers=managers)


def find_label(channel: Channel, name: str) -> ChannelLabel:
    """The channel's label of this name, whatever the case. Raises RefusedError."""
    for label in channel.labels:
        if label.name.casefold() == name.casefold():
            return label
    names = [label.name for label in channel.labels]
    has = f" It has {', '.join(names)}." if names else " It has none yet: /labels set security, database."
    raise RefusedError(f'This channel has no label "{shown(name)}".{did_you_mean(name, names) or has}')


def filters_naming_labels_that_go(before: Channel, after: Channel) -> list[str]:
    """Which watches lost a filter because its label went, in words."""
    old = {_identity(watch.account): watch for watch in before.watches}
    return [
        str(watch.account)
        for watch in after.watches
        if (known := old.get(_identity(watch.account))) and known.filters != watch.filters
    ]


def _less_orphans(channel: Channel) -> Channel:
    names = {label.name.casefold() for label in channel.labels}

    def kept(labels: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(label for label in labels if label.casefold() in names)

    watches = tuple(
        replace(
            watch,
            filters=replace(
                watch.filters, labels=kept(watch.filters.labels), not_labels=kept(watch.filters.not_labels)
            ),
        )
        for watch in channel.watches
    )
    pauses = tuple(pause for pause in channel.pauses if not pause.label or pause.label.casefold() in names)
    return replace(channel, watches=watches, pauses=pauses)


def _filters_sound(channel: Channel) -> Channel:
    for watch in channel.watches:
        for name in (*watch.filters.labels, *watch.filters.not_labels):
            find_label(channel, name)
    return channel


def _less(watch: Watch, filters: Filters) -> Filters:
    old = watch.filters
    missing = [
        *_lacking(old.labels, filters.labels, "+label:"),
        *_lacking(old.not_labels, filters.not_labels, "-label:"),
        *_lacking(old.keywords, filters.keywords, "+keyword:"),
        *_lacking(old.not_keywords, filters.not_keywords, "-keyword:"),
        *(f"-{kind.plural}" for kind in sorted(filters.without - old.without)),
        *_lacking(old.langs, filters.langs, "lang:"),
    ]
    if filters.minimum not in {None, old.minimum}:
        missing.append(f"min:{exact_percent(filters.minimum or 0)}")
    if missing:
        raise RefusedError(f"The watch of {watch.account} has no filter {missing[0]}.")
    return Filters(
        labels=_without(old.labels, filters.labels),
        not_labels=_without(old.not_labels, filters.not_labels),
        keywords=_without(old.keywords, filters.keywords),
        not_keywords=_without(old.not_keywords, filters.not_keywords),
        without=old.without - filters.without,
        langs=_without(old.langs, filters.langs),
        minimum=None if filters.minimum is not None else old.minimum,
    )


def _joined(old: tuple[str, ...], new: tuple[str, ...], *, less: tuple[str, ...]) -> tuple[str, ...]:
    kept = _without(old, less)
    known = {one.casefold() for one in kept}
    return (*kept, *(one for one in new if one.casefold() not in known))


def _without(old: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    folded = {one.casefold() for one in gone}
    return tuple(one for one in old if one.casefold() not in folded)


def _lacking(old: tuple[str, ...], wanted: tuple[str, ...], prefix: str) -> list[str]:
    return [f"{prefix}{one}" for one in _without(wanted, old)]


def _identity(account: Account) -> tuple[str, str]:
    return account.source, account.id


def _sound(channel: Channel) -> Channel:
    """Refuses thresholds that every post would exceed: of n labels that share 1, the top one has 1/n or more."""
    labels = len(channel.labels)
    if channel.mode is not Mode.EXCLUSIVE or labels < 2:
        return channel
    for label in channel.labels:
        if channel.threshold_for(label) <= 1 / labels:
            own = f" {label.name}" if label.threshold is not None else ""
            raise EveryPostError(
                f"In exclusive mode {labels} labels share 100%, so the top one always has {100 / labels:.0f}% or more, "
                f"and every post would exceed {exact_percent(channel.threshold_for(label))} for {label.name}. Set the "
                f"threshold higher (/threshold set {min(round(100 / labels) + 20, 95)}%{own}), or use /labels mode "
                "independent.",
                channel,
            )
    return channel
