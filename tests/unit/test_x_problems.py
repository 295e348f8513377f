"""What X complains about is recognised by the end of its address, and told with the way out."""

import pytest

from sources.x.problems import describe, problem_in
from tests.fakes.x import faults
from tests.fakes.x.world import Json


@pytest.mark.parametrize(
    ("payload", "kind", "ends"),
    [
        (faults.OPERATIONAL, "operational-disconnect", True),
        (faults.TOO_MANY_CONNECTIONS, "too-many-connections", True),
        (faults.CREDITS_DEPLETED, "credits", True),
        (faults.CAPPED, "usage-capped", True),
        (faults.NO_RULES, "streaming-connection", True),
        (faults.SOMETHING_NEW, "unheard-of", False),
        ({"errors": [{"message": "Rate limit exceeded", "code": 88}]}, "unnamed", False),
    ],
)
def test_a_problem_is_known_by_its_last_part_whatever_its_host(payload: Json, kind: str, ends: bool) -> None:
    problem = problem_in(payload)
    assert problem
    assert (problem.kind, problem.ends_stream) == (kind, ends)


@pytest.mark.parametrize("host", ["https://api.twitter.com", "https://api.x.com", ""])
def test_the_host_may_change(host: str) -> None:
    problem = problem_in({"title": "x", "type": f"{host}/2/problems/usage-capped"})
    assert problem
    assert problem.kind == "usage-capped"


@pytest.mark.parametrize("payload", [None, [], "x", {}, {"data": {"id": "1"}}, {"data": [], "title": "x"}])
def test_where_nothing_is_wrong_nothing_is_found(payload: object) -> None:
    assert problem_in(payload) is None


def test_what_x_says_goes_into_logs_and_chat_on_one_line_and_short() -> None:
    problem = problem_in({"title": "x", "detail": "a\nb\x1b[31m" + "c" * 1_000})
    assert problem
    assert problem.detail.isprintable()
    assert len(problem.advice) < 300


@pytest.mark.parametrize(
    ("status", "words"), [(401, "X_BEARER_TOKEN"), (402, "credits"), (403, "plan"), (418, "status 418"), (503, "503")]
)
def test_a_refusal_is_told_with_the_way_out(status: int, words: str) -> None:
    assert words in describe(status, None)
