"""Jetstream's messages and Bluesky's records, without a connection."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.accounts import BLUESKY
from sources.bluesky.events import AccountChanged, Event, Removed, Renamed, Reposted, Written, parse_event
from sources.bluesky.memory import Memory, to_memory
from sources.bluesky.records import Address, to_address, to_post
from sources.bluesky.source import pause
from sources.reading import UnreadableError
from sources.types import Account, Cursor, PostKind
from tests.fakes.payloads import payloads

ANN = Account(source=BLUESKY, id="did:plc:ann", handle="ann.test")
POST = Address(did="did:plc:ann", collection="app.bsky.feed.post", rkey="3l")
SEEN = datetime(2026, 11, 2, 9, tzinfo=UTC)
TIME_US = 1_735_787_045_678_001


def event(**changes: Any) -> str:
    record = {"$type": "app.bsky.feed.post", "createdAt": "2026-11-02T08:00:00Z", "langs": ["en"], "text": "hello"}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3l", "record": record}
    return json.dumps({"did": "did:plc:ann", "time_us": TIME_US, "kind": "commit", "commit": commit} | changes)


def commit(**changes: Any) -> str:
    base = json.loads(event())["commit"]
    return event(commit=base | changes)


def test_every_payload_of_jetstream_is_read() -> None:
    for line in payloads("jetstream/*.jsonl"):
        parsed = parse_event(json.dumps(json.loads(line)["event"]))
        assert parsed.did.startswith("did:")
        if isinstance(parsed, Written):
            assert to_post(parsed.address, parsed.value, ANN, parsed.seen_at).text


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (event(), Written),
        (commit(operation="update"), Written),
        (commit(operation="delete", record=None), Removed),
        (commit(collection="app.bsky.feed.like"), Event),
        (
            commit(
                collection="app.bsky.feed.repost", record={"subject": {"uri": "at://did:plc:bob/app.bsky.feed.post/1"}}
            ),
            Reposted,
        ),
        (event(kind="identity", identity={"handle": "anna.test"}), Renamed),
        (event(kind="identity", identity={"handle": "handle.invalid"}), Event),
        (event(kind="identity", identity={}), Event),
        (event(kind="account", account={"active": False, "status": "takendown"}), AccountChanged),
        (event(kind="sync"), Event),
    ],
)
def test_a_message_is_read_as_what_it_says(raw: str, kind: type[Event]) -> None:
    assert type(parse_event(raw)) is kind


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5_000, "too many digits"),
        (event(did=7), "has no did"),
        (event(time_us="soon"), "has no time_us"),
        (event(time_us=10**30), "has no time_us"),
        (commit(rkey="a b"), "has no rkey"),
        (commit(operation="move"), "an operation that is none of"),
        (commit(record=None), "has no record"),
        (commit(record={"text": None}), "a post without text"),
        (commit(collection="app.bsky.feed.repost"), "a repost of nothing"),
        (event(kind="account", account={}), "does not say whether the account is active"),
    ],
)
def test_a_broken_message_is_named_by_what_is_wrong_with_it(raw: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        parse_event(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ["did", "time_us", "kind", "commit", "identity", "account"]
RECORD = ["text", "langs", "createdAt", "reply", "embed", "$type", "subject"]


@given(st.sampled_from(FIELDS), JSON)
def test_whatever_stands_in_a_message_it_is_read_or_named(field: str, value: object) -> None:
    with suppress(UnreadableError):
        assert parse_event(event(**{field: value})).did.startswith("did:")


@given(st.dictionaries(st.sampled_from(RECORD), JSON))
def test_whatever_stands_in_a_record_makes_a_post_that_can_be_stored(value: dict[str, object]) -> None:
    post = to_post(POST, value, ANN, SEEN)
    assert post.published_at <= SEEN
    assert post.published_at.utcoffset() == timedelta(0)
    post.text.encode()


def test_the_text_is_unaltered_and_links_stay_as_they_are_shown() -> None:
    facet = {"index": {"byteStart": 5, "byteEnd": 16}, "features": [{"uri": "https://example.org/a/b/c"}]}
    text = "link example.org…  two  spaces\n\n🌊"
    assert to_post(POST, {"text": text, "facets": [facet]}, ANN, SEEN).text == text


@pytest.mark.parametrize(
    ("created", "published"),
    [
        ("2026-11-02T08:00:00.123Z", SEEN - timedelta(hours=1) + timedelta(milliseconds=123)),
        ("2010-01-01T00:00:00Z", datetime(2010, 1, 1, tzinfo=UTC)),  # imported: it is old, whenever it came
        ("2036-11-02T08:00:00Z", SEEN),
        ("2026-11-02T09:30:00+02:00", SEEN - timedelta(minutes=90)),
        ("0001-01-01T00:00:00+14:00", SEEN),
        ("yesterday", SEEN),
        (None, SEEN),
    ],
)
def test_a_claimed_date_counts_unless_it_is_later_than_the_post_was_seen(created: object, published: datetime) -> None:
    assert to_post(POST, {"text": "x", "createdAt": created}, ANN, SEEN).published_at == published


@pytest.mark.parametrize(
    ("embed", "kinds"),
    [
        ({"$type": "app.bsky.embed.record", "record": {"uri": str(POST)}}, {PostKind.QUOTE}),
        ({"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": str(POST)}}}, {PostKind.QUOTE}),
        ({"$type": "app.bsky.embed.record", "record": {"uri": "at://did:plc:a/app.bsky.feed.generator/x"}}, set()),
        ({"$type": "app.bsky.embed.images", "images": [{"alt": "a picture"}]}, set()),
    ],
)
def test_a_post_that_is_embedded_makes_a_quote_and_nothing_else_does(
    embed: dict[str, object], kinds: set[PostKind]
) -> None:
    assert to_post(POST, {"text": "x", "embed": embed}, ANN, SEEN).kinds == kinds


@pytest.mark.parametrize(
    ("langs", "lang"), [(["ja"], "ja"), (["pt-BR", "en"], "pt-BR"), ([], ""), (["x y"], ""), (7, "")]
)
def test_the_first_language_that_was_named_is_passed_on(langs: object, lang: str) -> None:
    assert to_post(POST, {"text": "x", "langs": langs}, ANN, SEEN).lang == lang


@pytest.mark.parametrize(
    "value", ["", "at://", "at://ann.test/app.bsky.feed.post/3l", "at://did:plc:a/x/../y", None, 7]
)
def test_what_is_no_address_of_a_record_is_none(value: object) -> None:
    assert to_address(value) is None


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"time_us": "x", "handles": 7}', "1735787045678001"])
def test_a_cursor_that_cannot_be_read_starts_anew(cursor: str) -> None:
    assert to_memory(Cursor(cursor)) == Memory()


def test_a_cursor_gives_back_what_it_was_given() -> None:
    names = {"handles": {"did:plc:ann": "anna.test"}, "gone": {"did:plc:b": "deleted"}}
    memory = Memory(time_us=TIME_US, by_our_clock=True, heard_at=SEEN, **names)
    assert to_memory(memory.cursor()) == memory


def test_pauses_double_to_a_minute_and_a_server_may_ask_for_more() -> None:
    assert [pause(failures, 0) for failures in (0, 1, 2, 3, 7, 1000)] == [1, 1, 2, 4, 60, 60]
    assert [pause(1, asked_s) for asked_s in (0.5, 90, 86_400)] == [1, 90, 900]


def test_five_thousand_messages_a_second_are_read_on_one_core() -> None:
    """Far above it, so that a busy machine does not matter; `tests/benchmarks/sources` measures."""
    raw = event()
    began = time.process_time()
    for _ in range(5_000):
        parse_event(raw)
    assert time.process_time() - began < 1
