"""The program with an endpoint of SageMaker in place of a model of its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.failures import USED_WRONGLY
from tests.acceptance.program import lapwing, write_posts
from tests.fakes import sagemaker
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.sagemaker import ENVIRONMENT, Endpoint, pipeline_of


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(pipeline_of(KeywordClassifier("This example is {}.").logits)) as served:
        yield served


def settings(endpoint: Endpoint, **more: object) -> dict[str, object]:
    return {**ENVIRONMENT, "classifier": "sagemaker:news", "sagemaker_endpoint_url": endpoint.url, **more}


def model_line(endpoint: Endpoint, tmp_path: Path, classifier: str) -> str:
    """What the doctor says of the model."""
    done = lapwing("doctor", settings=settings(endpoint, classifier=classifier, database=tmp_path / "a.db"))
    return next(line for line in done.out.splitlines() if line.startswith("model ")).removeprefix("model").strip()


def test_the_doctor_asks_the_endpoint(endpoint: Endpoint, tmp_path: Path) -> None:
    assert model_line(endpoint, tmp_path, "sagemaker:news") == "ok, sagemaker:news answers"
    assert endpoint.calls


def test_the_doctor_asks_each_engine_of_a_chain(endpoint: Endpoint, tmp_path: Path) -> None:
    assert model_line(endpoint, tmp_path, "sagemaker:news,null") == "ok, sagemaker:news answers; null:checksum answers"
    endpoint.always = sagemaker.denied()
    said = model_line(endpoint, tmp_path, "null,sagemaker:news")
    assert said.startswith("WRONG: the endpoint news may not be asked with these credentials (AccessDeniedException: ")
    assert said.endswith("Give Lapwing's role sagemaker:InvokeEndpoint on it, and credentials that boto3 finds")


def test_texts_of_a_file_are_classified_by_the_endpoint(endpoint: Endpoint, tmp_path: Path) -> None:
    texts = write_posts(tmp_path / "texts.jsonl", [{"id": "1", "text": "a flood"}, {"id": "2", "text": "lunch"}])
    done = lapwing(
        "classify", str(texts), "--engine", "sagemaker:news", "--labels", "flood, fire", "--format", "jsonl",
        settings=settings(endpoint),
    )  # fmt: skip
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["id"], row["label"], row["alert"]) for row in rows] == [("1", "flood", True), ("2", "flood", False)]
    assert done.status == 0


def test_while_the_endpoint_is_down_the_program_runs_on_what_stands_behind_it(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.always = sagemaker.denied()
    posts = write_posts(tmp_path / "posts.jsonl", [{"id": str(n), "author": "sec", "text": f"a {n}"} for n in range(9)])
    typed = "/labels set flood\n/watch @sec\n/wait\n/health\n"
    done = lapwing(
        "run",
        typed=typed,
        settings=settings(endpoint, classifier="sagemaker:news,null", database=tmp_path / "a.db", replay_file=posts),
    )
    assert done.status == 0, done.err
    assert "model: null:checksum. sagemaker:news has been down since 20" in done.out
    assert "inbox: 0 posts waiting" in done.out


def test_a_name_that_is_none_of_an_endpoint_is_told_before_anything_starts(endpoint: Endpoint, tmp_path: Path) -> None:
    done = lapwing("run", settings=settings(endpoint, classifier="sagemaker:my news", database=tmp_path / "a.db"))
    assert done.status == USED_WRONGLY
    assert "'my news' is not the name of an endpoint" in done.err
    assert "Traceback" not in done.err
    assert endpoint.requests == 0
