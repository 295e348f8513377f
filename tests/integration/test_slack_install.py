"""What a workspace installs: a manifest that Slack takes, with the scopes that the adapter needs and no other."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
import yaml

from bot.cards import NoticeCard
from bot.chat.slack.manifest import EVENTS, SCOPES, manifest
from bot.commands.types import Reply
from storage.types import AlertId, ChannelKey, DeliveryKey, Receipt
from tests.acceptance.program import lapwing
from tests.fakes.inbound import Listener
from tests.fakes.slack import HOME_TEAM, Channel, FakeSlack, Limits, check_manifest
from tests.fakes.slack.reading import kind_of
from tests.fakes.slack.scopes import EVENT_SCOPES, METHODS
from tests.fakes.slack.web import Call
from tests.fakes.slack_server import QuickSlack

PLAIN: tuple[str, ...] = ()
PREFIXED = ("--prefix", "acme")
OVER_HTTP = ("--http", "https://lapwing.example.org")


@pytest.mark.parametrize("options", [PLAIN, PREFIXED, OVER_HTTP, PREFIXED + OVER_HTTP])
def test_slack_takes_the_manifest(options: tuple[str, ...]) -> None:
    ended = lapwing("slack-manifest", *options)
    assert (ended.status, ended.err) == (0, "")
    made = yaml.safe_load(ended.out)
    assert check_manifest(made) == []
    names = {command["command"] for command in made["features"]["slash_commands"]}
    assert {"/lapwing", "/acme-watch" if "--prefix" in options else "/watch"} <= names
    assert made["settings"]["socket_mode_enabled"] is ("--http" not in options)


@pytest.mark.parametrize(
    "option",
    [("--prefix", bad) for bad in ("Acme", "a b", "/acme", "-acme", "a" * 17, "ä", "acme\n")]
    + [("--http", bad) for bad in ("http://lapwing.example.org", "lapwing.example.org", "https://", "https:// x", "x")],
)
def test_what_slack_would_refuse_is_refused_with_the_way_out(option: tuple[str, str]) -> None:
    ended = lapwing("slack-manifest", *option)
    assert ended.status == 2
    assert ended.out == ""
    assert option[0] in ended.err
    assert "Traceback" not in ended.err


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack.running(manifest(), limits=Limits(messages_per_s=100, burst=100)) as running:
        yield running


def key(channel: Channel) -> ChannelKey:
    return ChannelKey(platform="slack", workspace=HOME_TEAM, channel=channel.id)


async def everything(slack: FakeSlack) -> None:
    """All that the adapter ever asks of Slack, in public channels, private ones and conversations."""
    ada = slack.person("ada")
    public, private = slack.channel("ops", ada), slack.channel("board", ada, is_private=True)
    house = Listener(Reply(text="Done."))
    platform = QuickSlack(slack.url)
    for channel in (public, private):
        assert await platform.can_send(key(channel)) is None
        receipt = await platform.send(key(channel), NoticeCard(text="a"), DeliveryKey(channel.name))
        await platform.edit(key(channel), receipt, NoticeCard(text="b"), DeliveryKey(channel.name))
        assert await platform.find(key(channel), DeliveryKey(channel.name)) == receipt
        house.messages.append((key(channel), receipt))
        message = slack.workspace.find(channel.id, receipt)
        assert message is not None
        message.reactions["x"] = [ada.id]
    (house.alerts[Receipt(public.messages[0].ts)],) = ([AlertId(7)],)
    running = asyncio.create_task(platform.run(house))
    try:
        await slack.until(lambda: len(slack.sockets.open) == 2 and len(house.found) == 2)
        await ada.types(public, "/labels")
        await ada.mentions(private, "<@BOT> labels")
        await ada.uses_shortcut(public.messages[0], "why")
        await ada.reacts(public.messages[0], "white_check_mark")
        judging = {"action_id": "do:Not relevant", "value": "-1 7", "type": "button"}
        house.reply = Reply(text="Judged.", public=True)
        await ada.sends_action(public.messages[0], judging)
        await slack.until(lambda: ada.views and house.reactions)
        direct = platform.direct(HOME_TEAM, ada.id)
        assert direct is not None
        assert await platform.can_send(direct) is None
        sent = await platform.send(direct, NoticeCard(text="c"), DeliveryKey("direct"))
        assert await platform.find(direct, DeliveryKey("direct")) == sent
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def needed(slack: FakeSlack, calls: Iterable[Call]) -> set[str]:
    """The scopes without which one of these calls, or an event, would not have come through."""
    found = {scope for event in EVENTS if (scope := EVENT_SCOPES[event])} | {"commands"}
    for call in calls:
        rules = METHODS[call.method]
        if rules.scope is not None and rules.token == "xoxb":
            found.add(rules.scope.format(kind=kind_of(slack.office, call.arguments)))
        if call.arguments.get("include_all_metadata"):
            found.add("metadata.message:read")
    return found


async def test_the_scopes_are_what_the_calls_need_and_nothing_more(slack: FakeSlack) -> None:
    await everything(slack)
    assert [call for call in slack.calls if call.answer != "ok"] == []
    assert needed(slack, slack.calls) == set(SCOPES)


async def test_without_the_scope_for_metadata_no_message_is_found_again(slack: FakeSlack) -> None:
    made = manifest()
    made["oauth_config"]["scopes"]["bot"].remove("metadata.message:read")
    slack.install(made)
    ops = key(slack.channel("ops", slack.person("ada")))
    platform = QuickSlack(slack.url)
    await platform.send(ops, NoticeCard(text="a"), DeliveryKey("k"))
    assert await platform.find(ops, DeliveryKey("k")) is None
