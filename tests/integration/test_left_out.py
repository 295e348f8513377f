"""A label that the model refuses: refused when it is set, and where it is there all the same, it stops nobody else."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.pipeline.left_out import LeftOut
from classifier.chain import ChainClassifier
from classifier.types import Classifier, ClassifierError, HypothesisTooLongError, Model, ModelUnavailableError, Speaker
from sources.types import Cursor, Post
from storage import channels, decisions
from storage.database import Database
from storage.types import ChannelKey, Reason
from tests.fakes.classifier import KeywordClassifier, TroubledClassifier, raises
from tests.fakes.house import OPS, Rig, a_house, until
from tests.integration.test_trouble import deciding, pass_time, reasons, waiting, waiting_is_over

DEV = ChannelKey(platform="fake", workspace="team", channel="dev")
ENDLESS = "an endless description"
REFUSED = ClassifierError("the endpoint refuses the request")


class Narrow(TroubledClassifier):
    """Cannot read hypotheses that hold `unreadable`, and says so; and fails on those that hold `refused`."""

    def __init__(self, unreadable: str = "endless", refused: str = "") -> None:
        super().__init__()
        self.unreadable, self.refused = unreadable, refused
        self.error: Exception = REFUSED
        self.questions: list[tuple[str, ...]] = []

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        self.questions.append(tuple(hypotheses))
        for hypothesis in hypotheses:
            if self.unreadable and self.unreadable in hypothesis:
                raise HypothesisTooLongError(hypothesis, tokens=329, room=254)
        if texts and any(self.refused in hypothesis for hypothesis in hypotheses if self.refused):
            self.calls += 1
            raise self.error
        return super().logits(texts, hypotheses)


@asynccontextmanager
async def watching(database: Database, path: Path, engine: Classifier) -> AsyncIterator[Rig]:
    """#ops and #dev watch @sec, #dev also @ops: labels are for a test to set, past the commands where it must."""
    first = [{"id": str(n), "author": who, "text": "So that it is known"} for n, who in enumerate(("sec", "ops"))]
    async with a_house(database, path / "posts.jsonl", first, classifier=engine) as rig:
        await rig.say("/watch @sec")
        await rig.say("/watch @sec @ops", channel=DEV)
        yield rig


async def describe(rig: Rig, label: str, description: str) -> None:
    """As it stands in a database of an earlier life, whatever the model says of it."""
    channel = await rig.stored_channel()
    assert channel is not None
    labels = tuple(
        replace(one, label=replace(one.label, description=description)) if one.name == label else one
        for one in channel.labels
    )
    await rig.house.database.transaction(lambda connection: channels.save(connection, replace(channel, labels=labels)))
    await rig.house.watch_list.refresh()


async def put(rig: Rig, *texts: str, author: str = "sec") -> None:
    """Posts that come now."""
    channel = await rig.stored_channel(DEV)
    assert channel is not None
    account = next(watch.account for watch in channel.watches if author in str(watch.account))
    now = rig.clock.now()
    posts = [Post(source=account.source, id=text, author=account, text=text, published_at=now) for text in texts]
    await rig.inbox.put(posts, source="replay", positions={"": Cursor("1")}, seen_at=now)
    rig.stored.ring()


async def decided(rig: Rig, key: ChannelKey = OPS) -> list[tuple[Reason, list[str]]]:
    """What was decided for a channel, the newest first, and the labels that have a score."""
    found = await rig.house.database.read(lambda connection: decisions.latest(connection, key, 100))
    return [(one.reason, [score.label for score in one.scores]) for one in found]


async def settled(rig: Rig) -> bool:
    await pass_time(rig, 60)
    return await waiting_is_over(rig)


async def lines_of(rig: Rig, command: str, start: str, channel: ChannelKey = OPS) -> list[str]:
    return [line for line in (await rig.say(command, channel=channel)).text.splitlines() if line.startswith(start)]


