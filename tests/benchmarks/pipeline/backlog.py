"""How much memory 100,000 posts cost that wait for a classifier which hangs, or 100,000 alerts for a chat that is down.

The peak of a real process on such a database, against the same with nothing in it but the channels.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

from sources.types import Post
from storage.database import open_database
from storage.types import StoredPost
from tests.acceptance.program import environment
from tests.benchmarks.pipeline.scene import alert, folder_on_disk, post_of, put, save, watching
from tests.benchmarks.report import Figure

WAITING = 100_000
CHANNELS = 200
LIVES_S = 4.0
MOST_MIB = 100.0


def measure() -> list[Figure]:
    """One life of each kind: a peak does not vary by more than a few MiB."""
    with folder_on_disk() as folder:
        asyncio.run(_fill(folder))
        empty = _peak_mib(folder / "empty.db", {"inbox": 0, "outbox": 0})
        inbox = _peak_mib(folder / "inbox.db", {"inbox": WAITING, "outbox": 0})
        outbox = _peak_mib(folder / "outbox.db", {"inbox": 0, "outbox": WAITING})
    return [
        Figure(name="added by 100,000 posts in the inbox, MiB", value=inbox - empty, ceiling=MOST_MIB),
        Figure(name="added by 100,000 alerts in the outbox, MiB", value=outbox - empty, ceiling=MOST_MIB),
        Figure(name="the process with nothing waiting, MiB", value=empty),
    ]


async def _fill(folder: Path) -> None:
    """Three databases with the same channels; in one all posts wait, in another an alert of each."""
    async with open_database(folder / "empty.db") as database:
        await save(database, [watching(number, [_author(number)]) for number in range(CHANNELS)])
    shutil.copy(folder / "empty.db", folder / "inbox.db")
    async with open_database(folder / "inbox.db") as database:
        await put(database, [_post(number) for number in range(WAITING)])
    shutil.copy(folder / "inbox.db", folder / "outbox.db")
    async with open_database(folder / "outbox.db") as database:
        await alert(database, _channel_of)


def _author(number: int) -> str:
    return f"account{number % CHANNELS}"


def _post(number: int) -> Post:
    return post_of(_author(number), number)


def _channel_of(stored: StoredPost) -> int:
    return int(stored.post.id) % CHANNELS


def _peak_mib(path: Path, waiting: dict[str, int]) -> float:
    """What one life of a house on this database took, in which all that waited went on waiting."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.pipeline.stuck_house", str(path), str(LIVES_S)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert waiting == {"inbox": said["inbox"], "outbox": said["outbox"]}
    return float(said["peak_mib"])
