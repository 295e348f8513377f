"""/stats: how many posts a channel had decided, for what reasons they did not alert, and how each label did."""

from datetime import datetime, timedelta

from bot.cards import percent
from bot.wording import counted
from storage import alerts, decisions
from storage.alerts import LabelCounts
from storage.database import Connection, Database
from storage.types import Channel, Reason


async def stats(database: Database, channel: Channel, days: int, *, now: datetime) -> str:
    """The last `days` days of a channel: a line for all posts, and one a label."""
    since = now - timedelta(days=days)

    def work(connection: Connection) -> tuple[dict[Reason, int], list[LabelCounts]]:
        counts = decisions.counts_since(connection, channel.key, since)
        return counts, alerts.counts_since(connection, channel.key, since)

    return "\n".join(_lines(channel, days, *await database.read(work)))


def _lines(channel: Channel, days: int, decided: dict[Reason, int], labels: list[LabelCounts]) -> list[str]:
    period = "In the last day" if days == 1 else f"In the last {days} days"
    if not decided:
        return [f"{period} no posts were decided here."]
    total = sum(decided.values())
    lines = [
        f"{period} {counted(total, 'post')} {'was' if total == 1 else 'were'} decided here: {_by_reason(decided)}."
    ]
    lines += [_label(one, channel) for one in labels]
    counted_labels = {one.label.casefold() for one in labels}
    lines += [f"  {label.name}: no alerts" for label in channel.labels if label.name.casefold() not in counted_labels]
    return lines


def _by_reason(decided: dict[Reason, int]) -> str:
    """ "12 alerts, 80 below threshold, 3 paused": alerts first, then what happened most."""
    refusals = sorted((-count, reason) for reason, count in decided.items() if reason is not Reason.ALERT)
    parts = [counted(decided.get(Reason.ALERT, 0), "alert")]
    return ", ".join([*parts, *(f"{-count} {reason}" for count, reason in refusals)])


def _label(one: LabelCounts, channel: Channel) -> str:
    gone = one.label.casefold() not in {label.name.casefold() for label in channel.labels}
    judgements = one.relevant + one.not_relevant
    judged = (
        f"{counted(judgements, 'judgement')}, {percent(one.relevant / judgements)} relevant"
        if judgements
        else "not judged"
    )
    return f"  {one.label}{' (no longer a label here)' if gone else ''}: {counted(one.alerts, 'alert')}, {judged}"
