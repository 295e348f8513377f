"""The engine "sagemaker" with the real boto3, against a local endpoint that answers and fails as real ones do."""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import models
from classifier.hypothesis import render
from classifier.nli import NliClassifier
from classifier.sagemaker.access import Access
from classifier.sagemaker.access import Endpoint as Named
from classifier.sagemaker.engine import SageMakerClassifier
from classifier.sagemaker.faults import EndpointDownError, Fault, RequestRefusedError
from classifier.scoring import scores
from classifier.types import AnswerUnusableError, ClassifierError, Label, Mode, ModelUnusableError
from tests.fakes import sagemaker
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.models import write_bart
from tests.fakes.sagemaker import Call, Endpoint, Form, Trouble, answered, aws, pipeline_of
from tests.integration.test_nli_equals_pipeline import reference_for

LABELS = ["flood", "security, or the lack of it", "{odd}", "{}", "sports news"]
TEXTS = [
    "The river broke its banks and the harbour road is under water tonight.",
    "Goal!",
    "Patch now: a flaw in the login is being exploited, says the vendor. " * 40,
    "Überschwemmung 🌊 in Köln\n\n#Hochwasser https://example.org/x",
    "Who is for pizza?",
]
WORDS = KeywordClassifier("This example is {}.")
PROBE = 4
"""Calls before the first answer."""


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with aws():
        yield


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Fits texts to labels by words."""
    with Endpoint(pipeline_of(WORDS.logits)) as served:
        yield served


def engine_of(
    endpoint: Endpoint, *, patience_s: float = 20.0, timeout_s: float = 10.0, calls_at_once: int = 8, name: str = ""
) -> SageMakerClassifier:
    access = Access(url=endpoint.url, calls_at_once=calls_at_once, timeout_s=timeout_s)
    return SageMakerClassifier(Named(name=name or endpoint.name), access, patience_s=patience_s)


def hypotheses(*names: str) -> list[str]:
    return [render(Label(name=name), WORDS.template) for name in names]


def ready(endpoint: Endpoint, **how: Any) -> SageMakerClassifier:
    """An engine that has probed the endpoint; the calls of the probe are forgotten."""
    engine = engine_of(endpoint, **how)
    engine.logits(["Are you there?"], hypotheses("flood"))
    endpoint.calls.clear()
    return engine


def right(found: Any, texts: list[str], *names: str) -> None:
    """Both modes' scores are those of the words."""
    expected = WORDS.logits(texts, hypotheses(*names))
    for mode in Mode:
        np.testing.assert_allclose(scores(found, mode), scores(expected, mode), atol=1e-5)


# --- the same as here ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.use_threads(1)
    return write_bart(tmp_path_factory.mktemp("bart"))


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> sagemaker.Pipeline:
    """transformers' own, as a container runs it."""
    reference, one_at_a_time = reference_for(folder), threading.Lock()

    def answer(text: str, labels: Any, template: str, multi_label: bool) -> Any:
        with one_at_a_time:
            return reference(text, list(labels), hypothesis_template=template, multi_label=multi_label)

    return answer


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize(("lists", "wrapped"), [(True, False), (False, False), (False, True)])
def test_an_endpoint_with_the_same_weights_gives_the_same_scores(
    folder: Path, pipeline: sagemaker.Pipeline, form: Form, lists: bool, wrapped: bool
) -> None:
    local = NliClassifier(str(folder)).logits(TEXTS, hypotheses(*LABELS))
    with Endpoint(pipeline, form=form, lists=lists, wrapped=wrapped) as served:
        found = engine_of(served).logits(TEXTS, hypotheses(*LABELS))

    for mode in Mode:
        for columns in ([0, 1, 2, 3, 4], [0, 2], [4, 1, 3], [2]):
            here = scores(local[:, columns], mode)
            np.testing.assert_allclose(scores(found[:, columns], mode), here, atol=1e-5)
    assert np.ptp(scores(local, Mode.INDEPENDENT)) > 0.1, "the model must tell these apart, or equality proves nothing"


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_a_text_is_asked_about_all_hypotheses_at_once_in_a_call_a_mode(endpoint: Endpoint) -> None:
    endpoint.lists = False
    engine = ready(endpoint)

    right(engine.logits(["flood", "goal"], hypotheses("flood", "goal")), ["flood", "goal"], "flood", "goal")

    assert len(endpoint.calls) == 4
    assert {call.labels for call in endpoint.calls if call.multi_label} == {tuple(hypotheses("flood", "goal"))}
    assert {call.labels for call in endpoint.calls if not call.multi_label} == {
        tuple(hypotheses("something", "flood", "goal"))
    }


