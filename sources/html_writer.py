"""Text as it is written line by line: what `sources/html.py` writes with."""

import re
from itertools import count

_SPACES = re.compile(r"[ \t\r\n\f]+")
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
_DEEPEST = 8
"""Lists within lists that are still told apart."""

_NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and halves of surrogate pairs: nothing can show them, and UTF-8 cannot hold the latter."""


class Writer:
    """Writes text as a browser lays it out: spaces run together, breaks come between texts and never at the ends."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._gap = ""  # owed before the next text: "", " ", "\n" or "\n\n"
        self._breaks = 0  # <br> since the last text
        self._verbatim = False
        self._marked = False  # an item's mark waits for its text
        self._lists: list[count[int] | None] = []
        self._too_deep = 0
        self._link = ""
        self._link_from = 0  # where in _parts the open link's text begins

    def text(self, text: str) -> None:
        """Running text; spaces and line ends in it are one space each, unless it is verbatim."""
        if self._verbatim:
            self._put(text)
            return
        inner = _SPACES.sub(" ", text)
        if inner.startswith(" "):
            self.space()
        if stripped := inner.strip(" "):
            self._put(stripped)
            if inner.endswith(" "):
                self.space()

    def space(self) -> None:
        """A space, unless a break comes anyhow."""
        self._gap = self._gap or " "

    def line(self) -> None:
        """What follows begins a line."""
        if not self._marked and self._gap != "\n\n":
            self._gap = "\n"

    def line_break(self) -> None:
        """A line ends here even if it is empty."""
        self._breaks += 1

    def paragraph(self) -> None:
        """What follows stands apart by an empty line; within a list it begins a line."""
        if self._lists:
            self.line()
        else:
            self._gap, self._marked = "\n\n", False

    def verbatim(self, *, on: bool) -> None:
        """Whether spaces and line ends count from here on."""
        self._verbatim = on

    def begin_list(self, *, numbered: bool) -> None:
        """Items up to `end_list` are of this list."""
        if len(self._lists) == _DEEPEST:
            self._too_deep += 1
        else:
            self._lists.append(count(1) if numbered else None)

    def end_list(self) -> None:
        """The innermost list ends, if any is open."""
        if self._too_deep:
            self._too_deep -= 1
        else:
            del self._lists[-1:]

    def item(self) -> None:
        """The mark of an item of the innermost list, its number or a dash; the item's text follows it."""
        self._marked = False
        self.line()
        numbers = self._lists[-1] if self._lists else None
        mark = "-" if numbers is None else f"{next(numbers)}."
        self._put(f"{'  ' * (len(self._lists) - 1)}{mark}")
        self._gap, self._marked = " ", True

    def begin_link(self, address: str) -> None:
        """The text up to `end_link` is shown for this address."""
        self._link, self._link_from = address, len(self._parts)

    def end_link(self) -> None:
        """Where the shown text is a shorter form of the address it gives way to it; other text is followed by it."""
        if not self._link:
            return
        address, self._link = self._link, ""
        text = "".join(self._parts[self._link_from :])
        shown = text.strip()
        before = text[: len(text) - len(text.lstrip())]
        if _shortens(shown, address):
            self._parts[self._link_from :] = [before, address]
        elif shown:
            self._parts.append(f" ({address})")
        else:
            self.text(address)

    def done(self) -> str:
        """All that was written."""
        self.end_link()
        lines = "".join(self._parts).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return _NO_CHARACTERS.sub("\ufffd", "\n".join(line.rstrip() for line in lines)).strip("\n")

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._parts:
            self._parts.append(self._separator())
        self._gap, self._breaks, self._marked = "", 0, False
        self._parts.append(text)

    def _separator(self) -> str:
        """Line breaks count; a paragraph among them is an empty line at least."""
        if not self._breaks:
            return self._gap
        return "\n" * max(self._breaks, self._gap.count("\n"))


def _shortens(shown: str, address: str) -> bool:
    """Whether the text is the address, or a part of it such as "example.com/a…": at least its host."""
    if not shown or any(character.isspace() for character in shown):
        return False
    wanted = _SCHEME.sub("", address).rstrip("/").lower()
    text = _SCHEME.sub("", shown).lower()
    begun = text.rstrip("….").rstrip("/")
    host = wanted.partition("/")[0]
    whole = text.rstrip("/") == wanted
    return bool(begun) and (whole or (begun.startswith(host) and wanted.startswith(begun)))
