"""What people may type for an account, and what they are told when it is none."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from sources.accounts import BLUESKY, MASTODON, RSS, X, fold, parse_handle
from sources.types import Handle


@pytest.mark.parametrize(
    ("typed", "source", "name"),
    [
        ("@awscloud", X, "awscloud"),
        ("@AWS_Cloud", X, "AWS_Cloud"),
        ("@a", X, "a"),
        ("@123456789012345", X, "123456789012345"),
        ("x:awscloud", X, "awscloud"),
        ("x:@awscloud", X, "awscloud"),
        ("X:awscloud", X, "awscloud"),
        ("x:https://x.com/awscloud", X, "awscloud"),
        ("https://x.com/AWScloud", X, "AWScloud"),
        ("https://x.com/@awscloud", X, "awscloud"),
        ("http://www.twitter.com/awscloud/", X, "awscloud"),
        ("https://mobile.twitter.com/awscloud?lang=en#top", X, "awscloud"),
        ("HTTPS://X.COM/awscloud", X, "awscloud"),
        ("https://x.com/awscloud/with_replies", X, "awscloud"),
        ("x.com/awscloud", X, "awscloud"),
        ("twitter.com/awscloud", X, "awscloud"),
        ("@team.bsky.social", BLUESKY, "team.bsky.social"),
        ("@Example.COM", BLUESKY, "Example.COM"),
        ("bsky:team.bsky.social", BLUESKY, "team.bsky.social"),
        ("bsky:@team.bsky.social", BLUESKY, "team.bsky.social"),
        ("https://bsky.app/profile/team.bsky.social", BLUESKY, "team.bsky.social"),
        ("bsky.app/profile/team.bsky.social", BLUESKY, "team.bsky.social"),
        ("https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur", BLUESKY, "did:plc:z72i7hdynmk6r22z27h6tvur"),
        ("https://bsky.app/profile/did:web:Example.com:a", BLUESKY, "did:web:Example.com:a"),
        ("bsky:did:web:example.com", BLUESKY, "did:web:example.com"),
        ("@did:plc:z72i7hdynmk6r22z27h6tvur", BLUESKY, "did:plc:z72i7hdynmk6r22z27h6tvur"),
        ("@news@mastodon.social", MASTODON, "news@mastodon.social"),
        ("@a.b-c_d@social.example.org", MASTODON, "a.b-c_d@social.example.org"),
        ("@news@127.0.0.1:8080", MASTODON, "news@127.0.0.1:8080"),
        ("@news@bücher.example", MASTODON, "news@bücher.example"),
        ("mastodon:news@mastodon.social", MASTODON, "news@mastodon.social"),
        ("mastodon:@news@mastodon.social", MASTODON, "news@mastodon.social"),
        ("https://mastodon.social/@news", MASTODON, "news@mastodon.social"),
        ("https://mastodon.social/@news/media", MASTODON, "news@mastodon.social"),
        ("mastodon.social/@news", MASTODON, "news@mastodon.social"),
        ("https://mastodon.social/@news@social.example.org", MASTODON, "news@social.example.org"),
        ("https://example.com/feed.xml", RSS, "https://example.com/feed.xml"),
        ("http://example.com", RSS, "http://example.com"),
        ("rss:https://example.com/feed?a=1&b=%20", RSS, "https://example.com/feed?a=1&b=%20"),
        ("https://[2001:db8::1]:8443/feed", RSS, "https://[2001:db8::1]:8443/feed"),
    ],
)
def test_an_account_is_told_by_the_way_it_is_written(typed: str, source: str, name: str) -> None:
    assert parse_handle(typed) == Handle(source=source, name=name)


@pytest.mark.parametrize(
    "typed",
    [
        "https://mastodon.social/@news.rss",
        "https://bsky.app/profile/team.bsky.social/rss",
        "rss:https://x.com/awscloud",
        "https://example.com/x.com/awscloud",
        "https://notx.com/awscloud",
        "https://example.com/profile/team.bsky.social",
        "https://mastodon.social/@news/tagged/security.rss",
        "https://example.com/@me/feed.xml",
        "https://example.com/@me/media/feed.xml",
        "https://blog.example/@me/a-story-0a1b2c",
        "https://medium.com/@netflixtechblog",
        "https://www.youtube.com/@Google",
        "https://m.youtube.com/@Google/featured",
    ],
)
def test_an_address_that_only_resembles_a_profile_page_is_a_feed(typed: str) -> None:
    assert parse_handle(typed) == Handle(source=RSS, name=typed.removeprefix("rss:"))


@pytest.mark.parametrize(
    ("typed", "reason", "example"),
    [
        ("", "neither an @ nor https://", "@awscloud"),
        ("@", "not an X handle", "@awscloud"),
        ("awscloud", "neither an @ nor https://", "@awscloud"),
        ("team.bsky.social", "neither an @ nor https://", "@team.bsky.social"),
        ("news@mastodon.social", "neither an @ nor https://", "@news@mastodon.social"),
        ("two words", "neither an @ nor https://", "@awscloud"),
        ("@aws-cloud", "not an X handle", "@awscloud"),
        ("@1234567890123456", "not an X handle", "@awscloud"),
        ("@awscloud\n", "not an X handle", "@awscloud"),
        ("@äws", "not an X handle", "@awscloud"),
        ("@٣", "not an X handle", "@awscloud"),
        ("@@awscloud", "not a Mastodon handle", "@news@mastodon.social"),
        ("@team..bsky", "not a Bluesky handle", "@team.bsky.social"),
        ("@team.bsky.", "not a Bluesky handle", "@team.bsky.social"),
        ("@-a.example", "not a Bluesky handle", "@team.bsky.social"),
        ("@10.5", "not a Bluesky handle", "@team.bsky.social"),
        ("@" + "a." * 127 + "com", "not a Bluesky handle", "@team.bsky.social"),
        ("@news@localhost", "not a Mastodon handle", "@news@mastodon.social"),
        ("@news@mastodon.social:port", "not a Mastodon handle", "@news@mastodon.social"),
        ("@news@a@b.example", "not a Mastodon handle", "@news@mastodon.social"),
        ("mastodon:news", "not a Mastodon handle", "@news@mastodon.social"),
        ("bsky:team", "not a Bluesky handle", "@team.bsky.social"),
        ("x:team.bsky.social", "not an X handle", "@awscloud"),
        ("x:https://bsky.app/profile/team.bsky.social", "not an account's page on x", "@awscloud"),
        ("twitter:awscloud", "is not one of x:, bsky:, mastodon:, rss:", "x:awscloud"),
        ("https://x.com/", "not the page of an account", "https://x.com/awscloud"),
        ("https://x.com/search?q=aws", "not the page of an account", "https://x.com/awscloud"),
        ("https://x.com/awscloud/status/1", "below an account", "@awscloud"),
        ("https://bsky.app/profile/team.bsky.social/post/3k", "below an account", "@team.bsky.social"),
        ("https://bsky.app/profile/did:plc:", "not a Bluesky handle", "@team.bsky.social"),
        ("https://bsky.app/profile/did:plc:a/post/3k", "below an account", "@did:plc:a"),
        ("https://bsky.app/search", "not the page of an account", "https://bsky.app/profile/team.bsky.social"),
        ("https://mastodon.social/@news/113", "below an account", "@news@mastodon.social"),
        ("https://mastodon.social/@news/113/embed", "below an account", "@news@mastodon.social"),
        ("https://mastodon.social/@news/followers", "below an account", "@news@mastodon.social"),
        ("example.com/feed.xml", "no https:// in front", "https://example.com/feed.xml"),
        ("rss:example.com/feed.xml", "not an address of the web", "https://example.com/feed.xml"),
        ("rss:", "not an address of the web", "https://example.com/feed.xml"),
        ("ftp://example.com/feed.xml", "not an address of the web", "https://example.com/feed.xml"),
        ("file:///etc/passwd", "not an address of the web", "https://example.com/feed.xml"),
        ("https://", "not an address of the web", "https://example.com/feed.xml"),
        ("https://example.com:99999/", "not an address of the web", "https://example.com/feed.xml"),
        ("https://[::1/feed", "not an address of the web", "https://example.com/feed.xml"),
        ("https://me:secret@example.com/", "a user name in front", "https://example.com/feed.xml"),
        ("https://example.com/a b", "a space", "https://example.com/feed.xml"),
        ("https://example.com/\x00", "a control character", "https://example.com/feed.xml"),
        ("https://example.com/" + "a" * 2000, "over 2000 characters", "https://example.com/feed.xml"),
    ],
)
def test_a_refusal_names_the_bad_part_the_reason_and_a_right_example(typed: str, reason: str, example: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as refusal:
        parse_handle(typed)
    message = str(refusal.value)
    assert message.startswith(f'"{typed[:4]}')
    assert message.endswith(f". Example: {example}")


def test_a_bad_part_is_repeated_without_what_could_break_the_line_it_stands_in() -> None:
    with pytest.raises(ValueError, match=r'^"@aws\ufffdcloud\ufffd" is not an X handle'):
        parse_handle("@aws\ncloud\x1b")


def test_a_long_bad_part_is_cut() -> None:
    with pytest.raises(ValueError, match=r'^"@a{59}…" is not an X handle'):
        parse_handle("@" + "a" * 100_000)


_PIECES = ["@", ".", ":", "/", "//", "x", "X:", "rss:", "bsky:", "mastodon:", "https://", "x.com", "bsky.app/profile/"]
_ANYTHING = st.text() | st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=8).map("".join)


@settings(deadline=None)  # two cores shared by all: a slow example is no failure
@given(_ANYTHING)
def test_any_text_is_an_account_or_a_short_printable_refusal_whose_example_works(text: str) -> None:
    try:
        handle = parse_handle(text)
    except ValueError as refusal:
        message, _, example = str(refusal).rpartition(". Example: ")
        assert message.isprintable()
        assert len(message) < 200
        parse_handle(example)
    else:
        assert handle.source in {X, BLUESKY, MASTODON, RSS}
        assert handle.name in text or handle.source == MASTODON  # HOST/@NAME becomes NAME@HOST


@settings(deadline=None)  # two cores shared by all: a slow example is no failure
@given(_ANYTHING)
def test_what_is_shown_of_an_account_can_be_typed_again(text: str) -> None:
    try:
        handle = parse_handle(text)
    except ValueError:
        return
    typed = f"rss:{handle}" if handle.source == RSS else str(handle)
    assert parse_handle(typed) == handle


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@AWSCloud", "x:awscloud"),
        ("https://twitter.com/AWSCLOUD", "@awscloud"),
        ("@Team.Bsky.Social", "bsky:team.bsky.social"),
        ("@News@Mastodon.Social", "https://mastodon.social/@news"),
        ("@news@bücher.example", "@news@xn--bcher-kva.example"),
        ("HTTPS://Example.com", "https://example.com/"),
        ("https://example.com:443/feed", "https://example.com/feed#latest"),
    ],
)
def test_spellings_of_one_account_fold_to_one_handle(one: str, other: str) -> None:
    assert fold(parse_handle(one)) == fold(parse_handle(other))


@pytest.mark.parametrize(
    "address",
    [
        "https://straße.de/feed.xml",
        "https://STRAẞE.de/feed.xml",
        "https://βόλος.gr/feed.xml",
        "https://ΒΌΛΟΣ.gr/feed.xml",
        "https://İstanbul.example/feed.xml",
        "https://bücher。example/feed.xml",
        "https://☕.example/feed.xml",
        "https://my_blog.bücher.example/feed.xml",
        "https://Example.COM/feed.xml",
    ],
)
def test_a_feed_is_asked_for_at_one_host_whether_its_address_is_folded_or_not(address: str) -> None:
    assert urlsplit(fold(parse_handle(address)).name).hostname == URL(address).raw_host


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@aws", "@aws_"),
        ("@news@straße.example", "@news@strasse.example"),
        ("@did:web:example.com:a", "@did:web:example.com:A"),
        ("@team.bsky.social", "rss:https://team.bsky.social"),
        ("@news@mastodon.social", "@news@mastodon.example"),
        ("https://example.com/Feed", "https://example.com/feed"),
        ("https://example.com/feed", "http://example.com/feed"),
        ("https://example.com/feed?tag=a", "https://example.com/feed?tag=b"),
        ("https://example.com:8443/feed", "https://example.com/feed"),
    ],
)
def test_different_accounts_never_fold_together(one: str, other: str) -> None:
    assert fold(parse_handle(one)) != fold(parse_handle(other))


@settings(deadline=None)  # two cores shared by all: a slow example is no failure
@given(_ANYTHING, st.sampled_from([X, BLUESKY, MASTODON, RSS, "elsewhere"]))
def test_any_name_can_be_folded_whether_or_not_it_is_a_right_one(name: str, source: str) -> None:
    assert fold(Handle(source=source, name=name)).source == source


@settings(deadline=None)  # two cores shared by all: a slow example is no failure
@given(_ANYTHING)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    try:
        once = fold(parse_handle(text))
    except ValueError:
        return
    assert fold(once) == once
