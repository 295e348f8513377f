"""Which of a channel's watches is meant by what people write."""

import pytest

from bot.commands.errors import RefusedError
from bot.commands.handlers.watches import watched
from sources.accounts import parse_handle
from sources.types import Account
from tests.fakes.builders import a_channel, a_watch

TEAM = Account(source="bluesky", id="did:plc:ewvi7nxzyoun6zhxrhs64oiz", handle="team.bsky.social")
CHANNEL = a_channel(watches=(a_watch("news"), a_watch(account=TEAM)))


@pytest.mark.parametrize(
    "written",
    [
        "@team.bsky.social",
        "@Team.Bsky.Social",
        "https://bsky.app/profile/team.bsky.social",
        "https://bsky.app/profile/did:plc:ewvi7nxzyoun6zhxrhs64oiz",
        "@did:plc:ewvi7nxzyoun6zhxrhs64oiz",
    ],
)
def test_a_watch_is_named_by_handle_page_or_did(written: str) -> None:
    assert watched(CHANNEL, parse_handle(written)) == TEAM


@pytest.mark.parametrize("written", ["@id_of_news", "@did:plc:another"])
def test_another_account_is_not_watched(written: str) -> None:
    with pytest.raises(RefusedError, match="This channel does not watch"):
        watched(CHANNEL, parse_handle(written))
