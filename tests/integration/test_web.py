"""The web server: health, metrics, and what a chat sends over HTTP."""

import asyncio
import errno
import os
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from bot.insight.vitals import SourceVitals, Vitals
from bot.web import address
from bot.web.address import AddressUnusableError
from bot.web.server import Handler, WebServer
from tests.fakes.house import until

WELL = Vitals(
    waiting=3,
    oldest_waiting_s=1.5,
    set_aside=1,
    owed=2,
    held=4,
    failed=5,
    model_loaded=True,
    suspended_channels=6,
    new_posts={"replay": 7},
    repeated_posts={"replay": 8},
    deaths={'task "one"\nback\\slash': 9},
    sources={
        "x": SourceVitals(
            accounts=15, connected=True, quiet_s=2.5, posts_today=10, gaps=11, recovered=12, lost=13, skipped=14
        ),
        "bluesky": SourceVitals(
            accounts=0, connected=False, quiet_s=None, posts_today=0, gaps=0, recovered=0, lost=0, skipped=0
        ),
    },
)


async def well() -> Vitals:
    return WELL


async def broken() -> Vitals:
    raise OSError(errno.EIO, "Input/output error")


async def stuck() -> Vitals:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def serving(
    vitals: Callable[[], Awaitable[Vitals]] = well, receivers: Mapping[str, Handler] | None = None
) -> AsyncIterator[WebServer]:
    server = WebServer(host="127.0.0.1", port=0, vitals=vitals, receivers=receivers or {}, answer_within_s=0.2)
    running = asyncio.create_task(server.run())
    try:
        async with asyncio.timeout(5):
            await until(lambda: bool(server.address))
        yield server
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def get(server: WebServer, path: str) -> tuple[int, str]:
    limit = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=limit) as session, session.get(server.address + path) as answer:
        return answer.status, await answer.text()


async def test_a_house_that_is_well_says_so() -> None:
    async with serving() as server:
        assert await get(server, "/healthz") == (200, '{"status": "ok", "model_loaded": true, "waiting": 3}')


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
@pytest.mark.parametrize("vitals", [broken, stuck], ids=["the disk fails", "the database hangs"])
async def test_a_house_that_cannot_say_how_it_fares_is_unhealthy(
    vitals: Callable[[], Awaitable[Vitals]], path: str
) -> None:
    async with serving(vitals) as server:
        status, text = await get(server, path)
    assert status == 503
    assert "unhealthy" in text
    assert "Input/output" not in text, "whoever can reach the port need not know more"


async def test_a_model_that_still_loads_is_no_illness() -> None:
    async def loading() -> Vitals:
        return replace(WELL, model_loaded=False)

    async with serving(loading) as server:
        status, text = await get(server, "/healthz")
    assert status == 200
    assert '"model_loaded": false' in text


async def test_prometheus_reads_every_number() -> None:
    async with serving() as server:
        status, text = await get(server, "/metrics")
    assert status == 200
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found == {
        ("lapwing_inbox_waiting_posts",): 3,
        ("lapwing_inbox_oldest_seconds",): 1.5,
        ("lapwing_inbox_set_aside_posts",): 1,
        ("lapwing_outbox_owed_deliveries",): 2,
        ("lapwing_outbox_held_deliveries",): 4,
        ("lapwing_outbox_failed_deliveries",): 5,
        ("lapwing_model_loaded",): 1,
        ("lapwing_suspended_channels",): 6,
        ("lapwing_posts_new_total", "replay"): 7,
        ("lapwing_posts_repeated_total", "replay"): 8,
        ("lapwing_task_deaths_total", 'task "one"\nback\\slash'): 9,
        ("lapwing_source_accounts", "x"): 15,
        ("lapwing_source_accounts", "bluesky"): 0,
        ("lapwing_source_connected", "x"): 1,
        ("lapwing_source_connected", "bluesky"): 0,
        ("lapwing_source_quiet_seconds", "x"): 2.5,
        ("lapwing_source_posts_today", "x"): 10,
        ("lapwing_source_posts_today", "bluesky"): 0,
        ("lapwing_source_gaps_total", "x"): 11,
        ("lapwing_source_gaps_total", "bluesky"): 0,
        ("lapwing_source_recovered_total", "x"): 12,
        ("lapwing_source_recovered_total", "bluesky"): 0,
        ("lapwing_source_lost_total", "x"): 13,
        ("lapwing_source_lost_total", "bluesky"): 0,
        ("lapwing_source_skipped_total", "x"): 14,
        ("lapwing_source_skipped_total", "bluesky"): 0,
    }


async def test_a_receiver_gets_what_is_posted_up_to_a_mebibyte_and_no_more() -> None:
    received: list[int] = []

    async def receive(request: web.Request) -> web.StreamResponse:
        received.append(len(await request.read()))
        return web.Response(text="taken")

    async with serving(receivers={"/slack/events": receive}) as server, aiohttp.ClientSession() as session:
        statuses = []
        for size in (1024 * 1024, 1024 * 1024 + 1):
            async with session.post(f"{server.address}/slack/events", data=BytesIO(b"a" * size)) as answer:
                statuses.append(answer.status)
        async with session.get(f"{server.address}/slack/events") as answer:
            statuses.append(answer.status)
    assert statuses == [200, 413, 405]
    assert received == [1024 * 1024]


async def test_an_address_that_is_taken_is_named_with_the_way_out() -> None:
    async with serving() as first:
        port = int(first.address.rpartition(":")[2])
        second = WebServer(host="127.0.0.1", port=port, vitals=well, receivers={})
        with pytest.raises(AddressUnusableError) as taken:
            await second.run()
    assert str(taken.value) == (
        f"the web server cannot listen on 127.0.0.1, port {port}: {os.strerror(errno.EADDRINUSE)}. "
        "Set another HTTP_PORT or HTTP_HOST, or end the program that is there."
    )


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def test_a_free_address_is_found_free_and_stays_free() -> None:
    port = free_port()
    assert address.examine("127.0.0.1", port) == f"127.0.0.1, port {port}, is free for /healthz and /metrics"
    assert "is free" in address.examine("127.0.0.1", port)


@pytest.mark.parametrize("vitals", [well, broken], ids=["well", "ill"])
async def test_an_address_that_lapwing_holds_is_as_it_should_be(vitals: Callable[[], Awaitable[Vitals]]) -> None:
    async with serving(vitals) as server:
        port = int(server.address.rpartition(":")[2])
        assert await asyncio.to_thread(address.examine, "127.0.0.1", port) == f"Lapwing answers on port {port} already"


async def test_an_address_that_another_program_holds_is_a_problem() -> None:
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(AddressUnusableError, match=re.escape(f"port {port}")):
            await asyncio.to_thread(address.examine, "127.0.0.1", port)


def test_a_host_that_is_not_here_is_named() -> None:
    with pytest.raises(AddressUnusableError, match=re.escape("192.0.2.1")):
        address.examine("192.0.2.1", free_port())
