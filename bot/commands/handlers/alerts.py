"""/alerts: what came, and whether it comes."""

from bot import wording
from bot.cards import Mark, judged_by, shown_text
from bot.chat.plain import one_line
from bot.commands import changes
from bot.commands.handlers.answers import changed
from bot.commands.handlers.watches import watched
from bot.commands.house import House
from bot.commands.types import Asked, ListAlerts, PauseAlerts, Reply, SetAlerts
from storage import alerts
from storage.types import Alert, AlertState, Pause

_LISTED = 10

_STATES = {
    AlertState.ON: "Alerts are on: they are posted here.",
    AlertState.OFF: "Alerts are off: posts are not scored, and nothing is posted.",
    AlertState.SHADOW: "Alerts are in shadow: posts are scored and decided, nothing is posted.",
}


async def list_alerts(house: House, asked: Asked, command: ListAlerts) -> Reply:
    """The channel's last alerts and how they were judged; of one label where it is named."""
    label = changes.find_label(house.channel(asked), command.label).name if command.label else ""
    found = await house.database.read(lambda connection: alerts.latest(connection, asked.channel, _LISTED, label))
    if not found:
        return Reply(text=f"No alerts here yet{f' for {label}' if label else ''}.")
    lines = [f"The latest {wording.counted(len(found), 'alert')} here:", *(_line(alert) for alert in found)]
    return Reply(text="\n".join(lines))


async def set_alerts(house: House, asked: Asked, command: SetAlerts) -> Reply:
    """Deliver, stop, or decide without posting."""
    change = await house.change(asked, lambda channel: changes.with_alerts(channel, command.state))
    return changed(change, _STATES[command.state])


async def pause(house: House, asked: Asked, command: PauseAlerts) -> Reply:
    """Post nothing for a while: of the channel, of one account, or of one label. Nothing is sent later."""
    channel = house.channel(asked)
    account = watched(channel, command.handle) if command.handle else None
    label = changes.find_label(channel, command.label).name if command.label else ""
    wanted = Pause(until=house.clock.now() + command.duration, account=account, label=label)
    change = await house.change(asked, lambda before: changes.with_pause(before, wanted))
    whom = f" for {account or label}" if account or label else ""
    until = wording.moment(wanted.until)
    return changed(change, f"Alerts{whom} are paused until {until}; what comes meanwhile is decided, not sent later.")


async def resume(house: House, asked: Asked) -> Reply:
    """End every pause."""
    now = house.clock.now()
    if not any(now < pause.until for pause in house.channel(asked).pauses):
        return Reply(text="Nothing is paused here.")
    change = await house.change(asked, changes.without_pauses)
    return changed(change, "Alerts go on.")


def _line(alert: Alert) -> str:
    mark = Mark(label=alert.matched[0].label, score=alert.matched[0].score)
    post = alert.post.post
    judged = f" ({judged_by(alert)})" if alert.judgements else ""
    return f"  {alert.id} {mark} {post.author}: {one_line(shown_text(alert.post), 60)}{judged}"