# --- when it is set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        'labels describe security "an endless description"',
        "labels add endless",
        "labels set security, endless",
    ],
)
async def test_a_label_that_the_model_cannot_read_is_refused_when_it_is_set(
    command: str, database: Database, tmp_path: Path
) -> None:
    async with watching(database, tmp_path, Narrow()) as rig:
        await rig.house.batcher.ready()
        await rig.say("/labels set security, outage")
        before = await rig.stored_channel()
        name = "security" if "describe" in command else "endless"
        assert (await rig.say(f"/{command}")).text == (
            f"The model cannot read the label {name} whole: with the words around it, it has 329 tokens, and the model "
            f'takes 254. Describe it more briefly, for example /labels describe {name} "a few words", or give it a '
            "shorter name. Nothing was changed."
        )
        assert await rig.stored_channel() == before


async def test_an_import_with_such_a_label_is_refused(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, Narrow()) as rig:
        await rig.house.batcher.ready()
        text = "lapwing: 1\nlabels:\n- name: security\n  description: an endless description\n"
        said = (await rig.say(f"/config import {text}")).text
        assert said.startswith("The model cannot read the label security whole: ")
        assert said.endswith("Nothing was changed.")


async def test_a_label_is_set_while_the_model_is_down_and_other_settings_while_it_has_one(
    database: Database, tmp_path: Path
) -> None:
    engine = Narrow()
    async with watching(database, tmp_path, engine) as rig:
        await rig.house.batcher.ready()
        engine.down, engine.unreadable = REFUSED, ""
        await rig.say("/labels set security")
        await rig.say(f'/labels describe security "{ENDLESS}"')
        engine.down, engine.unreadable = None, "endless"
        await rig.say("/labels add outage")
        channel = await rig.stored_channel()
        assert channel is not None
        assert [label.label.description for label in channel.labels] == [ENDLESS, ""]


# --- when it is there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["too long", "refused", "always a fault of the endpoint"])
async def test_a_label_that_the_model_refuses_stops_neither_other_labels_nor_other_channels(
    kind: str, database: Database, tmp_path: Path
) -> None:
    engine = Narrow() if kind == "too long" else Narrow(unreadable="", refused="endless")
    if kind == "always a fault of the endpoint":
        engine.error = ModelUnavailableError("the endpoint failed")
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security, outage, database")
        await rig.say("/labels set outage", channel=DEV)
        await describe(rig, "security", ENDLESS)
        await put(rig, "an outage now", "nothing at all")
        await put(rig, "an outage there", author="ops")
        await until(lambda: settled(rig))

        assert sorted(await decided(rig)) == [
            (Reason.ALERT, ["outage", "database"]),
            (Reason.BELOW_THRESHOLD, ["outage", "database"]),
        ]
        assert sorted(await decided(rig, DEV)) == [
            (Reason.ALERT, ["outage"]),
            (Reason.ALERT, ["outage"]),
            (Reason.BELOW_THRESHOLD, ["outage"]),
        ]
        assert await reasons(rig, 3) == {}

        asked = len(engine.questions)
        await put(rig, "an outage again")
        await until(lambda: settled(rig))
        assert not any("endless" in hypothesis for one in engine.questions[asked:] for hypothesis in one)


async def test_what_is_left_out_is_said_where_people_look(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, Narrow()) as rig, deciding(rig):
        await rig.say("/labels set security, outage")
        await rig.say("/labels set outage", channel=DEV)
        await describe(rig, "security", ENDLESS)
        await put(rig, "an outage now")
        await until(lambda: settled(rig))

        why = (
            "the hypothesis 'This text is about an endless description.' has 329 tokens, the model takes 254: "
            "give the label a shorter name or description"
        )
        said = f"left out, since the model refuses it: {why}"
        assert await lines_of(rig, "/health", "label ") == [f"label security: {said}"]
        assert await lines_of(rig, "/health", "channel ", DEV) == ["channel ops: 1 label left out, see /labels there"]
        assert await lines_of(rig, "/labels", "    left out") == [f"    {said}"]
        assert await lines_of(rig, "/why 2", "Left out") == ["Left out, since the model refused them: security."]
        tried = await lines_of(rig, "/test an outage", "")
        assert tried[0] == "This would alert here for outage."
        assert tried[-1] == f"Left out, since the model refuses them: security: {why}."
        assert (await rig.say("/labels", channel=DEV)).text.count("left out") == 0


