"""Which rows of tokens go through the model together."""

from hypothesis import given
from hypothesis import strategies as st

from classifier.packing import batches

lengths = st.lists(st.integers(1, 600), max_size=200)


@given(lengths, st.integers(16, 1024))
def test_every_row_stands_in_one_batch(lengths: list[int], budget: int) -> None:
    assert sorted(place for batch in batches(lengths, budget) for place in batch) == list(range(len(lengths)))


@given(lengths, st.integers(16, 1024))
def test_no_batch_is_above_the_budget_with_its_padding_but_for_a_row_alone(lengths: list[int], budget: int) -> None:
    for batch in batches(lengths, budget):
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= budget


@given(lengths, st.integers(16, 1024))
def test_little_is_padding(lengths: list[int], budget: int) -> None:
    for batch in batches(lengths, budget):
        padding = sum(max(lengths[place] for place in batch) - lengths[place] for place in batch)
        assert padding <= budget / 12


@given(lengths)
def test_where_rows_cannot_share_each_goes_alone(lengths: list[int]) -> None:
    assert all(len(batch) == 1 for batch in batches(lengths, 512, most_rows=1))


def test_the_longest_go_first_so_that_memory_fails_at_once_or_not_at_all() -> None:
    assert batches([3, 300, 5, 280], 512) == [[1], [3], [2, 0]]


def test_a_short_text_waits_for_no_padding_beside_a_long_one() -> None:
    assert batches([10, 200], 512) == [[1], [0]]


def test_labels_of_about_one_length_share_a_batch_with_their_post() -> None:
    assert batches([40, 41, 42, 40, 43], 512) == [[4, 2, 1, 0, 3]]


def test_nothing_makes_no_batch() -> None:
    assert batches([], 512) == []
