"""A page of the web names its feeds in its head, more or less as it should."""

import time

import pytest

from sources.feeds.discover import feeds_in

URL = "https://news.example/blog/"


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/feed">', "https://news.example/feed"),
        ("<LINK REL=alternate TYPE='application/atom+xml' HREF=atom.xml />", "https://news.example/blog/atom.xml"),
        (
            '<link\nhref="?a=1&amp;b=2"\ntype="application/rdf+xml; charset=utf-8" rel="feed alternate">',
            f"{URL}?a=1&b=2",
        ),
        ('<link rel="alternate" type="application/rss+xml" href="//cdn.example/x">', "https://cdn.example/x"),
        ('<link rel="stylesheet" type="application/rss+xml" href="/feed">', None),
        ('<link rel="alternate" type="text/html" hreflang="de" href="/de">', None),
        ('<link rel="alternate" type="application/json+oembed" href="/oembed">', None),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">', None),
        ('<link rel="alternate" type="application/rss+xml" href="http://[::1">', None),
        ('<link rel="alternate" type="application/rss+xml">', None),
    ],
)
def test_a_feed_is_found_where_a_page_names_one(tag: str, address: str | None) -> None:
    page = f"<!doctype html><html><head><title>x</title>{tag}</head></html>"
    assert feeds_in(page.encode(), URL) == ([] if address is None else [address])


def test_a_feed_is_found_behind_the_long_scripts_of_a_head() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/feeds/videos.xml">'
    page = f"<!doctype html><html><head><script>{'x < 1;' * 120_000}</script>{link}</head></html>"
    assert feeds_in(page.encode(), URL) == ["https://news.example/feeds/videos.xml"]


def test_the_pages_own_base_counts_and_the_feed_of_comments_comes_last() -> None:
    link = '<link rel="alternate" type="application/rss+xml" title="{}" href="{}">'
    head = '<base href="https://cdn.example/a/">' + link.format("Comments", "c") + link.format("Posts", "p") * 2
    assert feeds_in(head.encode(), URL) == ["https://cdn.example/a/p", "https://cdn.example/a/c"]


@pytest.mark.parametrize("piece", ["<link ", '<link a="', "<link rel=alternate href=", "<", "<base\n"])
def test_a_page_made_to_be_slow_is_not(piece: str) -> None:
    started = time.thread_time()
    feeds_in((piece * 200_000).encode(), URL)
    assert time.thread_time() - started < 1
