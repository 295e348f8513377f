"""The engine itself: texts and hypotheses in, calls out, logits back.

Each text is asked about as many hypotheses as a call may have, in two calls, one a mode: `multi_label` true says how
entailment stands to contradiction, false how the labels' entailments stand to each other, and neither can be told from
the other. Logits are the same for every mode that a channel may ever have, so both are asked.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain, islice, product

import numpy as np
from numpy.typing import NDArray

from classifier.hypothesis import NLI_TEMPLATE, check_template, render
from classifier.memory import Memory, Pair, Said
from classifier.premise import encodable
from classifier.sagemaker.access import Access, Endpoint
from classifier.sagemaker.answers import Row
from classifier.sagemaker.asking import Asker, Question
from classifier.sagemaker.client import Runtime
from classifier.sagemaker.pace import Pace
from classifier.sagemaker.portions import Portion, lacking, portions
from classifier.sagemaker.probe import takes_lists
from classifier.sagemaker.usage import Usage
from classifier.types import MODEL_THREAD, AnswerUnusableError, Label, Model

_ANCHOR = "something"
"""The label that makes answers of different calls comparable. Part of the revision: with another, logits are others."""

_UNSTATED = "unstated"
_BLANK = " "
"""For the empty text, which the pipeline refuses."""

_PATIENCE = 1.5
"""Of the time-out: one call that timed out is tried again, two are not."""

_MOST_REMEMBERED = 16_384
"""Pairs: 800 posts under 20 hypotheses, in about 5 MB."""


class SageMakerClassifier:
    """See Classifier. Nothing is asked before the first question, so that it may start while the endpoint is down.

    The same text under the same hypothesis is paid for once, in one call and, while it is remembered, in later ones.
    """

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
        self._anchor = render(Label(name=_ANCHOR), template)
        self._pace = Pace(access.calls_at_once)
        self._usage = Usage()
        runtime = Runtime(endpoint.name, access)
        patience_s = _PATIENCE * access.timeout_s if patience_s is None else patience_s
        self._asker = Asker(runtime.invoke, self._pace, self._usage, patience_s=patience_s)
        self._hasty = Asker(runtime.invoke, self._pace, self._usage, patience_s=0.0)
        self._takes_lists: bool | None = None
        self._memory = Memory(_MOST_REMEMBERED)
        self._doubted = False
        """Whether the last question that went to the endpoint failed."""

    def logits(self, texts: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float32]:
        """Shape [texts, hypotheses, 2]. Raises EndpointDownError, RequestRefusedError and AnswerUnusableError."""
        premises = [encodable(text) or _BLANK for text in texts]
        asked = [encodable(hypothesis) for hypothesis in hypotheses]
        wanted = list(product(premises, asked))
        said = self._memory.recall(wanted)
        labels = tuple(dict.fromkeys(asked))
        new = lacking(list(dict.fromkeys(premises)), labels, said)
        if self._doubted and wanted and not new:
            new = {labels: premises[:1]}  # or a harmless text, known from before, would end an outage that goes on
        if new:
            self._doubted = True
            said |= self._ask(list(portions(new, self._anchor, as_list=self._knows_lists())))
            self._doubted = False
        return np.array([said[pair] for pair in wanted], dtype=np.float32).reshape(len(texts), len(hypotheses), 2)

    def tell(self) -> Sequence[str]:
        """What it cost, and whether the endpoint slows it down."""
        told = [f"{self.model} was sent {self._usage.sentence()}"]
        if self._pace.limit < self._pace.most:
            told.append(f"It is throttled to {self._pace.limit} of {self._pace.most} calls at once.")
        return told

    def _knows_lists(self) -> bool:
        if self._takes_lists is None:
            going_on = threading.Event()
            self._takes_lists = takes_lists(
                partial(self._asker.ask, given_up=going_on), partial(self._hasty.ask, given_up=going_on)
            )
        return self._takes_lists

    def _ask(self, wanted: Sequence[Portion]) -> dict[Pair, Said]:
        """The logits of all pairs. The first failure ends the other calls, and is raised.

        What is answered is remembered all the same, and what is under way is waited for: it is paid for.
        """
        given_up = threading.Event()
        failed: list[Exception] = []

        def rows_of(question: Question) -> list[Row] | None:
            try:
                return self._asker.ask(question, given_up)
            except Exception as error:
                failed.append(error)
                given_up.set()
                return None

        questions = [portion.questions() for portion in wanted]
        most = min(sum(map(len, questions)), self._pace.most)
        with ThreadPoolExecutor(most, thread_name_prefix=f"{MODEL_THREAD} call") as threads:
            answers = iter(list(threads.map(rows_of, chain.from_iterable(questions))))
        said: dict[Pair, Said] = {}
        for portion, both in zip(wanted, questions, strict=True):
            answered = [rows for rows in islice(answers, len(both)) if rows is not None]
            if len(answered) == len(both):
                try:
                    said |= portion.logits(answered)
                except AnswerUnusableError as error:
                    failed.append(error)
        self._memory.keep(said.items())
        if failed:
            raise failed[0]
        return said
