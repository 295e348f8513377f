"""One message's arguments serve everywhere that discord.py says something."""

from typing import Any

import discord

from bot.cards import NoticeCard
from bot.chat.discord.buttons import Drawn, OurButton, do_id
from bot.chat.discord.cards import said
from bot.chat.discord.message import Attached, Message
from storage.types import DeliveryKey
from tests.contracts.discord_clients import listening
from tests.fakes.discord import FakeDiscord

UNDO = Drawn(label="Undo", id=do_id("/config undo 3"))
FULL = Message(
    content="Here:",
    embed=discord.Embed(title="An embed"),
    rows=((UNDO,),),
    attached=Attached(name="settings.yaml", text="a: b\n"),
)
BARE = Message(content="Nothing else.")


async def test_a_new_message_and_an_edit_take_the_same_and_an_edit_leaves_nothing_behind() -> None:
    async with FakeDiscord.running() as local:
        ada, ops = local.person("ada"), local.channel("ops")
        async with listening(local, sync=False) as client:
            channel = client.get_partial_messageable(int(ops.id))
            sent = await channel.send(**FULL.arguments(), files=FULL.files())
            (shown,) = ada.sees(ops)
            assert (len(shown.embeds), len(shown.components)) == (1, 1)
            await sent.edit(**BARE.arguments())
            assert (shown.content, shown.embeds, shown.components) == ("Nothing else.", [], [])
            await sent.edit(**FULL.arguments())
            assert (len(shown.embeds), len(shown.components)) == (1, 1)
            assert shown.payload["allowed_mentions"] == {"parse": []}
            await channel.send(**BARE.arguments(), files=BARE.files())
        assert local.complaints == []


async def test_answers_take_them_too_before_and_after_they_were_put_off() -> None:
    async def put_off(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(**FULL.arguments(), attachments=FULL.files())
        await interaction.followup.send(**BARE.arguments(), files=BARE.files(), ephemeral=True)

    async def at_once(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(**FULL.arguments(), files=FULL.files(), ephemeral=True)

    async with FakeDiscord.running() as local:
        ada, ops = local.person("ada"), local.channel("ops")
        async with listening(local) as client:
            for client.answer in (put_off, at_once):
                await ada.uses(ops, "/watch")
            shown = await local.until(lambda: three(ada.ephemerals(ops)))
        assert sorted(message.content for message in shown) == ["Here:", "Here:", "Nothing else."]
        assert local.complaints == []


def three(found: list[Any]) -> list[Any]:
    return found if len(found) == 3 else []


async def test_what_was_said_is_not_kept_in_memory() -> None:
    """A view that discord.py keeps for ever would be kept for every alert there ever was."""
    async with FakeDiscord.running() as local:
        ops = local.channel("ops")
        async with listening(local, sync=False) as client:
            client.add_dynamic_items(OurButton)
            channel = client.get_partial_messageable(int(ops.id))
            for message in (FULL, said(NoticeCard(text="Alerts here go on."), DeliveryKey("k"))):
                await channel.send(**message.arguments())
            assert list(client.persistent_views) == []
