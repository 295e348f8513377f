"""What there is at this X: users, their tweets, the rules of one app, and whoever listens to its stream."""

import json
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.fakes.x.matching import finds, refuses

Json = dict[str, Any]

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_REFERENCE = {"retweet_of": "retweeted", "reply_to": "replied_to", "quote_of": "quoted"}


@dataclass
class Rules:
    """The app's rules and X's limits to them."""

    most: int = 1_000
    most_characters: int = 1_024
    held: dict[str, Json] = field(default_factory=dict)
    _numbers: Callable[[], int] = field(default_factory=lambda: count(1_166_916_266_197_536_768).__next__)

    def add(self, wanted: Sequence[Json]) -> tuple[list[Json], list[Json]]:
        """The rules made, and the errors."""
        made, errors = [], []
        for one in wanted:
            value = one["value"]
            same = next((rule for rule in self.held.values() if rule["value"] == value), None)
            if same:
                errors.append({**_error("duplicate-rules", "DuplicateRule"), "value": value, "id": same["id"]})
            elif len(value) > self.most_characters:
                errors.append({**_error("invalid-rules", "UnprocessableEntity"), "value": value,
                               "details": [f"Rule length exceeds {self.most_characters}"]})  # fmt: skip
            elif reason := refuses(value):
                errors.append({**_error("invalid-rules", "UnprocessableEntity"), "value": value, "details": [reason]})
            else:
                rule = {"id": str(self._numbers()), "value": value} | ({"tag": one["tag"]} if "tag" in one else {})
                self.held[rule["id"]] = rule
                made.append(rule)
        return made, errors

    @property
    def values(self) -> set[str]:
        return {rule["value"] for rule in self.held.values()}


class World:
    """Change it by its verbs; whoever listens hears of it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.users: dict[str, Json] = {}
        self.tweets: dict[str, Json] = {}
        self.rules = Rules()
        self.listeners: list[Callable[[Json], None]] = []
        """Called with each line of the stream as an object."""

        self._numbers = count(1)
        self._last_id = 0
        self._by_time: list[tuple[datetime, str]] = []

    def user(self, handle: str, user_id: str = "") -> Json:
        """The user of that handle, made when first named."""
        found = next((user for user in self.users.values() if user["username"].lower() == handle.lower()), None)
        if found is None:
            found = {"id": user_id or str(7_000_000 + next(self._numbers)), "username": handle, "name": handle.title()}
            self.users[found["id"]] = found
        return found

    def rename(self, handle: str, to: str) -> None:
        """The same user under another handle."""
        self.user(handle)["username"] = to

    def say(self, handle: str, text: str, *, ago: timedelta = timedelta(0), **references: str) -> Json:
        """A new tweet. `retweet_of`, `reply_to`, `quote_of`: ids of others."""
        author = self.user(handle)
        tweet_id = self._new_id(self.now() - ago)
        tweet = {
            "id": tweet_id,
            "text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "author_id": author["id"],
            "created_at": f"{self.now() - ago:%Y-%m-%dT%H:%M:%S}.000Z",
            "lang": "en",
            "edit_history_tweet_ids": [tweet_id],
        }
        if references:
            tweet["referenced_tweets"] = [{"type": _REFERENCE[kind], "id": other} for kind, other in references.items()]
        if len(text) > 280:
            tweet |= {"note_tweet": {"text": tweet["text"]}, "text": tweet["text"][:275] + "…"}
        return self._publish(tweet)

    def edit(self, tweet_id: str, text: str) -> Json:
        """A new version of a tweet: another id, the whole history in both."""
        old = self.tweets[tweet_id]
        new_id = self._new_id(self.now())
        history = [*old["edit_history_tweet_ids"], new_id]
        for one in old["edit_history_tweet_ids"]:
            self.tweets[one]["edit_history_tweet_ids"] = history
        return self._publish({**old, "id": new_id, "text": text, "edit_history_tweet_ids": history})

    def delete(self, tweet_id: str) -> None:
        """All its versions."""
        for one in self.tweets[tweet_id]["edit_history_tweet_ids"]:
            del self.tweets[one]

    def line(self, tweet: Json) -> Json | None:
        """What the stream says of a tweet; None where no rule finds it."""
        handle = self.users[tweet["author_id"]]["username"]
        matching = [
            {key: rule[key] for key in ("id", "tag") if key in rule}
            for rule in self.rules.held.values()
            if finds(rule["value"], tweet, handle)
        ]
        return {**self.shaped(tweet), "matching_rules": matching} if matching else None

    def shaped(self, tweet: Json) -> Json:
        """A tweet as an answer that was asked for all fields and expansions has it."""
        return {"data": tweet, "includes": self.includes([tweet])}

    def includes(self, tweets: Sequence[Json]) -> Json:
        """What the expansions author_id and referenced_tweets.id add."""
        others = [one["id"] for tweet in tweets for one in tweet.get("referenced_tweets", [])]
        referenced = [self.tweets[other] for other in dict.fromkeys(others) if other in self.tweets]
        authors = dict.fromkeys(tweet["author_id"] for tweet in tweets)
        return {"users": [self.users[one] for one in authors]} | ({"tweets": referenced} if referenced else {})

    def search(self, query: str, start: datetime, end: datetime) -> list[Json]:
        """Newest first."""
        first, last = (bisect_left(self._by_time, moment, key=lambda one: one[0]) for moment in (start, end))
        there = [self.tweets[tweet_id] for _, tweet_id in self._by_time[first:last] if tweet_id in self.tweets]
        found = [tweet for tweet in there if finds(query, tweet, self.users[tweet["author_id"]]["username"])]
        return sorted(found, key=lambda tweet: int(tweet["id"]), reverse=True)

    def _publish(self, tweet: Json) -> Json:
        self.tweets[tweet["id"]] = tweet
        insort(self._by_time, (moment_of(tweet), tweet["id"]))
        if self.listeners and (line := self.line(tweet)):
            for listener in self.listeners:
                listener(line)
        return tweet

    def _new_id(self, moment: datetime) -> str:
        wanted = (moment - EPOCH) // timedelta(milliseconds=1) << 22
        self._last_id = max(wanted, self._last_id + 1) if moment == self.now() else wanted + next(self._numbers)
        return str(self._last_id)


def moment_of(tweet: Json) -> datetime:
    """When it was posted."""
    return datetime.fromisoformat(tweet["created_at"])


def as_line(payload: Json) -> bytes:
    """As the stream writes it."""
    return json.dumps(payload).encode() + b"\r\n"


def _error(kind: str, title: str) -> Json:
    return {"title": title, "type": f"https://api.x.com/2/problems/{kind}"}
