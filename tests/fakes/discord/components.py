"""Buttons, menus and modals: what Discord takes of them, and where to find one. Pure."""

from collections.abc import Iterator
from typing import Any

from tests.fakes.discord.errors import Form
from tests.fakes.discord.world import Json

ROW, BUTTON, SELECT, TEXT_INPUT, TEXT_DISPLAY, LABEL = 1, 2, 3, 4, 10, 18
LINK = 5  # a button's style
ROWS_MOST = 5
BUTTONS_MOST = 5
CUSTOM_ID_MOST = 100


def check_rows(form: Form, rows: Any, path: str) -> None:
    """The rows below a message, put into `form` where Discord refuses them."""
    if not isinstance(rows, list) or len(rows) > ROWS_MOST:
        form.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {ROWS_MOST} in length.")
        return
    for number, row in enumerate(rows):
        _check_row(form, row, f"{path}.{number}")
    _check_unique(form, [part for row in rows for part in row.get("components", [])], path)


def check_modal(form: Form, data: Json) -> None:
    """A modal as a response carries it."""
    form.too_long("data.title", data.get("title"), 45, least=1)
    form.too_long("data.custom_id", data.get("custom_id"), CUSTOM_ID_MOST, least=1)
    parts = data.get("components", [])
    if not 1 <= len(parts) <= ROWS_MOST:
        form.wrong("data.components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS_MOST} in length.")
    for number, part in enumerate(parts):
        path = f"data.components.{number}"
        if part.get("type") == ROW:
            inner = part.get("components", [])
            if len(inner) != 1 or inner[0].get("type") != TEXT_INPUT:
                form.wrong(path, "BASE_TYPE_BAD_LENGTH", "A row of a modal holds one text input.")
        elif part.get("type") == LABEL:
            form.too_long(f"{path}.label", part.get("label"), 45, least=1)
        elif part.get("type") != TEXT_DISPLAY:
            form.wrong(f"{path}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1, 10, 18).')
    for number, field in enumerate(inputs(data)):
        _check_input(form, field, f"data.inputs.{number}")
    _check_unique(form, list(inputs(data)), "data.components")


def inputs(modal: Json) -> Iterator[Json]:
    """The fields of a modal that a person fills in, each with its label."""
    for part in modal.get("components", []):
        if part.get("type") == ROW:
            yield from part.get("components", [])
        elif part.get("type") == LABEL:
            yield {**part["component"], "label": part["label"]}  # what a text input says itself is old, and empty here


def buttons(rows: list[Json]) -> list[Json]:
    return [part for row in rows for part in row.get("components", []) if part.get("type") == BUTTON]


def menus(rows: list[Json]) -> list[Json]:
    return [part for row in rows for part in row.get("components", []) if part.get("type") == SELECT]


def button(rows: list[Json], which: str) -> Json:
    """The button with that label or custom_id. Raises LookupError, naming those there are."""
    for part in buttons(rows):
        if which in (part.get("label"), part.get("custom_id")):
            return part
    there = [part.get("label") or part.get("custom_id") for part in buttons(rows)]
    raise LookupError(f"no button {which!r}; there are {there}")


def option(rows: list[Json], which: str) -> tuple[Json, Json]:
    """The menu and its option with that label or value. Raises LookupError."""
    for menu in menus(rows):
        for entry in menu["options"]:
            if which in (entry["label"], entry["value"]):
                return menu, entry
    raise LookupError(f"no menu has an option {which!r}")


def _check_row(form: Form, row: Json, path: str) -> None:
    parts = row.get("components", [])
    if row.get("type") != ROW:
        form.wrong(f"{path}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
        return
    selects = [part for part in parts if part.get("type") == SELECT]
    if not parts or len(parts) > BUTTONS_MOST or (selects and len(parts) > 1):
        form.wrong(f"{path}.components", "BASE_TYPE_BAD_LENGTH", "A row holds 1 to 5 buttons, or one menu.")
    for number, part in enumerate(parts):
        here = f"{path}.components.{number}"
        if part.get("type") == BUTTON:
            _check_button(form, part, here)
        elif part.get("type") == SELECT:
            _check_menu(form, part, here)
        else:
            form.wrong(f"{here}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (2, 3).')


def _check_button(form: Form, part: Json, path: str) -> None:
    if "label" in part and part["label"] is not None:
        form.too_long(f"{path}.label", part["label"], 80)
    elif not part.get("emoji"):
        form.wrong(path, "BUTTON_COMPONENT_REQUIRES_LABEL_OR_EMOJI", "A button needs a label or an emoji.")
    if part.get("style") == LINK:
        url = str(part.get("url", ""))
        if not url.startswith(("http://", "https://", "discord://")):
            form.wrong(f"{path}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord').")
        if len(url) > 512:
            form.wrong(f"{path}.url", "BASE_TYPE_MAX_LENGTH", "Must be 512 or fewer in length.")
        if part.get("custom_id"):
            form.wrong(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_NOT_ALLOWED", "A link button has no custom id.")
    elif part.get("style") in (1, 2, 3, 4):
        form.too_long(f"{path}.custom_id", part.get("custom_id"), CUSTOM_ID_MOST, least=1)
    else:
        form.wrong(f"{path}.style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5}.")


def _check_menu(form: Form, part: Json, path: str) -> None:
    form.too_long(f"{path}.custom_id", part.get("custom_id"), CUSTOM_ID_MOST, least=1)
    form.too_long(f"{path}.placeholder", part.get("placeholder") or "", 150)
    options = part.get("options", [])
    if not 1 <= len(options) <= 25:
        form.wrong(f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    values = [entry.get("value") for entry in options]
    if len(set(values)) < len(values):
        form.wrong(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is used.")
    for number, entry in enumerate(options):
        form.too_long(f"{path}.options.{number}.label", entry.get("label"), 100, least=1)
        form.too_long(f"{path}.options.{number}.value", entry.get("value"), 100, least=1)
        form.too_long(f"{path}.options.{number}.description", entry.get("description") or "", 100)


def _check_input(form: Form, part: Json, path: str) -> None:
    form.too_long(f"{path}.custom_id", part.get("custom_id"), CUSTOM_ID_MOST, least=1)
    if part.get("type") == TEXT_INPUT:
        form.too_long(f"{path}.label", part.get("label"), 45, least=1)
        form.too_long(f"{path}.placeholder", part.get("placeholder") or "", 100)
        form.too_long(f"{path}.value", part.get("value") or "", 4000)


def _check_unique(form: Form, parts: list[Json], path: str) -> None:
    ids = [part["custom_id"] for part in parts if part.get("custom_id")]
    if len(set(ids)) < len(ids):
        form.wrong(path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
