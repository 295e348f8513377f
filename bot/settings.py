"""Every setting, read once: from environment variables, and from a TOML file where one is named.

The environment wins over the file. A name the file has and Lapwing does not is an error, not a shrug: a misspelt
setting that silently does nothing is found in the worst night of the year.
"""

import difflib
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

CONFIG_VARIABLE = "LAPWING_CONFIG"


class SettingsError(Exception):
    """A setting is wrong; the message names it and the way out."""


def _speed(value: Any) -> Any:
    return math.inf if value == "max" else value


def _positive(value: float | None) -> float | None:
    if value is not None and not value > 0:
        raise ValueError('must be above 0, or "max"')
    return value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _word(value: str) -> str:
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return value


class Settings(BaseSettings):
    """All settings. A field's name in capitals is its environment variable; its description is README's table."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_ignore_empty=True)

    database: Path = Field(Path("lapwing.db"), description="the SQLite file that holds everything Lapwing remembers")
    classifier: str = Field(
        "embedding",
        description="the engine and its model: `embedding`, `embedding:PATH`, `nli:PATH`; `null` answers by chance, "
        "for trials of load and failure, not for use",
    )
    classifier_template: str = Field(
        "", description="a hypothesis template with one `{}`, in place of the engine's own"
    )
    classifier_threads: int = Field(0, ge=0, description="CPU threads for the model; 0: one less than there are cores")
    replay_file: Path | None = Field(None, description="a JSONL file of posts to play as a source")
    replay_speed: Annotated[float | None, BeforeValidator(_speed), AfterValidator(_positive)] = Field(
        None,
        description="how many times faster than its own pace the file is played, or `max`; unset: `1` at a terminal, "
        "`max` where standard input is a file or a pipe",
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
    log_level: Annotated[str, BeforeValidator(_upper), AfterValidator(_word)] = Field(
        "WARNING", description="how much is logged to standard error: `DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )

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
        return Settings(**from_file)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem, from_file, named) for problem in error.errors())) from error


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
    return f"{where} is {problem['input']!r}: {reason}. Mend it, or leave it out for the default ({default})."


def table() -> str:
    """The table of settings as README shows it."""
    rows = [
        f"| `{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def _shown(default: object) -> str:
    return "" if default in (None, "") else f"`{default}`"
