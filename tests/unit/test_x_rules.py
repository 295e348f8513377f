"""Rules of X: what they say, how they are packed, and that a change of them never loses an account."""

from collections.abc import Sequence
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.types import PostKind
from sources.x.plan import Step, plan
from sources.x.rules import (
    MOST_RULES,
    OWN_RULES,
    QUERY_CHARACTERS,
    RULE_CHARACTERS,
    Clause,
    Rule,
    TooManyAccountsError,
    Wish,
    pack,
    parse,
    queries,
)

ALL = frozenset[PostKind]()
NO_RETWEETS = frozenset({PostKind.RETWEET})
LONG_IDS = [str(10**18 + number) for number in range(40_000)]

kinds = st.frozensets(st.sampled_from(PostKind))
accounts = st.integers(1, 60).map(str)
wishes = st.dictionaries(accounts, kinds, max_size=60)
ours = st.builds(
    lambda ids, without: Clause(ids=tuple(ids), without=without).value,
    st.lists(accounts, min_size=1, max_size=6, unique=True),
    kinds,
)
foreign = st.sampled_from(
    ["cat has:images", "from:NWSNHC -is:retweet", "from:1 lang:en", "(from:1) OR dog", "from:1  OR from:2"]
)
starts = st.lists(st.one_of(ours, foreign), max_size=40, unique=True)


def rules(values: Sequence[str]) -> list[Rule]:
    return [Rule(id=f"r{number}", value=value) for number, value in enumerate(values)]


class Held:
    """X's side: the rules it holds, and the complaints it has."""

    def __init__(self, present: Sequence[Rule]) -> None:
        self.rules = {rule.id: rule.value for rule in present}
        self._ids = count()

    def do(self, step: Step) -> None:
        assert bool(step.add) != bool(step.delete), "a request adds or deletes"
        for value in step.add:
            assert value not in self.rules.values(), "a duplicate"
            self.rules[f"new{next(self._ids)}"] = value
        for rule_id in step.delete:
            del self.rules[rule_id]
        assert len(self.rules) <= MOST_RULES

    def finds(self, wish: Wish) -> set[str]:
        clauses = [clause for value in self.rules.values() if (clause := parse(value))]
        return {one for clause in clauses for one in clause.ids if one in wish and clause.without <= wish[one]}


def carry_out(held: Held, steps: Sequence[Step], wish: Wish) -> frozenset[str]:
    """Everybody who was given up on the way."""
    found, given_up = held.finds(wish), frozenset[str]()
    for step in steps:
        full = len(held.rules) == MOST_RULES
        held.do(step)
        assert full or not step.given_up, "given up though there was room"
        given_up |= step.given_up
        assert found - given_up <= held.finds(wish), "a moment without a wished account"
        found |= held.finds(wish)
    return given_up


def change(start: Sequence[str], wish: Wish) -> tuple[Held, frozenset[str]]:
    present = rules(start)
    wished = pack(wish, start)
    held = Held(present)
    given_up = carry_out(held, plan(present, wished, wish), wish)
    assert sorted(held.rules.values()) == sorted(wished)
    return held, given_up


@given(st.lists(accounts, min_size=1, unique=True), kinds)
def test_a_rule_says_what_it_was_made_from(ids: list[str], without: frozenset[PostKind]) -> None:
    clause = Clause(ids=tuple(ids), without=without)
    assert parse(clause.value) == clause


def test_a_rule_reads_as_x_writes_it() -> None:
    assert Clause(ids=("1", "22")).value == "from:1 OR from:22"
    assert Clause(ids=("1", "22"), without=NO_RETWEETS).value == "(from:1 OR from:22) -is:retweet"
    assert Clause(ids=("1",), without=frozenset(PostKind)).value == "from:1 -is:retweet -is:reply -is:quote"


@pytest.mark.parametrize(
    "value", ["", "cat", "from:NWSNHC", "from:1 cat", "from:1 OR from:2 -is:retweet", "(from:1", "-from:1"]
)
def test_a_rule_that_says_anything_else_is_not_taken_for_one_of_ours(value: str) -> None:
    """`from:1 OR from:2 -is:retweet` binds the condition to the second account alone."""
    assert parse(value) is None


@given(wishes, starts)
def test_packed_rules_find_exactly_what_is_wished_for(wish: Wish, start: list[str]) -> None:
    clauses = [parse(value) for value in pack(wish, start, most_characters=60)]
    found = [(account, clause.without) for clause in clauses if clause for account in clause.ids]
    assert sorted(found, key=lambda one: one[0]) == sorted(wish.items())


