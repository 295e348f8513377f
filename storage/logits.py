"""What models answered: raw logits by post, model and hypothesis."""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from classifier.types import Model
from storage import sqlite
from storage.schema import hypotheses, logits, models
from storage.types import PostId, PostLogits


def model_number(connection: sa.Connection, model: Model, template: str) -> int:
    """The number of a model with its template; scores compare only within one."""
    key = {"engine": model.engine, "name": model.name, "revision": model.revision, "template": template}
    connection.execute(sqlite.insert_new(models), key)
    found = sa.select(models.c.id).where(*(models.c[name] == value for name, value in key.items()))
    return int(connection.execute(found).scalar_one())


def add(connection: sa.Connection, model: int, answers: Sequence[PostLogits]) -> None:
    """Store what the model answered; what is stored already stays."""
    numbers = _hypothesis_numbers(connection, {text for answer in answers for text in answer.by_hypothesis})
    rows = [
        {
            "post": answer.post,
            "model": model,
            "hypothesis": numbers[text],
            "entailment": pair[0],
            "contradiction": pair[1],
        }
        for answer in answers
        for text, pair in answer.by_hypothesis.items()
    ]
    if rows:
        connection.execute(sqlite.insert_new(logits), rows)


def of_posts(
    connection: sa.Connection,
    model: Model,
    template: str,
    ids: Iterable[PostId],
    texts: Collection[str] | None = None,
) -> dict[PostId, dict[str, tuple[float, float]]]:
    """What this model answered about these posts, by hypothesis; posts never asked about are missing.

    `texts`: only these hypotheses; a post may hold those of many channels.
    """
    query = (
        sa.select(logits.c.post, hypotheses.c.text, logits.c.entailment, logits.c.contradiction)
        .join(hypotheses, hypotheses.c.id == logits.c.hypothesis)
        .join(models, models.c.id == logits.c.model)
        .where(
            logits.c.post.in_(list(ids)),
            models.c.engine == model.engine,
            models.c.name == model.name,
            models.c.revision == model.revision,
            models.c.template == template,
        )
    )
    if texts is not None:
        query = query.where(hypotheses.c.text.in_(list(texts)))
    found: dict[PostId, dict[str, tuple[float, float]]] = {}
    for row in connection.execute(query):
        found.setdefault(PostId(row.post), {})[row.text] = (row.entailment, row.contradiction)
    return found


def _hypothesis_numbers(connection: sa.Connection, texts: set[str]) -> dict[str, int]:
    if not texts:
        return {}
    connection.execute(sqlite.insert_new(hypotheses), [{"text": text} for text in sorted(texts)])
    query = sa.select(hypotheses.c.text, hypotheses.c.id).where(hypotheses.c.text.in_(texts))
    return {row.text: row.id for row in connection.execute(query)}
