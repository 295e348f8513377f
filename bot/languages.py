"""Languages of posts beside those that a model reads. Pure."""

import re
from collections.abc import Iterable

from classifier.types import Model
from sources.types import Post

_NAMES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}

_NO_LANGUAGE = re.compile(r"und|zxx|mul|mis|art|q[a-t][a-z]")
"""Codes that name none: undetermined, no words, several; X writes qme for media alone, qht for hashtags alone."""


def name(code: str) -> str:
    """What people call a language; its code where we have no name."""
    return _NAMES.get(primary(code), code)


def names(codes: Iterable[str]) -> str:
    """ "English, German and French"."""
    *first, last = map(name, codes)
    return f"{', '.join(first)} and {last}" if first else last


def primary(code: str) -> str:
    """The language without script and region: "pt" of "pt-BR"."""
    return re.split(r"[-_]", code.casefold())[0]


def of_post(post: Post) -> str:
    """The language a post is in, without script and region; empty where nobody can tell."""
    language = primary(post.lang)
    return "" if _NO_LANGUAGE.fullmatch(language) else language


def unread(post: Post, model: Model) -> str:
    """The language of a post that the model does not read; empty where it does, or where nobody can tell."""
    language = of_post(post)
    if not language or not model.languages:
        return ""
    return "" if language in map(primary, model.languages) else language
