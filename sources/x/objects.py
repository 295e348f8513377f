"""What X's API v2 sends -> posts and deletions. Pure; whatever comes, it is read or named, never a crash.

A tweet's text is a shortened one where the tweet is long (the whole is in `note_tweet`) or a retweet (the whole is in
what it refers to, under `includes`), and has & < > as HTML entities; a Post has the whole, as its author wrote it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sources.accounts import X
from sources.types import Account, Deletion, Post, PostKind

Known = Mapping[str, Account]
"""Accounts by id, for what came without its author's handle."""

_KINDS = {"retweeted": PostKind.RETWEET, "replied_to": PostKind.REPLY, "quoted": PostKind.QUOTE}
_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}  # X still writes codes that ISO 639 gave up in 1989
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}  # undetermined, or no text to tell from
_EPOCH = datetime.fromtimestamp(1_288_834_974.657, UTC)  # from which the time in X's ids counts, in milliseconds
_TIME_BITS = 22  # of an id come after the time
_MOST_DIGITS = 19  # of an id: 63 bits


class UnreadableError(ValueError):
    """A tweet that cannot become a post; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tweet:
    """A post with the id it has in this version: X bills and looks up by it, and an edit has a new one."""

    id: str
    post: Post


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What a payload held."""

    tweets: tuple[Tweet, ...] = ()
    deleted: tuple[Deletion, ...] = ()
    skipped: tuple[str, ...] = ()
    """What was in it and could not be read, and why."""


def read(payload: object, known: Known | None = None) -> Read:
    """The tweets of an answer or of a line of the stream; what is `included` beside them is none of them.

    Takes anything that JSON can say. Handles come from `includes.users`, then from `known`.
    """
    if not isinstance(payload, Mapping):
        return Read(skipped=(f"{_kind(payload)} where an object should be",))
    if deleted := _deletion(payload):
        return Read(deleted=(deleted,))
    data = payload.get("data")
    included = _Included(payload.get("includes"), known or {})
    tweets: list[Tweet] = []
    skipped: list[str] = []
    for item in data if isinstance(data, list) else () if data is None else (data,):
        try:
            tweets.append(_tweet(item, included))
        except UnreadableError as error:
            skipped.append(f"{_named(item)} {error}")
    return Read(tweets=tuple(tweets), skipped=tuple(skipped))


def accounts(payload: object) -> tuple[Account, ...]:
    """The users of an answer to a question about users."""
    data = payload.get("data") if isinstance(payload, Mapping) else None
    found = (_account(item) for item in (data if isinstance(data, list) else [data]))
    return tuple(account for account in found if account)


def made_at(tweet_id: str) -> datetime | None:
    """When X gave out this id, to the millisecond; None where it is no id of X."""
    if not _is_id(tweet_id):
        return None
    return _EPOCH + timedelta(milliseconds=int(tweet_id) >> _TIME_BITS)


class _Included:
    """What came beside the data, by id."""

    def __init__(self, includes: object, known: Known) -> None:
        found = includes if isinstance(includes, Mapping) else {}
        self._users = {account.id: account for item in _objects(found.get("users")) if (account := _account(item))}
        self._tweets = {_id(item.get("id")): item for item in _objects(found.get("tweets"))}
        self._known = known

    def author(self, account_id: str) -> Account:
        """Named by nothing but the id where nobody said who it is."""
        found = self._users.get(account_id) or self._known.get(account_id)
        return found or Account(source=X, id=account_id, handle=account_id)

    def tweet(self, tweet_id: str) -> Mapping[str, Any]:
        return self._tweets.get(tweet_id, {})


