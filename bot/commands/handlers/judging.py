"""+1, -1, 0 and reactions: people say whether an alert was relevant."""

from collections.abc import Collection
from datetime import timedelta

from bot.cards import AlertCard, alert_card
from bot.chat.base import Reaction
from bot.commands.errors import RefusedError
from bot.commands.house import REDRAW_AFTER, House
from bot.commands.reactions import changes, meaning
from bot.commands.types import Actor, Asked, Judge, Reply
from storage import alerts, judgements, outbox
from storage.database import Connection
from storage.failpoints import Commit
from storage.types import Alert, AlertId, ChannelKey, Judgement, Receipt

_REREAD = timedelta(days=7)
_MOST_REREAD = 500


async def judge(house: House, asked: Asked, command: Judge) -> Reply:
    """Store what someone says of an alert, or that they take it back; its card is redrawn a little later."""
    now = house.clock.now()

    def work(connection: Connection) -> bool:
        alert = alerts.load(connection, command.alert)
        if alert is None or alert.channel != asked.channel:
            raise RefusedError(f"There is no alert {command.alert} in this channel. /alerts lists the last ones.")
        if command.judged is None:
            return _withdraw(house, connection, alert, asked.actor.id)
        given = Judgement(
            alert=command.alert,
            actor=asked.actor.id,
            actor_name=asked.actor.name,
            judged=command.judged,
            given_at=now,
            reason=command.reason,
        )
        return _give(house, connection, alert, given)

    news = await house.database.transaction(work, Commit.JUDGEMENT)
    house.owed.ring()
    if command.judged is None:
        text = "is no longer judged by you" if news else "was not judged by you"
        return Reply(text=f"Alert {command.alert} {text}.", public=news)
    if not news:
        return Reply(text=f"Alert {command.alert} is marked {command.judged} by you already.")
    reason = f": {command.reason}" if command.reason else ""
    return Reply(text=f"Alert {command.alert} is marked {command.judged} by {asked.actor.name}{reason}.", public=True)


async def reacted(house: House, reaction: Reaction) -> None:
    """A reaction judges as a button does; taking it back withdraws what it says, if that still stands."""
    says = meaning(reaction.emoji, house.emoji)
    if says is None:
        return

    def work(connection: Connection) -> None:
        alert = _only_alert(connection, reaction.channel, reaction.message)
        if alert is None:
            return
        if reaction.given:
            _give(house, connection, alert, _as_judgement(house, alert.id, reaction.actor, reaction.emoji))
            return
        standing = judgements.of_person(connection, alert.id, reaction.actor.id)
        if standing is not None and standing.judged is says:
            _withdraw(house, connection, alert, reaction.actor.id)

    await house.database.transaction(work, Commit.JUDGEMENT)
    house.owed.ring()


async def reactions_found(house: House, channel: ChannelKey, message: Receipt, found: Collection[Reaction]) -> None:
    """What was given and taken back while nobody listened, as far as it can still be seen."""
    actors = {reaction.actor.id: reaction.actor for reaction in found}

    def work(connection: Connection) -> None:
        alert = _only_alert(connection, channel, message)
        if alert is None:
            return
        present = {(reaction.actor.id, reaction.emoji) for reaction in found}
        given, gone = changes(alert.judgements, present, house.emoji)
        for actor in gone:
            _withdraw(house, connection, alert, actor)
        for actor, emoji in given:
            _give(house, connection, alert, _as_judgement(house, alert.id, actors[actor], emoji))

    await house.database.transaction(work, Commit.JUDGEMENT)
    house.owed.ring()


async def recent_messages(house: House, platform: str) -> list[tuple[ChannelKey, Receipt]]:
    """The messages that people may have reacted to while nobody listened."""
    since = house.clock.now() - _REREAD
    return await house.database.read(lambda connection: outbox.sent_since(connection, platform, since, _MOST_REREAD))


async def alerts_of(house: House, channel: ChannelKey, message: Receipt) -> list[AlertId]:
    """The alerts that a message carries."""
    return await house.database.read(lambda connection: [one.id for one in _carried(connection, channel, message)])


async def whole_card(house: House, channel: ChannelKey, alert: AlertId) -> AlertCard | None:
    """An alert of this channel, as if nobody had found it wrong; None where there is none."""
    found = await house.database.read(lambda connection: alerts.load(connection, alert))
    return None if found is None or found.channel != channel else alert_card(found, whole=True)


def _carried(connection: Connection, channel: ChannelKey, message: Receipt) -> list[Alert]:
    key = outbox.sent_as(connection, channel, message)
    return [] if key is None else alerts.carried_by(connection, key)


def _only_alert(connection: Connection, channel: ChannelKey, message: Receipt) -> Alert | None:
    """The alert a reaction is about; of a summary nobody can say which is meant."""
    carried = _carried(connection, channel, message)
    return carried[0] if len(carried) == 1 else None


def _as_judgement(house: House, alert: AlertId, actor: Actor, emoji: str) -> Judgement:
    says = meaning(emoji, house.emoji)
    assert says is not None, "only what means something is a judgement"
    return Judgement(
        alert=alert, actor=actor.id, actor_name=actor.name, judged=says, given_at=house.clock.now(), reaction=emoji
    )


def _give(house: House, connection: Connection, alert: Alert, given: Judgement) -> bool:
    news = judgements.give(connection, alert.channel, given)
    if news:
        _redraw(house, connection, alert)
    return news


def _withdraw(house: House, connection: Connection, alert: Alert, actor: str) -> bool:
    news = judgements.withdraw(connection, alert.id, actor)
    if news:
        _redraw(house, connection, alert)
    return news


def _redraw(house: House, connection: Connection, alert: Alert) -> None:
    delivery = alerts.delivery_of(connection, alert.id)
    assert delivery is not None, "an alert points to the delivery that carries it"
    outbox.owe_edit(connection, alert.channel, delivery, house.clock.now() + REDRAW_AFTER)
