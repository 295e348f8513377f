"""The link that adds Lapwing to a server, with the least that it needs there. Pure."""

import discord

from bot.chat.discord.permissions import BESIDE, POSTING, POSTING_IN_THREADS

APP = "discord.com/developers/applications, your app"

SCOPES = ("bot", "applications.commands")

NEEDED = discord.Permissions(**dict.fromkeys((*POSTING, *POSTING_IN_THREADS, *BESIDE), True))


def link(application: int) -> str:
    """Where whoever has Manage Server adds the app of this id to one of their servers."""
    return discord.utils.oauth_url(application, permissions=NEEDED, scopes=SCOPES)


def obstacle(application: discord.AppInfo) -> str:
    """Why the link would lead nowhere, and the way out; empty when it leads there."""
    if not application.bot_require_code_grant:
        return ""
    return (
        f"{application.name} asks for a code grant, so no link adds it to a server. Open {APP}, Bot, switch Requires "
        "OAuth2 Code Grant off, save, and repeat."
    )


def note(application: discord.AppInfo) -> str:
    """What whoever opens the link should know; empty when there is nothing."""
    if application.bot_public:
        return ""
    return "Public Bot is switched off for this app, so nobody but its owner can add it."
