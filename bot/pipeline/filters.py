"""Whether a watch's filters let a post, or a label of it, through. Pure."""

import re
import unicodedata

from bot import languages
from sources.types import Post
from storage.types import Filters


def refusal_of_post(post: Post, filters: Filters) -> str:
    """The filter that keeps this post out, as people write it; empty when none does."""
    for kind in sorted(post.kinds & filters.without):
        return f"-{kind.plural}"
    if filters.langs and (language := languages.of_post(post)) and language not in filters.langs:
        return f"lang:{','.join(filters.langs)} (the post is in {post.lang})"
    for keyword in filters.not_keywords:
        if holds(post.text, keyword):
            return f"-keyword:{keyword}"
    if filters.keywords and not any(holds(post.text, keyword) for keyword in filters.keywords):
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


def holds(text: str, keyword: str) -> bool:
    """Whether a text holds a keyword as whole words, without regard to case or to how its spaces are written."""
    words = r"\s+".join(re.escape(word) for word in _folded(keyword).split())
    return re.search(rf"(?<!\w){words}(?!\w)", _folded(text)) is not None


def _folded(text: str) -> str:
    """One spelling for both ways to write é: as one character, or as e with an accent behind it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
