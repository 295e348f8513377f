"""What must always hold (architecture.md), checked when a day is over: from the store and from the chat's own memory.

Each check takes what it looks at and returns what is wrong, a line for people each; nothing when all is well.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from storage.types import Reason
from tests.fakes.book import AlertRow, ChangeRow, DecisionRow, DeliveryRow, MessageRow, PostRow, Watching, WordRow

_TOLERANCE_S = 1e-3


def seen_once(posts: Sequence[PostRow], given: Collection[str]) -> list[str]:
    """Each post that the source gave of a watched account is stored, once; nothing else is."""
    stored = Counter(post.source_id for post in posts)
    return [
        *(f"post {one} is stored {count} times" for one, count in stored.items() if count > 1),
        *(f"post {one} was given and is not stored" for one in sorted(set(given) - stored.keys())),
        *(f"post {one} is stored and was never given" for one in sorted(stored.keys() - set(given))),
    ]


def owed_once(
    alerts: Sequence[AlertRow], decisions: Sequence[DecisionRow], deliveries: Sequence[DeliveryRow]
) -> list[str]:
    """One alert for each decision to alert, carried by one delivery of its own channel that sends something."""
    counted = Counter((alert.post, alert.channel) for alert in alerts)
    decided = {(one.post, one.channel) for one in decisions if one.reason == Reason.ALERT}
    sends = {one.key: one for one in deliveries if one.verb == "send"}
    carried = {alert.delivery for alert in alerts}
    return [
        *(f"{count} alerts for {one}" for one, count in counted.items() if count > 1),
        *(f"no alert for {one}, though it was decided" for one in sorted(decided - counted.keys())),
        *(f"an alert for {one}, which was not decided" for one in sorted(counted.keys() - decided)),
        *(
            f"alert {alert.id} is carried by no delivery of its channel"
            for alert in alerts
            if alert.delivery not in sends or sends[alert.delivery].channel != alert.channel
        ),
        *(
            f"delivery {one.key} carries nothing"
            for one in sends.values()
            if one.kind != "notice" and one.key not in carried
        ),
    ]


def in_the_chat_once(
    alerts: Sequence[AlertRow], deliveries: Sequence[DeliveryRow], messages: Sequence[MessageRow]
) -> list[str]:
    """Each delivery that was sent is one message, with its receipt and its alerts, and there is no other message."""
    found: dict[tuple[str, str], list[MessageRow]] = defaultdict(list)
    for message in messages:
        found[message.channel, message.key].append(message)
    carried: dict[str, set[int]] = defaultdict(set)
    for alert in alerts:
        carried[alert.delivery].add(alert.id)
    sent = {(one.channel, one.key): one for one in deliveries if one.verb == "send" and one.state == "sent"}
    problems = [f"no delivery was sent for message {found[one][0].receipt}" for one in found.keys() - sent.keys()]
    for place, delivery in sent.items():
        if len(found[place]) != 1:
            problems.append(f"delivery {delivery.key} is {len(found[place])} messages in {delivery.channel}")
            continue
        (message,) = found[place]
        if message.receipt != delivery.receipt:
            problems.append(f"delivery {delivery.key} has receipt {delivery.receipt}, not {message.receipt}")
        if message.total != len(carried[delivery.key]) or not carried[delivery.key].issuperset(message.alerts):
            problems.append(f"message {message.receipt} shows {message.alerts}, not {sorted(carried[delivery.key])}")
    return problems


def settled(posts: Sequence[PostRow], deliveries: Sequence[DeliveryRow], suspended: Sequence[str]) -> list[str]:
    """Once the weather is fine nothing waits any more, nothing has failed, and nobody is suspended."""
    return [
        *(f"post {post.source_id} still waits" for post in posts if post.waits),
        *(f"{one.verb} {one.key} to {one.channel} is {one.state}" for one in deliveries if one.state != "sent"),
        *(f"{channel} is still suspended" for channel in suspended),
    ]


def decided_for_all(
    posts: Sequence[PostRow], decisions: Sequence[DecisionRow], watched: Sequence[Watching], leeway_s: float
) -> list[str]:
    """Each post not set aside is decided for every channel that watched its account then, and for no other.

    `leeway_s`: how long a change of settings may take to be heeded. A post has one moment at which it was decided for
    all; some channel must watch every account all day, so that it is known.
    """
    by_account: dict[str, list[Watching]] = defaultdict(list)
    for one in watched:
        by_account[one.account].append(one)
    for_whom: dict[int, dict[str, float]] = defaultdict(dict)
    for decision in decisions:
        for_whom[decision.post][decision.channel] = decision.at_s
    problems = []
    for post in posts:
        if post.waits or post.set_aside:
            continue
        channels = for_whom[post.id]
        if len(set(channels.values())) != 1:
            problems.append(f"post {post.source_id} was decided at {len(set(channels.values()))} moments")
            continue
        at = next(iter(channels.values()))
        near = [one for one in by_account[post.account] if one.start_s - leeway_s <= at <= one.end_s + leeway_s]
        sure = {one.channel for one in near if one.start_s + leeway_s <= at <= one.end_s - leeway_s}
        problems += [f"post {post.source_id} was not decided for {one}" for one in sorted(sure - channels.keys())]
        others = channels.keys() - {one.channel for one in near}
        problems += [f"post {post.source_id} was decided for {one}, which did not watch it" for one in sorted(others)]
    return problems


def from_now_on(
    posts: Sequence[PostRow], decisions: Sequence[DecisionRow], watched: Sequence[Watching], leeway_s: float
) -> list[str]:
    """Nothing alerts that was published before the watch began, and nothing is refused as such that was not."""
    published = {post.id: post for post in posts}
    by_place: dict[tuple[str, str], list[Watching]] = defaultdict(list)
    for one in watched:
        by_place[one.channel, one.account].append(one)
    problems = []
    for decision in decisions:
        post = published[decision.post]
        near = [
            one
            for one in by_place[decision.channel, post.account]
            if one.start_s - leeway_s <= decision.at_s <= one.end_s + leeway_s
        ]
        before = decision.reason == Reason.BEFORE_WATCH
        if all((post.published_s < one.added_s) != before for one in near):
            since = ", ".join(f"{one.added_s:.3f}" for one in near)
            problems.append(
                f"post {post.source_id}, published {post.published_s:.3f}: {decision.reason!r} in {decision.channel},"
                f" watched since {since or 'never'}"
            )
    return problems


_WITH_DETAIL = {Reason.FILTERED, Reason.PAUSED, Reason.DUPLICATE, Reason.SUSPENDED, Reason.LABELS_REFUSED}


def with_reasons(posts: Sequence[PostRow], decisions: Sequence[DecisionRow]) -> list[str]:
    """Every refusal says why, and so does whatever was set aside."""
    known = {str(reason) for reason in Reason}
    return [
        *(
            f"post {one.post} in {one.channel}: unknown reason {one.reason!r}"
            for one in decisions
            if one.reason not in known
        ),
        *(
            f"post {one.post} in {one.channel}: {one.reason} without a word more"
            for one in decisions
            if one.reason in _WITH_DETAIL and not one.detail
        ),
        *(f"post {post.source_id} is set aside as {post.set_aside!r}" for post in posts if post.set_aside.isspace()),
    ]


def set_aside_rightly(posts: Sequence[PostRow], poison: str) -> list[str]:
    """Only what the model cannot bear is set aside."""
    return [
        f"post {one.source_id} is set aside: {one.set_aside}"
        for one in posts
        if one.set_aside and poison not in one.text
    ]


def scored_once(
    answered: Mapping[tuple[str, str], Sequence[float]], failures: Sequence[float], ends: Sequence[float]
) -> list[str]:
    """The stream asks a (text, hypothesis) again only if a question failed, or a life ended, since then."""
    mishaps = sorted([*failures, *ends])
    return [
        f"{hypothesis!r} was asked of {text!r} at {first:.3f} and again at {second:.3f}"
        for (text, hypothesis), moments in answered.items()
        for first, second in pairwise(moments)
        if bisect_left(mishaps, first - _TOLERANCE_S) == bisect_left(mishaps, second + _TOLERANCE_S)
    ]


def audited(
    changes: Sequence[ChangeRow], settings: Mapping[str, Mapping[str, Any]], blank: Mapping[str, Any]
) -> list[str]:
    """The log of each channel leads, change by change, from nothing to what is set: so none is missing from it.

    `settings`: what is set, item by item, in each channel. `blank`: what is set where nothing ever was.
    """
    problems = []
    for channel, final in settings.items():
        now = {name: value for name, value in blank.items() if value is not None}
        for change in (one for one in changes if one.channel == channel):
            wrong = [name for name, value in change.before.items() if now.get(name) != value]
            problems += [f"{channel}: {change.command!r} found another {name} than the log has" for name in wrong]
            now |= change.after
            now = {name: value for name, value in now.items() if value is not None}
        known = {name: value for name, value in final.items() if value is not None}
        problems += [f"{channel}: {name} is not as the log says" for name in sorted(_differing(now, known))]
    return problems


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def answered_and_logged(said: Iterable[tuple[str, str, str]], changes: Sequence[ChangeRow]) -> list[str]:
    """Whoever was told of a change finds it in the log. `said`: channel, actor and words of what was answered so."""
    logged = Counter((change.channel, change.actor, change.command) for change in changes)
    told = Counter(said)
    return [
        f"{one} is {logged[one]} times in the log, and was answered {count}"
        for one, count in told.items()
        if count > logged[one]
    ]


def in_order(
    alerts: Sequence[AlertRow], deliveries: Sequence[DeliveryRow], messages: Sequence[MessageRow]
) -> list[str]:
    """In each channel alerts that came one by one came in the order they were decided in."""
    single = {one.key for one in deliveries if one.kind == "alert" and one.verb == "send"}
    number = {alert.delivery: alert.id for alert in alerts if alert.delivery in single}
    came: dict[str, list[MessageRow]] = defaultdict(list)
    for message in sorted(messages, key=lambda message: message.at_s):
        if message.key in number:
            came[message.channel].append(message)
    return [
        f"{channel}: alert {number[second.key]} came after alert {number[first.key]}"
        for channel, found in came.items()
        for first, second in pairwise(found)
        if number[second.key] < number[first.key]
    ]


def in_pace(words: Sequence[WordRow], pace_s: float) -> list[str]:
    """Two words to one channel are never closer to each other than the pace."""
    ordered = sorted(words, key=lambda word: (word.channel, word.at_s))
    return [
        f"{channel}: {second.at_s - first.at_s:.4f} s after {first.at_s:.3f}"
        for channel, spoken in groupby(ordered, key=lambda word: word.channel)
        for first, second in pairwise(spoken)
        if second.at_s - first.at_s < pace_s - _TOLERANCE_S
    ]


def old_ones_summed_up(
    posts: Sequence[PostRow],
    alerts: Sequence[AlertRow],
    deliveries: Sequence[DeliveryRow],
    words: Sequence[WordRow],
    *,
    old_s: float,
    leeway_s: float,
) -> list[str]:
    """What is sent of posts seen longer ago than `old_s` is a summary, and nothing newer is in one."""
    seen = {post.id: post.seen_s for post in posts}
    kinds = {one.key: one.kind for one in deliveries}
    carried: dict[str, list[AlertRow]] = defaultdict(list)
    for alert in alerts:
        carried[alert.delivery].append(alert)
    last = {word.key: word.at_s for word in sorted(words, key=lambda word: word.at_s)}
    problems = []
    for key, at in last.items():
        for alert in carried[key]:
            age = at - seen[alert.post]
            if kinds[key] == "alert" and age > old_s + leeway_s:
                problems.append(f"alert {alert.id} in {alert.channel} came by itself {age:.0f} s after its post")
            if kinds[key] == "summary" and age < old_s - leeway_s:
                problems.append(f"alert {alert.id} in {alert.channel} was summed up {age:.0f} s after its post")
    return problems


def health_tells(health: str, posts: Sequence[PostRow], deliveries: Sequence[DeliveryRow]) -> list[str]:
    """What waits, is set aside, is held or has failed is what /health says."""
    states = Counter(one.state for one in deliveries)
    truth = {
        r"(\d+) posts? waiting": sum(post.waits for post in posts),
        r"(\d+) set aside": sum(bool(post.set_aside) for post in posts),
        r"(\d+) to send": states["pending"] + states["sending"] + states["ambiguous"],
        r"(\d+) held": states["held"],
        r"(\d+) failed": states["failed"],
    }
    said = {pattern: re.search(pattern, health) for pattern in truth}
    return [
        f"/health says {found[0]!r}, and it is {truth[pattern]}" if found else f"/health does not say {pattern!r}"
        for pattern, found in said.items()
        if found is None or int(found[1]) != truth[pattern]
    ]
