"""What emoji under an alert mean. Pure."""

from collections.abc import Collection, Mapping, Sequence

from storage.types import Judged, Judgement

Emoji = Mapping[str, Judged]
"""What each emoji means, by its name."""

ALIASES = {"thumbsup": "+1", "thumbsdown": "-1"}
"""Two names for one emoji."""

UNICODE = {"👍": "+1", "👎": "-1", "❌": "x", "🚫": "no_entry_sign", "✅": "white_check_mark"}
"""Chats that send the emoji itself, not its name."""

RELEVANT = ("+1", "white_check_mark")
NOT_RELEVANT = ("-1", "x", "no_entry_sign")


def emoji(relevant: Collection[str] = RELEVANT, not_relevant: Collection[str] = NOT_RELEVANT) -> Emoji:
    """The map, from the names that mean each. Raises ValueError when one means both."""
    if both := sorted({name(one) for one in relevant} & {name(one) for one in not_relevant}):
        raise ValueError(f"{', '.join(both)} cannot mean relevant and not relevant")
    return {name(one): Judged.RELEVANT for one in relevant} | {name(one): Judged.NOT_RELEVANT for one in not_relevant}


def name(written: str) -> str:
    """One name for an emoji however it is written: ":thumbsup:", "👍🏽", "+1::skin-tone-3" are all "+1"."""
    bare = written.strip().strip(":").partition("::")[0]
    plain = "".join(one for one in bare if not _is_tone(one))
    return UNICODE.get(plain, ALIASES.get(plain, plain))


def meaning(written: str, known: Emoji) -> Judged | None:
    """What an emoji says of an alert; None when it says nothing."""
    return known.get(name(written))


def changes(
    standing: Sequence[Judgement], present: Collection[tuple[str, str]], known: Emoji
) -> tuple[list[tuple[str, str]], list[str]]:
    """What happened under a message while nobody listened, from what stands and what is there now.

    `present`: (person, emoji). Returns the reactions that are news, and the people whose judgement is gone with the
    reaction that it was given by. A judgement given otherwise stands against a reaction: which came later is not known.
    """
    by_person = {one.actor: one for one in standing}
    there = {(person, name(written)) for person, written in present if meaning(written, known)}
    gone = [one.actor for one in standing if one.reaction and (one.actor, name(one.reaction)) not in there]
    news = sorted((person, written) for person, written in there if person not in by_person or person in gone)
    return news, [person for person in gone if person not in {one for one, _ in news}]


def _is_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff" or character == "\ufe0f"
