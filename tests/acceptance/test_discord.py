"""A day with Lapwing in Discord: the program as it is built, the real discord.py, a local Discord."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.discord import BOT_USER, FakeDiscord, Person, effects, late, pings
from tests.fakes.discord_home import said
from tests.fakes.lookout import a_line, judged, standing, until
from tests.fakes.lookout_discord import Home, cards, first_card, heard, keys, labels, posted, whispers

RCE = "Critical security flaw in ExampleDB <@&1> & @everyone **now** https://evil.example"
REST_MEMBER = "GET /guilds/{guild_id}/members/{user_id}"


@pytest.fixture
def home(discord: FakeDiscord, tmp_path: Path) -> Home:
    home = Home(discord=discord, folder=tmp_path)
    home.plays(a_line(1, RCE))
    return home


async def test_an_alert_is_an_embed_with_five_buttons_that_does_nothing_else(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
    assert RCE in said(card)
    assert len(card.embeds) == 1
    assert labels(card) == ["Relevant", "Not relevant", "Why?", "More", "Open post"]
    assert len(keys(card)) == 1
    assert card.nonce in keys(card)
    assert said(card).startswith("security 99% · @vendor_sec: Critical security flaw in ExampleDB")
    assert pings(card, discord.world) == []
    assert [effect.kind for effect in effects(card, discord.world)] == ["link"]  # the button Open post


async def test_buttons_judge_and_a_reason_is_asked_for_after_saving(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        pressed = await ada.presses(card, "Not relevant")
        assert pressed.response_type == 6
        word = await heard(ada, ops, "Alert 1 is marked not relevant by Ada.")
        assert await standing(app) == [("Ada", "not relevant", "")]  # saved before anything is asked
        await ada.presses(word, "Add a reason")
        (modal,) = ada.modals
        await ada.submits(modal, {"What was wrong with it?": "it is a <drill> & no more"})
        await judged(app, ("Ada", "not relevant", "it is a <drill> & no more"))
        await until(lambda: "it is a <drill> & no more" in said(word))  # in the same place, and asked no more
        assert labels(word) == []
        await until(lambda: "not relevant by Ada" in said(card))
        assert labels(card) == ["Relevant", "Not relevant", "Why?", "More", "Open post"]
        await ben.presses(card, "Relevant")
        await until(lambda: "relevant by Ben" in said(card))
        await ada.presses(card, "Relevant")
        await judged(app, ("Ada", "relevant", ""), ("Ben", "relevant", ""))
        await ada.presses(card, "Relevant")
        await heard(ada, ops, "already")
        assert "Add a reason" not in [label for one in ada.ephemerals(ops) for label in labels(one)]
    assert cards(ops) == [card]
    assert ben.ephemerals(ops) == [message for message in ben.ephemerals(ops) if "Ben" in said(message)]


async def test_a_reaction_judges_and_its_removal_withdraws(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, robot = discord.person("ben"), discord.person("robot")
    robot.user.bot = True
    ops = discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await robot.reacts(card, "❌")
        await ada.reacts(card, "👀")
        await ada.reacts(card, "👎🏽")
        await judged(app, ("Ada", "not relevant", ""))
        tick = discord.emoji("white_check_mark")
        await ben.reacts(card, tick)
        await judged(app, ("Ada", "not relevant", ""), ("Ben", "relevant", ""))
        await ada.presses(card, "Relevant")
        await judged(app, ("Ada", "relevant", ""), ("Ben", "relevant", ""))
        await ada.unreacts(card, "👎🏽")  # says nothing any more: the button came later
        await robot.unreacts(card, "❌")
        await ben.unreacts(card, tick)
        await judged(app, ("Ada", "relevant", ""))


async def test_reactions_that_a_moderator_takes_away_are_withdrawn(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, cem, ops = discord.person("ben"), discord.administrator("cem"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ada.reacts(card, "👎")
        await ben.reacts(card, "👍")
        await judged(app, ("Ada", "not relevant", ""), ("Ben", "relevant", ""))
        await cem.clears(card, "👎")
        await judged(app, ("Ben", "relevant", ""))
        await cem.clears(card)
        await judged(app)


async def test_reactions_are_taken_in_the_order_they_were_given(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ben.reacts(card, "❌")
        await judged(app, ("Ben", "not relevant", ""))
        discord.faults.next(REST_MEMBER, late(0.4))
        await ben.unreacts(card, "❌")  # whose it was has to be looked up, and what follows waits for it
        await ben.reacts(card, "❌")
        await asyncio.sleep(0.8)
        await judged(app, ("Ben", "not relevant", ""))


async def test_a_reaction_of_somebody_who_left_is_withdrawn_all_the_same(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ben.reacts(card, "❌")
        await judged(app, ("Ben", "not relevant", ""))
        discord.faults.next(REST_MEMBER, late(0.3))
        await ben.unreacts(card, "❌")
        ben.leaves(discord.guild())
        await judged(app)


async def test_why_more_and_open_post(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ops = discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        shown = len(posted(ops))
        await ada.presses(card, "Why?")
        await heard(ada, ops, "is above its threshold")
        await ada.presses(card, "More")
        more = await heard(ada, ops, "What else about alert 1?")
        assert labels(more) == [
            "Wrong label: security",
            "Pause @vendor_sec for a day",
            "Unwatch @vendor_sec",
        ]
        assert len(posted(ops)) == shown
        await ada.presses(more, "Wrong label: security")
        await judged(app, ("Ada", "not relevant", "wrong label: security"))
        await heard(ada, ops, "wrong label: security")
        await ada.presses(more, "Unwatch @vendor_sec")
        await until(lambda: any("No longer watching @vendor_sec" in said(message) for message in posted(ops)))
        with pytest.raises(AssertionError, match="a link opens the browser"):
            await ada.presses(card, "Open post")


async def test_what_somebody_may_not_do_is_refused_in_private(discord: FakeDiscord, home: Home, ada: Person) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        shown = len(posted(ops))
        await ben.presses(card, "More")
        more = await heard(ben, ops, "What else about alert 1?")
        await ben.presses(more, "Unwatch @vendor_sec")
        await heard(ben, ops, "may not change settings here")
        watching = next(message for message in posted(ops) if "Watching @vendor_sec" in said(message))
        await ben.presses(watching, "Undo")
        await until(lambda: len([text for text in whispers(ben, ops) if "may not change settings" in text]) == 2)
        assert len(posted(ops)) == shown
        await ada.presses(watching, "Undo")
        await until(lambda: "Took back" in said(posted(ops)[-1]))


async def test_a_collapsed_alert_is_shown_to_whoever_asks_and_undone(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ben, ops = discord.person("ben"), discord.channel("ops")
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await ada.reacts(card, "❌")
        await ben.reacts(card, "❌")
        await until(lambda: labels(card) == ["show", "undo"])
        assert RCE not in said(card)
        assert card.embeds == []
        await ada.presses(card, "show")
        shown = await heard(ada, ops, RCE)
        assert keys(shown) == keys(card)
        await ada.presses(shown, "Relevant")  # its buttons are those of the alert
        await judged(app, ("Ada", "relevant", ""), ("Ben", "not relevant", ""))
        await until(lambda: RCE in said(card))
        await ada.reacts(card, "👎")
        await until(lambda: labels(card) == ["show", "undo"])
        await ben.presses(card, "undo")
        await heard(ben, ops, "is no longer judged by you")
        await judged(app, ("Ada", "not relevant", ""))
        await until(lambda: RCE in said(card))  # a strong alarm is not hidden by one


async def test_the_reason_of_a_judgement_is_taken_after_a_restart(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    async with home.awake():
        card = await first_card(discord, ada, ops)
        await ada.presses(card, "Not relevant")
        word = await heard(ada, ops, "marked not relevant")
        await ada.presses(word, "Add a reason")
    (modal,) = ada.modals
    async with home.awake() as app:
        assert (await ada.submits(modal, {"What was wrong with it?": "a drill"})).acknowledged
        await judged(app, ("Ada", "not relevant", "a drill"))


async def test_a_post_deleted_at_its_source_leaves_its_card_without_text(
    discord: FakeDiscord, home: Home, ada: Person
) -> None:
    ops = discord.channel("ops")
    gone = {"id": "1", "source": "x", "deleted": True, "created_at": a_line(2, "", after_s=1.0)["created_at"]}
    home.plays(a_line(1, RCE), gone)
    async with home.awake() as app:
        card = await first_card(discord, ada, ops)
        await until(lambda: RCE not in said(card))
        assert "Open post" not in labels(card)
        await ada.presses(card, "Relevant")
        await judged(app, ("Ada", "relevant", ""))
    assert all(message.author == BOT_USER for message in posted(ops))
