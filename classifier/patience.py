"""How long to wait before trying again. Pure."""


def wait_s(tries: int, *, first_s: float, longest_s: float, chance: float) -> float:
    """Seconds after so many tries that failed: `first_s` after the first, doubling up to `longest_s`.

    Half of it is certain, half left to `chance` (0..1), so that those who failed together do not come back together.
    """
    longest = min(first_s * 2.0 ** (min(tries, 32) - 1), longest_s)
    return longest * (1 + chance) / 2
