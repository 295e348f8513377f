"""What can be read from the link of a post that someone pastes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.insight.links import parse_link
from sources.types import Account, Handle


@pytest.mark.parametrize(
    "link",
    [
        "https://x.com/vendor_sec/status/123",
        "https://twitter.com/vendor_sec/status/123",
        "http://www.twitter.com/vendor_sec/statuses/123/",
        "https://mobile.x.com/vendor_sec/status/123?s=20&t=abc",
        "https://x.com/vendor_sec/status/123/photo/1",
        "x.com/vendor_sec/status/123",
        "<https://X.com/vendor_sec/status/123>",
    ],
)
def test_a_link_to_a_post_on_x_holds_its_id_and_its_author(link: str) -> None:
    found = parse_link(link)
    assert (found.source, found.post_id, found.author) == ("x", "123", Handle(source="x", name="vendor_sec"))


@pytest.mark.parametrize("link", ["https://x.com/i/status/123", "https://x.com/i/web/status/123"])
def test_an_address_at_x_may_hold_an_id_and_nobodys_name(link: str) -> None:
    found = parse_link(link)
    assert (found.post_id, found.author) == ("123", None)


@pytest.mark.parametrize("link", ["https://x.com/vendor_sec", "https://x.com.example.org/vendor_sec/status/123"])
def test_other_addresses_hold_no_id_of_a_post_on_x(link: str) -> None:
    assert parse_link(link).post_id == ""


@pytest.mark.parametrize(
    ("link", "source", "name"),
    [
        ("https://bsky.app/profile/team.bsky.social/post/3kabc", "bluesky", "team.bsky.social"),
        ("https://bsky.app/profile/did:plc:abc/post/3kabc", "bluesky", "did:plc:abc"),
        ("https://mastodon.example/@news/110", "mastodon", "news@mastodon.example"),
        ("https://mastodon.example/@news@other.example/110", "mastodon", "news@other.example"),
    ],
)
def test_a_link_to_bluesky_or_mastodon_names_its_author(link: str, source: str, name: str) -> None:
    assert parse_link(link).author == Handle(source=source, name=name)


@pytest.mark.parametrize(
    "stored",
    [
        "https://example.org/news/7",
        "http://example.org/news/7",
        "https://www.example.org/news/7/",
        "https://example.org/news/7/",
    ],
)
def test_a_post_is_looked_for_under_the_spellings_that_browsers_and_mails_make_of_its_address(stored: str) -> None:
    assert stored in parse_link("https://example.org/news/7?utm_source=mail#top").addresses


def test_what_a_query_means_is_kept() -> None:
    addresses = parse_link("https://example.org/?p=7&utm_medium=mail").addresses
    assert "https://example.org/?p=7" in addresses
    assert not any(address.rstrip("/").endswith("example.org") for address in addresses)


def test_the_address_as_it_was_pasted_comes_first() -> None:
    link = "https://example.org/news/7?utm_source=mail"
    assert parse_link(link).addresses[0] == link


@pytest.mark.parametrize(
    ("link", "account", "same"),
    [
        ("https://x.com/Vendor_Sec/status/1", Account(source="x", id="9", handle="vendor_sec"), True),
        ("https://x.com/vendor_sec/status/1", Account(source="x", id="9", handle="other"), False),
        ("https://x.com/vendor_sec/status/1", Account(source="bluesky", id="9", handle="vendor_sec"), False),
        ("https://bsky.app/profile/did:plc:a/post/1", Account(source="bluesky", id="did:plc:a", handle="a.b.c"), True),
        ("https://example.org/1", Account(source="rss", id="9", handle="https://example.org/feed"), False),
    ],
)
def test_a_link_is_by_an_account_whose_handle_or_id_it_names(link: str, account: Account, same: bool) -> None:
    assert parse_link(link).is_by(account) is same


@given(st.text() | st.text(alphabet="htps:/.@[]#?x1 ").map(lambda rest: f"https://{rest}"))
def test_no_text_is_too_odd_to_be_looked_for(text: str) -> None:
    assert parse_link(text).addresses
