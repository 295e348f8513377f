"""Questions to an endpoint: what is sent, and asked again where that may help."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from classifier.patience import wait_s
from classifier.sagemaker import answers
from classifier.sagemaker.faults import EndpointDownError, Fault, RequestRefusedError
from classifier.sagemaker.pace import Pace
from classifier.sagemaker.usage import Usage
from classifier.types import AnswerUnusableError, ClassifierError

_CHANCE = random.Random()  # noqa: S311  (spreads retries, keeps no secret)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 5.0
_UNUSABLE_TRIES = 3
"""An answer that was cut short is whole the next time; one that is wrong is wrong again, and costs money."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Texts and labels for one call."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    multi_label: bool
    as_list: bool
    """Whether the texts are sent as a list; else there is one."""

    template: str = "{}"
    """So that labels are whole hypotheses; only the probe has another."""

    def body(self) -> bytes:
        """As transformers' pipeline names things, in the shape that its servers take. Pure ASCII."""
        parameters = {
            "candidate_labels": list(self.labels),
            "hypothesis_template": self.template,
            "multi_label": self.multi_label,
        }
        inputs = list(self.texts) if self.as_list else self.texts[0]
        return json.dumps({"inputs": inputs, "parameters": parameters}).encode()

    def read(self, body: bytes) -> list[answers.Row]:
        """A row a text. Raises AnswerUnusableError."""
        rows = answers.read(body, self.texts, self.labels)
        return rows if self.multi_label else [answers.check_shares(row) for row in rows]


class Asker:
    """Asks one endpoint, on as many threads as call it."""

    def __init__(
        self,
        invoke: Callable[[bytes], bytes],
        pace: Pace,
        usage: Usage,
        *,
        patience_s: float,
        chance: Callable[[], float] = _CHANCE.random,
    ) -> None:
        """`invoke`: a body to a body, raising EndpointDownError, RequestRefusedError and AnswerUnusableError.
        `patience_s`: for so long a question is asked again while the endpoint fails in ways that pass.
        """
        self._invoke = invoke
        self._pace = pace
        self._usage = usage
        self._patience_s = patience_s
        self._chance = chance

    def ask(self, question: Question, given_up: threading.Event) -> list[answers.Row]:
        """A row a text. Raises ClassifierError; soon, and whatever it would have been, once `given_up` is set."""
        end = time.monotonic() + self._patience_s
        tries = unusable = 0
        while True:
            tries += 1
            try:
                return self._try(question, given_up)
            except EndpointDownError as error:
                if not error.fault.passes or time.monotonic() > end:
                    raise
                failure: ClassifierError = error
            except AnswerUnusableError as error:
                unusable += 1
                if unusable >= _UNUSABLE_TRIES:
                    raise
                failure = error
            if given_up.wait(self._wait_s(tries)):
                raise failure

    def _try(self, question: Question, given_up: threading.Event) -> list[answers.Row]:
        with self._pace.place() as number:
            if given_up.is_set():
                raise RequestRefusedError("nobody wants the answer any more")
            self._usage.called()
            try:
                rows = question.read(self._invoke(question.body()))
            except (EndpointDownError, RequestRefusedError) as error:
                self._usage.failed(error.fault)
                if error.fault is Fault.THROTTLED:
                    self._pace.throttled(number)
                raise
            except AnswerUnusableError:
                self._usage.unusable()
                raise
            self._pace.went_well()
            self._usage.answered(len(rows))
            return rows

    def _wait_s(self, tries: int) -> float:
        return wait_s(tries, first_s=_FIRST_WAIT_S, longest_s=_LONGEST_WAIT_S, chance=self._chance())
