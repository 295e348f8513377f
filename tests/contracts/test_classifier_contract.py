"""What every Classifier keeps. A new engine joins by a fixture parameter, nothing else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from classifier import models
from classifier.hypothesis import NULL_TEMPLATE, check_template, render
from classifier.null import NullClassifier
from classifier.types import Classifier, Label
from tests.fakes.classifier import KeywordClassifier

Maker = Callable[[Path, ExitStack], Classifier]
"""In a folder of its own, with what has to be closed at the end."""


def embedding(folder: Path, opened: ExitStack) -> Classifier:
    from classifier.embedding import EmbeddingClassifier

    return EmbeddingClassifier()


def nli(folder: Path, opened: ExitStack) -> Classifier:
    from classifier.nli import NliClassifier
    from tests.fakes.models import write_bart

    return NliClassifier(str(write_bart(folder)))


def nli_without_padding(folder: Path, opened: ExitStack) -> Classifier:
    from classifier.nli import NliClassifier
    from tests.fakes.models import write_gpt2

    return NliClassifier(str(write_gpt2(folder)))


def sagemaker(folder: Path, opened: ExitStack) -> Classifier:
    from classifier.sagemaker.access import Access
    from classifier.sagemaker.access import Endpoint as Named
    from classifier.sagemaker.engine import SageMakerClassifier
    from tests.fakes.sagemaker import Endpoint, aws, pipeline_of

    opened.enter_context(aws())
    endpoint = opened.enter_context(Endpoint(pipeline_of(nli(folder, opened).logits)))
    return SageMakerClassifier(Named(name=endpoint.name), Access(url=endpoint.url))


def a_chain(folder: Path, opened: ExitStack) -> Classifier:
    from classifier.chain import ChainClassifier

    return ChainClassifier([keyword(folder, opened), null(folder, opened)])


def keyword(folder: Path, opened: ExitStack) -> Classifier:
    return KeywordClassifier()


def null(folder: Path, opened: ExitStack) -> Classifier:
    return NullClassifier(template=NULL_TEMPLATE)


MAKERS = [
    pytest.param(maker, id=maker.__name__)
    for maker in (embedding, nli, nli_without_padding, sagemaker, a_chain, keyword, null)
]

TEXTS = [
    "The river broke its banks tonight.",
    "Who is for pizza?",
    "A flaw in the login is being exploited. Patch now.",
]
AWKWARD = {
    "empty": "",
    "blank": " \n\t",
    "control characters": "a\x00\x07\x1b[31mb\x7f\u202e",
    "half an emoji": "\ud83d",
    "emoji": "🔥🌊👩‍🚒",
    "special tokens": "over </s> now [SEP] or <s> <pad>",
    "braces": "{} {0} {label}",
    "100 kB in one word": "x" * 100_000,
    "100 kB of words": "water " * 17_000,
}


@pytest.fixture(scope="module", params=MAKERS)
def classifier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classifier]:
    maker: Maker = request.param
    models.use_threads(1)  # on models this small a second thread only waits, and on a busy machine it waits long
    with ExitStack() as opened:
        yield maker(tmp_path_factory.mktemp("model"), opened)


@pytest.fixture
def hypotheses(classifier: Classifier) -> list[str]:
    return [render(Label(name=name), classifier.template) for name in ("flood", "security", "{odd, label}")]


def test_answers_two_finite_logits_for_every_text_and_hypothesis(classifier: Classifier, hypotheses: list[str]) -> None:
    logits = classifier.logits(TEXTS, hypotheses)

    assert logits.shape == (3, 3, 2)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_any_text_is_answered_and_disturbs_no_other(classifier: Classifier, hypotheses: list[str], text: str) -> None:
    logits = classifier.logits([TEXTS[0], text, TEXTS[1]], hypotheses)

    assert np.isfinite(logits).all()
    np.testing.assert_allclose(logits[[0, 2]], classifier.logits(TEXTS[:2], hypotheses), atol=1e-4)


def test_a_label_that_no_tokenizer_could_encode_is_asked_all_the_same(classifier: Classifier) -> None:
    assert np.isfinite(classifier.logits(TEXTS, [render(Label(name="\ud83d"), classifier.template)])).all()


def test_a_separable_engine_answers_a_hypothesis_alike_whatever_else_is_asked(
    classifier: Classifier, hypotheses: list[str]
) -> None:
    assert classifier.separable
    union = classifier.logits(TEXTS, hypotheses)

    for column, hypothesis in enumerate(hypotheses):
        np.testing.assert_allclose(union[:, [column]], classifier.logits(TEXTS, [hypothesis]), atol=1e-4)


def test_answers_stand_in_the_order_of_the_questions(classifier: Classifier, hypotheses: list[str]) -> None:
    texts = [TEXTS[0] * 3, TEXTS[1], TEXTS[2] * 2] * 7  # more than a batch, and not sorted by length
    forwards = classifier.logits(texts, hypotheses)
    backwards = classifier.logits(texts[::-1], hypotheses[::-1])

    np.testing.assert_allclose(forwards, backwards[::-1, ::-1], atol=1e-4)


def test_the_same_hypothesis_twice_gets_the_same_answer_twice(classifier: Classifier, hypotheses: list[str]) -> None:
    logits = classifier.logits(TEXTS, [hypotheses[0], hypotheses[1], hypotheses[0]])

    np.testing.assert_allclose(logits[:, 0], logits[:, 2], atol=1e-5)


@pytest.mark.parametrize(("texts", "columns"), [(0, 2), (2, 0), (0, 0)])
def test_no_texts_or_no_hypotheses_is_an_empty_answer(
    classifier: Classifier, hypotheses: list[str], texts: int, columns: int
) -> None:
    assert classifier.logits(TEXTS[:texts], hypotheses[:columns]).shape == (texts, columns, 2)


def test_names_what_its_scores_can_be_compared_by(classifier: Classifier) -> None:
    check_template(classifier.template)
    assert classifier.model.name
    assert classifier.model.revision
    assert str(classifier.model) == f"{classifier.model.engine}:{classifier.model.name}"
