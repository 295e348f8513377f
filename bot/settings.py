"""Every setting, read once: from environment variables, and from a TOML file where one is named.

The environment wins over the file. A name the file has and Lapwing does not is an error, not a shrug: a misspelt
setting that silently does nothing is found in the worst night of the year.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.commands import reactions
from bot.setting_values import (
    LIVE_SOURCES,
    Address,
    AddressOrNone,
    CommandPrefix,
    DiscordToken,
    EmojiNames,
    Folder,
    LogLevel,
    MaybeCalibration,
    MaybeSocketAddress,
    Places,
    Secret,
    SlackAppToken,
    SlackBotToken,
    SlackSigningSecret,
    SocketAddress,
    SourceNames,
    Speed,
)
from classifier.sagemaker.access import Access
from classifier.types import Precision
from sources.accounts import BLUESKY, MASTODON, RSS, X

CONFIG_VARIABLE = "LAPWING_CONFIG"


class SettingsError(Exception):
    """A setting is wrong; the message names it and the way out."""


class Settings(BaseSettings):
    """All settings. A field's name in capitals is its environment variable; its description is README's table."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # a wrong token is a secret, too
    )

    database: Path = Field(Path("lapwing.db"), description="the SQLite file that holds everything Lapwing remembers")
    classifier: str = Field(
        "embedding",
        description="the engine and its model: `embedding`, `embedding:PATH`, `nli:PATH`, `sagemaker:ENDPOINT`; of "
        "several with commas between them the next answers while those before it are down: `sagemaker:news,embedding`; "
        "`null` answers by chance, for trials of load and failure, not for use",
    )
    classifier_template: str = Field(
        "", description="a hypothesis template with one `{}`, in place of the (first) engine's own"
    )
    classifier_threads: int = Field(0, ge=0, description="CPU threads for the model; 0: one less than there are cores")
    classifier_dtype: Precision = Field(
        Precision.FP32,
        description="in what precision the model computes: `fp32`, or `bf16` and `fp16`, which are faster where the "
        "processor has instructions for them, and move scores a little: each counts as another model",
    )
    classifier_calibration: MaybeCalibration = Field(
        None,
        description="scale and bias of the (first) sentence-embedding model in `CLASSIFIER`, where it is one of your "
        "own, as `lapwing evaluate --fit` prints them: `18.2, 0.17`",
    )
    sagemaker_endpoint_url: AddressOrNone = Field(
        "", description="where the SageMaker runtime is; empty: AWS's own address in your region"
    )
    sagemaker_calls_at_once: int = Field(
        8, ge=1, le=256, description="so many calls to an endpoint at most; where it throttles, fewer by themselves"
    )
    sagemaker_timeout_s: float = Field(
        30.0, ge=1, le=70, description="for so many seconds an endpoint's answer is waited for"
    )
    replay_file: Path | None = Field(None, description="a JSONL file of posts to play as a source")
    replay_speed: Speed = Field(
        None,
        description="how many times faster than its own pace the file is played, or `max`; unset: `1` at a terminal, "
        "`max` where standard input is a file or a pipe",
    )
    sources: SourceNames = Field(
        "",
        description="which of `x`, `bluesky`, `mastodon`, `feeds` can be watched, separated by commas; unset: all that "
        "are set up, and beside a replay none",
    )
    x_bearer_token: Secret = Field(
        SecretStr(""), description="the bearer token of your X app; with it accounts of X can be watched"
    )
    x_api_url: Address = Field("https://api.x.com", description="where X's API is")
    x_monthly_posts: int = Field(
        0, ge=0, description="the most posts read from X in a month, since X bills each of them; `0`: no limit"
    )
    bluesky_jetstream_url: SocketAddress = Field(
        "wss://jetstream2.us-east.bsky.network/subscribe", description="where Bluesky's Jetstream is"
    )
    bluesky_api_url: Address = Field("https://public.api.bsky.app", description="where Bluesky's public API is")
    http_allow: Places = Field(
        "",
        description="places of your own network that feeds and profile pages may be read from, as `host:port`, "
        "separated by commas; all others there are refused",
    )
    summary_after_minutes: int = Field(
        30,
        ge=1,
        le=525_600,
        description="a post older than this, counted from when it was first seen, is decided after newer ones, and its "
        "alerts are summed up in one message a channel",
    )
    retention_days: int = Field(
        90,
        ge=0,
        le=36_500,
        description="for so many days posts are kept, with what was decided, sent and judged of them; `0`: for ever",
    )
    console_channel: str = Field("lookout", description="what the terminal's channel is called")
    slack_bot_token: SlackBotToken = Field(
        SecretStr(""), description="the bot token (`xoxb-…`) of your Slack app; with it Lapwing serves Slack"
    )
    slack_app_token: SlackAppToken = Field(SecretStr(""), description="the app-level token (`xapp-…`) for Socket Mode")
    slack_signing_secret: SlackSigningSecret = Field(
        SecretStr(""), description="the signing secret, for HTTP mode in place of SLACK_APP_TOKEN"
    )
    slack_command_prefix: CommandPrefix = Field("", description="the `--prefix` that the manifest was made with")
    slack_api_url: Folder = Field("https://slack.com/api/", description="where Slack's Web API is")
    discord_token: DiscordToken = Field(
        SecretStr(""), description="the bot token of your Discord app; with it Lapwing serves Discord"
    )
    discord_api_url: Address = Field("https://discord.com/api/v10", description="where Discord's REST API is")
    discord_gateway_url: MaybeSocketAddress = Field(
        "", description="where Discord's gateway is (`wss://…`); unset: Discord's own"
    )
    reactions_relevant: EmojiNames = Field(
        "+1,white_check_mark", description="emoji that mean relevant, by their names, separated by commas"
    )
    reactions_not_relevant: EmojiNames = Field("-1,x,no_entry_sign", description="emoji that mean not relevant")
    http_host: str = Field("127.0.0.1", description="where the web server listens, `0.0.0.0` for everywhere")
    http_port: int = Field(
        0, ge=0, le=65535, description="the port of `/healthz`, `/metrics` and Slack's HTTP mode; 0: no web server"
    )
    log_level: LogLevel = Field(
        "WARNING", description="how much is logged to standard error: `DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )

    @property
    def live_sources(self) -> frozenset[str]:
        """The sources to open beside a replay, by the names that accounts and posts have there."""
        if self.sources:
            return frozenset(LIVE_SOURCES[name] for name in self.sources.split(","))
        if self.replay_file is not None:
            return frozenset()
        return frozenset({BLUESKY, MASTODON, RSS} | ({X} if self.x_bearer_token.get_secret_value() else set()))

    @property
    def endpoints(self) -> Access:
        """How an endpoint of SageMaker is reached."""
        return Access(
            url=self.sagemaker_endpoint_url,
            calls_at_once=self.sagemaker_calls_at_once,
            timeout_s=self.sagemaker_timeout_s,
        )

    @property
    def slack_wanted(self) -> bool:
        """Whether anything of Slack is set up, whole or not; `check_slack` says what is missing."""
        secrets = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret)
        return any(secret.get_secret_value() for secret in secrets)

    @property
    def discord_wanted(self) -> bool:
        """Whether Discord is set up: its token is all it needs."""
        return bool(self.discord_token.get_secret_value())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  (the base's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first; what `read_settings` passes in came from the file."""
        return env_settings, init_settings


def read_settings(config: Path | None = None) -> Settings:
    """The settings of this process. Raises SettingsError naming the setting, where it stands and the way out."""
    variable = os.environ.get(CONFIG_VARIABLE)
    named = config or (Path(variable) if variable else None)
    from_file = _read_file(named) if named else {}
    try:
        settings = Settings(**from_file)
        reactions.emoji(settings.reactions_relevant.split(","), settings.reactions_not_relevant.split(","))
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem, from_file, named) for problem in error.errors())) from error
    except ValueError as error:  # of the reactions: what each may be is right, and together they are not
        raise SettingsError(
            f"REACTIONS_RELEVANT and REACTIONS_NOT_RELEVANT: {error}. Take it out of one of them."
        ) from error
    return settings


