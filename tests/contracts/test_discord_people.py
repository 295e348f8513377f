"""What people do in the local Discord and what they see, through a real discord.py client that answers them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from tests.contracts.discord_clients import Judge, Listener, Reason, listening
from tests.fakes.discord import MANAGE_CHANNELS, Channel, FakeDiscord


@pytest.fixture
async def local() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.running() as running:
        running.acknowledge_within_s = 0.5
        running.channel("ops")
        yield running
        assert running.complaints == []


@pytest.fixture
async def client(local: FakeDiscord) -> AsyncIterator[Listener]:
    async with listening(local) as running:
        yield running


def place(client: Listener, ops: Channel) -> discord.TextChannel:
    channel = client.get_channel(int(ops.id))
    assert isinstance(channel, discord.TextChannel)
    return channel


async def post(client: Listener, ops: Channel, **content: Any) -> str:
    """A message of the bot with the button that survives restarts; its id."""
    view = discord.ui.View(timeout=None)
    view.add_item(Judge("a1"))
    view.add_item(discord.ui.Button(label="Open post", url="https://example.com/1"))
    message = await place(client, ops).send(view=view, **content)
    return str(message.id)


async def test_a_command_is_answered_for_all_to_read(local: FakeDiscord, client: Listener) -> None:
    ada, bob, ops = local.person("ada"), local.person("bob"), local.channel("ops")
    interaction = await ada.uses(ops, "/watch", account="@vendor_sec")
    assert client.heard == [("watch", "@vendor_sec")]
    assert [message.content for message in bob.sees(ops)] == ["Watching"]
    assert interaction.answer.type == 20
    assert interaction.latency_s is not None
    assert interaction.latency_s < 0.5


async def test_an_ephemeral_answer_is_shown_to_one_person(local: FakeDiscord, client: Listener) -> None:
    ada, bob, ops = local.person("ada"), local.person("bob"), local.channel("ops")
    client.answer = lambda it: it.response.send_message("for you", ephemeral=True)
    interaction = await ada.uses(ops, "/watch")
    assert [message.content for message in ada.ephemerals(ops)] == ["for you"]
    assert bob.sees(ops) == []
    with pytest.raises(discord.NotFound):  # not even the bot finds it in the channel
        await place(client, ops).fetch_message(int(interaction.answer.id))


async def test_the_callback_tells_which_message_it_made(local: FakeDiscord, client: Listener) -> None:
    made: list[int | None] = []

    async def answer(it: discord.Interaction[Any]) -> None:
        made.append((await it.response.send_message("Watching")).message_id)

    client.answer = answer
    interaction = await local.person("ada").uses(local.channel("ops"), "/watch")
    await local.until(lambda: made)
    assert made == [int(interaction.answer.id)]


async def test_a_deferred_answer_is_thinking_until_it_is_edited_in(local: FakeDiscord, client: Listener) -> None:
    ada, ops, go = local.person("ada"), local.channel("ops"), asyncio.Event()

    async def answer(it: discord.Interaction[Any]) -> None:
        await it.response.defer(ephemeral=True, thinking=True)
        await go.wait()
        await it.edit_original_response(content="done")

    client.answer = answer
    interaction = await ada.uses(ops, "/watch")
    assert interaction.deferred
    assert len(ada.thinking(ops)) == 1
    go.set()
    await local.until(lambda: interaction.answer.content)
    assert (interaction.answer.content, ada.thinking(ops)) == ("done", [])
    assert ada.ephemerals(ops) == [interaction.answer]


async def test_the_first_follow_up_after_a_deferral_fills_it_and_keeps_it_private(
    local: FakeDiscord, client: Listener
) -> None:
    async def answer(it: discord.Interaction[Any]) -> None:
        await it.response.defer(ephemeral=True, thinking=True)
        await it.followup.send("first")
        await it.followup.send("second", ephemeral=False)

    client.answer = answer
    ada, bob, ops = local.person("ada"), local.person("bob"), local.channel("ops")
    interaction = await ada.uses(ops, "/watch")
    await local.until(lambda: len(interaction.answers) == 2)
    assert [message.content for message in ada.ephemerals(ops)] == ["first"]
    assert [message.content for message in bob.sees(ops)] == ["second"]


async def test_an_answer_can_be_read_edited_and_deleted_for_15_minutes(local: FakeDiscord, client: Listener) -> None:
    held: list[discord.Interaction[Any]] = []

    async def answer(it: discord.Interaction[Any]) -> None:
        await it.response.send_message("one")
        held.append(it)

    client.answer = answer
    interaction = await local.person("ada").uses(local.channel("ops"), "/watch")
    (it,) = await local.until(lambda: held)
    local.world.advance(minutes=14)
    await it.edit_original_response(content="two")
    assert (await it.original_response()).content == interaction.answer.content == "two"
    local.world.advance(minutes=2)
    with pytest.raises(discord.HTTPException) as late:
        await it.delete_original_response()
    assert (late.value.status, late.value.code) == (401, 50027)


async def test_a_late_acknowledgement_is_refused(local: FakeDiscord, client: Listener) -> None:
    refused: list[int] = []

    async def answer(it: discord.Interaction[Any]) -> None:
        await asyncio.sleep(0.6)
        try:
            await it.response.send_message("too late")
        except discord.NotFound as error:
            refused.append(error.code)

    client.answer = answer
    ada, ops = local.person("ada"), local.channel("ops")
    interaction = await ada.uses(ops, "/watch")
    assert interaction.problem == "timeout"
    await local.until(lambda: refused)
    assert refused == [10062]
    assert interaction.latency_s is not None
    assert interaction.latency_s > 0.5
    assert ada.sees(ops) == []


async def test_a_second_acknowledgement_is_refused(local: FakeDiscord, client: Listener) -> None:
    refused: list[int] = []

    async def answer(it: discord.Interaction[Any]) -> None:
        await it.response.send_message("one")
        it.response._response_type = None  # the library itself would stop a second one
        try:
            await it.response.send_message("two")
        except discord.HTTPException as error:
            refused.append(error.code)

    client.answer = answer
    await local.person("ada").uses(local.channel("ops"), "/watch")
    await local.until(lambda: refused)
    assert refused == [40060]


async def test_a_follow_up_before_any_acknowledgement_is_refused(local: FakeDiscord, client: Listener) -> None:
    refused: list[int] = []

    async def answer(it: discord.Interaction[Any]) -> None:
        try:
            await it.followup.send("early")
        except discord.NotFound as error:
            refused.append(error.code)

    client.answer = answer
    interaction = await local.person("ada").uses(local.channel("ops"), "/watch")
    assert (interaction.problem, refused) == ("timeout", [10015])


async def test_nobody_there_to_hear_a_command(local: FakeDiscord) -> None:
    async with listening(local):
        pass
    local.gateway.resumable_for_s = 0.0  # discord.py says goodbye with 4000, which leaves its session standing
    interaction = await local.person("ada").uses(local.channel("ops"), "/watch")
    assert interaction.problem == "no_connection"


async def test_a_subcommand_with_typed_options(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    await ada.uses(ops, "/labels set", labels="a, b", least=60)
    assert client.heard == [("labels set", ("a, b", 60))]
    with pytest.raises(LookupError, match="needs one of its subcommands"):
        await ada.uses(ops, "/labels")
    with pytest.raises(ValueError, match="needs"):
        await ada.uses(ops, "/labels set")
    with pytest.raises(ValueError, match="does not take"):
        await ada.uses(ops, "/labels set", labels="a", least="sixty")
    with pytest.raises(LookupError, match="no option"):
        await ada.uses(ops, "/labels set", labels="a", most=1)
    assert len(client.heard) == 1


async def test_autocomplete_offers_choices(local: FakeDiscord, client: Listener) -> None:
    interaction = await local.person("ada").types_into(local.channel("ops"), "/watch", "account", "ven")
    assert client.heard == [("complete", "ven")]
    assert [choice["value"] for choice in interaction.choices or []] == ["@vendor_sec", "@version"]


async def test_more_than_25_choices_are_refused(local: FakeDiscord, client: Listener) -> None:
    client.choices = [str(number) for number in range(26)]
    interaction = await local.person("ada").types_into(local.channel("ops"), "/watch", "account", "x")
    assert (interaction.choices, interaction.problem) == (None, "timeout")
    assert [call.status for call in local.calls if "callback" in call.route] == [400]


async def test_a_command_for_managers_is_offered_to_managers(local: FakeDiscord, client: Listener) -> None:
    ada, bob, root = local.person("ada", permissions=MANAGE_CHANNELS), local.person("bob"), local.administrator("root")
    ops = local.channel("ops")
    assert [("/lock" in person.commands(ops)) for person in (ada, bob, root)] == [True, False, True]
    with pytest.raises(LookupError, match="not offered"):
        await bob.uses(ops, "/lock", who=ada)
    await ada.uses(ops, "/lock", who=bob)
    assert client.heard == [("lock", "bob")]


async def test_a_modal_is_opened_filled_in_and_submitted(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada", permissions=MANAGE_CHANNELS), local.channel("ops")
    await ada.uses(ops, "/lock", who=ada)
    (modal,) = ada.modals
    assert modal.title == "Why not?"
    with pytest.raises(ValueError, match="takes 1 to 20"):
        await ada.submits(modal, {"reason": "x" * 21})
    with pytest.raises(LookupError, match="no field"):
        await ada.submits(modal, {"reason": "x", "other": "y"})
    await ada.submits(modal, {"Reason": "too loud"})
    assert ada.modals == []
    assert [message.content for message in ada.ephemerals(ops)] == ["because too loud"]


async def test_a_message_command_shows_the_app_the_message(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    message = await ada.says(ops, "Critical RCE")
    await ada.uses_message_command(message, "Classify this")
    assert client.heard == [("classify", "Critical RCE")]
    assert [answer.content for answer in ada.ephemerals(ops)] == ["92% security"]


async def test_an_old_button_works_after_a_restart(local: FakeDiscord) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    async with listening(local) as before:
        await post(before, ops, content="alert")
    async with listening(local) as after:
        (message,) = ada.sees(ops)
        interaction = await ada.presses(message, "Relevant")
        assert (after.judged, before.judged) == (["a1"], [])
        assert interaction.answer.content == "Thank you"
        with pytest.raises(AssertionError, match="opens the browser"):
            await ada.presses(message, "Open post")
        with pytest.raises(LookupError, match="no button"):
            await ada.presses(message, "Irrelevant")


async def test_a_press_can_redraw_its_message(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")

    class Toggle(discord.ui.View):
        @discord.ui.button(label="On", custom_id="toggle")
        async def toggle(self, it: discord.Interaction[Any], button: discord.ui.Button[Any]) -> None:
            button.disabled = True
            await it.response.edit_message(content="off", view=self)

    view = Toggle(timeout=None)
    await place(client, ops).send("on", view=view)
    (message,) = ada.sees(ops)
    interaction = await ada.presses(message, "On")
    assert (message.content, interaction.answers) == ("off", [])
    assert [version["content"] for version in message.versions] == ["on", "off"]
    with pytest.raises(AssertionError, match="disabled"):
        await ada.presses(message, "On")
    view.stop()


async def test_reactions_by_unicode_and_custom_emoji_are_heard(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")
    message = await ada.says(ops, "hello")
    custom = local.emoji("lapwing")
    await ada.reacts(message, "👍🏽")
    await ada.reacts(message, "👍🏽")  # a second time changes nothing
    await ada.reacts(message, custom)
    await ada.unreacts(message, custom)
    await local.until(lambda: client.count("remove") == 1)
    who, what = int(ada.id), int(message.id)
    written = f"<:lapwing:{custom.id}>"
    assert client.heard == [
        ("add", ("👍🏽", who, what)),
        ("add", (written, who, what)),
        ("remove", (written, who, what)),
    ]


async def test_reactions_are_read_page_by_page(local: FakeDiscord, client: Listener) -> None:
    ops = local.channel("ops")
    await post(client, ops, content="alert")
    (message,) = local.person("ada").sees(ops)
    for number in range(120):
        await local.person(f"p{number}").reacts(message, "👎")
    fetched = await place(client, ops).fetch_message(int(message.id))
    (reaction,) = fetched.reactions
    assert reaction.count == 120
    assert len({user.id async for user in reaction.users()}) == 120


async def test_a_bot_does_not_hear_of_reactions_where_it_cannot_look(local: FakeDiscord, client: Listener) -> None:
    ada = local.person("ada")
    secret = local.channel("secret", private_to=[ada])
    await ada.reacts(await ada.says(secret, "hello"), "👍")
    await ada.reacts(await ada.says(local.channel("ops"), "hello"), "👎")
    await local.until(lambda: client.count("add"))
    assert [what[0] for kind, what in client.heard if kind == "add"] == ["👎"]
    with pytest.raises(discord.Forbidden) as forbidden:
        await client.fetch_channel(int(secret.id))
    assert forbidden.value.code == 50001


async def test_a_modal_of_a_button_can_redraw_the_message(local: FakeDiscord, client: Listener) -> None:
    ada, ops = local.person("ada"), local.channel("ops")

    class Redraw(Reason):
        async def on_submit(self, it: discord.Interaction[Any], /) -> None:
            await it.response.edit_message(content=f"not relevant: {self.text.value}")

    class Ask(discord.ui.View):
        @discord.ui.button(label="Not relevant", custom_id="ask")
        async def ask(self, it: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
            await it.response.send_modal(Redraw())

    view = Ask(timeout=None)
    await place(client, ops).send("alert", view=view)
    (message,) = ada.sees(ops)
    await ada.presses(message, "Not relevant")
    await ada.submits(ada.modals[0], {"reason": "sports"})
    assert message.content == "not relevant: sports"
    view.stop()
