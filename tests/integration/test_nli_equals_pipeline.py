"""The engine "nli" against transformers' own zero-shot-classification pipeline, on the same small random model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from transformers import logging, pipeline

from classifier import models
from classifier.hypothesis import render
from classifier.nli import NliClassifier
from classifier.scoring import scores
from classifier.types import AnswerUnusableError, HypothesisTooLongError, Label, Mode, ModelUnusableError, Precision
from tests.fakes.architectures import ARCHITECTURES
from tests.fakes.cases import draw
from tests.fakes.models import MNLI_LABELS, relabel, write_bart, write_bert, write_gpt2, write_roberta

LABELS = ["flood", "security, or the lack of it", "{odd}", "{}", "sports news"]
TEXTS = [
    "The river broke its banks and the harbour road is under water tonight.",
    "Goal!",
    "Patch now: a flaw in the login is being exploited, says the vendor. " * 40,  # far longer than the model
    "Überschwemmung 🌊 in Köln\n\n#Hochwasser https://example.org/x",
]
CASES_AN_ARCHITECTURE = 130
"""A thousand in all."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.use_threads(1)
    return write_bart(tmp_path_factory.mktemp("bart"))


@pytest.fixture(scope="module")
def classifier(folder: Path) -> NliClassifier:
    return NliClassifier(str(folder))


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    return reference_for(folder)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def any_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.use_threads(1)
    return ARCHITECTURES[request.param](tmp_path_factory.mktemp("models") / request.param)


def reference_for(folder: Path) -> Any:
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return pipeline("zero-shot-classification", model=str(folder), tokenizer=str(folder), device="cpu")
    finally:
        if bars:
            logging.enable_progress_bar()


def asked(classifier: NliClassifier, texts: Sequence[str], labels: Sequence[str], mode: Mode) -> Any:
    hypotheses = [render(Label(name=label), classifier.template) for label in labels]
    return scores(classifier.logits(texts, hypotheses), mode)


def expected(reference: Any, texts: Sequence[str], labels: Sequence[str], mode: Mode) -> list[list[float]]:
    rows = []
    for text in texts:
        answer = reference(text, list(labels), multi_label=mode is Mode.INDEPENDENT)
        by_label = dict(zip(answer["labels"], answer["scores"], strict=True))
        rows.append([by_label[label] for label in labels])
    return rows


@pytest.mark.parametrize("mode", Mode)
def test_scores_equal_the_pipelines_for_odd_labels_and_long_texts(
    classifier: NliClassifier, reference: Any, mode: Mode
) -> None:
    found = asked(classifier, TEXTS, LABELS, mode)

    np.testing.assert_allclose(found, expected(reference, TEXTS, LABELS, mode), atol=1e-5)
    assert np.ptp(found) > 0.1, "the model must tell these apart, or equality proves nothing"


def test_scores_equal_the_pipelines_for_whatever_is_written_in_every_architecture(any_folder: Path) -> None:
    classifier, reference = NliClassifier(str(any_folder)), reference_for(any_folder)

    spread = 0.0
    for case in draw(CASES_AN_ARCHITECTURE, seed=crc32(any_folder.name.encode())):
        found = asked(classifier, [case.text], case.labels, case.mode)
        np.testing.assert_allclose(
            found, expected(reference, [case.text], case.labels, case.mode), atol=1e-5, err_msg=repr(case)
        )
        spread = max(spread, float(np.ptp(found)))
    assert spread > 0.03, "the model must tell some of these apart, or equality proves nothing"


