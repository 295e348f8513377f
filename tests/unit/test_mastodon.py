"""Statuses, pages and limits of Mastodon's API, without a server."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.accounts import MASTODON
from sources.clock import SystemClock
from sources.http import Fetched
from sources.mastodon.memory import Memory, differences, to_memory
from sources.mastodon.rounds import pause
from sources.mastodon.server import Server, spacing_s
from sources.mastodon.statuses import MOST_HTML, Status, order, to_status
from sources.reading import UnreadableError
from sources.types import Account, Cursor, PostKind, SourceError
from tests.fakes.payloads import payloads

ANN = Account(source=MASTODON, id="social.test/1", handle="ann@social.test")
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def status(**changes: Any) -> dict[str, object]:
    base = {
        "id": "7",
        "created_at": "2026-11-02T09:00:00.000Z",
        "content": "<p>hello</p>",
        "url": "https://social.test/7",
    }
    return base | changes


def read(**changes: Any) -> Status:
    return to_status(status(**changes), ANN, "social.test")


def test_every_status_of_the_payloads_is_read() -> None:
    for line in payloads("mastodon/*statuses.jsonl"):
        value = json.loads(line)
        found = to_status(value, ANN, "social.test")
        assert found.post.id == f"social.test/{value['id']}"
        assert "<p>" not in found.post.text
        assert (PostKind.RETWEET in found.post.kinds) == bool(value["reblog"])


async def test_every_answer_of_the_payloads_is_an_answer_or_an_error_that_can_be_told() -> None:
    for line in payloads("mastodon/*errors.jsonl"):
        value = json.loads(line)
        server = Server(Answering(value.get("status", 200), value["body"].encode()), "social.test", SystemClock())
        with pytest.raises(SourceError, match=r"social\.test"):
            await server.statuses("1")


class Answering:
    """A way out on which everything is answered the same."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        self._answer = Fetched(url="https://social.test/", status=status, headers=headers, body=body, moved_to="")

    async def get(self, url: str) -> Fetched:
        return self._answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "no id"),
        ({"created_at": "soon"}, "no date"),
        ({"content": None}, "no content"),
        ({"id": "a b"}, "no id"),
    ],
)
def test_a_status_that_cannot_be_read_is_named_by_what_it_lacks(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(**changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "hello"),
        ({"spoiler_text": "war,\nnews"}, "war, news\nhello"),
        ({"content": "", "spoiler_text": "only a warning"}, "only a warning"),
        ({"content": "<p>:blobcat: hi<br>there</p>"}, ":blobcat: hi\nthere"),
        ({"content": "half \ud800"}, "half \ufffd"),
    ],
)
def test_the_text_is_what_a_reader_sees_with_the_warning_first(changes: dict[str, object], text: str) -> None:
    assert read(**changes).post.text == text


def test_a_status_longer_than_anyone_reads_is_cut_and_shows_that_it_is() -> None:
    text = read(content="<p>" + "long " * 1_000_000).post.text
    assert len(text) < MOST_HTML
    assert text.endswith("…")


