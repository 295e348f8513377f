"""RSS, Atom and RDF become entries; what is no feed, or is made to do harm, is refused in words and at once."""

import base64
import json
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.feeds.document import BrokenFeedError, Document, Entry, Written
from sources.feeds.identity import identify
from sources.feeds.parse import MOST_ENTRIES, parse
from sources.feeds.text import text_of
from tests.fakes.feeds import Item, at, atom, rdf, rss

URL = "https://news.example/feed.xml"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "data" / "payloads" / "feeds" / "dev.jsonl"


def read(text: str | bytes, kind: str = "application/xml") -> Document:
    return parse(text if isinstance(text, bytes) else text.encode(), {"Content-Type": kind}, URL)


def only(text: str | bytes) -> Entry:
    [entry] = read(text).entries
    return entry


ITEM = Item(
    guid="tag:news.example,2026:1",
    link="https://news.example/1",
    title="AT&T <b> & co",
    summary='<p>It is <a href="https://news.example/long">here</a>.</p><ul><li>one<li>two</ul>',
    published_at=at(8, 30),
)


@pytest.mark.parametrize("written", [rss([ITEM]), atom([ITEM]), rdf([ITEM])], ids=["rss", "atom", "rdf"])
def test_every_format_says_the_same(written: str) -> None:
    document = read(written)
    [entry] = document.entries
    assert document.title == "News"
    assert (entry.link, entry.published_at) == (ITEM.link, ITEM.published_at)
    assert text_of(entry) == "AT&T <b> & co\n\nIt is here (https://news.example/long).\n\n- one\n- two"


def test_a_guid_is_taken_as_it_is_written_wherever_the_feed_was_read() -> None:
    """feedparser completes bare guids with the address; a feed that moves would lose the identity of its entries."""
    for guid in ("1", "post/1", "tag:a,b", "https://news.example/?p=1", "urn:uuid:60a76c80"):
        assert only(rss([Item(guid=guid, title="x")])).guid == guid
        assert only(rss([Item(guid=guid, title="x")]).replace(' isPermaLink="false"', "")).guid == guid
        assert only(atom([Item(guid=guid, title="x")])).guid == guid


def test_relative_links_are_completed_and_others_than_of_the_web_left_out() -> None:
    for written, link in [
        ("/a?b=1&c=2", "https://news.example/a?b=1&c=2"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("http://[::1", ""),
        ("//other.example/x", "https://other.example/x"),
    ]:
        assert only(rss([Item(link=written, title="x")])).link == link
        assert only(atom([Item(link=written, title="x")])).link == link


@pytest.mark.parametrize(
    ("title", "summary", "text"),
    [
        (Written(text="A"), Written(), "A"),
        (Written(), Written(text="B"), "B"),
        (Written(), Written(), ""),
        (Written(text="A title\n  of two lines"), Written(text="B"), "A title of two lines\n\nB"),
        (Written(text="A toot, short…"), Written(text="<p>A toot, shortened</p>", is_html=True), "A toot, shortened"),
        (Written(text="Same"), Written(text="Same"), "Same"),
        (Written(text="x &lt; y", is_html=True), Written(text="line\r\nline\n"), "x < y\n\nline\nline"),
        (Written(text="A"), Written(text="word " * 5_000), f"A\n\n{'word ' * 1_999}…"),
    ],
)
def test_title_and_summary_are_one_text_that_says_nothing_twice(title: Written, summary: Written, text: str) -> None:
    assert text_of(Entry(title=title, summary=summary)) == text


def test_a_plain_description_keeps_its_lines_and_the_content_stands_in_for_a_missing_summary() -> None:
    assert text_of(only(rss([Item(title="T", summary="one\ntwo")]))) == "T\n\none\ntwo"
    content = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>T</title>'
        "<content:encoded><![CDATA[<p>all of it</p>]]></content:encoded></item></channel></rss>"
    )
    assert text_of(only(content)) == "T\n\nall of it"


