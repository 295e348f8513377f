"""What an examination of a chat finds. `lapwing doctor` shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found of one thing. Where it is wrong, the text says where to click."""

    about: str
    text: str
    wrong: bool = False
    passing: bool = False
    """Wrong, and yet no reason to say that Lapwing does not work: it may pass by itself, or is only worth knowing."""
