"""README's "Add Lapwing to Discord", done step by step with the real program and the local Discord."""

import asyncio
import re
import signal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bot.chat.discord.invite import NEEDED
from bot.chat.discord.permissions import BESIDE, POSTING
from bot.demo import SAMPLE
from bot.settings import Settings
from tests.acceptance.program import ended, kept_in, lapwing, of_discord, running
from tests.fakes.discord import APP_ID, BOT_USER, MANAGE_CHANNELS, Channel, FakeDiscord, Message

README = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Add Lapwing to Discord\n")[2].partition("\n## ")[0]
OPTION = re.compile(r" (\w+):")


def blocks(kind: str) -> list[list[str]]:
    """The lines of each block of the section."""
    return [found.splitlines() for found in re.findall(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)]


def said(line: str) -> str:
    """A line without what explains it."""
    return line.partition("#")[0].strip()


def filled_in(line: str) -> tuple[str, dict[str, str]]:
    """A command, and its options: "/watch accounts:@a" as people fill it in."""
    command, *rest = OPTION.split(line)
    return command, dict(zip(rest[::2], rest[1::2], strict=True))


def settings(discord: FakeDiscord, folder: Path) -> dict[str, object]:
    """What the section sets, for this Discord. The null classifier, so that no model is loaded."""
    return {**kept_in(folder), "classifier": "null", "replay_file": SAMPLE, **of_discord(discord)}


def alerts(channel: Channel) -> list[Message]:
    """Lapwing's cards there: one embed each, whose author is the post's."""
    cards = [one for one in channel.standing() if one.author == BOT_USER and one.embeds]
    return [card for card in cards if "@nimbus_status" in card.embeds[0]["author"]["name"]]


async def follow(discord: FakeDiscord) -> list[Message]:
    """What step 6 says, typed by Ada, who manages channels; the alerts that her channel has then."""
    ada = discord.person("ada", permissions=MANAGE_CHANNELS)
    ops = discord.channel("ops")
    (typed,) = blocks("text")
    for line in typed:
        command, options = filled_in(line)
        interaction = await ada.uses(ops, command, **options)
        assert interaction.acknowledged, interaction.problem
        await discord.until(lambda: not any(one.thinking for one in ops.messages), 30)
    return await discord.until(lambda: alerts(ops), 30)


async def test_every_step(tmp_path: Path) -> None:
    first, second = blocks("sh")
    exported = {name for line in first if line.startswith("export ") for name in re.findall(r"([A-Z_]+)=", line)}
    assert exported == {"DISCORD_TOKEN", "REPLAY_FILE"}
    assert said(first[-1]) == "lapwing discord-invite"
    assert [said(line) for line in second] == ["lapwing doctor", "lapwing run"]
    async with FakeDiscord.running() as discord:
        given = settings(discord, tmp_path)
        invited = await asyncio.to_thread(lapwing, "discord-invite", settings=given)
        assert (invited.status, invited.err) == (0, "")
        asked = parse_qs(urlsplit(invited.out.strip()).query)
        assert asked["client_id"] == [APP_ID]
        await discord.adds_bot(discord.guild(bot=False), int(asked["permissions"][0]))
        examined = await asyncio.to_thread(lapwing, "doctor", settings=given)
        assert examined.status == 0, examined.out
        async with running(**given) as process:
            await discord.until(lambda: discord.gateway.ready and discord.commands.all(""), 30)
            assert await follow(discord)
            again = await asyncio.to_thread(lapwing, "doctor", settings=given)
            status, err = await ended(process, told=signal.SIGTERM)
        assert (status, err) == (0, "")
        assert "lookouts: alerts can be posted in the one channel in which something is watched" in again.out
        assert "are known to Discord" in again.out
        assert discord.complaints == []
    everything = invited.out + examined.out + examined.err + again.out + again.err + err
    assert discord.app.token not in everything


def test_the_section_names_every_permission_that_the_link_asks_for() -> None:
    asking = " ".join(SECTION.split())
    for name in (*POSTING.values(), *BESIDE.values()):
        assert name in asking, name
    assert "Send Messages, also in threads" in asking
    assert NEEDED.send_messages_in_threads


def test_every_setting_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"\b(DISCORD_[A-Z_]+)\b", README))
    assert named <= {name.upper() for name in Settings.model_fields}
