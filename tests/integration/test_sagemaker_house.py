"""A house whose model is an endpoint: no post is lost, no score wrong, and a second model answers in an outage."""

import random
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from classifier import models
from classifier.chain import ChainClassifier
from classifier.nli import NliClassifier
from classifier.sagemaker.access import Access
from classifier.sagemaker.access import Endpoint as Named
from classifier.sagemaker.engine import SageMakerClassifier
from classifier.types import Classifier, Speaker
from storage import alerts, decisions, logits
from storage.database import Database, open_database
from storage.decisions import Decided
from storage.types import ChannelKey, PostId
from tests.fakes import sagemaker
from tests.fakes.classifier import KeywordClassifier
from tests.fakes.house import OPS, Rig, a_house, until
from tests.fakes.models import write_bart
from tests.fakes.sagemaker import Call, Endpoint, Trouble, answered, aws, pipeline_of
from tests.integration.test_nli_equals_pipeline import reference_for
from tests.integration.test_trouble import (
    deciding,
    health,
    pass_time_until_nothing_waits,
    put,
    reasons,
    texts_of,
    waiting,
    waiting_is_over,
)

WORDS = KeywordClassifier("This example is {}.")
SECOND = "This article is on the topic of {}!"
QUIET = ChannelKey(platform="fake", workspace="team", channel="quiet")
TEXTS = [f"{word} {number}" for number in range(40) for word in ("security", "flood", "lunch")]


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    with aws():
        yield


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(pipeline_of(WORDS.logits)) as served:
        yield served


def engine_of(endpoint: Endpoint, patience_s: float = 0.2) -> SageMakerClassifier:
    access = Access(url=endpoint.url, timeout_s=10.0)
    return SageMakerClassifier(Named(name=endpoint.name), access, patience_s=patience_s)


def chain_of(endpoint: Endpoint) -> ChainClassifier:
    """The endpoint, with words behind it that are rendered otherwise."""
    return ChainClassifier([engine_of(endpoint), KeywordClassifier(SECOND)], pause_s=lambda _: 0.01)


@asynccontextmanager
async def watching(database: Database, path: Path, engine: Classifier) -> AsyncIterator[Rig]:
    """#ops and #quiet watch @sec, each in its own mode."""
    first = {"id": "0", "author": "sec", "text": "So that the account is known"}
    async with a_house(database, path / "posts.jsonl", [first], classifier=engine) as rig:
        for channel, mode in ((OPS, "independent"), (QUIET, "exclusive")):
            await rig.say("/labels set security, flood, sports news", channel=channel)
            await rig.say(f"/labels mode {mode}", channel=channel)
            await rig.say("/watch @sec", channel=channel)
        yield rig


async def decided_for(rig: Rig, channel: ChannelKey) -> Mapping[str, Decided]:
    """By the post's text."""
    found = await rig.house.database.read(lambda connection: decisions.latest(connection, channel, 10_000))
    texts = await texts_of(rig, [one.post for one in found])
    assert len(set(texts)) == len(found), "each post is decided once"
    return dict(zip(texts, found, strict=True))


async def decided_by(
    database: Database, folder: Path, engine: Classifier, texts: list[str]
) -> list[Mapping[str, Decided]]:
    """What is decided for each channel of these texts, with nothing in the way."""
    async with watching(database, folder, engine) as rig, deciding(rig):
        await put(rig, *texts)
        await until(lambda: waiting_is_over(rig))
        return [await decided_for(rig, channel) for channel in (OPS, QUIET)]


def same(found: Mapping[str, Decided], expected: Mapping[str, Decided]) -> None:
    """Every post has the same outcome and the same scores."""
    assert found.keys() == expected.keys()
    for text, right in expected.items():
        assert (found[text].reason, found[text].mode) == (right.reason, right.mode), text
        wanted = {one.label: one.score for one in right.scores}
        assert {one.label: one.score for one in found[text].scores} == pytest.approx(wanted, abs=1e-5), text


async def by_words(tmp_path: Path, texts: list[str]) -> list[Mapping[str, Decided]]:
    """What the endpoint's words decide, asked here."""
    (tmp_path / "right").mkdir()
    async with open_database(tmp_path / "right" / "lapwing.db") as database:
        return await decided_by(database, tmp_path / "right", WORDS, texts)


