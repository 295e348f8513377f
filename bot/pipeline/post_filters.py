"""What many watches' filters say of one post, found out for all of them at once. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bot.pipeline.filters import Reading, refusal_of_post, words_of
from storage.types import Filters


class PostFilters:
    """The filters of many watches, as far as they look at the post: `refusal_of_post` of each, watch by watch.

    No keyword is sought that cannot be there: it is found under its first word when the post holds that word.
    """

    def __init__(self, filters: Sequence[Filters]) -> None:
        self._wanting = {number for number, one in enumerate(filters) if one.keywords}
        self._wanted: dict[str, list[int]] = defaultdict(list)
        self._unwanted: dict[str, list[int]] = defaultdict(list)
        self._others: dict[Filters, list[int]] = defaultdict(list)
        for number, one in enumerate(filters):
            for keyword in one.keywords:
                self._wanted[keyword].append(number)
            for keyword in one.not_keywords:
                self._unwanted[keyword].append(number)
            if one.without or one.langs:
                self._others[Filters(without=one.without, langs=one.langs)].append(number)
        self._by_first_word: dict[str, list[str]] = defaultdict(list)
        for keyword in {*self._wanted, *self._unwanted}:
            self._by_first_word[next(iter(words_of(keyword)), "")].append(keyword)

    def refusing(self, reading: Reading) -> set[int]:
        """The numbers of the watches whose filters keep this post out."""
        found = set(self._wanting)
        refusing: set[int] = set()
        for keyword in self._held(reading):
            found.difference_update(self._wanted.get(keyword, ()))
            refusing.update(self._unwanted.get(keyword, ()))
        for filters, numbers in self._others.items():
            if refusal_of_post(reading, filters):
                refusing.update(numbers)
        return refusing | found

    def _held(self, reading: Reading) -> Iterator[str]:
        for word in (*reading.words, ""):  # "": of signs alone, as an emoji is
            for keyword in self._by_first_word.get(word, ()):
                if reading.holds(keyword):
                    yield keyword