def test_texts_of_every_length_in_one_call_are_answered_as_each_alone(any_folder: Path) -> None:
    classifier = NliClassifier(str(any_folder), most_remembered=0)
    texts = [case.text for case in draw(40, seed=3)]
    hypotheses = [render(Label(name=label), classifier.template) for label in LABELS]

    together = classifier.logits(texts, hypotheses)

    alone = np.concatenate([classifier.logits([text], hypotheses) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("mode", Mode)
def test_one_label_is_scored_independently_as_the_pipeline_does(
    classifier: NliClassifier, reference: Any, mode: Mode
) -> None:
    found = asked(classifier, TEXTS, LABELS[:1], mode)

    np.testing.assert_allclose(found, expected(reference, TEXTS, LABELS[:1], mode), atol=1e-5)
    assert (found < 0.99).any()


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("columns", [[0, 2], [4, 1, 3], [2]])  # the pipeline itself refuses "{}" as the first label
def test_a_channels_part_of_a_union_equals_the_pipeline_asked_for_that_channel_alone(
    classifier: NliClassifier, reference: Any, mode: Mode, columns: list[int]
) -> None:
    union = classifier.logits(TEXTS, [render(Label(name=label), classifier.template) for label in LABELS])
    labels = [LABELS[column] for column in columns]

    np.testing.assert_allclose(scores(union[:, columns], mode), expected(reference, TEXTS, labels, mode), atol=1e-5)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "labels",
    [
        {"entailment": 0, "neutral": 1, "contradiction": 2},
        {"CONTRADICTION": 0, "NEUTRAL": 1, "ENTAILMENT": 2},
        {"contradiction": 0, "entailment": 1, "neutral": 2},
        {"entailment": 0, "not_entailment": 1},
        {"not_entailment": 0, "entailment": 1},
    ],
    ids="-".join,
)
def test_label_orders_that_the_pipeline_understands_give_its_scores(
    tmp_path: Path, labels: Mapping[str, int], mode: Mode
) -> None:
    folder = write_bart(tmp_path, labels)
    texts, wanted = TEXTS[:2], LABELS[:2]

    found = asked(NliClassifier(str(folder)), texts, wanted, mode)

    np.testing.assert_allclose(found, expected(reference_for(folder), texts, wanted, mode), atol=1e-5)


def test_where_contradiction_is_neither_first_nor_last_its_name_counts_not_its_place(tmp_path: Path) -> None:
    in_order = write_bart(tmp_path / "in-order", MNLI_LABELS)
    logits = NliClassifier(str(in_order)).logits(TEXTS[:1], LABELS)

    # The same weights, with the names of the columns 0 and 1 swapped: now neutral is first.
    swapped = NliClassifier(
        str(relabel(write_bart(tmp_path / "swapped"), {"neutral": 0, "contradiction": 1, "entailment": 2}))
    )
    after = swapped.logits(TEXTS[:1], LABELS)

    np.testing.assert_allclose(after[..., 0], logits[..., 0], atol=1e-5)
    assert np.abs(after[..., 1] - logits[..., 1]).max() > 0.1


@pytest.mark.parametrize("mode", Mode)
def test_a_model_without_a_padding_token_gives_the_pipelines_scores(tmp_path: Path, mode: Mode) -> None:
    folder = write_gpt2(tmp_path)

    found = asked(NliClassifier(str(folder)), TEXTS[:3], LABELS, mode)

    np.testing.assert_allclose(found, expected(reference_for(folder), TEXTS[:3], LABELS, mode), atol=1e-5)


def test_a_long_text_is_cut_where_the_positions_end_though_the_tokenizer_states_no_length(tmp_path: Path) -> None:
    folder = write_roberta(tmp_path)
    classifier = NliClassifier(str(folder))

    found = asked(classifier, TEXTS[:2], LABELS, Mode.EXCLUSIVE)  # short enough for the pipeline, which does not cut
    np.testing.assert_allclose(found, expected(reference_for(folder), TEXTS[:2], LABELS, Mode.EXCLUSIVE), atol=1e-5)

    long = classifier.logits([TEXTS[2], TEXTS[2] * 10], [render(Label(name="x"), classifier.template)])
    np.testing.assert_allclose(long[0], long[1], atol=1e-5)


def test_a_text_that_spells_out_the_end_of_text_is_read_to_its_own_end(classifier: NliClassifier) -> None:
    cut = classifier.logits(["water </s> pizza", "water </s> cloud", "water"], LABELS[:1])

    assert np.abs(cut[0] - cut[1]).max() > 1e-3


def test_a_model_without_an_entailment_label_is_refused_with_its_labels(tmp_path: Path) -> None:
    folder = write_bart(tmp_path, {"negative": 0, "positive": 1})

    with pytest.raises(ModelUnusableError, match=r'starts with "entail"; its labels are negative, positive\. Choose'):
        NliClassifier(str(folder))


def test_three_labels_none_of_which_is_a_contradiction_are_refused(tmp_path: Path) -> None:
    folder = write_bart(tmp_path, {"entailment": 0, "neutral": 1, "other": 2})

    with pytest.raises(ModelUnusableError, match=r'"contra"; its labels are entailment, neutral, other'):
        NliClassifier(str(folder))


def test_a_model_that_was_never_trained_to_classify_is_refused_not_filled_with_random_numbers(tmp_path: Path) -> None:
    folder = relabel(write_bert(tmp_path), MNLI_LABELS)

    with pytest.raises(ModelUnusableError, match=r"no weights for classifier\.bias \(2 parts in all\)"):
        NliClassifier(str(folder))


def test_labels_are_found_where_a_configuration_names_them_by_their_columns_alone(
    tmp_path: Path, classifier: NliClassifier
) -> None:
    folder = write_bart(tmp_path / "tiny")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    del config["label2id"]
    path.write_text(json.dumps(config))
    hypotheses = [render(Label(name=name), classifier.template) for name in LABELS]

    np.testing.assert_array_equal(
        NliClassifier(str(folder)).logits(TEXTS, hypotheses),
        NliClassifier(str(write_bart(tmp_path / "whole"))).logits(TEXTS, hypotheses),
    )


def test_a_configuration_that_names_labels_in_one_map_only_is_told_of_both(tmp_path: Path) -> None:
    folder = write_bart(tmp_path / "tiny")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    del config["id2label"]  # without it transformers makes up names
    path.write_text(json.dumps(config))

    with pytest.raises(ModelUnusableError, match=r"LABEL_0, LABEL_1, LABEL_2\. .* both in id2label and in label2id"):
        NliClassifier(str(folder))


def test_a_model_that_answers_with_no_number_is_an_error_not_a_label_that_was_not_asked(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = write_bart(tmp_path) / "model.safetensors"
    weights = load_file(path)
    weights["classification_head.out_proj.bias"][0] = float("nan")
    save_file(weights, path, metadata={"format": "pt"})

    with pytest.raises(AnswerUnusableError, match=r"^nli:.* answered with what is not a number"):
        NliClassifier(str(tmp_path)).logits(TEXTS, LABELS)


def test_a_hypothesis_too_long_to_be_read_whole_is_refused_by_name(classifier: NliClassifier) -> None:
    hypothesis = render(Label(name="a very long label, half an emoji \ud83d " * 20), classifier.template)
    for texts in (TEXTS, []):
        with pytest.raises(HypothesisTooLongError, match=r"'This example is a very long.*…' has \d+ tokens") as no:
            classifier.logits(texts, [LABELS[0], hypothesis])
        assert no.value.hypothesis == hypothesis


def test_the_longest_hypothesis_that_is_accepted_still_leaves_room_for_the_post(
    classifier: NliClassifier, reference: Any
) -> None:
    label = "x"
    while True:
        try:
            classifier.logits([], [render(Label(name=label + "x"), classifier.template)])
        except HypothesisTooLongError:
            break
        label += "x"

    found = asked(classifier, TEXTS, [label], Mode.INDEPENDENT)
    np.testing.assert_allclose(found, expected(reference, TEXTS, [label], Mode.INDEPENDENT), atol=1e-5)


def test_other_weights_are_another_revision_and_a_moved_folder_is_not(tmp_path: Path) -> None:
    here = NliClassifier(str(write_bart(tmp_path / "a" / "tiny"))).model
    there = NliClassifier(str(write_bart(tmp_path / "b" / "tiny"))).model
    other = NliClassifier(str(write_bart(tmp_path / "c" / "tiny", {"contradiction": 0, "entailment": 1}))).model

    assert here == there
    assert other.revision != here.revision


def test_a_lower_precision_is_another_revision_with_nearly_the_same_scores(
    folder: Path, classifier: NliClassifier
) -> None:
    halved = NliClassifier(str(folder), precision=Precision.BF16)

    drift = np.abs(
        asked(halved, TEXTS, LABELS, Mode.INDEPENDENT) - asked(classifier, TEXTS, LABELS, Mode.INDEPENDENT)
    ).max()

    assert halved.model.revision == f"{classifier.model.revision}-bf16"
    assert 0 < drift < 0.1
