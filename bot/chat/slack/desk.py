"""What people type, press and react with in Slack: acknowledged at once, handed to the house, answered."""

import asyncio
import logging
import re
import secrets
from collections import OrderedDict
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.base import DeliveryError, Inbound, Reaction
from bot.chat.slack import incoming, modals, replies
from bot.chat.slack.cards import OPEN
from bot.chat.slack.incoming import Said
from bot.chat.slack.manifest import CLASSIFY, WHY, commands
from bot.chat.slack.people import People
from bot.chat.slack.voice import ChannelVoice, ResponseVoice, Voice
from bot.chat.slack.web import call
from bot.commands.types import Asked, ButtonKind, Reply

log = logging.getLogger(__name__)

SLOW_S = 2.0
"""After so long without an answer people are told that it is being worked on."""

_MOST_REMEMBERED = 10_000
_JUDGEMENT = re.compile(r"(?P<said>[+-]1|0) (?P<alert>[0-9]+)")


class Desk:
    """Registers with a bolt app everything that people can do."""

    def __init__(self, web: AsyncWebClient, people: People, inbound: Inbound, *, workspace: str, bot: str) -> None:
        self._web = web
        self._people = people
        self._inbound = inbound
        self._workspace = workspace
        self._bot = bot
        self._shareable: OrderedDict[str, Reply] = OrderedDict()
        self._events: OrderedDict[str, None] = OrderedDict()

    def register(self, app: AsyncApp, *, prefix: str) -> None:
        """Tell bolt what to call."""

        async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            await self._answer(incoming.slash(body, prefix), ResponseVoice(body["response_url"]))

        for name in commands(prefix):
            app.command(name)(command)
        app.action(re.compile(""))(self._press)
        app.view(modals.REASON)(self._reason)
        app.shortcut(CLASSIFY)(self._classify)
        app.shortcut(WHY)(self._why)
        app.event("app_mention")(self._mention)
        for event in ("reaction_added", "reaction_removed"):
            app.event(event)(self._reaction)
        app.event("member_joined_channel")(self._joined)

    async def _mention(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        if not self._is_news(body) or "user" not in event:
            return
        said = incoming.mention(event, self._workspace)
        await self._answer(said, ChannelVoice(self._web, said.channel.channel, said.person, said.thread))

    async def _press(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        action = body["actions"][0]
        if action.get("action_id") == OPEN:
            return
        said = incoming.pressed(body)
        person, where = body["user"]["id"], incoming.place(body)
        voice = ChannelVoice(self._web, where.channel, person, where.thread)
        if action.get("action_id") == replies.SHARE:
            await self._share(action.get("value", ""), voice)
        elif said is None:
            await _tell(voice, Reply(text="I do not know that button: it is from another time. Nothing was changed."))
        elif judged := _JUDGEMENT.fullmatch(said.text):
            await self._judge(said, voice, body.get("trigger_id", ""), judged)
        else:
            await self._answer(said, voice)

    async def _judge(self, said: Said, voice: Voice, trigger: str, judged: re.Match[str]) -> None:
        """The card shows who judged how, so the answer is for this person alone."""
        reply = await self._ask(said)
        if reply is None:
            return
        if reply.public and judged["said"] == "-1" and trigger:
            try:
                await call(self._web.views_open(trigger_id=trigger, view=modals.ask_reason(said, judged["alert"])))
            except DeliveryError as error:  # the judgement is stored; a reason is more than was asked for
                log.info("asked no reason alert=%s reason=%r", judged["alert"], str(error))
            else:
                return
        await _tell(voice, Reply(text=reply.text))

    async def _reason(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        said = modals.reason(body)
        if said is not None and (reply := await self._ask(said)) is not None and not reply.public:
            await _tell(ChannelVoice(self._web, said.channel.channel, said.person), reply)

    async def _classify(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        said = incoming.shortcut(body, f"/test {incoming.message_text(body)}")
        await self._answer(said, ChannelVoice(self._web, said.channel.channel, said.person, said.thread))

    async def _why(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        said = incoming.shortcut(body, "")
        voice = ChannelVoice(self._web, said.channel.channel, said.person, said.thread)
        alerts = await self._inbound.alerts_of(said.channel, incoming.message_receipt(body))
        link = incoming.first_link(body)
        if alerts:
            await self._answer(incoming.shortcut(body, f"/why {alerts[0]}"), voice)
        elif link:
            await self._answer(incoming.shortcut(body, f"/why {link}"), voice)
        else:
            await _tell(voice, Reply(text="That message is no alert of mine, and holds no link to a post."))

    async def _reaction(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        found = incoming.reacted(event, self._workspace)
        if found is None or found.person == self._bot or not self._is_news(body):
            return
        if await self._people.is_bot(self._workspace, found.person):
            return
        actor = await self._people.actor(self._workspace, found.person)
        await self._inbound.reacted(
            Reaction(actor=actor, channel=found.channel, message=found.message, emoji=found.emoji, given=found.given)
        )

    async def _joined(self, event: dict[str, Any]) -> None:
        if event.get("user") == self._bot:
            await self._inbound.reachable(incoming.channel_key(self._workspace, event["channel"]))

    async def _share(self, answer: str, voice: Voice) -> None:
        reply = self._shareable.get(answer)
        if reply is None:
            await _tell(voice, Reply(text="That answer is too old to be shared. Ask again, then share."))
        else:
            await voice.public(replies.reply(Reply(text=reply.text)))

    async def _answer(self, said: Said, voice: Voice) -> None:
        asking = asyncio.ensure_future(self._ask(said))
        await asyncio.wait({asking}, timeout=SLOW_S)
        if not asking.done():
            await _tell(voice, Reply(text="Working on it…"))
        reply = await asking
        if reply is not None:
            await _tell(voice, reply, share=self._keep(reply))

    async def _ask(self, said: Said) -> Reply | None:
        """What the house answers; None when Slack does not even say who asked."""
        try:
            actor = await self._people.actor(said.channel.workspace, said.person)
        except DeliveryError as error:
            log.warning("unanswered person=%s reason=%r", said.person, str(error))
            return Reply(text=f"I could not find out who you are: {error}. Nothing was changed. Try again.")
        return await self._inbound.answer(
            Asked(actor=actor, channel=said.channel, channel_name=said.channel_name, text=said.text)
        )

    def _keep(self, reply: Reply) -> str:
        """Remember an answer that may be shared, under a name that its button carries."""
        if reply.public or not any(button.kind is ButtonKind.SHARE for button in reply.buttons):
            return ""
        name = secrets.token_urlsafe(9)
        _remember(self._shareable, name, reply)
        return name

    def _is_news(self, body: dict[str, Any]) -> bool:
        """Slack delivers an event again when our acknowledgement was lost: it is one event all the same."""
        event = str(body.get("event_id", ""))
        if event in self._events:
            return False
        if event:
            _remember(self._events, event, None)
        return True


async def _tell(voice: Voice, reply: Reply, *, share: str = "") -> None:
    said = replies.reply(reply, share=share)
    try:
        await (voice.public(said) if reply.public else voice.private(said))
    except DeliveryError as error:
        log.warning("unanswered reason=%r", str(error))


def _remember(memory: "OrderedDict[str, Any]", name: str, value: Any) -> None:
    memory[name] = value
    while len(memory) > _MOST_REMEMBERED:
        memory.popitem(last=False)
