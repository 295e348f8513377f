"""The engine itself: texts and hypotheses in, calls out, logits back.

Each text is asked about all hypotheses at once, in two calls, one a mode: `multi_label` true says how entailment stands
to contradiction, false how the labels' entailments stand to each other, and neither can be told from the other. Logits
are the same for every mode that a channel may ever have, so both are asked.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from classifier.hypothesis import NLI_TEMPLATE, check_template, render
from classifier.premise import encodable
from classifier.sagemaker import answers
from classifier.sagemaker.access import Access, Endpoint
from classifier.sagemaker.asking import Asker, Question
from classifier.sagemaker.client import Runtime
from classifier.sagemaker.pace import Pace
from classifier.sagemaker.probe import takes_lists
from classifier.sagemaker.usage import Usage
from classifier.types import MODEL_THREAD, Label, Model

_ANCHOR = "something"
"""The label that makes answers of different calls comparable. Part of the revision: with another, logits are others."""

_UNSTATED = "unstated"
_BLANK = " "
"""For the empty text, which the pipeline refuses."""

_TEXTS_A_CALL, _PAIRS_A_CALL = 8, 64
"""An endpoint must answer within 60 s, and one without a GPU computes a few pairs a second."""

_CHARACTERS_A_CALL = 200_000
"""A body may have 6 MB, and a character takes up to 12 bytes as JSON."""

_PATIENCE = 1.5
"""Of the time-out: one call that timed out is tried again, two are not."""

_Scores = dict[str, Mapping[str, float]]
"""Text -> label -> probability."""


class SageMakerClassifier:
    """See Classifier. Nothing is asked before the first question, so that it may start while the endpoint is down."""

    separable = True

    def __init__(
        self,
        endpoint: Endpoint,
        access: Access,
        *,
        template: str = NLI_TEMPLATE,
        patience_s: float | None = None,
    ) -> None:
        """`patience_s`: for so long a question is asked again where that may help; None: half as long again as an
        answer is waited for. Raises ModelUnusableError, and ValueError for a template without exactly one bare `{}`.
        """
        check_template(template)
        self.template = template
        self.model = Model(
            engine="sagemaker", name=endpoint.name, revision=f"{endpoint.revision or _UNSTATED}-{_ANCHOR}"
        )
        self._anchor = self._render(_ANCHOR)
        self._pace = Pace(access.calls_at_once)
        self._usage = Usage()
        runtime = Runtime(endpoint.name, access)
        patience_s = _PATIENCE * access.timeout_s if patience_s is None else patience_s
        self._asker = Asker(runtime.invoke, self._pace, self._usage, patience_s=patience_s)
        self._hasty = Asker(runtime.invoke, self._pace, self._usage, patience_s=0.0)
        self._takes_lists: bool | None = None

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, hypotheses, 2]. Raises EndpointDownError, RequestRefusedError and AnswerUnusableError."""
        premises = [encodable(text) or _BLANK for text in texts]
        asked = [encodable(hypothesis) for hypothesis in hypotheses]
        if not premises or not asked:
            return np.empty((len(premises), len(asked), 2), dtype=np.float32)
        labels = tuple(dict.fromkeys(asked))
        found = self._of_labels(list(dict.fromkeys(premises)), labels)
        columns = [labels.index(hypothesis) for hypothesis in asked]
        return np.stack([found[premise][columns] for premise in premises])

    def tell(self) -> Sequence[str]:
        """What it cost, and whether the endpoint slows it down."""
        told = [f"{self.model} was sent {self._usage.sentence()}"]
        if self._pace.limit < self._pace.most:
            told.append(f"It is throttled to {self._pace.limit} of {self._pace.most} calls at once.")
        return told

    def _of_labels(self, texts: Sequence[str], labels: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
        """Text -> shape [labels, 2]. Texts and labels each once."""
        with_anchor = (self._anchor, *(label for label in labels if label != self._anchor))
        as_list = self._knows_lists()
        together = [
            *_questions(texts, labels, multi_label=True, as_list=as_list),
            *(_questions(texts, with_anchor, multi_label=False, as_list=as_list) if len(with_anchor) > 1 else ()),
        ]
        alone: _Scores = {}
        shares: _Scores = {}
        for question, rows in zip(together, self._ask_all(together), strict=True):
            kept = alone if question.multi_label else shares
            for text, row in zip(question.texts, rows, strict=True):
                kept[text] = dict(zip(question.labels, row, strict=True))
        return {text: answers.to_logits(shares.get(text, {}), alone[text], labels, self._anchor) for text in texts}

    def _knows_lists(self) -> bool:
        if self._takes_lists is None:
            going_on = threading.Event()
            self._takes_lists = takes_lists(
                partial(self._asker.ask, given_up=going_on), partial(self._hasty.ask, given_up=going_on), self._render
            )
        return self._takes_lists

    def _ask_all(self, questions: Sequence[Question]) -> list[list[answers.Row]]:
        """The answers in the order of the questions. The first that fails ends the others, and is raised."""
        given_up = threading.Event()
        threads = ThreadPoolExecutor(min(len(questions), self._pace.most), thread_name_prefix=f"{MODEL_THREAD} call")
        try:
            asked = [threads.submit(self._asker.ask, question, given_up) for question in questions]
            done, _ = wait(asked, return_when=FIRST_EXCEPTION)
            failed = [future for future in asked if future in done and future.exception()]
            return [future.result() for future in failed or asked]
        finally:
            given_up.set()
            threads.shutdown(wait=False, cancel_futures=True)

    def _render(self, name: str) -> str:
        return render(Label(name=name), self.template)


def _questions(
    texts: Sequence[str], labels: tuple[str, ...], *, multi_label: bool, as_list: bool
) -> Iterator[Question]:
    most = max(1, min(_TEXTS_A_CALL, _PAIRS_A_CALL // len(labels))) if as_list else 1
    for some in _portions(texts, most):
        yield Question(texts=some, labels=labels, multi_label=multi_label, as_list=as_list)


def _portions(texts: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    """At most so many, and short enough for one call; a text that is too long stands alone."""
    some: list[str] = []
    for text in texts:
        if some and (len(some) == most or sum(map(len, chain(some, [text]))) > _CHARACTERS_A_CALL):
            yield tuple(some)
            some = []
        some.append(text)
    if some:
        yield tuple(some)
