"""How well the embedded default tells posts apart on real ones: python -m tests.benchmarks.accuracy

Every text is scored once, for the union of all hypotheses that are asked of its set; everything else is taken from
these logits, as the bot does it.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from classifier.embedding import EmbeddingClassifier
from classifier.evaluation.metrics import calibration_error
from classifier.hypothesis import render
from classifier.scoring import scores
from classifier.types import Label, Mode
from tests.benchmarks.report import SHARED_DATA, Figure, finish, read_rows, skip

_THRESHOLD = 0.40

_NEWS = {
    "World": "world news and politics",
    "Sports": "sports",
    "Business": "business, companies and finance",
    "Sci/Tech": "science and technology",
}
"""The topics of AG News, with the descriptions that a person would give them."""

_EVENTS = {"flood": "Floods", "earthquake": "Earthquake", "wildfire": "Wildfire"}
"""Label -> type of event in crisislex_t26."""


class Scored:
    """The rows of one set with the logits of every label asked of them."""

    def __init__(self, classifier: EmbeddingClassifier, rows: Sequence[dict[str, Any]], asked: Sequence[str]) -> None:
        self.rows = rows
        self._columns = {name: column for column, name in enumerate(asked)}
        hypotheses = [render(Label(name=name), classifier.template) for name in asked]
        self._logits = classifier.logits([row["text"] for row in rows], hypotheses)

    def scores(self, names: Sequence[str], mode: Mode) -> NDArray[np.float64]:
        """Shape [rows, names], as a channel with these labels alone would see them."""
        return scores(self._logits[:, [self._columns[name] for name in names]], mode)

    def alerts(self, name: str) -> NDArray[np.bool_]:
        """Which rows would alert a channel with this one label, with nothing else set."""
        alerting: NDArray[np.bool_] = self.scores([name], Mode.INDEPENDENT)[:, 0] > _THRESHOLD
        return alerting

    def where(self, label: str) -> NDArray[np.bool_]:
        """Which rows have this label."""
        return np.array([row["label"] == label for row in self.rows])


def main() -> int:
    if not SHARED_DATA.is_dir():
        return skip("accuracy", "../shared/data is absent: there are no real posts to measure on")
    classifier = EmbeddingClassifier()
    started = time.perf_counter()
    news = Scored(classifier, read_rows("ag_news"), [*_NEWS, *_NEWS.values()])  # "sports" is a description, too
    crises = Scored(classifier, read_rows("crisislex_t6"), ["disaster"])
    events = Scored(classifier, read_rows("crisislex_t26"), list(_EVENTS))
    chatter = Scored(classifier, read_rows("tweeteval_emotion"), list(_EVENTS))
    tweets = _english_tweets(classifier)
    took_s = time.perf_counter() - started
    texts = sum(len(scored.rows) for scored in (news, crises, events, chatter, tweets))
    sys.stderr.write(f"accuracy: {texts} texts, {texts / took_s:.0f} a second on {torch.get_num_threads()} threads\n")
    figures = [*_news_figures(news), _disaster_figure(crises), _topic_figure(tweets)]
    shares = _alert_shares(news, crises, events, chatter)
    fitting, unfitting = np.mean(list(shares.values()), axis=0)
    figures.append(Figure(name="alerts of posts that fit", value=float(fitting), floor=0.65))
    figures.append(Figure(name="alerts of posts that do not", value=float(unfitting), ceiling=0.12))
    return finish(
        "accuracy",
        figures,
        alerts_by_label={
            label: {"fit": round(fit, 3), "do not": round(not_, 3)} for label, (fit, not_) in shares.items()
        },
        model=str(classifier.model),
        revision=classifier.model.revision,
        template=classifier.template,
        threads=torch.get_num_threads(),
        texts_per_s=round(texts / took_s),
    )


def _english_tweets(classifier: EmbeddingClassifier) -> Scored:
    rows = read_rows("tweet_topic_xl")
    topics = sorted({topic for row in rows for topic in row["labels"]})
    return Scored(classifier, [row for row in rows if row["lang"] == "en"], topics)


def _news_figures(news: Scored) -> list[Figure]:
    """Macro-F1 and calibration error in exclusive mode, with the bare names and with descriptions."""
    topics = list(_NEWS)
    truth = np.array([topics.index(row["label"]) for row in news.rows])
    figures = []
    for told, names, floor in (("names", list(_NEWS), 0.67), ("descriptions", list(_NEWS.values()), 0.70)):
        found = news.scores(names, Mode.EXCLUSIVE)
        f1 = float(f1_score(truth, found.argmax(axis=1), average="macro"))
        figures.append(Figure(name=f"ag_news macro-F1, {told}", value=f1, floor=floor))
        error = calibration_error(found.max(axis=1), found.argmax(axis=1) == truth)
        assert error is not None, "there are posts"
        figures.append(Figure(name=f"ag_news calibration error, {told}", value=error, ceiling=0.05))
    return figures


def _disaster_figure(crises: Scored) -> Figure:
    found = crises.scores(["disaster"], Mode.INDEPENDENT)[:, 0]
    return Figure(
        name="crisislex_t6 AUC, disaster", value=float(roc_auc_score(crises.where("on-topic"), found)), floor=0.90
    )


def _topic_figure(tweets: Scored) -> Figure:
    topics = sorted({topic for row in tweets.rows for topic in row["labels"]})
    best = tweets.scores(topics, Mode.EXCLUSIVE).argmax(axis=1)
    hits = [topics[column] in row["labels"] for column, row in zip(best, tweets.rows, strict=True)]
    return Figure(name="tweet_topic_xl English top-1 hit", value=float(np.mean(hits)), floor=0.57)


def _alert_shares(news: Scored, crises: Scored, events: Scored, chatter: Scored) -> dict[str, tuple[float, float]]:
    """Label -> the share that alerts of the posts that fit it, and of those that do not."""
    disaster, sports = crises.alerts("disaster"), news.alerts("sports")
    fits, is_sports = crises.where("on-topic"), news.where("Sports")
    shares = {"disaster": (float(disaster[fits].mean()), float(disaster[~fits].mean()))}
    for label, event in _EVENTS.items():
        fitting = events.alerts(label)[events.where(event)]
        shares[label] = (float(fitting.mean()), float(chatter.alerts(label).mean()))
    shares["sports"] = (float(sports[is_sports].mean()), float(sports[~is_sports].mean()))
    return shares


if __name__ == "__main__":
    sys.exit(main())
