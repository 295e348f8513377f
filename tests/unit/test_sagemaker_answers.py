"""What endpoints answer, turned back into logits, or refused."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.sagemaker import answers
from classifier.scoring import scores
from classifier.types import CONTRADICTION, ENTAILMENT, AnswerUnusableError, Mode
from tests.fakes.sagemaker import pipeline_of

TEXT, OTHER = "The river broke its banks.", "Who is for pizza?"
LABELS = ("It is flood.", "It is sports.", "It is {odd}, and more.")
ANCHOR = "It is something."
DICT = {"sequence": TEXT, "labels": [LABELS[1], LABELS[0], LABELS[2]], "scores": [0.7, 0.25, 0.05]}
PAIRS = [{"label": label, "score": score} for label, score in zip(DICT["labels"], DICT["scores"], strict=True)]
ROW = [0.25, 0.7, 0.05]


def body(answer: object) -> bytes:
    return json.dumps(answer).encode()


def refusal(answer: bytes, texts: tuple[str, ...] = (TEXT,)) -> str:
    with pytest.raises(AnswerUnusableError) as refused:
        answers.read(answer, texts, LABELS)
    return str(refused.value)


@pytest.mark.parametrize(
    "answer", [DICT, PAIRS, [DICT], [PAIRS]], ids=["dict", "pairs", "dict in list", "pairs in list"]
)
def test_each_form_gives_the_scores_in_the_order_of_the_labels_asked(answer: object) -> None:
    assert answers.read(body(answer), (TEXT,), LABELS) == [ROW]


@pytest.mark.parametrize("other", [DICT | {"sequence": OTHER}, PAIRS[::-1]], ids=["dict", "pairs"])
def test_several_texts_get_a_row_each(other: object) -> None:
    first = DICT if isinstance(other, dict) else PAIRS

    assert answers.read(body([first, other]), (TEXT, OTHER), LABELS) == [ROW, ROW]


def changed(**changes: Any) -> bytes:
    return body(DICT | changes)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>502 Bad Gateway</html>", "did not answer with JSON, but with b'<html>502"),
        (body(DICT)[:40], "did not answer with JSON"),
        (b"", "did not answer with JSON"),
        (b"\xff\xfe", "did not answer with JSON"),
        (b"[" * 100_000, "did not answer with JSON"),
        (b"null", "did not answer as the task zero-shot-classification does, but with None"),
        (body({"error": "Model is loading"}), "but with {'error': 'Model is loading'}"),
        (body(["LABEL_0"]), "but with 'LABEL_0'"),
        (body([]), "answered about 0 texts, not about the 1"),
        (body([DICT, DICT]), "answered about 2 texts, not about the 1"),
        (changed(sequence=OTHER), "answered about another text than it was asked: 'Who is for pizza?'"),
        (changed(sequence=None), "answered about another text"),
        (changed(scores=[0.7, 0.3]), "answered with 3 labels and other scores: [0.7, 0.3]"),
        (changed(scores=None), "answered with 3 labels and other scores"),
        (
            changed(labels=list(LABELS[:2]), scores=[0.7, 0.3]),
            "'It is {odd}, and more.' (1 missing)",
        ),
        (changed(labels=[*LABELS[:2], "LABEL_2"]), "did not answer about 'It is {odd}, and more.'"),
        (changed(labels=[*LABELS[:2], "It is {odd}"]), "did not answer about 'It is {odd}, and more.'"),
        (changed(labels=[*LABELS, "extra"], scores=[*ROW, 0.1]), "answered about 'extra', which it was not asked"),
        (changed(labels=[*LABELS, LABELS[0]], scores=[*ROW, 0.1]), "answered 4 times about 3 labels"),
        (body(PAIRS[:2]), "(1 missing)"),
        (body([PAIRS[0], *PAIRS]), "answered 4 times about 3 labels"),
        (body([*PAIRS[:2], {"label": LABELS[2]}]), "answered about 3 texts"),
        (changed(scores=[math.nan, 0.7, 0.3]), "answered with the score nan for"),
        (changed(scores=[math.inf, 0.7, 0.3]), "answered with the score inf for"),
        (changed(scores=["0.7", 0.7, 0.3]), "answered with the score '0.7' for"),
        (changed(scores=[True, 0.7, 0.3]), "answered with the score True for"),
        (changed(scores=[None, 0.7, 0.3]), "answered with the score None for"),
        (changed(scores=[1.2, 0.7, 0.3]), "answered with the score 1.2 for"),
        (changed(scores=[-0.2, 0.7, 0.3]), "answered with the score -0.2 for"),
    ],
)
def test_what_is_not_exactly_what_was_asked_for_is_refused_and_shown(answer: bytes, said: str) -> None:
    assert said in refusal(answer)


def test_answers_to_several_texts_in_another_order_are_refused() -> None:
    assert "another text" in refusal(body([DICT | {"sequence": OTHER}, DICT]), (TEXT, OTHER))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(LABELS),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["labels", "scores", "sequence", "label", "score"]), inner, max_size=3)
        ),
    )
)
def test_any_json_is_either_a_row_of_probabilities_or_refused(answer: Any) -> None:
    try:
        rows = answers.read(body(answer), (TEXT,), LABELS)
    except AnswerUnusableError:
        return
    assert all(0 <= score <= 1 for score in rows[0])
    assert len(rows[0]) == len(LABELS)


def test_shares_that_do_not_add_up_to_one_are_refused() -> None:
    with pytest.raises(AnswerUnusableError, match=r"add up to 1\.700 where multi_label is false"):
        answers.check_shares([0.9, 0.8])


def test_a_label_alone_needs_not_be_a_share() -> None:
    assert answers.check_shares([0.3]) == [0.3]


def test_an_endpoint_that_does_not_know_multi_label_is_found_out() -> None:
    with pytest.raises(AnswerUnusableError, match="alike with multi_label true and false"):
        answers.check_told_apart([0.625, 0.25, 0.125], [0.625, 0.25, 0.125])


def test_modes_that_are_equally_sure_are_told_apart_by_the_small_scores() -> None:
    answers.check_told_apart([0.9999999, 3e-8, 7e-8], [0.9999999, 2e-6, 1e-7])


@pytest.mark.parametrize("row", [[0.9873, 0.0127], [1.0, 0.0, 0.0], [0.5, 0.3333, 0.1667]])
def test_rounded_scores_are_found_out(row: list[float]) -> None:
    with pytest.raises(AnswerUnusableError, match="rounds its scores"):
        answers.check_unrounded(row)


@pytest.mark.parametrize("row", [[0.9873046875, 0.0126953125], [0.75, 0.25], [0.98730487, 0.01269513], [1 / 3, 2 / 3]])
def test_scores_of_few_bits_are_not_taken_for_rounded(row: list[float]) -> None:
    answers.check_unrounded(row)


# --- logits ----------------------------------------------------------------------------------------------------------


def through(logits: NDArray[np.float32], columns: list[int]) -> NDArray[np.float32]:
    """What comes back of logits that an endpoint has, asked for some of its labels; the last is the anchor's."""
    names = [*(f"label {number}" for number in range(len(logits) - 1)), ANCHOR]
    pipeline = pipeline_of(lambda _, labels: logits[None, [names.index(label) for label in labels]])
    labels = [names[column] for column in columns]

    def ask(asked: list[str], multi_label: bool) -> dict[str, float]:
        answer = pipeline(TEXT, asked, "{}", multi_label)
        return dict(zip(answer["labels"], answer["scores"], strict=True))

    return answers.to_logits(ask([ANCHOR, *labels], False), ask(labels, True), labels, ANCHOR)


