"""/why: what became of a post in a channel, and for what reason, whether it alerted or not."""

from datetime import datetime

from bot.insight.links import PostLink, parse_link
from bot.insight.why_words import Known, added, explained, one_line, shown_post, watch_of, whether_watched
from bot.pipeline.classify import REPEAT_WINDOW
from bot.wording import moment
from storage import alerts, decisions, inbox, outbox, posts
from storage.database import Connection, Database
from storage.decisions import Decided
from storage.posts import fingerprint
from storage.types import AlertId, Channel, Reason, Removed, StoredPost


async def why(
    database: Database, channel: Channel, *, now: datetime, alert: AlertId | None = None, link: str = ""
) -> str:
    """The true reason, with every score as it stood when the post was decided; for an alert's number or a post's link.

    Names an alert or a decision of this channel only, never another's.
    """
    if alert is not None:
        return await database.read(lambda connection: _of_number(connection, channel, alert, now))
    return await database.read(lambda connection: _of_link(connection, channel, link, now))


def _of_number(connection: Connection, channel: Channel, number: AlertId, now: datetime) -> str:
    found = alerts.load(connection, number)
    if found is None or found.channel != channel.key:
        return f"There is no alert {number} in this channel. /alerts shows the last 10."
    return _of_post(connection, channel, found.post, now)


def _of_link(connection: Connection, channel: Channel, link: str, now: datetime) -> str:
    parsed = parse_link(link)
    stored = _find(connection, parsed)
    return _never_seen(channel, parsed) if stored is None else _of_post(connection, channel, stored, now)


def _find(connection: Connection, link: PostLink) -> StoredPost | None:
    if link.post_id and (stored := posts.find(connection, link.source, link.post_id)):
        return stored
    found = (posts.at_url(connection, address) for address in link.addresses)
    return next((stored for stored in found if stored is not None), None)


def _of_post(connection: Connection, channel: Channel, stored: StoredPost, now: datetime) -> str:
    decided = decisions.load(connection, channel.key, stored.id)
    if decided is None:
        return "\n".join(_undecided(connection, channel, stored, now))
    alert = alerts.of_post(connection, channel.key, stored.id)
    delivery = alerts.delivery_of(connection, alert.id) if alert else None
    known = Known(
        post=stored.post,
        decided=decided,
        watch=watch_of(channel, stored.post.author),
        alert=alert,
        progress=outbox.progress_of(connection, delivery) if delivery else None,
        repeats=_repeated(connection, channel, stored, decided),
        removed=stored.removed,
    )
    return "\n".join(explained(known))


def _repeated(connection: Connection, channel: Channel, stored: StoredPost, decided: Decided) -> AlertId | None:
    """The alert that a duplicate repeats."""
    if decided.reason is not Reason.DUPLICATE:
        return None
    words = fingerprint(stored.post.text)
    if not words:  # its text is gone, and with it what it repeats
        return None
    return alerts.of_texts(connection, [words], decided.decided_at - REPEAT_WINDOW).get((channel.key, words))


def _undecided(connection: Connection, channel: Channel, stored: StoredPost, now: datetime) -> list[str]:
    """Seen, but not decided for this channel: it waits, it was set aside, or nobody here cared when it was decided."""
    seen_at, author = posts.seen_at(connection, stored.id), stored.post.author
    entry = inbox.undecided(connection, stored.id)
    post = f"Post: {shown_post(stored.post)}"
    if stored.removed is not None:
        return _removed(stored, stored.removed, seen_at)
    if entry is None:
        verdict = f"No alert: not watched. This channel did not watch {author} when the post came, {moment(seen_at)}."
        return [f"{verdict} {whether_watched(channel, author)}", post]
    watch = watch_of(channel, author)
    here = f"Watch: {added(watch)}" if watch else f"Watch: none. This channel does not watch {author}."
    if entry.set_aside:
        verdict = f"No alert: set aside. The post was seen {moment(seen_at)} and could not be decided: "
        return [f"{verdict}{one_line(entry.set_aside).rstrip('.')}.", post, here]
    waited = max(0, round((now - seen_at).total_seconds()))
    return [f"Not decided yet: the post was seen {waited} s ago and waits to be classified.", post, here]


def _removed(stored: StoredPost, why: Removed, seen_at: datetime) -> list[str]:
    """Nothing decided, nothing to read: deleted before its turn came, or decided so long ago that it is forgotten."""
    if not stored.post.author.handle:
        return [f"No alert: {why.words}. I was told so {moment(seen_at)}, and have never seen the post itself."]
    post = f"Post: {shown_post(stored.post, why)}"
    if why is Removed.EXPIRED:
        return [
            f"The post was seen {moment(seen_at)}, and what was decided of it is forgotten: it is {why.words}.",
            post,
        ]
    return [f"No alert: {why.words}, after it was seen {moment(seen_at)} and before it was decided.", post]


def _never_seen(channel: Channel, link: PostLink) -> str:
    said = "I have never seen this post."
    if link.author is None:
        return f"{said} Its address does not say whose it is. /watch lists the accounts that this channel watches."
    watch = next((watch for watch in channel.watches if link.is_by(watch.account)), None)
    if watch is None:
        return f"{said} This channel does not watch {link.author}. To watch it: /watch {link.author}"
    return (
        f"{said} This channel watches {added(watch)}: what was posted before is not decided, "
        "and what was posted after has not been given to me."
    )
