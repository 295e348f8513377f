"""No address that is typed into a chat, no name and no redirect leads into the network that Lapwing runs in."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.addresses import check_ip, check_url
from sources.http import AddressRefusedError, Fetcher, TooLargeError, UnreachableError, retry_after_s
from tests.fakes.raw_http import Answer, endless, redirecting, saying, serving

MOST_S = 1.0
MOST_MEMORY = 20 * 1024 * 1024  # bytes

METADATA = "169.254.169.254"

IPV4 = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0X7F000001",
    "2130706433",
    "127.0x0.0.01",
    "127.0.0.1.",
    "127.0.0.1..",
    "0",
    "0.0.0.0",
    "00000000",
    "1.2.3.4.5",
    "256.256.256.256",
    "999",
    "0x",
    "10.0.0.1",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.257",
    "3232235521",
    METADATA,
    "2852039166",
    "0xA9FEA9FE",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "100.64.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
]

IPV6 = [
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::7f00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2001:10::1",
    "3fff::1",
    "100::1",
    "fe80::1",
    "fe80::1%25eth0",
    "fe80::1%eth0",
    "2606:4700::1%25eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "ff0e::1",
    "5f00::1",
    "4000::1",
    "127.0.0.1",
]

NAMES = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ⓛocalhost",
    "x.localhost",
    "router",
    "printer.local",
    "metadata.google.internal",
    "metadata.google.internal.",
    "nas.home.arpa",
    "example..com",
    ".example.com",
    "-.com",
    "exa%6dple.com",
    "exa mple.com",
    "exa\tmple.com",
    "example.com\x00.evil.example",
    "a" * 64 + ".com",
    ".".join(["abcdefgh"] * 29),
]

OTHERS = [
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/",
    "dict://example.com:11211/",
    "ldap://example.com/",
    "data:text/xml,<rss/>",
    "javascript:alert(1)",
    "jar:http://example.com!/",
    "view-source:http://example.com",
    "http:example.com",
    "http:///127.0.0.1/",
    "//example.com/",
    "example.com",
    "/etc/passwd",
    "",
    "http://",
    "https://?",
    "http://:80/",
    "http://@example.com/",
    "http://:@example.com/",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/",
    "http://127.0.0.1?@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://example.com:22/",
    "http://example.com:0/",
    "http://example.com:8080/",
    "http://example.com:65536/",
    "http://example.com:-80/",
    "http://example.com:80:80/",
    "http://example.com:８０８０/",
    "http://[::1/",
    "http://::1/",
    "http://[[::1]]/",
    "http://exam\nple.com/",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://example.com/" + "a" * 2_000,
]

AROUND = [
    *(f"http://{host}/latest/meta-data/" for host in [*IPV4, *NAMES]),
    *(f"https://[{address}]/" for address in IPV6),
    *OTHERS,
]


@contextmanager
def within_limits() -> Iterator[None]:
    """At most 1 s and 20 MiB."""
    tracemalloc.start()
    started = time.monotonic()
    try:
        yield
        took_s, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took_s < MOST_S
    assert peak < MOST_MEMORY


class Names:
    """A resolver that knows some names, and counts who asks; a list of lists is answered one list after the other."""

    def __init__(self, **known: Sequence[Sequence[str]]) -> None:
        self.asked: list[str] = []
        self._known = {name.replace("_", "."): list(answers) for name, answers in known.items()}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._known.get(host)
        if answers is None:
            raise OSError("Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.mark.parametrize("url", AROUND)
async def test_a_way_around_is_refused_as_it_is_written_and_nobody_is_asked(url: str) -> None:
    names = Names()
    with within_limits():
        async with Fetcher(resolver=names) as fetcher:
            with pytest.raises(AddressRefusedError) as refused:
                await fetcher.get(url)
    assert not names.asked
    assert str(refused.value).isprintable()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://example.com:443/feed.xml?format=rss&page=1#top",
        "HTTPS://Example.COM./a%20b",
        "http://1.1.1.1/",
        "http://172.32.0.1/",
        "http://[2606:4700:4700::1111]/",
        "http://[64:ff9b::8.8.8.8]/",
        "https://bücher.example/feed",
        "https://xn--bcher-kva.example/feed",
        "https://my_blog.example.com/",
        "https://3com.example1.co/",
        "https://localhost.example.com/",
    ],
)
def test_an_ordinary_address_is_not_refused(url: str) -> None:
    check_url(url)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_refused_however_it_is_wrapped(number: int) -> None:
    ip = IPv4Address(number)
    for wrapped in (f"::ffff:{ip}", f"::{ip}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1", f"64:ff9b:1::{ip}"):
        with pytest.raises(AddressRefusedError):
            check_ip(wrapped)
    if not ip.is_global:
        for plain in (str(ip), f"64:ff9b::{ip}"):
            with pytest.raises(AddressRefusedError):
                check_ip(plain)


def refusal(url: str) -> str:
    """Why it is refused; empty where it is not."""
    try:
        check_url(url)
    except AddressRefusedError as refused:
        return str(refused)
    return ""


@given(st.text(max_size=40))
def test_any_text_is_either_an_address_of_the_web_or_refused_in_words(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/"):
        assert refusal(url).isprintable()


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        [METADATA],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["fd00:ec2::254"],
        ["64:ff9b::a9fe:a9fe"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1", "10.0.0.1"],
        ["no address"],
    ],
)
async def test_a_name_is_refused_when_any_of_its_addresses_is(answers: list[str]) -> None:
    with within_limits():
        async with Fetcher(resolver=Names(evil_example=[answers])) as fetcher:
            with pytest.raises(AddressRefusedError):
                await fetcher.get("https://evil.example/feed.xml")


async def test_a_name_without_an_address_is_not_reached() -> None:
    async with Fetcher(resolver=Names(empty_example=[[]])) as fetcher:
        for host in ("empty.example", "unknown.example"):
            with pytest.raises(UnreachableError, match="there is no such host"):
                await fetcher.get(f"https://{host}/")


async def test_a_name_is_asked_for_once_a_connection_and_refused_once_it_changes_its_mind() -> None:
    """DNS rebinding: what was checked is what is connected to, and a later connection is checked anew."""
    async with serving(saying("200 OK", b"hello")) as port:
        names = Names(evil_example=[["127.0.0.1"], [METADATA]])
        async with Fetcher(allow=frozenset({f"evil.example:{port}"}), resolver=names) as fetcher:
            answer = await fetcher.get(f"http://evil.example:{port}/")
            assert (answer.body, names.asked) == (b"hello", ["evil.example"])
        rebound = Names(evil_example=[["8.8.8.8"], ["127.0.0.1"]])
        async with Fetcher(resolver=rebound) as fetcher:
            assert await fetcher._resolver.resolve("evil.example", 80)
            with pytest.raises(AddressRefusedError):
                await fetcher.get("http://evil.example/")


async def test_an_exception_is_for_that_host_and_port_only() -> None:
    async with serving(saying("200 OK", b"hello")) as port:
        allow = frozenset({f"127.0.0.1:{port}", f"friend.example:{port}"})
        async with Fetcher(allow=allow, resolver=Names(friend_example=[["127.0.0.1"]])) as fetcher:
            assert (await fetcher.get(f"http://127.0.0.1:{port}/")).body == b"hello"
            assert (await fetcher.get(f"http://friend.example:{port}/")).body == b"hello"
            for other in (f"127.0.0.2:{port}", "127.0.0.1", "friend.example", f"localhost:{port}", f"[::1]:{port}"):
                with pytest.raises(AddressRefusedError):
                    await fetcher.get(f"http://{other}/")


def fetching(*ports: int) -> Fetcher:
    """One that may go to these ports here, and has no names to look up."""
    return Fetcher(allow=frozenset(f"127.0.0.1:{port}" for port in ports), resolver=Names())


async def answered(answer: Answer, timeout_s: float = 30) -> str:
    """What comes of it: the name of an error, or the body."""
    async with serving(answer) as port, fetching(port) as fetcher:
        try:
            with within_limits():
                return (await fetcher.get(f"http://127.0.0.1:{port}/", timeout_s=timeout_s)).body.decode()
        except (AddressRefusedError, TooLargeError, UnreachableError) as error:
            return type(error).__name__


@pytest.mark.parametrize(
    "location",
    [
        *(f"http://{host}/" for host in (METADATA, "127.0.0.1", "0x7f.1", "2852039166", "[::1]", "[::ffff:a9fe:a9fe]")),
        "//169.254.169.254/latest/",
        "https://127.0.0.1:443/",
        "http://localhost/",
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "data:text/xml,<rss/>",
        "http://me:secret@example.com/",
        "//user@example.com/",
        "http://example.com:6379/",
    ],
)
async def test_a_redirect_is_checked_like_an_address_that_was_typed(location: str) -> None:
    assert await answered(redirecting(location)) == "AddressRefusedError"


@pytest.mark.parametrize("location", ["http://", "http://[::1", "http://example.com:99999/", "http://a\\b/"])
async def test_a_redirect_to_no_address_at_all_leads_nowhere(location: str) -> None:
    assert await answered(redirecting(location)) in {"UnreachableError", "AddressRefusedError"}


async def test_a_redirect_in_a_circle_ends() -> None:
    assert await answered(redirecting("/")) == "UnreachableError"


BOMB = zlib.compress(bytes(32 * 1024 * 1024), 9)
GZIP_BOMB = gzip.compress(bytes(32 * 1024 * 1024), 9)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(saying("200 OK", b"x" * (2 * 1024 * 1024 + 1)), id="a byte too much"),
        pytest.param(saying("200 OK\r\nContent-Encoding: gzip", GZIP_BOMB), id="a gzip bomb"),
        pytest.param(saying("200 OK\r\nContent-Encoding: deflate", BOMB), id="a deflate bomb"),
        pytest.param(endless("200 OK", b"x" * 65_536), id="a body without an end"),
        pytest.param(
            endless("200 OK\r\nTransfer-Encoding: chunked", b"4000\r\n" + b"x" * 0x4000 + b"\r\n"), id="chunks"
        ),
        pytest.param(endless("200 OK\r\nContent-Encoding: gzip", gzip.compress(bytes(1024 * 1024))), id="gzip members"),
        pytest.param(endless("200 OK\r\nContent-Length: 999999999999", b"x" * 65_536), id="a length told"),
        pytest.param(endless("404 Not Found", b"x" * 65_536), id="an error without an end"),
    ],
)
async def test_what_is_too_large_is_refused_at_once(answer: Answer) -> None:
    assert await answered(answer) == "TooLargeError"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(endless("200 OK\r\nX: ", b"x" * 65_536, between=""), id="a header without an end"),
        pytest.param(endless("200 OK\r\nX: 1", b"\r\nX: 1" * 5_000, between=""), id="headers without an end"),
        pytest.param(saying("200 OK\r\nContent-Encoding: gzip", b"no gzip"), id="gzip that is none"),
        pytest.param(saying("999999 OK"), id="no status"),
        pytest.param(endless("200 OK\r\nTransfer-Encoding: chunked", b"zz\r\n" * 5_000), id="chunks of no length"),
    ],
)
async def test_what_is_not_http_is_not_read(answer: Answer) -> None:
    assert await answered(answer) == "UnreachableError"


async def test_a_site_with_much_to_say_in_a_header_is_read() -> None:
    policy = "Content-Security-Policy: default-src " + "https://cdn.example " * 2_000
    assert await answered(saying(f"200 OK\r\n{policy}", b"hello")) == "hello"


async def test_who_takes_too_long_is_left_even_when_something_comes_now_and_then() -> None:
    async def slowly(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def silently(_: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    assert await answered(slowly, timeout_s=0.3) == "UnreachableError"
    assert await answered(silently, timeout_s=0.3) == "UnreachableError"


async def test_nobody_listening_is_said() -> None:
    async with serving(saying("200 OK")) as port:
        pass
    async with fetching(port) as fetcher:
        with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 cannot be read"):
            await fetcher.get(f"http://127.0.0.1:{port}/")


async def test_what_was_said_is_handed_on_whole_with_where_it_came_from() -> None:
    async with serving(saying('200 OK\r\nETag: "1"\r\nContent-Encoding: gzip', gzip.compress(b"hello"))) as port:
        moves = {
            "/a": ("301 Moved Permanently", "/b"),
            "/b": ("308 Permanent Redirect", "/c"),
            "/c": ("302 Found", "/d"),
        }
        asked: list[str] = []

        async def moving(head: str, writer: asyncio.StreamWriter) -> None:
            asked.append(head)
            status, to = moves.get(head.split()[1], ("302 Found", f"http://127.0.0.1:{port}/e"))
            await redirecting(to, status)(head, writer)

        async with serving(moving) as first, fetching(first, port) as fetcher:
            answer = await fetcher.get(f"http://127.0.0.1:{first}/a", etag='"0"', modified="Mon")
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, b"hello", '"1"')
    assert answer.url == f"http://127.0.0.1:{port}/e"
    assert answer.moved_to == f"http://127.0.0.1:{first}/c"
    assert all('If-None-Match: "0"' in head and "If-Modified-Since: Mon" in head for head in asked)
    assert "User-Agent: Lapwing" in asked[0]


async def test_what_is_sent_in_confidence_does_not_go_to_another_host() -> None:
    heads: list[str] = []

    async def listening(head: str, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await saying("200 OK")(head, writer)

    async with (
        serving(listening) as there,
        serving(redirecting(f"http://127.0.0.1:{there}/")) as here,
        fetching(here, there) as fetcher,
    ):
        await fetcher.get(f"http://127.0.0.1:{here}/", headers={"Authorization": "Bearer x"})
    assert "Authorization" not in heads[0]


NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 02 Nov 2026 12:01:00 GMT", 60),
        ("Mon, 02 Nov 2026 12:01:00 -0000", 60),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
        ("9" * 5_000, 0),
        ("Mon, 02 Nov 99999 12:01:00 GMT", 0),
    ],
)
def test_for_how_long_to_stay_away_is_read_where_it_is_clear(value: str, seconds: float) -> None:
    assert retry_after_s({"Retry-After": value}, NOON) == seconds
