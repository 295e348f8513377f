"""/test, /why, /stats, /health and /help: answers that change nothing."""

from datetime import datetime

from bot import wording
from bot.commands.catalogue import help_text
from bot.commands.house import House
from bot.commands.types import Asked, AskWhy, Button, ButtonKind, Help, Reply, ShowStats, TryText
from bot.insight import stats, why
from bot.insight.bars import bars
from bot.pipeline.decide import matching, scored
from bot.pipeline.watcher import Watcher
from classifier.batching import Lane
from classifier.hypothesis import render
from classifier.premise import has_text
from sources.types import Account
from storage.types import Channel, Watch

_SHARE = Button(label="Share", kind=ButtonKind.SHARE)


async def test(house: House, asked: Asked, command: TryText) -> Reply:
    """What this channel's labels make of a text. Nothing is stored, nothing is posted."""
    channel = house.channel(asked)
    if not channel.labels:
        return Reply(text=wording.NO_LABELS)
    if not has_text(command.text):
        return Reply(text="no text: nothing but links, handles and signs, so it would not alert.")
    watcher = _without_filters(channel, house.batcher.template, house.clock.now())
    logits = await house.batcher.logits([command.text], watcher.hypotheses, lane=Lane.PEOPLE)
    pairs = zip(watcher.hypotheses, logits[0].tolist(), strict=True)
    scores = scored(watcher, {text: (entailment, contradiction) for text, (entailment, contradiction) in pairs})
    matched = ", ".join(one.label for one in matching(scores, channel.mode))
    verdict = f"This would alert here for {matched}." if matched else "This would not alert here."
    return Reply(text="\n".join([verdict, *bars(scores)]), buttons=(_SHARE,))


async def ask_why(house: House, asked: Asked, command: AskWhy) -> Reply:
    """Why something alerted, or why it did not."""
    channel = house.channel(asked)
    text = await why.why(house.database, channel, alert=command.alert, link=command.link, now=house.clock.now())
    return Reply(text=text, buttons=(_SHARE,))


async def show_stats(house: House, asked: Asked, command: ShowStats) -> Reply:
    """How each label did."""
    text = await stats.stats(house.database, house.channel(asked), command.days, now=house.clock.now())
    return Reply(text=text, buttons=(_SHARE,))


async def show_health(house: House, asked: Asked) -> Reply:
    """What is connected, what waits, which model answers."""
    return Reply(text=await house.health.report(house.channel(asked)), buttons=(_SHARE,))


def show_help(command: Help) -> Reply:
    """All commands, or one in full."""
    return Reply(text=help_text(command.topic))


def _without_filters(channel: Channel, template: str, now: datetime) -> Watcher:
    nobody = Watch(account=Account(source="", id="", handle=""), added_by="", added_at=now)
    hypotheses = tuple(render(label.label, template) for label in channel.labels)
    return Watcher(channel=channel, watch=nobody, hypotheses=hypotheses)