def check_slack(settings: Settings) -> None:
    """Whether what Slack needs is there together. Raises SettingsError."""
    if not settings.slack_bot_token.get_secret_value():
        if settings.slack_app_token.get_secret_value() or settings.slack_signing_secret.get_secret_value():
            raise SettingsError(
                "SLACK_BOT_TOKEN is missing: Slack needs it beside the others. See OAuth & Permissions."
            )
        return
    if settings.slack_app_token.get_secret_value():
        return
    if not settings.slack_signing_secret.get_secret_value():
        raise SettingsError(
            "SLACK_APP_TOKEN is missing. Set it for Socket Mode (Basic Information, App-Level Tokens, with "
            "connections:write), or SLACK_SIGNING_SECRET and HTTP_PORT for HTTP mode."
        )
    if not settings.http_port:
        raise SettingsError("HTTP_PORT is missing: with SLACK_SIGNING_SECRET Slack reaches Lapwing over HTTP.")


def check_sources(settings: Settings) -> None:
    """Whether what SOURCES names can be opened. Raises SettingsError."""
    if X in settings.live_sources and not settings.x_bearer_token.get_secret_value():
        raise SettingsError(
            "X_BEARER_TOKEN is missing: SOURCES names x, and X answers nobody without one. Set it (README, Watch X, "
            "Bluesky, Mastodon and feeds), or take x out of SOURCES."
        )


def check_chats(settings: Settings, *, may_type: bool) -> None:
    """Whether anybody can talk to Lapwing; `may_type`: standard input is a terminal, a file or a pipe.

    A service without a chat would end at once, well, and be started again, for ever. Raises SettingsError.
    """
    if not (settings.slack_wanted or settings.discord_wanted or may_type):
        raise SettingsError(
            "No chat is set up, and nobody can type here. Set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN "
            "(README, Add Lapwing to Discord, Add Lapwing to Slack)."
        )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}. Name another with --config.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from error


def _explain(problem: Any, from_file: Mapping[str, Any], path: Path | None) -> str:
    name = str(problem["loc"][0])
    in_file = name in from_file and not os.environ.get(name.upper())  # an empty variable counts as none
    where = f"{name} in {path}" if in_file else name.upper()
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
        hint = f" Did you mean {near[0]}?" if near else f" Known are {', '.join(Settings.model_fields)}."
        return f"{where} is not a setting.{hint}"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    default = Settings.model_fields[name].default
    if isinstance(default, SecretStr):  # never shown, not even when it is wrong
        return f"{where} {reason} Mend it, or leave it out." if reason.startswith("is ") else f"{where}: {reason}."
    shown = "" if default is None else f" ({default})"
    otherwise = "" if default == "" else f" for the default{shown}"
    return f"{where} is {problem['input']!r}: {reason}. Mend it, or leave it out{otherwise}."


def table() -> str:
    """The table of settings as README shows it."""
    rows = [
        f"| `{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _shown(default: object) -> str:
    return "" if default in (None, "", SecretStr("")) else f"`{default}`"
