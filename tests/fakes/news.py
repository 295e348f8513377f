"""Words that the null engine, which answers by chance, alerts for."""

from itertools import count

from classifier.hypothesis import NULL_TEMPLATE
from classifier.null import entailment


def news(said: str, label: str = "fire") -> str:
    """These words with a number after them that makes the null engine alert for this label."""
    texts = (f"{said} {number}" for number in count())
    return next(text for text in texts if entailment(text, NULL_TEMPLATE.format(label)) > 1)
