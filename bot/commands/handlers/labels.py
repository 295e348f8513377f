"""/labels and /threshold."""

from bot import wording
from bot.cards import exact_percent
from bot.chat.plain import one_line
from bot.commands import changes, values
from bot.commands.handlers.answers import changed, sound, would_have
from bot.commands.house import Changed, House
from bot.commands.types import (
    AddLabels,
    Asked,
    DescribeLabel,
    RemoveLabels,
    Reply,
    ResetThreshold,
    SetLabels,
    SetMode,
    SetThreshold,
)
from classifier.types import Mode
from storage import alerts

_LONGEST_REASON = 300

_MODES = {
    Mode.INDEPENDENT: "each label is scored on its own; several may alert, or none",
    Mode.EXCLUSIVE: "the labels share 100%; only the top one can alert",
}


async def list_labels(house: House, asked: Asked) -> Reply:
    """The channel's labels with threshold, volume and precision."""
    channel = house.channel(asked)
    if not channel.labels:
        return Reply(text=wording.NO_LABELS)
    since = house.clock.now() - wording.WEEK
    found = await house.database.read(lambda connection: alerts.counts_since(connection, channel.key, since))
    counts = {one.label.casefold(): one for one in found}
    left_out = house.watch_list.left_out(channel)
    lines = [f"Labels here ({channel.mode}: {_MODES[channel.mode]}):"]
    for label in channel.labels:
        told = f' "{label.label.description}"' if label.label.description else ""
        above = f"above {exact_percent(channel.threshold_for(label))} ({channel.threshold_source(label)})"
        lines.append(f"  {label.name}{told} {above}, {wording.volume(counts.get(label.name.casefold()))}")
        if why := left_out.get(label.name):
            lines.append(f"    left out, since the model refuses it: {one_line(why, _LONGEST_REASON)}")
    return Reply(text="\n".join(lines))


async def set_labels(house: House, asked: Asked, command: SetLabels) -> Reply:
    """Replace all labels, and say what that added, removed and kept."""
    change = await sound(house, asked, lambda channel: changes.with_labels(channel, command.labels))
    return await _labels_changed(house, change, "Labels are set")


async def add_labels(house: House, asked: Asked, command: AddLabels) -> Reply:
    """More labels besides those that are there."""
    change = await sound(house, asked, lambda channel: changes.with_more_labels(channel, command.labels))
    return await _labels_changed(house, change, "Labels")


async def remove_labels(house: House, asked: Asked, command: RemoveLabels) -> Reply:
    """Fewer labels."""
    change = await sound(house, asked, lambda channel: changes.without_labels(channel, command.names))
    return await _labels_changed(house, change, "Labels")


async def describe_label(house: House, asked: Asked, command: DescribeLabel) -> Reply:
    """What the classifier is told of a label."""
    change = await sound(
        house, asked, lambda channel: changes.with_description(channel, command.name, command.description)
    )
    name = changes.find_label(change.after, command.name).name
    told = f'"{command.description}"' if command.description else "its name alone"
    return changed(change, f"The classifier is told {told} for {name}. {await would_have(house, change)}")


async def set_mode(house: House, asked: Asked, command: SetMode) -> Reply:
    """Say how scores relate from now on."""
    change = await sound(house, asked, lambda channel: changes.with_mode(channel, command.mode))
    if change.number is None:
        return Reply(text=f"The mode is {command.mode} already: {_MODES[command.mode]}.")
    text = f"The mode is {command.mode} now: {_MODES[command.mode]}. {await would_have(house, change)}"
    return changed(change, text)


def list_thresholds(house: House, asked: Asked) -> Reply:
    """The channel's threshold and those of its labels."""
    channel = house.channel(asked)
    own = "default" if channel.threshold is None else "set for the channel"
    lines = [f"The threshold here is {exact_percent(wording.channel_threshold(channel))} ({own})."]
    lines += [
        f"  {label.name}: {exact_percent(channel.threshold_for(label))} ({channel.threshold_source(label)})"
        for label in channel.labels
    ]
    return Reply(text="\n".join([*lines, "To change it: /threshold set 60%, or /threshold set 60% security"]))


async def set_threshold(house: House, asked: Asked, command: SetThreshold) -> Reply:
    """Say which score counts from now on, for the channel or one label."""
    change = await sound(
        house, asked, lambda channel: changes.with_threshold(channel, command.threshold, command.label)
    )
    whom = f" for {changes.find_label(change.after, command.label).name}" if command.label else ""
    text = f"The threshold{whom} is {exact_percent(command.threshold)} now. {wording.what_alerts(change.after)}"
    return changed(change, f"{text} {await would_have(house, change, exact_percent(command.threshold))}")


async def reset_threshold(house: House, asked: Asked, command: ResetThreshold) -> Reply:
    """The default again, for the channel with all its labels, or for one label."""
    if command.label:
        change = await sound(house, asked, lambda channel: changes.with_threshold(channel, None, command.label))
    else:
        change = await sound(house, asked, changes.without_thresholds)
    text = f"The threshold is reset. {wording.what_alerts(change.after)}"
    return changed(change, f"{text} {await would_have(house, change)}" if change.number else text)


async def _labels_changed(house: House, change: Changed, what: str) -> Reply:
    old = {label.name.casefold(): label.name for label in change.before.labels}
    new = {label.name.casefold(): label.name for label in change.after.labels}
    parts = {
        "added": [name for folded, name in new.items() if folded not in old],
        "removed": [name for folded, name in old.items() if folded not in new],
        "kept": [name for folded, name in new.items() if folded in old],
    }
    told = "; ".join(f"{word} {', '.join(map(values.quoted, names))}" for word, names in parts.items() if names)
    lines = [f"{what}: {told}. {wording.what_alerts(change.after)}"]
    if lost := changes.filters_naming_labels_that_go(change.before, change.after):
        lines.append(f"Filters that named a removed label went with it: {', '.join(lost)}.")
    if change.before.labels and change.number:
        lines.append(await would_have(house, change))
    return changed(change, " ".join(lines))