def test_a_boost_has_the_words_language_and_page_of_what_it_passes_on_and_an_id_of_its_own() -> None:
    found = read(reblog=status(id="3", content="<p>original</p>", language="fr", url="https://else.test/3"), content="")
    assert (found.post.id, found.post.text, found.post.lang) == ("social.test/7", "original", "fr")
    assert found.post.url == "https://else.test/3"
    assert found.post.kinds == {PostKind.RETWEET}


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"in_reply_to_id": "1"}, {PostKind.REPLY}),
        ({"quote": {"state": "accepted"}}, {PostKind.QUOTE}),
        ({"quote_id": "3", "in_reply_to_id": "1"}, {PostKind.REPLY, PostKind.QUOTE}),
        ({"quote": None, "in_reply_to_id": None}, set()),
    ],
)
def test_replies_and_quotes_are_told(changes: dict[str, object], kinds: set[PostKind]) -> None:
    assert read(**changes).post.kinds == kinds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ["content", "spoiler_text", "reblog", "quote", "language", "url", "uri", "edited_at", "in_reply_to_id"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_whatever_stands_in_a_status_it_is_read_or_named(changes: dict[str, object]) -> None:
    try:
        post = read(**changes).post
    except UnreadableError:
        return
    post.text.encode()
    assert post.url == "" or post.url.startswith(("http://", "https://"))


def test_ids_are_ordered_as_numbers_though_they_are_strings() -> None:
    assert sorted(["10", "9", "100"], key=order) == ["9", "10", "100"]


def page(*ids: int, edited: int = 0) -> list[Status]:
    """Newest first, as servers give it."""
    return [read(id=str(one), edited_at="later" if one == edited else None) for one in sorted(ids, reverse=True)]


def compare(memory: Memory, shown: list[Status], limit: int = 40) -> tuple[list[str], list[str]]:
    found = differences(memory, shown, [one.id for one in shown], limit=limit)
    return [one.id for one in found.edited], list(found.vanished)


def knowing(*ids: int) -> Memory:
    memory = Memory()
    for one in ids:
        memory = memory.with_shown(str(one))
    return memory


@pytest.mark.parametrize(
    ("shown", "limit", "edited", "vanished"),
    [
        (page(1, 2, 3), 40, [], []),
        (page(1, 3), 40, [], ["2"]),
        (page(1, 2, 3, edited=2), 40, ["2"], []),
        (page(2, 3, 4, 5), 40, [], ["1"]),
        (page(2, 3), 2, [], []),  # the page is full: what is older than it may still be there
        (page(), 40, [], ["3", "2", "1"]),
    ],
)
def test_what_is_missing_among_the_others_has_vanished_and_what_is_off_the_page_has_not(
    shown: list[Status], limit: int, edited: list[str], vanished: list[str]
) -> None:
    assert compare(knowing(1, 2, 3), shown, limit) == (edited, vanished)


@given(st.lists(st.integers(1, 10**6), unique=True, min_size=1, max_size=100))
def test_a_page_of_ids_is_remembered_with_the_newest_whatever_their_order(ids: list[int]) -> None:
    memory = knowing(*ids)
    assert memory.last_id == str(max(ids))
    assert sorted(map(int, memory.shown)) == sorted(ids)[-40:]
    assert to_memory(memory.cursor()) == memory


@pytest.mark.parametrize("cursor", ["", "{", "[]", "7"])
def test_a_cursor_that_cannot_be_read_starts_anew(cursor: str) -> None:
    assert to_memory(Cursor(cursor)) is None


@pytest.mark.parametrize(
    ("remaining", "reset", "seconds"),
    [
        ("300", NOW + timedelta(minutes=5), 1),
        ("60", NOW + timedelta(minutes=5), 5),
        ("0", NOW + timedelta(minutes=5), 300),
        ("0", NOW + timedelta(days=30), 3600),
        ("5", NOW - timedelta(minutes=5), 1),
        ("many", NOW + timedelta(minutes=5), 1),
    ],
)
def test_what_is_left_of_a_limit_is_spread_over_the_time_that_is_left(
    remaining: str, reset: datetime, seconds: float
) -> None:
    written = [reset.isoformat(), str(round(reset.timestamp()))]
    for moment in written:
        assert spacing_s({"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": moment}, NOW) == seconds


def test_a_server_without_a_limit_is_asked_once_a_second_at_most() -> None:
    assert spacing_s({}, NOW) == 1
    assert spacing_s({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "soon"}, NOW) == 1


def test_pauses_double_to_half_an_hour_and_a_server_may_ask_for_more() -> None:
    assert [pause(failures, 0) for failures in (1, 2, 3, 6, 1000)] == [60, 120, 240, 1800, 1800]
    assert [pause(1, asked_s) for asked_s in (5, 3000)] == [60, 3000]