async def test_an_endpoint_decides_as_the_engine_here_does_on_the_same_weights(
    database: Database, tmp_path: Path
) -> None:
    models.use_threads(1)
    folder = write_bart(tmp_path / "bart")
    reference, one_at_a_time = reference_for(folder), threading.Lock()

    def pipeline(text: str, labels: object, template: str, multi_label: bool) -> Mapping[str, object]:
        with one_at_a_time:
            found: Mapping[str, object] = reference(text, labels, hypothesis_template=template, multi_label=multi_label)
            return found

    words = ["river", "harbour", "road", "login", "vendor", "goal", "pizza", "🌊", "storm", "water"]
    dice = random.Random("weights")
    texts = sorted({" ".join(dice.sample(words, dice.randint(1, 6))) for _ in range(60)})
    (tmp_path / "here").mkdir()
    async with open_database(tmp_path / "here" / "lapwing.db") as other:
        here = await decided_by(other, tmp_path / "here", NliClassifier(str(folder)), texts)
    with Endpoint(pipeline) as served:
        there = await decided_by(database, tmp_path, engine_of(served, patience_s=20.0), texts)

    for found, expected in zip(there, here, strict=True):
        assert len({one.reason for one in expected.values()}) > 1, "some must alert and some not, or it proves nothing"
        same(found, expected)
        assert {one.model for one in found.values()} == {"sagemaker:news"}


