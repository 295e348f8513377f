"""The console: a terminal as a chat with one channel.

At a terminal alerts arrive above the line you type. Where standard input is a file or a pipe, its lines run in order:
`/wait` returns once everything owed is settled, and the end of input means wait, then end.
"""

import asyncio
import logging
import re
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.cards import AlertCard, Card, NoticeCard, SummaryCard
from bot.chat.base import Inbound
from bot.chat.screen import ColourScreen, PlainScreen, Screen, is_terminal
from bot.chat.transcript import Transcript
from bot.commands.catalogue import CATALOGUE
from bot.commands.types import Actor, Asked, Reply
from bot.lines import read_in_thread
from storage.types import ChannelKey, DeliveryKey, Receipt

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

log = logging.getLogger(__name__)

_MOST_LINES_AHEAD = 1_000
"""How far the reader of standard input may run ahead of the answers."""

_INTERRUPTED = "Ctrl-C"

_LEAVE = frozenset({"/quit", "/exit"})

YOU = Actor(id="you", name="you", admin=True)

_SPEAKER = re.compile(r"(\w+): (?=[/+0-])(.+)", re.DOTALL)
_UNTIL = "<<END"
"""At the end of a line in a script: what follows up to a line END belongs to it."""


class Console:
    """ChatPlatform for whoever started the program. Raises ChatGoneError when the terminal itself is gone."""

    name = "console"
    pace = timedelta(0)
    grace = timedelta(0)  # the transcript is a file of ours: what it does not hold was not shown

    def __init__(self, channel_name: str, transcript: Transcript) -> None:
        self.channel = ChannelKey(platform=self.name, workspace="terminal", channel="console")
        self._channel_name = channel_name
        self._transcript = transcript
        self._screen: Screen = PlainScreen()
        self.first_alert_at: float | None = None
        """When the first alert was shown, by time.monotonic."""

    async def run(self, inbound: Inbound) -> None:
        """Returns at the end of input, or when the person leaves."""
        if is_terminal():
            await self._talk(inbound)
        else:
            await self._follow(inbound)

    async def send(self, channel: ChannelKey, card: Card, key: DeliveryKey) -> Receipt:  # noqa: ARG002  (there is one channel)
        """Noted first, shown after: whoever kills this process when they see an alert kills it after both.

        A kill that falls between the two loses the alert on this screen; it stands in /alerts.
        """
        receipt = self._transcript.add(key)
        try:
            self._screen.card(card)
        except BaseException:
            self._transcript.take_back(key)
            raise
        if self.first_alert_at is None and isinstance(card, AlertCard):
            self.first_alert_at = time.monotonic()
        return receipt

    async def edit(self, channel: ChannelKey, receipt: Receipt, card: Card, key: DeliveryKey) -> None:  # noqa: ARG002
        """What a terminal has shown stays as it is, so a change is told in a line of its own."""
        self._screen.card(NoticeCard(text=_told_again(card)))

    async def find(self, channel: ChannelKey, key: DeliveryKey) -> Receipt | None:  # noqa: ARG002
        return self._transcript.find(key)

    async def can_send(self, channel: ChannelKey) -> str | None:
        return None if channel == self.channel else f"This terminal has one channel, #{self._channel_name}."

    def direct(self, workspace: str, person: str) -> ChannelKey | None:  # noqa: ARG002
        """There is nowhere else in a terminal."""
        return None

    async def _follow(self, inbound: Inbound) -> None:
        lines = _standard_input()
        async for line in lines:
            text = line.strip()
            if not text or text.startswith("#"):  # a script may explain itself
                continue
            if text.endswith(_UNTIL):
                text = await _whole(text, lines)
            self._screen.echo(text)
            if text in _LEAVE:
                break
            if text == "/wait":
                await inbound.settle()
            else:
                self._screen.reply(await inbound.answer(self._asked(text)))
        await inbound.settle()

    async def _talk(self, inbound: Inbound) -> None:
        from prompt_toolkit import PromptSession  # noqa: PLC0415  (only a terminal needs it)
        from prompt_toolkit.completion import WordCompleter  # noqa: PLC0415
        from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415

        words = sorted({usage for entry in CATALOGUE for usage in entry.completions} | {"/quit"})
        session: PromptSession[str] = PromptSession(completer=WordCompleter(words, sentence=True))
        with patch_stdout(raw=True):
            self._screen = ColourScreen()
            self._screen.reply(
                Reply(text=f"You are in #{self._channel_name}. /help shows what you can say; /quit ends.")
            )
            interrupted = False
            while (text := await _typed(session, f"#{self._channel_name}> ")) is not None:
                if text is _INTERRUPTED and interrupted:
                    return
                interrupted = text is _INTERRUPTED
                if interrupted:
                    self._screen.reply(Reply(text="Press Ctrl-C again, or type /quit, to end Lapwing."))
                elif text:
                    self._screen.reply(await inbound.answer(self._asked(text)))

    def _asked(self, text: str) -> Asked:
        """In a script "ann: /labels add storm" is Ann's line: a conversation needs more than one person."""
        spoken = _SPEAKER.fullmatch(text)
        actor = Actor(id=spoken[1].casefold(), name=spoken[1]) if spoken else YOU
        line = spoken[2] if spoken else text
        return Asked(actor=actor, channel=self.channel, channel_name=self._channel_name, text=line)


def _told_again(card: Card) -> str:
    """What of a card that is shown already may have changed."""
    match card:
        case AlertCard():
            removed = f"the post was {card.removed}" if card.removed else ""
            news = "; ".join(filter(None, (removed, card.judged)))
            return f"alert {card.alert}: {news or 'no longer judged'}"
        case SummaryCard():
            changed = [one for one in card.strongest if one.judged or one.removed]
            return "\n".join(_told_again(one) for one in changed) or card.headline
        case NoticeCard():
            return card.text


async def _whole(begin: str, lines: AsyncIterator[str]) -> str:
    """A command that goes over several lines, as an import does."""
    whole = [begin.removesuffix(_UNTIL).rstrip()]
    async for line in lines:
        if line.strip() == "END":
            break
        whole.append(line.rstrip("\r\n"))
    return "\n".join(whole)


async def _typed(session: "PromptSession[str]", prompt: str) -> str | None:
    """The next line; None when the person leaves."""
    try:
        text = (await session.prompt_async(prompt)).strip()
    except EOFError:
        return None
    except KeyboardInterrupt:  # as in a shell the first one takes back the line, no more
        return _INTERRUPTED
    return None if text in _LEAVE else text


async def _standard_input() -> AsyncIterator[str]:
    """Lines of standard input as they come; one that is closed, or that cannot be read on, has ended."""
    if sys.stdin is None:
        return
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | OSError | None] = asyncio.Queue()
    room = threading.Semaphore(_MOST_LINES_AHEAD)

    def hand_over(line: bytes | OSError | None) -> None:
        room.acquire()
        with suppress(RuntimeError):  # the loop is closed: nobody reads on
            loop.call_soon_threadsafe(lines.put_nowait, line)

    read_in_thread(sys.stdin.fileno(), hand_over)
    while isinstance(line := await lines.get(), bytes):
        room.release()
        yield line.decode("utf-8", "replace")
    if line is not None:
        log.warning("stopped reading standard input reason=%r", str(line))