def test_where_lists_are_taken_texts_share_calls(endpoint: Endpoint) -> None:
    texts = [f"flood {number}" for number in range(20)]
    engine = ready(endpoint)

    right(engine.logits(texts, hypotheses("flood")), texts, "flood")

    assert sorted(len(call.inputs) for call in endpoint.calls) == [4, 4, 8, 8, 8, 8]


def test_the_more_labels_the_fewer_texts_share_a_call(endpoint: Endpoint) -> None:
    engine = ready(endpoint)

    engine.logits(["a", "b", "c"], hypotheses(*(f"label {number}" for number in range(31))))
    assert sorted(len(call.inputs) for call in endpoint.calls) == [1, 1, 2, 2]

    endpoint.calls.clear()
    engine.logits(["a", "b"], hypotheses(*(f"name {number}" for number in range(60))))
    assert [len(call.inputs) for call in endpoint.calls] == [1] * 4


@pytest.mark.parametrize("lists", [True, False])
def test_however_many_labels_no_call_has_more_than_64_and_all_can_be_compared(endpoint: Endpoint, lists: bool) -> None:
    endpoint.lists = lists
    names = [f"label {number}" for number in range(249)]
    engine = ready(endpoint)

    right(engine.logits(["label 200 and 7"], hypotheses(*names, "something")), ["label 200 and 7"], *names, "something")
    assert max(len(call.labels) for call in endpoint.calls) == 64
    assert len(endpoint.calls) == 8


def test_a_text_is_not_paid_for_again_under_a_hypothesis_that_it_was_asked_under(endpoint: Endpoint) -> None:
    engine = ready(endpoint)
    texts = ["flood", "goal", ""]
    right(engine.logits(texts, hypotheses("flood", "goal")), texts, "flood", "goal")
    endpoint.calls.clear()

    right(engine.logits(texts[::-1], hypotheses("goal", "flood")), texts[::-1], "goal", "flood")
    assert not endpoint.calls

    right(engine.logits(["goal", "fire"], hypotheses("flood", "fire")), ["goal", "fire"], "flood", "fire")
    assert {(*answered([call]), call.labels) for call in endpoint.calls if call.multi_label} == {
        ("goal", tuple(hypotheses("fire"))),
        ("fire", tuple(hypotheses("flood", "fire"))),
    }


def test_what_was_answered_beside_a_refused_text_is_not_paid_for_again(endpoint: Endpoint) -> None:
    endpoint.lists = False
    endpoint.meets = lambda call: sagemaker.model_error(400) if call.inputs == "poison" else None
    texts = [f"flood {number}" for number in range(5)]
    engine = ready(endpoint, calls_at_once=1)
    with pytest.raises(RequestRefusedError):
        engine.logits([*texts, "poison", "goal"], hypotheses("flood"))
    assert sorted(answered(endpoint.calls)) == sorted([*texts, *texts, "poison"])
    endpoint.calls.clear()

    some = ["goal", *texts]
    right(engine.logits(some, hypotheses("flood")), some, "flood")
    assert answered(endpoint.calls) == ["goal", "goal"]