logits_of = (
    st.integers(2, 8)
    .flatmap(lambda count: st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=count, max_size=count))
    .map(lambda rows: np.array(rows, dtype=np.float32))
)


@given(logits_of)
def test_logits_that_went_through_an_endpoint_give_the_same_scores_in_both_modes(logits: NDArray[np.float32]) -> None:
    columns = list(range(len(logits) - 1))
    found = through(logits, columns)

    for mode in Mode:
        np.testing.assert_allclose(scores(found, mode), scores(logits[columns], mode), atol=2e-6)


@given(logits_of)
def test_labels_asked_in_different_calls_can_be_compared(logits: NDArray[np.float32]) -> None:
    columns = list(range(len(logits) - 1))
    apart = np.concatenate([through(logits, [column]) for column in columns])

    np.testing.assert_allclose(
        scores(apart, Mode.EXCLUSIVE), scores(through(logits, columns), Mode.EXCLUSIVE), atol=2e-6
    )


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_score_at_the_end_of_the_scale_stays_there(score: float) -> None:
    found = answers.to_logits({ANCHOR: 0.5, "a": 0.5}, {"a": score}, ["a"], ANCHOR)

    assert np.isfinite(found).all()
    assert scores(found, Mode.INDEPENDENT)[0] == pytest.approx(score, abs=1e-7)


@pytest.mark.parametrize("shares", [{ANCHOR: 1.0, "a": 0.0}, {ANCHOR: 0.0, "a": 1.0}, {ANCHOR: 1.0, "a": 1e-40}])
def test_a_share_that_cannot_be_compared_is_refused(shares: dict[str, float]) -> None:
    with pytest.raises(AnswerUnusableError, match="which cannot be compared with others"):
        answers.to_logits(shares, {"a": 0.5}, ["a"], ANCHOR)


def test_the_anchor_alone_is_its_own_measure() -> None:
    found = answers.to_logits({}, {ANCHOR: 0.75}, [ANCHOR], ANCHOR)

    assert found[0, ENTAILMENT] == 0
    assert found[0, CONTRADICTION] == pytest.approx(-math.log(3))
