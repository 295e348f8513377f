"""Block Kit's rules: what makes Slack answer invalid_blocks, from docs.slack.dev/reference/block-kit.

Each fault is one line in the words of the service, such as
"must be less than 3001 characters [json-pointer:/blocks/0/text/text]".
"""

from collections.abc import Callable
from typing import Any

from tests.fakes.slack.world import Json

BLOCKS_A_MESSAGE = 50
# Not documented; bolt-js issue 2509 measured 13,297 characters of text in all blocks before msg_blocks_too_long.
TEXT_OF_ALL_BLOCKS = 13_200


class Check:
    """Collects what is wrong while it walks blocks or a view."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.action_ids: list[str] = []

    def wrong(self, what: str, at: str) -> None:
        self.faults.append(f"{what} [json-pointer:{at}]")

    def fields(self, thing: Json, at: str, required: str, allowed: str) -> None:
        """Names that are missing, and names that do not belong."""
        for name in required.split():
            if name not in thing:
                self.wrong(f"missing required field: {name}", at)
        for name in thing:
            if name not in f"type block_id {required} {allowed}".split():
                self.wrong(f"invalid additional property: {name}", at)

    def string(self, value: object, at: str, most: int, least: int = 1) -> None:
        if not isinstance(value, str):
            self.wrong("must provide a string", at)
        elif len(value) < least:
            self.wrong(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            self.wrong(f"must be less than {most + 1} characters", at)

    def optional(self, thing: Json, name: str, at: str, most: int) -> None:
        if thing.get(name) is not None:
            self.string(thing[name], f"{at}/{name}", most)

    def count(self, items: object, at: str, most: int, least: int = 1) -> list[Any]:
        """The list itself, or an empty one when it is none."""
        if not isinstance(items, list):
            self.wrong("must provide an array", at)
            return []
        if len(items) < least:
            self.wrong(f"no fewer than {least} items allowed", at)
        if len(items) > most:
            self.wrong(f"no more than {most} items allowed", at)
        return items

    def text(self, thing: object, at: str, most: int, kinds: str = "plain_text") -> None:
        """A text object; `kinds` are the types allowed here."""
        if not isinstance(thing, dict) or thing.get("type") not in kinds.split():
            self.wrong(f"must provide a text object of type {kinds.replace(' ', ' or ')}", at)
            return
        self.fields(thing, at, "text", "emoji" if thing["type"] == "plain_text" else "verbatim")
        for name in ("emoji", "verbatim"):
            if name in thing and not isinstance(thing[name], bool):
                self.wrong("must provide a boolean", f"{at}/{name}")
        self.string(thing.get("text"), f"{at}/text", most)

    def url(self, thing: Json, name: str, at: str) -> None:
        self.optional(thing, name, at, 3000)
        if isinstance(thing.get(name), str) and not thing[name].startswith(("https://", "http://", "mailto:")):
            self.wrong("Invalid URL", f"{at}/{name}")


def _option(check: Check, option: object, at: str, *, menu: bool = False) -> None:
    if not isinstance(option, dict):
        check.wrong("must provide an object", at)
        return
    check.fields(option, at, "text value", "description url" if menu else "description")
    check.text(option.get("text"), f"{at}/text", 75, "plain_text mrkdwn")
    check.string(option.get("value"), f"{at}/value", 150)
    if "description" in option:
        check.text(option["description"], f"{at}/description", 75, "plain_text mrkdwn")
    check.url(option, "url", at)


def _options(check: Check, element: Json, at: str, most: int, least: int = 1) -> None:
    for number, option in enumerate(check.count(element.get("options"), f"{at}/options", most, least)):
        _option(check, option, f"{at}/options/{number}", menu=element.get("type") == "overflow")


def _confirm(check: Check, element: Json, at: str) -> None:
    confirm = element.get("confirm")
    if confirm is None:
        return
    at = f"{at}/confirm"
    check.fields(confirm, at, "title text confirm deny", "style")
    for name, most in (("title", 100), ("confirm", 30), ("deny", 30)):
        check.text(confirm.get(name), f"{at}/{name}", most)
    check.text(confirm.get("text"), f"{at}/text", 300, "plain_text mrkdwn")


def _button(check: Check, element: Json, at: str) -> None:
    check.fields(element, at, "text", "action_id url value style confirm accessibility_label")
    check.text(element.get("text"), f"{at}/text", 75)
    check.url(element, "url", at)
    check.optional(element, "value", at, 2000)
    check.optional(element, "accessibility_label", at, 75)
    if element.get("style") not in (None, "primary", "danger"):
        check.wrong("must be one of: primary, danger", f"{at}/style")


def _overflow(check: Check, element: Json, at: str) -> None:
    check.fields(element, at, "options", "action_id confirm")
    _options(check, element, at, 5, least=2)


def _select(check: Check, element: Json, at: str) -> None:
    check.fields(
        element, at, "", "action_id placeholder options option_groups initial_option initial_user initial_users "
        "initial_options max_selected_items confirm focus_on_load"
    )  # fmt: skip
    if "placeholder" in element:
        check.text(element["placeholder"], f"{at}/placeholder", 150)
    if "static" in element["type"]:
        _options(check, element, at, 100)


def _choices(check: Check, element: Json, at: str) -> None:
    check.fields(element, at, "options", "action_id initial_option initial_options confirm focus_on_load")
    _options(check, element, at, 10)


def _text_input(check: Check, element: Json, at: str) -> None:
    allowed = "action_id initial_value multiline min_length max_length placeholder dispatch_action_config focus_on_load"
    check.fields(element, at, "", allowed)
    if "placeholder" in element:
        check.text(element["placeholder"], f"{at}/placeholder", 150)
    check.optional(element, "initial_value", at, 3000)


def _image_element(check: Check, element: Json, at: str) -> None:
    check.fields(element, at, "image_url alt_text", "")
    check.url(element, "image_url", at)
    check.string(element.get("alt_text"), f"{at}/alt_text", 2000)


_ELEMENTS: dict[str, Callable[[Check, Json, str], None]] = {
    "button": _button,
    "overflow": _overflow,
    "static_select": _select,
    "multi_static_select": _select,
    "users_select": _select,
    "multi_users_select": _select,
    "radio_buttons": _choices,
    "checkboxes": _choices,
    "plain_text_input": _text_input,
    "image": _image_element,
}
_IN_ACTIONS = frozenset(_ELEMENTS) - {"plain_text_input", "image", "multi_static_select", "multi_users_select"}
_IN_INPUT = frozenset(_ELEMENTS) - {"button", "overflow", "image"}
_IN_SECTION = frozenset(_ELEMENTS) - {"plain_text_input"}


def _element(check: Check, element: object, at: str, allowed: frozenset[str]) -> None:
    kind = element.get("type") if isinstance(element, dict) else None
    if not isinstance(element, dict) or kind not in allowed:
        check.wrong(f"unsupported element type here: {kind}", at)
        return
    check.optional(element, "action_id", at, 255)
    _ELEMENTS[str(kind)](check, element, at)
    _confirm(check, element, at)
    if element.get("action_id") in check.action_ids:
        check.wrong(f'`action_id` "{element["action_id"]}" already exists for another element', at)
    check.action_ids.append(element.get("action_id") or object().__repr__())


def _section(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "", "text fields accessory expand")
    if "text" not in block and "fields" not in block:
        check.wrong("missing required field: text", at)
    if "text" in block:
        check.text(block["text"], f"{at}/text", 3000, "plain_text mrkdwn")
    if "fields" in block:
        for number, text in enumerate(check.count(block["fields"], f"{at}/fields", 10)):
            check.text(text, f"{at}/fields/{number}", 2000, "plain_text mrkdwn")
    if "accessory" in block:
        _element(check, block["accessory"], f"{at}/accessory", _IN_SECTION)


def _context(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "elements", "")
    for number, element in enumerate(check.count(block.get("elements"), f"{at}/elements", 10)):
        if isinstance(element, dict) and element.get("type") == "image":
            _image_element(check, element, f"{at}/elements/{number}")
        else:
            check.text(element, f"{at}/elements/{number}", 3000, "plain_text mrkdwn")


def _actions(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "elements", "")
    for number, element in enumerate(check.count(block.get("elements"), f"{at}/elements", 25)):
        _element(check, element, f"{at}/elements/{number}", _IN_ACTIONS)


def _header(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "text", "level")
    check.text(block.get("text"), f"{at}/text", 150)


def _divider(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "", "")


def _image(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "alt_text image_url", "title")
    check.url(block, "image_url", at)
    check.string(block.get("alt_text"), f"{at}/alt_text", 2000)
    if "title" in block:
        check.text(block["title"], f"{at}/title", 2000)


def _input(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "label element", "hint optional dispatch_action")
    check.text(block.get("label"), f"{at}/label", 2000)
    if "hint" in block:
        check.text(block["hint"], f"{at}/hint", 2000)
    _element(check, block.get("element"), f"{at}/element", _IN_INPUT)


def _rich_text(check: Check, block: Json, at: str) -> None:
    check.fields(block, at, "elements", "")
    kinds = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")
    for number, part in enumerate(check.count(block.get("elements"), f"{at}/elements", 1000, least=0)):
        if not isinstance(part, dict) or part.get("type") not in kinds:
            check.wrong(f"must be one of: {', '.join(kinds)}", f"{at}/elements/{number}/type")


_BLOCKS: dict[str, Callable[[Check, Json, str], None]] = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
}


def block_faults(blocks: object, most: int = BLOCKS_A_MESSAGE, at: str = "/blocks") -> list[str]:
    """What Slack would refuse in these blocks; empty when they may be posted.

    Of the block types only those an alert or its modals need are known; Slack has more (table, video, markdown, ...).
    An action_id must be its own within its block, a block_id within the message.
    """
    check = Check()
    seen: set[str] = set()
    for number, block in enumerate(check.count(blocks, at, most, least=0)):
        here = f"{at}/{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in _BLOCKS:
            check.wrong(f"unsupported type: {kind}", here)
            continue
        check.optional(block, "block_id", here, 255)
        if block.get("block_id") in seen:
            check.wrong(f'`block_id` "{block["block_id"]}" already exists for another block', here)
        if block.get("block_id"):
            seen.add(block["block_id"])
        check.action_ids = []
        _BLOCKS[kind](check, block, here)
    return check.faults


def text_length(blocks: object) -> int:
    """Characters of all texts in the blocks together."""
    if isinstance(blocks, list):
        return sum(text_length(item) for item in blocks)
    if isinstance(blocks, dict):
        own = len(blocks["text"]) if isinstance(blocks.get("text"), str) else 0
        return own + sum(text_length(value) for value in blocks.values() if isinstance(value, (dict, list)))
    return 0
