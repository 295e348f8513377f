"""Who is watched at X now."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from sources.types import Account, Wanted
from sources.x.objects import Tweet
from sources.x.rules import Wish


def wish_of(wanted: Collection[Wanted]) -> Wish:
    """What of it X can be asked for: accounts by the numbers that X gave them."""
    return {one.account.id: one.without for one in wanted if _is_numbered(one.account)}


def unnumbered(wanted: Collection[Wanted]) -> list[Account]:
    """Accounts without such a number, which a replay makes: X cannot be asked for them."""
    return [one.account for one in wanted if not _is_numbered(one.account)]


def _is_numbered(account: Account) -> bool:
    return account.id.isascii() and account.id.isdigit()


class Watched:
    """Who is wished for now."""

    def __init__(self) -> None:
        self.wish: Wish = {}
        self.known: Mapping[str, Account] = {}
        self.since: datetime | None = None
        """When the wish last changed."""

        self.changed = asyncio.Event()
        """Set when the rules are to be looked at: at each change, and when X has lost them. Who waits clears it."""

        self.anyone = asyncio.Event()
        """Set while anybody is wished for."""

        self.ruled = asyncio.Event()
        """Set while the rules at X are those of the wish, as far as is known."""

    def replace(self, wanted: Collection[Wanted], now: datetime) -> None:
        """From now on these and no others."""
        wish = wish_of(wanted)
        self.known = {one.account.id: one.account for one in wanted}
        if wish == self.wish:
            return
        self.wish = wish
        self.since = now
        self.ruled.clear()
        self.changed.set()
        if wish:
            self.anyone.set()
        else:
            self.anyone.clear()

    def wants(self, tweet: Tweet) -> bool:
        """Whether anybody wants it; rules at X may lag behind, and search knows no better."""
        without = self.wish.get(tweet.post.author.id)
        return without is not None and not (tweet.post.kinds & without)
