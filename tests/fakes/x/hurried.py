"""The real program, which looks for X's deletions after a second instead of an hour, and searches as soon as X lets it.

    python -m tests.fakes.x.hurried

Settings come from the environment, as those of `lapwing run`.
"""

import asyncio
from datetime import timedelta

from bot.build import build
from bot.cli.failures import explained
from bot.cli.logs import start_logging
from bot.settings import read_settings
from sources.clock import SystemClock
from sources.x.source import Manner, open_x

HURRIED = Manner(looks=(timedelta(seconds=1),), looks_every_s=0.2, search_lag=timedelta(seconds=11))
"""X refuses to search the last ten seconds."""


async def run() -> None:
    """One life, which reads X alone."""
    settings = read_settings()
    start_logging(settings.log_level)
    token = settings.x_bearer_token.get_secret_value()
    async with (
        open_x(token=token, url=settings.x_api_url, clock=SystemClock(), manner=HURRIED) as x,
        build(settings, scripted=True, sources=[x]) as app,
    ):
        await app.run()


if __name__ == "__main__":
    with explained():
        asyncio.run(run())