async def test_described_more_briefly_it_is_asked_again(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, Narrow()) as rig, deciding(rig):
        await rig.say("/labels set security, outage")
        await describe(rig, "security", ENDLESS)
        await put(rig, "security now")
        await until(lambda: settled(rig))
        said = (await rig.say('/labels describe security "security"')).text
        assert "I cannot say" not in said
        await put(rig, "security again")
        await until(lambda: settled(rig))
        assert await decided(rig) == [
            (Reason.ALERT, ["security", "outage"]),
            (Reason.BELOW_THRESHOLD, ["outage"]),
        ]
        assert await lines_of(rig, "/health", "label ") == []


async def test_a_channel_without_another_label_is_told_why_nothing_alerts(database: Database, tmp_path: Path) -> None:
    async with watching(database, tmp_path, Narrow()) as rig, deciding(rig):
        await rig.say("/labels set security")
        await describe(rig, "security", ENDLESS)
        await put(rig, "security now")
        await until(lambda: settled(rig))
        assert await decided(rig) == [(Reason.LABELS_REFUSED, [])]
        assert (await rig.say("/test security")).text.startswith("No label here can be put to the model. Left out, ")


@pytest.mark.parametrize("kind", ["too long", "refused"])
async def test_after_ten_minutes_it_is_asked_again_and_left_out_again_at_once(
    kind: str, database: Database, tmp_path: Path
) -> None:
    engine = Narrow() if kind == "too long" else Narrow(unreadable="", refused="endless")
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security, outage")
        await describe(rig, "security", ENDLESS)
        await put(rig, "security now")
        await until(lambda: settled(rig))
        await pass_time(rig, 600)

        asked = len(engine.questions)
        await put(rig, "security again")
        await until(lambda: waiting_is_over(rig))  # no time passes here: there is no outage to wait out
        (first, *then) = engine.questions[asked:]
        assert "endless" in str(first)
        assert "endless" not in str(then[-1]), "the post, without the label"
        await put(rig, "security a third time")
        await until(lambda: waiting_is_over(rig))
        assert "endless" not in str(engine.questions[-1])
        assert await decided(rig) == [(Reason.BELOW_THRESHOLD, ["outage"])] * 3

        engine.unreadable, engine.refused = "", ""
        await pass_time(rig, 600)
        await put(rig, "an endless description")
        await until(lambda: waiting_is_over(rig))
        assert (await decided(rig))[0] == (Reason.ALERT, ["security", "outage"])


@pytest.mark.parametrize("text", ["security", "poison"])
async def test_what_failed_with_answers_in_between_did_not_fail_in_a_row(
    text: str, database: Database, tmp_path: Path
) -> None:
    """Of a post that the model fails on, the harmless text under the same hypothesis is what is answered."""
    engine = Narrow(unreadable="")
    engine.fails_on = {f"poison {number}": raises(ZeroDivisionError()) for number in range(5)}
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security")
        channel = await rig.stored_channel()
        assert channel is not None

        def noticed() -> bool:
            return rig.house.health.outage.trouble is not None or bool(rig.house.watch_list.left_out(channel))

        for number in range(5):
            engine.refused = "security"
            await put(rig, f"{text} {number}")
            await until(noticed)
            assert rig.house.watch_list.left_out(channel) == {}
            engine.refused = ""
            await until(lambda: settled(rig))


# --- labels that fail only together ----------------------------------------------------------------------------------


class Slow(Narrow):
    """Times out on more than so many labels."""

    def __init__(self, takes: int) -> None:
        super().__init__(unreadable="")
        self.takes = takes

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        if len(hypotheses) > self.takes:
            self.questions.append(tuple(hypotheses))
            raise ModelUnavailableError("the endpoint did not answer in time")
        return super().logits(texts, hypotheses)


