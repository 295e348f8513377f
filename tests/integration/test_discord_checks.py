"""What the doctor finds out about Discord, asked of the local Discord."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
from discord import Permissions

from bot.chat.discord.checks import Access, AppUnusableError, application_of, examine
from bot.chat.discord.client import Client, log_in, point_at
from bot.chat.discord.invite import NEEDED, link
from bot.chat.discord.permissions import POSTING_IN_THREADS, missing
from bot.chat.discord.servers import denied, timed_out
from bot.chat.discord.tree import Tree, sync
from bot.chat.findings import Finding
from storage.types import Channel as Watching
from storage.types import ChannelKey
from tests.fakes.builders import a_channel
from tests.fakes.discord import (
    ADMINISTRATOR,
    APP_ID,
    EMBED_LINKS,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    Channel,
    FakeDiscord,
    Guild,
    redirected,
    reply_lost,
    server_error,
)
from tests.fakes.discord.app import MESSAGE_CONTENT
from tests.fakes.discord.permissions import SEND_MESSAGES_IN_THREADS, Overwrite
from tests.fakes.discord.world import BOT_USER

LINK = link(int(APP_ID))


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        with redirected(running):  # and back again, whatever is pointed elsewhere meanwhile
            yield running


def access(discord: FakeDiscord) -> Access:
    return Access(token=discord.app.token, api_url=discord.api_url, gateway_url=discord.gateway_url)


def watched(*channels: Channel) -> list[Watching]:
    return [
        a_channel(one.name, key=ChannelKey(platform="discord", workspace=str(one.guild), channel=one.id))
        for one in channels
    ]


async def look(asked: Access, watching: Iterable[Watching] = ()) -> list[Finding]:
    return [found async for found in examine(asked, list(watching))]


def well(found: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(one.about, one.text) for one in found if not one.wrong]


def wrong(found: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(one.about, one.text) for one in found if one.wrong]


async def tell_commands(discord: FakeDiscord) -> None:
    """As `lapwing run` does at its start."""
    point_at(discord.api_url, discord.gateway_url)
    client = Client()
    try:
        await log_in(client, discord.app.token)
        assert await sync(Tree(client))
    finally:
        await client.close()


async def test_an_app_that_was_invited_by_our_link_is_sound(discord: FakeDiscord) -> None:
    ops = discord.channel("ops", guild=discord.guild(bot_permissions=NEEDED.value))
    await tell_commands(discord)
    count = len(discord.commands.all(""))
    assert await look(access(discord), watched(ops)) == [
        Finding(about="discord", text="Lapwing as @lapwing"),
        Finding(about="intents", text="none of the privileged ones is needed"),
        Finding(about="commands", text=f"all {count} are known to Discord"),
        Finding(about="gateway", text="it answers; nothing in your network need be reachable from outside"),
        Finding(about="server", text="lookouts: alerts can be posted in the one channel in which something is watched"),
    ]


async def test_nothing_is_changed_by_looking_and_nobody_is_thrown_out(discord: FakeDiscord) -> None:
    ops = discord.channel("ops")
    await look(access(discord), watched(ops))
    assert {call.route.partition(" ")[0] for call in discord.calls} == {"GET"}
    assert discord.complaints == []
    assert not discord.gateway.ready, "an IDENTIFY would count among the starts of the day"


async def test_before_the_first_run_discord_knows_no_commands_which_is_no_fault(discord: FakeDiscord) -> None:
    discord.guild()
    found = await look(access(discord))
    assert ("commands", "Discord knows none yet: the first `lapwing run` tells it") in well(found)


async def test_commands_of_an_older_lapwing_are_no_fault_either(discord: FakeDiscord) -> None:
    discord.guild()
    await tell_commands(discord)
    older = discord.commands.all("")[0]
    discord.commands.write("", [{"name": older["name"], "description": "something else", "type": 1}])
    found = await look(access(discord))
    assert ("commands", "Discord knows others than these: the next `lapwing run` tells it") in well(found)


async def test_an_interactions_endpoint_takes_every_command_away_from_us(discord: FakeDiscord) -> None:
    discord.guild()
    discord.app.interactions_endpoint = "https://elsewhere.example/interactions"
    (problem,) = wrong(await look(access(discord)))
    assert problem[0] == "commands"
    assert "https://elsewhere.example/interactions, so none reaches Lapwing" in problem[1]
    assert "General Information" in problem[1]


async def test_an_intent_that_is_switched_on_is_named_as_not_needed(discord: FakeDiscord) -> None:
    discord.guild()
    discord.app.privileged_intents = MESSAGE_CONTENT
    found = await look(access(discord))
    assert ("intents", "none of the privileged ones is needed; on and not needed: Message Content") in well(found)


async def test_a_token_that_discord_refuses_says_where_to_get_one(discord: FakeDiscord) -> None:
    given = replace(access(discord), token="MTIz.GaB.of-nobody")
    (problem,) = await look(given)
    assert problem.wrong
    assert problem.about == "discord"
    assert "Reset Token" in problem.text
    assert "of-nobody" not in problem.text


async def test_a_discord_that_is_away_is_named_with_its_address(discord: FakeDiscord) -> None:
    nowhere = replace(access(discord), api_url="http://127.0.0.1:9/api/v10")
    (problem,) = wrong(await look(nowhere))
    assert "Discord cannot be reached" in problem[1]
    assert "http://127.0.0.1:9/api/v10: look at the network, the proxy and DISCORD_API_URL." in problem[1]


async def test_what_is_not_discord_is_no_traceback(discord: FakeDiscord) -> None:
    async def page(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text="<h1>Welcome to the hotel</h1>", content_type="text/html")

    site = aiohttp.web.Application()
    site.router.add_route("*", "/{rest:.*}", page)
    runner = aiohttp.web.AppRunner(site)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    try:
        (problem,) = wrong(await look(replace(access(discord), api_url=address)))
    finally:
        await runner.cleanup()
    assert problem[1].startswith("What answers is not Discord.")
    assert address in problem[1]


async def test_a_discord_that_fails_in_the_middle_is_told_after_what_was_found(discord: FakeDiscord) -> None:
    discord.faults.next("GET /users/@me/guilds", server_error(503))
    found = await look(access(discord))
    assert [one.about for one in found] == ["discord", "intents", "commands", "gateway", "discord"]
    assert "503" in wrong(found)[0][1]


async def test_a_connection_that_is_cut_is_told(discord: FakeDiscord) -> None:
    discord.faults.next("GET /users/@me", reply_lost(), reply_lost())  # aiohttp itself asks twice
    (problem,) = wrong(await look(access(discord)))
    assert "DISCORD_API_URL" in problem[1]


async def test_a_gateway_that_cannot_be_reached_is_told_apart_from_the_rest(discord: FakeDiscord) -> None:
    discord.guild()
    given = replace(access(discord), gateway_url="ws://127.0.0.1:9/gateway/")
    (problem,) = wrong(await look(given))
    assert problem[0] == "gateway"
    assert "wss://gateway.discord.gg, port 443" in problem[1]
    assert "DISCORD_GATEWAY_URL" in problem[1]


async def test_the_gateway_is_sought_where_discord_says_when_no_other_is_named(discord: FakeDiscord) -> None:
    discord.guild()
    assert not wrong(await look(replace(access(discord), gateway_url="")))


async def test_a_day_on_which_no_start_is_left_is_told(discord: FakeDiscord) -> None:
    discord.guild()
    discord.app.identifies_left = 0
    (problem,) = wrong(await look(access(discord)))
    assert problem[0] == "gateway"
    assert "1000 starts a day, and they are used up for 4.0 hours" in problem[1]


async def test_an_app_that_is_in_no_server_yet_is_told_the_link(discord: FakeDiscord) -> None:
    (problem,) = wrong(await look(access(discord)))
    assert problem == ("server", f"Lapwing is in none yet. Open {LINK}")


async def test_an_app_that_no_link_can_add_is_told_that_instead(discord: FakeDiscord) -> None:
    discord.app.requires_code_grant = True
    (problem,) = wrong(await look(access(discord)))
    assert "OAuth2 Code Grant off" in problem[1]
    assert LINK not in problem[1]


async def test_a_server_in_which_nothing_is_watched_is_named(discord: FakeDiscord) -> None:
    discord.guild("newcomers")
    assert ("server", "newcomers: nothing is watched there yet") in well(await look(access(discord)))


async def test_a_server_that_removed_us_is_told_with_its_channels(discord: FakeDiscord) -> None:
    discord.guild("loyal")
    ops = discord.channel("ops", guild=discord.guild("disloyal", bot=False))
    ((about, text),) = wrong(await look(access(discord), watched(ops)))
    assert about == "server"
    assert text.startswith("Lapwing is no more in that of #ops.")
    assert text.endswith(LINK)


async def test_what_a_channel_denies_is_named_with_where_to_click(discord: FakeDiscord) -> None:
    ops, dev = discord.channel("ops"), discord.channel("dev")
    await discord.denies(ops, None, EMBED_LINKS | READ_MESSAGE_HISTORY)
    found = await look(access(discord), watched(ops, dev))
    ((about, text),) = wrong(found)
    assert about == "channel"
    assert text.startswith("#ops in lookouts: missing Embed Links, Read Message History. Open Edit Channel")
    assert "Server Settings" not in text
    fine = "lookouts: alerts can be posted in 1 of the 2 channels in which something is watched"
    assert ("server", fine) in well(found)


async def test_what_the_whole_server_denies_is_mended_once_for_all_channels(discord: FakeDiscord) -> None:
    home = discord.guild(bot_permissions=VIEW_CHANNEL)
    home.roles[home.id].permissions = VIEW_CHANNEL | READ_MESSAGE_HISTORY
    ops = discord.channel("ops")
    await discord.denies(ops, None, READ_MESSAGE_HISTORY)
    ((_, text),) = wrong(await look(access(discord), watched(ops)))
    assert "missing Send Messages, Embed Links, Read Message History." in text
    assert "Server Settings, Roles, Lapwing's role, Permissions, and switch on Send Messages, Embed Links." in text
    assert "add Lapwing's role and allow Read Message History." in text


async def test_of_a_channel_that_it_does_not_see_only_what_is_lacking_is_named(discord: FakeDiscord) -> None:
    ada = discord.person("ada")
    secret = discord.channel("secret", private_to=[ada])
    ((_, text),) = wrong(await look(access(discord), watched(secret)))
    assert text.startswith("#secret in lookouts: missing View Channel. ")


@pytest.mark.parametrize("let_in", ["the bot", "its role"])
async def test_a_channel_that_lets_the_bot_in_is_sound_whatever_it_denies_to_all(
    discord: FakeDiscord, let_in: str
) -> None:
    home = discord.guild()
    ops = discord.channel("ops", private_to=[])
    ops.overwrites[home.id] = Overwrite(deny=VIEW_CHANNEL | SEND_MESSAGES)
    (role,) = home.members[BOT_USER]
    ops.overwrites[BOT_USER if let_in == "the bot" else role] = Overwrite(allow=VIEW_CHANNEL | SEND_MESSAGES)
    assert not wrong(await look(access(discord), watched(ops)))


async def test_an_administrator_may_post_anywhere(discord: FakeDiscord) -> None:
    discord.guild(bot_permissions=ADMINISTRATOR)
    assert not wrong(await look(access(discord), watched(discord.channel("secret", private_to=[]))))


async def test_a_channel_that_was_deleted_is_told_and_hides_no_other(discord: FakeDiscord) -> None:
    ops, dev = discord.channel("ops"), discord.channel("dev")
    await discord.deletes_channel(ops)
    await discord.denies(dev, None, SEND_MESSAGES)
    (gone, denying) = wrong(await look(access(discord), watched(ops, dev)))
    assert gone[1] == "#ops in lookouts: this channel does not exist any more. What was set there is kept."
    assert denying[1].startswith("#dev in lookouts: missing Send Messages.")


async def test_in_a_thread_its_own_permission_counts_and_not_that_of_its_channel(discord: FakeDiscord) -> None:
    ops = discord.channel("ops")
    thread = discord.thread("incident", ops)
    await discord.denies(ops, None, SEND_MESSAGES)
    assert not wrong(await look(access(discord), watched(thread)))
    await discord.denies(ops, None, SEND_MESSAGES_IN_THREADS)
    ((_, text),) = wrong(await look(access(discord), watched(thread)))
    assert text.startswith(
        "#incident in lookouts: missing Send Messages in Threads. Open Edit Channel (the gear at #ops)"
    )


async def test_a_locked_thread_is_told(discord: FakeDiscord) -> None:
    thread = discord.thread("incident", discord.channel("ops"))
    thread.locked = True
    ((_, text),) = wrong(await look(access(discord), watched(thread)))
    assert text == "#incident in lookouts: this thread is locked. In its menu, Unlock Thread."


async def test_a_kind_of_channel_that_nobody_knows_yet_hides_no_other(discord: FakeDiscord) -> None:
    ops, dev, odd = (discord.channel(name) for name in ("ops", "dev", "odd"))
    odd.type = 99
    await discord.denies(dev, None, EMBED_LINKS)
    found = wrong(await look(access(discord), watched(ops, dev, odd)))
    assert [text.partition(":")[0] for _, text in found] == ["#dev in lookouts", "#odd in lookouts"]
    assert "missing Embed Links" in found[0][1]


async def test_every_server_is_looked_at(discord: FakeDiscord) -> None:
    guilds: list[Guild] = [discord.guild(name) for name in ("one", "two")]
    channels = [discord.channel("ops", guild=guild) for guild in guilds]
    found = await look(access(discord), watched(*channels))
    assert [text.partition(":")[0] for about, text in well(found) if about == "server"] == ["one", "two"]


async def test_no_finding_shows_the_token(discord: FakeDiscord) -> None:
    discord.faults.next("GET /gateway/bot", server_error(503))
    found = await look(access(discord), watched(discord.channel("ops")))
    assert discord.app.token not in str(found)


async def test_the_app_is_found_by_its_token(discord: FakeDiscord) -> None:
    application = await application_of(access(discord))
    assert (application.id, application.name) == (int(APP_ID), "Lapwing")
    with pytest.raises(AppUnusableError, match="Reset Token"):
        await application_of(replace(access(discord), token="MTIz.GaB.of-nobody"))


def test_a_thread_takes_the_permission_for_threads_and_not_the_one_for_channels() -> None:
    held = Permissions(view_channel=True, embed_links=True, read_message_history=True)
    assert missing(held) == ["Send Messages"]
    assert missing(held, POSTING_IN_THREADS) == ["Send Messages in Threads"]


def test_a_time_out_is_told_with_its_end() -> None:
    found = timed_out("lookouts", datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert found.wrong
    assert "until 2026-11-21 12:00 UTC" in found.text
    assert "Remove Timeout" in found.text


def test_what_is_lacking_here_and_everywhere_is_told_apart() -> None:
    found = denied("#ops in lookouts", "ops", ["Send Messages", "Embed Links"], of_role=["Embed Links"])
    assert found.text == (
        "#ops in lookouts: missing Send Messages, Embed Links. Open Server Settings, Roles, Lapwing's role, "
        "Permissions, and switch on Embed Links. Open Edit Channel (the gear at #ops), Permissions, add Lapwing's "
        "role and allow Send Messages."
    )
