"""What people should not be able to do in Discord, and what happens when they try."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.discord.platform import Discord
from tests.fakes.discord import (
    EVERYBODY,
    MANAGE_CHANNELS,
    MENTION_EVERYONE,
    FakeDiscord,
    Message,
    Person,
    effects,
    pings,
)
from tests.fakes.discord_home import answered, asks, said
from tests.fakes.discord_server import QuickClient
from tests.fakes.lookout import a_line, judged, standing, until
from tests.fakes.lookout_discord import Home, cards, first_card, heard, labels, posted, whispers

RCE = "Critical security flaw in ExampleDB"


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    monkeypatch.setattr(Discord, "client_type", QuickClient)
    async with FakeDiscord.running() as running:
        running.guild(bot_permissions=EVERYBODY | MENTION_EVERYONE)  # whoever invites may tick any box
        running.channel("ops")
        yield running
        assert running.complaints == []


@pytest.fixture
def home(discord: FakeDiscord, tmp_path: Path) -> Home:
    home = Home(discord=discord, folder=tmp_path)
    home.plays(a_line(1, RCE))
    return home


async def test_nothing_that_people_write_or_are_called_does_anything_in_answers(
    discord: FakeDiscord, home: Home
) -> None:
    eve, ops = discord.person("@everyone **boss** <@&1>", permissions=MANAGE_CHANNELS), discord.channel("ops")
    bad = f"@everyone, <@{eve.id}>, **bold** [a](https://evil.example), ```code, discord.gg/abc"
    async with home.awake():
        await asks(discord, eve, ops, "/labels set", labels=f"security, {bad}")
        await asks(discord, eve, ops, "/watch", accounts="@vendor_sec")
        card = (await until(lambda: cards(ops)))[0]
        await asks(discord, eve, ops, "/labels describe", label="security", text=f"# {bad}")
        await asks(discord, eve, ops, "/config lock", user1=eve)
        for command, options in [
            ("/labels list", {}),
            ("/config show", {}),
            ("/config export", {}),
            ("/config log", {}),
            ("/test", {"text": f"security {bad}"}),
            ("/why", {"what": "@everyone <@1>"}),
            ("/watch", {"accounts": f"@x {bad}"}),
        ]:
            await asks(discord, eve, ops, command, **options)
        await eve.presses(card, "Not relevant")
        await until(lambda: "not relevant by" in said(card))
        everything = [*posted(ops), *eve.ephemerals(ops)]
        assert len(everything) > 10
        for message in everything:
            assert pings(message, discord.world) == []
            assert [one for one in effects(message, discord.world) if not _is_ours(message, one.kind, one.what)] == []


def _is_ours(message: Message, kind: str, what: str) -> bool:
    """The button Open post, and the block of code in which settings are copied."""
    return (kind, what) == ("link", "https://x.com/vendor_sec/status/1") or (
        what == "preformatted" and message.content.startswith("```yaml\n")
    )


async def test_a_deleted_message_takes_judgements_and_no_redraw(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        pressed = await ada.presses(card, "Relevant")
        card.deleted = True
        await answered(discord, pressed)
        await judged(app, ("Ada", "relevant", ""))
        await asyncio.sleep(3)
        assert "security" in await asks(discord, ada, ops, "/labels list")
    assert cards(ops) == []


async def test_a_reaction_to_what_is_no_alert_says_nothing(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake() as app:
        await first_card(discord, ada, ops)
        words = await ada.says(ops, "look at that")
        for message in (words, posted(ops)[0]):
            await ada.reacts(message, "❌")
            await ada.unreacts(message, "❌")
        await asyncio.sleep(0.3)
        assert await standing(app) == []


async def test_lists_as_long_as_discord_lets_them_be_are_refused_or_shown_whole(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        many = ", ".join(f"label {number}" for number in range(600))[:6_000]
        assert "too many" in await asks(discord, ada, ops, "/labels set", labels=many)
        assert "too long" in await asks(discord, ada, ops, "/labels set", labels="x" * 6_000)
        assert "Nothing was changed." in await asks(discord, ada, ops, "/watch", accounts="@" + "y" * 5_999)
        await asks(discord, ada, ops, "/labels set", labels="security")
        assert "security" in await asks(discord, ada, ops, "/test", text="security " * 600)
    assert len(posted(ops)) == 1


async def test_the_same_word_pressed_twice_at_once_counts_once(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await first_card(discord, ada, ops)
        watching = next(message for message in posted(ops) if "Watching @vendor_sec" in said(message))
        await asyncio.gather(ada.presses(watching, "Undo"), ada.presses(watching, "Undo"))
        await heard(ada, ops, "was undone already")
        await until(lambda: any("Took back" in said(message) for message in posted(ops)))
    assert sum("Took back" in said(message) for message in posted(ops)) == 1


async def test_who_lost_the_right_to_change_settings_is_refused_at_once(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await first_card(discord, ada, ops)
        await discord.denies(ops, ada, MANAGE_CHANNELS)
        shown = len(posted(ops))
        watching = next(message for message in posted(ops) if "Watching @vendor_sec" in said(message))
        await ada.presses(watching, labels(watching)[0])
        await until(lambda: any("may not change settings here" in text for text in whispers(ada, ops)))
        assert "may not change settings here" in await asks(discord, ada, ops, "/labels add", labels="patches")
    assert len(posted(ops)) == shown
