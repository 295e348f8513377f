"""One program in the local Slack and the local Discord at once; and what is said when one of them does not want it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chat.slack.manifest import manifest
from tests.acceptance.program import (
    LIFE_S,
    Ended,
    ended,
    kept_in,
    lapwing,
    of_discord,
    of_slack,
    running,
    write_posts,
)
from tests.fakes.discord import BOT_USER, MANAGE_CHANNELS, FakeDiscord
from tests.fakes.discord import Channel as DiscordChannel
from tests.fakes.discord import Message as DiscordMessage
from tests.fakes.discord import Person as DiscordPerson
from tests.fakes.lookout import a_line, answer, cards, until
from tests.fakes.slack import FakeSlack


@dataclass(frozen=True)
class Town:
    """Both chats, and where Lapwing keeps what it remembers of them."""

    slack: FakeSlack
    discord: FakeDiscord
    folder: Path

    @property
    def settings(self) -> dict[str, object]:
        return {**kept_in(self.folder), **of_slack(self.slack), **of_discord(self.discord)}


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    write_posts(tmp_path / "posts.jsonl", [a_line(number, f"Post number {number}") for number in range(20)])
    async with FakeSlack.running(manifest()) as slack, FakeDiscord.running() as discord:
        discord.guild()
        yield Town(slack, discord, tmp_path)
        assert slack.complaints == []
        assert discord.complaints == []


async def listens(town: Town) -> None:
    await until(lambda: len(town.slack.sockets.open) == 2, LIFE_S)
    await until(lambda: town.discord.gateway.ready and town.discord.commands.all(""), LIFE_S)


async def uses(person: DiscordPerson, channel: DiscordChannel, command: str, **options: str) -> str:
    """What a slash command is answered on Discord."""
    before = len(channel.messages)
    interaction = await person.uses(channel, command, **options)
    assert interaction.acknowledged, interaction.problem

    def answers() -> list[DiscordMessage]:
        return [one for one in channel.messages[before:] if one.interaction and not one.thinking and not one.deleted]

    found: list[DiscordMessage] = await until(answers)
    return found[0].content


def alerts(channel: DiscordChannel) -> list[DiscordMessage]:
    return [one for one in channel.standing() if one.author == BOT_USER and one.embeds]


async def doctor(town: Town, **more: object) -> Ended:
    return await asyncio.to_thread(lapwing, "doctor", settings=town.settings | more)


async def test_one_program_serves_both_and_each_channel_has_settings_of_its_own(town: Town) -> None:
    ada, ann = town.slack.person("ada"), town.discord.person("ann", permissions=MANAGE_CHANNELS)
    slack_ops, discord_ops = town.slack.channel("ops", ada), town.discord.channel("ops")
    posts = [a_line(number, f"Post number {number}", after_s=number) for number in range(20)]
    write_posts(town.folder / "posts.jsonl", posts)
    async with running(**town.settings | {"replay_speed": 1}) as process:
        await listens(town)
        await answer(ada, slack_ops, "/labels set security, outage")
        await uses(ann, discord_ops, "/labels set", labels="database, outage")
        await answer(ada, slack_ops, "/threshold set 1%")
        await uses(ann, discord_ops, "/threshold set", percent="2%")
        await answer(ada, slack_ops, "/watch @vendor_sec")
        await uses(ann, discord_ops, "/watch", accounts="@vendor_sec")
        await until(lambda: cards(slack_ops) and alerts(discord_ops), LIFE_S)
        here = await answer(ada, slack_ops, "/config show")
        there = await uses(ann, discord_ops, "/config show")
        assert await ended(process, told=signal.SIGTERM) == (0, "")
    assert "label security: above 1%" in here
    assert "database" not in here
    assert "label database: above 2%" in there
    assert "security" not in there


async def test_a_chat_that_is_away_holds_up_no_other(town: Town) -> None:
    ada = town.slack.person("ada")
    ops = town.slack.channel("ops", ada)
    nowhere = {"discord_api_url": "http://127.0.0.1:9/api/v10", "discord_gateway_url": "ws://127.0.0.1:9/"}
    async with running(**town.settings | nowhere) as process:
        await until(lambda: len(town.slack.sockets.open) == 2, LIFE_S)
        await answer(ada, ops, "/labels set security, outage, database")
        await answer(ada, ops, "/threshold set 1%")
        await answer(ada, ops, "/watch @vendor_sec")
        await until(lambda: cards(ops), LIFE_S)
        status, err = await ended(process, told=signal.SIGTERM)
    assert status == 0
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"discord_token": "MTIz.GaB.of-nobody"}, 1, "Discord does not take DISCORD_TOKEN"),
        ({"slack_bot_token": "xoxb-of-nobody"}, 1, "Slack does not take SLACK_BOT_TOKEN"),
        ({"discord_token": "0f" * 32}, 2, "DISCORD_TOKEN is no bot token"),
        ({"slack_app_token": ""}, 2, "SLACK_APP_TOKEN is missing"),
    ],
)
async def test_a_wrong_token_of_either_is_named_in_one_line(
    town: Town, given: dict[str, object], status: int, words: str
) -> None:
    async with running(**town.settings | given) as process:
        came_to, err = await ended(process)
    assert came_to == status, err
    assert any(line.startswith("lapwing: ") and words in line for line in err.splitlines()), err
    assert "Traceback" not in err
    assert str(next(iter(given.values()))) not in err or not next(iter(given.values()))


async def test_the_doctor_asks_both(town: Town) -> None:
    done = await doctor(town)
    assert done.status == 0, done.out
    assert [line.partition(" ")[0] for line in done.out.splitlines()] == [
        "settings", "database", "source", "model", "slack", "scopes", "clock", "sockets",
        "discord", "intents", "commands", "gateway", "server",
    ]  # fmt: skip


async def test_what_is_wrong_with_one_chat_hides_nothing_of_the_other(town: Town) -> None:
    town.slack.sockets.enabled = False
    done = await doctor(town, discord_token="MTIz.GaB.of-nobody")
    assert done.status == 1
    wrong = {line.partition(" ")[0] for line in done.out.splitlines() if "WRONG" in line}
    assert wrong == {"sockets", "discord"}
    healthy = await doctor(town, slack_bot_token="xoxb-of-nobody")
    assert {line.partition(" ")[0] for line in healthy.out.splitlines() if "WRONG" in line} == {"slack"}
    assert "server" in healthy.out


async def test_the_doctor_reads_beside_a_running_lapwing_what_is_watched_on_discord_alone(town: Town) -> None:
    ada, ann = town.slack.person("ada"), town.discord.person("ann", permissions=MANAGE_CHANNELS)
    async with running(**town.settings) as process:
        await listens(town)
        await answer(ada, town.slack.channel("ops", ada), "/watch @vendor_sec")
        idle = await doctor(town)
        await uses(ann, town.discord.channel("ops"), "/watch", accounts="@vendor_sec")
        busy = await doctor(town)
        await ended(process, told=signal.SIGTERM)
    assert "server    ok, lookouts: nothing is watched there yet" in idle.out
    assert "server    ok, lookouts: alerts can be posted in the one channel" in busy.out
    assert not list(town.folder.glob("lapwing.db-*")), "what reading left behind is tidied away"