@pytest.mark.parametrize(("labels", "takes"), [(3, 2), (2, 1), (7, 3), (8, 1)])
async def test_labels_that_fail_only_together_are_asked_in_parts_and_stop_nobody(
    labels: int, takes: int, database: Database, tmp_path: Path
) -> None:
    names = [f"subject{number}" for number in range(labels)]
    engine = Slow(takes)
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say(f"/labels set {', '.join(names)}")
        await rig.say("/labels set subject1", channel=DEV)
        await put(rig, "about subject1")
        await put(rig, "also about subject1", author="ops")
        await until(lambda: waiting_is_over(rig))
        (here,) = await decided(rig)
        assert (here[0], sorted(here[1])) == (Reason.ALERT, names)
        assert await decided(rig, DEV) == [(Reason.ALERT, ["subject1"])] * 2
        assert await lines_of(rig, "/health", "label ") == []

        asked = len(engine.questions)
        await put(rig, "again about subject1")
        await until(lambda: waiting_is_over(rig))
        assert all(len(one) <= takes for one in engine.questions[asked:]), "it is not tried anew for each post"

        engine.takes = labels
        await pass_time(rig, 3600)
        asked = len(engine.questions)
        await put(rig, "at last about subject1")
        await until(lambda: waiting_is_over(rig))
        assert [len(one) for one in engine.questions[asked:]] == [labels]


async def test_of_labels_of_which_one_is_refused_the_others_are_asked_in_parts(
    database: Database, tmp_path: Path
) -> None:
    engine = Slow(2)
    engine.refused = "endless"
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security, outage, database, network")
        await describe(rig, "network", ENDLESS)
        await put(rig, "an outage")
        await until(lambda: settled(rig))
        ((reason, scored),) = await decided(rig)
        assert (reason, sorted(scored)) == (Reason.ALERT, ["database", "outage", "security"])


# --- several models --------------------------------------------------------------------------------------------------


async def test_what_one_model_of_several_cannot_read_is_asked_of_another_that_speaks(
    database: Database, tmp_path: Path
) -> None:
    first, second = TroubledClassifier(), Narrow()
    first.model = Model(engine="keyword", name="first", revision="1")
    first.down = ModelUnavailableError("the endpoint answers 503")
    chain = ChainClassifier([first, second], pause_s=lambda _: 0.001)
    async with watching(database, tmp_path, chain) as rig, deciding(rig):
        await rig.say("/labels set security, outage")
        await describe(rig, "security", ENDLESS)
        await put(rig, "an endless description of an outage")
        await until(lambda: settled(rig))
        assert await decided(rig) == [(Reason.ALERT, ["outage"])]

        first.down = None
        await until(lambda: "down since" not in " ".join(chain.tell()))
        await put(rig, "an endless description of another outage")
        await until(lambda: settled(rig))
        assert (await decided(rig))[0] == (Reason.ALERT, ["security", "outage"])


def test_a_chain_names_a_hypothesis_as_it_was_asked() -> None:
    engine = Narrow()
    engine.template = "It tells of {}."
    chain = ChainClassifier([down_engine(), engine], pause_s=lambda _: 60)
    with pytest.raises(HypothesisTooLongError) as caught:
        chain.logits(["A text"], ["This text is about flood.", "This text is about an endless one."])
    assert caught.value.hypothesis == "This text is about an endless one."


def down_engine() -> TroubledClassifier:
    engine = TroubledClassifier()
    engine.down = ModelUnavailableError("503")
    return engine


