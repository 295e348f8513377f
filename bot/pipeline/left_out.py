"""Labels that are left out, because the model refuses their hypotheses whatever text they are asked about.

A channel that has such a label is decided as if it had not: in independent mode the other labels' scores are what they
would be anyway, in exclusive mode the other labels share 100%. The label has no score, never one of zero. What is
decided while it is left out stays decided.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from classifier.hypothesis import render
from classifier.types import Speaker
from storage.types import Channel

NOTHING: Mapping[str, str] = MappingProxyType({})


class LeftOut:
    """Hypotheses that are left out -> why. Until the label is described otherwise, another model speaks, or the end.

    Who refused them is who speaks next: until then nobody else has been asked.
    """

    def __init__(self) -> None:
        self._refused: dict[str, str] = {}
        self._by: Speaker | None = None

    @property
    def refused(self) -> Mapping[str, str]:
        """In the template that hypotheses are asked in."""
        return self._refused

    def add(self, refused: Mapping[str, str]) -> None:
        """Leave these out from now on, too."""
        self._refused |= refused
        self._by = None

    def spoke(self, speaker: Speaker) -> bool:
        """Someone has answered; whether that ends what was left out, since another model may well take it."""
        if not self._refused or self._by in {None, speaker}:
            self._by = speaker
            return False
        self._refused, self._by = {}, None
        return True


def split(channel: Channel, template: str, refused: Mapping[str, str]) -> tuple[Channel, Mapping[str, str]]:
    """The channel as if it had none of the labels that are left out, and those: name -> why."""
    if not refused:
        return channel, NOTHING
    left_out = {
        label.name: why for label in channel.labels if (why := refused.get(render(label.label, template))) is not None
    }
    if not left_out:
        return channel, NOTHING
    return replace(channel, labels=tuple(label for label in channel.labels if label.name not in left_out)), left_out


def in_words(left_out: Mapping[str, str]) -> str:
    """ "security: the hypothesis … has 329 tokens, …"; empty where nothing is left out."""
    return "; ".join(f"{name}: {why.rstrip('.')}" for name, why in left_out.items())
