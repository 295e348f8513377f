"""The watch list as rules of X's filtered stream: packed, and as few of them changed as can be. Pure.

A rule is `from:1 OR from:2 …`, with conditions that hold for all of it: `(from:1 OR from:2) -is:retweet`. Accounts
stand in it by their numeric ids, since handles change. Recent search takes the same words in shorter queries, which are
packed apart: so whatever a rule of ours finds can be searched for after a gap, however long the rule is.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sources.types import PostKind

Wish = Mapping[str, frozenset[PostKind]]
"""Who is wished for: an account's numeric id -> the kinds of posts that nobody wants of it."""

RULE_CHARACTERS = 1_024
"""How long a rule may be."""

QUERY_CHARACTERS = 512
"""How long a query of recent search may be."""

MOST_RULES = 1_000
"""How many rules X keeps at once."""

OWN_RULES = 900
"""How many of them we use, so that new ones can be added before old ones are deleted."""

_CONDITIONS = {PostKind.RETWEET: " -is:retweet", PostKind.REPLY: " -is:reply", PostKind.QUOTE: " -is:quote"}
_KINDS = {condition.strip(): kind for kind, condition in _CONDITIONS.items()}
_OURS = re.compile(r"(\()?(from:[0-9]+(?: OR from:[0-9]+)*)(?(1)\))((?: -is:(?:retweet|reply|quote))*)", re.ASCII)


class TooManyAccountsError(ValueError):
    """More accounts than our share of the rules can name; the message says how many fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule as X holds it."""

    id: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """What a rule of ours says: posts of these accounts (numeric ids), but none of these kinds."""

    ids: tuple[str, ...]
    without: frozenset[PostKind] = frozenset()

    @property
    def value(self) -> str:
        """The rule's text, which is a query's text as well."""
        accounts = " OR ".join(f"from:{account}" for account in self.ids)
        conditions = "".join(text for kind, text in _CONDITIONS.items() if kind in self.without)
        return f"({accounts}){conditions}" if conditions and len(self.ids) > 1 else f"{accounts}{conditions}"


def parse(value: str) -> Clause | None:
    """What a rule says, where it could be one of ours; None for any other, which is somebody else's."""
    found = _OURS.fullmatch(value)
    if found is None or (found[3] and " OR " in found[2] and not found[1]):
        return None
    ids = tuple(term.removeprefix("from:") for term in found[2].split(" OR "))
    return Clause(ids=ids, without=frozenset(_KINDS[condition] for condition in found[3].split()))


def pack(wish: Wish, present: Collection[str] = (), *, most_characters: int = RULE_CHARACTERS) -> list[str]:
    """The rules (their texts) that find exactly what is wished for, each account in one of them.

    Rules that are `present` stay as they are where they can; one that names somebody no longer wished for is made
    anew without them, and newcomers go where there is room. Raises TooManyAccountsError.
    """
    order = _order(wish, present)
    packed = _fill(_kept(wish, present, most_characters), order, wish, most_characters)
    if len(packed) > OWN_RULES:  # half empty ones, left by those who went
        packed = _fill([], order, wish, most_characters)
    if len(packed) > OWN_RULES:
        raise TooManyAccountsError(
            f"X follows {_capacity(packed):,} of these {len(wish):,} accounts: they fill the {OWN_RULES} rules there"
            " are. Stop watching some"
        )
    return [clause.value for clause in packed]


def queries(wish: Wish) -> list[str]:
    """Queries of recent search that together find what is wished for, each at most QUERY_CHARACTERS long."""
    order = sorted(wish, key=_by_number)
    return [clause.value for clause in _fill([], order, wish, QUERY_CHARACTERS)]


def _order(wish: Wish, present: Collection[str]) -> list[str]:
    """Accounts by the rule that names them now, so that whoever shares a rule moves to the next one together."""
    now = {account: None for value in sorted(present) if (clause := parse(value)) for account in clause.ids}
    newcomers = sorted((account for account in wish if account not in now), key=_by_number)
    return [account for account in now if account in wish] + newcomers


def _by_number(account: str) -> tuple[int, str]:
    return len(account), account


def _kept(wish: Wish, present: Collection[str], most_characters: int) -> list[Clause]:
    """What is still wished for of each present rule; of two that name one account, the rule that can stay whole."""
    clauses = [clause for value in sorted(present) if len(value) <= most_characters and (clause := parse(value))]
    whole = [clause for clause in clauses if _is_whole(clause, wish)]
    parts = [clause for clause in clauses if not _is_whole(clause, wish)]
    kept: list[Clause] = []
    placed: set[str] = set()
    for clause in (*whole, *parts):
        ids = tuple(dict.fromkeys(_still_wished(clause, wish, placed)))
        if ids:
            kept.append(Clause(ids=ids, without=clause.without))
            placed.update(ids)
    return kept


def _is_whole(clause: Clause, wish: Wish) -> bool:
    return all(wish.get(account) == clause.without for account in clause.ids)


def _still_wished(clause: Clause, wish: Wish, placed: Collection[str]) -> Iterable[str]:
    return (account for account in clause.ids if wish.get(account) == clause.without and account not in placed)


def _fill(kept: list[Clause], order: Iterable[str], wish: Wish, most_characters: int) -> list[Clause]:
    """The kept clauses with everybody else put where there is room, then into new ones."""
    boxes = [_Box(clause.without, list(clause.ids)) for clause in kept]
    placed = {account for box in boxes for account in box.ids}
    open_boxes: dict[frozenset[PostKind], list[_Box]] = {}
    for box in reversed(boxes):
        open_boxes.setdefault(box.without, []).append(box)
    for account in order:
        if account in placed:
            continue
        waiting = open_boxes.setdefault(wish[account], [])
        while waiting and not waiting[-1].has_room(account, most_characters):
            waiting.pop()
        if not waiting:
            waiting.append(_Box(wish[account], []))
            boxes.append(waiting[-1])
        waiting[-1].put(account)
    return [Clause(ids=tuple(box.ids), without=box.without) for box in boxes]


class _Box:
    """A clause that is being filled; knows its length without writing it out."""

    def __init__(self, without: frozenset[PostKind], ids: list[str]) -> None:
        self.without = without
        self.ids = ids
        conditions = sum(len(text) for kind, text in _CONDITIONS.items() if kind in without)
        self._characters = conditions + (len("()") if conditions else 0) - len(" OR ")
        self._characters += sum(_characters(account) for account in ids)

    def has_room(self, account: str, most_characters: int) -> bool:
        return self._characters + _characters(account) <= most_characters

    def put(self, account: str) -> None:
        self.ids.append(account)
        self._characters += _characters(account)


def _characters(account: str) -> int:
    return len(" OR from:") + len(account)


def _capacity(packed: list[Clause]) -> int:
    return sum(len(clause.ids) for clause in packed[:OWN_RULES])
