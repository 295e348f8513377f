"""What whoever runs Lapwing meets: the doctor, a library that is missing, a port that is taken."""

import asyncio
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from bot.demo import SAMPLE
from storage.owner import owning
from tests.acceptance.program import Ended, environment, lapwing
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import FakeSlack

NULL = {"classifier": "null", "replay_file": SAMPLE}


def lines_of(done: Ended) -> dict[str, str]:
    """What the doctor says, by what it is about."""
    found = (line.partition(" ") for line in done.out.splitlines())
    return {about: text.strip() for about, _, text in found}


def without(library: str, folder: Path) -> dict[str, str]:
    """The environment of a machine on which this library is not installed."""
    missing = f"raise ModuleNotFoundError(\"No module named '{library}'\", name='{library}')\n"
    folder.joinpath(f"{library}.py").write_text(missing, encoding="utf-8")
    return {"pythonpath": str(folder)}


async def doctor(slack: FakeSlack, tmp_path: Path, **more: object) -> Ended:
    """The doctor, with Slack set up as its app says."""
    settings = {
        **NULL,
        "database": tmp_path / "a.db",
        "slack_bot_token": slack.app.bot_token,
        "slack_app_token": slack.app.app_token,
        "slack_api_url": slack.url,
    }
    return await asyncio.to_thread(lapwing, "doctor", settings=settings | more)


def test_without_slack_the_doctor_says_that_the_terminal_is_the_chat(tmp_path: Path) -> None:
    done = lapwing("doctor", settings={**NULL, "database": tmp_path / "a.db"})
    assert done.status == 0, done.out
    assert lines_of(done)["chat"].startswith("ok, this terminal")


async def test_the_doctor_names_the_workspace_and_the_bot(tmp_path: Path) -> None:
    async with FakeSlack.running(manifest()) as slack:
        done = await doctor(slack, tmp_path)
    assert done.status == 0, done.out
    assert list(lines_of(done)) == ["settings", "database", "source", "model", "slack", "scopes", "clock", "sockets"]
    assert lines_of(done)["slack"] == "ok, Home as @lapwing, 2 sockets"


async def test_the_doctor_names_what_slack_lacks_and_goes_on(tmp_path: Path) -> None:
    async with FakeSlack.running(manifest()) as slack:
        slack.app.manifest["oauth_config"]["scopes"]["bot"].remove("reactions:read")
        slack.sockets.enabled = False
        done = await doctor(slack, tmp_path)
    assert done.status == 1
    wrong = {about for about, text in lines_of(done).items() if text.startswith("WRONG")}
    assert wrong == {"scopes", "sockets"}
    assert slack.app.bot_token not in done.out + done.err


async def test_while_lapwing_runs_the_doctor_opens_no_socket_that_would_take_what_is_meant_for_it(
    tmp_path: Path,
) -> None:
    database = tmp_path / "a.db"
    assert lapwing("run", typed="/wait\n", settings={**NULL, "database": database}).status == 0
    async with FakeSlack.running(manifest()) as slack:
        with owning(database, datetime.now(UTC)):
            done = await doctor(slack, tmp_path)
        alone = await doctor(slack, tmp_path)
    assert lines_of(done)["sockets"] == "ok, Slack lets them be opened; not tried, since Lapwing is running"
    assert lines_of(alone)["sockets"] == "ok, Socket Mode is on and Slack answers"


async def test_swapped_tokens_are_told_before_slack_is_asked(tmp_path: Path) -> None:
    async with FakeSlack.running(manifest()) as slack:
        done = await doctor(slack, tmp_path, slack_bot_token=slack.app.app_token, slack_app_token=slack.app.bot_token)
    assert done.status == 1
    assert "SLACK_BOT_TOKEN is another kind of token" in done.out
    assert "SLACK_APP_TOKEN is another kind of token" in done.out
    assert slack.calls == []
    assert slack.app.bot_token not in done.out + done.err


def test_a_token_that_is_missing_beside_another_is_told_and_the_rest_is_examined(tmp_path: Path) -> None:
    done = lapwing("doctor", settings={**NULL, "database": tmp_path / "a.db", "slack_bot_token": "xoxb-1"})
    assert done.status == 1
    assert lines_of(done)["model"].startswith("ok")
    assert lines_of(done)["slack"].startswith("WRONG: SLACK_APP_TOKEN is missing.")