def test_a_call_under_way_beside_a_refused_text_is_not_paid_for_again(endpoint: Endpoint) -> None:
    endpoint.lists = False
    endpoint.meets = lambda call: sagemaker.model_error(400) if call.inputs == "poison" else sagemaker.late(0.1)
    engine = ready(endpoint, calls_at_once=4)
    with pytest.raises(RequestRefusedError):
        engine.logits(["flood", "poison"], hypotheses("flood"))
    endpoint.calls.clear()

    right(engine.logits(["flood", "goal"], hypotheses("flood")), ["flood", "goal"], "flood")
    assert answered(endpoint.calls) == ["goal", "goal"]


def test_after_a_failure_the_endpoint_must_answer_again_before_what_is_remembered_counts(endpoint: Endpoint) -> None:
    """Who looks whether an outage is over asks the same harmless text again and again."""
    engine = ready(endpoint, patience_s=0.0)
    engine.logits(["harmless", "flood"], hypotheses("flood"))
    endpoint.always = sagemaker.denied()
    for text in ("goal", "harmless", "harmless"):
        with pytest.raises(EndpointDownError):
            engine.logits([text], hypotheses("flood"))
    endpoint.always = None
    endpoint.calls.clear()

    right(engine.logits(["harmless", "flood"], hypotheses("flood")), ["harmless", "flood"], "flood")
    right(engine.logits(["harmless", "flood"], hypotheses("flood")), ["harmless", "flood"], "flood")
    assert {text for call in endpoint.calls for text in answered([call])} == {"harmless"}
    assert len(endpoint.calls) == 2


def test_long_texts_share_fewer_calls(endpoint: Endpoint) -> None:
    texts = [f"{number} {'water ' * 15_000}" for number in range(5)]
    engine = ready(endpoint)

    engine.logits(texts, hypotheses("flood"))

    assert sorted(len(call.inputs) for call in endpoint.calls) == [1, 1, 2, 2, 2, 2]


def test_a_text_or_hypothesis_that_comes_twice_is_asked_once(endpoint: Endpoint) -> None:
    engine = ready(endpoint)
    texts = ["flood", "goal", "flood"]

    right(engine.logits(texts, hypotheses("flood", "goal", "flood")), texts, "flood", "goal", "flood")

    assert answered(endpoint.calls) == ["flood", "goal"] * 2
    assert sorted(len(call.labels) for call in endpoint.calls) == [2, 3]


def test_the_hypothesis_that_others_are_measured_by_can_be_asked_too(endpoint: Endpoint) -> None:
    engine = ready(endpoint)

    right(engine.logits(["something"], hypotheses("something", "flood")), ["something"], "something", "flood")
    right(engine.logits(["something"], hypotheses("something")), ["something"], "something")


def test_whether_lists_are_taken_is_found_out_once(endpoint: Endpoint) -> None:
    engine = engine_of(endpoint)
    engine.logits(["flood"], hypotheses("flood"))
    assert len(endpoint.calls) == PROBE + 2

    engine.logits(["goal"], hypotheses("flood"))
    assert len(endpoint.calls) == PROBE + 4


@pytest.mark.parametrize(
    "trouble",
    [
        sagemaker.model_error(400, "list not supported"),
        sagemaker.model_error(500, "'list' object has no attribute 'strip'"),
        sagemaker.html(),
        sagemaker.spoiled(lambda _: b'{"sequence": ["a", "b"], "labels": ["c"], "scores": [0.5]}'),
    ],
    ids=["refused", "broken by it", "a page", "one answer for all"],
)
def test_an_endpoint_that_fails_on_lists_is_asked_text_by_text(endpoint: Endpoint, trouble: Trouble) -> None:
    endpoint.meets = lambda call: trouble if isinstance(call.inputs, list) else None
    engine = ready(endpoint, patience_s=0.0)

    right(engine.logits(["flood", "goal"], hypotheses("flood")), ["flood", "goal"], "flood")
    assert {type(call.inputs) for call in endpoint.calls} == {str}


