"""What people type, press and react with in Slack: acknowledged at once, handed to the house, answered."""

import logging
import re
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.answers import NEITHER_ALERT_NOR_LINK, UNKNOWN_BUTTON, say, why
from bot.chat.base import DeliveryError, Inbound, Reaction
from bot.chat.patience import Seen
from bot.chat.reread import Reread
from bot.chat.slack import cards, incoming, modals, replies
from bot.chat.slack.asking import Asking, tell
from bot.chat.slack.cards import OPEN, SHOW
from bot.chat.slack.incoming import Said
from bot.chat.slack.manifest import CLASSIFY, WHY
from bot.chat.slack.people import People
from bot.chat.slack.voice import ChannelVoice, PressVoice, ResponseVoice, Voice
from bot.chat.slack.web import call
from bot.commands.types import Reply
from storage.types import AlertId

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[0-9]{1,15}")
_JUDGEMENT = re.compile(r"(?P<said>[+-]1|0) (?P<alert>[0-9]+)")


class Desk:
    """Registers with a bolt app everything that people can do."""

    def __init__(
        self, web: AsyncWebClient, people: People, inbound: Inbound, reread: Reread, *, workspace: str, bot: str
    ) -> None:
        self._web = web
        self._people = people
        self._inbound = inbound
        self._asking = Asking(people, inbound)
        self._reread = reread
        self._workspace = workspace
        self._bot = bot
        self._events = Seen()

    def register(self, app: AsyncApp, *, prefix: str) -> None:
        """Tell bolt what to call."""

        async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            await self._asking.answer(incoming.slash(self._ours(body), prefix), ResponseVoice(body["response_url"]))

        app.command(re.compile(""))(command)  # whatever the manifest named them
        app.action(re.compile(""))(self._press)
        app.view(modals.REASON)(self._reason)
        app.shortcut(CLASSIFY)(self._classify)
        app.shortcut(WHY)(self._why)
        app.event("app_mention")(self._mention)
        for event in ("reaction_added", "reaction_removed"):
            app.event(event)(self._reaction)
        app.event("member_joined_channel")(self._joined)
        app.event("app_uninstalled")(self._uninstalled)

    async def _mention(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        if not self._is_news(body) or "user" not in event:
            return
        said = incoming.mention(event, self._workspace)
        await self._asking.answer(said, ChannelVoice(self._web, said.channel.channel, said.person, said.thread))

    async def _press(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        body, action = self._ours(body), body["actions"][0]
        if action.get("action_id") == OPEN:
            return
        said, voice = incoming.pressed(body), self._voice(body)
        if action.get("action_id") == replies.SHARE:
            await tell(voice, self._asking.shareable.shared(str(action.get("value", ""))))
        elif action.get("action_id") == SHOW:
            await self._show(incoming.shortcut(body, str(action.get("value", ""))), voice)
        elif said is None:
            await tell(voice, UNKNOWN_BUTTON)
        elif judged := _JUDGEMENT.fullmatch(said.text):
            await self._judge(said, voice, body.get("trigger_id", ""), judged)
        else:
            await self._asking.answer(said, voice)

    async def _judge(self, said: Said, voice: Voice, trigger: str, judged: re.Match[str]) -> None:
        """The card shows who judged how, so the answer is for this person alone."""
        reply = await self._asking.answered(said, voice)
        if reply.public and judged["said"] == "-1" and trigger:
            try:
                await call(self._web.views_open(trigger_id=trigger, view=modals.ask_reason(said, judged["alert"])))
            except DeliveryError as error:  # the judgement is stored; a reason is more than was asked for
                log.info("asked no reason alert=%s reason=%r", judged["alert"], str(error))
            else:
                return
        await tell(voice, Reply(text=reply.text))

    async def _reason(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        said = modals.reason(self._ours(body))
        if said is None:
            return
        voice = ChannelVoice(self._web, said.channel.channel, said.person)
        reply = await self._asking.answered(said, voice)
        if not reply.public:
            await tell(voice, reply)

    async def _classify(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        said = incoming.shortcut(self._ours(body), f"/test {incoming.message_text(body)}")
        await self._asking.answer(said, self._voice(body))

    async def _why(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        body = self._ours(body)
        said, voice = incoming.shortcut(body, ""), self._voice(body)
        line = await why(self._inbound, said.channel, incoming.message_receipt(body), incoming.first_link(body))
        if line:
            await self._asking.answer(incoming.shortcut(body, line), voice)
        else:
            await tell(voice, NEITHER_ALERT_NOR_LINK)

    async def _reaction(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        found = incoming.reacted(event, self._workspace)
        if found is None or found.person == self._bot or not self._is_news(body):
            return
        ours = event.get("item_user") == self._bot
        await self._reread.heard(found.channel, found.message, partial(self._take, found), ours=ours)

    async def _take(self, found: incoming.Reacted) -> None:
        async with self._people.turn(found.person):
            if await self._people.is_bot(self._workspace, found.person):
                return
            actor = await self._people.actor(self._workspace, found.person)
            await self._inbound.reacted(
                Reaction(
                    actor=actor, channel=found.channel, message=found.message, emoji=found.emoji, given=found.given
                )
            )

    async def _joined(self, event: dict[str, Any]) -> None:
        if event.get("user") == self._bot:
            await self._inbound.reachable(incoming.channel_key(self._workspace, event["channel"]))

    async def _uninstalled(self) -> None:
        """Each channel is suspended when something is to be sent there, and goes on when the app is installed again."""
        log.error("uninstalled workspace=%s", self._workspace)

    async def _show(self, said: Said, voice: Voice) -> None:
        """A collapsed alert as a whole, for one person."""
        number = int(said.text) if _NUMBER.fullmatch(said.text) else 0
        card = await self._inbound.alert_card(said.channel, AlertId(number))
        if card is None:
            await tell(voice, Reply(text="That alert is not there any more. /alerts lists the last ones."))
        else:
            await say(voice.private(cards.said(card)))

    def _ours(self, body: dict[str, Any]) -> dict[str, Any]:
        """A payload with the one workspace that our token serves: Slack's may name none, or that of a guest."""
        return body | {"team_id": self._workspace, "team": {"id": self._workspace}}

    def _voice(self, body: dict[str, Any]) -> Voice:
        """Where something was pressed."""
        where = incoming.place(body)
        near = ChannelVoice(self._web, where.channel, body["user"]["id"], where.thread)
        return PressVoice(near, body["response_url"]) if body.get("response_url") else near

    def _is_news(self, body: dict[str, Any]) -> bool:
        """Slack delivers an event again when our acknowledgement was lost: it is one event all the same."""
        event = str(body.get("event_id", ""))
        return not event or self._events.is_news(event)
