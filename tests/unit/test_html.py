"""HTML -> text: what a reader would see, links in full, whatever the markup."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.html import to_text

SHORTENED = (
    '<p>read <a href="https://example.com/a/very/long/path" rel="nofollow"><span class="invisible">https://</span>'
    '<span class="ellipsis">example.com/a/ve</span><span class="invisible">ry/long/path</span></a> now</p>'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one<br>two<br/>three</p>", "one\ntwo\nthree"),
        ("one<br><br>two", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("a  lot\n of\t<b>space</b> here", "a lot of space here"),
        ("un<b>broken</b> word", "unbroken word"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<p>before</p><ul><li>one</li><li><p>two</p></li></ul><p>after</p>", "before\n\n- one\n- two\n\nafter"),
        ("<ol><li>one<ul><li>inner</li></ul></li><li>two</li></ol>", "1. one\n  - inner\n2. two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ],
)
def test_breaks_and_spaces_stand_where_a_browser_shows_them(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (SHORTENED, "read https://example.com/a/very/long/path now"),
        ('<a href="https://www.example.com/a">example.com/a</a>', "https://www.example.com/a"),
        ('<a href="https://example.com/abcdef">example.com/abc…</a>', "https://example.com/abcdef"),
        (
            'see <a href="https://example.com/a?b=1&amp;c=2">the report</a>.',
            "see the report (https://example.com/a?b=1&c=2).",
        ),
        ('<a href="https://evil.example/">https://bank.example/</a>', "https://bank.example/ (https://evil.example/)"),
        ('<a href="https://example.com/a"><img src="x.png"></a>', "https://example.com/a"),
        ('<a href="https://example.com/a">never closed', "never closed (https://example.com/a)"),
        ('<a href="/relative">here</a> <a href="javascript:alert(1)">there</a>', "here there"),
    ],
)
def test_a_link_stands_in_full_where_the_shown_text_hides_or_shortens_it(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://a.example/@bo" class="u-url mention">@<span>bo</span></a> hi', "@bo hi"),
        ('<a href="https://a.example/tags/Fire" class="mention hashtag">#<span>Fire</span></a>', "#Fire"),
        ("<p>:blobcat: alarm</p>", ":blobcat: alarm"),
        ('ok <img class="emoji" alt="🙂" src="x.png">', "ok 🙂"),
    ],
)
def test_mentions_hashtags_and_emoji_stand_as_they_are_shown(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("&lt;b&gt; &amp;amp; caf&eacute; &#x1F30A;", "<b> &amp; café 🌊"),
        ("1 < 2 and <3, a<b", "1 < 2 and <3, a<b"),
        ("x <!-- hidden --> y<![CDATA[ z ]]>", "x y"),
        ("<script>alert('<p>')</script><style>p{}</style>seen", "seen"),
        ('<p title="a > b">quoted</p>', "quoted"),
        ('<p title="never closed>shown</p><p>too</p>', "shown\n\ntoo"),
        ("&#99999999999999999999; &#0; &#xD800;", "\ufffd \ufffd \ufffd"),
        ("half \ud800 a pair, a bell \x07", "half \ufffd a pair, a bell \ufffd"),
        ("", ""),
    ],
)
def test_entities_comments_and_broken_markup_read_as_in_a_browser(html: str, text: str) -> None:
    assert to_text(html) == text


@given(st.text(alphabet=st.sampled_from("<>/!?-=\"' &#;abp1\n\x00é"), max_size=200))
def test_nothing_raises_and_what_comes_out_can_be_stored(html: str) -> None:
    to_text(html).encode()


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z"), exclude_characters="<&"), max_size=50))
def test_text_without_markup_is_unaltered(text: str) -> None:
    assert to_text(text) == text


@pytest.mark.parametrize(
    "part",
    [
        "<",
        "</",
        "<a ",
        '<a "',
        "<a \"'>",
        "<!--",
        "<![CDATA[",
        "&#9",
        "<ul><li>",
        "<script>",
        '<a href="https://x',
        "<x>",
    ],
)
@pytest.mark.parametrize("end", ["", ">", '">', "-->"])
def test_hostile_markup_takes_time_in_proportion_to_its_length(part: str, end: str) -> None:
    hostile = part * (400_000 // len(part)) + end
    began = time.process_time()
    to_text(hostile)
    assert time.process_time() - began < 3  # quadratic would be minutes
