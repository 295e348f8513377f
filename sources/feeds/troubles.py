"""What is wrong with which feed, in words for people."""

_TOLD = 3
"""So many feeds are named; of a thousand that fail together the rest are counted."""


class Troubles:
    """By feed; the latest word about each."""

    def __init__(self) -> None:
        self._wrong: dict[str, str] = {}

    def wrong(self, feed: str, what: str) -> None:
        """Something is wrong with this feed from now on; `what` names it."""
        self._wrong[feed] = what

    def well(self, feed: str) -> None:
        """Nothing is, or nobody cares any more."""
        self._wrong.pop(feed, None)

    def all_of(self, feeds: int) -> bool:
        """Whether something is wrong with every one of so many feeds."""
        return 0 < feeds <= len(self._wrong)

    def words(self) -> str:
        """ "https://… is not there; 12 other feeds cannot be read either"; empty while all is well."""
        told = list(self._wrong.values())[:_TOLD]
        if more := len(self._wrong) - len(told):
            told.append(f"{more} other {'feed' if more == 1 else 'feeds'} cannot be read either")
        return "; ".join(told)
