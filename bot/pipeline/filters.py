"""Whether a watch's filters let a post, or a label of it, through. Pure."""

import re
import unicodedata
from functools import cached_property

from bot import languages
from classifier.premise import has_text
from sources.types import Post
from storage.types import Filters

_WORD = re.compile(r"\w+")


class Reading:
    """A post as it is looked at for many channels: each thing is found out once, and only when somebody asks."""

    def __init__(self, post: Post) -> None:
        self.post = post

    @cached_property
    def language(self) -> str:
        """What the post is in; empty where nobody can tell."""
        return languages.of_post(self.post)

    @cached_property
    def has_text(self) -> bool:
        """Whether there is anything to ask the model about."""
        return has_text(self.post.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the post, in one spelling."""
        return frozenset(words_of(self.post.text))

    def holds(self, keyword: str) -> bool:
        """Whether the post holds a keyword as whole words, whatever the case and the spaces between them."""
        if not self.words.issuperset(words_of(keyword)):  # mostly the answer, and much cheaper than the search
            return False
        pattern = r"\s+".join(map(re.escape, _folded(keyword).split()))
        return re.search(rf"(?<!\w){pattern}(?!\w)", self._folded) is not None

    @cached_property
    def _folded(self) -> str:
        return _folded(self.post.text)


def refusal_of_post(reading: Reading, filters: Filters) -> str:
    """The filter that keeps this post out, as people write it; empty when none does."""
    for kind in sorted(reading.post.kinds & filters.without):
        return f"-{kind.plural}"
    if filters.langs and reading.language and reading.language not in filters.langs:
        return f"lang:{','.join(filters.langs)} (the post is in {reading.post.lang})"
    for keyword in filters.not_keywords:
        if reading.holds(keyword):
            return f"-keyword:{keyword}"
    if filters.keywords and not any(reading.holds(keyword) for keyword in filters.keywords):
        return " ".join(f"+keyword:{keyword}" for keyword in filters.keywords)
    return ""


def refusal_of_label(label: str, filters: Filters) -> str:
    """The filter that keeps this label from alerting; empty when none does."""
    folded = label.casefold()
    if folded in {name.casefold() for name in filters.not_labels}:
        return f"-label:{label}"
    if filters.labels and folded not in {name.casefold() for name in filters.labels}:
        return " ".join(f"+label:{name}" for name in filters.labels)
    return ""


def words_of(text: str) -> list[str]:
    """The words of a text in one spelling, in their order. Whoever holds the text as whole words holds each of them."""
    return _WORD.findall(_folded(text))


def _folded(text: str) -> str:
    """One spelling for both ways to write é: as one character, or as e with an accent behind it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
