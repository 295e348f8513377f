"""The real program in a process of its own, in the local Discord: a morning, its end, and a sudden death."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.program import environment, write_posts
from tests.fakes.discord import MANAGE_CHANNELS, FakeDiscord
from tests.fakes.discord_home import asks, said
from tests.fakes.lookout import a_line, until
from tests.fakes.lookout_discord import cards, heard, keys

LIFE_S = 60


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


@asynccontextmanager
async def lapwing(discord: FakeDiscord, folder: Path, **settings: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """`lapwing run`, killed at the end if it has not ended by then."""
    given = {
        "database": folder / "lapwing.db",
        "replay_file": folder / "posts.jsonl",
        "replay_speed": "max",
        "classifier": "null",
        "discord_token": discord.app.token,
        "discord_api_url": discord.api_url,
        "discord_gateway_url": discord.gateway_url,
    } | settings
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run",
        env=environment(**given),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, list[str]]:
    """Its status, and the lines it wrote to standard error."""
    async with asyncio.timeout(LIFE_S):
        _, err = await process.communicate()
    return process.returncode, err.decode().splitlines()


async def test_a_morning_in_three_lives(discord: FakeDiscord, tmp_path: Path) -> None:
    ada, ops = discord.person("ada", permissions=MANAGE_CHANNELS), discord.channel("ops")
    write_posts(tmp_path / "posts.jsonl", [a_line(number, f"Post number {number}") for number in range(20)])
    async with lapwing(discord, tmp_path) as process:
        await until(lambda: discord.gateway.ready and discord.commands.all(), LIFE_S)
        await asks(discord, ada, ops, "/labels set", labels="security, database, outage")
        await asks(discord, ada, ops, "/threshold set", percent="1")
        await asks(discord, ada, ops, "/watch", accounts="@vendor_sec")
        await until(lambda: cards(ops), LIFE_S)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, [])
    first = cards(ops)[0]
    await until(lambda: not discord.gateway.ready)
    async with lapwing(discord, tmp_path) as process:
        await until(lambda: discord.gateway.ready, LIFE_S)
        await ada.presses(first, "Relevant")
        await heard(ada, ops, "marked relevant by Ada")
        process.kill()
        assert (await ended(process))[0] == -signal.SIGKILL
    await until(lambda: not discord.gateway.ready)
    await ada.reacts(first, "👎")  # says nothing any more: no reaction stands against what a button said
    async with lapwing(discord, tmp_path) as process:
        await until(lambda: "relevant by Ada" in said(first), LIFE_S)  # stored before it was shown
        await until(lambda: discord.gateway.ready, LIFE_S)
        await ada.presses(first, "Not relevant")
        await until(lambda: "not relevant by Ada" in said(first), LIFE_S)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, [])
    assert discord.commands.writes == 1
    carried = [key for card in cards(ops) for key in keys(card)]
    assert len(carried) == len(set(carried)) == len(cards(ops))


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"discord_token": "MTIw.abc.of-nobody"}, 1, "Discord does not take DISCORD_TOKEN"),
        ({"discord_api_url": "discord"}, 2, "DISCORD_API_URL"),
        ({"discord_gateway_url": "https://discord.example"}, 2, "DISCORD_GATEWAY_URL"),
    ],
)
async def test_wrong_settings_are_named_in_one_line(
    discord: FakeDiscord, tmp_path: Path, settings: dict[str, object], status: int, words: str
) -> None:
    write_posts(tmp_path / "posts.jsonl", [a_line(1, "A post")])
    async with lapwing(discord, tmp_path, **settings) as process:
        came_to, lines = await ended(process)
    assert came_to == status, lines
    assert any(line.startswith("lapwing: ") and words in line for line in lines), lines
    assert not any("Traceback" in line for line in lines), lines
