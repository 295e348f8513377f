"""The local Discord's REST API, with the real discord.py: commands, messages, permissions, limits, faults."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.contracts.discord_clients import Listener, listening
from tests.fakes.discord import (
    APP_ID,
    EMBED_LINKS,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    FakeDiscord,
    Limits,
    banned,
    hanging,
    late,
    never_arrived,
    rate_limited,
    reply_lost,
    server_error,
)

SEND = "POST /channels/{channel_id}/messages"
WIDE = (10_000, 1.0)


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running(limits=Limits(messages=WIDE, edits=WIDE)) as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


@pytest.fixture
async def client(local: FakeDiscord) -> AsyncIterator[Listener]:
    async with listening(local, sync=False) as running:
        yield running


@pytest.fixture
def ops(local: FakeDiscord, client: Listener) -> discord.TextChannel:
    channel = client.get_channel(int(local.channel("ops").id))
    assert isinstance(channel, discord.TextChannel)
    return channel


def contents(local: FakeDiscord) -> list[str]:
    return [message.content for message in local.person("reader").sees(local.channel("ops"))]


async def refused(work: Any) -> tuple[int, int]:
    with pytest.raises(discord.HTTPException) as error:
        await work
    return error.value.status, error.value.code


# --- commands --------------------------------------------------------------------------------------------------------


async def test_commands_written_again_keep_their_ids(local: FakeDiscord, client: Listener) -> None:
    first = {command.name: command.id for command in await client.tree.sync()}
    client.tree.remove_command("lock")
    second = {command.name: command.id for command in await client.tree.sync()}
    assert set(first) - set(second) == {"lock"}
    assert all(first[name] == second[name] for name in second)
    assert [command.id for command in await client.tree.fetch_commands()] == list(second.values())
    assert local.commands.writes == 2


async def test_who_may_use_a_command_is_kept(local: FakeDiscord, client: Listener) -> None:
    commands = {command.name: command for command in await client.tree.sync()}
    assert commands["lock"].default_member_permissions == discord.Permissions(manage_channels=True)
    assert commands["watch"].default_member_permissions is None


async def test_a_bad_command_is_refused_and_nothing_is_written(local: FakeDiscord, client: Listener) -> None:
    await client.tree.sync()
    before = local.commands.all()
    client.tree.add_command(
        app_commands.Command(name="ok", description="x" * 100, callback=_nothing),
    )
    command = client.tree.get_command("ok")
    assert isinstance(command, app_commands.Command)
    command.description = "x" * 101
    with pytest.raises(app_commands.CommandSyncFailure, match="description"):
        await client.tree.sync()
    assert local.commands.all() == before


async def _nothing(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.defer()


def _chat(name: str = "a", **changes: Any) -> dict[str, Any]:
    return {"name": name, "type": 1, "description": "what it does", **changes}


def _option(name: str = "o", **changes: Any) -> dict[str, Any]:
    return {"name": name, "type": 3, "description": "what it is", **changes}


@pytest.mark.parametrize(
    "commands",
    [
        [_chat("Upper")],
        [_chat("with space")],
        [_chat("x" * 33)],
        [_chat(description="")],
        [_chat(), _chat()],
        [_chat(f"c{number}") for number in range(101)],
        [_chat(options=[_option(f"o{number}") for number in range(26)])],
        [_chat(options=[_option(), _option()])],
        [_chat(options=[_option("a"), _option("b", required=True)])],
        [_chat(options=[_option(choices=[{"name": str(it), "value": str(it)} for it in range(26)])])],
        [_chat(options=[_option(autocomplete=True, choices=[{"name": "a", "value": "a"}])])],
        [_chat(options=[_option("a", type=1), _option("b")])],
        [_chat(options=[_option("a", type=2, options=[_option("b", type=2)])])],
        [{"name": f"Menu {number}", "type": 3} for number in range(16)],
        [{"name": "Menu", "type": 3, "description": "no"}],
    ],
)  # fmt: skip
async def test_commands_beyond_the_limits_are_refused(
    client: Listener, local: FakeDiscord, commands: list[dict[str, Any]]
) -> None:
    write = client.http.bulk_upsert_global_commands(int(APP_ID), payload=commands)
    assert await refused(write) == (400, 50035)
    assert local.commands.all() == []


async def test_a_hundred_commands_with_all_there_may_be_are_taken(client: Listener, local: FakeDiscord) -> None:
    options = [_option("a", type=2, options=[_option("b", type=1, options=[_option("c", required=True)])])]
    commands: list[Any] = [_chat(f"c{number}", options=options) for number in range(100)]
    assert len(await client.http.bulk_upsert_global_commands(int(APP_ID), payload=commands)) == 100
    guild = int(local.guild().id)
    own: list[Any] = [_chat("own")]
    assert len(await client.http.bulk_upsert_guild_commands(int(APP_ID), guild, payload=own)) == 1
    assert [command["guild_id"] for command in local.commands.all(local.guild().id)] == [local.guild().id]


# --- messages --------------------------------------------------------------------------------------------------------


async def test_the_same_nonce_gives_the_first_message_for_a_few_minutes(
    local: FakeDiscord, ops: discord.TextChannel
) -> None:
    first = await ops.send("one", nonce="key-1")
    assert (await ops.send("one", nonce="key-1")).id == first.id
    assert (await ops.send("two", nonce="key-2")).id != first.id
    assert contents(local) == ["one", "two"]
    local.world.advance(minutes=4)
    await ops.send("one", nonce="key-1")
    assert contents(local) == ["one", "two", "one"]


async def test_a_nonce_without_enforcement_changes_nothing(local: FakeDiscord) -> None:
    url = f"{local.api_url}/channels/{local.channel('ops').id}/messages"
    headers = {"Authorization": f"Bot {local.app.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for _ in range(2):
            async with session.post(url, json={"content": "x", "nonce": "n"}) as answer:
                assert answer.headers["Content-Type"] == "application/json"
                assert answer.headers["Via"]
                assert (await answer.json())["nonce"] == "n"
    assert contents(local) == ["x", "x"]


def _embed(**changes: Any) -> discord.Embed:
    return discord.Embed(**changes)


def _many(count: int) -> discord.Embed:
    embed = discord.Embed()
    for _ in range(count):
        embed.add_field(name="n", value="v")
    return embed


def _links(*labels: str, rows: int = 1) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for row in range(rows):
        for label in labels:
            view.add_item(discord.ui.Button(label=label, url="https://example.com", row=row))
    return view


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"content": "x" * 2001}, 50035),
        ({"content": " "}, 50006),
        ({"content": "x", "nonce": "n" * 26}, 50035),
        ({"embed": _embed(title="x" * 257)}, 50035),
        ({"embed": _embed(description="x" * 4097)}, 50035),
        ({"embed": _many(26)}, 50035),
        ({"embed": _embed().add_field(name="n", value="x" * 1025)}, 50035),
        ({"embed": _embed().add_field(name="", value="x")}, 50035),
        ({"embed": _embed(title="t").set_footer(text="x" * 2049)}, 50035),
        ({"embed": _embed(title="t").set_author(name="x" * 257)}, 50035),
        ({"embed": _embed(title="t", url="ftp://x")}, 50035),
        ({"embeds": [_embed(description="x" * 3001), _embed(description="x" * 3000)]}, 50035),
    ],
)
async def test_content_beyond_the_limits_is_refused(
    local: FakeDiscord, ops: discord.TextChannel, content: dict[str, Any], code: int
) -> None:
    assert await refused(ops.send(**content)) == (400, code)
    assert contents(local) == []


async def test_content_at_the_limits_is_taken(local: FakeDiscord, ops: discord.TextChannel) -> None:
    await ops.send("x" * 2000, embeds=[_embed(description="x" * 3000), _embed(description="x" * 3000)], nonce="n" * 25)
    await ops.send(embed=_many(25), view=_links(*"abcde", rows=5))
    assert len(contents(local)) == 2


@pytest.mark.parametrize(
    "rows",
    [
        [{"type": 1, "components": []}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": str(n)} for n in range(6)]}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": str(n)}]} for n in range(6)],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a"} for _ in range(2)]}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a" * 101}]}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}]}],
        [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "a"}]}],
        [{"type": 1, "components": [{"type": 2, "style": 5, "label": "x", "url": "javascript:x"}]}],
        [{"type": 2, "style": 1, "label": "x", "custom_id": "a"}],
    ],
)
async def test_components_beyond_the_limits_are_refused(
    local: FakeDiscord, client: Listener, rows: list[dict[str, Any]]
) -> None:
    params = discord.http.MultipartParameters(payload={"content": "x", "components": rows}, multipart=None, files=None)
    assert await refused(client.http.send_message(int(local.channel("ops").id), params=params)) == (400, 50035)


async def test_history_is_read_forwards_and_backwards(local: FakeDiscord, ops: discord.TextChannel) -> None:
    sent = [await ops.send(str(number)) for number in range(120)]
    assert [it.content async for it in ops.history(limit=None, oldest_first=True)] == [str(n) for n in range(120)]
    assert [it.content async for it in ops.history(limit=3, before=sent[10])] == ["9", "8", "7"]
    assert [it.content async for it in ops.history(limit=3, after=sent[10])] == ["11", "12", "13"]
    assert (await ops.fetch_message(sent[5].id)).content == "5"


async def test_messages_are_edited_and_deleted(local: FakeDiscord, ops: discord.TextChannel) -> None:
    message = await ops.send("one", embed=_embed(title="t"))
    edited = await message.edit(content="two")
    assert (edited.content, edited.edited_at is not None, len(edited.embeds)) == ("two", True, 1)
    await message.delete()
    assert await refused(message.edit(content="three")) == (404, 10008)
    theirs = await local.person("ada").says(local.channel("ops"), "mine")
    assert await refused(ops.get_partial_message(int(theirs.id)).edit(content="no")) == (403, 50005)
    assert await refused(ops.get_partial_message(int(theirs.id)).delete()) == (403, 50013)


async def test_edits_of_old_messages_are_few(local: FakeDiscord, client: Listener, ops: discord.TextChannel) -> None:
    local.limits = Limits(messages=WIDE, edits=WIDE, old_edits=(3, 0.05))
    message = await ops.send("0")
    for number in range(5):
        await message.edit(content=str(number))
    local.world.advance(hours=2)
    url = f"{local.api_url}/channels/{ops.id}/messages/{message.id}"
    codes = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {local.app.token}"}) as session:
        for _ in range(4):
            async with session.patch(url, json={"content": "old"}) as answer:
                codes.append((answer.status, (await answer.json()).get("code")))
    assert codes == [(200, None)] * 3 + [(429, 30046)]
    await message.edit(content="at last")  # discord.py waits and tries again
    assert contents(local) == ["at last"]


# --- who may ---------------------------------------------------------------------------------------------------------


async def test_what_is_denied_to_the_bot_is_refused(local: FakeDiscord, ops: discord.TextChannel) -> None:
    here = local.channel("ops")
    message = await ops.send("one")
    await local.denies(here, None, EMBED_LINKS)
    assert await refused(ops.send(embed=_embed(title="t"))) == (403, 50013)
    await local.denies(here, None, READ_MESSAGE_HISTORY)
    assert [it async for it in ops.history()] == []
    assert await refused(ops.fetch_message(message.id)) == (403, 50013)
    await local.denies(here, None, SEND_MESSAGES)
    assert await refused(ops.send("two")) == (403, 50013)
    await local.denies(here, None, VIEW_CHANNEL)
    assert await refused(ops.send("two")) == (403, 50001)
    await local.deletes_channel(here)
    assert await refused(ops.send("two")) == (404, 10003)
    assert local.limits.invalid == 4  # the 404 does not count


async def test_a_bot_removed_from_a_guild_has_no_access(
    local: FakeDiscord, client: Listener, ops: discord.TextChannel
) -> None:
    await local.removes_bot(local.guild())
    assert await refused(ops.send("one")) == (403, 50001)
    assert await refused(client.fetch_guild(ops.guild.id)) == (404, 10004)


async def test_guilds_members_and_channels_are_read(
    local: FakeDiscord, client: Listener, ops: discord.TextChannel
) -> None:
    ada = local.person("ada", permissions=16)
    guild = await client.fetch_guild(ops.guild.id)
    assert (await guild.fetch_member(int(ada.id))).name == "ada"
    assert await refused(guild.fetch_member(1)) == (404, 10007)
    fetched = await client.fetch_channel(ops.id)
    assert isinstance(fetched, discord.TextChannel)
    assert fetched.name == "ops"
    assert [it.name async for it in client.fetch_guilds()] == ["lookouts"]


async def test_direct_messages_reach_people_who_take_them(local: FakeDiscord, client: Listener) -> None:
    ada = local.person("ada")
    user = await client.fetch_user(int(ada.id))
    await user.send("hello")
    assert [message.content for message in ada.sees(local.direct(ada))] == ["hello"]
    ada.user.takes_messages = False
    assert await refused(user.send("again")) == (403, 50007)


# --- limits and faults -----------------------------------------------------------------------------------------------


async def test_discord_py_waits_for_its_bucket_and_is_never_refused(
    local: FakeDiscord, ops: discord.TextChannel
) -> None:
    local.limits = Limits(messages=(2, 0.2))
    await asyncio.gather(*(ops.send(str(number)) for number in range(5)))
    assert len(contents(local)) == 5
    assert local.limits.refused == []


async def test_a_bucket_overrun_is_answered_429(local: FakeDiscord) -> None:
    local.limits = Limits(messages=(1, 5.0))
    url = f"{local.api_url}/channels/{local.channel('ops').id}/messages"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {local.app.token}"}) as session:
        async with session.post(url, json={"content": "x"}) as answer:
            first = answer
        async with session.post(url, json={"content": "x"}) as answer:
            body = await answer.json()
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("1", "0")
    assert (answer.status, answer.headers["X-RateLimit-Scope"]) == (429, "user")
    assert 4 < body["retry_after"] <= 5
    assert float(answer.headers["Retry-After"]) == body["retry_after"]


async def test_the_global_limit_names_itself(local: FakeDiscord) -> None:
    local.limits = Limits(global_per_s=1)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {local.app.token}"}) as session:
        for _ in range(2):
            async with session.get(f"{local.api_url}/users/@me") as answer:
                body = await answer.json()
    assert (answer.headers["X-RateLimit-Scope"], body["global"]) == ("global", True)


@pytest.mark.parametrize("is_global", [False, True])
async def test_discord_py_repeats_after_a_429(local: FakeDiscord, ops: discord.TextChannel, is_global: bool) -> None:
    local.faults.next(SEND, rate_limited(0.1, is_global=is_global))
    await ops.send("one")
    assert contents(local) == ["one"]
    assert [call.status for call in local.calls if call.route == SEND] == [429, 200]


async def test_a_ban_has_no_via_header_and_ends_the_request(local: FakeDiscord, ops: discord.TextChannel) -> None:
    local.faults.next(SEND, banned())
    assert (await refused(ops.send("one")))[0] == 429
    local.limits = Limits(invalid_most=2)
    for _ in range(2):
        local.limits.note_status(403)
    assert (await refused(ops.send("one")))[0] == 429


async def test_a_reply_lost_after_the_commit_is_a_reset_that_discord_py_does_not_repeat(
    local: FakeDiscord, ops: discord.TextChannel
) -> None:
    local.faults.next(SEND, reply_lost(), never_arrived())
    for nonce in ("a", "b"):
        with pytest.raises(OSError, match="104") as error:
            await ops.send(nonce, nonce=nonce)
        assert error.value.errno == 104
    assert contents(local) == ["a"]
    await ops.send("a", nonce="a")
    assert contents(local) == ["a"]


async def test_a_late_commit_appears_after_the_client_has_gone(local: FakeDiscord, ops: discord.TextChannel) -> None:
    local.faults.next(SEND, late(0.1, cut=True))
    with pytest.raises(OSError, match="104"):
        await ops.send("late")
    assert contents(local) == []
    await local.idle()
    assert contents(local) == ["late"]


async def test_a_hanging_request_ends_with_its_client(local: FakeDiscord, ops: discord.TextChannel) -> None:
    local.faults.next(SEND, hanging())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ops.send("never"), 0.1)
    assert contents(local) == []


async def test_a_5xx_is_told_or_repeated(local: FakeDiscord, ops: discord.TextChannel) -> None:
    local.faults.next(SEND, server_error(503, commits=True))
    assert (await refused(ops.send("one")))[0] == 503
    local.faults.next(SEND, server_error(502))
    await ops.send("two")
    assert contents(local) == ["one", "two"]


async def test_drawn_faults_are_the_same_for_the_same_seed(local: FakeDiscord, ops: discord.TextChannel) -> None:
    met = []
    for _ in range(2):
        local.faults.met.clear()
        local.faults.at_random(SEND, {never_arrived(): 0.3}, seed=7)
        outcome = []
        for number in range(20):
            try:
                await ops.send(str(number))
                outcome.append(True)
            except OSError:
                outcome.append(False)
        met.append(outcome)
    assert met[0] == met[1]
    assert 0 < sum(met[0]) < 20


async def test_unknown_routes_are_404_and_a_fault_on_one_is_a_mistake(local: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{local.api_url}/nothing") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, 0)
    with pytest.raises(AssertionError, match="no route"):
        local.faults.next("POST /channels/messages", reply_lost())
