"""How commands change a channel's settings: a value in, a value out. Pure."""

from dataclasses import replace

from bot.commands.errors import RefusedError, did_you_mean, shown
from classifier.types import Label, Mode
from sources.types import Account
from storage.types import Channel, ChannelLabel, Watch


def with_watches(channel: Channel, watches: tuple[Watch, ...]) -> Channel:
    """These watches besides the others. One of an account that is watched already stays as it was."""
    all_of_them: dict[tuple[str, str], Watch] = {}
    for watch in (*channel.watches, *watches):
        all_of_them.setdefault((watch.account.source, watch.account.id), watch)
    return replace(channel, watches=tuple(all_of_them.values()))


def without_watches(channel: Channel, accounts: tuple[Account, ...]) -> Channel:
    """The watches of these accounts gone."""
    gone = {(account.source, account.id) for account in accounts}
    return replace(
        channel,
        watches=tuple(watch for watch in channel.watches if (watch.account.source, watch.account.id) not in gone),
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
    return _sound(replace(channel, labels=kept))


def with_mode(channel: Channel, mode: Mode) -> Channel:
    """Scores that relate in this way."""
    return _sound(replace(channel, mode=mode))


def with_threshold(channel: Channel, threshold: float, label: str) -> Channel:
    """This threshold for the channel, or for one label of it."""
    if not label:
        return _sound(replace(channel, threshold=threshold))
    wanted = find_label(channel, label)
    labels = tuple(replace(one, threshold=threshold) if one is wanted else one for one in channel.labels)
    return _sound(replace(channel, labels=labels))


def find_label(channel: Channel, name: str) -> ChannelLabel:
    """The channel's label of this name, whatever the case. Raises RefusedError."""
    for label in channel.labels:
        if label.name.casefold() == name.casefold():
            return label
    names = [label.name for label in channel.labels]
    hint = did_you_mean(name, names)
    has = f" It has {', '.join(names)}." if names else " It has none yet: /labels set security, database."
    raise RefusedError(f'This channel has no label "{shown(name)}".{hint or has}')


def _sound(channel: Channel) -> Channel:
    """Refuses thresholds that every post would exceed: of n labels that share 1, the top one has 1/n or more."""
    labels = len(channel.labels)
    if channel.mode is not Mode.EXCLUSIVE or labels < 2:
        return channel
    for label in channel.labels:
        if channel.threshold_for(label) <= 1 / labels:
            whose = f" {label.name}" if label.threshold is not None else ""
            raise RefusedError(
                f"In exclusive mode {labels} labels share 100%, so the top one always has {100 / labels:.0f}% or more, "
                f"and every post would exceed {channel.threshold_for(label):.0%} for {label.name}. Set the threshold "
                f"higher (/threshold set {min(round(100 / labels) + 20, 95)}%{whose}), or use /labels mode independent."
            )
    return channel
