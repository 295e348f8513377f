"""`lapwing evaluate`: engines side by side on labelled posts, with figures that are scikit-learn's."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from classifier.hypothesis import render
from classifier.premise import has_text
from classifier.registry import choose
from classifier.scoring import scores as exact
from classifier.types import Label, Mode
from tests.acceptance.program import MODEL, lapwing
from tests.benchmarks.report import SHARED_DATA
from tests.fakes.models import write_bart

POSTS = [
    ("Flood warning: the river is over its banks in the lower town", ["flood"]),
    ("Flood water has reached the station, streets are closed", ["flood"]),
    ("Wildfire spreads to the hills behind the village", ["wildfire"]),
    ("The forest fire is out of control, smoke over the valley", ["wildfire"]),
    ("Our canteen serves lentil soup today", []),
    ("The striker scored twice in the cup final", []),
    ("https://example.org 👍", []),
]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps({"text": text, "labels": labels}) + "\n" for text, labels in POSTS))
    return path


def evaluated(*arguments: str) -> dict[str, Any]:
    done = lapwing("evaluate", *arguments, "--format", "json")
    assert done.status == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_two_engines_stand_side_by_side_with_speed_and_memory(labelled: Path, tmp_path: Path) -> None:
    bart = f"nli:{write_bart(tmp_path / 'bart')}"
    found = evaluated(str(labelled), "--engine", "embedding", "--engine", bart)
    assert list(found["labels"]) == ["flood", "wildfire"], "all of the file"
    ours, random = found["engines"]
    assert (ours["engine"], random["engine"]) == ("embedding", bart)
    assert (ours["posts"], ours["without_text"]) == (7, 1)
    assert ours["macro_auc"] == ours["top1"] == 1.0, "the real model tells these few apart"
    assert ours["macro_f1"] > 0.6
    assert [label["posts"] for label in ours["labels"]] == [2, 2]
    for engine in found["engines"]:
        assert engine["texts_per_s"] > 0
        assert engine["load_s"] > 0
        assert 50 < engine["memory_mib"] < 8_000
    assert random["template"] == "This example is {}."


def test_the_table_shows_the_engines_and_then_their_labels(labelled: Path) -> None:
    done = lapwing("evaluate", str(labelled), "--engine", "null", "--label", "flood=a flood")
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "7 posts of posts.jsonl, 1 label, independent, alerts above 40%"
    assert lines[1].startswith("1 of them have no letter")
    assert [line.split()[0] for line in lines[3:5]] == ["engine", "null"]
    assert lines[-1].split()[:2] == ["flood", "2"]


def test_a_floor_that_is_missed_ends_it_with_status_1_and_one_that_is_met_does_not(labelled: Path) -> None:
    null = ["--engine", "null", "--labels", "flood"]
    done = lapwing("evaluate", str(labelled), *null, "--require", "macro_f1=1.1", "--require", "false_alerts=1")
    assert done.status == 1
    assert "met: false_alerts of null is" in done.out
    assert "MISSED: macro_f1 of null is" in done.out
    assert "wanted at least 1.1" in done.out
    as_json = lapwing("evaluate", str(labelled), *null, "--require", "macro_f1=1.1", "--format", "json")
    assert as_json.status == 1
    assert "lapwing: missed: macro_f1 of null is" in as_json.err

    required = evaluated(str(labelled), *null, "--require", "memory_mib=100000")["required"]
    assert [(one["figure"], one["ceiling"], one["met"]) for one in required] == [("memory_mib", 100_000, True)]


def test_an_engine_that_cannot_be_had_costs_no_other_its_figures(labelled: Path) -> None:
    done = lapwing("evaluate", str(labelled), "--engine", "nli:./nowhere", "--engine", "null", "--format", "json")
    assert done.status == 1
    assert "lapwing: nli:./nowhere was not measured: there is no folder ./nowhere" in done.err
    assert [engine["engine"] for engine in json.loads(done.out)["engines"]] == ["null"]


def test_a_label_that_no_post_has_is_named_and_has_no_figures(labelled: Path) -> None:
    done = lapwing("evaluate", str(labelled), "--engine", "null", "--labels", "Flood, storm", "--format", "json")
    assert 'no post has the label "storm"' in done.err
    assert "flood, wildfire" in done.err
    flood, storm = json.loads(done.out)["engines"][0]["labels"]
    assert (flood["posts"], storm["posts"], storm["f1"], storm["alerts"] >= 0) == (2, 0, None, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "embeding"], "did you mean embedding?"),
        (["--engine", "sagemaker:news,embedding"], "measure each by itself"),
        (["--engine", "null", "--fit"], "--fit is for embedding models"),
        (["--require", "macro_f=0.7"], "did you mean macro_f1?"),
        (["--require", "macro_f1"], "needs a number: --require macro_f1=0.7"),
        (["--require", "macro_f1=nan"], "needs a number"),
        (["--threshold", "1"], "1% or 100%"),
        (["--labels", "a, A"], "differ only in case"),
        (["--field", "topic"], 'line 1: it has no "topic"'),
        (["--labels", "storm"], 'has the label "storm". There are: flood, wildfire'),
        (["--labels", "flood, storm", "--require", "macro_f1=0.1"], 'has the label "storm". There are: flood'),
    ],
)
def test_what_is_asked_wrongly_is_said_before_anything_is_loaded(
    labelled: Path, arguments: list[str], told: str
) -> None:
    done = lapwing("evaluate", str(labelled), *arguments)
    assert done.status == 2
    assert told in done.err
    assert not done.out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"text": "a"}\n', 'line 1: it has no "label", "labels" or "fractions"'),
        ('{"text": "a", "label": ""}\n', "no post of"),
        ("", "holds no labelled posts"),
    ],
)
def test_a_file_without_labels_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "posts.jsonl").write_text(content)
    done = lapwing("evaluate", str(tmp_path / "posts.jsonl"))
    assert (done.status, done.out) == (2, "")
    assert told in done.err


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = lapwing("evaluate", str(tmp_path / "nowhere.jsonl"))
    assert done.status == 2
    assert "nowhere.jsonl cannot be read: No such file" in done.err


@pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="the real posts in ../shared/data are not here")
@pytest.mark.parametrize(
    ("name", "mode"), [("ag_news", "exclusive"), ("tweet_topic_xl", "independent"), ("crisislex_t6", "independent")]
)
def test_the_figures_of_real_posts_are_scikit_learns(name: str, mode: str, tmp_path: Path) -> None:
    """The scores are chance's: what is measured here is the measuring. What alerts, `lapwing classify` says."""
    path = SHARED_DATA / name / "dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    having = [set(row["labels"] if "labels" in row else [row["label"]]) for row in rows]
    labels = sorted(set().union(*having))
    asked = [part for label in labels for part in ("--label", f"{label}={label.lower()}")]
    said = lapwing("classify", str(path), *asked, "--engine", "null", "--mode", mode, "--format", "jsonl")
    answers = [json.loads(line) for line in said.out.splitlines()]

    (found,) = evaluated(str(path), *asked, "--engine", "null", "--mode", mode)["engines"]

    scores = _exact_scores([row["text"] for row in rows], labels, Mode(mode))
    truth = np.array([[label in labels_here for label in labels] for labels_here in having])
    _like_scikit_learn(found, labels, truth, scores, _alerts(answers, labels, mode))


