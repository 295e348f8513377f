"""What a person can press, choose and fill in. Pure."""

from collections.abc import Iterator

from tests.fakes.slack.world import Json


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block, from top to bottom."""
    for block in blocks:
        if block["type"] == "actions":
            yield from ((block, element) for element in block["elements"])
        elif block["type"] == "section" and "action_id" in block.get("accessory", {}):
            yield block, block["accessory"]
        elif block["type"] == "input":
            yield block, block["element"]


def label_of(thing: Json) -> str:
    """The words on a button or an option."""
    text = thing.get("text", {})
    return str(text.get("text", "")) if isinstance(text, dict) else str(text)


def labels(blocks: list[Json]) -> list[str]:
    """The words on all buttons, and the options of all menus."""
    found: list[str] = []
    for _, element in elements(blocks):
        found += [label_of(option) for option in element.get("options", [])] or [label_of(element)]
    return found


def button(blocks: list[Json], which: str) -> tuple[Json, Json]:
    """The button with that action_id or those words. Raises LookupError, naming what is there."""
    for block, element in elements(blocks):
        if element["type"] == "button" and which in (element.get("action_id"), label_of(element)):
            return block, element
    raise LookupError(f"there is no button {which!r}, only {labels(blocks)}")


def option(blocks: list[Json], which: str) -> tuple[Json, Json, Json]:
    """The menu option with that value or those words, with its block and menu. Raises LookupError."""
    for block, element in elements(blocks):
        for choice in element.get("options", []):
            if which in (choice["value"], label_of(choice)):
                return block, element, choice
    raise LookupError(f"there is no option {which!r}, only {labels(blocks)}")


def filled_in(blocks: list[Json], values: dict[str, str | list[str]]) -> Json:
    """`state.values` of a modal; the keys are action_ids, block_ids or labels.

    Raises LookupError for a key that fits no input, ValueError where Slack itself would not let the form go.
    """
    left = dict(values)
    state: Json = {}
    for block, element in elements(blocks):
        if block["type"] != "input":
            continue
        names = (element.get("action_id", ""), block["block_id"], label_of({"text": block["label"]}))
        key = next((name for name in names if name in left), None)
        value = left.pop(key) if key is not None else None
        state[block["block_id"]] = {element.get("action_id", "a"): _value(block, element, value)}
    if left:
        raise LookupError(f"the form has no input {', '.join(left)}")
    return state


def _value(block: Json, element: Json, value: str | list[str] | None) -> Json:
    if value is None:
        value = element.get("initial_value") or element.get("initial_user") or None
    if not value and not block.get("optional", False):
        raise ValueError(f"Please complete this required field: {label_of({'text': block['label']})}")
    kind = element["type"]
    if kind == "plain_text_input":
        if isinstance(value, str) and len(value) > element.get("max_length", 3000):
            raise ValueError(f"at most {element.get('max_length', 3000)} characters")
        return {"type": kind, "value": value or None}
    if kind in ("users_select", "multi_users_select"):
        several = kind.startswith("multi")
        return {"type": kind, "selected_users" if several else "selected_user": value or ([] if several else None)}
    several = kind in ("checkboxes", "multi_static_select")
    wanted = [value] if isinstance(value, str) else list(value or [])
    chosen = [choice for choice in element["options"] if {choice["value"], label_of(choice)} & set(wanted)]
    if len(chosen) != len(wanted):
        raise LookupError(f"no such choice among {[label_of(choice) for choice in element['options']]}: {wanted}")
    if several:
        return {"type": kind, "selected_options": chosen}
    return {"type": kind, "selected_option": chosen[0] if chosen else None}
