"""The real program in a process of its own, in the local Discord: a morning, its end, and a sudden death."""

import signal
from pathlib import Path

import pytest

from tests.acceptance.program import LIFE_S, ended, kept_in, of_discord, running, write_posts
from tests.fakes.discord import MANAGE_CHANNELS, FakeDiscord
from tests.fakes.discord_home import asks, said
from tests.fakes.lookout import a_line, until
from tests.fakes.lookout_discord import cards, heard, keys


async def test_a_morning_in_three_lives(discord: FakeDiscord, tmp_path: Path) -> None:
    ada, ops = discord.person("ada", permissions=MANAGE_CHANNELS), discord.channel("ops")
    write_posts(tmp_path / "posts.jsonl", [a_line(number, f"Post number {number}") for number in range(20)])
    async with running(**kept_in(tmp_path), **of_discord(discord)) as process:
        await until(lambda: discord.gateway.ready and discord.commands.all(), LIFE_S)
        await asks(discord, ada, ops, "/labels set", labels="security, database, outage")
        await asks(discord, ada, ops, "/threshold set", percent="1")
        await asks(discord, ada, ops, "/watch", accounts="@vendor_sec")
        await until(lambda: cards(ops), LIFE_S)
        assert await ended(process, told=signal.SIGTERM) == (0, "")
    first = cards(ops)[0]
    await until(lambda: not discord.gateway.ready)
    async with running(**kept_in(tmp_path), **of_discord(discord)) as process:
        await until(lambda: discord.gateway.ready, LIFE_S)
        await ada.presses(first, "Relevant")
        await heard(ada, ops, "marked relevant by Ada")
        process.kill()
        assert (await ended(process))[0] == -signal.SIGKILL
    await until(lambda: not discord.gateway.ready)
    await ada.reacts(first, "👎")  # says nothing any more: no reaction stands against what a button said
    async with running(**kept_in(tmp_path), **of_discord(discord)) as process:
        await until(lambda: "relevant by Ada" in said(first), LIFE_S)  # stored before it was shown
        await until(lambda: discord.gateway.ready, LIFE_S)
        await ada.presses(first, "Not relevant")
        await until(lambda: "not relevant by Ada" in said(first), LIFE_S)
        assert await ended(process, told=signal.SIGTERM) == (0, "")
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
    async with running(**kept_in(tmp_path) | of_discord(discord) | settings) as process:
        came_to, err = await ended(process)
    lines = err.splitlines()
    assert came_to == status, lines
    assert any(line.startswith("lapwing: ") and words in line for line in lines), lines
    assert not any("Traceback" in line for line in lines), lines
