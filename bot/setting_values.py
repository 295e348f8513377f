"""What a single setting may be, and what is said of one that is something else."""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from classifier import calibration
from sources.accounts import BLUESKY, MASTODON, RSS, X

COMMAND_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
"""What may stand before the names of Slack's commands, in the manifest as in the settings."""

LIVE_SOURCES = {"x": X, "bluesky": BLUESKY, "mastodon": MASTODON, "feeds": RSS, "rss": RSS}
"""What SOURCES may name -> the source, as accounts and posts name it."""

_MOST_PORT = 65_535


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
    _check_place(value)
    return value.rstrip("/")


def _address_or_none(value: str) -> str:
    return _address(value) if value else value


def _check_place(address: str) -> None:
    """Its host and port have to be possible ones."""
    if not urlsplit(address).hostname:
        raise ValueError("it names no host")
    if urlsplit(address).port == 0:
        raise ValueError("port 0 is none")


def _folder(value: str) -> str:
    """An address that a method's name is put after."""
    return f"{_address(value)}/"


def _socket_address(value: str) -> str:
    if not re.fullmatch(r"wss?://[^\s/]+(/\S*)?", value):
        raise ValueError("the address of a web socket begins with wss://")
    _check_place(value)
    return value


def _socket_address_or_none(value: str) -> str:
    return _socket_address(value) if value else value


def _source_names(value: str) -> str:
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    if wrong := [name for name in names if name not in LIVE_SOURCES]:
        raise ValueError(f'"{wrong[0]}" is none of x, bluesky, mastodon, feeds')
    return ",".join(names)


def _places(value: str) -> str:
    places = [place.strip().lower() for place in value.split(",") if place.strip()]
    for place in places:
        if not re.fullmatch(r"([a-z0-9._-]+|\[[0-9a-f:.]+\]):[1-9][0-9]{0,4}", place):
            raise ValueError(f'"{place}" is not host:port')
        if int(place.rpartition(":")[2]) > _MOST_PORT:
            raise ValueError(f'"{place}": ports end at {_MOST_PORT}')
    return ",".join(places)


def _emoji_names(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise ValueError("names no emoji")
    if spaced := [name for name in names if " " in name]:
        raise ValueError(f'"{spaced[0]}" is not the name of an emoji; names are separated by commas')
    return ",".join(names)


def _calibration(value: Any) -> Any:
    return calibration.read(str(value)) if value else None


def _word(value: str) -> str:
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return value


Speed = Annotated[float | None, BeforeValidator(_speed), AfterValidator(_positive)]
"""Above 0; `max` is infinite."""

Secret = Annotated[SecretStr, BeforeValidator(_bare)]
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
"""Of ws or wss."""

MaybeSocketAddress = Annotated[str, AfterValidator(_socket_address_or_none)]
"""A SocketAddress, or empty."""

SourceNames = Annotated[str, AfterValidator(_source_names)]
"""Keys of LIVE_SOURCES, separated by commas without blanks; may be empty."""

Places = Annotated[str, AfterValidator(_places)]
"""As host:port, separated by commas without blanks; may be empty."""

EmojiNames = Annotated[str, AfterValidator(_emoji_names)]
"""At least one, separated by commas without blanks."""

MaybeCalibration = Annotated[calibration.Calibration | None, NoDecode, BeforeValidator(_calibration)]
"""A scale and a bias, or empty."""

LogLevel = Annotated[str, BeforeValidator(_upper), AfterValidator(_word)]
