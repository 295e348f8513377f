"""Judging an alert: one judgement a person an alert, the last one wins."""

from datetime import datetime

from bot.commands.errors import RefusedError
from bot.commands.house import REDRAW_AFTER, House
from bot.commands.types import Asked, Judge, Reply
from storage import alerts, judgements, outbox
from storage.database import Connection
from storage.failpoints import Commit
from storage.types import Judgement


async def judge(house: House, asked: Asked, command: Judge) -> Reply:
    """Store what someone says of an alert, or that they take it back; its card is redrawn a little later."""
    now = house.clock.now()

    def work(connection: Connection) -> bool:
        alert = alerts.load(connection, command.alert)
        delivery = alerts.delivery_of(connection, command.alert)
        if alert is None or delivery is None or alert.channel != asked.channel:
            raise RefusedError(f"There is no alert {command.alert} in this channel. /alerts lists the last ones.")
        news = _store(connection, asked, command, now)
        if news:
            outbox.owe_edit(connection, asked.channel, delivery, now + REDRAW_AFTER)
        return news

    news = await house.database.transaction(work, Commit.JUDGEMENT)
    house.owed.ring()
    if command.judged is None:
        text = "is no longer judged by you" if news else "was not judged by you"
        return Reply(text=f"Alert {command.alert} {text}.", public=news)
    if not news:
        return Reply(text=f"Alert {command.alert} is marked {command.judged} by you already.")
    return Reply(text=f"Alert {command.alert} is marked {command.judged} by {asked.actor.name}.", public=True)


def _store(connection: Connection, asked: Asked, command: Judge, now: datetime) -> bool:
    """Whether this says anything that this person had not said before."""
    if command.judged is None:
        return judgements.withdraw(connection, command.alert, asked.actor.id)
    given = Judgement(
        alert=command.alert,
        actor=asked.actor.id,
        actor_name=asked.actor.name,
        judged=command.judged,
        given_at=now,
    )
    return judgements.give(connection, asked.channel, given)
