"""Values that people type: percentages, durations, labels, filters. Pure.

Raises ValueError, whose message is for people and names the bad part and the reason.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from bot.commands.errors import nearest, shown
from sources.accounts import PREFIXES
from sources.types import PostKind
from storage.types import Filters

MOST_LABELS = 20
LONGEST_LABEL = 60
LONGEST_DESCRIPTION = 200
LONGEST_REASON = 300
_LONGEST_LIST = 10_000  # characters; csv gives up at 131,072 with a misleading reason
RESERVED = frozenset({"list", "all", "help", "on", "off"})

_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_NUMBER = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)\s*(%?)")
_DURATION = re.compile(r"([0-9]{1,6})([mhdw])", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(weeks=52)

WITHOUT = {f"-{kind.plural}": kind for kind in PostKind}
"""The filters that are one word."""

FILTERS = {
    "+label:": "+label:security",
    "-label:": "-label:sports",
    "+keyword:": "+keyword:CVE",
    "-keyword:": '-keyword:"weekly digest"',
    **{word: word for word in WITHOUT},
    "lang:": "lang:en",
    "min:": "min:60%",
}
"""How each filter begins, and one that is right."""

_QUOTED = r'"(?:[^"]|"")*+"'
_WORD = re.compile(rf'lang:[\w-]+(?:,[\w-]+)+(?=[\s,]|$)|(?:{_QUOTED}|[^\s,"])+', re.IGNORECASE)
_WHOLLY_QUOTED = re.compile(_QUOTED)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")


class PercentageError(ValueError):
    """No percentage, or none that can be a threshold; the message ends with which can."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} Use 1% to 99%.")


def quoted(label: str) -> str:
    """A label as it has to be typed: in quotes where it holds a comma, quotes inside doubled."""
    return '"' + label.replace('"', '""') + '"' if "," in label or label.startswith('"') else label


def reason(text: str) -> str:
    """Why somebody judged as they did, in their own words."""
    words = " ".join(text.split())
    if len(words) > LONGEST_REASON:
        raise ValueError(f"A reason may have {LONGEST_REASON} characters, this one has {len(words)}.")
    return words


class FilterError(ValueError):
    """No filter; `example` is one like it that is right."""

    def __init__(self, problem: str, example: str) -> None:
        super().__init__(problem)
        self.example = example


def straight_quotes(text: str) -> str:
    """Curly quotes count as quotes: telephones type them unasked."""
    return text.translate(_STRAIGHT)


def percentage(text: str) -> float:
    """60, 60% and 0.6 are the same: 0.6."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        raise PercentageError(f'"{shown(text)}" is not a percentage.')
    number, sign = float(found[1].replace(",", ".")), found[2]
    if number == 1 and not sign:
        raise PercentageError(f'"{shown(text)}" can be read in two ways: 1% or 100%?')
    share = round(number if number < 1 and not sign else number / 100, 8)  # 12.3% and 0.123 are one float, too
    if not 0.01 <= share <= 0.99:
        raise PercentageError(f"{shown(text)} is not possible.")
    return share


def duration(text: str) -> timedelta:
    """15m, 2h, 3d or 3w: minutes, hours, days or weeks; a minute at least, 52 weeks at most."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f'"{shown(text)}" is not a duration. Write minutes, hours, days or weeks as 15m, 2h, 3d, 3w.')
    span = int(found[1]) * _UNITS[found[2].lower()]
    if not _SHORTEST <= span <= _LONGEST:
        raise ValueError(f"{text.strip()} is not possible. Use 1m to 52w.")
    return span


def label_names(text: str) -> list[str]:
    """Names separated by commas, in quotes where a name holds one. They are not checked against each other."""
    line = re.sub('" +,', '",', " ".join(straight_quotes(text).split()))  # csv wants a comma right behind a quote
    if len(line) > _LONGEST_LIST:
        raise ValueError(f"The list of labels is too long: {_LONGEST_LIST} characters at most.")
    try:
        (names,) = csv.reader([line], skipinitialspace=True, strict=True)
    except csv.Error:
        raise ValueError(f"In {shown(text)} a quote is not closed, or stands inside a word.") from None
    return [name.strip() for name in names if name.strip()]


