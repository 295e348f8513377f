"""The link that adds Lapwing to a server, with the least that it needs there. Pure."""

import discord

APP = "discord.com/developers/applications, your app"

SCOPES = ("bot", "applications.commands")

POSTING = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
}
"""What posting in a channel and finding one's own posts again takes: discord.py's name, and people's."""

IN_THREADS = {"send_messages_in_threads": "Send Messages in Threads"}
"""In a thread this stands in the place of Send Messages."""

BESIDE = {"attach_files": "Attach Files"}
"""For settings that are too long for a message; nothing else fails without."""

NEEDED = discord.Permissions(**dict.fromkeys((*POSTING, *IN_THREADS, *BESIDE), True))


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
