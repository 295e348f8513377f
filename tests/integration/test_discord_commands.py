"""Commands, menus and what Discord completes while people type, through the real discord.py to the house's door."""

from collections.abc import AsyncIterator

import pytest

from bot.commands.catalogue import CATALOGUE
from bot.commands.grammar import parse
from bot.commands.types import Lock, Reply
from storage.types import Manager
from tests.fakes.discord import MANAGE_CHANNELS, FakeDiscord
from tests.fakes.discord_forms import FORMS, Used
from tests.fakes.discord_home import serving
from tests.fakes.inbound import Listener

JUDGEMENTS = {"+1 <alert> [reason]", "-1 <alert> [reason]", "0 <alert>"}
LOCK = "/config lock <@user> [@user …]"


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


async def test_every_form_of_the_catalogue_is_an_app_command(local: FakeDiscord) -> None:
    usages = {usage for one in CATALOGUE for usage in one.usages}
    assert set(FORMS) | JUDGEMENTS | {LOCK} == usages, "judging is for buttons and reactions"
    ada, ops, house = local.person("ada", permissions=MANAGE_CHANNELS), local.channel("ops"), Listener(Reply(text="ok"))
    async with serving(local, house):
        for used in [used for forms in FORMS.values() for used in forms]:
            await try_out(local, house, used)
            assert parse(house.asked[-1].text) == parse(used.line)
        ben = local.person("ben")
        interaction = await ada.uses(ops, "/config lock", user1=ada, user5=ben)
        await local.until(lambda: interaction.answers and not interaction.answer.thinking)
        assert parse(house.asked[-1].text) == Lock(
            managers=(Manager(id=ada.id, name="Ada"), Manager(id=ben.id, name="Ben"))
        )


async def try_out(local: FakeDiscord, house: Listener, used: Used) -> None:
    interaction = await local.person("ada").uses(local.channel("ops"), used.command, **used.options)
    assert interaction.acknowledged
    await local.until(lambda: not interaction.answer.thinking)
    assert interaction.answer.content == "ok"
