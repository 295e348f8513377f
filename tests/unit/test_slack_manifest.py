"""The local Slack's check of manifests refuses what Slack refuses, and says where."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.fakes.slack import PLAIN_MANIFEST, FakeSlack, check_manifest

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> list[str]:
    manifest = deepcopy(PLAIN_MANIFEST)
    change(manifest)
    return check_manifest(manifest)


def command(name: str, **more: Any) -> Change:
    return lambda manifest: manifest["features"]["slash_commands"].append(
        {"command": name, "description": "Something", **more}
    )


def test_the_plain_manifest_is_taken() -> None:
    assert check_manifest(PLAIN_MANIFEST) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (command("/status"), "/status is reserved"),
        (command("/mute"), "/mute is reserved"),
        (command("/help"), "/help is reserved"),
        (command("/watch"), "/watch is named 2 times"),
        (command("watch"), "must be a slash"),
        (command("/Watch"), "lower-case"),
        (command("/" + "w" * 32), "has 33 characters"),
        (command("/x", usage_hint="h" * 1001), "has 1001 characters"),
        (command("/x", description=""), "has 0 characters"),
        (command("/x", description="d" * 2001), "has 2001 characters"),
        (command("/x", url="lapwing.example.com"), "must be a URL"),
        (command("/x", hint="y"), "hint is not a known property"),
        (command("/x", should_escape="yes"), "must be true or false"),
        (lambda m: [command(f"/x{n}")(m) for n in range(50)], "has 52 entries"),
        (lambda m: m["display_information"].update(name="n" * 36), "has 36 characters"),
        (lambda m: m["display_information"].update(description="d" * 141), "has 141 characters"),
        (lambda m: m["display_information"].update(long_description="d" * 174), "allowed are 175 to 4000"),
        (lambda m: m["display_information"].update(long_description="d" * 4001), "has 4001 characters"),
        (lambda m: m["display_information"].update(background_color="blue"), "must be a colour"),
        (lambda m: m.pop("display_information"), "display_information is missing"),
        (lambda m: m["features"].pop("bot_user"), "bot_user is missing"),
        (lambda m: m["features"]["bot_user"].update(display_name="lap/wing"), "allowed are letters"),
        (lambda m: m["features"]["shortcuts"][0].update(name="n" * 25), "has 25 characters"),
        (lambda m: m["features"]["shortcuts"][0].update(callback_id="c" * 256), "has 256 characters"),
        (lambda m: m["features"]["shortcuts"][0].update(type="both"), "must be message or global"),
        (lambda m: m["features"]["shortcuts"][0].pop("description"), "description is missing"),
        (lambda m: m["features"]["shortcuts"].extend(m["features"]["shortcuts"] * 10), "has 11 entries"),
        (lambda m: m["features"]["shortcuts"].extend(m["features"]["shortcuts"]), "is named 2 times"),
        (lambda m: m["oauth_config"]["scopes"]["bot"].append("chat:read"), "chat:read is not a scope"),
        (lambda m: m["oauth_config"]["scopes"]["bot"].remove("commands"), "commands is missing"),
        (lambda m: m["oauth_config"]["scopes"]["bot"].remove("reactions:read"), "reaction_added needs the scope"),
        (lambda m: m["settings"]["event_subscriptions"]["bot_events"].append("reacted"), "not a known event"),
        (lambda m: m["settings"].update(socket_mode_enabled=False), "request_url is missing, and Socket Mode is off"),
        (lambda m: m["settings"].update(socket_mode_enabled=False), "url is missing, and Socket Mode is off"),
        (lambda m: m["settings"]["interactivity"].update(request_url="ftp://x.example"), "must be a URL"),
        (lambda m: m["settings"].pop("interactivity"), "shortcuts need it enabled"),
        (lambda m: m["settings"].update(sockets=True), "sockets is not a known property"),
        (lambda m: m.update(setings={}), "setings is not a known property"),
    ],
)
def test_this_is_refused(change: Change, fault: str) -> None:
    faults = changed(change)
    assert any(fault in line for line in faults), faults


def test_a_prefix_frees_a_reserved_name() -> None:
    assert changed(command("/acme-status")) == []


def test_an_app_is_not_installed_from_a_refused_manifest() -> None:
    manifest = deepcopy(PLAIN_MANIFEST)
    command("/status")(manifest)
    with pytest.raises(ValueError, match="/status is reserved by Slack"):
        FakeSlack(manifest)
