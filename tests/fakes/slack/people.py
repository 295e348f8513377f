"""People for tests: what they type, press and see. `ada = slack.person("ada"); await ada.types(ops, "/watch @x")`."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.slack import forms, payloads
from tests.fakes.slack.content import content_of
from tests.fakes.slack.courier import Attempt, Delivery
from tests.fakes.slack.methods import Office, checked_view, direct_channel, react, unreact
from tests.fakes.slack.typed import as_command_text, as_message_text
from tests.fakes.slack.world import BOT_USER, Channel, Json, Message, SlackRefusalError, User, View

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack


Change = Callable[[Office, Channel, Message, str, str], None]


class Person:
    """One person at a Slack client. What cannot be done there raises LookupError, ValueError or AssertionError here.

    Methods that reach the app return the Delivery, after its first attempt; None where Slack tells the app nothing.
    """

    def __init__(self, slack: "FakeSlack", user: User) -> None:
        self._slack = slack
        self.user = user
        self.view_errors: dict[str, dict[str, str]] = {}  # view id -> block id -> what stands in red below the input

    @property
    def id(self) -> str:
        return self.user.id

    # --- speaking ------------------------------------------------------------------------------------------------

    async def types(self, channel: Channel, text: str) -> Delivery:
        """A slash command. A failure is shown to the person in Slackbot's words."""
        self._is_there(channel)
        name, _, rest = text.partition(" ")
        command = self._slack.app.command(name)
        if command is None:
            raise LookupError(f"{name} is not a valid command of this app")
        text = as_command_text(rest.strip(), self._slack.workspace, should_escape=command.get("should_escape", False))
        payload = payloads.slash(
            self._slack.app, self._slack.workspace, self.user, channel, command=name,
            text=text,
            response_url=self._slack.new_response_url(channel, self.user),
            trigger_id=self._slack.new_trigger(self.user),
        )  # fmt: skip
        delivery = await self._slack.bring("slash_commands", payload, accepts_response=True)
        if not delivery.acknowledged:
            self._shown_by_slackbot(channel, f'{name} failed with the error "{_slackbot_word(delivery.last)}"')
        elif delivery.last.response:
            self._read_response(channel, delivery.last.response)
        return delivery

    async def says(self, channel: Channel, text: str, *, thread_ts: str | None = None) -> Message:
        """A plain message, which the app hears of only where it is subscribed to messages."""
        return (await self._say(channel, text, thread_ts))[0]

    async def mentions(self, channel: Channel, text: str, *, thread_ts: str | None = None) -> Delivery | None:
        """A message in which <@BOT> stands for the app's bot."""
        assert "<@BOT>" in text, "write <@BOT> where the bot is named"
        return (await self._say(channel, text.replace("<@BOT>", f"<@{BOT_USER}>"), thread_ts))[1]

    async def tells_the_bot(self, text: str) -> Delivery | None:
        """A message in the direct conversation with the bot."""
        return (await self._say(direct_channel(self._slack.workspace, self.id), text, None))[1]

    async def _say(self, channel: Channel, text: str, thread_ts: str | None) -> tuple[Message, Delivery | None]:
        self._is_there(channel)
        workspace = self._slack.workspace
        message = Message(ts=workspace.new_ts(), channel=channel.id, user=self.id, thread_ts=thread_ts)
        message.text = as_message_text(text, workspace)
        message.remember()
        channel.messages.append(message)
        deliveries = [
            await self._slack.bring_event(
                name,
                payloads.said(
                    self.user, channel, kind=kind, text=message.text, ts=message.ts, thread_ts=thread_ts,
                    number=workspace.number(),
                ),
                channel,
            )
            for name, kind, wanted in (
                ("app_mention", "app_mention", f"<@{BOT_USER}>" in message.text and not channel.is_im),
                (f"message.{channel.kind}", "message", True),
            )
            if wanted
        ]  # fmt: skip
        return message, next((delivery for delivery in deliveries if delivery is not None), None)

    # --- pressing ------------------------------------------------------------------------------------------------

    async def presses(self, message: Message, which: str) -> Delivery:
        """The button with that action_id or those words."""
        self._can_read(message)
        block, button = forms.button(message.blocks, which)
        return await self._act(message, payloads.action_of(block, button))

    async def chooses(self, message: Message, which: str) -> Delivery:
        """The option of a menu with that value or those words."""
        self._can_read(message)
        block, menu, option = forms.option(message.blocks, which)
        return await self._act(message, payloads.action_of(block, menu, option=option))

    async def sends_action(self, message: Message, action: Json) -> Delivery:
        """Any action at all, as an old or foreign message could send it: unknown ids, values never written."""
        return await self._act(message, action)

    async def _act(self, message: Message, action: Json) -> Delivery:
        channel = self._slack.workspace.channels[message.channel]
        payload = payloads.block_actions(
            self._slack.app, self._slack.workspace, self.user, channel, message=message, action=action,
            response_url=self._slack.new_response_url(channel, self.user, message),
            trigger_id=self._slack.new_trigger(self.user),
        )  # fmt: skip
        return await self._slack.bring("interactive", payload)

    async def uses_shortcut(self, message: Message, callback_id: str) -> Delivery:
        """The message menu's entry with that callback_id."""
        self._can_read(message)
        assert message.ephemeral_to is None, "ephemeral messages have no shortcuts"
        if self._slack.app.shortcut(callback_id) is None:
            raise LookupError(f"the manifest has no shortcut {callback_id}")
        channel = self._slack.workspace.channels[message.channel]
        payload = payloads.message_action(
            self._slack.app, self._slack.workspace, self.user, channel, message=message, callback_id=callback_id,
            response_url=self._slack.new_response_url(channel, self.user),
            trigger_id=self._slack.new_trigger(self.user),
        )  # fmt: skip
        return await self._slack.bring("interactive", payload)

    async def reacts(self, message: Message, name: str) -> Delivery | None:
        """Add an emoji by its name, as "x" or "+1::skin-tone-3"."""
        return await self._change_reaction(message, name, react)

    async def unreacts(self, message: Message, name: str) -> Delivery | None:
        return await self._change_reaction(message, name, unreact)

    async def _change_reaction(self, message: Message, name: str, change: Change) -> Delivery | None:
        self._can_read(message)
        assert message.ephemeral_to is None, "nobody can react to an ephemeral message"
        heard: list[tuple[str, Json, Channel | None]] = []
        office = replace(self._slack.office, emit=lambda *event: heard.append(event))
        channel = self._slack.workspace.channels[message.channel]
        change(office, channel, message, self.id, name)
        return await self._slack.bring_event(*heard[0])

    # --- modals --------------------------------------------------------------------------------------------------

    @property
    def views(self) -> list[View]:
        """The modals this person has open, the newest last."""
        return [view for view in self._slack.workspace.views.values() if view.person == self.id]

    async def submits(self, view: View, values: dict[str, str | list[str]] | None = None) -> Delivery:
        """Fill in (by action_id, block_id or label) and send off. It closes unless the app answers otherwise."""
        state = forms.filled_in(view.definition["blocks"], values or {})
        payload = payloads.view_submission(
            self._slack.app, self._slack.workspace, self.user, view=view, values=state,
            trigger_id=self._slack.new_trigger(self.user),
        )  # fmt: skip
        delivery = await self._slack.bring("interactive", payload, accepts_response=True)
        if delivery.acknowledged:
            self._after_submission(view, delivery.last.response or {})
        else:
            self.view_errors[view.id] = {"": "We had some trouble connecting. Try again?"}
        return delivery

    async def closes(self, view: View) -> None:
        """Close it without sending."""
        self._slack.workspace.views.pop(view.id)
        if view.definition.get("notify_on_close"):
            payload = payloads.view_closed(self._slack.app, self._slack.workspace, self.user, view=view)
            await self._slack.bring("interactive", payload)

    def _after_submission(self, view: View, response: Json) -> None:
        views = self._slack.workspace.views
        action = response.get("response_action")
        if action == "errors":
            self.view_errors[view.id] = response["errors"]
        elif action == "update":
            view.definition = checked_view(response["view"])
        elif action == "push":
            new = View(
                id=f"V{secrets.token_hex(5)}", person=self.id, definition=checked_view(response["view"]), hash="1"
            )
            views[new.id] = new
        else:
            for other in self.views if action == "clear" else [view]:
                views.pop(other.id)

    # --- the channel ---------------------------------------------------------------------------------------------

    async def invites_bot(self, channel: Channel) -> Delivery | None:
        """/invite @lapwing"""
        self._is_there(channel)
        channel.members.add(BOT_USER)
        event = {
            "type": "member_joined_channel", "user": BOT_USER, "channel": channel.id, "inviter": self.id,
            "channel_type": "G" if channel.is_private else "C", "team": self.user.team,
            "event_ts": self._slack.workspace.new_ts(),
        }  # fmt: skip
        return await self._slack.bring_event("member_joined_channel", event, channel)

    async def removes_bot(self, channel: Channel) -> Delivery | None:
        """/remove @lapwing"""
        self._is_there(channel)
        channel.members.discard(BOT_USER)
        return await self._tell(channel, "group_left" if channel.is_private else "channel_left", "actor_id")

    async def archives(self, channel: Channel) -> Delivery | None:
        channel.is_archived = True
        return await self._tell(channel, "group_archive" if channel.is_private else "channel_archive", "user")

    async def unarchives(self, channel: Channel) -> Delivery | None:
        channel.is_archived = False
        return await self._tell(channel, "group_unarchive" if channel.is_private else "channel_unarchive", "user")

    def deletes(self, message: Message) -> None:
        """Delete a message, their own or, as an admin, anybody's."""
        assert message.user == self.id or self.user.is_admin or self.user.is_owner, (
            "only admins delete others' messages"
        )
        message.deleted = True

    async def _tell(self, channel: Channel, name: str, who: str) -> Delivery | None:
        event = {"type": name, "channel": channel.id, who: self.id, "event_ts": self._slack.workspace.new_ts()}
        return await self._slack.bring_event(name, event, channel)

    # --- seeing --------------------------------------------------------------------------------------------------

    def sees(self, channel: Channel) -> list[Message]:
        """Everything this person reads there, oldest first: messages and what only they are shown."""
        self._is_there(channel)
        return sorted([*channel.standing(), *self.ephemerals(channel)], key=lambda message: message.ts)

    def ephemerals(self, channel: Channel) -> list[Message]:
        """What only this person is shown there."""
        return [message for message in channel.ephemerals if message.ephemeral_to == self.id and not message.deleted]

    def _shown_by_slackbot(self, channel: Channel, text: str) -> None:
        ts = self._slack.workspace.new_ts()
        channel.ephemerals.append(Message(ts=ts, channel=channel.id, user="USLACKBOT", text=text, ephemeral_to=self.id))

    def _read_response(self, channel: Channel, response: Json) -> None:
        try:
            content_of(response)
            self._slack.responses.say(channel.id, self.id, response)
        except SlackRefusalError as refusal:
            self._slack.complaints.append(f"an acknowledgement that Slack cannot show, {refusal.error}: {response}")

    def _is_there(self, channel: Channel) -> None:
        assert self.id in channel.members, f"{self.user.name} is not in #{channel.name}"

    def _can_read(self, message: Message) -> None:
        assert not message.deleted, "the message is deleted"
        assert message.ephemeral_to in (None, self.id), "only somebody else is shown this message"
        self._is_there(self._slack.workspace.channels[message.channel])


def _slackbot_word(attempt: Attempt) -> str:
    return "operation_timeout" if attempt.problem == "timeout" else "dispatch_failed"
