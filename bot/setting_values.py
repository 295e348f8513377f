"""What a single setting may be, and what is said of one that is something else."""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr

COMMAND_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
"""What may stand before the names of Slack's commands, in the manifest as in the settings."""


def _speed(value: Any) -> Any:
    return math.inf if value == "max" else value


def _positive(value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise ValueError('must be above 0, or "max"')
    return value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _bare(value: Any) -> Any:
    """A secret that was copied with a line's end is the secret without it."""
    return value.strip() if isinstance(value, str) else value


def _begins(prefix: str) -> Callable[[SecretStr], SecretStr]:
    """Tokens are easily swapped; each kind has its own beginning."""

    def check(value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(prefix):
            raise ValueError(f"is another kind of token: this one begins with {prefix}. Are two of them swapped?")
        return value

    return check


def _no_token(value: SecretStr) -> SecretStr:
    if value.get_secret_value().startswith(("xox", "xapp-")):
        raise ValueError("is a token: the signing secret stands under Basic Information, App Credentials.")
    return value


_BESIDE_A_TOKEN = re.compile(r"[0-9]{15,21}|[0-9a-f]{64}|[\w-]{32}|xox.*|xapp-.*|.*\s.*", re.ASCII)


def _discord_token(value: SecretStr) -> SecretStr:
    """What stands beside a bot's token is easily taken for it: ids, the public key, the client secret; or Slack's."""
    if _BESIDE_A_TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError(
            "is no bot token: one has three parts joined by dots. It stands on the page Bot of your app, Reset Token; "
            "the client secret, the public key and the ids are other things."
        )
    return value


def _prefix(value: str) -> str:
    if value and not COMMAND_PREFIX.fullmatch(value):
        raise ValueError("only small letters, digits and -, 16 at most")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("an address begins with https://")
    return value.rstrip("/")


def _address_or_none(value: str) -> str:
    return _address(value) if value else value


def _folder(value: str) -> str:
    """An address that a method's name is put after."""
    return f"{_address(value)}/"


def _socket_address(value: str) -> str:
    if value and not re.fullmatch(r"wss?://[^\s/]+(/\S*)?", value):
        raise ValueError("the address of a gateway begins with wss://")
    return value


def _emoji_names(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise ValueError("names no emoji")
    if spaced := [name for name in names if " " in name]:
        raise ValueError(f'"{spaced[0]}" is not the name of an emoji; names are separated by commas')
    return ",".join(names)


def _word(value: str) -> str:
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return value


Speed = Annotated[float | None, BeforeValidator(_speed), AfterValidator(_positive)]
"""Above 0; `max` is infinite."""

SlackBotToken = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_begins("xoxb-"))]
SlackAppToken = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_begins("xapp-"))]
SlackSigningSecret = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_no_token)]
DiscordToken = Annotated[SecretStr, BeforeValidator(_bare), AfterValidator(_discord_token)]

CommandPrefix = Annotated[str, AfterValidator(_prefix)]

Address = Annotated[str, AfterValidator(_address)]
"""Of http or https, without a slash at its end."""

AddressOrNone = Annotated[str, AfterValidator(_address_or_none)]
"""An Address, or empty."""

Folder = Annotated[str, AfterValidator(_folder)]
"""An Address with a slash at its end."""

SocketAddress = Annotated[str, AfterValidator(_socket_address)]
"""Of ws or wss; may be empty."""

EmojiNames = Annotated[str, AfterValidator(_emoji_names)]
"""At least one, separated by commas without blanks."""

LogLevel = Annotated[str, BeforeValidator(_upper), AfterValidator(_word)]
