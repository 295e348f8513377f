"""How the console shows things: coloured at a terminal, plain lines elsewhere."""

import sys
from typing import Protocol

from bot.cards import AlertCard, Card
from bot.chat.base import ChatGoneError
from bot.chat.plain import byline, judging_line, marks_line, one_line, plain_card, printable, whole_text
from bot.commands.types import ButtonKind, Reply


def is_terminal() -> bool:
    """Whether a person sits at both ends, rather than a file or a pipe."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


class Screen(Protocol):
    """Shows a card or an answer at once. A plain one has left this process when a method returns; at a terminal
    prompt_toolkit's thread writes it within 0.2 s."""

    def card(self, card: Card) -> None: ...

    def reply(self, reply: Reply) -> None: ...

    def echo(self, line: str) -> None:
        """A line that came from a file, shown so that the output reads like a conversation."""


class PlainScreen:
    """Lines of plain text on standard output."""

    def card(self, card: Card) -> None:
        _write(plain_card(card))

    def reply(self, reply: Reply) -> None:
        _write("\n".join([printable(reply.text), *_buttons(reply)]))

    def echo(self, line: str) -> None:
        _write(f"> {printable(line)}")


class ColourScreen:
    """Cards as panels. Used under prompt_toolkit's patch_stdout, which keeps them above the line being typed."""

    def __init__(self) -> None:
        from rich.console import Console as RichConsole  # noqa: PLC0415  (only a terminal needs it)

        self._console = RichConsole(force_terminal=True, highlight=False, emoji=False)

    def card(self, card: Card) -> None:
        match card:
            case AlertCard():
                self._alert(card)
            case _:
                self._console.print(plain_card(card), style="cyan", markup=False)

    def reply(self, reply: Reply) -> None:
        text = "\n".join([printable(reply.text), *_buttons(reply)])
        self._console.print(text, style="" if reply.public else "dim", markup=False)

    def echo(self, line: str) -> None:
        """At a terminal people see what they type."""

    def _alert(self, card: AlertCard) -> None:
        from rich.panel import Panel  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        colour = "bold red" if card.marks[0].high else "yellow"
        lines = [Text(byline(card), style="bold"), Text(whole_text(card))]
        if card.url:
            lines.append(Text(printable(card.url), style="blue"))
        lines.append(Text(judging_line(card), style="dim"))
        title = Text(f" {card.alert} · {marks_line(card)} ", style=colour)
        self._console.print(Panel(Text("\n").join(lines), title=title, title_align="left", border_style=colour))


def _buttons(reply: Reply) -> list[str]:
    """A terminal has no buttons: what each would run is shown instead. Nobody is here to share with."""
    commands = [one for one in reply.buttons if one.kind is ButtonKind.COMMAND]
    return [f"  {one_line(one.label, 80)}: {one_line(one.value, 500)}" for one in commands]


def _write(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        raise ChatGoneError(f"standard output cannot be written: {error.strerror}") from error
