"""Which tweets a rule or a query finds, by X's grammar: OR binds weaker than the space between words."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Tweet = Mapping[str, Any]
Test = Callable[[Tweet, str], bool]
"""Of a tweet and its author's handle in lower case."""

_TOKEN = re.compile(r'\(|\)|-?"[^"]*"|-?[^\s()]+|-(?=\()')
_REFERENCES = {"is:retweet": "retweeted", "is:reply": "replied_to", "is:quote": "quoted"}
_NEVER_ALONE = re.compile(r"-?(?:is|has|lang):\S+")


def finds(rule: str, tweet: Tweet, handle: str) -> bool:
    """Whether the rule finds the tweet of the author with this handle. Raises ValueError for what is no rule."""
    return _parsed(rule)(tweet, handle.lower())


def refuses(rule: str) -> str:
    """Why X would not take the rule; empty when it would."""
    words = [token for token in _TOKEN.findall(rule) if token not in ("(", ")", "OR")]
    if not any(not _NEVER_ALONE.fullmatch(word) and not word.startswith("-") for word in words):
        return "Rule must contain at least one positive, standalone operator"
    try:
        _parsed(rule)
    except ValueError as error:
        return str(error)
    return ""


@lru_cache(maxsize=5_000)
def _parsed(rule: str) -> Test:
    tokens = _TOKEN.findall(rule)
    test = _either(tokens)
    if tokens:
        raise ValueError(f"no viable alternative at input {tokens[0]!r}")
    return test


def _either(tokens: list[str]) -> Test:
    tests = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_all(tokens))
    return tests[0] if len(tests) == 1 else lambda tweet, handle: any(test(tweet, handle) for test in tests)


def _all(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0] not in ("OR", ")"):
        tests.append(_one(tokens))
    return tests[0] if len(tests) == 1 else lambda tweet, handle: all(test(tweet, handle) for test in tests)


def _one(tokens: list[str]) -> Test:
    if not tokens or tokens[0] in ("OR", ")"):
        raise ValueError("missing operator")
    token = tokens.pop(0)
    if token == "(":
        test = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("missing )")
        return test
    if token.startswith("-"):
        word = _word(token[1:])
        return lambda tweet, handle: not word(tweet, handle)
    return _word(token)


def _word(word: str) -> Test:
    if word in _REFERENCES:
        kind = _REFERENCES[word]
        return lambda tweet, _: any(one["type"] == kind for one in tweet.get("referenced_tweets", []))
    if word.startswith("from:"):
        name = word[5:].lower()
        return lambda tweet, handle: name in (tweet["author_id"], handle)
    plain = word.strip('"').lower()
    return lambda tweet, _: plain in tweet["text"].lower()