def test_an_endpoint_that_answers_a_list_in_disorder_is_asked_text_by_text(endpoint: Endpoint) -> None:
    endpoint.form = Form.PAIRS  # which does not say what an answer is about
    disorder = sagemaker.spoiled(lambda body: json.dumps(json.loads(body)[::-1]).encode())
    endpoint.meets = lambda call: disorder if isinstance(call.inputs, list) else None
    engine = ready(endpoint)

    right(engine.logits(["flood", "weather"], hypotheses("flood")), ["flood", "weather"], "flood")


@pytest.mark.parametrize("form", Form)
def test_an_endpoint_that_rounds_is_refused(endpoint: Endpoint, form: Form) -> None:
    exact = endpoint.pipeline

    def rounding(*asked: Any) -> Any:
        answer = exact(*asked)
        return {**answer, "scores": [round(score, 4) for score in answer["scores"]]}

    endpoint.pipeline, endpoint.form = rounding, form
    with pytest.raises(AnswerUnusableError, match="round"):
        engine_of(endpoint).logits(["flood"], hypotheses("flood"))


def test_an_endpoint_that_does_not_hand_multi_label_on_is_refused(endpoint: Endpoint) -> None:
    exact = endpoint.pipeline
    endpoint.pipeline = lambda text, labels, template, _: exact(text, labels, template, False)
    with pytest.raises(AnswerUnusableError, match="alike with multi_label true and false"):
        engine_of(endpoint).logits(["flood"], hypotheses("flood"))

    endpoint.pipeline = lambda text, labels, template, _: exact(text, labels, template, True)
    with pytest.raises(AnswerUnusableError, match="where multi_label is false"):
        engine_of(endpoint).logits(["flood"], hypotheses("flood"))


@pytest.mark.parametrize("own", [WORDS.template, "Is it {}?"])
def test_an_endpoint_with_a_template_of_its_own_is_refused(endpoint: Endpoint, own: str) -> None:
    exact = endpoint.pipeline
    endpoint.pipeline = lambda text, labels, _, multi_label: exact(text, labels, own, multi_label)
    with pytest.raises(AnswerUnusableError, match="must hand the parameter on"):
        engine_of(endpoint).logits(["flood"], hypotheses("flood"))


def test_the_revision_that_people_state_tells_models_of_one_endpoint_apart(endpoint: Endpoint) -> None:
    access = Access(url=endpoint.url)
    one, other = (SageMakerClassifier(Named(name="news", revision=said), access).model for said in ("", "2026-11"))

    assert str(one) == str(other) == "sagemaker:news"
    assert one.revision != other.revision


# --- what fails ------------------------------------------------------------------------------------------------------

