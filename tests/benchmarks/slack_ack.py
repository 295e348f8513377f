"""How soon Slack hears that a command arrived, while the classifier keeps every core busy.

    python -m tests.benchmarks.slack_ack [--commands 600] [--posts 40000] [--classifier embedding]

With both sockets open; see busy_chat for what is timed. Exit status 1 when a limit is missed.
"""

import sys

from bot.chat.slack.incoming import PLATFORM
from bot.chat.slack.manifest import manifest
from storage.types import ChannelKey
from tests.benchmarks.busy_chat import ANSWERS_WITHIN_S, START_WITHIN_S, Trial, run
from tests.fakes.slack import HOME_TEAM, Delivery, FakeSlack, Limits

_LINES = (
    "/watch",
    "/labels",
    "/threshold",
    "/alerts",
    "/stats",
    "/health",
    "/lapwing help",
    "/config log",
    "/why 1",
    "/labels set",
    "/test a flood in the city",
)


async def measure(trial: Trial) -> int:
    """One trial, reported."""
    commands = trial.given.commands
    async with FakeSlack.running(manifest(), limits=Limits(messages_per_s=1_000, burst=1_000)) as slack:
        ada = slack.person("ada")
        ops = slack.channel("ops", ada)
        await trial.prepare(ChannelKey(platform=PLATFORM, workspace=HOME_TEAM, channel=ops.id))
        chat = {
            "slack_bot_token": slack.app.bot_token,
            "slack_app_token": slack.app.app_token,
            "slack_api_url": slack.url,
        }

        async def ask(number: int) -> Delivery:
            return await ada.types(ops, _LINES[number % len(_LINES)])

        async with trial.running(chat) as process:
            await slack.until(lambda: len(slack.sockets.open) == 2 and trial.decided(), START_WITHIN_S)
            return await trial.measure(
                "slack acknowledgements",
                process,
                ask,
                lambda: slack.until(lambda: len(ada.ephemerals(ops)) >= commands, ANSWERS_WITHIN_S),
                complaints=slack.complaints,
            )


if __name__ == "__main__":
    sys.exit(run("python -m tests.benchmarks.slack_ack", measure))
