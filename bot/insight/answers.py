"""What the model says of posts that were decided: read where it has answered before, and asked for the rest."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.pipeline.decide import Answers
from classifier.batching import Batcher, Lane
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


async def answer(
    database: Database, batcher: Batcher, questions: Sequence[Question], *, patience_s: float = PATIENCE_S
) -> Mapping[PostId, Answers]:
    """The logits of each post that was asked for, in the order given until patience ends: all answers, or no entry.

    What the model had to be asked is stored, so that the next question about these posts does not ask it again.
    Raises ClassifierError.
    """
    known = await _stored(database, batcher, questions)
    complete: dict[PostId, Answers] = {}
    asked: list[PostLogits] = []
    end = time.monotonic() + patience_s
    for start in range(0, len(questions), _AT_ONCE):
        some = questions[start : start + _AT_ONCE]
        missing = _missing(some, known)
        if missing and asked and time.monotonic() > end:
            break
        for hypotheses, posts in missing.items():
            found = await _ask(batcher, posts, hypotheses)
            asked += found
            for one in found:
                known.setdefault(one.post, {}).update(one.by_hypothesis)
        complete |= {question.stored.id: known.get(question.stored.id, {}) for question in some}
    if asked:
        await _keep(database, batcher, asked)
    return complete


async def _stored(
    database: Database, batcher: Batcher, questions: Sequence[Question]
) -> dict[PostId, dict[str, tuple[float, float]]]:
    model = await batcher.ready()
    ids = [question.stored.id for question in questions if question.hypotheses]
    texts = frozenset[str]().union(*(question.hypotheses for question in questions))
    return await database.read(lambda connection: logits.of_posts(connection, model, batcher.template, ids, texts))


def _missing(questions: Sequence[Question], known: Mapping[PostId, Answers]) -> dict[tuple[str, ...], list[StoredPost]]:
    """The posts still to be asked about, by what has to be asked."""
    groups: dict[tuple[str, ...], list[StoredPost]] = defaultdict(list)
    for question in questions:
        if unknown := question.hypotheses - known.get(question.stored.id, {}).keys():
            groups[tuple(sorted(unknown))].append(question.stored)
    return groups


async def _ask(batcher: Batcher, posts: Sequence[StoredPost], hypotheses: tuple[str, ...]) -> list[PostLogits]:
    found = await batcher.logits([stored.post.text for stored in posts], hypotheses, lane=Lane.PEOPLE)
    return [
        PostLogits(post=stored.id, by_hypothesis=dict(zip(hypotheses, map(tuple, row), strict=True)))
        for stored, row in zip(posts, found.tolist(), strict=True)
    ]


async def _keep(database: Database, batcher: Batcher, asked: Sequence[PostLogits]) -> None:
    def work(connection: Connection) -> None:
        logits.add(connection, logits.model_number(connection, batcher.model, batcher.template), asked)

    await database.transaction(work, Commit.ANSWERS)