def check_names(names: Iterable[str]) -> None:
    """Whether these can be a channel's labels."""
    seen: dict[str, str] = {}
    for name in names:
        check_name(name)
        if (other := seen.get(name.casefold())) is not None:
            same = "stands twice" if other == name else f'and "{other}" differ only in case'
            raise ValueError(f'"{name}" {same}.')
        seen[name.casefold()] = name
    if not seen:
        raise ValueError("Labels are missing.")
    if len(seen) > MOST_LABELS:
        raise ValueError(f"{len(seen)} labels are too many: {MOST_LABELS} a channel at most.")


def check_name(name: str) -> None:
    """Whether this can be a label."""
    if not any(character.isalnum() for character in name):
        raise ValueError(f'"{shown(name)}" is not a label: it has no letter.')
    _check_text(name, LONGEST_LABEL)
    if name.casefold() in RESERVED:
        raise ValueError(f'"{name}" is a reserved word and cannot be a label.')


def check_description(description: str) -> None:
    """Whether this can be what the classifier is told of a label; empty, it is told the name."""
    if description and not any(character.isalnum() for character in description):
        raise ValueError(f'"{shown(description)}" is not a description: it has no letter.')
    _check_text(description, LONGEST_DESCRIPTION)


def words(text: str) -> list[str]:
    """What stands between spaces or commas outside quotes, its quotes straightened and kept; `lang:en,de` is one."""
    line = straight_quotes(text)
    if '"' in _WORD.sub("", line):
        raise ValueError(f"In {shown(text)} a quote is not closed.")
    return _WORD.findall(line)


def unquoted(text: str) -> str:
    """A text without the quotes around it and with single spaces; quotes doubled inside quotes are meant once."""
    line = straight_quotes(text).strip()
    if _WHOLLY_QUOTED.fullmatch(line):
        line = line[1:-1].replace('""', '"')
    elif line.startswith('"'):
        raise ValueError(f"In {shown(text)} a quote is not closed, or stands inside a word.")
    return " ".join(line.split())


def is_account(word: str) -> bool:
    """Whether this is meant for an account, right or wrong: a handle, a prefix, or an address."""
    prefix, colon, _ = word.partition(":")
    host, slash, _ = word.partition("/")
    return word.startswith("@") or bool(
        (colon and prefix.casefold() in PREFIXES)
        or word.casefold().startswith(("http://", "https://"))
        or (slash and "." in host and not word.startswith('"'))
    )


def is_filter(word: str) -> bool:
    """Whether a word beside accounts is meant for a filter, right or wrong."""
    if word.startswith(("+", "-")):
        return True
    name, colon, _ = word.partition(":")
    bare = {begin.strip("+-:") for begin in FILTERS}
    return not is_account(word) and bool(nearest(name, bare) if colon else name.casefold() in bare)


def filters(text: str) -> Filters:
    """The filters in a line that holds nothing else. Raises FilterError, PercentageError or ValueError."""
    return filters_of(words(text))


def filters_of(parts: Iterable[str]) -> Filters:
    """The filters that these words are, each value once. Raises FilterError or PercentageError."""
    found: dict[str, dict[str, str]] = {begin: {} for begin in FILTERS}
    for part in parts:
        begin, values = _read_filter(part)
        for value in values:
            found[begin].setdefault(value.casefold(), value)
    _check_together(found)
    minimum = next(iter(found["min:"]), None)
    return Filters(
        labels=tuple(found["+label:"].values()),
        not_labels=tuple(found["-label:"].values()),
        keywords=tuple(found["+keyword:"].values()),
        not_keywords=tuple(found["-keyword:"].values()),
        without=frozenset(kind for word, kind in WITHOUT.items() if found[word]),
        langs=tuple(found["lang:"].values()),
        minimum=None if minimum is None else percentage(minimum),
    )


