"""/alerts, and judging an alert."""

from bot import wording
from bot.cards import Mark, judged_by
from bot.chat.plain import one_line
from bot.commands.errors import RefusedError
from bot.commands.house import House
from bot.commands.types import Asked, Judge, Reply
from storage import alerts, judgements
from storage.database import Connection
from storage.types import Alert, Judgement

_LISTED = 10


async def list_alerts(house: House, asked: Asked) -> Reply:
    """The channel's last alerts and how they were judged."""
    found = await house.database.read(lambda connection: alerts.latest(connection, asked.channel, _LISTED))
    if not found:
        return Reply(text="No alerts here yet.")
    lines = [f"The latest {wording.counted(len(found), 'alert')} here:", *(_line(alert) for alert in found)]
    return Reply(text="\n".join(lines))


async def judge(house: House, asked: Asked, command: Judge) -> Reply:
    """One judgement a person an alert; the last one wins."""
    given = Judgement(
        alert=command.alert,
        actor=asked.actor.id,
        actor_name=asked.actor.name,
        judged=command.judged,
        given_at=house.clock.now(),
    )

    def work(connection: Connection) -> bool:
        alert = alerts.load(connection, command.alert)
        if alert is None or alert.channel != asked.channel:
            raise RefusedError(f"There is no alert {command.alert} in this channel. /alerts lists the last ones.")
        return judgements.give(connection, asked.channel, given)

    if not await house.database.transaction(work):
        return Reply(text=f"Alert {command.alert} is marked {command.judged} by you already.")
    return Reply(text=f"Alert {command.alert} is marked {command.judged} by {asked.actor.name}.", public=True)


def _line(alert: Alert) -> str:
    mark = Mark(label=alert.matched[0].label, score=alert.matched[0].score)
    post = alert.post.post
    judged = f" ({judged_by(alert)})" if alert.judgements else ""
    return f"  {alert.id} {mark} {post.author}: {one_line(post.text, 60)}{judged}"
