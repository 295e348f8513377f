"""What Lapwing says, with no platform in it: cards from alerts, notices from answers. Pure.

Outside text is carried unaltered; making it harmless is each renderer's part, since what is harmful differs.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.commands.values import quoted
from sources.types import Account
from storage.types import Alert, AlertId, Judged, LabelScore, StoredPost

MOST_LABELS = 3
MOST_IN_SUMMARY = 10
HIGH = 0.80


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A label on a card, with its score."""

    label: str
    score: float

    @property
    def percent(self) -> str:
        return percent(self.score)

    @property
    def high(self) -> bool:
        """Marked "high", in words and colour."""
        return self.score >= HIGH

    def __str__(self) -> str:
        return f"{self.label} {self.percent}"


class Press(StrEnum):
    """A card's buttons, in the words they carry."""

    RELEVANT = "Relevant"
    NOT_RELEVANT = "Not relevant"
    WHY = "Why?"
    MORE = "More"
    OPEN_POST = "Open post"
    SHOW = "show"
    UNDO = "undo"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What else somebody may want to be done about an alert, with the command that does it."""

    label: str
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertCard:
    """One alert: which labels, who wrote it, the post unaltered, and what the alert rests on."""

    alert: AlertId
    marks: tuple[Mark, ...]
    author: Account
    text: str
    published_at: datetime
    url: str
    context: str
    judged: str
    """How people judged it, in words; empty while nobody has."""

    removed: str
    """Why the post's text is not shown any more, in words, which then stand in its place; empty while it is."""

    collapsed: bool
    """Shown as two lines, since people agree that it was wrong. Nothing of it is deleted."""

    buttons: tuple[Press, ...]
    more: tuple[Wish, ...]
    """What stands behind the button More."""

    @property
    def fallback(self) -> str:
        """One plain line for push messages and screen readers."""
        return f"{self.marks[0]} · {self.author}: {' '.join(self.text.split())}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeCard:
    """A message of Lapwing's own."""

    text: str

    @property
    def fallback(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryCard:
    """Alerts that came too late to be fired one by one: how many, for what, and the strongest of them."""

    total: int
    by_label: tuple[tuple[str, int], ...]
    """How many alerts each label stands first in, most first."""

    first_at: datetime
    last_at: datetime
    """When the first and the last of their posts were published."""

    strongest: tuple[AlertCard, ...]

    @property
    def headline(self) -> str:
        """What this is, in one line."""
        labels = ", ".join(f"{label} {count}" for label, count in self.by_label)
        return f"{self.total} alerts that could not be sent in time, of posts from {self._span}: {labels}"

    @property
    def rest(self) -> str:
        """Where the others are; empty when all are shown."""
        others = self.total - len(self.strongest)
        return f"and {others} more: /alerts lists them" if others else ""

    @property
    def fallback(self) -> str:
        return self.headline

    @property
    def _span(self) -> str:
        first, last = (f"{at:%Y-%m-%d %H:%M}" for at in (self.first_at, self.last_at))
        return f"{first} UTC" if first == last else f"{first} to {last} UTC"


Card = AlertCard | SummaryCard | NoticeCard


def card_of(carried: Sequence[Alert]) -> AlertCard | SummaryCard:
    """The card of a message that carries these alerts, at least one."""
    return alert_card(carried[0]) if len(carried) == 1 else summary_card(carried)


def summary_card(carried: Sequence[Alert]) -> SummaryCard:
    """Many alerts in one card, as they stand now."""
    published = [alert.post.post.published_at for alert in carried]
    strongest = sorted(carried, key=lambda alert: (-alert.matched[0].score, alert.id))[:MOST_IN_SUMMARY]
    return SummaryCard(
        total=len(carried),
        by_label=tuple(Counter(alert.matched[0].label for alert in carried).most_common()),
        first_at=min(published),
        last_at=max(published),
        strongest=tuple(alert_card(alert) for alert in strongest),
    )


def alert_card(alert: Alert, *, whole: bool = False) -> AlertCard:
    """The card of an alert as it stands now, judgements included. `whole`: not collapsed, whatever people agree on."""
    post, collapsed = alert.post.post, collapses(alert) and not whole
    return AlertCard(
        alert=alert.id,
        marks=tuple(Mark(label=one.label, score=one.score) for one in alert.matched[:MOST_LABELS]),
        author=post.author,
        text=shown_text(alert.post),
        published_at=post.published_at,
        url=post.url,
        context=_context(alert),
        judged=judged_by(alert),
        removed=alert.post.removed.words if alert.post.removed else "",
        collapsed=collapsed,
        buttons=_buttons(alert, collapsed=collapsed),
        more=_more(alert),
    )


def shown_text(stored: StoredPost) -> str:
    """The post's text unaltered, or in its place why it is gone."""
    return stored.post.text if stored.removed is None else f"({stored.removed.words})"


def collapses(alert: Alert) -> bool:
    """Only when nobody judged it relevant, and never on one judgement where a score is high.

    One mistaken reaction must not hide a real alarm from the others.
    """
    said = [one.judged for one in alert.judgements]
    if not said or Judged.RELEVANT in said:
        return False
    return len(said) > 1 or max(one.score for one in alert.matched) < HIGH


def judged_by(alert: Alert) -> str:
    """Who judged an alert, and how: "not relevant by Ann, Bob; relevant by Cem"."""
    names = {judged: ", ".join(one.actor_name for one in alert.judgements if one.judged is judged) for judged in Judged}
    return "; ".join(
        f"{judged} by {names[judged]}" for judged in (Judged.NOT_RELEVANT, Judged.RELEVANT) if names[judged]
    )


def _buttons(alert: Alert, *, collapsed: bool) -> tuple[Press, ...]:
    if collapsed:
        return (Press.SHOW, Press.UNDO)
    open_post = (Press.OPEN_POST,) if alert.post.post.url and not alert.post.removed else ()
    return (Press.RELEVANT, Press.NOT_RELEVANT, Press.WHY, Press.MORE, *open_post)


def _more(alert: Alert) -> tuple[Wish, ...]:
    """Against alerts like this one, the mildest first."""
    top, author = alert.matched[0], alert.post.post.author
    wishes = [
        Wish(label=f"Wrong label: {top.label}", command=f"-1 {alert.id} wrong label: {top.label}"),
        Wish(label=f"Pause {author} for a day", command=f"/alerts pause 1d {author}"),
        Wish(label=f"Unwatch {author}", command=f"/unwatch {author}"),
    ]
    if (above := _least_above(top.score)) is not None:
        command = f"/threshold set {above}% {quoted(top.label)}"
        wishes.insert(2, Wish(label=f"Raise the threshold of {top.label} to {above}%", command=command))
    return tuple(wishes)


def _least_above(score: float) -> int | None:
    """The percentage at which this score would not have alerted; None where none is possible."""
    above = math.ceil(score * 100 - 1e-9)
    return above if above < 100 else None


def percent(score: float) -> str:
    """A score as people see it. Rounded down, so that 79.9% is never shown as the 80% that it is not."""
    return f"{int(score * 100 + 1e-9)}%"


def exact_percent(threshold: float) -> str:
    """A threshold as people set it: 12.5% is not 12%."""
    return f"{round(threshold * 100, 6):.10g}%"


def _context(alert: Alert) -> str:
    top: LabelScore = alert.matched[0]
    threshold = f"threshold {exact_percent(top.threshold)} ({top.threshold_source})"
    return f"{threshold} · {alert.mode} · {alert.model} · alert {alert.id}"
