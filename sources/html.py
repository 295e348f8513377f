"""HTML from outside -> the text a reader would see. Pure; shared by Mastodon and feeds.

A tokeniser of our own, because Python's is quadratic on broken markup in many versions still in use, and because no
tree is needed. Each character is looked at a bounded number of times, however broken the markup; nothing raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from sources.html_writer import Writer

_BEGUN = re.compile(r"<(?:[!?]|/?[A-Za-z])")
"""Where a tag or a comment begins; any other < is text."""

_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_CARELESS_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)([^>]*+)>")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++)))?+")
_HUGE_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}+;?")

_RAW = {"script", "style", "template"}
"""Elements whose content no reader sees."""

_PARAGRAPHS = {"p", "blockquote", "pre", "ul", "ol", "dl", "table", "figure", "h1", "h2", "h3", "h4", "h5", "h6"}
_LINES = {
    *("address", "article", "aside", "body", "caption", "dd", "details", "div", "dt", "fieldset", "figcaption"),
    *("footer", "form", "head", "header", "hr", "html", "li", "main", "nav", "section", "summary", "title", "tr"),
}
_TAGGED = {"mention", "hashtag"}
"""Classes of links whose shown text says all there is to say: @name, #word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tag:
    """One tag; its attributes are read only where they matter."""

    name: str
    closing: bool
    attributes: str

    def attribute(self, wanted: str) -> str:
        """The attribute's value without entities; empty where there is none. The first one counts, as in browsers."""
        for name, double, single, bare in _ATTRIBUTE.findall(self.attributes):
            if name.lower() == wanted:
                return _unescaped(double or single or bare).strip()
        return ""


def to_text(html: str) -> str:
    """The text of a piece of HTML: paragraphs apart by an empty line, list items and line breaks on lines of their own.

    A link stands in full where the shown text hides or shortens it; mentions, hashtags and emoji shortcodes stand as
    they are shown, images as their alternative text. Never raises; takes time linear in the length of `html`.
    """
    writer = Writer()
    for part in _parts(html):
        if isinstance(part, str):
            writer.text(_unescaped(part))
        else:
            _write(writer, part)
    return writer.done()


def _parts(html: str) -> Iterator[str | _Tag]:
    """Text and tags in turn. What opens and never ends is text, except a comment, which hides what follows it."""
    position, pattern = 0, _TAG
    while begun := _BEGUN.search(html, position):
        start = begun.start()
        yield html[position:start]
        if begun[0] in ("<!", "<?"):
            position = _after_comment(html, start)
            continue
        found = pattern.match(html, start)
        if found is None:  # from here on no quote counts: one is never closed, and each tag would look for its end
            pattern = _CARELESS_TAG
            found = pattern.match(html, start)
        if found is None:
            position = start
            break
        tag = _Tag(name=found[2].lower(), closing=bool(found[1]), attributes=found[3])
        position = found.end()
        if tag.name in _RAW and not tag.closing:
            position = _after_raw(html, tag.name, position)
        else:
            yield tag
    yield html[position:]


def _after_comment(html: str, start: int) -> int:
    """Comments, CDATA, doctypes and processing instructions, all unseen; one without an end reaches to the end."""
    ends = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<", ">"))
    mark, closing = next(pair for pair in ends if html.startswith(pair[0], start))
    end = html.find(closing, start + len(mark))
    return len(html) if end < 0 else end + len(closing)


def _after_raw(html: str, name: str, position: int) -> int:
    found = re.compile(rf"</{name}[^>]*+>", re.IGNORECASE).search(html, position)
    return found.end() if found else len(html)


def _write(writer: Writer, tag: _Tag) -> None:
    if tag.name == "br":
        writer.line_break()
    elif tag.name == "a":
        _write_link(writer, tag)
    elif tag.name == "img":
        writer.text(tag.attribute("alt"))
    elif tag.name == "li" and not tag.closing:
        writer.item()
    elif tag.name in ("td", "th"):
        writer.space()
    elif tag.name in _PARAGRAPHS:
        _write_paragraph(writer, tag)
    elif tag.name in _LINES:
        writer.line()


def _write_paragraph(writer: Writer, tag: _Tag) -> None:
    """The outermost list stands apart; lists and paragraphs inside it only begin a line."""
    if tag.name == "pre":
        writer.verbatim(on=not tag.closing)
    if tag.name in ("ul", "ol") and tag.closing:
        writer.end_list()
    writer.paragraph()
    if tag.name in ("ul", "ol") and not tag.closing:
        writer.begin_list(numbered=tag.name == "ol")


def _write_link(writer: Writer, tag: _Tag) -> None:
    writer.end_link()
    if tag.closing or _TAGGED & set(tag.attribute("class").lower().split()):
        return
    address = tag.attribute("href")
    if address.startswith(("https://", "http://")):
        writer.begin_link(address)


def _unescaped(text: str) -> str:
    """Entities -> characters. A number of more digits than any character has would make Python refuse."""
    if "&" not in text:
        return text
    return unescape(_HUGE_NUMBER.sub("\ufffd", text))
