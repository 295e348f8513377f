"""Many watches' filters, asked of one post at once."""

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.pipeline.filters import Reading, refusal_of_post
from bot.pipeline.post_filters import PostFilters
from sources.types import PostKind
from storage.types import Filters
from tests.fakes.builders import a_post

pieces = st.text(max_size=4) | st.sampled_from(
    ["patch", "Patch", "c++", "node.js", "🔥", "straße", "STRASSE", "e\u0301"]
)
texts = st.lists(pieces, max_size=6).map(" ".join)


@st.composite
def texts_and_keywords(draw: st.DrawFn) -> tuple[str, st.SearchStrategy[tuple[str, ...]]]:
    """A text, and keywords many of which are cut out of it."""
    text = draw(texts)
    places = st.integers(0, len(text))
    cut = st.tuples(places, places).map(lambda ends: text[min(ends) : max(ends)])
    return text, st.lists(cut | pieces, max_size=3).map(tuple)


@given(texts_and_keywords(), st.frozensets(st.sampled_from(PostKind)), st.sampled_from(["", "en", "de"]), st.data())
def test_it_refuses_what_each_filter_alone_refuses(
    text_and_keywords: tuple[str, st.SearchStrategy[tuple[str, ...]]],
    kinds: frozenset[PostKind],
    lang: str,
    data: st.DataObject,
) -> None:
    text, keywords = text_and_keywords
    many = st.builds(
        Filters,
        keywords=keywords,
        not_keywords=keywords,
        without=st.frozensets(st.sampled_from(PostKind), max_size=1),
        langs=st.sampled_from([(), ("en",), ("de", "en")]),
    )
    filters = data.draw(st.lists(many, max_size=6))
    reading = Reading(a_post(text=text, kinds=kinds, lang=lang))

    refusing = PostFilters(filters).refusing(reading)

    assert refusing == {number for number, one in enumerate(filters) if refusal_of_post(reading, one)}


@given(texts, st.data())
def test_what_stands_between_spaces_in_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    words = text.split()
    assume(words)
    first = data.draw(st.integers(0, len(words) - 1))
    keyword = "\t".join(words[first : data.draw(st.integers(first + 1, len(words)))])

    assert Reading(a_post(text=text)).holds(keyword)


def test_filters_of_nobody_refuse_nothing() -> None:
    assert PostFilters([]).refusing(Reading(a_post())) == set()
