"""/test, /why, /stats, /health and /help: answers that change nothing."""

from datetime import datetime

from bot import wording
from bot.commands.catalogue import help_text
from bot.commands.house import House
from bot.commands.types import Asked, AskWhy, Button, ButtonKind, Help, Reply, ShowStats, TryText
from bot.insight import stats, why
from bot.insight.bars import bars
from bot.pipeline.decide import matching, scored
from bot.pipeline.left_out import in_words
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
    left_out = in_words(house.watch_list.left_out(channel))
    told = [f"Left out, since the model refuses them: {left_out}."] if left_out else []
    watcher = _without_filters(house.watch_list.asked(channel), house.batcher.template, house.clock.now())
    if not watcher.hypotheses:
        return Reply(text=" ".join(["No label here can be put to the model.", *told]))
    logits = await house.batcher.logits([command.text], watcher.hypotheses, lane=Lane.PEOPLE)
    pairs = zip(watcher.hypotheses, logits[0].tolist(), strict=True)
    scores = scored(watcher, {text: (entailment, contradiction) for text, (entailment, contradiction) in pairs})
    matched = ", ".join(one.label for one in matching(scores, channel.mode))
    verdict = f"This would alert here for {matched}." if matched else "This would not alert here."
    return Reply(text="\n".join([verdict, *bars(scores), *told]), buttons=(_SHARE,))


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
