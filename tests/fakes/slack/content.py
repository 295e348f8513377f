"""What a message says, checked as chat.postMessage, chat.update, chat.postEphemeral and response URLs check it."""

import json
from dataclasses import dataclass, field

from tests.fakes.slack.blocks import TEXT_OF_ALL_BLOCKS, block_faults, text_length
from tests.fakes.slack.world import Json, Message, SlackRefusalError

TEXT_A_POST = 40_000
TEXT_AN_UPDATE = 4_000  # docs.slack.dev/reference/methods/chat.update, msg_too_long
ATTACHMENTS = 100
METADATA_BYTES = 16_384
_OPTIONS = ("parse", "link_names", "mrkdwn", "unfurl_links", "unfurl_media")


@dataclass(frozen=True, kw_only=True)
class Content:
    """A message's checked content. `metadata` None: the argument was not given."""

    text: str
    blocks: list[Json]
    attachments: list[Json]
    metadata: Json | None
    options: Json = field(default_factory=dict)

    def write(self, message: Message) -> None:
        """Make it the present form of the message. Metadata stays where none is given, and goes where {} is."""
        message.text = self.text
        message.blocks = [
            {**block, "block_id": block.get("block_id") or f"b{len(message.revisions)}{number}"}
            for number, block in enumerate(self.blocks)
        ]
        message.attachments = self.attachments
        message.options = dict(self.options)
        if self.metadata is not None:
            message.metadata = self.metadata or None
        message.remember()


def content_of(arguments: Json, *, most_text: int = TEXT_A_POST, parse: str = "none") -> Content:
    """Raises SlackRefusalError as the service answers: no_text, msg_too_long, invalid_blocks, ..."""
    blocks = _structure(arguments, "blocks", "invalid_blocks_format")
    attachments = _structure(arguments, "attachments", "invalid_attachments")
    text = arguments.get("text") or ""
    if "markdown_text" in arguments:
        raise SlackRefusalError("invalid_arguments", detail="the local Slack knows no markdown_text")
    if not isinstance(text, str):
        raise SlackRefusalError("invalid_arguments")
    if not (text or blocks or attachments):
        raise SlackRefusalError("no_text")
    if len(text) > most_text:
        raise SlackRefusalError("msg_too_long")
    if len(attachments) > ATTACHMENTS:
        raise SlackRefusalError("too_many_attachments")
    refuse_blocks(blocks)
    for attachment in attachments:
        refuse_blocks(attachment.get("blocks") or [])
    options = {name: arguments[name] for name in _OPTIONS if name in arguments}
    return Content(
        text=text, blocks=blocks, attachments=attachments, metadata=_metadata(arguments),
        options={"parse": parse, **options},
    )  # fmt: skip


def refuse_blocks(blocks: list[Json]) -> None:
    """Raises invalid_blocks or msg_blocks_too_long."""
    faults = block_faults(blocks)
    if faults:
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise SlackRefusalError("invalid_blocks", errors=faults, response_metadata={"messages": messages})
    if text_length(blocks) > TEXT_OF_ALL_BLOCKS:
        raise SlackRefusalError("msg_blocks_too_long")


def structured(value: object, error: str) -> object:
    """JSON given as text in a form or a query, or as it is in a JSON body. Raises SlackRefusalError(error)."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise SlackRefusalError(error) from None


def _structure(arguments: Json, name: str, error: str) -> list[Json]:
    value = structured(arguments.get(name) or [], error)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise SlackRefusalError(error)
    return value


def _metadata(arguments: Json) -> Json | None:
    if arguments.get("metadata") is None:
        return None
    metadata = structured(arguments["metadata"], "invalid_metadata_format")
    if metadata == {}:
        return {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackRefusalError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict) or set(metadata) - {"event_type", "event_payload"}:
        raise SlackRefusalError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > METADATA_BYTES:
        raise SlackRefusalError("metadata_too_large")
    return metadata