PASSING = {
    "throttled": (sagemaker.throttled(), Fault.THROTTLED),
    "cold": (sagemaker.not_ready(), Fault.STARTING),
    "no worker yet": (sagemaker.no_worker(), Fault.STARTING),
    "the model failed": (sagemaker.model_error(500), Fault.BROKEN),
    "the container timed out": (sagemaker.container_timed_out(), Fault.TIMED_OUT),
    "late": (sagemaker.late(1.5), Fault.TIMED_OUT),
    "dripping": (sagemaker.dripping(0.05), Fault.TIMED_OUT),
    "cut": (sagemaker.cut(), Fault.UNREACHABLE),
    "torn": (sagemaker.torn(), Fault.UNREACHABLE),
    "internal": (sagemaker.internal(), Fault.BROKEN),
    "unavailable": (sagemaker.unavailable(), Fault.BROKEN),
    "failed, behind a proxy": (sagemaker.nameless(424), Fault.BROKEN),
    "failed, with a list": (sagemaker.model_error_with(["CUDA out of memory"]), Fault.BROKEN),
    "too late for a proxy": (sagemaker.nameless(408), Fault.TIMED_OUT),
    "a page in latin-1": (sagemaker.nameless(502, "<h1>Störung</h1>".encode("latin-1")), Fault.BROKEN),
}
STAYING = {
    "denied": (sagemaker.denied(), Fault.DENIED),
    "refused by AWS": (sagemaker.invalid(), Fault.REFUSED),
    "refused by the model": (sagemaker.model_error(422, "too long"), Fault.REFUSED),
    "refused with a list": (sagemaker.nameless(422, [{"loc": "inputs", "msg": "too long"}]), Fault.REFUSED),
}
SPOILED = {
    "html": sagemaker.html(),
    "half": sagemaker.half(),
    "nothing": sagemaker.spoiled(lambda _: b""),
    "a label renamed": sagemaker.spoiled(lambda body: body.replace(b"flood", b"LABEL_0")),
    "no number": sagemaker.spoiled(lambda body: body.replace(b"0.", b"NaN, 0.")),
    "endless": sagemaker.spoiled(lambda body: body + b" " * 9_000_000),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_asked_again_and_gives_the_right_scores(endpoint: Endpoint, name: str) -> None:
    engine = ready(endpoint, timeout_s=1.0)
    endpoint.then(PASSING[name][0], PASSING[name][0])

    right(engine.logits(["flood", "goal"], hypotheses("flood")), ["flood", "goal"], "flood")


@pytest.mark.parametrize("name", PASSING)
def test_what_does_not_pass_within_patience_is_raised_by_its_name(endpoint: Endpoint, name: str) -> None:
    trouble, fault = PASSING[name]
    engine = ready(endpoint, timeout_s=1.0, patience_s=0.3)
    endpoint.always = trouble

    began = time.monotonic()
    with pytest.raises(EndpointDownError, match="the endpoint news") as raised:
        engine.logits(["flood"], hypotheses("flood"))
    assert raised.value.fault is fault
    assert time.monotonic() - began < 10.0

    endpoint.always = None
    right(engine.logits(["flood"], hypotheses("flood")), ["flood"], "flood")


@pytest.mark.parametrize("name", STAYING)
def test_what_will_not_pass_is_raised_at_once(endpoint: Endpoint, name: str) -> None:
    trouble, fault = STAYING[name]
    engine = ready(endpoint)
    endpoint.always = trouble

    with pytest.raises(ClassifierError) as raised:
        engine.logits(["flood"], hypotheses("flood"))
    assert isinstance(raised.value, EndpointDownError | RequestRefusedError)
    assert raised.value.fault is fault
    assert len(endpoint.calls) <= 2


@pytest.mark.parametrize("name", SPOILED)
def test_an_unusable_answer_is_asked_for_again(endpoint: Endpoint, name: str) -> None:
    engine = ready(endpoint)
    endpoint.then(SPOILED[name], SPOILED[name])

    right(engine.logits(["flood"], hypotheses("flood")), ["flood"], "flood")


@pytest.mark.parametrize("name", SPOILED)
def test_an_answer_that_stays_unusable_is_never_a_score(endpoint: Endpoint, name: str) -> None:
    engine = ready(endpoint)
    endpoint.always = SPOILED[name]

    with pytest.raises(AnswerUnusableError, match="the endpoint"):
        engine.logits(["flood"], hypotheses("flood"))


def test_an_endpoint_that_is_not_there_is_named(endpoint: Endpoint) -> None:
    with pytest.raises(EndpointDownError, match="the endpoint olds does not exist") as raised:
        engine_of(endpoint, name="olds").logits(["flood"], hypotheses("flood"))
    assert raised.value.fault is Fault.MISSING


def test_without_credentials_the_way_out_is_said(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(EndpointDownError, match=r"Unable to locate credentials.*sagemaker:InvokeEndpoint") as raised:
        engine_of(endpoint).logits(["flood"], hypotheses("flood"))
    assert raised.value.fault is Fault.DENIED


def test_without_a_region_the_engine_cannot_be_had(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ModelUnusableError, match="set AWS_DEFAULT_REGION"):
        engine_of(endpoint)


def test_where_nobody_listens_the_endpoint_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        access = Access(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(EndpointDownError, match="cannot be reached") as raised:
            SageMakerClassifier(Named(name="news"), access, patience_s=0.0).logits(["flood"], hypotheses("flood"))
    assert raised.value.fault is Fault.UNREACHABLE


def test_an_endpoint_that_is_cold_at_the_first_question_is_waited_for(endpoint: Endpoint) -> None:
    endpoint.then(*[sagemaker.not_ready()] * 3)

    right(engine_of(endpoint).logits(["flood"], hypotheses("flood")), ["flood"], "flood")


def test_one_text_that_is_refused_does_not_keep_the_others_waiting(endpoint: Endpoint) -> None:
    endpoint.lists = False
    engine = ready(endpoint, calls_at_once=2)
    endpoint.takes_s = 0.05
    endpoint.meets = lambda call: sagemaker.model_error(400) if call.inputs == "poison" else None

    with pytest.raises(RequestRefusedError):
        engine.logits(["poison", *(f"flood {number}" for number in range(50))], hypotheses("flood"))
    time.sleep(0.2)
    assert len(endpoint.calls) < 10, "nobody wants the other answers any more"


# --- how fast, and what it costs -------------------------------------------------------------------------------------


def test_no_more_calls_are_under_way_than_are_allowed(endpoint: Endpoint) -> None:
    endpoint.lists = False
    engine = ready(endpoint, calls_at_once=4)
    endpoint.takes_s, endpoint.most_at_once = 0.02, 0

    engine.logits([f"flood {number}" for number in range(20)], hypotheses("flood"))

    assert endpoint.most_at_once == 4


def test_an_endpoint_that_throttles_is_asked_slower_until_it_takes_all(endpoint: Endpoint) -> None:
    endpoint.lists = False
    texts = [f"flood {number}" for number in range(60)]
    engine = ready(endpoint, calls_at_once=8)
    endpoint.takes_s, endpoint.capacity, endpoint.requests = 0.01, 2, 0

    right(engine.logits(texts, hypotheses("flood")), texts, "flood")

    throttled = endpoint.requests - 120
    assert throttled > 0, "the endpoint must have had enough, or this proves nothing"
    assert throttled < 60, "more than one call in three was in vain"
    assert any("is throttled to" in line for line in engine.tell())


def test_what_was_asked_and_what_failed_is_counted(endpoint: Endpoint) -> None:
    endpoint.lists = False
    engine = engine_of(endpoint)
    engine.logits(["flood", "goal"], hypotheses("flood"))  # the probe: two texts, and a list in vain
    endpoint.then(sagemaker.throttled(), sagemaker.half())
    engine.logits(["fire"], hypotheses("flood"))

    assert next(iter(engine.tell())) == (
        "sagemaker:news was sent 12 calls about 9 texts since the start (1 refused, 1 throttled, 1 unusable)."
    )
    assert endpoint.requests == 12


def test_whatever_mixture_of_troubles_never_makes_a_wrong_score(endpoint: Endpoint) -> None:
    troubles: list[Trouble | None] = [
        trouble for name, (trouble, _) in PASSING.items() if name not in {"late", "dripping"}
    ]
    troubles += [*SPOILED.values(), *[trouble for trouble, _ in STAYING.values()]]
    dice = random.Random("mixture")
    lock = threading.Lock()

    def meets(_: Call) -> Trouble | None:
        with lock:
            return dice.choice(troubles) if dice.random() < 0.25 else None

    engine = ready(endpoint)
    endpoint.meets = meets
    texts = [f"flood {number}" if number % 2 else f"goal {number}" for number in range(40)]
    right_ones = 0
    for start in range(0, len(texts), 4):
        some = texts[start : start + 4]
        try:
            found = engine.logits(some, hypotheses("flood", "goal"))
        except ClassifierError:
            continue
        right(found, some, "flood", "goal")
        right_ones += 1
    assert right_ones >= 3
