"""The local Slack keeps Block Kit's limits, to the character."""

from typing import Any

import pytest

from tests.fakes.slack import block_faults, view_faults
from tests.fakes.slack.forms import filled_in


def text(length: int, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": kind, "text": "x" * length}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": text(5), **more}


def option(length: int = 5, value: int = 5) -> dict[str, Any]:
    return {"text": text(length), "value": "v" * value}


def overflow(*options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "overflow", "action_id": "o", "options": list(options)}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", **more}


def buttons(count: int) -> list[dict[str, Any]]:
    return [button(action_id=str(number)) for number in range(count)]


@pytest.mark.parametrize(
    ("fits", "too_much", "pointer"),
    [
        ([section(text=text(3000, "mrkdwn"))], [section(text=text(3001, "mrkdwn"))], "/blocks/0/text/text"),
        ([section(text=text(1))], [section(text=text(0))], "/blocks/0/text/text"),
        ([section(fields=[text(2000)] * 10)], [section(fields=[text(2000)] * 11)], "/blocks/0/fields"),
        ([section(fields=[text(2000)])], [section(fields=[text(2001)])], "/blocks/0/fields/0/text"),
        ([{"type": "header", "text": text(150)}], [{"type": "header", "text": text(151)}], "/blocks/0/text/text"),
        (
            [{"type": "header", "text": text(1)}],
            [{"type": "header", "text": text(1, "mrkdwn")}],
            "/blocks/0/text",
        ),
        ([{"type": "divider"}] * 50, [{"type": "divider"}] * 51, "/blocks"),
        (
            [{"type": "context", "elements": [text(1)] * 10}],
            [{"type": "context", "elements": [text(1)] * 11}],
            "/blocks/0/elements",
        ),
        ([actions(*buttons(25))], [actions(*buttons(26))], "/blocks/0/elements"),
        ([actions(button(text=text(75)))], [actions(button(text=text(76)))], "/blocks/0/elements/0/text/text"),
        ([actions(button(value="v" * 2000))], [actions(button(value="v" * 2001))], "/blocks/0/elements/0/value"),
        ([actions(button(action_id="i" * 255))], [actions(button(action_id="i" * 256))], "/elements/0/action_id"),
        ([actions(button(url="https://x.example"))], [actions(button(url="javascript:x"))], "/elements/0/url"),
        ([actions(button(style="danger"))], [actions(button(style="red"))], "/elements/0/style"),
        ([actions(button(), block_id="b" * 255)], [actions(button(), block_id="b" * 256)], "/blocks/0/block_id"),
        ([actions(overflow(*[option()] * 2))], [actions(overflow(option()))], "/elements/0/options"),
        ([actions(overflow(*[option()] * 5))], [actions(overflow(*[option()] * 6))], "/elements/0/options"),
        (
            [actions(overflow(*[option(75, 150)] * 2))],
            [actions(overflow(option(76), option()))],
            "/options/0/text/text",
        ),
        ([actions(overflow(*[option()] * 2))], [actions(overflow(option(5, 151), option()))], "/options/0/value"),
        ([actions(button(), overflow(option(), option()))], [actions(button(), button())], "/blocks/0/elements/1"),
        ([actions(button()), actions(button())], [actions(button(), block_id="b")] * 2, "/blocks/1"),
        ([section(text=text(1))], [section()], "/blocks/0"),
        ([section(text=text(1))], [section(text=text(1) | {"verbatim": True})], "/blocks/0/text"),
        ([section(text=text(1))], [section(text="x")], "/blocks/0/text"),
        ([section(text=text(1))], [section(text=text(1), colour="red")], "/blocks/0"),
        ([{"type": "divider"}], [{"type": "card"}], "/blocks/0"),
    ],
)
def test_this_fits_and_this_does_not(fits: list[Any], too_much: list[Any], pointer: str) -> None:
    assert block_faults(fits) == []
    faults = block_faults(too_much)
    assert faults
    assert all(f"{pointer}]" in fault for fault in faults), faults


def view(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": text(24), "blocks": [section(text=text(1))], **more}


def asks(**more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "t"}
    return {"type": "input", "block_id": "b", "label": text(5), "element": element, **more}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (view(title=text(25)), "/view/title/text"),
        (view(submit=text(25)), "/view/submit/text"),
        (view(private_metadata="x" * 3001), "/view/private_metadata"),
        (view(callback_id="x" * 256), "/view/callback_id"),
        (view(blocks=[{"type": "divider"}] * 101), "/view/blocks"),
        (view(blocks=[asks()]), "/view"),
        (view(blocks=[asks(label=text(2001))], submit=text(4)), "/view/blocks/0/label/text"),
        (view(colour="red"), "/view"),
        ({"type": "home"}, "/view/type"),
    ],
)
def test_a_modal_has_limits_too(wrong: dict[str, Any], pointer: str) -> None:
    assert view_faults(view(private_metadata="x" * 3000, blocks=[asks()], submit=text(24))) == []
    faults = view_faults(wrong)
    assert len(faults) == 1
    assert f"{pointer}]" in faults[0]


def test_a_form_asks_for_what_is_required_and_knows_its_choices() -> None:
    choices = {"type": "radio_buttons", "action_id": "c", "options": [option(1), option(2, 6)]}
    form = [asks(), asks(block_id="p", element=choices, optional=True), {"type": "divider"}]
    filled = filled_in(form, {"t": "because", "p": "xx"})
    assert filled["b"]["t"]["value"] == "because"
    assert filled["p"]["c"]["selected_option"] == option(2, 6)
    assert filled_in(form, {"t": "because"})["p"]["c"]["selected_option"] is None
    with pytest.raises(ValueError, match="required"):
        filled_in(form, {})
    with pytest.raises(LookupError, match="no such choice"):
        filled_in(form, {"t": "because", "p": "xxx"})
    with pytest.raises(LookupError, match="no input colour"):
        filled_in(form, {"t": "because", "colour": "red"})
