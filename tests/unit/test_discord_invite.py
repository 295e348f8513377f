"""The link that adds Lapwing to a server asks for what it needs and for nothing else."""

from urllib.parse import parse_qs, urlsplit

import discord

from bot.chat.discord.invite import NEEDED, link


def test_the_link_leads_to_discord_and_names_the_app() -> None:
    parts = urlsplit(link(1200000000000000001))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "discord.com", "/oauth2/authorize")
    assert parse_qs(parts.query)["client_id"] == ["1200000000000000001"]


def test_the_link_asks_for_the_bot_and_for_its_commands() -> None:
    (scopes,) = parse_qs(urlsplit(link(1)).query)["scope"]
    assert scopes.split() == ["bot", "applications.commands"]


def test_the_link_asks_for_the_least() -> None:
    (asked,) = parse_qs(urlsplit(link(1)).query)["permissions"]
    assert {name for name, held in discord.Permissions(int(asked)) if held} == {
        "read_messages",  # View Channel
        "send_messages",
        "send_messages_in_threads",
        "embed_links",
        "attach_files",
        "read_message_history",
    }


def test_nothing_is_asked_for_that_rules_a_server() -> None:
    rules = discord.Permissions.elevated() | discord.Permissions.advanced()
    assert not NEEDED.value & rules.value
