"""Labels that are left out, because the model refuses their hypotheses whatever text they are asked about.

A channel that has such a label is decided as if it had not: in independent mode the other labels' scores are what they
would be anyway, in exclusive mode the other labels share 100%. The label has no score, never one of zero. What is
decided while it is left out stays decided.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from classifier.hypothesis import render
from classifier.types import Speaker
from storage.types import Channel

NOTHING: Mapping[str, str] = MappingProxyType({})

_LEFT_OUT_FOR = timedelta(minutes=10)
"""Then it is asked again, once: a question that fails, and a few harmless ones to find out why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    why: str
    by: Speaker | None
    until: datetime


class LeftOut:
    """Hypotheses that are left out -> why. Each until its label is described otherwise, another model than the one that
    refused it speaks, or ten minutes are over: then it is asked again, since nobody else could tell that it is taken
    now.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    @property
    def refused(self) -> Mapping[str, str]:
        """In the template that hypotheses are asked in."""
        return {hypothesis: entry.why for hypothesis, entry in self._entries.items()} if self._entries else NOTHING

    def add(self, refused: Mapping[str, str], *, by: Speaker | None, now: datetime) -> None:
        """Leave these out from now on, too. `by`: who refused them; None where that is not known."""
        until = now + _LEFT_OUT_FOR
        self._entries |= {hypothesis: _Entry(why=why, by=by, until=until) for hypothesis, why in refused.items()}

    def spoke(self, speaker: Speaker) -> bool:
        """Someone has answered; whether that ends anything, since another model may well take it."""
        return self._end(text for text, entry in self._entries.items() if entry.by not in {None, speaker})

    def pass_time(self, now: datetime) -> bool:
        """Whether that ends anything."""
        return self._end(text for text, entry in self._entries.items() if entry.until <= now)

    def _end(self, ended: Iterable[str]) -> bool:
        gone = set(ended)
        self._entries = {text: entry for text, entry in self._entries.items() if text not in gone}
        return bool(gone)


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
