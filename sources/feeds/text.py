"""An entry's title and summary -> the text of a post, as a reader would see it. Pure."""

from sources.feeds.document import Entry, Written
from sources.html import to_text

_MOST_TEXT = 10_000
"""Characters of a summary that are kept: no model reads further, and no alert shows so much."""


def text_of(entry: Entry) -> str:
    """The title, an empty line, the summary; only one of them where the other is empty or says the same."""
    title, summary = " ".join(plain(entry.title).split()), _shortened(plain(entry.summary))
    if not title or _begins_with(summary, title):
        return summary
    return f"{title}\n\n{summary}".rstrip()


def plain(written: Written) -> str:
    """Without markup, and without characters that do not belong in a text."""
    text = to_text(written.text) if written.is_html else written.text
    lines = (line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(lines).replace("\0", "").strip()


def _begins_with(summary: str, title: str) -> bool:
    """Whether the summary says the title first, as those of micro-blogs do, which shorten it into one."""
    shortened = title.removesuffix("…").removesuffix("...").rstrip()
    return bool(shortened) and " ".join(summary.split()).startswith(shortened)


def _shortened(text: str) -> str:
    if len(text) <= _MOST_TEXT:
        return text
    return f"{text[:_MOST_TEXT].rsplit(maxsplit=1)[0]} …"
