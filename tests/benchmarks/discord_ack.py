"""How soon Discord hears that somebody did something, while the classifier keeps every core busy.

    python -m tests.benchmarks.discord_ack [--commands 600] [--posts 40000] [--classifier embedding]

Commands, autocompletion and buttons; see busy_chat for what is timed. Exit status 1 when a limit is missed.
"""

import sys
from typing import Any

from bot.chat.discord.incoming import PLATFORM
from storage.types import ChannelKey
from tests.benchmarks.busy_chat import ANSWERS_WITHIN_S, START_WITHIN_S, Trial, run
from tests.fakes.discord import MANAGE_CHANNELS, FakeDiscord, Interaction, Limits

_MANY = (10_000, 1.0)
"""Discord's own limits would be what is measured."""

_USES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/watch", {}),
    ("/labels list", {}),
    ("/threshold list", {}),
    ("/alerts list", {}),
    ("/stats", {}),
    ("/health", {}),
    ("/help", {}),
    ("/config log", {}),
    ("/why", {"what": "1"}),
    ("/labels mode", {"mode": "independent"}),
    ("/test", {"text": "a flood in the city"}),
)


async def measure(trial: Trial) -> int:
    """One trial, reported."""
    limits = Limits(messages=_MANY, edits=_MANY, others=_MANY, global_per_s=_MANY[0])
    async with FakeDiscord.running(limits=limits) as discord:
        ada = discord.person("ada", permissions=MANAGE_CHANNELS)
        ops = discord.channel("ops")
        await trial.prepare(ChannelKey(platform=PLATFORM, workspace=str(ops.guild), channel=ops.id))
        chat = {
            "discord_token": discord.app.token,
            "discord_api_url": discord.api_url,
            "discord_gateway_url": discord.gateway_url,
        }
        asked: list[Interaction] = []

        async def ask(number: int) -> Interaction:
            command, options = _USES[number % len(_USES)]
            made = await (
                ada.types_into(ops, "/unwatch", "accounts", "bu")
                if number % 10 == 9
                else ada.uses(ops, command, **options)
            )
            asked.append(made)
            return made

        def answered() -> bool:
            return all(one.answers or one.choices is not None for one in asked)

        async with trial.running(chat) as process:
            await discord.until(lambda: discord.gateway.ready and trial.decided(), START_WITHIN_S)
            return await trial.measure(
                "discord acknowledgements",
                process,
                ask,
                lambda: discord.until(answered, ANSWERS_WITHIN_S),
                complaints=discord.complaints,
            )


if __name__ == "__main__":
    sys.exit(run("python -m tests.benchmarks.discord_ack", measure))