def filter_words(filters: Filters) -> list[str]:
    """Filters as they are typed, a word each: `filters_of` of these is the same again."""
    listed = {
        "+label:": filters.labels,
        "-label:": filters.not_labels,
        "+keyword:": filters.keywords,
        "-keyword:": filters.not_keywords,
    }
    found = [begin + _as_value(value) for begin, values in listed.items() for value in values]
    found += [word for word, kind in WITHOUT.items() if kind in filters.without]
    found += [f"lang:{language}" for language in filters.langs]
    if filters.minimum is not None:
        found.append(f"min:{_exact_percent(filters.minimum)}")
    return found


def _read_filter(part: str) -> tuple[str, list[str]]:
    """How a filter begins, and its values."""
    name, colon, typed = straight_quotes(part).partition(":")
    begin = f"{name}{colon}".casefold()
    if begin not in FILTERS:
        raise _no_filter(part, begin, typed)
    if begin in WITHOUT:
        return begin, [begin]
    try:
        return begin, _values_of(begin, part, typed)
    except PercentageError:
        raise
    except ValueError as error:
        raise FilterError(str(error), FILTERS[begin]) from None


def _no_filter(part: str, begin: str, value: str) -> FilterError:
    near = f"+{begin}" if f"+{begin}" in FILTERS else nearest(begin, FILTERS)
    if not near:
        return FilterError(f'"{shown(part)}" is not a filter. There are {" ".join(FILTERS.values())}.', "-retweets")
    meant = shown(near + value) if value and near.endswith(":") else FILTERS[near]
    return FilterError(f'"{shown(part)}" is not a filter. Did you mean {meant}?', FILTERS[near])


def _values_of(begin: str, part: str, typed: str) -> list[str]:
    if '"' in typed and not typed.startswith('"'):
        raise ValueError(f"In {shown(part)} a quote stands inside a word.")
    value = unquoted(typed)
    if not value:
        raise ValueError(f"{begin} has no value.")
    if begin == "min:":
        return [_exact_percent(percentage(value))]
    if begin == "lang:":
        return [_language(code) for code in value.split(",")]
    check = check_name if begin.endswith("label:") else _check_keyword
    check(value)
    return [value]


def _language(code: str) -> str:
    """en for en, EN-gb and en_US: scores and posts know no finer difference."""
    found = _LANGUAGE.fullmatch(code)
    if not found:
        raise ValueError(f'"{shown(code)}" is not the code of a language, such as en, de or pt-BR.')
    return found[1].lower()


def _check_keyword(keyword: str) -> None:
    if all(unicodedata.category(character)[0] in "CMZ" for character in keyword):
        raise ValueError(f'"{shown(keyword)}" is not a keyword: it has nothing to see.')
    _check_text(keyword, LONGEST_LABEL)


def _check_together(found: dict[str, dict[str, str]]) -> None:
    for noun in ("label:", "keyword:"):
        if both := found[f"+{noun}"].keys() & found[f"-{noun}"].keys():
            name = _as_value(found[f"+{noun}"][min(both)])
            raise FilterError(f"+{noun}{name} and -{noun}{name} contradict each other.", FILTERS[f"+{noun}"])
    if len(found["min:"]) > 1:
        raise FilterError(f"{' and '.join(f'min:{one}' for one in found['min:'])} contradict each other.", "min:60%")


def _check_text(text: str, longest: int) -> None:
    if len(text) > longest:
        raise ValueError(f'"{shown(text)}" is too long: {longest} characters at most.')
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError(f'"{shown(text)}" has a control character.')


def _as_value(text: str) -> str:
    """A value as it has to be typed: in quotes where a space, comma or quote would end it."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[\s,"]', text) else text


def _exact_percent(share: float) -> str:
    """60%, 60.5%: all the digits that `percentage` reads."""
    return f"{share * 100:.6f}".rstrip("0").rstrip(".") + "%"
