"""What a message does to people in the local Discord: mentions, links, invites, markdown."""

from typing import Any

import pytest

from tests.fakes.discord import EVERYBODY, MENTION_EVERYONE, FakeDiscord, effects_of

NONE: dict[str, Any] = {"parse": []}


@pytest.fixture
def local() -> FakeDiscord:
    discord = FakeDiscord()
    discord.guild(bot_permissions=EVERYBODY | MENTION_EVERYONE)
    discord.channel("ops")
    return discord


def kinds(local: FakeDiscord, payload: dict[str, Any], flags: int = 0) -> list[tuple[str, str]]:
    found = effects_of(payload, local.world, channel=local.channel("ops").id, flags=flags)
    return [(effect.kind, effect.what) for effect in found]


def pinged(local: FakeDiscord, content: str, allowed: dict[str, Any] | None) -> list[str]:
    payload = {"content": content} if allowed is None else {"content": content, "allowed_mentions": allowed}
    return [what for kind, what in kinds(local, payload) if kind == "ping"]


def test_mentions_notify_unless_they_are_not_allowed(local: FakeDiscord) -> None:
    ada, bob, team = local.person("ada").id, local.person("bob").id, local.role("team", mentionable=True).id
    content = f"<@{ada}> <@!{bob}> <@&{team}> @everyone @here"
    everyone = [ada, bob, f"&{team}", "everyone", "here"]
    assert pinged(local, content, None) == everyone
    assert pinged(local, content, NONE) == []
    assert pinged(local, content, {"parse": ["users"]}) == [ada, bob]
    assert pinged(local, content, {"parse": ["roles"], "users": [bob]}) == [bob, f"&{team}"]
    assert pinged(local, content, {"parse": ["everyone"]}) == ["everyone", "here"]


def test_a_mention_notifies_behind_a_backslash_and_in_code(local: FakeDiscord) -> None:
    ada = local.person("ada").id
    assert pinged(local, f"\\<@{ada}> `<@{ada}>`", None) == [ada, ada]


def test_a_bot_without_the_permission_notifies_no_everyone_and_no_closed_role(local: FakeDiscord) -> None:
    home = local.guild("small", bot_permissions=EVERYBODY)
    role = local.role("closed", guild=home)
    channel = local.channel("there", guild=home)
    payload = {"content": f"@everyone <@&{role.id}>"}
    assert [it.kind for it in effects_of(payload, local.world, channel=channel.id)] == ["mention", "mention"]


def test_an_embed_shows_mentions_and_notifies_nobody(local: FakeDiscord) -> None:
    ada = local.person("ada").id
    fields = [{"name": "n", "value": f"<@{ada}>"}]
    embed = {"title": "@everyone", "description": f"<@{ada}>", "fields": fields, "footer": {"text": f"<@{ada}> **b**"}}
    assert kinds(local, {"embeds": [embed]}) == [("mention", "everyone"), ("mention", ada), ("mention", ada)]


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("[click](https://evil.example)", ("masked link", "https://evil.example")),
        ("[click](<https://evil.example>)", ("masked link", "https://evil.example")),
        ("https://example.com/a", ("link", "https://example.com/a")),
        ("discord.gg/abc", ("invite", "discord.gg/abc")),
        ("<https://discord.com/invite/abc>", ("invite", "discord.com/invite/abc")),
        ("<#123456789012345678>", ("channel", "123456789012345678")),
        ("</watch:123456789012345678>", ("command", "watch:123456789012345678")),
        ("<a:wave:123456789012345678>", ("emoji", "wave:123456789012345678")),
        ("<t:1700000000:R>", ("date", "1700000000:R")),
        (":smile:", ("emoji", "smile")),
        ("**b**", ("format", "bold")),
        ("*i*", ("format", "italic")),
        ("_i_", ("format", "italic")),
        ("__u__", ("format", "underline")),
        ("~~s~~", ("format", "strike")),
        ("||s||", ("format", "spoiler")),
        ("`c`", ("format", "code")),
        ("```\nc\n```", ("format", "preformatted")),
        ("> q", ("format", "quote")),
        ("# h", ("format", "heading")),
        ("-# small", ("format", "small")),
        ("- item", ("format", "list")),
    ],
)
def test_markdown_means_something_in_content_and_in_a_description(
    local: FakeDiscord, text: str, effect: tuple[str, str]
) -> None:
    assert effect in kinds(local, {"content": text})
    assert effect in kinds(local, {"embeds": [{"description": text}]})
    plain = {"embeds": [{"author": {"name": text}, "footer": {"text": text}}]}
    button = {"type": 2, "style": 1, "label": text, "custom_id": "a"}
    assert kinds(local, {**plain, "components": [{"type": 1, "components": [button]}]}) == []


@pytest.mark.parametrize(
    "text",
    [
        "plain words, 60% of 5*3 and snake_case_name", r"\*not italic\*", r"\_not\_ \~\~this\~\~ \|\|nor\|\| this",
        r"\[click\](x)", r"\> no quote", r"\# no heading", r"\`no code\`", "@\u200beveryone", "@vendor_sec", "a<b>c",
    ],
)  # fmt: skip
def test_harmless_and_escaped_text_does_nothing(local: FakeDiscord, text: str) -> None:
    assert kinds(local, {"content": text, "allowed_mentions": NONE}) == []


def test_links_unfurl_in_content_unless_they_are_silenced(local: FakeDiscord) -> None:
    url = "https://example.com/a"
    assert ("unfurl", url) in kinds(local, {"content": url})
    assert ("unfurl", url) not in kinds(local, {"content": f"<{url}>"})
    assert ("unfurl", url) not in kinds(local, {"content": url}, flags=4)
    assert ("unfurl", url) not in kinds(local, {"embeds": [{"description": url}]})
    assert ("unfurl", "discord.gg/a") in kinds(local, {"content": "<https://discord.gg/a>"})
