"""Which posts and labels a watch's filters let through."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pipeline.filters import Reading, refusal_of_label, refusal_of_post
from sources.types import PostKind
from storage.types import NO_FILTERS, Filters
from tests.fakes.builders import a_post


def holds(text: str, keyword: str) -> bool:
    return Reading(a_post(text=text)).holds(keyword)


words = st.text(string.ascii_letters + string.digits + "ßÄéжΣ", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "keyword", "found"),
    [
        pytest.param("A patch is out.", "patch", True, id="a word"),
        pytest.param("A PATCH is out.", "patch", True, id="a word in capitals"),
        pytest.param("A patch is out.", "PaTcH", True, id="a keyword in capitals"),
        pytest.param("Straße gesperrt", "STRASSE", True, id="a letter whose capital is two"),
        pytest.param("ΟΔΟΣ", "οδος", True, id="a letter with two small forms"),
        pytest.param("patches are out", "patch", False, id="the beginning of a word"),
        pytest.param("a dispatch", "patch", False, id="the end of a word"),
        pytest.param("patch_notes", "patch", False, id="a part of an identifier"),
        pytest.param("patch2", "patch", False, id="a word with a digit behind it"),
        pytest.param("patch", "patch", True, id="the whole text"),
        pytest.param("#patch, (patch) patch's", "patch", True, id="between signs"),
        pytest.param("pre-patch", "patch", True, id="behind a hyphen"),
        pytest.param("the weekly digest", "weekly digest", True, id="two words"),
        pytest.param("the weekly\n  digest", "weekly digest", True, id="two words with other spaces between them"),
        pytest.param("the weekly news digest", "weekly digest", False, id="two words apart"),
        pytest.param("the weekly digests", "weekly digest", False, id="two words of which one is longer"),
        pytest.param("we use C++ here", "c++", True, id="signs that mean something in a pattern"),
        pytest.param("we use CCC here", "c++", False, id="what such a pattern would find"),
        pytest.param("node.js", "node.js", True, id="a dot"),
        pytest.param("nodexjs", "node.js", False, id="a dot stands for itself"),
        pytest.param("CVE-2026-1234 is out", "cve-2026-1234", True, id="an identifier"),
        pytest.param("CVE-2026-12345 is out", "cve-2026-1234", False, id="a longer identifier"),
        pytest.param("🔥 in the centre", "🔥", True, id="an emoji"),
        pytest.param("ПОЖАР в порту", "пожар", True, id="another script"),
        pytest.param("cafe\u0301 closed", "café", True, id="an accent written on its own"),
        pytest.param("café closed", "cafe\u0301", True, id="an accent typed on its own"),
        pytest.param("café closed", "cafe", False, id="a letter with an accent is another letter"),
        pytest.param("", "patch", False, id="no text"),
    ],
)
def test_a_keyword_is_found_as_whole_words_whatever_the_case(text: str, keyword: str, found: bool) -> None:
    assert holds(text, keyword) is found


@given(st.lists(words, min_size=1, max_size=6), st.data())
def test_each_word_of_a_text_is_found_and_nothing_that_is_no_word_of_it(text: list[str], data: st.DataObject) -> None:
    sought = data.draw(words | st.sampled_from(text))
    folded = {unicodedata.normalize("NFC", word.casefold()) for word in text}

    assert holds(", ".join(text), sought) is (unicodedata.normalize("NFC", sought.casefold()) in folded)


@given(st.text(), st.text(min_size=1))
def test_no_text_and_no_keyword_break_the_search(text: str, keyword: str) -> None:
    holds(text, keyword)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("a fire in the port", True),
        ("a STORM at sea", True),
        ("a fire and a storm", True),
        ("a firestorm", False),
        ("nothing", False),
    ],
)
def test_of_several_keywords_any_will_do(text: str, passes: bool) -> None:
    refusal = refusal_of_post(Reading(a_post(text=text)), Filters(keywords=("fire", "storm")))

    assert refusal == ("" if passes else "+keyword:fire +keyword:storm")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("a fire", ""),
        ("a Drill for a fire", "-keyword:drill"),
        ("fire TEST", "-keyword:test"),
        ("a drill", "-keyword:drill"),
    ],
)
def test_any_keyword_that_is_not_wanted_keeps_a_post_out_whatever_else_it_holds(text: str, refusal: str) -> None:
    filters = Filters(keywords=("fire",), not_keywords=("drill", "test"))

    assert refusal_of_post(Reading(a_post(text=text)), filters) == refusal


@pytest.mark.parametrize(
    ("kind", "filter_"),
    [(PostKind.RETWEET, "-retweets"), (PostKind.REPLY, "-replies"), (PostKind.QUOTE, "-quotes")],
)
def test_a_post_of_a_kind_that_is_not_wanted_is_kept_out_and_others_pass(kind: PostKind, filter_: str) -> None:
    filters = Filters(without=frozenset({kind}))
    others = frozenset(PostKind) - {kind}

    assert refusal_of_post(Reading(a_post(kinds=frozenset({kind}))), filters) == filter_
    assert refusal_of_post(Reading(a_post(kinds=frozenset(PostKind))), filters) == filter_
    assert refusal_of_post(Reading(a_post(kinds=others)), filters) == ""
    assert refusal_of_post(Reading(a_post()), filters) == ""


@pytest.mark.parametrize(
    ("lang", "passes"),
    [
        pytest.param("en", True, id="the language"),
        pytest.param("EN", True, id="the language in capitals"),
        pytest.param("en-GB", True, id="a region of it"),
        pytest.param("en_US", True, id="a region of it, written otherwise"),
        pytest.param("de", True, id="the other language"),
        pytest.param("fr", False, id="a third one"),
        pytest.param("eng", False, id="a longer code that begins the same"),
        pytest.param("", True, id="not known"),
        pytest.param("und", True, id="undetermined"),
        pytest.param("zxx", True, id="no words at all"),
        pytest.param("qme", True, id="media alone"),
    ],
)
def test_a_post_must_be_in_one_of_the_languages_unless_nobody_knows_its_own(lang: str, passes: bool) -> None:
    refusal = refusal_of_post(Reading(a_post(lang=lang)), Filters(langs=("en", "de")))

    assert refusal == ("" if passes else f"lang:en,de (the post is in {lang})")


@pytest.mark.parametrize(
    ("filters", "refusal"),
    [
        (NO_FILTERS, ""),
        (Filters(not_labels=("outage",)), ""),
        (Filters(not_labels=("outage", "security")), "-label:Security"),
        (Filters(labels=("SECURITY",)), ""),
        (Filters(labels=("outage", "storm")), "+label:outage +label:storm"),
        (Filters(labels=("secur",)), "+label:secur"),
    ],
)
def test_a_label_alerts_where_it_is_wanted_and_not_taken_out(filters: Filters, refusal: str) -> None:
    assert refusal_of_label("Security", filters) == refusal


@given(st.text(), st.frozensets(st.sampled_from(PostKind)), st.sampled_from(["", "en", "de-AT"]))
def test_without_filters_every_post_and_label_passes(text: str, kinds: frozenset[PostKind], lang: str) -> None:
    assert refusal_of_post(Reading(a_post(text=text, kinds=kinds, lang=lang)), NO_FILTERS) == ""
    assert refusal_of_label(text, NO_FILTERS) == ""
