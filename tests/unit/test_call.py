"""One call of several engines: what was the work of whoever answered."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.call import Found, call
from classifier.memory import Memory
from classifier.null import NullClassifier
from classifier.types import Speaker
from tests.fakes.builders import MODEL

HYPOTHESES = ["This is about storms."]
QUICK, SLOW = Speaker(model=MODEL, template="quick {}"), Speaker(model=MODEL, template="slow {}")


class OneAfterTheOther(NullClassifier):
    """The quick one waits for 40 s, knows a text of old, and does not answer; the slow one takes 3 s."""

    def __init__(self) -> None:
        super().__init__(template=QUICK.template)
        self.speaker = QUICK
        self.time_s = 100.0
        self.memory = Memory(10)
        self.memory.keep([(("a", HYPOTHESES[0]), (0.0, 0.0))])

    def some(
        self, texts: Sequence[str], hypotheses: Sequence[str], most: Callable[[Speaker], int]
    ) -> NDArray[np.float32]:
        most(QUICK)
        self.memory.recall((text, hypotheses[0]) for text in texts)
        self.time_s += 40.0
        portion = texts[: most(SLOW)]
        self.speaker = SLOW
        self.time_s += 3.0
        return self.logits(portion, hypotheses)


def test_what_was_lost_with_one_who_did_not_answer_is_not_the_work_of_the_next() -> None:
    several = OneAfterTheOther()
    most = {QUICK: 3, SLOW: 2}

    found = call(several, ["a", "b", "c"], HYPOTHESES, most.__getitem__, lambda: several.time_s)

    assert isinstance(found, Found)
    assert (found.speaker, list(found.rows)) == (SLOW, ["a", "b"])
    assert (found.lost_s, found.remembered) == (40.0, 0)
