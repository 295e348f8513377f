"""What the model says of posts that were decided: read where it has answered before, and asked for the rest."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.pipeline.decide import Answers
from classifier.batching import Batcher, Lane
from classifier.hypothesis import restate
from classifier.types import ClassifierError, Speaker
from storage import logits
from storage.database import Connection, Database
from storage.failpoints import Commit
from storage.types import PostId, PostLogits, StoredPost

PATIENCE_S = 5.0
"""For so long posts are asked about; a slow model then has answered for the newest of them, and a person is waiting."""

_AT_ONCE = 32
"""Posts in one question to the model, so that other people's come in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A post, and every hypothesis that its scores need."""

    stored: StoredPost
    hypotheses: frozenset[str]


_CHANGES = 2
"""So often a question is begun: with who spoke last, and once more with who turned out to speak."""


class _AnotherSpeaksError(Exception):
    """The answers known so far are of one model, and now another one answers."""


async def answer(
    database: Database, batcher: Batcher, questions: Sequence[Question], *, patience_s: float = PATIENCE_S
) -> Mapping[PostId, Answers]:
    """The logits of each post that was asked for, in the order given until patience ends: all answers, or no entry.

    What the model had to be asked is stored, so that the next question about these posts does not ask it again. All is
    of one speaker. Raises ClassifierError.
    """
    await batcher.ready()
    for _ in range(_CHANGES):
        try:
            return await _answer(database, batcher, questions, patience_s=patience_s)
        except _AnotherSpeaksError:
            continue
    raise ClassifierError("one model after the other answers now, and their scores do not compare: ask again later")


async def _answer(
    database: Database, batcher: Batcher, questions: Sequence[Question], *, patience_s: float
) -> Mapping[PostId, Answers]:
    """Raises _AnotherSpeaksError when that turns out on the way."""
    speaker = batcher.speaker
    known = await _stored(database, batcher, speaker, questions)
    complete: dict[PostId, Answers] = {}
    asked: list[PostLogits] = []
    end = time.monotonic() + patience_s
    for start in range(0, len(questions), _AT_ONCE):
        some = questions[start : start + _AT_ONCE]
        missing = _missing(some, known)
        if missing and asked and time.monotonic() > end:
            break
        for hypotheses, posts in missing.items():
            found = await _ask(batcher, speaker, posts, hypotheses)
            asked += found
            for one in found:
                known.setdefault(one.post, {}).update(one.by_hypothesis)
        complete |= {question.stored.id: known.get(question.stored.id, {}) for question in some}
    if asked:
        await _keep(database, batcher, speaker, asked)
    return complete


async def _stored(
    database: Database, batcher: Batcher, speaker: Speaker, questions: Sequence[Question]
) -> dict[PostId, dict[str, tuple[float, float]]]:
    """By the hypotheses that are asked; stored are those of the speaker's own template."""
    ids = [question.stored.id for question in questions if question.hypotheses]
    asked = frozenset[str]().union(*(question.hypotheses for question in questions))
    own = {restate(text, batcher.template, speaker.template): text for text in asked}
    found = await database.read(
        lambda connection: logits.of_posts(connection, speaker.model, speaker.template, ids, own.keys())
    )
    return {post: {own[text]: pair for text, pair in answers.items()} for post, answers in found.items()}


def _missing(questions: Sequence[Question], known: Mapping[PostId, Answers]) -> dict[tuple[str, ...], list[StoredPost]]:
    """The posts still to be asked about, by what has to be asked."""
    groups: dict[tuple[str, ...], list[StoredPost]] = defaultdict(list)
    for question in questions:
        if unknown := question.hypotheses - known.get(question.stored.id, {}).keys():
            groups[tuple(sorted(unknown))].append(question.stored)
    return groups


async def _ask(
    batcher: Batcher, speaker: Speaker, posts: Sequence[StoredPost], hypotheses: tuple[str, ...]
) -> list[PostLogits]:
    found = await batcher.ask([stored.post.text for stored in posts], hypotheses, lane=Lane.PEOPLE)
    if found.speaker != speaker:
        raise _AnotherSpeaksError
    return [
        PostLogits(post=stored.id, by_hypothesis=dict(zip(hypotheses, map(tuple, row), strict=True)))
        for stored, row in zip(posts, found.logits.tolist(), strict=True)
    ]


async def _keep(database: Database, batcher: Batcher, speaker: Speaker, asked: Sequence[PostLogits]) -> None:
    own = [
        PostLogits(
            post=one.post,
            by_hypothesis={
                restate(text, batcher.template, speaker.template): pair for text, pair in one.by_hypothesis.items()
            },
        )
        for one in asked
    ]

    def work(connection: Connection) -> None:
        logits.add(connection, logits.model_number(connection, speaker.model, speaker.template), own)

    await database.transaction(work, Commit.ANSWERS)