def test_a_language_is_passed_on_where_it_is_one() -> None:
    for written, lang in [("en-us", "en-us"), ("pt_BR", "pt-BR"), ("English", ""), ("", ""), ("x" * 50, "")]:
        assert only(rss([Item(title="x")], lang=written)).lang == lang
    spoken = atom([Item(guid="1", title="x")]).replace("<title>x", '<title xml:lang="de">x')
    assert only(spoken).lang == "de"


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Mon, 02 Nov 2026 09:00:00 +0100", datetime(2026, 11, 2, 8, tzinfo=UTC)),
        ("2026-11-02T09:00:00-05:00", datetime(2026, 11, 2, 14, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 09:00 EST", datetime(2026, 11, 2, 14, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 11:30:00 BRT", datetime(2026, 11, 21, 14, 30, tzinfo=UTC)),
        ("Sat, 21 Nov 2026 10:30:00 EST5EDT", datetime(2026, 11, 21, 15, 30, tzinfo=UTC)),
        ("Sat Nov 21 10:30:00 CEST 2026", datetime(2026, 11, 21, 8, 30, tzinfo=UTC)),
        ("Sat, 01 Jan 0001 00:00:00 JST", None),
        ("yesterday", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_a_date_is_in_utc_or_none(written: str, date: datetime | None) -> None:
    assert (
        only(f'<rss version="2.0"><channel><item><pubDate>{written}</pubDate></item></channel></rss>').published_at
        == date
    )


def test_an_entry_that_was_only_updated_is_dated_by_that() -> None:
    written = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><updated>2026-11-02T09:00:00Z</updated></entry></feed>'
    assert only(written).published_at == at(9)


def test_how_long_to_leave_it_is_read_where_it_is_a_number() -> None:
    for written, seconds in [("15", 900), ("0", 0), ("soon", 0), ("-1", 0), ("1e9", 0), ("99999999", 7 * 24 * 3600)]:
        assert read(rss([], more=f"<ttl>{written}</ttl>")).ttl_s == seconds


def test_deleted_entries_are_told() -> None:
    assert read(atom([ITEM], deleted=["a", "b", "a"])).deleted == ("a", "b")


def test_broken_xml_is_read_as_far_as_it_means_something() -> None:
    broken = rss([Item(guid="1", title="one"), Item(guid="2", title="two")]).replace("<channel>", "<channel>&nbsp;<br>")
    assert [text_of(entry) for entry in read(broken.partition("</channel>")[0]).entries] == ["one", "two"]


@pytest.mark.parametrize("number", ["#xD800", "#1114112", "#99999999999999999999", f"#{'9' * 5_000}", "#0", "#x"])
def test_a_number_that_is_no_characters_spoils_no_more_than_its_place(number: str) -> None:
    text = text_of(only(rss([Item(title="A hole")]).replace("hole", f"h&{number};le")))
    assert text.startswith("A h")
    assert text.endswith("le")
    assert text.encode()


def test_so_many_entries_are_read_and_no_more() -> None:
    assert len(read(rss([Item(guid=str(number)) for number in range(MOST_ENTRIES + 5)])).entries) == MOST_ENTRIES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "iso-8859-1", "windows-1252", "shift_jis"])
def test_letters_are_read_in_the_encoding_that_is_declared(encoding: str) -> None:
    title = "日本" if encoding == "shift_jis" else "Grüße"
    written = rss([Item(title=title)]).replace('encoding="utf-8"', f'encoding="{encoding}"')
    assert text_of(only(written.encode(encoding))) == title


@contextmanager
def within_limits() -> Iterator[None]:
    """At most 1 s of this thread's time and 20 MiB."""
    tracemalloc.start()
    started = time.thread_time()
    try:
        yield
        took_s, (_, peak) = time.thread_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took_s < 1
    assert peak < 20 * 1024 * 1024


LAUGHS = "".join(f'<!ENTITY lol{number} "{f"&lol{number - 1};" * 10}">' for number in range(1, 10))
LAUGHS = f'<!DOCTYPE rss [<!ENTITY lol0 "lol">{LAUGHS}]>'
BODY = '<rss version="2.0"><channel><item><title>&lol9;</title></item></channel></rss>'
HEAD = '<?xml version="1.0"?>'


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        pytest.param(HEAD + LAUGHS + BODY, "document type", id="billion laughs"),
        pytest.param(LAUGHS.replace("DOCTYPE", "doctype") + BODY, "document type", id="in small letters"),
        pytest.param(f"{HEAD}<!-- <a> -->{LAUGHS}{BODY}", "document type", id="behind a comment with a tag"),
        pytest.param(f"{HEAD}<?a <b> ?>\n\t{LAUGHS}{BODY}", "document type", id="behind an instruction"),
        pytest.param((HEAD + LAUGHS + BODY).encode("utf-16"), "document type", id="in UTF-16"),
        pytest.param((HEAD + LAUGHS + BODY).encode("utf-16-be"), "document type", id="in UTF-16 without a mark"),
        pytest.param((HEAD + LAUGHS + BODY).encode("utf-32"), "document type", id="in UTF-32"),
        pytest.param((HEAD + LAUGHS + BODY).encode("utf-8-sig"), "document type", id="behind a mark"),
        pytest.param(
            b'<?xml version="1.0" encoding="utf-7"?>' + (LAUGHS + BODY).encode("utf-7"), "encoding", id="in UTF-7"
        ),
        pytest.param((HEAD + LAUGHS + BODY).encode("cp037"), "encoding", id="in EBCDIC"),
        pytest.param(b'<?xml version="1.0" encoding="punycode"?>' + b"a" * 100_000, "encoding", id="in punycode"),
        pytest.param(b'<?xml version="1.0" encoding="unicode_escape"?>\\x3c!DOCTYPE a>', "encoding", id="in escapes"),
        pytest.param(f'{HEAD}<!DOCTYPE a SYSTEM "file:///etc/passwd">{BODY}', "document type", id="a file"),
        pytest.param(
            f'{HEAD}<!DOCTYPE rss [<!ENTITY a SYSTEM "http://169.254.169.254/">]>{BODY}', "document type", id="metadata"
        ),
        pytest.param(f"{HEAD}<rss><{'a' * 30 * 1024 * 1024}>", "bytes", id="a name of 30 MiB"),
        pytest.param(f'<rss a="{"b" * 30 * 1024 * 1024}"/>', "bytes", id="an attribute of 30 MiB"),
        pytest.param(f"<rss>{'<a>' * 150_000}", "tags", id="nested without end"),
        pytest.param("<" * 150_000, "tags", id="nothing but tags"),
        pytest.param("<!DOCTYPE html><html><title>x</title></html>", "document type", id="a page"),
        pytest.param("<html><head><title>x</title></head></html>", "a page of the web", id="a page without a type"),
        pytest.param("", "is not RSS", id="nothing"),
        pytest.param(b"\0" * 1000, "is not RSS", id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "is not RSS", id="a picture"),
        pytest.param('{"version": "https://jsonfeed.org/version/1"}', "is not RSS", id="JSON"),
        pytest.param("<?xml", "is not RSS", id="a beginning"),
    ],
)
def test_what_is_no_feed_or_does_harm_is_refused_at_once(hostile: str | bytes, reason: str) -> None:
    body = hostile if isinstance(hostile, bytes) else hostile.encode()
    with within_limits(), pytest.raises(BrokenFeedError, match=reason):
        read(body)


