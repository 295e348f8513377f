"""The engine "embedding": on the real MiniLM weights, and on small random models for everything a folder may ask."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier import models
from classifier.calibration import Calibration
from classifier.embedding import EmbeddingClassifier, check_weights
from classifier.encoder import SentenceEncoder
from classifier.hypothesis import render
from classifier.scoring import scores
from classifier.types import HypothesisTooLongError, Label, Mode, ModelUnusableError, Precision
from tests.fakes.models import write_bart, write_bert, write_sentence_bert

TEXTS = ["The river broke its banks tonight.", "Goal!", "A FLAW in the login. " * 30, "🔥 Evacuate now"]
MEAN = {"pooling_mode": "mean"}


@pytest.fixture(scope="module")
def minilm() -> EmbeddingClassifier:
    models.use_threads(1)
    return EmbeddingClassifier()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_sentence_bert(tmp_path / "tiny", MEAN)


def test_the_default_is_minilm_for_english_as_published(minilm: EmbeddingClassifier) -> None:
    assert str(minilm.model) == "embedding:all-MiniLM-L6-v2"
    assert minilm.model.languages == ("en",)


def test_at_forty_percent_posts_that_fit_alert_and_posts_that_do_not_stay_silent(minilm: EmbeddingClassifier) -> None:
    texts = [
        "The river has burst its banks and the lower town is under a metre of water.",
        "We patched a remote code execution vulnerability; update now, it is being exploited.",
        "My sister's cat learned to open the fridge and I have no more cheese.",
    ]
    hypotheses = [render(Label(name=name), minilm.template) for name in ("flood", "security vulnerability")]
    alerts = scores(minilm.logits(texts, hypotheses), Mode.INDEPENDENT) > 0.4

    assert alerts.tolist() == [[True, False], [False, True], [False, False]]


@pytest.mark.parametrize(
    "pooling",
    [
        {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        {"pooling_mode_max_tokens": True},
        {"pooling_mode_lasttoken": True},
        {"pooling_mode": "mean"},
        {"pooling_mode": "lasttoken"},
        {"pooling_mode": ["cls"]},
        {},
    ],
    ids=str,
)
def test_vectors_equal_those_of_sentence_transformers_for_every_pooling(
    tmp_path: Path, pooling: Mapping[str, Any]
) -> None:
    folder = write_sentence_bert(tmp_path, pooling)

    np.testing.assert_allclose(SentenceEncoder(folder).encode(TEXTS), reference(folder), atol=1e-5)


def test_length_case_and_prompt_that_a_folder_asks_for_are_those_of_sentence_transformers(tmp_path: Path) -> None:
    folder = write_sentence_bert(
        tmp_path,
        MEAN,
        settings={"max_seq_length": 12, "do_lower_case": True},
        prompts={"prompts": {"query": "query: "}, "default_prompt_name": "query"},
    )
    vectors = SentenceEncoder(folder).encode(TEXTS)

    np.testing.assert_allclose(vectors, reference(folder), atol=1e-5)
    assert np.abs(vectors - SentenceEncoder(write_sentence_bert(tmp_path / "plain", MEAN)).encode(TEXTS)).max() > 0.01


def test_a_plain_transformer_is_pooled_by_the_mean_of_its_tokens(tmp_path: Path, tiny: Path) -> None:
    plain = write_bert(tmp_path / "plain")

    np.testing.assert_allclose(SentenceEncoder(plain).encode(TEXTS), SentenceEncoder(tiny).encode(TEXTS), atol=1e-6)


def test_a_text_without_any_token_is_close_to_nothing_and_disturbs_no_other(tmp_path: Path) -> None:
    encoder = SentenceEncoder(write_bert(tmp_path, special=False))
    vectors = encoder.encode(["", *TEXTS])

    assert not vectors[0].any()
    np.testing.assert_allclose(vectors[1:], encoder.encode(TEXTS), atol=1e-5)


def test_a_part_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    folder = write_sentence_bert(tmp_path, MEAN, modules=("Transformer", "Pooling", "Dense", "Normalize"))

    with pytest.raises(ModelUnusableError, match=r"modules\.json names a part of kind Dense"):
        EmbeddingClassifier(str(folder))


@pytest.mark.parametrize(
    ("pooling", "named"),
    [
        ({"pooling_mode_weightedmean_tokens": True}, "weightedmean"),
        ({"pooling_mode": ["mean", "max"]}, "mean and max"),
        ({"pooling_mode": "mean", "include_prompt": False}, "mean without the prompt"),
    ],
)
def test_a_pooling_that_cannot_be_done_is_named(tmp_path: Path, pooling: Mapping[str, Any], named: str) -> None:
    folder = write_sentence_bert(tmp_path, pooling)

    with pytest.raises(ModelUnusableError, match=f"pooling by {named}, which"):
        EmbeddingClassifier(str(folder))


def test_the_wrong_weights_are_refused_by_file_and_checksum_with_the_way_to_mend_them(tiny: Path) -> None:
    files = models.find(str(tiny))

    with pytest.raises(ModelUnusableError) as refused:
        check_weights(files, "53aa")
    for part in (str(tiny / "model.safetensors"), files.weights_sha256(), "53aa", "pip install"):
        assert part in str(refused.value)


def test_one_flipped_bit_in_the_weights_is_another_checksum_and_another_revision(tiny: Path) -> None:
    before, model = models.find(str(tiny)).weights_sha256(), EmbeddingClassifier(str(tiny)).model
    weights = bytearray((tiny / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tiny / "model.safetensors").write_bytes(weights)

    assert models.find(str(tiny)).weights_sha256() != before
    assert EmbeddingClassifier(str(tiny)).model.revision != model.revision


def test_scale_and_bias_make_the_logits_and_belong_to_the_revision(tiny: Path) -> None:
    calibration = Calibration(scale=10.0, bias=0.3)
    calibrated, default = EmbeddingClassifier(str(tiny), calibration=calibration), EmbeddingClassifier(str(tiny))
    logits = calibrated.logits(TEXTS, ["This article is on the topic of fire."])

    assert np.allclose(logits[..., 1], 3.0)
    assert (np.abs(logits[..., 0]) <= 10.001).all(), "a cosine is never more than 1"
    assert calibrated.model.revision != default.model.revision
    assert default.model == EmbeddingClassifier(str(tiny)).model


def test_a_lower_precision_is_another_revision_with_nearly_the_same_logits(minilm: EmbeddingClassifier) -> None:
    texts, hypotheses = ["The river broke its banks."], ["This is about a flood.", "This is about sports."]
    halved = EmbeddingClassifier(precision=Precision.BF16)

    drift = np.abs(halved.logits(texts, hypotheses) - minilm.logits(texts, hypotheses)).max()

    assert halved.model.revision == minilm.model.revision.replace("-scale", "-bf16-scale")
    assert 0 < drift < 0.2


@pytest.mark.parametrize(("scale", "bias"), [(0.0, 0.1), (-1.0, 0.1), (float("nan"), 0.1), (1.0, float("inf"))])
def test_a_calibration_that_would_make_no_sense_of_any_score_is_refused(scale: float, bias: float) -> None:
    with pytest.raises(ValueError, match="scale above 0"):
        Calibration(scale=scale, bias=bias)


def test_a_hypothesis_too_long_to_be_read_whole_is_refused_by_name(tiny: Path) -> None:
    hypothesis = "a very long label " * 20
    for texts in (TEXTS, []):
        with pytest.raises(HypothesisTooLongError, match=r"'a very long.*…' has \d+ tokens, the model takes 62") as no:
            EmbeddingClassifier(str(tiny)).logits(texts, ["short", hypothesis])
        assert (no.value.hypothesis, no.value.room) == (hypothesis, 62)


def test_a_long_description_in_korean_is_too_long_for_the_default(minilm: EmbeddingClassifier) -> None:
    description = ("강물 범람 " * 40)[:190]
    hypothesis = render(Label(name="flood", description=description), minilm.template)
    with pytest.raises(HypothesisTooLongError) as no:
        minilm.logits(["A post."], [hypothesis])
    assert no.value.hypothesis == hypothesis
    assert no.value.tokens > no.value.room == 254


def test_more_hypotheses_than_are_remembered_are_answered_and_forgotten(tiny: Path) -> None:
    classifier = EmbeddingClassifier(str(tiny))
    many = [f"topic {number}" for number in range(4200)]
    logits = classifier.logits(TEXTS[:1], many)

    assert len(classifier._kept) == 4096
    np.testing.assert_allclose(classifier.logits(TEXTS[:1], many[:3]), logits[:, :3], atol=1e-4)


def test_a_template_without_a_place_for_the_label_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        EmbeddingClassifier("no-such-model", template="This is about it.")


def no_model(folder: Path) -> str:
    folder.mkdir()
    return "it has no config.json"


def pickled_weights(folder: Path) -> str:
    (write_bert(folder) / "model.safetensors").rename(folder / "pytorch_model.bin")
    return "no weights in the safetensors format"


def damaged_weights(folder: Path) -> str:
    (write_bert(folder) / "model.safetensors").write_bytes(b"\x00" * 100)
    return "cannot be loaded"


def damaged_config(folder: Path) -> str:
    (write_bert(folder) / "config.json").write_text("{not json")
    return "cannot be loaded"


def no_tokenizer(folder: Path) -> str:
    (write_bert(folder) / "tokenizer.json").unlink()
    return "has no tokenizer"


def damaged_modules(folder: Path) -> str:
    (write_sentence_bert(folder, MEAN) / "modules.json").write_text("[{")
    return "modules.json cannot be read"


def modules_of_another_shape(folder: Path) -> str:
    (write_sentence_bert(folder, MEAN) / "modules.json").write_text('{"type": "Transformer"}')
    return "modules.json is not a list of parts"


def some_weights_missing(folder: Path) -> str:
    from safetensors.torch import load_file, save_file

    path = write_bert(folder) / "model.safetensors"
    weights = load_file(path)
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, path, metadata={"format": "pt"})
    return "no weights for encoder.layer.1.output.dense.weight"


@pytest.mark.parametrize(
    "damage",
    [
        no_model,
        pickled_weights,
        damaged_weights,
        damaged_config,
        no_tokenizer,
        damaged_modules,
        modules_of_another_shape,
        some_weights_missing,
    ],
)
def test_a_folder_that_is_no_whole_model_is_refused_by_its_name(tmp_path: Path, damage: Any) -> None:
    folder = tmp_path / "model"
    complaint = damage(folder)

    with pytest.raises(ModelUnusableError) as refused:
        EmbeddingClassifier(str(folder))
    assert complaint in str(refused.value)
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize("place", ["./no-such-folder", "/no/such/folder", "~/no-such-folder-of-lapwing"])
def test_a_path_to_nowhere_is_not_taken_for_a_hub_id(place: str) -> None:
    with pytest.raises(ModelUnusableError, match=f"there is no folder {place}"):
        models.find(place)


def test_a_hub_id_without_a_hub_says_how_to_bring_the_model() -> None:
    code = "from classifier import models\nmodels.find('someone/some-model')"
    done = in_a_fresh_process(code, HF_HUB_OFFLINE="1")

    assert "ModelUnusableError: someone/some-model is neither a folder here nor to be had" in done.stderr
    assert "copy its folder to this machine" in done.stderr


@pytest.mark.parametrize(("engine", "write"), [("embedding", write_bert), ("nli", write_bart)])
def test_loading_says_nothing_on_standard_error(tmp_path: Path, engine: str, write: Any) -> None:
    write(tmp_path)
    code = (
        f"from classifier.registry import choose\nc = choose({f'{engine}:{tmp_path}'!r}).load()\nc.logits(['a'], ['b'])"
    )
    done = in_a_fresh_process(code)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def in_a_fresh_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def reference(folder: Path) -> Any:
    """What sentence-transformers makes of the same folder; it comes with the default model's wheel."""
    sentence_transformers = pytest.importorskip("sentence_transformers")
    return sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(TEXTS, show_progress_bar=False)
