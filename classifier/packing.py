"""Which rows of tokens go through the model together. Pure."""

from collections.abc import Sequence

_COST_OF_A_BATCH = 1 / 12
"""Of a full one: what any batch costs, however small, in reading weights. Less padding than this is worth it."""


def batches(lengths: Sequence[int], budget: int, *, most_rows: int | None = None) -> list[list[int]]:
    """Places in `lengths`, each once, in batches of at most `budget` tokens, padding counted; a longer row goes alone.

    From the longest to the shortest, so that neighbours are about equal, the greatest memory is asked for first, and
    a batch ends where what it would compute on padding costs more than a batch of its own.
    """
    most_rows = most_rows or len(lengths)
    most_padding = budget * _COST_OF_A_BATCH
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    found: list[list[int]] = []
    longest = padding = 0
    for place in order:
        padding += longest - lengths[place]
        row = len(found[-1]) + 1 if found else 1
        if not found or row * longest > budget or padding > most_padding or row > most_rows:
            found.append([])
            longest, padding = lengths[place], 0
        found[-1].append(place)
    return found
