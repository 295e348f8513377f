"""The sample that ships keeps what the demo and its tests rely on."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import bot
from sources.types import PostKind

Posts = list[dict[str, Any]]

SAMPLE = Path(bot.__file__).parent / "demo" / "sample.jsonl"
LABELS = {"security", "outage", "storm", "fire", "flood", "insurance claims"}
REQUIRED = {"id", "source", "author", "author_name", "created_at", "text", "lang", "label"}
OPTIONAL = {"kind", "url"}
LINK = re.compile(r"https?://[^\s<>]+")
EMOJI = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
RETWEET = re.compile(r"RT @(\w+): (.+)", re.DOTALL)
REPLY = re.compile(r"@(\w+) \S")


@pytest.fixture(scope="module")
def posts() -> Posts:
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").split("\n")[:-1]]


def of_kind(posts: Posts, kind: PostKind) -> Posts:
    return [post for post in posts if post.get("kind") == kind]


def fitting(posts: Posts) -> Posts:
    return [post for post in posts if post["label"] is not None]


def off_topic(posts: Posts) -> Posts:
    return [post for post in posts if post["label"] is None]


def published(post: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(post["created_at"])


def words(post: dict[str, Any]) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", post["text"].lower()))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of all words of both that both hold (Jaccard): 1 for the same words, 0 for none in common."""
    return len(one & other) / len(one | other)


# What a reader of the file relies on.


def test_every_line_states_a_post_in_known_fields_and_non_empty_strings(posts: Posts) -> None:
    for post in posts:
        assert post.keys() >= REQUIRED
        assert post.keys() <= REQUIRED | OPTIONAL
        assert all(isinstance(value, str) and value for key, value in post.items() if key != "label")
        assert post["source"] == "x"
        assert post.get("kind", "quote") in set(PostKind)


def test_a_reader_that_splits_lines_its_own_way_finds_the_same_lines() -> None:
    whole = SAMPLE.read_bytes().decode("utf-8")
    assert whole.endswith("}\n")
    # str.splitlines also splits at U+2028 and its like, which JSON allows inside a string.
    assert whole.splitlines() == whole.split("\n")[:-1]


def test_ids_have_19_digits_are_unique_and_grow(posts: Posts) -> None:
    ids = [post["id"] for post in posts]
    assert all(re.fullmatch(r"[1-9]\d{18}", identity) for identity in ids)
    assert all(int(before) < int(after) for before, after in pairwise(ids))


def test_posts_are_dated_in_order_within_one_morning(posts: Posts) -> None:
    moments = [published(post) for post in posts]
    assert all(post["created_at"].endswith("Z") for post in posts)
    assert moments == sorted(moments)
    assert moments[0] >= datetime(2026, 3, 14, 6, tzinfo=UTC)
    assert moments[-1] < datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert moments[-1] - moments[0] > timedelta(hours=5, minutes=30)


def test_posts_come_in_bursts_and_lulls(posts: Posts) -> None:
    gaps_s = [(published(after) - published(before)).total_seconds() for before, after in pairwise(posts)]
    assert sum(gap < 20 for gap in gaps_s) >= 20
    assert sum(gap > 120 for gap in gaps_s) >= 20
    assert Counter(gaps_s).most_common(1)[0][1] < len(gaps_s) / 10


# Who writes, and about what.


def test_at_least_260_posts_come_from_ten_accounts_of_one_name_each(posts: Posts) -> None:
    assert len(posts) >= 260
    assert len({post["author"] for post in posts}) == 10
    assert len({(post["author"], post["author_name"]) for post in posts}) == 10


def test_every_account_writes_both_what_fits_a_label_and_what_fits_none(posts: Posts) -> None:
    everyone = {post["author"] for post in posts}
    assert {post["author"] for post in fitting(posts)} == everyone
    assert {post["author"] for post in off_topic(posts)} == everyone


def test_each_label_has_at_least_22_posts_from_three_accounts(posts: Posts) -> None:
    counts = Counter(post["label"] for post in fitting(posts))
    assert counts.keys() == LABELS
    assert min(counts.values()) >= 22
    for label in LABELS:
        assert len({post["author"] for post in posts if post["label"] == label}) >= 3


def test_at_least_170_posts_fit_and_at_least_a_third_of_all_fit_none(posts: Posts) -> None:
    assert len(fitting(posts)) >= 170
    assert 3 * len(off_topic(posts)) >= len(posts)


