"""/labels and /threshold."""

from bot import wording
from bot.cards import percent
from bot.commands import changes
from bot.commands.house import House
from bot.commands.types import Asked, Reply, SetLabels, SetMode, SetThreshold
from classifier.types import Mode

_MODES = {
    Mode.INDEPENDENT: "each label is scored on its own; several may alert, or none",
    Mode.EXCLUSIVE: "the labels share 100%; only the top one can alert",
}


def list_labels(house: House, asked: Asked) -> Reply:
    """The channel's labels with their thresholds."""
    channel = house.channel(asked)
    if not channel.labels:
        return Reply(text=wording.NO_LABELS)
    lines = [f"Labels here ({channel.mode}: {_MODES[channel.mode]}):"]
    for label in channel.labels:
        told = f' "{label.label.description}"' if label.label.description else ""
        lines.append(
            f"  {label.name}{told} above {percent(channel.threshold_for(label))} ({channel.threshold_source(label)})"
        )
    return Reply(text="\n".join(lines))


async def set_labels(house: House, asked: Asked, command: SetLabels) -> Reply:
    """Replace all labels, and say what that added, removed and kept."""
    before, after = await house.change(asked, lambda channel: changes.with_labels(channel, command.labels))
    old = {label.name.casefold(): label.name for label in before.labels}
    new = {label.name.casefold(): label.name for label in after.labels}
    parts = {
        "added": [name for folded, name in new.items() if folded not in old],
        "removed": [name for folded, name in old.items() if folded not in new],
        "kept": [name for folded, name in new.items() if folded in old],
    }
    told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)
    return Reply(text=f"Labels are set: {told}. {wording.what_alerts(after)}", public=True)


async def set_mode(house: House, asked: Asked, command: SetMode) -> Reply:
    """Say how scores relate from now on."""
    before, _ = await house.change(asked, lambda channel: changes.with_mode(channel, command.mode))
    if before.mode is command.mode:
        return Reply(text=f"The mode is {command.mode} already: {_MODES[command.mode]}.")
    return Reply(text=f"The mode is {command.mode} now: {_MODES[command.mode]}.", public=True)


async def set_threshold(house: House, asked: Asked, command: SetThreshold) -> Reply:
    """Say which score counts from now on, for the channel or one label."""
    _, after = await house.change(
        asked, lambda channel: changes.with_threshold(channel, command.threshold, command.label)
    )
    whom = f" for {changes.find_label(after, command.label).name}" if command.label else ""
    return Reply(
        text=f"The threshold{whom} is {percent(command.threshold)} now. {wording.what_alerts(after)}", public=True
    )
