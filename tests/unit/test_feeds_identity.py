"""An entry is the same from reading to reading, whatever its feed does to its guid, its link or its order."""

from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sources.feeds.document import Document, Entry, Written
from sources.feeds.identity import Known, identify, identify_deleted, remembered
from tests.fakes.feeds import at

FEED = "https://news.example/feed.xml"


def entry(number: int, **changes: object) -> Entry:
    whole = Entry(
        guid=f"guid {number}",
        link=f"https://news.example/{number}",
        title=Written(text=f"Title {number}"),
        summary=Written(text=f"Summary {number}"),
        published_at=at(8, number),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def document(*entries: Entry) -> Document:
    return Document(link="https://news.example/", entries=entries)


def ids(*readings: Document) -> list[list[str]]:
    """What each reading's entries are, each reading knowing the ones before."""
    known: tuple[Known, ...] = ()
    found = []
    for one in readings:
        shown = identify(FEED, one, known)
        known = remembered(shown, known)
        found.append([known.id for known in shown])
    return found


def test_an_entry_is_the_same_in_any_order_and_company() -> None:
    [first] = ids(document(entry(1), entry(2), entry(3)))
    assert len(set(first)) == 3
    for order in permutations([1, 2, 3]):
        assert ids(document(*map(entry, order))) == [[first[number - 1] for number in order]]
    assert ids(document(entry(1), entry(2), entry(3)), document(entry(4), entry(3)))[1][1] == first[2]


def test_with_a_guid_all_else_may_change() -> None:
    changed = entry(1, link="https://other.example/", title=Written(text="Other"), published_at=at(9))
    first, second = ids(document(entry(1)), document(changed))
    assert first == second


def test_a_guid_that_changes_alone_is_a_new_name_for_the_same() -> None:
    again = [document(entry(1, guid=f"random {number}"), entry(2)) for number in range(4)]
    readings = ids(document(entry(1), entry(2)), *again)
    assert all(reading == readings[0] for reading in readings)


def test_a_new_guid_beside_the_old_one_is_another_entry() -> None:
    first, second = ids(document(entry(1)), document(entry(1, guid="other"), entry(1)))
    assert second[1] == first[0]
    assert second[0] != first[0]


def test_a_new_guid_on_another_day_is_another_entry() -> None:
    """A page of warnings has one link and one title for all of them."""
    first, second = ids(document(entry(1)), document(entry(1, guid="other", published_at=at(9))))
    assert first != second


def test_without_a_guid_the_link_is_the_identity_but_for_what_counts_readers() -> None:
    links = ["https://news.example/1", "http://news.example/1", "https://NEWS.example/1?utm_source=rss&utm_medium=x"]
    readings = ids(*(document(entry(1, guid="", link=link, title=Written(text=link))) for link in links))
    assert len({tuple(reading) for reading in readings}) == 1
    first, second = ids(document(entry(1, guid="")), document(entry(1, guid="", link="https://news.example/1?p=2")))
    assert first != second


def test_a_guid_or_a_link_that_several_share_identifies_none_of_them() -> None:
    shared = [document(*(entry(n, guid="same") for n in (1, 2, 3)))] * 2
    homepage = [document(*(entry(n, guid="", link="https://news.example/") for n in (1, 2, 3)))] * 2
    for readings in (ids(*shared), ids(*homepage)):
        assert len(set(readings[0])) == 3
        assert readings[0] == readings[1]


def test_the_last_of_those_that_shared_a_guid_stays_itself() -> None:
    first, second = ids(document(entry(1, guid="same"), entry(2, guid="same")), document(entry(2, guid="same")))
    assert second == [first[1]]


def test_a_link_to_the_feeds_own_page_identifies_nothing() -> None:
    home = "https://news.example/"
    first, second = ids(document(entry(1, guid="", link=home)), document(entry(2, guid="", link=home)))
    assert first != second


def test_without_guid_and_link_what_it_says_is_what_it_is() -> None:
    bare = [Entry(title=Written(text=text)) for text in ("one", "two")]
    first, second = ids(document(*bare), document(*reversed(bare)))
    assert first == second[::-1]
    assert len(set(first)) == 2
    assert ids(document(Entry(summary=Written(text="a")), Entry(summary=Written(text="b"))))[0][0] != first[0]


def test_an_entry_that_stands_there_twice_is_one() -> None:
    [shown] = ids(document(entry(1), entry(1), entry(2)))
    assert shown[0] == shown[1] != shown[2]


def test_the_same_guid_in_two_feeds_is_two_entries() -> None:
    one, other = (identify(feed, document(entry(1)), ())[0].id for feed in (FEED, "https://other.example/feed"))
    assert one != other


def test_a_deleted_entry_is_named_by_the_id_it_was_given_with() -> None:
    known = identify(FEED, document(entry(1), entry(2)), ())
    renamed = identify(FEED, document(entry(1, guid="new"), entry(2)), known)
    assert identify_deleted(FEED, ["new", "guid 2"], renamed) == [known[0].id, known[1].id]
    assert identify_deleted(FEED, ["guid 1"], ()) == [known[0].id]


def test_what_is_gone_is_remembered_for_a_while() -> None:
    first, _, third = ids(document(entry(1)), document(entry(2)), document(entry(1, guid="again")))
    assert first == third
    many = document(*(entry(number) for number in range(600)))
    assert len(remembered(identify(FEED, document(entry(9_999)), ()), identify(FEED, many, ()))) == 201


@given(st.lists(st.tuples(*[st.sampled_from(["", "a", "b"])] * 3), max_size=6))
def test_reading_the_same_again_finds_the_same(written: list[tuple[str, str, str]]) -> None:
    one = document(
        *(
            Entry(guid=guid, link=link and f"https://x.example/{link}", title=Written(text=title))
            for guid, link, title in written
        )
    )
    readings = ids(one, one, one)
    assert readings[0] == readings[1] == readings[2]


@given(st.text("0a", min_size=1, max_size=3), st.text("0a", max_size=3), st.text("0a", min_size=1, max_size=3))
def test_what_is_known_is_read_back_as_it_was_written(own: str, alias: str, primary: str) -> None:
    known = Known(id=own, alias=alias, primary=primary)
    assert Known.read(str(known)) == known
