"""What X sends becomes posts: whole texts, first ids, kinds; nothing that comes crashes the reader."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.types import Account, Deletion, PostKind
from sources.x.lines import MOST_BYTES, Line, Lines, read_line
from sources.x.objects import accounts, made_at, read
from sources.x.problems import problem_in

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "data" / "payloads"

TWEET: dict[str, Any] = {
    "id": "1577000000000000000",
    "author_id": "2244994945",
    "text": "hello",
    "created_at": "2022-10-03T17:57:01.000Z",
}
USERS = {"users": [{"id": "2244994945", "username": "XDevelopers", "name": "Developers"}]}

fields = st.sampled_from(
    [
        "data",
        "includes",
        "users",
        "tweets",
        "id",
        "text",
        "author_id",
        "created_at",
        "note_tweet",
        "referenced_tweets",
        "edit_history_tweet_ids",
        "errors",
        "type",
        "title",
        "matching_rules",
        "lang",
        "username",
        "payload",
        "action",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | fields, inner, max_size=6),
    max_leaves=30,
)


def post(**changes: Any) -> Any:
    """The only post of a payload with a tweet like this."""
    [tweet] = read({"data": TWEET | changes, "includes": USERS}).tweets
    return tweet.post


def test_a_tweet_becomes_a_post_with_its_author_as_x_names_them() -> None:
    found = post(lang="en")
    assert found.author == Account(source="x", id="2244994945", handle="XDevelopers", name="Developers")
    assert (found.source, found.id, found.text, found.lang) == ("x", "1577000000000000000", "hello", "en")
    assert found.published_at == datetime(2022, 10, 3, 17, 57, 1, tzinfo=UTC)
    assert found.url == "https://x.com/XDevelopers/status/1577000000000000000"


def test_a_long_tweet_is_given_whole() -> None:
    assert post(text="the first 280 …", note_tweet={"text": "all of it"}).text == "all of it"


def test_entities_of_html_become_the_characters_the_author_wrote_once() -> None:
    assert post(text="R&amp;D &lt;3 &amp;lt; &quot;").text == "R&D <3 &lt; &quot;"


def test_an_edit_has_the_id_of_the_first_version_and_the_address_of_the_latest() -> None:
    history = ["1576994746135764992", "1577000000000000000"]
    [tweet] = read({"data": TWEET | {"edit_history_tweet_ids": history}}).tweets
    assert tweet.post.id == history[0]
    assert tweet.id == history[1]
    assert tweet.post.url.endswith(history[1])


def test_an_edit_was_published_when_its_first_version_was_whatever_x_states_of_the_edit() -> None:
    """A watch that was added between the two decides neither."""
    first = read({"data": TWEET | {"id": "1576994746135764992"}}).tweets[0].post
    history = ["1576994746135764992", "1577000000000000000"]
    edit = post(edit_history_tweet_ids=history, created_at="2022-10-03T18:17:01.000Z")
    assert (edit.id, edit.published_at) == (first.id, first.published_at)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("retweeted", PostKind.RETWEET), ("replied_to", PostKind.REPLY), ("quoted", PostKind.QUOTE)],
)
def test_what_a_tweet_refers_to_makes_its_kind(kind: str, expected: PostKind) -> None:
    assert post(referenced_tweets=[{"type": kind, "id": "1"}, {"type": "unheard_of", "id": "2"}]).kinds == {expected}


def test_a_reply_that_quotes_is_both() -> None:
    both = [{"type": "replied_to", "id": "1"}, {"type": "quoted", "id": "2"}]
    assert post(referenced_tweets=both).kinds == {PostKind.REPLY, PostKind.QUOTE}


def test_a_retweet_has_the_whole_text_of_what_was_retweeted() -> None:
    whole = "long " * 100
    included = {"tweets": [{"id": "9", "text": "long …", "note_tweet": {"text": whole}}]}
    retweet = TWEET | {"text": "RT @other: long …", "referenced_tweets": [{"type": "retweeted", "id": "9"}]}
    [tweet] = read({"data": retweet, "includes": included}).tweets
    assert tweet.post.text == f"RT @other: {whole}"


def test_a_retweet_of_which_x_withholds_the_text_says_what_x_says() -> None:
    included = {"tweets": [{"id": "9", "text": "withheld: all of it"}]}
    withheld = "@other's account is temporarily unavailable. Learn more."
    retweet = TWEET | {"text": withheld, "referenced_tweets": [{"type": "retweeted", "id": "9"}]}
    [tweet] = read({"data": retweet, "includes": included}).tweets
    assert tweet.post.text == withheld


def test_a_quote_keeps_its_own_text() -> None:
    included = {"tweets": [{"id": "9", "text": "quoted: yes"}]}
    quote = TWEET | {"text": "look: here", "referenced_tweets": [{"type": "quoted", "id": "9"}]}
    [tweet] = read({"data": quote, "includes": included}).tweets
    assert tweet.post.text == "look: here"


def test_a_tweet_without_a_date_is_dated_by_its_id() -> None:
    [tweet] = read({"data": {name: value for name, value in TWEET.items() if name != "created_at"}}).tweets
    assert tweet.post.published_at.replace(microsecond=0) == datetime(2022, 10, 3, 18, 17, 53, tzinfo=UTC)
    assert post(created_at="yesterday").published_at == tweet.post.published_at


def test_a_handle_that_did_not_come_with_it_is_the_known_one_and_else_the_id() -> None:
    known = {"2244994945": Account(source="x", id="2244994945", handle="devs")}
    assert read({"data": TWEET}, known).tweets[0].post.author.handle == "devs"
    assert read({"data": TWEET}).tweets[0].post.author.handle == "2244994945"


@pytest.mark.parametrize(("code", "lang"), [("und", ""), ("zxx", ""), ("qme", ""), ("in", "id"), ("iw", "he"), (7, "")])
def test_languages_are_those_of_bcp_47_and_empty_where_x_does_not_know(code: object, lang: str) -> None:
    assert post(lang=code).lang == lang


def test_ids_may_be_numbers() -> None:
    assert post(id=1577000000000000000, author_id=2244994945).id == "1577000000000000000"


@pytest.mark.parametrize("missing", ["id", "author_id", "text"])
def test_a_tweet_that_cannot_become_a_post_is_named_with_the_reason(missing: str) -> None:
    found = read({"data": [TWEET, {name: value for name, value in TWEET.items() if name != missing}]})
    assert len(found.tweets) == 1
    assert found.skipped[0].endswith(f"has no {missing}")


@pytest.mark.parametrize(
    "payload",
    [
        {"id": "1170025343920402432", "action": "delete", "reason": "protected"},
        {"data": {"event_type": "post.delete", "payload": {"id": "1170025343920402432", "author_id": "1"}}},
    ],
)
def test_word_of_a_deletion_is_one(payload: dict[str, object]) -> None:
    assert read(payload).deleted == (Deletion(source="x", id="1170025343920402432"),)


def test_half_a_surrogate_pair_does_not_reach_anybody_who_has_to_write_it() -> None:
    post(text=json.loads('"\\ud83d!"')).text.encode()


@given(anything)
def test_no_json_at_all_crashes_the_reader(payload: object) -> None:
    read(payload)
    accounts(payload)
    problem_in(payload)
    read_line(json.dumps(payload).encode())


@given(st.dictionaries(st.sampled_from([*TWEET, "note_tweet", "referenced_tweets", "lang"]), anything))
def test_no_tweet_with_a_strange_field_crashes_the_reader(changes: dict[str, object]) -> None:
    read({"data": TWEET | changes, "includes": changes})


@given(st.binary())
def test_no_line_crashes_the_reader(line: bytes) -> None:
    read_line(line)


@pytest.mark.parametrize("line", [b'{"data": {"id": "1', b"[" * 100_000, b"\xff\xfe", b"?"])
def test_a_line_that_is_no_json_is_said_to_be_broken(line: bytes) -> None:
    found = read_line(line)
    assert found.broken
    assert found.skipped


def test_an_empty_line_is_a_keep_alive() -> None:
    found = read_line(b"")
    assert found == Line()


@pytest.mark.parametrize("rules", [[{"id": 1377649934414049282, "tag": None}], [{"id": "1"}], [], None, "1"])
def test_a_tweet_is_read_whatever_is_said_of_the_rules_that_found_it(rules: object) -> None:
    assert read_line(json.dumps({"data": TWEET, "matching_rules": rules}).encode()).tweets


def test_a_tweet_beside_errors_about_what_it_refers_to_is_read() -> None:
    errors = [{"type": "https://api.twitter.com/2/problems/resource-not-found", "title": "Not Found Error"}]
    found = read_line(json.dumps({"data": TWEET, "errors": errors}).encode())
    assert found.tweets
    assert found.problem is None


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 200)))
def test_lines_come_out_whole_however_they_were_cut(lines: list[bytes], cuts: list[int]) -> None:
    clean = [line.replace(b"\n", b"").strip() for line in lines]
    sent = b"".join(line + b"\r\n" for line in clean)
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    cutter = Lines()
    found = [line for start, end in pairwise(edges) for line in cutter.feed(sent[start:end])]
    assert found == clean


def test_a_line_that_never_ends_takes_no_more_than_its_share_of_memory() -> None:
    cutter = Lines(most_bytes=100)
    for _ in range(50):
        assert cutter.feed(b"x" * 90) == []
    assert cutter.feed(b"\nshort\n") == [b"?", b"short"]
    assert MOST_BYTES < 2**24


def test_the_time_of_an_id_is_that_of_its_tweet() -> None:
    moment = made_at("1212092628029698048")
    assert moment
    assert moment.replace(microsecond=0) == datetime(2019, 12, 31, 19, 26, 16, tzinfo=UTC)
    assert made_at("12three") is None


@pytest.mark.parametrize(
    ("stated", "published"),
    [
        ("2019-12-31T19:26:16.000Z", made_at("1212092628029698048")),
        ("2019-12-31T19:26:20.000Z", datetime(2019, 12, 31, 19, 26, 20, tzinfo=UTC)),
    ],
)
def test_within_the_second_that_x_states_its_id_tells_when_a_tweet_was_made(stated: str, published: datetime) -> None:
    found = read({"data": {"id": "1212092628029698048", "text": "a", "author_id": "7", "created_at": stated}})
    assert found.tweets[0].post.published_at == published


def _payloads() -> Iterator[object]:
    for path in sorted((PAYLOADS / "x_api_v2").rglob("*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                assert path.name == "streaming_output_with_error.jsonl"
    for line in (PAYLOADS / "x_docs_json" / "dev.jsonl").read_text().splitlines():
        example = json.loads(line)
        try:
            yield json.loads(example["json"]) if isinstance(example["json"], str) else example["json"]
        except ValueError:
            assert not example["parses"]


needs_payloads = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the real payloads (shared/data/payloads) are absent")


@needs_payloads
def test_every_real_payload_is_read_and_every_line_of_the_stream_is_a_post() -> None:
    found = [read(payload) for payload in _payloads()]
    assert sum(len(one.tweets) for one in found) > 150
    lines = (PAYLOADS / "x_api_v2" / "dev" / "stream_envelopes.jsonl").read_bytes().splitlines()
    assert all(read_line(line).tweets for line in lines)


@needs_payloads
def test_a_real_capture_is_read_up_to_the_line_that_breaks_off() -> None:
    raw = (PAYLOADS / "x_api_v2" / "dev" / "streaming_output_with_error.jsonl").read_bytes()
    found = [read_line(line) for line in raw.splitlines()]
    assert [one.broken for one in found] == [False] * 7 + [True]
    assert all(one.tweets for one in found[:7])


@needs_payloads
def test_real_retweets_are_given_whole() -> None:
    lines = (PAYLOADS / "x_api_v2" / "dev" / "stream_envelopes.jsonl").read_bytes().splitlines()
    posts = [tweet.post for line in lines for tweet in read_line(line).tweets]
    retweets = [post for post in posts if PostKind.RETWEET in post.kinds]
    cut_short = [json.loads(line)["data"]["text"].endswith("…") for line in lines]
    assert sum(cut_short) > 20
    assert not any(post.text.endswith("…") for post in retweets)
    assert not any("&amp;" in post.text for post in posts)
