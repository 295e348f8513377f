"""What a message may say: content, embeds, allowed mentions, flags. Pure; faults go into a Form."""

from typing import Any

from tests.fakes.discord.attachments import attached
from tests.fakes.discord.components import check_rows
from tests.fakes.discord.errors import EMPTY_MESSAGE, Form, refusal
from tests.fakes.discord.world import EPHEMERAL, SUPPRESS_EMBEDS, Json, Message

CONTENT_MOST = 2000
EMBEDS_MOST = 10
EMBED_TOTAL_MOST = 6000  # over all embeds of a message
FIELDS_MOST = 25
NONCE_MOST = 25

_EMBED_TEXTS = (("title", 256), ("description", 4096))
_EMBED_PARTS = (("footer", "text", 2048), ("author", "name", 256))
_WRITTEN = ("content", "embeds", "components", "allowed_mentions", "flags", "attachments")


def check_new(body: Json, *, may_be_ephemeral: bool) -> Json:
    """The payload of a new message. Raises DiscordRefusalError for what Discord refuses."""
    payload = {name: body[name] for name in _WRITTEN if body.get(name) is not None}
    form = Form()
    _check(form, payload)
    payload["attachments"] = attached(form, payload.get("attachments"))
    allowed = SUPPRESS_EMBEDS | 1 << 12 | (EPHEMERAL if may_be_ephemeral else 0)  # 1 << 12: SUPPRESS_NOTIFICATIONS
    flags = payload.get("flags", 0)
    if not isinstance(flags, int) or flags & ~allowed:
        form.wrong("flags", "MESSAGE_FLAGS_INVALID", f"Only the flags {allowed} are known here, not {flags}.")
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > NONCE_MOST:
        form.wrong("nonce", "NONCE_TYPE_TOO_LONG", f"Nonce must be {NONCE_MOST} or fewer in length.")
    form.raise_if_wrong()
    _check_not_empty(payload)
    return payload


def check_edit(message: Message, body: Json) -> Json:
    """The message's payload after an edit. Raises DiscordRefusalError."""
    changes = {name: body[name] for name in _WRITTEN if name in body}
    payload = {name: value for name, value in {**message.payload, **changes}.items() if value is not None}
    if "allowed_mentions" not in body:
        payload.pop("allowed_mentions", None)  # an edit without them parses everything again
    form = Form()
    _check(form, payload)
    payload["attachments"] = attached(form, payload.get("attachments"), message.attachments)
    form.raise_if_wrong()
    _check_not_empty(payload)
    return payload


def _check_not_empty(payload: Json) -> None:
    shown = [payload.get(name) for name in ("embeds", "components", "attachments")]
    if not (str(payload.get("content", "")).strip() or any(shown)):
        raise refusal(EMPTY_MESSAGE)


def flags_after(payload: Json, before: int) -> int:
    """A message's flags after an edit: only SUPPRESS_EMBEDS can be changed."""
    if "flags" not in payload:
        return before
    return before & ~SUPPRESS_EMBEDS | int(payload["flags"]) & SUPPRESS_EMBEDS


def _check(form: Form, payload: Json) -> None:
    if "content" in payload:
        form.too_long("content", payload["content"], CONTENT_MOST)
    _check_embeds(form, payload.get("embeds", []))
    check_rows(form, payload.get("components", []), "components")
    if "allowed_mentions" in payload:
        _check_mentions(form, payload["allowed_mentions"])


def _check_embeds(form: Form, embeds: Any) -> None:
    if not isinstance(embeds, list) or len(embeds) > EMBEDS_MOST:
        form.wrong("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {EMBEDS_MOST} or fewer in length.")
        return
    for number, embed in enumerate(embeds):
        _check_embed(form, embed, f"embeds.{number}")
    if sum(_length(embed) for embed in embeds) > EMBED_TOTAL_MOST:
        form.wrong("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL_MOST}")


def _check_embed(form: Form, embed: Json, path: str) -> None:
    for name, most in _EMBED_TEXTS:
        if name in embed:
            form.too_long(f"{path}.{name}", embed[name], most)
    for part, name, most in _EMBED_PARTS:
        if part in embed:
            form.too_long(f"{path}.{part}.{name}", embed[part].get(name), most, least=0 if part == "footer" else 1)
    _check_addresses(form, embed, path)
    color = embed.get("color", 0)
    if color is not None and not 0 <= int(color) <= 0xFFFFFF:
        form.wrong(f"{path}.color", "NUMBER_TYPE_MAX", "int value should be less than or equal to 16777215.")
    fields = embed.get("fields", [])
    if len(fields) > FIELDS_MOST:
        form.wrong(f"{path}.fields", "BASE_TYPE_MAX_LENGTH", f"Must be {FIELDS_MOST} or fewer in length.")
    for number, entry in enumerate(fields):
        form.too_long(f"{path}.fields.{number}.name", entry.get("name"), 256, least=1)
        form.too_long(f"{path}.fields.{number}.value", entry.get("value"), 1024, least=1)


def _check_addresses(form: Form, embed: Json, path: str) -> None:
    for name in ("url", "author.url", "image.url", "thumbnail.url"):
        address: Any = embed
        for step in name.split("."):
            address = address.get(step) if isinstance(address, dict) else None
        if address is not None and not str(address).startswith(("http://", "https://", "attachment://")):
            form.wrong(f"{path}.{name}", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https').")


def _length(embed: Json) -> int:
    """What counts towards the 6,000: title, description, field names and values, footer text, author name."""
    texts = [embed.get("title"), embed.get("description"), *(embed.get(part, {}).get(n) for part, n, _ in _EMBED_PARTS)]
    texts += [entry.get(name) for entry in embed.get("fields", []) for name in ("name", "value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _check_mentions(form: Form, mentions: Any) -> None:
    if not isinstance(mentions, dict):
        form.wrong("allowed_mentions", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return
    parse = mentions.get("parse") or []
    for kind in parse:
        if kind not in ("roles", "users", "everyone"):
            form.wrong("allowed_mentions.parse", "BASE_TYPE_CHOICES", f"{kind!r} is not one of roles, users, everyone.")
    for kind in ("roles", "users"):
        ids = mentions.get(kind) or []
        if ids and kind in parse:
            form.wrong(
                "allowed_mentions.parse", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )  # fmt: skip
        if len(ids) > 100:
            form.wrong(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