def test_the_doctor_says_whether_the_port_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = {**NULL, "database": tmp_path / "a.db", "http_port": other.getsockname()[1]}
        taken = lapwing("doctor", settings=settings)
    free = lapwing("doctor", settings=settings)
    assert taken.status == 1
    assert lines_of(taken)["web"].startswith("WRONG: the web server cannot listen")
    assert free.status == 0, free.out
    assert "is free" in lines_of(free)["web"]


def test_a_port_that_is_taken_ends_the_program_with_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = lapwing("run", typed="/wait\n", settings={**NULL, "database": tmp_path / "a.db", "http_port": port})
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith(
        f"lapwing: stopped because web server died: the web server cannot listen on 127.0.0.1, port {port}"
    )
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("library", "settings", "told"),
    [
        (
            "slack_bolt",
            {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"},
            "Slack needs slack-bolt, which is not installed: pip install 'lapwing[slack]'",
        ),
        (
            "discord",
            {"discord_token": "MTIz.GaB.c"},
            "Discord needs discord, which is not installed: pip install 'lapwing[discord]'",
        ),
        (
            "aiohttp",
            {"http_port": 8080},
            "HTTP_PORT needs aiohttp, which is not installed: pip install 'lapwing[web]'",
        ),
        (
            "prometheus_client",
            {"http_port": 8080},
            "HTTP_PORT needs prometheus-client, which is not installed: pip install 'lapwing[web]'",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_library_that_is_not_installed_is_named_with_the_line_that_installs_it(
    command: str, library: str, settings: dict[str, object], told: str, tmp_path: Path
) -> None:
    missing = without(library, tmp_path)
    done = lapwing(command, settings={**NULL, **missing, **settings, "database": tmp_path / "a.db"})
    assert done.status == (2 if command == "run" else 1), done.err
    assert told in (done.err if command == "run" else done.out)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("settings", "status", "told"),
    [
        ({}, 2, "DISCORD_TOKEN is missing."),
        ({"discord_token": "0f" * 32}, 2, "DISCORD_TOKEN is no bot token"),
        (
            {"discord_token": "MTIz.GaB.c", "discord_api_url": "http://127.0.0.1:9/api"},
            1,
            "Discord cannot be reached",
        ),
    ],
)
def test_an_invite_that_cannot_be_made_says_why(settings: dict[str, object], status: int, told: str) -> None:
    done = lapwing("discord-invite", settings=settings)
    assert (done.status, done.out) == (status, "")
    assert done.err.startswith(f"lapwing: {told}")
    assert "Traceback" not in done.err


def test_an_invite_names_the_library_that_it_needs(tmp_path: Path) -> None:
    done = lapwing("discord-invite", settings={**without("discord", tmp_path), "discord_token": "MTIz.GaB.c"})
    assert done.status == 2
    assert "pip install 'lapwing[discord]'" in done.err


async def test_an_invite_says_what_stands_in_its_way() -> None:
    async with FakeDiscord.running() as discord:
        settings = {"discord_token": discord.app.token, "discord_api_url": discord.api_url}
        discord.app.requires_code_grant = True
        refused = await asyncio.to_thread(lapwing, "discord-invite", settings=settings)
        discord.app.requires_code_grant, discord.app.public = False, False
        private = await asyncio.to_thread(lapwing, "discord-invite", settings=settings)
    assert (refused.status, refused.out) == (1, "")
    assert "OAuth2 Code Grant off" in refused.err
    assert private.status == 0
    assert private.out.startswith("https://discord.com/oauth2/authorize?client_id=")
    assert private.err == "Public Bot is switched off for this app, so nobody but its owner can add it.\n"


def test_help_needs_no_library_of_any_chat(tmp_path: Path) -> None:
    without("aiohttp", tmp_path)
    without("prometheus_client", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "slack-manifest", "--prefix", "acme"],
        capture_output=True,
        text=True,
        env=environment(**without("slack_bolt", tmp_path)),
        check=True,
        timeout=60,
    )
    assert "/acme-watch" in done.stdout
