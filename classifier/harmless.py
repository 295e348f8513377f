"""A question that any model answers which answers at all, and in words why one does not. Pure."""

from classifier.hypothesis import render
from classifier.types import ClassifierError, Label

HARMLESS = "The weather is fine today."
_LABEL = Label(name="weather")


def harmless_hypothesis(template: str) -> str:
    """About a label that nobody set: a model that fails on the harmless text under this one fails on everything."""
    return render(_LABEL, template)


def in_words(error: Exception) -> str:
    """What an engine raised, on one line: its own words where it means them for people, with its kind where not."""
    said = " ".join(str(error).split())
    return said if isinstance(error, ClassifierError) and said else f"{type(error).__name__}: {said}".rstrip(": ")