def test_some_posts_are_not_in_english_whether_they_fit_or_not(posts: Posts) -> None:
    foreign = [post for post in posts if post["lang"] not in {"en", "zxx"}]  # zxx: no words at all
    assert len(foreign) >= 8
    assert len({post["lang"] for post in foreign}) >= 3
    assert len(fitting(foreign)) >= 3
    assert len(off_topic(foreign)) >= 3


# What posts look like.


def test_a_retweet_repeats_an_earlier_post_and_means_the_same(posts: Posts) -> None:
    earlier: dict[tuple[str, str], str | None] = {}
    for post in posts:
        if post.get("kind") == PostKind.RETWEET:
            found = RETWEET.fullmatch(post["text"])
            assert found is not None
            assert post["author"] != found[1]
            assert earlier[found[1], found[2]] == post["label"]
        else:
            assert not post["text"].startswith("RT @")
        earlier[post["author"], post["text"]] = post["label"]
    assert len(of_kind(posts, PostKind.RETWEET)) >= 12


def test_a_reply_and_nothing_else_begins_with_the_handle_of_an_account_of_the_sample(posts: Posts) -> None:
    everyone = {post["author"] for post in posts}
    replies = of_kind(posts, PostKind.REPLY)
    assert len(replies) >= 15
    assert [post for post in posts if post["text"].startswith("@")] == replies
    for post in replies:
        found = REPLY.match(post["text"])
        assert found is not None
        assert found[1] in everyone  # its own, where an account goes on with a thread


def test_a_quote_carries_a_link_to_what_it_quotes(posts: Posts) -> None:
    quotes = of_kind(posts, PostKind.QUOTE)
    assert len(quotes) >= 5
    assert all(LINK.search(post["text"]) for post in quotes)


def test_at_least_ten_posts_say_almost_what_an_earlier_one_said(posts: Posts) -> None:
    own = [words(post) for post in posts if post.get("kind") != PostKind.RETWEET]
    repeats = [now for at, now in enumerate(own) if any(0.5 <= alike(now, before) < 1 for before in own[:at])]
    assert len(repeats) >= 10


def test_links_emoji_and_hashtags_are_as_common_as_in_a_real_account(posts: Posts) -> None:
    texts = [post["text"] for post in posts]
    assert sum(bool(LINK.search(text)) for text in texts) >= 40
    assert sum(bool(EMOJI.search(text)) for text in texts) >= 40
    assert sum(bool(re.search(r"(?<!\w)#\w+", text)) for text in texts) >= 8


def test_two_posts_are_long_some_are_very_short_and_the_rest_keep_to_280_characters(posts: Posts) -> None:
    lengths = sorted(len(post["text"]) for post in posts)
    assert lengths[1] < 10
    assert lengths[-2] >= 600
    assert lengths[-3] <= 280
    assert sum(length > 200 for length in lengths) >= 10


def test_one_post_has_no_letters_once_its_link_is_removed_and_fits_no_label(posts: Posts) -> None:
    bare = [post for post in posts if not any(sign.isalpha() for sign in LINK.sub("", post["text"]))]
    assert len(bare) == 1
    assert bare[0]["label"] is None
    assert bare[0]["lang"] == "zxx"
    assert EMOJI.search(bare[0]["text"])


@pytest.mark.parametrize("sign", ["&", "<", ">", "*", "_", "~", "`", "\n", "\t", "  ", "“", "<!channel>", "@everyone"])
def test_some_post_holds_what_a_chat_would_interpret_or_fold(posts: Posts, sign: str) -> None:
    assert any(sign in LINK.sub("", post["text"]) for post in posts)


# What must never be in it.


def test_addresses_lead_nowhere_real(posts: Posts) -> None:
    addresses = [link for post in posts for link in [*LINK.findall(post["text"]), *filter(None, [post.get("url")])]]
    assert {urlsplit(address).hostname for address in addresses} == {"example.org", "example.com"}


def test_some_posts_state_their_own_address_and_some_do_not(posts: Posts) -> None:
    stated = [post["url"] for post in posts if "url" in post]
    assert 0 < len(stated) < len(posts)
    assert len(set(stated)) == len(stated)


def test_no_post_names_a_real_vulnerability_or_a_handle_outside_the_sample(posts: Posts) -> None:
    everyone = {post["author"] for post in posts}
    for post in posts:
        assert not re.search(r"CVE-\d", post["text"], re.IGNORECASE)
        assert set(re.findall(r"(?<!\w)@(\w+)", post["text"])) <= everyone | {"everyone"}
