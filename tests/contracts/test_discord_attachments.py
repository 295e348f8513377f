"""Files in the local Discord: beside messages, in answers, and given with a command. Through a real discord.py."""

import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.contracts.discord_clients import Listener, listening
from tests.fakes.discord import Channel, FakeDiscord

YAML = "labels:\n- name: sécurité\n"


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.channel("ops")
        yield running
        assert running.complaints == []


@pytest.fixture
async def client(local: FakeDiscord) -> AsyncIterator[Listener]:
    async with listening(local, sync=False) as running:
        yield running


def a_file(text: str = YAML, name: str = "settings.yaml") -> discord.File:
    return discord.File(io.BytesIO(text.encode()), filename=name)


def place(client: Listener, ops: Channel) -> discord.TextChannel:
    channel = client.get_channel(int(ops.id))
    assert isinstance(channel, discord.TextChannel)
    return channel


def content(local: FakeDiscord, attachment: dict[str, Any]) -> str:
    return local.world.files[attachment["id"]].content.decode()


async def test_a_message_may_be_a_file_alone_and_is_read_back(local: FakeDiscord, client: Listener) -> None:
    ops = local.channel("ops")
    sent = await place(client, ops).send(file=a_file())
    (attachment,) = sent.attachments
    assert (attachment.filename, attachment.size) == ("settings.yaml", len(YAML.encode()))
    assert (await attachment.read()).decode() == YAML
    (message,) = ops.standing()
    assert [content(local, one) for one in message.attachments] == [YAML]


async def test_an_edit_keeps_the_files_it_names_and_brings_new_ones(local: FakeDiscord, client: Listener) -> None:
    ops = local.channel("ops")
    sent = await place(client, ops).send("two", files=[a_file("a", "a.txt"), a_file("b", "b.txt")])
    (message,) = ops.standing()
    await sent.edit(content="still two")
    assert [content(local, one) for one in message.attachments] == ["a", "b"]
    await sent.edit(attachments=[sent.attachments[1], a_file("c", "c.txt")])
    assert [content(local, one) for one in message.attachments] == ["b", "c"]
    await sent.edit(attachments=[])
    assert message.attachments == []


async def test_a_file_that_is_nowhere_is_refused(local: FakeDiscord, client: Listener) -> None:
    ops = local.channel("ops")
    sent = await place(client, ops).send("none")
    with pytest.raises(discord.HTTPException) as refused:
        await client.http.edit_message(
            sent.channel.id, sent.id, params=discord.http.MultipartParameters({"attachments": [{"id": 7}]}, None, None)
        )
    assert refused.value.status == 400


async def test_a_deferred_answer_becomes_a_file(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")

    async def answer(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="here", attachments=[a_file()])
        await interaction.followup.send(file=a_file("more", "more.txt"), ephemeral=True)

    client.answer = answer
    await client.tree.sync()
    interaction = await ada.uses(ops, "/watch")
    await local.until(lambda: len(ada.ephemerals(ops)) == 2)
    assert [content(local, one) for message in interaction.answers for one in message.attachments] == [YAML, "more"]


async def test_a_command_is_given_a_file(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    read: list[tuple[str, int, str]] = []

    @client.tree.command(name="import", description="Takes a file")
    async def take(interaction: discord.Interaction[Any], file: discord.Attachment) -> None:
        read.append((file.filename, file.size, (await file.read()).decode()))
        await interaction.response.send_message("taken")

    assert isinstance(take, app_commands.Command)
    await client.tree.sync()
    given = local.world.keep_file("my settings.yaml", YAML.encode())
    await ada.uses(ops, "/import", file=given)
    assert read == [("my settings.yaml", len(YAML.encode()), YAML)]


async def test_a_private_follow_up_after_a_public_deferral_that_was_deleted_is_private(
    local: FakeDiscord, client: Listener
) -> None:
    ada, bob, ops = local.person("ada"), local.person("bob"), local.channel("ops")

    async def answer(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.delete_original_response()
        await interaction.followup.send("no", ephemeral=True)

    client.answer = answer
    await client.tree.sync()
    await ada.uses(ops, "/watch")
    await local.until(lambda: ada.ephemerals(ops))
    assert bob.sees(ops) == []
