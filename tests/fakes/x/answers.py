"""What this X answers: a status, a body and headers for each question of API v2 that is asked of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.x.world import Json, World, moment_of

Params = Mapping[str, str]

LIMITS = {"stream": 50, "rules": 450, "change rules": 100, "search": 450, "lookup": 3_500, "timeline": 10_000,
          "user": 300, "find users": 300}  # fmt: skip
"""Requests an app may make within 15 minutes."""

_WINDOW = timedelta(minutes=15)
_PLAIN = {"id", "text", "edit_history_tweet_ids"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json | str
    headers: dict[str, str] = field(default_factory=dict)


class Answers:
    """Asked by `server` over HTTP, and by `scripted` without."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.limits = dict(LIMITS)
        self.asked: list[tuple[datetime, str, Json]] = []
        """Everything that was asked: when, what, and with which parameters."""

        self.billed: list[str] = []
        """Ids of the posts that were read, each as often as it was."""

        self.faults: dict[str, list[Answer]] = defaultdict(list)
        """What the next questions of a kind are answered with instead."""

        self._windows: dict[str, tuple[datetime, int]] = {}

    def limit(self, kind: str, params: Mapping[str, Any]) -> Answer | None:
        """Note the question; an answer where it is one too many or is to fail."""
        now = self.world.now()
        self.asked.append((now, kind, dict(params)))
        if self.faults[kind]:
            return self.faults[kind].pop(0)
        start, used = self._windows.get(kind, (now, 0))
        if now - start >= _WINDOW:
            start, used = now, 0
        self._windows[kind] = (start, used + 1)
        if used >= self.limits[kind]:
            return Answer(429, {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank",
                                "status": 429}, self.headers(kind))  # fmt: skip
        return None

    def headers(self, kind: str) -> dict[str, str]:
        start, used = self._windows.get(kind, (self.world.now(), 0))
        return {
            "x-rate-limit-limit": str(self.limits[kind]),
            "x-rate-limit-remaining": str(max(0, self.limits[kind] - used)),
            "x-rate-limit-reset": str(int((start + _WINDOW).timestamp()) + 1),
        }

    def rules(self) -> Answer:
        held = list(self.world.rules.held.values())
        meta = {"sent": self._sent(), "result_count": len(held)}
        return Answer(200, {"data": held, "meta": meta} if held else {"meta": meta})

    def change_rules(self, body: Json) -> Answer:
        rules = self.world.rules
        if "delete" in body:
            ids = [one for one in body["delete"]["ids"] if one in rules.held]
            for one in ids:
                del rules.held[one]
            missing = len(body["delete"]["ids"]) - len(ids)
            return Answer(
                200, {"meta": {"sent": self._sent(), "summary": {"deleted": len(ids), "not_deleted": missing}}}
            )
        if len(rules.held) + len(body["add"]) > rules.most:
            problem = {"title": "RulesCapExceeded", "type": "https://api.x.com/2/problems/rule-cap",
                       "detail": f"Rules must be less than or equal to {rules.most}"}  # fmt: skip
            return Answer(422, problem)
        made, errors = rules.add(body["add"])
        summary = {"created": len(made), "not_created": len(errors), "valid": len(made), "invalid": len(errors)}
        answer: Json = {"meta": {"sent": self._sent(), "summary": summary}}
        return Answer(
            201 if made else 200, answer | ({"data": made} if made else {}) | ({"errors": errors} if errors else {})
        )

    def search(self, params: Params) -> Answer:
        start, end = (datetime.fromisoformat(params[name]) for name in ("start_time", "end_time"))
        now = self.world.now()
        if len(params["query"]) > 512:
            return _invalid(f"'query': is too long ({len(params['query'])} of 512)")
        if start < now - timedelta(days=7):
            return _invalid("'start_time' must be on or after seven days ago")
        if end > now - timedelta(seconds=10):
            return _invalid("'end_time' must be a minimum of 10 seconds prior to the request time")
        found = self.world.search(params["query"], start, end)
        first = int(params.get("next_token") or 0)
        last = first + int(params.get("max_results", 10))
        page = found[first:last]
        meta = {"result_count": len(page)} | ({"next_token": str(last)} if last < len(found) else {})
        return self._tweets(page, params, meta=meta)

    def timeline(self, user_id: str, params: Params) -> Answer:
        found = [tweet for tweet in self.world.tweets.values() if tweet["author_id"] == user_id]
        newest = sorted(found, key=moment_of, reverse=True)
        newest.sort(key=lambda tweet: int(tweet["id"]), reverse=True)
        page = newest[: int(params.get("max_results", 10))]
        return self._tweets(page, params, meta={"result_count": len(page)})

    def lookup(self, ids: Sequence[str], params: Params) -> Answer:
        if len(ids) > 100:
            return _invalid("'ids': size must be between 1 and 100")
        found = [self.world.tweets[one] for one in ids if one in self.world.tweets]
        errors = [self._missing("tweet", "ids", one) for one in ids if one not in self.world.tweets]
        return self._tweets(found, params, errors=errors)

    def user(self, handle: str) -> Answer:
        for user in self.world.users.values():
            if user["username"].lower() == handle.lower():
                return Answer(200, {"data": user})
        return Answer(200, {"errors": [self._missing("user", "username", handle)]})

    def find_users(self, params: Params) -> Answer:
        found = [user for user in self.world.users.values() if params["query"].lower()[:3] in user["username"].lower()]
        return Answer(200, {"data": found[: int(params.get("max_results", 100))]} if found else {"meta": {}})

    def _tweets(
        self, tweets: Sequence[Json], params: Params, *, meta: Json | None = None, errors: Sequence[Json] = ()
    ) -> Answer:
        """Only the fields that were asked for."""
        self.billed += [tweet["id"] for tweet in tweets]
        fields = _PLAIN | set(params.get("tweet.fields", "").split(","))
        body: Json = {"data": [_only(tweet, fields) for tweet in tweets]} if tweets else {}
        if tweets and "author_id" in params.get("expansions", ""):
            body["includes"] = self.world.includes(tweets)
        return Answer(200, body | ({"meta": meta} if meta else {}) | ({"errors": list(errors)} if errors else {}))

    def _missing(self, kind: str, parameter: str, value: str) -> Json:
        return {"value": value, "resource_id": value, "resource_type": kind, "parameter": parameter,
                "title": "Not Found Error", "detail": f"Could not find {kind} with {parameter}: [{value}].",
                "type": "https://api.twitter.com/2/problems/resource-not-found"}  # fmt: skip

    def _sent(self) -> str:
        return f"{self.world.now():%Y-%m-%dT%H:%M:%S}.000Z"


def _only(tweet: Json, fields: set[str]) -> Json:
    return {name: value for name, value in tweet.items() if name in fields}


def _invalid(message: str) -> Answer:
    return Answer(400, {"errors": [{"message": message}], "title": "Invalid Request",
                        "detail": "One or more parameters to your request was invalid.",
                        "type": "https://api.twitter.com/2/problems/invalid-request"})  # fmt: skip
