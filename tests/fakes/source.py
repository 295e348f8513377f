"""Sources for tests, of which each test says only what matters to it."""

from collections.abc import Collection

from sources.types import Account, SourceState, Wanted


class Quiet:
    """What most sources of tests have in common: nothing goes wrong, and nobody is refused."""

    finite = False

    def trouble(self) -> str:
        """None."""
        return ""

    def state(self) -> SourceState:
        """Nothing to tell."""
        return SourceState()

    def refusal(self, wanted: Collection[Wanted]) -> str:
        """None."""
        return ""

    async def watch(self, wanted: Collection[Wanted]) -> None:
        """Whatever is given is given in any case."""


def wanting(*accounts: Account) -> list[Wanted]:
    """Accounts that somebody watches, with posts of every kind."""
    return [Wanted(account=account) for account in accounts]
