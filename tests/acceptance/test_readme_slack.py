"""README's "Add Lapwing to Slack", done step by step with the real program and the local Slack."""

import asyncio
import re
import signal
import socket
from pathlib import Path

import aiohttp
import yaml

from bot.demo import SAMPLE
from bot.settings import Settings
from tests.acceptance.program import ended, kept_in, lapwing, of_slack, running
from tests.fakes.house import until
from tests.fakes.slack import Channel, FakeSlack, Message, Person

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Add Lapwing to Slack\n")[2].partition("\n## ")[0]

HOST = "https://lapwing.example.com"
BESIDE = {"slack_client_id": "1.2", "slack_client_secret": "hush"}
"""They stand beside the signing secret."""


def blocks(kind: str) -> list[list[str]]:
    """The lines of each block of the section."""
    return [found.splitlines() for found in re.findall(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)]


def exported(lines: list[str]) -> set[str]:
    """The variables that these lines set."""
    return {name for line in lines if line.startswith("export ") for name in re.findall(r"([A-Z_]+)=", line)}


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


async def follow(slack: FakeSlack) -> list[Message]:
    """What step 6 says, typed by Ada; the alerts that her channel has then."""
    ada = slack.person("ada")
    ops = slack.channel("ops", ada, bot=False)
    (typed,) = blocks("text")
    for line in typed:
        if line == "/invite @lapwing":
            await ada.invites_bot(ops)
        else:
            assert (await ada.types(ops, line)).acknowledged
    return await slack.until(lambda: alerts(ada, ops), 30)


def alerts(person: Person, channel: Channel) -> list[Message]:
    return [found for found in person.sees(channel) if "@nimbus_status: " in found.text]


async def test_over_socket_mode(tmp_path: Path) -> None:
    printed = lapwing("slack-manifest").out
    first, _ = blocks("sh")
    assert exported(first) == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "REPLAY_FILE"}
    async with FakeSlack.running(yaml.safe_load(printed)) as slack:
        settings = {**kept_in(tmp_path), "replay_file": SAMPLE, "classifier": "null", **BESIDE, **of_slack(slack)}
        done = await asyncio.to_thread(lapwing, "doctor", settings=settings)
        assert done.status == 0, done.out
        async with running(**settings) as process:
            await slack.until(lambda: len(slack.sockets.open) == 2, 30)
            assert await follow(slack)
            status, said = await ended(process, told=signal.SIGTERM)
        assert status == 0, said
        assert slack.complaints == []
    for secret in (slack.app.bot_token, slack.app.app_token):
        assert secret not in said + done.out + done.err


async def test_over_http(tmp_path: Path) -> None:
    _, second = blocks("sh")
    assert exported(second) == {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "HTTP_PORT"}
    assert second[0] == f"lapwing slack-manifest --http {HOST} > manifest.yaml"
    printed = lapwing("slack-manifest", "--http", HOST).out
    port = free_port()
    async with FakeSlack.running(yaml.safe_load(printed)) as slack:
        slack.app.reached_at[HOST] = f"http://127.0.0.1:{port}"
        settings = {
            **kept_in(tmp_path),
            **BESIDE,
            "replay_file": SAMPLE,
            "slack_bot_token": slack.app.bot_token,
            "slack_signing_secret": slack.app.signing_secret,
            "slack_api_url": slack.url,
            "http_port": port,
        }
        async with running(**settings) as process:
            async with asyncio.timeout(30):
                await until(lambda: is_healthy(f"http://127.0.0.1:{port}"))
                await until(slack.http.verify)
            assert await follow(slack)
            status, said = await ended(process, told=signal.SIGTERM)
        assert status == 0, said
        assert slack.app.signing_secret not in said


async def is_healthy(address: str) -> bool:
    """Whether the web server says that all is well."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"{address}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectorError:
            return False


def test_every_setting_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\b((?:SLACK|REACTIONS|HTTP)_[A-Z_]+)\b", README))
    assert named <= {name.upper() for name in Settings.model_fields}
