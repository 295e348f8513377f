"""Restarts, sessions that end, events that come twice or too early: one judgement, one message."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.discord import (
    BOT_USER,
    FakeDiscord,
    Fault,
    Interaction,
    Message,
    Person,
    late,
    rate_limited,
    server_error,
    slow_reply,
)
from tests.fakes.discord import interactions as interactions_of
from tests.fakes.discord_home import asks, said
from tests.fakes.lookout import a_line, judged, standing, until
from tests.fakes.lookout_discord import Home, cards, first_card, heard, labels, posted, whispers

RCE = "Critical security flaw in ExampleDB"
SEND = "POST /channels/{channel_id}/messages"
REST_MEMBER = "GET /guilds/{guild_id}/members/{user_id}"
COMMANDS = "GET /applications/{application_id}/commands"
HISTORY = "GET /channels/{channel_id}/messages"
WHO_REACTED = "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji}"


@pytest.fixture
def home(discord: FakeDiscord, tmp_path: Path) -> Home:
    home = Home(discord=discord, folder=tmp_path)
    home.plays(a_line(1, RCE))
    return home


async def test_after_a_restart_old_buttons_work_and_reactions_are_read(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, cem, robot = discord.person("ben"), discord.person("cem"), discord.person("robot")
    robot.user.bot = True
    ops = discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ada.reacts(card, "❌")
        await cem.reacts(card, "❌")
        await judged(app, ("Ada", "not relevant", ""), ("Cem", "not relevant", ""))
    await ada.unreacts(card, "❌")
    await ben.reacts(card, "👍🏽")
    await robot.reacts(card, "❌")
    async with home.awake() as app:
        await judged(app, ("Ben", "relevant", ""), ("Cem", "not relevant", ""))
        await ada.presses(card, "Relevant")
        await judged(app, ("Ada", "relevant", ""), ("Ben", "relevant", ""), ("Cem", "not relevant", ""))
        await ada.presses(card, "Why?")
        await heard(ada, ops, "Alert 1")
        await ada.presses(card, "More")
        more = await heard(ada, ops, "What else about alert 1?")
        watching = next(message for message in posted(ops) if "Watching @vendor_sec" in said(message))
        await ada.presses(watching, "Undo")
        await until(lambda: any("Took back" in said(message) for message in posted(ops)))
    async with home.awake() as app:  # what only one person sees lives as long
        await ada.presses(more, "Wrong label: security")
        await judged(
            app,
            ("Ada", "not relevant", "wrong label: security"),
            ("Ben", "relevant", ""),
            ("Cem", "not relevant", ""),
        )
    assert cards(ops) == [card]


async def test_buttons_from_another_time_say_so(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        await asks(discord, ada, ops, "/test", text="a security hole")
        shareable = ada.ephemerals(ops)[-1]
        for unknown in ("lw0|relevant|1|key", "feed_me", "lw1|dance|1|key"):
            assert (await presses_one(ada, card, unknown)).acknowledged
        await until(lambda: sum("I do not know that button" in text for text in whispers(ada, ops)) == 3)
        await presses_one(ada, card, "lw1|relevant|999|key")
        await heard(ada, ops, "There is no alert 999 in this channel.")
        for verb in ("show", "more"):
            await presses_one(ada, card, f"lw1|{verb}|999|key")
        await until(lambda: sum("Alert 999 is not there any more." in text for text in whispers(ada, ops)) == 2)
    async with home.awake():
        shown = len(posted(ops))
        await ada.presses(shareable, "Share")
        await heard(ada, ops, "That answer is too old to be shared. Ask again, then share.")
        assert len(posted(ops)) == shown


async def presses_one(person: Person, message: Message, custom_id: str) -> Interaction:
    """Press a button that the message had in another time."""
    message.payload["components"][0]["components"][0]["custom_id"] = custom_id
    return await person.sends_component(message, custom_id)


async def test_another_channels_alert_is_nobodys_business_here(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops, other = discord.channel("ops"), discord.channel("other")
    async with home.awake() as app:
        await first_card(discord, ada, ops)
        await asks(discord, ada, other, "/labels set", labels="security")
        elsewhere = posted(other)[0]
        for verb, expected in [("relevant", "There is no alert 1"), ("show", "not there"), ("more", "not there")]:
            await presses_one(ada, elsewhere, f"lw1|{verb}|1|key")
            await heard(ada, other, expected)
            ada.deletes(ada.ephemerals(other)[-1])
        assert await standing(app) == []


async def test_what_came_while_a_session_was_lost_is_read(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ada.reacts(card, "❌")
        await judged(app, ("Ada", "not relevant", ""))
        await discord.gateway.invalidate(resumable=False)
        await ada.unreacts(card, "❌")
        await ben.reacts(card, "✅")
        await judged(app, ("Ben", "relevant", ""))
        assert discord.commands.writes == 1


async def test_somebody_who_reacts_while_reactions_are_read_has_judged(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, eve, ops = discord.person("ben"), discord.person("eve"), discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
    await ben.reacts(card, "✅")
    discord.faults.next(WHO_REACTED, slow_reply(0.8))
    async with home.awake() as app:
        await until(lambda: discord.faults.met)
        await eve.reacts(card, "❌")
        await judged(app, ("Ben", "relevant", ""), ("Eve", "not relevant", ""))


async def test_reactions_are_read_though_discord_takes_no_commands(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
    await ada.reacts(card, "✅")
    discord.faults.next(COMMANDS, server_error(503))
    async with home.awake() as app:
        await judged(app, ("Ada", "relevant", ""))
    assert discord.faults.met


async def test_super_reactions_are_read_at_the_start_as_well(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, eve, ops = discord.person("ben"), discord.person("eve"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ben.reacts(card, "✅", burst=True)
        await judged(app, ("Ben", "relevant", ""))
    await eve.reacts(card, "✅")
    async with home.awake() as app:
        await judged(app, ("Ben", "relevant", ""), ("Eve", "relevant", ""))


async def test_an_interaction_that_comes_twice_counts_once(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        pressed = await ada.presses(card, "Relevant")
        await heard(ada, ops, "marked relevant by Ada.")
        await discord.gateway.emit("INTERACTION_CREATE", interactions_of.payload(discord.world, pressed))
        await asyncio.sleep(0.3)
        assert not any("already" in text for text in whispers(ada, ops))


async def test_a_reaction_to_an_alert_that_discord_has_not_confirmed_yet_is_taken(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake() as app:
        await asks(discord, ada, ops, "/labels set", labels="security")
        discord.faults.next(SEND, slow_reply(0.6))
        await ada.uses(ops, "/watch", accounts="@vendor_sec")
        card = (await until(lambda: cards(ops)))[0]
        await ada.reacts(card, "❌")  # before anybody but Discord knows that this is an alert
        await judged(app, ("Ada", "not relevant", ""))


@pytest.mark.parametrize("fault", [rate_limited(1.0), server_error(500)])
async def test_a_reaction_whose_person_cannot_be_looked_up_is_taken_later(
    discord: FakeDiscord, home: Home, ada: Person, fault: Fault
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ben.reacts(card, "❌")
        await judged(app, ("Ben", "not relevant", ""))
        discord.faults.next(REST_MEMBER, fault)
        await ben.unreacts(card, "❌")
        await judged(app)


async def test_reactions_that_cannot_be_read_at_the_start_keep_nobody_from_anything(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
    await ben.reacts(card, "✅")
    discord.faults.next(HISTORY, late(3.0))
    async with home.awake() as app:
        assert "security" in await asks(discord, ada, ops, "/labels list")
        await ada.presses(card, "Relevant")
        await heard(ada, ops, "marked relevant by Ada.")
        await judged(app, ("Ada", "relevant", ""), ("Ben", "relevant", ""))


async def test_a_server_that_invites_us_back_gets_what_was_held(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops, guild = discord.channel("ops"), discord.guild()
    home.plays(a_line(1, RCE), a_line(2, "Another security hole", after_s=4.0))
    async with home.awake():
        card = await first_card(discord, ada, ops)
        await discord.removes_bot(guild)
        await asyncio.sleep(5)
        assert cards(ops) == [card]
        await discord.adds_bot(guild)
        await until(lambda: len(cards(ops)) == 2)
    assert all(message.author == BOT_USER for message in posted(ops))
    assert "Relevant" in labels(cards(ops)[1])
