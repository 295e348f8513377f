"""Nobody waits longer than for those before it and one window; in a time of the test's own."""

import asyncio
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from classifier.batching import Batcher, Lane
from tests.fakes.simulation.time import SimulatedLoop
from tests.fakes.timed import TEMPLATE, TimedClassifier, hypotheses, is_right, play, posts, simulated

A_TICK_S = 0.001


@dataclass(frozen=True, slots=True)
class Arrival:
    """Someone asks, so long after whoever came before; and may give up."""

    after_ms: int
    lane: Lane
    label_set: int
    texts: int
    gives_up_after_ms: int | None


@dataclass(slots=True)
class Wait:
    """What someone found when it came, and how long it took."""

    arrival: Arrival
    came_s: float
    rest_s: float
    """Of the call that the model was at."""

    ahead: list[str]
    """Who stood before it in its lane, itself included, by the first part of their texts."""

    answered_s: float = 0.0
    window_s: float = 0.0
    """The work of the largest window that there was by then."""


arrivals = st.lists(
    st.builds(
        Arrival,
        after_ms=st.sampled_from([0, 0, 0, 0, 0, 1, 30, 1_500]),
        lane=st.sampled_from([Lane.PEOPLE, Lane.PEOPLE, Lane.PEOPLE, Lane.STREAM]),
        label_set=st.integers(0, 7),
        texts=st.sampled_from([1, 1, 1, 2, 3, 5, 40]),
        gives_up_after_ms=st.sampled_from([None, None, None, None, 50, 2_000]),
    ),
    min_size=20,
    max_size=60,
)


def labels_of(label_set: int) -> list[str]:
    """One to four labels; no two sets have one in common."""
    return hypotheses(1 + label_set % 4, of=f"set {label_set}")


CALLERS = [Arrival(0, Lane.PEOPLE, number % 8, 1, None) for number in range(64)]


@example(CALLERS, (0.02, 0.01), True)
@given(arrivals, st.sampled_from([(0.0, 0.1), (0.005, 0.0005), (0.02, 0.01), (0.4, 0.0001)]), st.booleans())
def test_each_waits_no_longer_than_the_work_ahead_of_it_and_one_window(
    came: list[Arrival], costs: tuple[float, float], used_to_it: bool
) -> None:
    """Eight sets of labels in any order, a cost a call and a cost a pair; with its pace to be learnt, or learnt."""
    call_s, pair_s = costs
    with simulated() as loop:
        model = TimedClassifier(loop, call_s=call_s, pair_s=pair_s)
        waits = _waits(loop, model, came, warm=posts(100 if used_to_it else 0, "warm"))
    for wait in waits:
        work_s = wait.rest_s
        for call in model.calls:
            if wait.came_s <= call.start_s < wait.answered_s:
                of_people = all(text.startswith(Lane.PEOPLE.name) for text in call.texts)
                before = of_people and wait.arrival.lane is Lane.STREAM
                counted = [text for text in call.texts if before or text.split("/")[0] in wait.ahead]
                work_s += call_s + pair_s * len(counted) * call.hypotheses
        assert wait.answered_s - wait.came_s <= work_s + wait.window_s + A_TICK_S


def _waits(loop: SimulatedLoop, model: TimedClassifier, came: list[Arrival], *, warm: list[str]) -> list[Wait]:
    """Of all who were answered."""
    batcher = Batcher(lambda: model, TEMPLATE)
    waits: list[Wait] = []
    waiting: dict[Lane, list[str]] = {lane: [] for lane in Lane}

    async def ask(number: int, arrival: Arrival) -> None:
        name = f"{arrival.lane.name}-{number}"
        waiting[arrival.lane].append(name)
        wait = Wait(arrival, loop.time(), _rest_s(model), list(waiting[arrival.lane]))
        patience_s = None if arrival.gives_up_after_ms is None else arrival.gives_up_after_ms / 1_000
        texts, labels = posts(arrival.texts, name), labels_of(arrival.label_set)
        try:
            async with asyncio.timeout(patience_s):
                answer = await batcher.ask(texts, labels, lane=arrival.lane)
        except TimeoutError:
            return
        finally:
            waiting[arrival.lane].remove(name)
        assert is_right(answer, texts, labels)
        wait.answered_s, wait.window_s = loop.time(), model.largest_s
        waits.append(wait)

    async def scene() -> None:
        for label_set in range(4):
            await batcher.ask(warm, labels_of(label_set), lane=Lane.PEOPLE)
        model.pace = batcher._paces[batcher.speaker]
        async with asyncio.TaskGroup() as everybody:
            for number, arrival in enumerate(came):
                if arrival.after_ms:
                    await asyncio.sleep(arrival.after_ms / 1_000)
                everybody.create_task(ask(number, arrival))

    play(loop, batcher, scene())
    return waits


def _rest_s(model: TimedClassifier) -> float:
    if not model.calls:
        return 0.0
    last = model.calls[-1]
    took_s = model.call_s + model.pair_s * last.hypotheses * len(last.texts)
    return max(0.0, last.start_s + took_s - model.loop.time())