def _tweet(item: object, included: _Included) -> Tweet:
    """Raises UnreadableError."""
    if not isinstance(item, Mapping):
        raise UnreadableError("is no object")
    tweet_id, author_id = _id(item.get("id")), _id(item.get("author_id"))
    if not _is_id(tweet_id):
        raise UnreadableError("has no id")
    if not _is_id(author_id):
        raise UnreadableError("has no author_id")
    references = {_KINDS[kind]: _id(one.get("id")) for one in _objects(item.get("referenced_tweets"))
                  if (kind := one.get("type")) in _KINDS}  # fmt: skip
    author = included.author(author_id)
    history = [one for one in map(_id, _sequence(item.get("edit_history_tweet_ids"))) if _is_id(one)]
    first_id = min([*history, tweet_id], key=int)
    post = Post(
        source=X,
        id=first_id,
        author=author,
        text=_text(item, references, included),
        published_at=_published_at(item, tweet_id, first_id),
        kinds=frozenset(references),
        lang=_lang(item.get("lang")),
        url=f"https://x.com/{author.handle}/status/{tweet_id}",
    )
    return Tweet(id=tweet_id, post=post)


def _text(item: Mapping[str, Any], references: Mapping[PostKind, str], included: _Included) -> str:
    """The whole text; of a retweet, what was retweeted behind "RT @handle: ", as X itself begins it."""
    own = _whole(item)
    if own is None:
        raise UnreadableError("has no text")
    retweeted = included.tweet(references.get(PostKind.RETWEET, ""))
    whole = _whole(retweeted)
    lead, colon, _ = own.partition(": ")
    if whole and colon and lead.startswith("RT @"):
        return f"{lead}: {whole}"
    return own


def _whole(item: Mapping[str, Any]) -> str | None:
    note = item.get("note_tweet")
    for text in (note.get("text") if isinstance(note, Mapping) else None, item.get("text")):
        if isinstance(text, str):
            return _storable(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return None


def _storable(text: str) -> str:
    """Half a surrogate pair, which JSON can escape, is no text: it cannot be written anywhere."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _published_at(item: Mapping[str, Any], tweet_id: str, first_id: str) -> datetime:
    """As stated, which is to the second, within that second as the id says; else when the id was given out.

    Of an edited post what is stated is when it was edited: there the id of its first version says when it was news.
    """
    stated, made = item.get("created_at"), made_at(first_id)
    if isinstance(stated, str) and first_id == tweet_id:
        try:
            moment = datetime.fromisoformat(stated)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            return made if made and made.replace(microsecond=0) == moment else moment
        except (ValueError, OverflowError):  # no date, or one at the end of time
            pass
    if made is None:
        raise UnreadableError("has no date")
    return made


def _lang(code: object) -> str:
    if not isinstance(code, str) or code in _NO_LANGUAGE:
        return ""
    return _LANGUAGES.get(code, code)


def _account(item: object) -> Account | None:
    if not isinstance(item, Mapping):
        return None
    account_id, handle, name = _id(item.get("id")), item.get("username"), item.get("name")
    if not _is_id(account_id) or not isinstance(handle, str):
        return None
    return Account(
        source=X, id=account_id, handle=_storable(handle), name=_storable(name) if isinstance(name, str) else ""
    )


def _deletion(payload: Mapping[str, Any]) -> Deletion | None:
    """Word of a deletion, as compliance jobs ({"action": "delete"}) and activity events ("post.delete") have it."""
    data = payload.get("data")
    event = data if isinstance(data, Mapping) and data.get("event_type") == "post.delete" else {}
    gone = payload if payload.get("action") == "delete" else event.get("payload")
    tweet_id = _id(gone.get("id")) if isinstance(gone, Mapping) else ""
    return Deletion(source=X, id=tweet_id) if _is_id(tweet_id) else None


def _id(value: object) -> str:
    """X writes ids as strings, and some of its servers as numbers."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS


def _objects(value: object) -> Iterable[Mapping[str, Any]]:
    return (item for item in _sequence(value) if isinstance(item, Mapping))


def _sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _named(item: object) -> str:
    tweet_id = _id(item.get("id")) if isinstance(item, Mapping) else ""
    return f"tweet {tweet_id}" if _is_id(tweet_id) else "a tweet"


def _kind(payload: object) -> str:
    return {list: "a list", str: "a text", type(None): "nothing"}.get(type(payload), "a number")
