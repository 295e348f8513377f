"""Every task has a name, an owner and an end."""

import asyncio
import gc
from collections.abc import Awaitable

import pytest

from bot.pipeline.supervise import TaskDiedError, run_until_one_ends

SOON_S = 5.0  # never reached unless somebody is forgotten


class Task:
    """A task of the house that goes on until the test says otherwise, and tells how it ended."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.error: BaseException | None = None
        self.name = ""
        self.ended = ""

    async def run(self) -> None:
        current = asyncio.current_task()
        assert current is not None
        self.name = current.get_name()
        self.ended = "no"
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "by itself"
        if self.error is not None:
            raise self.error

    def die(self, error: BaseException) -> None:
        self.error = error
        self.may_end.set()


class House:
    """One leading task, the console, and two others."""

    def __init__(self) -> None:
        self.console, self.ingest, self.deliver = Task(), Task(), Task()

    async def start(self) -> "asyncio.Task[None]":
        running = asyncio.ensure_future(
            run_until_one_ends(
                {"console": self.console.run()}, {"ingest": self.ingest.run(), "deliver": self.deliver.run()}
            )
        )
        await until_all_stand_still()
        return running


async def until_all_stand_still() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def within_reason(running: Awaitable[None]) -> None:
    await asyncio.wait_for(running, SOON_S)


def tasks_left() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()} & {"console", "ingest", "deliver", "second console"}


async def test_every_task_runs_under_its_name() -> None:
    house = House()
    running = await house.start()

    assert (house.console.name, house.ingest.name, house.deliver.name) == ("console", "ingest", "deliver")
    assert tasks_left() == {"console", "ingest", "deliver"}

    house.console.may_end.set()
    await within_reason(running)


async def test_the_end_of_the_leading_task_ends_the_others() -> None:
    house = House()
    running = await house.start()

    house.console.may_end.set()
    await within_reason(running)

    assert (house.ingest.ended, house.deliver.ended) == ("cancelled", "cancelled")
    assert not tasks_left()


async def test_the_first_of_two_leading_tasks_to_end_ends_the_other() -> None:
    first, second = Task(), Task()
    running = asyncio.ensure_future(
        run_until_one_ends({"console": first.run(), "second console": second.run()}, {"ingest": Task().run()})
    )
    await until_all_stand_still()

    second.may_end.set()
    await within_reason(running)

    assert first.ended == "cancelled"
    assert not tasks_left()


async def test_another_task_may_end_before() -> None:
    house = House()
    running = await house.start()

    house.ingest.may_end.set()
    await until_all_stand_still()

    assert not running.done()
    assert house.deliver.ended == "no"

    house.console.may_end.set()
    await within_reason(running)
    assert house.ingest.ended == "by itself"


async def test_all_others_may_end_before() -> None:
    house = House()
    running = await house.start()
    house.ingest.may_end.set()
    house.deliver.may_end.set()
    await until_all_stand_still()

    assert not running.done()

    house.console.may_end.set()
    await within_reason(running)


@pytest.mark.parametrize("name", ["console", "ingest", "deliver"])
async def test_one_death_ends_all_and_is_named(name: str) -> None:
    house = House()
    running = await house.start()
    error = OSError("the disk is full")

    getattr(house, name).die(error)
    with pytest.raises(TaskDiedError, match=f"^{name} died: the disk is full$") as died:
        await within_reason(running)

    assert died.value.name == name
    assert died.value.__cause__ is error
    assert not tasks_left()
    others = {"console", "ingest", "deliver"} - {name}
    assert [getattr(house, other).ended for other in others] == ["cancelled", "cancelled"]


async def test_a_task_that_dies_at_its_first_step_is_named() -> None:
    async def stillborn() -> None:
        raise OSError("no address")

    house = House()
    with pytest.raises(TaskDiedError, match="ingest died: no address"):
        await within_reason(run_until_one_ends({"console": house.console.run()}, {"ingest": stillborn()}))

    assert house.console.ended in {"", "cancelled"}
    assert not tasks_left()


async def test_a_death_inside_a_bundle_is_told_by_what_went_wrong_there() -> None:
    error = ValueError("a bad line")
    house = House()
    running = await house.start()

    house.ingest.die(ExceptionGroup("tasks", [ExceptionGroup("more tasks", [error]), OSError("another")]))
    with pytest.raises(TaskDiedError, match="ingest died: a bad line") as died:
        await within_reason(running)

    assert died.value.__cause__ is error


async def test_a_death_at_the_moment_of_the_leading_tasks_end_is_not_lost() -> None:
    house = House()
    running = await house.start()

    house.console.may_end.set()
    house.ingest.die(OSError("the disk is full"))

    with pytest.raises(TaskDiedError, match="ingest died"):
        await within_reason(running)


async def test_of_two_that_die_at_once_one_is_named_and_the_other_is_not_left_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    running = await house.start()

    house.ingest.die(OSError("the disk is full"))
    house.deliver.die(OSError("the chat is gone"))
    with pytest.raises(TaskDiedError, match=r"(ingest|deliver) died"):
        await within_reason(running)

    del house, running
    gc.collect()  # asyncio speaks of an error that nobody took when its task is thrown away
    assert "never retrieved" not in caplog.text
    assert not tasks_left()


async def test_whoever_is_cancelled_takes_all_tasks_along() -> None:
    house = House()
    running = await house.start()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await within_reason(running)

    assert [house.console.ended, house.ingest.ended, house.deliver.ended] == ["cancelled"] * 3
    assert not tasks_left()


async def test_all_have_ended_their_last_work_when_it_returns() -> None:
    done = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            done.append("tidied up")

    house = House()
    running = asyncio.ensure_future(run_until_one_ends({"console": house.console.run()}, {"deliver": tidy()}))
    await until_all_stand_still()
    house.console.may_end.set()
    await within_reason(running)

    assert done == ["tidied up"]
