"""The local Discord's gateway, with the real discord.py: sessions, heartbeats, resuming, and every way it ends."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.contracts.discord_clients import INTENTS, Listener, close, listening, wait_ready
from tests.fakes.discord import FakeDiscord, redirected


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


async def raw(local: FakeDiscord, session: aiohttp.ClientSession, query: str = "v=10&encoding=json") -> Any:
    return await session.ws_connect(f"{local.gateway_url}?{query}")


def identify(local: FakeDiscord, **changes: Any) -> dict[str, Any]:
    return {"op": 2, "d": {"token": local.app.token, "properties": {}, "intents": INTENTS.value, **changes}}


async def test_a_client_logs_in_and_knows_the_guild_its_channels_and_itself(local: FakeDiscord) -> None:
    local.person("ada")
    async with listening(local) as client:
        guild = client.guilds[0]
        assert [channel.name for channel in guild.text_channels] == ["ops"]
        assert guild.me.guild_permissions.send_messages
        assert len(guild.members) == 1  # the members intent was not asked for
    assert local.gateway.identifies[0]["intents"] == INTENTS.value


async def test_messages_are_compressed_by_one_compressor_for_the_whole_connection(local: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session, "v=10&encoding=json&compress=zlib-stream")
        first = await socket.receive_bytes()
        await socket.send_json({"op": 1, "d": None})
        second = await socket.receive_bytes()
        unpack = zlib.decompressobj()
        assert [json.loads(unpack.decompress(part))["op"] for part in (first, second)] == [10, 11]
        with pytest.raises(zlib.error):
            zlib.decompressobj().decompress(second)


async def test_plain_json_where_no_compression_is_asked_for(local: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        hello = await socket.receive_json()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        await socket.send_json(identify(local))
        events = [await socket.receive_json() for _ in range(2)]
    assert [(event["s"], event["t"]) for event in events] == [(1, "READY"), (2, "GUILD_CREATE")]


async def test_without_the_guilds_intent_no_guild_is_told(local: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        await socket.receive_json()
        await socket.send_json(identify(local, intents=0))
        assert (await socket.receive_json())["t"] == "READY"
        await socket.send_json({"op": 1, "d": 1})
        assert (await socket.receive_json())["op"] == 11


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", 4002),
        (json.dumps({"op": 2, "d": {"token": "x" * 5000}}), 4002),
        (json.dumps({"op": 99}), 4001),
        (json.dumps({"op": 3, "d": {}}), 4003),
        (json.dumps({"op": 2, "d": {"token": "wrong", "intents": 1}}), 4004),
    ],
)
async def test_a_wrong_message_closes_with_its_code(local: FakeDiscord, message: str, code: int) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        await socket.receive_json()
        await socket.send_str(message)
        assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code


@pytest.mark.parametrize(("intents", "code"), [(1 << 60, 4013), (1 << 15, 4014)])
async def test_intents_are_checked(local: FakeDiscord, intents: int, code: int) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        await socket.receive_json()
        await socket.send_json(identify(local, intents=intents))
        await socket.receive()
        assert socket.close_code == code


async def test_more_than_120_messages_a_minute_close_with_4008(local: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        for _ in range(121):
            await socket.send_json({"op": 1, "d": None})
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
        assert socket.close_code == 4008


async def test_who_stops_beating_is_sent_away(local: FakeDiscord) -> None:
    local.gateway.heartbeat_interval_s = 0.1
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        await socket.receive_json()
        await socket.send_json(identify(local))
        while (await socket.receive()).type != aiohttp.WSMsgType.CLOSE:
            pass
        assert socket.close_code == 4009
    assert local.gateway.sessions == {}


async def test_a_bad_token_is_told_at_login(local: FakeDiscord) -> None:
    client = Listener()
    with redirected(local):
        with pytest.raises(discord.LoginFailure):
            await client.start("wrong")
        await client.close()
    await asyncio.sleep(0.01)
    assert local.limits.invalid == 1


async def test_a_token_reset_while_connected_ends_the_client_with_4004(local: FakeDiscord) -> None:
    client = Listener()
    with redirected(local):
        running = asyncio.create_task(client.start(local.app.token))
        await wait_ready(client, running)
        local.app.token = "another"
        await local.gateway.close_all(4004)
        with pytest.raises(discord.ConnectionClosed) as closed:
            await running
        await close(client, running)
    assert closed.value.code == 4004


async def test_a_privileged_intent_not_switched_on_ends_the_client_with_4014(local: FakeDiscord) -> None:
    client = Listener(intents=discord.Intents(guilds=True, message_content=True))
    with redirected(local):
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(local.app.token)
        await client.close()
    await asyncio.sleep(0.01)
    assert local.gateway.closed_with == [4014]


async def test_a_first_connect_refused_ends_the_client_as_the_facts_say(local: FakeDiscord) -> None:
    local.gateway.refusing_connects = True
    client = Listener()
    with redirected(local):
        with pytest.raises(AttributeError):
            async with asyncio.timeout(5):
                await client.start(local.app.token)
        await client.close()
    await asyncio.sleep(0.01)
    assert local.gateway.refused_connects >= 1
    local.gateway.refusing_connects = False
    async with listening(local, sync=False) as again:
        assert again.is_ready()


async def test_a_cut_connection_is_resumed_and_hears_what_happened_meanwhile(local: FakeDiscord) -> None:
    ada = local.person("ada")
    ops = local.channel("ops")
    message = await ada.says(ops, "hello")
    async with listening(local) as client:
        await ada.reacts(message, "👍")
        await local.until(lambda: client.count("add") == 1)
        local.gateway.refusing_connects = True
        local.gateway.cut_all()
        await local.until(lambda: not local.gateway.ready)
        await ada.unreacts(message, "👍")
        await ada.reacts(message, "👎")
        local.gateway.refusing_connects = False
        await local.until(lambda: client.count("resumed") == 1)
        heard = [kind for kind, _ in client.heard if kind != "disconnect"]
        assert heard == ["add", "remove", "add", "resumed"]  # the replay comes before RESUMED
        assert len(local.gateway.identifies) == 1
        assert local.gateway.resumes[-1]["by_resume_url"]


async def test_what_happens_without_a_session_is_lost(local: FakeDiscord) -> None:
    ada = local.person("ada")
    message = await ada.says(local.channel("ops"), "hello")
    async with listening(local):
        pass
    await ada.reacts(message, "👍")
    async with listening(local) as client:
        await ada.unreacts(message, "👍")
        await local.until(lambda: client.count("remove") == 1)
        assert client.count("add") == 0


async def test_op_7_makes_the_client_resume(local: FakeDiscord) -> None:
    async with listening(local) as client:
        await local.gateway.ask_to_reconnect()
        await local.until(lambda: client.count("resumed") == 1)
    assert (len(local.gateway.identifies), len(local.gateway.resumes)) == (1, 1)


@pytest.mark.parametrize(("resumable", "identifies"), [(True, 1), (False, 2)])
async def test_an_invalid_session_is_resumed_or_begun_anew(
    local: FakeDiscord, resumable: bool, identifies: int
) -> None:
    async with listening(local):
        await local.gateway.invalidate(resumable=resumable)
        await local.until(lambda: len(local.gateway.identifies) + len(local.gateway.resumes) == 2)
        await local.until(lambda: local.gateway.ready)
    assert len(local.gateway.identifies) == identifies


@pytest.mark.parametrize(("resumable", "answer"), [(True, "RESUMED"), (False, False)])
async def test_an_invalidated_session_can_be_resumed_only_where_it_said_so(
    local: FakeDiscord, resumable: bool, answer: object
) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw(local, session)
        await socket.receive_json()
        await socket.send_json(identify(local))
        ready = await socket.receive_json()
        await local.gateway.invalidate(resumable=resumable)
        local.gateway.cut_all()
        again = await raw(local, session)
        await again.receive_json()
        resume = {"token": local.app.token, "session_id": ready["d"]["session_id"], "seq": 2}
        await again.send_json({"op": 6, "d": resume})
        heard = await again.receive_json()
        assert (heard["t"] or heard["d"]) == answer


async def test_a_session_forgotten_while_away_is_begun_anew(local: FakeDiscord) -> None:
    async with listening(local):
        local.gateway.cut_all()
        local.gateway.sessions.clear()
        await local.until(lambda: len(local.gateway.identifies) == 2, timeout_s=10)
        await local.until(lambda: local.gateway.ready)


async def test_a_connection_fallen_silent_is_noticed_and_resumed(local: FakeDiscord) -> None:
    local.gateway.heartbeat_interval_s = 0.2
    async with listening(local, heartbeat_timeout=0.5) as client:
        local.gateway.silence()
        await local.until(lambda: client.count("resumed") == 1)
    assert len(local.gateway.identifies) == 1


async def test_heartbeats_without_acknowledgement_make_the_client_reconnect(local: FakeDiscord) -> None:
    local.gateway.heartbeat_interval_s = 0.2
    async with listening(local, heartbeat_timeout=0.5) as client:
        local.gateway.acknowledges = False
        await local.until(lambda: client.count("disconnect") == 1)
        local.gateway.acknowledges = True
        await local.until(lambda: client.count("resumed") >= 1)


async def test_a_second_identify_too_soon_hears_invalid_session(local: FakeDiscord) -> None:
    local.gateway.identify_every_s = 0.4
    async with listening(local, sync=False), listening(local, sync=False):
        assert len(local.gateway.identifies) > 2
        assert len(local.gateway.sessions) == 2


async def test_guilds_and_channels_come_and_go(local: FakeDiscord) -> None:
    async with listening(local) as client:
        other = local.guild("others", bot=False)
        await local.adds_bot(other)
        await local.until(lambda: client.count("join") == 1)
        await local.removes_bot(other)
        await local.until(lambda: client.count("leave") == 1)
        await local.deletes_channel(local.channel("ops"))
        await local.until(lambda: client.count("channel gone") == 1)
        assert client.guilds[0].text_channels == []


async def test_a_guild_may_be_out_for_a_while(local: FakeDiscord) -> None:
    async with listening(local) as client:
        await local.outage(local.guild())
        await local.until(lambda: client.guilds[0].unavailable)
        await local.outage_over(local.guild())
        await local.until(lambda: not client.guilds[0].unavailable)
        assert (client.count("join"), client.count("leave")) == (0, 0)


async def test_an_unexpected_payload_ends_the_client_as_the_facts_say(local: FakeDiscord) -> None:
    client = Listener()
    with redirected(local):
        running = asyncio.create_task(client.start(local.app.token))
        await wait_ready(client, running)
        await local.gateway.emit("INTERACTION_CREATE", {"id": "1"})
        with pytest.raises(KeyError):
            await running
        await close(client, running)


async def test_every_session_hears_an_interaction_and_one_may_answer(local: FakeDiscord) -> None:
    async with listening(local) as one, listening(local) as other:
        interaction = await local.person("ada").uses(local.channel("ops"), "/watch")
        await local.until(lambda: one.count("watch") and other.count("watch") and (one.failures or other.failures))
        assert interaction.answer.content == "Watching"
        assert "40060" in str([*one.failures, *other.failures])


async def test_nothing_is_left_running(local: FakeDiscord) -> None:
    before = asyncio.all_tasks()
    async with listening(local) as client:
        await local.person("ada").uses(local.channel("ops"), "/watch")
        assert client.count("watch") == 1
        local.gateway.cut_all()
        await local.until(lambda: client.count("resumed") == 1)
    await local.until(lambda: not local.gateway.open)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_taken_permissions_reach_the_client(local: FakeDiscord) -> None:
    ops = local.channel("ops")
    async with listening(local) as client:
        channel = client.guilds[0].text_channels[0]
        assert channel.permissions_for(channel.guild.me).send_messages
        await local.denies(ops, None, discord.Permissions(send_messages=True).value)
        await local.until(lambda: not channel.permissions_for(channel.guild.me).send_messages)
