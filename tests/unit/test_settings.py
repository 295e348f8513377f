"""Where settings come from, and what is said of a wrong one."""

import math
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.cli.failures import explained
from bot.settings import (
    CONFIG_VARIABLE,
    Settings,
    SettingsError,
    check_chats,
    check_slack,
    check_sources,
    read_settings,
)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CONFIG_VARIABLE, *(field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lapwing.toml"


def problem(config: Path | None = None) -> str:
    with pytest.raises(SettingsError) as wrong:
        read_settings(config)
    return str(wrong.value)


def test_everything_has_a_default() -> None:
    settings = read_settings()

    assert settings.database == Path("lapwing.db")
    assert settings.classifier == "embedding"
    assert settings.replay_file is None
    assert settings.replay_speed is None
    assert settings.log_level == "WARNING"


def test_every_setting_is_explained_for_the_table_in_the_readme() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_file_sets_what_it_names_and_nothing_else(file: Path) -> None:
    file.write_text('classifier = "nli:model"\nclassifier_threads = 2\n')

    settings = read_settings(file)

    assert (settings.classifier, settings.classifier_threads) == ("nli:model", 2)
    assert settings.database == Path("lapwing.db")


def test_the_environment_wins_over_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('classifier = "nli:file"\nconsole_channel = "file"\n')
    monkeypatch.setenv("CLASSIFIER", "nli:environment")

    settings = read_settings(file)

    assert (settings.classifier, settings.console_channel) == ("nli:environment", "file")


def test_an_empty_variable_counts_as_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('classifier = "nli:file"\n')
    monkeypatch.setenv("CLASSIFIER", "")
    monkeypatch.setenv("REPLAY_FILE", "")

    settings = read_settings(file)

    assert (settings.classifier, settings.replay_file) == ("nli:file", None)


def test_the_file_may_be_named_in_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('classifier = "nli:file"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))

    assert read_settings().classifier == "nli:file"


def test_a_file_named_on_the_command_line_wins_over_one_named_in_the_environment(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('classifier = "nli:named"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "missing.toml"))

    assert read_settings(file).classifier == "nli:named"


def test_an_empty_name_of_a_file_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "")

    assert read_settings() == read_settings(None)


def test_settings_cannot_be_changed_once_they_are_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().classifier = "nli:other"


@pytest.mark.parametrize(("typed", "speed"), [("max", math.inf), ("60", 60.0), ("0.5", 0.5), ("1e3", 1000.0)])
def test_a_replay_is_played_at_this_speed(typed: str, speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPLAY_SPEED", typed)

    assert read_settings().replay_speed == speed


@pytest.mark.parametrize(("line", "speed"), [('"max"', math.inf), ("60", 60.0), ("0.5", 0.5)])
def test_a_file_says_the_speed_in_the_same_words(line: str, speed: float, file: Path) -> None:
    file.write_text(f"replay_speed = {line}\n")

    assert read_settings(file).replay_speed == speed


@pytest.mark.parametrize("typed", ["debug", "Debug", "DEBUG"])
def test_the_log_level_may_be_written_in_any_case(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", typed)

    assert read_settings().log_level == "DEBUG"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ('databse = "x.db"', "databse in {file} is not a setting. Did you mean database?"),
        ("replay-speed = 2", "replay-speed in {file} is not a setting. Did you mean replay_speed?"),
        ("[x]\ntoken = 1", "x in {file} is not a setting. Known are database, classifier,"),
    ],
    ids=["a misspelt name", "a hyphen", "a table that nobody knows"],
)
def test_a_name_in_the_file_that_is_no_setting_is_an_error(line: str, hint: str, file: Path) -> None:
    file.write_text(line)

    assert hint.format(file=file) in problem(file)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("REPLAY_SPEED", "0", 'must be above 0, or "max"'),
        ("REPLAY_SPEED", "-1", 'must be above 0, or "max"'),
        ("REPLAY_SPEED", "nan", 'must be above 0, or "max"'),
        ("REPLAY_SPEED", "fast", "should be a valid number"),
        ("CLASSIFIER_THREADS", "two", "should be a valid integer"),
        ("CLASSIFIER_THREADS", "-1", "greater than or equal to 0"),
        ("CLASSIFIER_DTYPE", "int8", "should be 'fp32', 'bf16' or 'fp16'"),
        ("LOG_LEVEL", "loud", "must be DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_bad_value_in_the_environment_is_named_with_its_variable(
    variable: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    told = problem()

    assert told.startswith(f"{variable} is {value!r}: ")
    assert reason in told
    assert "leave it out for the default" in told


@pytest.mark.parametrize(
    "line",
    [
        "replay_speed = -1",
        'replay_speed = "fast"',
        "log_level = 5",
        'log_level = "loud"',
        "database = 5",
        "classifier = false",
        'classifier_threads = "two"',
        'replay_file = ["a", "b"]',
    ],
)
def test_a_bad_value_in_the_file_is_named_with_the_file(line: str, file: Path) -> None:
    file.write_text(line)

    assert problem(file).startswith(f"{line.partition(' ')[0]} in {file} is ")


@pytest.mark.parametrize("variable", [None, ""])
def test_a_bad_value_is_sought_where_it_stands(
    variable: str | None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("replay_speed = -1\n")
    if variable is not None:
        monkeypatch.setenv("REPLAY_SPEED", variable)

    assert problem(file).startswith(f"replay_speed in {file} is -1: ")


def test_a_good_variable_heals_a_bad_line_and_a_bad_one_is_named_before_a_good_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("replay_speed = -1\nclassifier_threads = 2\n")
    monkeypatch.setenv("REPLAY_SPEED", "2")
    assert read_settings(file).replay_speed == 2.0

    monkeypatch.setenv("CLASSIFIER_THREADS", "many")
    assert problem(file).startswith("CLASSIFIER_THREADS is 'many': ")


def test_all_that_is_wrong_is_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('databse = "x"\nreplay_speed = -1\n')
    monkeypatch.setenv("LOG_LEVEL", "loud")

    told = problem(file).splitlines()

    assert len(told) == 3
    assert {line.partition(" ")[0] for line in told} == {"databse", "replay_speed", "LOG_LEVEL"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(None, "cannot be read", id="it is missing"),
        pytest.param(b"classifier = ", "is not valid TOML", id="it breaks off"),
        pytest.param(b'classifier = "a"\nclassifier = "b"', "is not valid TOML", id="it says one thing twice"),
        pytest.param(b'{"classifier": "a"}', "is not valid TOML", id="it is JSON"),
        pytest.param(b'classifier = "\xff"', "cannot be read", id="it is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(content: bytes | None, told: str, file: Path) -> None:
    if content is not None:
        file.write_bytes(content)

    assert problem(file).startswith(f"The settings file {file} {told}")


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    assert problem(tmp_path).startswith(f"The settings file {tmp_path} cannot be read")


def test_nothing_else_of_the_environment_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("REPLAY_SPEED", "fast")

    assert "xoxb-secret" not in problem()


SECRETS = {
    "X_BEARER_TOKEN": "AAAA-hush",
    "SLACK_BOT_TOKEN": "xoxb-1-hush",
    "SLACK_APP_TOKEN": "xapp-1-hush",
    "SLACK_SIGNING_SECRET": "hush",
    "DISCORD_TOKEN": "MTIz.GaB.hush",
}


def test_no_secret_is_shown_by_the_settings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()

    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-hush"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump()), f"{settings}"):
        assert "hush" not in shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-hush"),
        ("SLACK_APP_TOKEN", "xoxb-1-hush"),
        ("SLACK_SIGNING_SECRET", "xoxb-1-hush"),
        ("SLACK_SIGNING_SECRET", "xapp-1-hush"),
        ("DISCORD_TOKEN", "xoxb-1-hush"),
    ],
)
def test_swapped_tokens_are_named_and_never_shown_not_even_in_a_traceback(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        read_settings()

    assert str(wrong.value).startswith((f"{variable} is a", f"{variable} is no bot token"))
    assert "hush" not in "".join(traceback.format_exception(wrong.value))


@pytest.mark.parametrize("line", ["slack_bot_token = 5", 'slack_bot_token = ["hush"]', 'slack_bot_tokn = "xoxb-hush"'])
def test_a_wrong_secret_in_the_file_is_not_shown_either(line: str, file: Path) -> None:
    file.write_text(line)

    told = problem(file)
    assert told.startswith(f"{line.partition(' ')[0]} in {file}")
    assert "hush" not in told


def test_a_secret_is_taken_without_the_blanks_it_was_copied_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", " xoxb-1-hush\n")

    assert read_settings().slack_bot_token.get_secret_value() == "xoxb-1-hush"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, None),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, None),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "s", "http_port": 8080}, None),
        ({"slack_app_token": "xapp-1"}, "SLACK_BOT_TOKEN is missing"),
        ({"slack_signing_secret": "s"}, "SLACK_BOT_TOKEN is missing"),
        ({"slack_bot_token": "xoxb-1"}, "SLACK_APP_TOKEN is missing"),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}, "HTTP_PORT is missing"),
    ],
)
def test_what_slack_needs_is_there_together(given: dict[str, object], told: str | None) -> None:
    settings = Settings.model_validate(given)
    if told is None:
        check_slack(settings)
    else:
        with pytest.raises(SettingsError, match=told):
            check_slack(settings)