def _exact_scores(texts: Sequence[str], labels: Sequence[str], mode: Mode) -> NDArray[np.float64]:
    """Not rounded, as classify's are: that makes many of them equal."""
    classifier = choose("null").load()
    hypotheses = [render(Label(name=label, description=label.lower()), classifier.template) for label in labels]
    found = exact(classifier.logits(texts, hypotheses), mode)
    found[[not has_text(text) for text in texts]] = 0.0
    return found


def _alerts(answers: Sequence[Mapping[str, Any]], labels: Sequence[str], mode: str) -> NDArray[np.bool_]:
    """What would alert, by what classify says of it."""
    if mode == "exclusive":
        return np.array([[answer["alert"] and answer["label"] == label for label in labels] for answer in answers])
    return np.array([[answer["scores"].get(label, 0.0) > 0.4 for label in labels] for answer in answers])


def _like_scikit_learn(
    found: Mapping[str, Any],
    labels: Sequence[str],
    truth: NDArray[np.bool_],
    scores: NDArray[np.float64],
    alerts: NDArray[np.bool_],
) -> None:
    precision, recall, f1, support = precision_recall_fscore_support(truth, alerts, zero_division=0)
    for place, label in enumerate(labels):
        ours = found["labels"][place]
        assert (ours["name"], ours["posts"], ours["alerts"]) == (label, support[place], alerts[:, place].sum())
        figures = (ours["precision"], ours["recall"], ours["f1"])
        assert figures == pytest.approx((precision[place], recall[place], f1[place]))
        assert ours["average_precision"] == pytest.approx(
            average_precision_score(truth[:, place], scores[:, place]), abs=1e-4
        )
        assert ours["auc"] == pytest.approx(roc_auc_score(truth[:, place], scores[:, place]))
    macro = [found["macro_precision"], found["macro_recall"], found["macro_f1"]]
    assert macro == pytest.approx([precision.mean(), recall.mean(), f1.mean()])
    assert found["macro_auc"] == pytest.approx(roc_auc_score(truth, scores, average="macro"))
    best = scores.argmax(axis=1)
    assert found["top1"] == pytest.approx(truth[np.arange(len(truth)), best][truth.any(axis=1)].mean())


def test_a_calibration_is_fitted_printed_and_taken_from_the_settings(tmp_path: Path) -> None:
    topics = {"Sports": "the cup final, match {}", "Business": "the company's profit in quarter {}"}
    path = tmp_path / "posts.jsonl"
    rows = [{"text": text.format(number), "label": label} for number in range(50) for label, text in topics.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows[: len(rows) // 2], *rows[len(rows) // 2 - 1 :]]))

    done = lapwing("evaluate", str(path), "--fit")

    assert done.status == 0, done.err
    (fitted,) = re.findall(r'^fitted: CLASSIFIER_CALIBRATION="([0-9.]+), (-?[0-9.]+)"$', done.out, re.MULTILINE)
    assert 5 < float(fitted[0]) <= 500
    assert -1 < float(fitted[1]) < 1
    texts = "\n".join(row["text"] for row in rows[:2])
    classify = ["classify", "-", "--labels", "Sports", "--format", "jsonl"]
    by_default = lapwing(*classify, typed=texts)
    by_setting = lapwing(*classify, typed=texts, settings=MODEL | {"classifier_calibration": "1, 0.99"})
    assert next(json.loads(line)["score"] > 0.4 for line in by_default.out.splitlines())
    assert not any(json.loads(line)["score"] > 0.4 for line in by_setting.out.splitlines())
