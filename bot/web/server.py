"""`/healthz`, `/metrics`, and the paths that a chat platform listens on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.insight.vitals import Vitals
from bot.web.address import unusable
from bot.web.metrics import registry

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MOST_BODY = 1024 * 1024
"""What Slack sends is a few KiB; what is longer is refused with 413."""


class WebServer:
    """Serves for as long as `run` runs."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        vitals: Callable[[], Awaitable[Vitals]],
        receivers: Mapping[str, Handler],
        answer_within_s: float = 5.0,
    ) -> None:
        """`receivers`: who takes what is posted to a path. `answer_within_s`: after so long the house is unhealthy."""
        self._host = host
        self._port = port
        self._vitals = vitals
        self._receivers = receivers
        self._answer_within_s = answer_within_s
        self.address = ""
        """Where it listens, once it does: with port 0 the system chooses."""

    async def run(self) -> None:
        """For ever. Raises AddressUnusableError where it cannot listen."""
        app = web.Application(client_max_size=_MOST_BODY)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        for path, receive in self._receivers.items():
            app.router.add_post(path, receive)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self._host, self._port).start()
            except OSError as error:
                raise unusable(self._host, self._port, error) from error
            host, port = runner.addresses[0][:2]
            self.address = f"http://{host}:{port}"
            log.info("listening address=%s", self.address)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        """200 while the database answers in time; whether a model is loaded or a chat is there is for /health."""
        vitals = await self._ask()
        if vitals is None:
            return web.json_response({"status": "unhealthy"}, status=503)
        return web.json_response({"status": "ok", "model_loaded": vitals.model_loaded, "waiting": vitals.waiting})

    async def _metrics(self, _: web.Request) -> web.Response:
        vitals = await self._ask()
        if vitals is None:
            return web.Response(text="unhealthy", status=503)
        return web.Response(body=generate_latest(registry(vitals)), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _ask(self) -> Vitals | None:
        """How the house fares; None where it cannot say so in time."""
        try:
            async with asyncio.timeout(self._answer_within_s):
                return await self._vitals()
        except Exception as error:
            log.warning("unhealthy reason=%r", str(error) or type(error).__name__)
            return None