def test_slack_is_wanted_once_any_of_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not read_settings().slack_wanted
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "hush")
    assert read_settings().slack_wanted


@pytest.mark.parametrize(
    "given", [{"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, {"discord_token": "MTIz.GaB.c"}]
)
def test_a_chat_or_somebody_who_can_type_is_enough_to_start(given: dict[str, object]) -> None:
    check_chats(Settings.model_validate(given), may_type=False)
    nothing = Settings.model_validate({})
    check_chats(nothing, may_type=True)
    with pytest.raises(SettingsError, match="No chat is set up"):
        check_chats(nothing, may_type=False)


def test_discord_is_wanted_once_its_token_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not read_settings().discord_wanted
    monkeypatch.setenv("DISCORD_TOKEN", "MTIz.GaB-_c.hush\n")
    assert read_settings().discord_wanted
    assert read_settings().discord_token.get_secret_value() == "MTIz.GaB-_c.hush"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("1200000000000000001", id="the id of the application"),
        pytest.param("k3" * 16, id="the client secret"),
        pytest.param("0f" * 32, id="the public key"),
        pytest.param("xoxb-1-2", id="a token of Slack"),
        pytest.param("Bot MTIz.GaB.c", id="a whole header"),
        pytest.param("MTIz.GaB.c d", id="two words"),
    ],
)
def test_what_else_stands_on_discords_pages_is_no_token(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", value)

    told = problem()
    assert told.startswith("DISCORD_TOKEN is no bot token: ")
    assert "Reset Token" in told
    assert value not in told


@pytest.mark.parametrize(
    ("relevant", "not_relevant", "both"),
    [("+1,x", "x", "x"), ("thumbsup", ":+1:", "+1"), ("👍,tada", "tada, thumbsup", "+1, tada")],
)
def test_a_reaction_cannot_mean_both(
    relevant: str, not_relevant: str, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTIONS_RELEVANT", relevant)
    monkeypatch.setenv("REACTIONS_NOT_RELEVANT", not_relevant)

    told = problem()
    assert told.startswith("REACTIONS_RELEVANT and REACTIONS_NOT_RELEVANT: ")
    assert f"{both} cannot mean relevant and not relevant" in told


def test_a_reaction_cannot_mean_the_opposite_of_what_it_means_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTIONS_RELEVANT", "x")

    assert "x cannot mean relevant and not relevant" in problem()


def test_names_of_emoji_may_be_written_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTIONS_RELEVANT", " tada , rocket,")

    assert read_settings().reactions_relevant == "tada,rocket"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("REACTIONS_RELEVANT", " , ", "names no emoji"),
        ("REACTIONS_NOT_RELEVANT", "x no_entry_sign", "names are separated by commas"),
        ("SLACK_COMMAND_PREFIX", "Acme", "only small letters, digits and -, 16 at most"),
        ("SLACK_COMMAND_PREFIX", "acme ", "only small letters, digits and -, 16 at most"),
        ("SLACK_COMMAND_PREFIX", "-acme", "only small letters, digits and -, 16 at most"),
        ("SLACK_COMMAND_PREFIX", "a" * 17, "only small letters, digits and -, 16 at most"),
        ("SLACK_API_URL", "slack.com/api", "begins with https://"),
        ("SOURCES", "feeds, twitter", "is none of x, bluesky, mastodon, feeds"),
        ("X_MONTHLY_POSTS", "-1", "greater than or equal to 0"),
        ("X_API_URL", "api.x.com", "begins with https://"),
        ("BLUESKY_API_URL", "ftp://x.example", "begins with https://"),
        ("BLUESKY_JETSTREAM_URL", "https://jetstream.example", "begins with wss://"),
        ("X_API_URL", "https://api.x.com:65536", "Port out of range"),
        ("X_API_URL", "https://:443", "names no host"),
        ("BLUESKY_JETSTREAM_URL", "wss://[::1/subscribe", "Invalid IPv6 URL"),
        ("HTTP_ALLOW", "127.0.0.1:65536", "ports end at 65535"),
        ("HTTP_ALLOW", "127.0.0.1", "is not host:port"),
        ("HTTP_ALLOW", "http://127.0.0.1:80", "is not host:port"),
        ("HTTP_ALLOW", "10.0.0.0/8:80", "is not host:port"),
        ("HTTP_ALLOW", "*:80", "is not host:port"),
        ("DISCORD_API_URL", "discord.com/api", "begins with https://"),
        ("DISCORD_GATEWAY_URL", "https://gateway.discord.gg", "begins with wss://"),
        ("HTTP_PORT", "65536", "less than or equal to 65535"),
        ("HTTP_PORT", "-1", "greater than or equal to 0"),
    ],
)
def test_a_wrong_setting_of_the_chat_is_named(
    variable: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    told = problem()
    assert told.startswith(f"{variable} is {value!r}: ")
    assert reason in told


@pytest.mark.parametrize(
    ("given", "live"),
    [
        ({}, {"bluesky", "mastodon", "rss"}),
        ({"x_bearer_token": "hush"}, {"x", "bluesky", "mastodon", "rss"}),
        ({"replay_file": "posts.jsonl", "x_bearer_token": "hush"}, set()),
        ({"replay_file": "posts.jsonl", "sources": "Feeds, x"}, {"rss", "x"}),
        ({"sources": "mastodon"}, {"mastodon"}),
    ],
)
def test_what_is_set_up_can_be_watched_and_a_replay_is_alone_unless_told_otherwise(
    given: dict[str, object], live: set[str]
) -> None:
    assert Settings.model_validate(given).live_sources == live


@pytest.mark.parametrize("given", [{}, {"sources": "x,feeds", "x_bearer_token": "hush"}, {"sources": "feeds"}])
def test_sources_that_can_be_opened_pass(given: dict[str, object]) -> None:
    check_sources(Settings.model_validate(given))


@pytest.mark.parametrize("given", [{"sources": "x"}, {"sources": "feeds,X", "x_bearer_token": " \n"}])
def test_who_names_x_without_its_token_is_told_which_setting_is_missing(given: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="X_BEARER_TOKEN is missing: SOURCES names x"):
        check_sources(Settings.model_validate(given))


def test_bluesky_has_to_be_somewhere() -> None:
    with pytest.raises(ValidationError, match="begins with wss://"):
        Settings.model_validate({"bluesky_jetstream_url": ""})


def test_exceptions_to_the_guarded_way_out_are_hosts_with_their_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_ALLOW", " Wiki.Example:8080, [::1]:80,10.0.0.7:443,")

    assert read_settings().http_allow == "wiki.example:8080,[::1]:80,10.0.0.7:443"


def test_an_address_of_slack_may_lack_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:9/api")

    assert read_settings().slack_api_url == "http://127.0.0.1:9/api/"


def test_addresses_of_discord_are_as_its_library_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().discord_gateway_url == ""
    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:9/api/v10/")
    monkeypatch.setenv("DISCORD_GATEWAY_URL", "ws://127.0.0.1:9/gateway/")

    assert read_settings().discord_api_url == "http://127.0.0.1:9/api/v10"
    assert read_settings().discord_gateway_url == "ws://127.0.0.1:9/gateway/"


def test_the_program_ends_with_one_clear_line_and_no_traceback(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('databse = "x"')

    with pytest.raises(SystemExit) as ended, explained():
        read_settings(file)

    assert ended.value.code == 2
    assert capsys.readouterr().err == f"lapwing: databse in {file} is not a setting. Did you mean database?\n"
