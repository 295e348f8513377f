"""What Lapwing must be allowed in a channel: discord.py's name of each permission, and people's. Pure."""

from collections.abc import Mapping

import discord

POSTING = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "read_message_history": "Read Message History",
}
"""To post, and to find one's own posts again."""

POSTING_IN_THREADS = {name: shown for name, shown in POSTING.items() if name != "send_messages"} | {
    "send_messages_in_threads": "Send Messages in Threads"
}

BESIDE = {"attach_files": "Attach Files"}
"""For settings that are too long for a message; nothing else fails without."""


def missing(held: discord.Permissions, needed: Mapping[str, str] = POSTING) -> list[str]:
    """What is needed and not held, in people's names."""
    return [shown for name, shown in needed.items() if not getattr(held, name)]
