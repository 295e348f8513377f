"""/test, /health and /help: answers that change nothing."""

from bot import wording
from bot.cards import percent
from bot.commands.catalogue import CATALOGUE, entry
from bot.commands.house import House
from bot.commands.types import Asked, Help, Reply, TryText
from bot.pipeline.decide import matching, scored
from classifier.batching import Lane
from classifier.hypothesis import render
from classifier.premise import has_text
from storage.types import Channel, LabelScore

_BAR = 20


async def test(house: House, asked: Asked, command: TryText) -> Reply:
    """What this channel's labels make of a text. Nothing is stored, nothing is posted."""
    channel = house.channel(asked)
    if not channel.labels:
        return Reply(text=wording.NO_LABELS)
    if not has_text(command.text):
        return Reply(text="no text: nothing but links, handles and signs, so it would not alert.")
    hypotheses = tuple(render(label.label, house.batcher.template) for label in channel.labels)
    logits = await house.batcher.logits([command.text], hypotheses, lane=Lane.PEOPLE)
    answers = {text: (float(pair[0]), float(pair[1])) for text, pair in zip(hypotheses, logits[0], strict=True)}
    scores = scored(channel, hypotheses, answers)
    return Reply(text="\n".join([_verdict(channel, scores), *(_bar(score) for score in scores)]))


async def show_health(house: House) -> Reply:
    """What is connected, what waits, which model answers."""
    return Reply(text=await house.health.report())


def show_help(command: Help) -> Reply:
    """All commands, or one in full."""
    found = entry(command.topic) if command.topic else None
    if found is not None:
        lines = [*found.usages, f"  {found.meaning}", f"  Example: {found.example}"]
        return Reply(text="\n".join(lines))
    width = max(len(usage) for one in CATALOGUE for usage in one.usages)
    lines = []
    for one in CATALOGUE:
        lines.append(f"{one.usages[0]:<{width}}  {one.meaning}")
        lines.extend(one.usages[1:])
    return Reply(text="\n".join(lines))


def _verdict(channel: Channel, scores: tuple[LabelScore, ...]) -> str:
    matched = matching(scores, channel.mode)
    if not matched:
        return "This would not alert here."
    return f"This would alert here for {', '.join(score.label for score in matched)}."


def _bar(score: LabelScore) -> str:
    filled = round(score.score * _BAR)
    sign = "above" if score.above else "not above"
    bar = "█" * filled + "░" * (_BAR - filled)
    return (
        f"  {bar} {percent(score.score):>4} {score.label} ({sign} {percent(score.threshold)}, {score.threshold_source})"
    )