async def test_whatever_the_endpoint_does_no_post_is_lost_and_no_score_is_wrong(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    expected = await by_words(tmp_path, TEXTS)
    troubles: list[Trouble | None] = [
        sagemaker.throttled(),
        sagemaker.not_ready(),
        sagemaker.model_error(500),
        sagemaker.container_timed_out(),
        sagemaker.cut(),
        sagemaker.internal(),
        sagemaker.html(),
        sagemaker.half(),
        sagemaker.spoiled(lambda body: body.replace(b"flood", b"LABEL_0")),
        sagemaker.spoiled(lambda body: body.replace(b"0.", b"NaN, 0.")),
    ]
    dice, lock = random.Random("a bad day"), threading.Lock()

    def meets(_: Call) -> Trouble | None:
        with lock:
            return dice.choice(troubles) if dice.random() < 0.2 else None

    endpoint.meets = meets
    async with watching(database, tmp_path, engine_of(endpoint, patience_s=5.0)) as rig, deciding(rig):
        await put(rig, *TEXTS[:60])
        await until(lambda: decided_some(rig))
        endpoint.always = sagemaker.denied()  # from now on an outage
        await put(rig, *TEXTS[60:])
        await until(lambda: not_answering(rig))
        assert await waiting(rig) > 0
        endpoint.always = None
        await pass_time_until_nothing_waits(rig)

        assert await reasons(rig, len(TEXTS)) == {}, "none was set aside"
        for channel, right in zip((OPS, QUIET), expected, strict=True):
            same(await decided_for(rig, channel), right)
        assert "not answering" not in await health(rig)
        assert " calls about " in await health(rig)


async def decided_some(rig: Rig) -> bool:
    return bool(await decided_for(rig, OPS))


async def not_answering(rig: Rig) -> bool:
    return "not answering since" in await health(rig)


async def test_health_says_what_the_endpoint_was_asked(database: Database, endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.lists = False
    async with watching(database, tmp_path, engine_of(endpoint)) as rig, deciding(rig):
        await put(rig, "security", "lunch")
        await until(lambda: waiting_is_over(rig))
        assert await health(rig) == (
            "model: sagemaker:news. sagemaker:news was sent 8 calls about 7 texts since the start (1 refused)."
        )


# --- a chain ---------------------------------------------------------------------------------------------------------


async def test_while_the_endpoint_is_down_the_second_decides_and_says_so_and_then_the_first_again(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    right = await by_words(tmp_path, TEXTS)
    async with watching(database, tmp_path, chain_of(endpoint)) as rig, deciding(rig):
        await put(rig, *TEXTS[:30])
        await until(lambda: waiting_is_over(rig))
        endpoint.always = sagemaker.denied()
        await put(rig, *TEXTS[30:90])
        await until(lambda: waiting_is_over(rig))
        said = await health(rig)
        endpoint.always = None
        await until(lambda: up_again(rig))
        await put(rig, *TEXTS[90:])
        await until(lambda: waiting_is_over(rig))

        found = await decided_for(rig, OPS)
        same(found, right[0])
        assert {found[text].model for text in TEXTS[:30] + TEXTS[90:]} == {"sagemaker:news"}
        assert {found[text].model for text in TEXTS[30:90]} == {"keyword:words"}
        assert await alerting_models(rig) == {"sagemaker:news", "keyword:words"}
    assert said.startswith("model: keyword:words. The model reads English only. sagemaker:news has been down since ")
    assert "may not be asked with these credentials (AccessDeniedException" in said


async def up_again(rig: Rig) -> bool:
    return "has been down" not in await health(rig)


async def alerting_models(rig: Rig) -> set[str]:
    found = await rig.house.database.read(partial(alerts.latest, channel=OPS, limit=1_000))
    return {alert.model for alert in found}


async def test_each_answer_is_stored_by_who_gave_it_in_the_words_it_was_asked_in(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    chain = chain_of(endpoint)
    async with watching(database, tmp_path, chain) as rig, deciding(rig):
        await put(rig, "security 1")
        await until(lambda: waiting_is_over(rig))
        first = chain.speaker
        endpoint.always = sagemaker.throttled()
        await put(rig, "security 2")
        await until(lambda: waiting_is_over(rig))
        second = chain.speaker

        for speaker, post in ((first, PostId(1)), (second, PostId(2))):
            assert await stored_of(rig, speaker) == {post: rendered(speaker, "security", "flood", "sports news")}


async def stored_of(rig: Rig, speaker: Speaker) -> dict[PostId, set[str]]:
    """The hypotheses of which it is stored what this speaker said, by post."""
    ids = [PostId(number) for number in range(1, 100)]
    read = partial(logits.of_posts, model=speaker.model, template=speaker.template, ids=ids)
    return {post: set(answers) for post, answers in (await rig.house.database.read(read)).items()}


def rendered(speaker: Speaker, *labels: str) -> set[str]:
    return {speaker.template.replace("{}", label) for label in labels}


async def test_in_one_round_two_may_speak_and_each_goes_by_its_own_name(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    chain = ChainClassifier([engine_of(endpoint), KeywordClassifier(SECOND)], pause_s=lambda _: 3600.0)
    async with watching(database, tmp_path, chain) as rig:
        await rig.say("/labels set flood, fire, storm", channel=QUIET)
        await rig.say("/watch @sec +keyword:lunch", channel=QUIET)  # so that what is about lunch is asked apart
        endpoint.meets = lambda call: sagemaker.denied() if "lunch" in " ".join(answered([call])) else None
        await put(rig, "security 1", "lunch 2", "security 3")
        async with deciding(rig):
            await until(lambda: waiting_is_over(rig))

        found = await decided_for(rig, OPS)
        assert {text: one.model for text, one in found.items()} == {
            "security 1": "sagemaker:news",
            "lunch 2": "keyword:words",
            "security 3": "sagemaker:news",
        }
        assert len({one.decided_at for one in found.values()}) == 1
        assert (await stored_of(rig, chain.speaker)).keys() == {PostId(2)}


async def test_what_a_change_would_have_done_is_said_by_one_model_though_another_decided(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    chain = chain_of(endpoint)
    async with watching(database, tmp_path, chain) as rig, deciding(rig):
        await put(rig, *TEXTS[:30])
        await until(lambda: waiting_is_over(rig))
        first = chain.speaker
        endpoint.always = sagemaker.denied()
        reply = await rig.say("/labels add lunch")

        assert "added 10 of the last 30 posts" in reply.text
        again = await rig.say("/labels remove lunch")
        assert "dropped 10 of the last 30 alerts" in again.text
        asked = ("security", "flood", "sports news")
        assert set.union(*(await stored_of(rig, first)).values()) == rendered(first, *asked)
        assert set.union(*(await stored_of(rig, chain.speaker)).values()) == rendered(chain.speaker, *asked, "lunch")


async def test_a_post_that_the_endpoint_alone_refuses_is_set_aside_and_no_outage(
    database: Database, endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.meets = lambda call: sagemaker.model_error(400) if "poison" in " ".join(answered([call])) else None
    async with watching(database, tmp_path, chain_of(endpoint)) as rig, deciding(rig):
        await put(rig, "security 1", "security is poison", "security 2")
        await pass_time_until_nothing_waits(rig)

        assert (await decided_for(rig, OPS)).keys() == {"security 1", "security 2"}
        (reason,) = (await reasons(rig, 3)).values()
        assert "the endpoint news refuses the request" in reason
        assert "has been down" not in await health(rig)
