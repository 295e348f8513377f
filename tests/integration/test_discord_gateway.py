"""The connection to Discord: made, lost, mended, and given up only where people have to do something."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.cards import NoticeCard
from bot.chat.base import ChatGoneError
from bot.chat.discord import gateway
from bot.chat.discord.platform import FIRST_WAIT_S, Discord
from sources.clock import SystemClock
from storage.types import ChannelKey, DeliveryKey
from tests.fakes.discord import FakeDiscord, hanging, rate_limited, server_error
from tests.fakes.discord_home import Hurried
from tests.fakes.discord_server import QuickClient, QuickDiscord
from tests.fakes.inbound import Listener

ME = "GET /users/@me"
COMMANDS = "GET /applications/{application_id}/commands"


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


def platform(local: FakeDiscord, clock: SystemClock | None = None, token: str = "") -> Discord:
    return QuickDiscord(local.api_url, token=token, clock=clock or Hurried())


@asynccontextmanager
async def running(platform: Discord) -> "AsyncIterator[asyncio.Task[None]]":
    """A platform that serves people, ended with everything it began."""
    before = asyncio.all_tasks()
    serving = asyncio.create_task(platform.run(Listener()))
    try:
        yield serving
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await asyncio.sleep(0.02)
    left = asyncio.all_tasks() - before
    assert not [task for task in left if "RequestHandler" not in repr(task)]  # (a request that hangs hangs there)


async def ready(local: FakeDiscord, serving: "asyncio.Task[None]", look: Callable[[], bool] = lambda: True) -> None:
    """Until Discord has a session of ours, and `look` is true."""
    await local.until(lambda: serving.done() or (local.gateway.ready and look()))
    if serving.done():
        serving.result()


async def can_post(platform: Discord, local: FakeDiscord, key: str = "key-1") -> bool:
    """Whether a message comes through."""
    ops = local.channel("ops")
    where = ChannelKey(platform="discord", workspace=str(ops.guild), channel=ops.id)
    receipt = await platform.send(where, NoticeCard(text="hello"), DeliveryKey(key))
    return any(message.id == receipt for message in ops.standing())


async def test_it_logs_in_and_asks_for_no_privileged_intent(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
    assert [one["intents"] for one in local.gateway.identifies] == [1 << 0 | 1 << 10]
    assert local.gateway.identifies[0]["intents"] & local.app.forbidden_intents == 0


async def test_it_says_goodbye_when_it_is_ended(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
    await local.until(lambda: not local.gateway.open)
    assert local.gateway.closed_with == [1000]
    assert local.gateway.sessions == {}


async def test_what_was_begun_when_it_connected_ends_with_it(local: FakeDiscord) -> None:
    local.faults.next(COMMANDS, hanging())
    async with running(platform(local)) as serving:
        await ready(local, serving, lambda: bool(local.faults.met))
    assert local.faults.met  # and `running` found nothing left


async def test_commands_that_discord_does_not_take_now_are_told_when_it_asks_for_them(local: FakeDiscord) -> None:
    clock = Hurried()
    local.faults.next(COMMANDS, rate_limited(120.0))
    async with running(platform(local, clock)) as serving:
        await ready(local, serving, lambda: bool(local.commands.all()))
    assert clock.asked == [120.0]


class Connecting(QuickClient):
    """Is cancelled at the moment at which it is connected, as happens to `wait_for` in Python 3.11."""

    async def connect(self, *, reconnect: bool = True) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await super().connect(reconnect=reconnect)


async def test_it_ends_though_it_is_ended_at_the_moment_at_which_it_is_connected(
    local: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QuickDiscord, "client_type", Connecting)
    serving = asyncio.create_task(platform(local).run(Listener()))
    await asyncio.sleep(0.3)
    serving.cancel()
    await asyncio.wait({serving}, timeout=5.0)
    assert serving.cancelled()


async def test_it_can_be_run_again(local: FakeDiscord) -> None:
    discord = platform(local)
    for number in (1, 2):
        async with running(discord) as serving:
            await ready(local, serving)
            assert await can_post(discord, local, f"key-{number}")


async def test_a_token_that_discord_does_not_take_is_said_with_the_way_out(local: FakeDiscord) -> None:
    async with running(platform(local, token="wrong")) as serving:
        with pytest.raises(ChatGoneError, match=r"DISCORD_TOKEN.*Reset Token"):
            await serving


async def test_a_token_that_discord_does_not_take_ends_a_delivery_the_same_way(local: FakeDiscord) -> None:
    with pytest.raises(ChatGoneError, match="DISCORD_TOKEN"):
        await can_post(platform(local, token="wrong"), local)


async def test_a_token_reset_meanwhile_is_said_with_the_way_out(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        local.app.token = "another"
        await local.gateway.close_all(4004)
        with pytest.raises(ChatGoneError, match=r"DISCORD_TOKEN.*Reset Token"):
            await serving


async def test_intents_that_discord_refuses_are_named(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        await local.gateway.close_all(4014)
        with pytest.raises(ChatGoneError, match="guilds and guild_reactions"):
            await serving


@pytest.mark.parametrize("code", [4010, 4011, 4012])
async def test_another_end_for_good_is_told_by_its_code(local: FakeDiscord, code: int) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        await local.gateway.close_all(code)
        with pytest.raises(ChatGoneError, match=str(code)):
            await serving


async def test_a_first_connect_that_is_refused_for_a_while_is_tried_again(local: FakeDiscord) -> None:
    local.gateway.refusing_connects = True
    clock = Hurried()
    discord = platform(local, clock)
    async with running(discord) as serving:
        await local.until(lambda: local.gateway.refused_connects >= 2, timeout_s=20)
        assert await can_post(discord, local)  # requests need no gateway
        local.gateway.refusing_connects = False
        await ready(local, serving)
    assert clock.asked[0] == gateway.FIRST_WAIT_S


@pytest.mark.parametrize("fault", [server_error(503), rate_limited(40.0)], ids=["503", "429"])
async def test_a_discord_that_cannot_say_who_we_are_is_asked_again(local: FakeDiscord, fault: object) -> None:
    local.faults.next(ME, fault, fault)  # type: ignore[arg-type]
    clock = Hurried()
    async with running(platform(local, clock)) as serving:
        await ready(local, serving)
    assert len(clock.asked) == 2
    assert all(wait_s >= FIRST_WAIT_S for wait_s in clock.asked)


async def test_a_discord_that_is_not_there_at_all_is_waited_for(local: FakeDiscord) -> None:
    clock = Hurried()
    port = int(local.api_url.split(":")[2].partition("/")[0])
    discord = platform(local, clock)
    await local.close()
    async with running(discord) as serving:
        await local.until(lambda: len(clock.asked) >= 8)
        assert not serving.done()
        assert clock.asked[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
        await local.start(port)
        await ready(local, serving)


async def test_op_7_makes_it_take_up_its_session_elsewhere(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        await local.gateway.ask_to_reconnect()
        await ready(local, serving, lambda: len(local.gateway.resumes) == 1)
    assert len(local.gateway.identifies) == 1


@pytest.mark.parametrize(("resumable", "identifies"), [(True, 1), (False, 2)])
async def test_an_invalid_session_is_taken_up_or_begun_anew(
    local: FakeDiscord, resumable: bool, identifies: int
) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        await local.gateway.invalidate(resumable=resumable)
        await ready(local, serving, lambda: len(local.gateway.identifies) + len(local.gateway.resumes) == 2)
    assert len(local.gateway.identifies) == identifies


async def test_a_connection_that_is_cut_is_taken_up(local: FakeDiscord) -> None:
    async with running(platform(local)) as serving:
        await ready(local, serving)
        local.gateway.cut_all()
        await ready(local, serving, lambda: len(local.gateway.resumes) == 1)
    assert len(local.gateway.identifies) == 1


async def test_heartbeats_without_an_answer_make_it_connect_again(
    local: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.discord.client.HEARTBEAT_S", 0.5)
    local.gateway.heartbeat_interval_s = 0.2
    async with running(platform(local)) as serving:
        await ready(local, serving)
        local.gateway.acknowledges = False
        local.gateway.silence()
        await ready(local, serving, lambda: len(local.gateway.resumes) >= 1)


async def test_a_payload_that_ends_discord_py_ends_nothing_here(local: FakeDiscord) -> None:
    discord = platform(local)
    async with running(discord) as serving:
        await ready(local, serving)
        await local.gateway.emit("INTERACTION_CREATE", {"id": "1"})
        await ready(local, serving, lambda: len(local.gateway.identifies) == 2)
        assert await can_post(discord, local)
    await local.until(lambda: not local.gateway.open)


async def test_an_outage_longer_than_discord_py_should_wait_is_begun_anew(
    local: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "LONGEST_AWAY_S", 0.2)
    async with running(platform(local)) as serving:
        await ready(local, serving)
        local.gateway.refusing_connects = True
        local.gateway.cut_all()
        await local.until(lambda: local.gateway.refused_connects >= 2, timeout_s=10)
        local.gateway.refusing_connects = False
        await ready(local, serving)


async def test_an_outage_fills_the_log_with_lines_and_no_tracebacks(
    local: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[logging.LogRecord]:
        return [record for record in caplog.records if "Attempting a reconnect" in record.getMessage()]

    async with running(platform(local)) as serving:
        await ready(local, serving)
        local.gateway.refusing_connects = True
        local.gateway.cut_all()
        await local.until(told, timeout_s=10)
    assert all(record.levelname == "WARNING" and record.exc_info is None for record in told())
    assert "reason='Server disconnected'" in told()[0].getMessage()


async def test_a_request_that_hangs_is_given_up_in_time(local: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chat.discord.client.TIMEOUT_S", 0.2)
    local.faults.next(ME, hanging())
    clock = Hurried()
    async with running(platform(local, clock)) as serving:
        await ready(local, serving)
    assert clock.asked == [FIRST_WAIT_S]