@given(wishes, starts, st.integers(50, 200))
def test_no_rule_is_longer_than_it_may_be(wish: Wish, start: list[str], most: int) -> None:
    assert all(len(value) <= most for value in pack(wish, start, most_characters=most))


@given(wishes, starts)
def test_nothing_changes_when_nothing_changed(wish: Wish, start: list[str]) -> None:
    packed = pack(wish, start)
    assert sorted(pack(wish, packed)) == sorted(packed)
    assert plan(rules(packed), pack(wish, packed), wish) == []


@given(starts, wishes)
@settings(max_examples=300)
def test_from_any_rules_to_any_others_there_is_no_moment_without_a_wished_account(start: list[str], wish: Wish) -> None:
    _, given_up = change(start, wish)
    assert not given_up


@given(st.integers(), st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_the_same_holds_where_x_is_full_or_nearly_so(seed: int, room: int) -> None:
    """Rules of a few accounts each, most of them not wished for any more, in another order."""
    random = Random(seed)
    ids = LONG_IDS[:3_000]
    start = [Clause(ids=(account,)).value for account in random.sample(ids, MOST_RULES - room)]
    wish = {account: random.choice((ALL, NO_RETWEETS)) for account in random.sample(ids, 2_000)}
    _, given_up = change(start, wish)
    assert room == 0 or not given_up


@pytest.mark.parametrize("conditions", [(ALL,), (ALL, NO_RETWEETS), (NO_RETWEETS, frozenset(PostKind))])
def test_900_full_rules_are_all_exchanged_without_a_gap(conditions: tuple[frozenset[PostKind], ...]) -> None:
    ids = LONG_IDS[: 35 * OWN_RULES - 100]
    start = pack(dict.fromkeys(ids, ALL))
    wish = {account: conditions[number % len(conditions)] for number, account in enumerate(reversed(ids[:31_000]))}
    _, given_up = change(start, wish)
    assert not given_up


def test_1000_rules_that_are_all_needed_are_kept_until_one_must_go_and_it_is_said_who_is_missed() -> None:
    start = [f"from:{number} OR from:{number + 5_000}" for number in range(1_000, 2_000)]
    wish = {str(number): ALL for number in range(1_000, 2_000)}
    held, given_up = change(start, wish)
    assert len(given_up) == 1
    assert len(held.rules) <= OWN_RULES


def test_one_more_account_changes_one_rule() -> None:
    wish = dict.fromkeys(LONG_IDS[:5_000], ALL)
    start = pack(wish)
    steps = plan(rules(start), pack(wish | {"7": ALL}, start), wish | {"7": ALL})
    assert [(len(step.add), len(step.delete)) for step in steps] == [(1, 0), (0, 1)]


def test_one_account_less_changes_one_rule() -> None:
    wish = dict.fromkeys(LONG_IDS[:5_000], ALL)
    start = pack(wish)
    fewer = {account: without for account, without in wish.items() if account != LONG_IDS[2_500]}
    steps = plan(rules(start), pack(fewer, start), fewer)
    assert [(len(step.add), len(step.delete)) for step in steps] == [(1, 0), (0, 1)]


def test_5000_accounts_fit_many_times_over() -> None:
    wish = {account: (ALL, NO_RETWEETS)[number % 2] for number, account in enumerate(LONG_IDS[:5_000])}
    packed = pack(wish)
    assert len(packed) < 150
    assert max(map(len, packed)) <= RULE_CHARACTERS


def test_rules_left_half_empty_are_packed_anew_before_there_are_too_many() -> None:
    start = [Clause(ids=(account,)).value for account in LONG_IDS[:OWN_RULES]]
    wish = dict.fromkeys(LONG_IDS[:OWN_RULES], ALL) | {"7": NO_RETWEETS}
    held, given_up = change(start, wish)
    assert len(held.rules) < 50
    assert not given_up


def test_more_accounts_than_the_rules_can_name_are_refused_with_how_many_fit() -> None:
    with pytest.raises(TooManyAccountsError, match=r"X follows 3\d,\d{3} of these 40,000 accounts"):
        pack(dict.fromkeys(LONG_IDS, ALL))


def test_queries_of_recent_search_are_short_enough_and_find_the_same() -> None:
    wish = {account: (ALL, NO_RETWEETS)[number % 2] for number, account in enumerate(LONG_IDS[:5_000])}
    found = {account for query in queries(wish) if (clause := parse(query)) for account in clause.ids}
    assert found == set(wish)
    assert max(map(len, queries(wish))) <= QUERY_CHARACTERS
