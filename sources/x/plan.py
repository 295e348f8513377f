"""From the rules that X holds to the rules that are wished: which to add and which to delete, and when. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sources.x.rules import MOST_RULES, Rule, Wish, parse


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One request: rules to add (their texts) or rules to delete (their ids), never both."""

    add: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    given_up: frozenset[str] = frozenset()
    """Accounts that no rule finds from this step until a later one: only where X holds 1,000 rules, all needed."""


def plan(present: Collection[Rule], wished: Sequence[str], wish: Wish) -> list[Step]:
    """The steps that lead from any `present` rules to exactly the `wished` ones; none where they are the same.

    Whoever is wished for and found at the start, or by a rule that was added, is found after every step. There are
    never more than MOST_RULES; what is deleted is not needed at that moment. All of it holds for any start that
    leaves one rule free and names accounts as we do.
    """
    return _Plan(present, wished, wish).steps()


class _Plan:
    """The rules as they would be after the steps so far."""

    def __init__(self, present: Collection[Rule], wished: Sequence[str], wish: Wish) -> None:
        keep = {rule.value: rule for rule in present if rule.value in set(wished)}
        self._extra = [rule for rule in present if keep.get(rule.value) != rule]
        self._finds = {rule.id: _finds(rule.value, wish) for rule in self._extra}
        self._wish = wish
        self._missing = self._in_order([value for value in dict.fromkeys(wished) if value not in keep])
        self._found = Counter(account for rule in present for account in _finds(rule.value, wish))
        self._count = len(present)

    def steps(self) -> list[Step]:
        """Additions first; deletions in between only where there is no room."""
        steps: list[Step] = []
        while self._missing or self._extra:
            room = MOST_RULES - self._count
            if self._missing and room >= len(self._missing):
                steps.append(self._add(len(self._missing)))
            elif free := self._free():
                steps.append(self._delete(free))
            elif self._missing and room > 0:
                steps.append(self._add(room))
            else:
                steps.append(self._give_up())
        return steps

    def _add(self, count: int) -> Step:
        added, self._missing = tuple(self._missing[:count]), self._missing[count:]
        self._found.update(account for value in added for account in _finds(value, self._wish))
        self._count += count
        return Step(add=added)

    def _free(self) -> list[Rule]:
        """Rules that may go now: whoever they find, another rule finds as well."""
        free = []
        left = self._found.copy()
        for rule in self._extra:
            if all(left[account] > 1 for account in self._finds[rule.id]):
                left.subtract(self._finds[rule.id])
                free.append(rule)
        return free

    def _delete(self, rules: Collection[Rule], given_up: frozenset[str] = frozenset()) -> Step:
        gone = {rule.id for rule in rules}
        for rule in rules:
            self._found.subtract(self._finds[rule.id])
        self._extra = [rule for rule in self._extra if rule.id not in gone]
        self._count -= len(gone)
        return Step(delete=tuple(rule.id for rule in rules), given_up=given_up)

    def _give_up(self) -> Step:
        """No room, and every rule is needed: the one that finds the fewest goes for a moment."""
        least = min(self._extra, key=lambda rule: (len(self._finds[rule.id]), rule.id))
        lost = frozenset(account for account in self._finds[least.id] if self._found[account] == 1)
        return self._delete([least], lost)

    def _in_order(self, missing: list[str]) -> list[str]:
        """First the rules that replace the first extra one, so that it can go and make room for the next."""
        place: dict[str, int] = {}
        for number, rule in enumerate(self._extra):
            for account in self._finds[rule.id]:
                place.setdefault(account, number)
        last = len(self._extra)
        return sorted(missing, key=lambda value: min(place.get(one, last) for one in _finds(value, self._wish)))


def _finds(value: str, wish: Wish) -> frozenset[str]:
    """Who of those wished for this rule finds, with every kind of post that is wanted of them."""
    clause = parse(value)
    if clause is None:
        return frozenset()
    return frozenset(account for account in clause.ids if account in wish and clause.without <= wish[account])
