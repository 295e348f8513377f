"""What Lapwing says, with no platform in it: cards from alerts, notices from answers. Pure.

Outside text is carried unaltered; making it harmless is each renderer's part, since what is harmful differs.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sources.types import Account
from storage.types import Alert, AlertId, Judged, LabelScore

MOST_LABELS = 3
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
    OPEN_POST = "Open post"


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

    buttons: tuple[Press, ...]

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


Card = AlertCard | NoticeCard


def alert_card(alert: Alert) -> AlertCard:
    """The card of an alert as it stands now, judgements included."""
    post = alert.post.post
    return AlertCard(
        alert=alert.id,
        marks=tuple(Mark(label=one.label, score=one.score) for one in alert.matched[:MOST_LABELS]),
        author=post.author,
        text=post.text,
        published_at=post.published_at,
        url=post.url,
        context=_context(alert),
        judged=judged_by(alert),
        buttons=(Press.RELEVANT, Press.NOT_RELEVANT, *((Press.OPEN_POST,) if post.url else ())),
    )


def judged_by(alert: Alert) -> str:
    """Who judged an alert, and how: "not relevant by Ann, Bob; relevant by Cem"."""
    names = {judged: ", ".join(one.actor_name for one in alert.judgements if one.judged is judged) for judged in Judged}
    return "; ".join(
        f"{judged} by {names[judged]}" for judged in (Judged.NOT_RELEVANT, Judged.RELEVANT) if names[judged]
    )


def percent(score: float) -> str:
    """A score as people see it. Rounded down, so that 79.9% is never shown as the 80% that it is not."""
    return f"{int(score * 100 + 1e-9)}%"


def _context(alert: Alert) -> str:
    top: LabelScore = alert.matched[0]
    return (
        f"threshold {percent(top.threshold)} ({top.threshold_source}) · {alert.mode} · {alert.model} · alert {alert.id}"
    )
