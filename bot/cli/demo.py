"""`lapwing demo`: the whole job on the sample that ships, without a token, a GPU or a model hub."""

import asyncio
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failures import explained

if TYPE_CHECKING:
    from bot.demo import Shares
    from storage.database import Database
    from storage.types import ChannelKey

_MOST_ALERTS = 100_000


def command(
    speed: Annotated[
        float, typer.Option(min=0.1, help="How many times faster than its own pace the sample is played at a terminal.")
    ] = 60.0,
) -> None:
    """Watch Lapwing do its whole job: posts arrive, a classifier scores them, alerts appear, and you steer by typing.

    Type /help to see what you can say. Where standard input is not a terminal, its lines run in order and the posts
    play at full speed.
    """
    with explained(), tempfile.TemporaryDirectory(prefix="lapwing-demo-") as folder:
        asyncio.run(_run(Path(folder), speed))


async def _run(folder: Path, speed: float) -> None:
    from bot import demo  # noqa: PLC0415  (--help must not wait for the whole house)
    from bot.build import build  # noqa: PLC0415
    from bot.chat.screen import is_terminal  # noqa: PLC0415
    from bot.cli.logs import start_logging  # noqa: PLC0415
    from bot.cli.main import STARTED  # noqa: PLC0415
    from bot.settings import Settings  # noqa: PLC0415
    from storage import channels  # noqa: PLC0415
    from storage.failpoints import Commit  # noqa: PLC0415

    settings = Settings.model_construct(
        database=folder / "demo.db",
        replay_file=demo.SAMPLE,
        replay_speed=speed if is_terminal() else math.inf,
        console_channel="demo",
    )
    start_logging(settings.log_level)
    async with build(settings, scripted=not is_terminal()) as app:
        console = app.console
        assert console is not None, "the demo talks through the terminal"
        seeded = demo.channel(console.channel, app.clock.now())
        typer.echo(demo.introduction(seeded))
        await app.database.transaction(lambda connection: channels.save(connection, seeded), Commit.SETTINGS)
        await app.run()
        typer.echo(f"\n{await _shares(app.database, console.channel)}")
        if console.first_alert_at is not None:
            typer.echo(f"The first alert came {console.first_alert_at - STARTED:.1f} s after the start.")


async def _shares(database: "Database", channel: "ChannelKey") -> "Shares":
    from bot import demo  # noqa: PLC0415
    from sources.accounts import X  # noqa: PLC0415
    from storage import alerts, posts  # noqa: PLC0415

    found = await database.read(lambda connection: alerts.latest(connection, channel, _MOST_ALERTS))
    played = await database.read(lambda connection: posts.ids_at_source(connection, X))
    return demo.shares((alert.post.post.id for alert in found), played)
