"""What people ask Lapwing in Discord, in all the ways there are, and who sees the answer."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.classifier import TroubledClassifier
from tests.fakes.discord import MANAGE_CHANNELS, Channel, FakeDiscord, Message, Person, late
from tests.fakes.discord_forms import FORMS
from tests.fakes.discord_home import answered, asks, said
from tests.fakes.lookout import a_line, judged, until
from tests.fakes.lookout_discord import Home, cards, first_card, heard, labels, posted, whispers

RCE = "Critical security flaw in ExampleDB <@&1> & @everyone"
CALLBACK = "POST /interactions/{interaction_id}/{token}/callback"


@pytest.fixture
def home(discord: FakeDiscord, tmp_path: Path) -> Home:
    home = Home(discord=discord, folder=tmp_path)
    home.plays(a_line(1, RCE), a_line(2, "Nothing of interest."))
    return home


async def test_reads_are_private_with_share_and_changes_public(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        changes = [said(message) for message in posted(ops) if message is not card]
        assert [text.split(".")[0] for text in changes] == ["Labels are set: added security", "Watching @vendor_sec"]
        shown = len(posted(ops))
        for command, options, expected in READS:
            assert expected in await asks(discord, ada, ops, command, **options)
        assert len(posted(ops)) == shown
        await ada.presses(ada.ephemerals(ops)[0], "Share")
        await until(lambda: any("This would alert here for security." in said(one) for one in ben.sees(ops)))
        assert ben.ephemerals(ops) == []
        for command, options, expected in CHANGES:
            assert expected in await asks(discord, ada, ops, command, **options)
            assert expected in said(ben.sees(ops)[-1])


READS: list[tuple[str, dict[str, Any], str]] = [
    ("/test", {"text": "a security hole"}, "This would alert here for security."),
    ("/why", {"what": "1"}, "is above its threshold"),
    ("/why", {"what": "https://x.com/vendor_sec/status/1"}, "Alert 1"),
    ("/stats", {"days": 30}, "security"),
    ("/health", {}, "keyword:words"),
    ("/watch", {}, "@vendor_sec"),
    ("/alerts list", {}, "security"),
    ("/config log", {}, "/watch @vendor_sec"),
    ("/help", {"topic": "labels"}, "/labels set"),
]

CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("/alerts pause", {"duration": "2h"}, "paused until"),
    ("/labels add", {"labels": "supply chain"}, "added supply chain"),
    ("/labels describe", {"label": "supply chain", "text": 'a "dependency" attacked'}, "supply chain"),
    ("/threshold set", {"percent": "60", "label": "supply chain"}, "60%"),
    ("/unwatch", {"accounts": "@vendor_sec"}, "No longer watching"),
    ("/config undo", {}, "Took back"),
]


async def test_every_form_of_the_catalogue_is_understood(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await first_card(discord, ada, ops)
        for used in [used for forms in FORMS.values() for used in forms]:
            answer = await asks(discord, ada, ops, used.command, **used.options)
            assert "is not a command" not in answer
            assert "Nothing was changed. Example:" not in answer, f"{used.line} was not understood: {answer}"
        assert "Only Ada and admins" in await asks(discord, ada, ops, "/config lock", user1=ada)


@pytest.mark.parametrize(
    ("command", "options", "expected"),
    [
        ("/labels list", {}, "no labels yet"),
        ("/threshold list", {}, "The threshold here is 40% (default)."),
        ("/alerts list", {}, "No alerts here yet"),
        ("/config show", {}, "mode: independent"),
        ("/watch", {}, "watches nobody yet"),
        ("/help", {}, "/watch"),
        ("/watch", {"accounts": "@vendro_sec"}, "Did you mean @vendor_sec? Nothing was changed."),
        ("/watch", {"accounts": "@news@mastodon.social"}, "I can't watch Mastodon here yet"),
        ("/watch", {"accounts": "@vendor_sec", "filters": "-retwets"}, "Did you mean -retweets? Nothing was changed."),
        ("/threshold set", {"percent": "150"}, "Nothing was changed."),
        ("/unwatch", {"accounts": "all"}, "watches nobody"),
        ("/why", {"what": "https://x.com/vendor_sec/status/1?a=1&b=2"}, "vendor_sec"),
    ],
)
async def test_private_answers(
    discord: FakeDiscord, home: Home, ada: Person, command: str, options: dict[str, Any], expected: str
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake():
        assert expected in await asks(discord, ada, ops, command, **options)
    assert ben.sees(ops) == []


async def test_only_managers_change_settings_and_a_lock_names_fewer(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, cem = discord.person("ben"), discord.person("cem", permissions=MANAGE_CHANNELS)
    boss, ops = discord.administrator("boss"), discord.channel("ops")
    async with home.awake():
        refused = await asks(discord, ben, ops, "/labels set", labels="security")
        assert refused.startswith("You may not change settings here: that takes the permission Manage Channels.")
        assert "/unwatch" not in ben.commands(ops)
        assert "added security" in await asks(discord, cem, ops, "/labels set", labels="security")
        locked = await asks(discord, ada, ops, "/config lock", user1=ada, user2=ben)
        assert "Only Ada, Ben and admins may change settings here now." in locked
        assert "Only managers may change settings here: Ada, Ben." in await asks(
            discord, cem, ops, "/labels set", labels="database"
        )
        assert "added database" in await asks(discord, boss, ops, "/labels add", labels="database")
        assert "may change settings again" in await asks(discord, ada, ops, "/config unlock")
        assert "added patches" in await asks(discord, cem, ops, "/labels add", labels="patches")
    assert [text for text in whispers(ben, ops) if "added" in text] == []


async def test_a_change_that_is_refused_late_leaves_nothing_public(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake():
        interaction = await ada.uses(ops, "/watch", accounts="@vendro_sec")  # nobody knows before the source is asked
        assert interaction.original is not None
        assert interaction.original.ephemeral_to is None
        (message,) = (await heard(ada, ops, "Did you mean @vendor_sec?"),)
        assert message.ephemeral_to == ada.id
    assert ben.sees(ops) == []
    assert discord.interactions[-1].original is not None
    assert discord.interactions[-1].original.deleted


async def test_what_is_being_typed_is_completed(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await asks(discord, ada, ops, "/labels set", labels='security, database, "one, two"')
        await asks(discord, ada, ops, "/watch", accounts="@vendor_sec")
        for command, option, text, expected in [
            ("/unwatch", "accounts", "@ven", ["@vendor_sec"]),
            ("/labels remove", "labels", "security, da", ["security, database"]),
            ("/labels remove", "labels", "one", ['"one, two"']),
            ("/threshold reset", "label", "sec", ["security"]),
            ("/alerts pause", "duration", "3", ["3m", "3h", "3d", "3w"]),
            ("/alerts pause", "target", "ven", ["@vendor_sec"]),
            ("/help", "topic", "lab", ["labels"]),
        ]:
            others = {"duration": "2h"} if option == "target" else {}
            typing = await ada.types_into(ops, command, option, text, **others)
            assert [one["value"] for one in typing.choices or []] == expected


async def test_menus_on_an_alert_on_a_link_and_on_neither(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        linked = await ada.says(ops, "what of <https://x.com/vendor_sec/status/2> then?")
        plain = await ada.says(ops, "a security hole & <more>")
        for message, menu, expected in [
            (card, "Why this alert?", "Alert 1"),
            (linked, "Why this alert?", "below"),
            (plain, "Why this alert?", "That message is no alert of mine, and holds no link to a post."),
            (plain, "Classify this", "This would alert here for security."),
            (card, "Classify this", "This would alert here for security."),
        ]:
            (answer,) = await answered(discord, await ada.uses_message_command(message, menu))
            assert expected in answer
    assert len(posted(ops)) == 3


async def test_why_takes_the_link_of_a_message(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops, other = discord.channel("ops"), discord.channel("other")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        link = link_of(card, ops)
        assert "Alert 1" in await asks(discord, ada, ops, "/why", what=link)
        assert "Alert 1" in await asks(discord, ada, ops, "/why", what=f"<{link.replace('discord.', 'ptb.discord.')}>")
        assert "in another channel: ask there" in await asks(discord, ada, other, "/why", what=link)
        plain = link_of(posted(ops)[0], ops)
        assert "no alert of mine" in await asks(discord, ada, ops, "/why", what=plain)


def link_of(message: Message, channel: Channel) -> str:
    return f"https://discord.com/channels/{channel.guild}/{channel.id}/{message.id}"


async def test_a_thread_has_settings_and_alerts_of_its_own(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    thread = discord.thread("incident", ops)
    async with home.awake() as app:
        card = await first_card(discord, ada, thread)
        await ada.presses(card, "Not relevant")
        await heard(ada, thread, "marked not relevant by Ada")
        await ada.reacts(card, "👍")
        await judged(app, ("Ada", "relevant", ""))
        assert "watches nobody yet" in await asks(discord, ada, ops, "/watch")
    assert posted(ops) == []


async def test_a_slow_answer_shows_that_it_is_worked_on(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    home.classifier = model = TroubledClassifier()
    async with home.awake():
        await asks(discord, ada, ops, "/labels set", labels="security")
        model.hang()
        interaction = await ada.uses(ops, "/test", text="a security hole")
        assert interaction.latency_s is not None
        assert interaction.latency_s < 0.5
        await asyncio.sleep(2.5)
        assert [message.thinking for message in ada.ephemerals(ops)] == [True]
        model.may_answer.set()
        assert "This would alert here for security." in (await answered(discord, interaction))[0]


async def test_a_slow_button_is_announced_in_time_and_answered_in_the_same_place(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    home.classifier = model = TroubledClassifier()
    async with home.awake():
        await first_card(discord, ada, ops)
        await asks(discord, ada, ops, "/config import", yaml=json.dumps(OTHERS))
        shown = await heard(ada, ops, "To do it: /config import apply")
        model.hang()
        began = time.monotonic()
        await ada.presses(shown, "Apply")  # says what it would have done, and asks the model
        waiting = await heard(ada, ops, "Working on it…")
        assert time.monotonic() - began < 2.5
        model.may_answer.set()
        await until(lambda: "Imported, " in said(posted(ops)[-1]))
        assert waiting.deleted  # what all see does not stand where one was told to wait


OTHERS = {"lapwing": 1, "labels": [{"name": "supply chain"}], "watches": [{"account": "@vendor_sec"}]}


async def test_settings_go_from_one_channel_to_another_by_option_by_file_and_by_dialog(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await first_card(discord, ada, ops)
        await asks(discord, ada, ops, "/labels add", labels='"one, two"')
        await asks(discord, ada, ops, "/threshold set", percent="55", label="one, two")
        exported = await export(discord, ada, ops)
        for way in ("option", "file", "dialog"):
            other = discord.channel(f"by-{way}")
            shown = await brought(discord, ada, other, way, exported)
            assert "Importing this would make" in said(shown)
            assert posted(other) == []
            await ada.presses(shown, "Apply")
            await until(lambda: any("Imported, " in said(one) for one in posted(other)))  # noqa: B023  (awaited here)
            assert yaml.safe_load(await export(discord, ada, other)) == yaml.safe_load(exported)


async def brought(discord: FakeDiscord, person: Person, channel: Channel, way: str, exported: str) -> Message:
    """What an import is answered that is made that way."""
    if way == "option":  # Discord's own client makes one line of what is put into an option
        interaction = await person.uses(channel, "/config import", yaml=json.dumps(yaml.safe_load(exported)))
    elif way == "file":
        file = discord.world.keep_file("settings.yaml", exported.encode())
        interaction = await person.uses(channel, "/config import", file=file)
    else:
        await person.uses(channel, "/config import")
        modal = person.modals[-1]
        interaction = await person.submits(modal, {"Settings, as /config export shows them": exported})
    await answered(discord, interaction)
    return interaction.answers[-1]


async def export(discord: FakeDiscord, person: Person, channel: Channel) -> str:
    """The settings as somebody copies them: out of the block of code, or out of the file."""
    interaction = await person.uses(channel, "/config export")
    await answered(discord, interaction)
    message = interaction.answer
    assert message.ephemeral_to == person.id
    if message.attachments:
        return discord.world.files[message.attachments[0]["id"]].content.decode()
    return message.content.removeprefix("```yaml\n").removesuffix("\n```")


async def test_settings_too_long_or_too_strange_for_a_message_come_as_a_file(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops, other = discord.channel("ops"), discord.channel("other")
    many = ", ".join(f"label number {number}" for number in range(18))
    async with home.awake():
        await asks(discord, ada, ops, "/labels set", labels=f"{many}, ```code, @everyone <@{ada.id}>")
        for number in range(18):
            await asks(
                discord, ada, ops, "/labels describe", label=f"label number {number}", text=f"{number} " + "x" * 150
            )
        exported = await export(discord, ada, ops)
        assert len(exported) > 2_000
        shown = await brought(discord, ada, other, "file", exported)
        await until(lambda: "To do it" in "".join(whispers(ada, other)))
        last = next(message for message in ada.ephemerals(other) if "Apply" in labels(message))
        await ada.presses(last, "Apply")
        await until(lambda: any("Imported, " in said(one) for one in posted(other)))
        assert await export(discord, ada, other) == exported
    assert shown.ephemeral_to == ada.id


async def test_files_that_are_none_of_ours_are_told_to_be(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        for content, expected in [
            (b"\xff\xfe\x00", "The file is no text (UTF-8)."),
            (b"x" * 300_000, "The file is too long"),
            (b"mode: [", "I cannot import this"),
        ]:
            file = discord.world.keep_file("a.yaml", content)
            assert expected in await asks(discord, ada, ops, "/config import", file=file)
        gone = discord.world.keep_file("gone.yaml", b"lapwing: 1")
        del discord.world.files[gone.id]
        assert "I could not read the file" in await asks(discord, ada, ops, "/config import", file=gone)
        both = await asks(discord, ada, ops, "/config import", file=gone, yaml="{lapwing: 1}")
        assert "not as both. Nothing was changed." in both
    assert posted(ops) == []


async def test_all_of_it_is_unwatched_only_by_whoever_is_sure(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        await first_card(discord, ada, ops)
        await asks(discord, ada, ops, "/unwatch", accounts="all")
        question = ada.ephemerals(ops)[-1]
        await ada.presses(question, labels(question)[0])
        await until(lambda: "No longer watching" in said(posted(ops)[-1]))


async def test_nothing_delays_an_acknowledgement(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        discord.faults.next("GET /guilds/{guild_id}/members/{user_id}", late(1.0))
        for interaction in (await ben.presses(card, "Relevant"), await ben.uses(ops, "/labels list")):
            assert interaction.latency_s is not None
            assert interaction.latency_s < 0.5
        await judged(app, ("Ben", "relevant", ""))


async def test_a_change_acknowledged_too_late_is_made_once_and_said_in_the_channel(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        discord.acknowledge_within_s = 0.2
        discord.faults.next(CALLBACK, late(0.5))
        assert (await ada.uses(ops, "/labels set", labels="security")).problem == "timeout"
        await until(lambda: [said(message) for message in posted(ops)])
        discord.acknowledge_within_s = 3.0
        assert "added security" in said(posted(ops)[0])
        assert cards(ops) == []
        assert (await asks(discord, ada, ops, "/config log")).count("/labels set") == 1
