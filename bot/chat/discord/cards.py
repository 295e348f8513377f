"""Cards as Discord's messages. Pure.

The message's own text is what push messages say; what an alert is about stands in an embed.
"""

import re
import string
from dataclasses import replace
from urllib.parse import quote

import discord

from bot.cards import AlertCard, Card, NoticeCard, Press, SummaryCard
from bot.chat.discord.buttons import Drawn, Verb, custom_id
from bot.chat.discord.message import Message
from bot.chat.discord.text import MOST_CONTENT, content, counted, escape, literal, plain, units
from bot.chat.plain import byline, is_address, marks_line, summary_lines
from storage.types import DeliveryKey

MOST_PUSH = 150
"""Characters of an alert that push messages say, and that stand above its embed."""

MOST_TITLE = 256
MOST_AUTHOR = 256
MOST_DESCRIPTION = 4_096
MOST_FOOTER = 1_000
"""Discord takes 2,048; but all texts of an embed together have at most 6,000."""

MOST_URL = 512

HIGH_COLOUR = 0xD32F2F
ALERT_COLOUR = 0xF57C00
SUMMARY_COLOUR = 0x607D8B

_HOST = re.compile(r"https?://([A-Za-z0-9]([\w-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]+(:[0-9]{1,5})?", re.ASCII)
"""What an address begins with that Discord takes: it refuses the whole message for a button to http://localhost."""


def said(card: Card, key: DeliveryKey) -> Message:
    """A card as a message whose buttons carry the key of its delivery."""
    match card:
        case AlertCard(collapsed=True):
            return _collapsed(card, key)
        case AlertCard():
            return _alert(card, key)
        case SummaryCard():
            return _summary(card, key)
        case NoticeCard():
            health = Drawn(label="Health", id=custom_id(Verb.HEALTH, None, key))
            return Message(content=content(card.text), rows=((health,),))


def _alert(card: AlertCard, key: DeliveryKey) -> Message:
    high, text = card.marks[0].high, counted(card.text, MOST_DESCRIPTION)
    embed = discord.Embed(
        title=escape(f"{'🔴' if high else '🟠'} {marks_line(card)}", MOST_TITLE),
        description=text if text.strip() else None,
        colour=HIGH_COLOUR if high else ALERT_COLOUR,
    )
    embed.set_author(name=plain(byline(card), MOST_AUTHOR))
    rests_on = f"{card.context} · {card.judged}" if card.judged else card.context
    embed.set_footer(text=plain(rests_on, MOST_FOOTER))
    return Message(content=literal(plain(card.fallback, MOST_PUSH)), embed=embed, rows=_rows(card, key))


def _collapsed(card: AlertCard, key: DeliveryKey) -> Message:
    lines = (plain(f"{marks_line(card)} · {byline(card)}", 500), plain(card.judged, 400))
    return Message(content=literal("\n".join(lines)), rows=_rows(card, key))


def _summary(card: SummaryCard, key: DeliveryKey) -> Message:
    embed = discord.Embed(description=_lines(card), colour=SUMMARY_COLOUR)
    alerts = Drawn(label="Last alerts", id=custom_id(Verb.ALERTS, None, key))
    return Message(content=escape(card.headline, MOST_CONTENT), embed=embed, rows=((alerts,),))


def _lines(card: SummaryCard) -> str:
    """As many of the strongest alerts as fit, and where all the others are."""
    fewer = (replace(card, strongest=card.strongest[:shown]) for shown in range(len(card.strongest), -1, -1))
    texts = (literal("\n".join(summary_lines(one))) for one in fewer)
    return next(text for text in texts if units(text) <= MOST_DESCRIPTION)


_VERBS = {
    Press.RELEVANT: Verb.RELEVANT,
    Press.NOT_RELEVANT: Verb.NOT_RELEVANT,
    Press.WHY: Verb.WHY,
    Press.MORE: Verb.MORE,
    Press.SHOW: Verb.SHOW,
    Press.UNDO: Verb.UNDO,
}

_STYLES = {Press.RELEVANT: discord.ButtonStyle.success, Press.NOT_RELEVANT: discord.ButtonStyle.danger}


def _rows(card: AlertCard, key: DeliveryKey) -> tuple[tuple[Drawn, ...], ...]:
    drawn = (_drawn(press, card, key) for press in card.buttons)
    return (tuple(one for one in drawn if one is not None),)


def _drawn(press: Press, card: AlertCard, key: DeliveryKey) -> Drawn | None:
    if press is Press.OPEN_POST:
        page = _page(card.url)
        return Drawn(label=press, url=page) if page else None
    style = _STYLES.get(press, discord.ButtonStyle.secondary)
    return Drawn(label=press, id=custom_id(_VERBS[press], card.alert, key), style=style)


def _page(url: str) -> str:
    """The address as a button can open it; empty where it is none that Discord surely takes."""
    if not is_address(url):
        return ""
    safe = quote(url, safe=string.punctuation)
    host = _HOST.match(safe)
    ends = host is not None and safe[host.end() :][:1] in {"", "/", "?", "#"}
    return safe if ends and len(safe) <= MOST_URL else ""