def test_rss_of_netscape_begins_with_a_document_type_that_harms_nobody() -> None:
    written = rss([Item(title="old")]).replace(
        "<rss",
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/x.dtd"><rss',
    )
    assert text_of(only(written)) == "old"


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("<author>" + "a" * 500_000 + "</author>", id="an author"),
        pytest.param("<managingEditor>" + "a." * 250_000 + "</managingEditor>", id="an editor"),
        pytest.param("<description>" + "&lt;!--" * 50_000 + "</description>", id="comments without end"),
        pytest.param("<description>" + "&lt;a " * 50_000 + "</description>", id="tags without end"),
        pytest.param("<pubDate>" + "1:" * 200_000 + "</pubDate>", id="a date"),
        pytest.param("<title>" + " " * 500_000 + "</title>", id="blanks"),
        pytest.param("<link>" + "&amp;" * 50_000 + "</link>", id="a link"),
        pytest.param("<guid>" + "x" * 500_000 + "</guid>", id="a guid"),
    ],
)
def test_an_element_made_to_be_slow_is_not(inside: str) -> None:
    """feedparser alone takes half an hour for an author of a megabyte, with the interpreter to itself."""
    with within_limits():
        text_of(only(f'<rss version="2.0"><channel><item>{inside}</item></channel></rss>'))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_no_feed(body: bytes) -> None:
    for whole in (body, b"<rss><channel><item>" + body, b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>' + body):
        try:
            document = parse(whole, {}, URL)
        except BrokenFeedError:
            continue
        assert all(isinstance(text_of(entry), str) for entry in document.entries)


@pytest.mark.skipif(not CORPUS.exists(), reason="feedparser's corpus in ../shared/data/payloads/feeds is not here")
def test_the_corpus_of_feedparser_is_read_without_a_crash() -> None:
    documents = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").split("\n") if line]
    refused = []
    for one in documents:
        body = one["text"].encode() if "text" in one else base64.b64decode(one["b64"])
        try:
            document = parse(body, {"Content-Type": "application/xml"}, URL)
        except BrokenFeedError as error:
            refused.append((one["path"], str(error)))
            continue
        for entry in document.entries:
            assert "\0" not in text_of(entry)
        again = parse(body, {"Content-Type": "application/xml"}, URL)
        known = identify("feed", document, ())
        assert [one.id for one in identify("feed", again, known)] == [one.id for one in known]
    assert len(documents) > 1_000
    assert len(refused) < 25, refused


@pytest.mark.parametrize(
    ("written", "only_the_day"),
    [
        ("2026-11-21", True),
        ("Sat, 21 Nov 2026", True),
        ("Sat, 21 Nov 2026 00:00:00 GMT", True),
        ("Sat, 21 Nov 2026 00:00 -0500", True),
        ("2026-11-21T00:00:00-05:00", True),
        ("2026-11-21T00:00:00.000Z", True),
        ("2026-11-21 00:00:00", True),
        ("2026-11-21T10:00:00+00:00", False),
        ("2026-11-21T00:00:01Z", False),
        ("2026-11-21T00:00:00.5Z", False),
        ("Fri, 20 Nov 2026 19:00:00 EST", False),
        ("Sat, 21 Nov 2026 10:00:00 GMT", False),
        ("", False),
    ],
)
def test_a_date_without_a_time_of_the_day_is_told_from_others(written: str, only_the_day: bool) -> None:
    document = f'<rss version="2.0"><channel><item><title>x</title><pubDate>{written}</pubDate></item></channel></rss>'
    assert only(document).only_the_day == only_the_day