class Taking(KeywordClassifier):
    """Two models of which a test says which one speaks: the first takes everything, the second is Narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.second = Narrow()
        self.first_is_up = False
        self.speaker = Speaker(model=replace(self.model, name="first"), template=self.template)

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        return self.some(texts, hypotheses, lambda _: len(texts))

    def some(
        self, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> NDArray[np.float32]:
        name = "first" if self.first_is_up else "second"
        speaker = Speaker(model=replace(self.model, name=name), template=self.template)
        put = texts[: most(speaker)]
        answer = super().logits(put, hypotheses) if self.first_is_up else self.second.logits(put, hypotheses)
        if texts:
            self.speaker = speaker
        return answer


@pytest.mark.parametrize("ends", ["another channel makes the first speak", "time passes"])
async def test_a_channels_only_label_is_asked_again_when_the_model_that_reads_it_is_back(
    ends: str, database: Database, tmp_path: Path
) -> None:
    engine = Taking()
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security")
        await describe(rig, "security", ENDLESS)
        await put(rig, "an endless description")
        await until(lambda: waiting_is_over(rig))
        assert await decided(rig) == [(Reason.LABELS_REFUSED, [])]

        engine.first_is_up = True
        if ends == "time passes":
            await pass_time(rig, 600)
        else:
            await rig.say("/labels set outage", channel=DEV)
            await put(rig, "an outage", author="ops")
            await until(lambda: waiting_is_over(rig))
        await put(rig, "another endless description")
        await until(lambda: waiting_is_over(rig))
        assert (await decided(rig))[0] == (Reason.ALERT, ["security"])


NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ONE, OTHER = (Speaker(model=KeywordClassifier().model, template=template) for template in ("{}", "on {}"))


def test_what_one_refused_is_left_out_while_it_speaks_and_not_when_another_does() -> None:
    left_out = LeftOut()
    left_out.add({"a": "too long"}, by=ONE, now=NOW)
    left_out.add({"b": "longer"}, by=OTHER, now=NOW)
    assert [left_out.spoke(ONE), dict(left_out.refused)] == [True, {"a": "too long"}]
    assert [left_out.spoke(ONE), dict(left_out.refused)] == [False, {"a": "too long"}]
    assert [left_out.spoke(OTHER), dict(left_out.refused)] == [True, {}]


def test_what_nobody_knows_who_refused_is_left_out_whoever_speaks() -> None:
    left_out = LeftOut()
    left_out.add({"a": "too long"}, by=None, now=NOW)
    assert [left_out.spoke(ONE), left_out.spoke(OTHER), dict(left_out.refused)] == [False, False, {"a": "too long"}]


def test_nothing_is_left_out_for_longer_than_ten_minutes() -> None:
    left_out = LeftOut()
    left_out.add({"a": "too long"}, by=None, now=NOW)
    left_out.add({"b": "too long"}, by=ONE, now=NOW + timedelta(minutes=1))
    assert not left_out.pass_time(NOW + timedelta(minutes=9, seconds=59))
    assert [left_out.pass_time(NOW + timedelta(minutes=10)), dict(left_out.refused)] == [True, {"b": "too long"}]


# --- a model that is not there ---------------------------------------------------------------------------------------


async def test_a_model_that_is_not_there_for_a_post_costs_no_post(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier({"security": raises(ModelUnavailableError("the endpoint did not answer in time"))})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security")
        await put(rig, "security")
        await until(lambda: asked_after_a_while(rig, engine, 10))
        assert await waiting(rig) == 1
        engine.fails_on = {}
        await until(lambda: settled(rig))
        assert (await decided(rig))[0] == (Reason.ALERT, ["security"])


async def test_what_failed_so_before_is_still_tried_three_times_when_it_fails_itself(
    database: Database, tmp_path: Path
) -> None:
    engine = TroubledClassifier({"security": raises(ModelUnavailableError("the endpoint did not answer in time"))})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security")
        await put(rig, "security")
        await until(lambda: asked_after_a_while(rig, engine, 5))
        engine.fails_on = {"security": raises(ZeroDivisionError())}
        await until(lambda: settled(rig))
        assert await reasons(rig, 1) == {"security": "the model failed on it 3 times, at last with: ZeroDivisionError"}


async def test_a_text_that_always_times_out_is_set_aside_in_the_end(database: Database, tmp_path: Path) -> None:
    engine = TroubledClassifier({"security": raises(ModelUnavailableError("the endpoint did not answer in time"))})
    async with watching(database, tmp_path, engine) as rig, deciding(rig):
        await rig.say("/labels set security")
        await put(rig, "security", "an outage")
        await until(lambda: settled(rig))
        assert await reasons(rig, 2) == {
            "security": (
                "the model did not answer about it 20 times, though about others it did, "
                "at last with: the endpoint did not answer in time"
            )
        }
        assert engine.asked.count("security") == 21, "once with the other post, and 20 times by itself"


async def asked_after_a_while(rig: Rig, engine: TroubledClassifier, times: int) -> bool:
    await pass_time(rig, 60)
    return engine.asked.count("security") >= times
