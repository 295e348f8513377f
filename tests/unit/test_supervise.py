"""Every task has a name, an owner and an end; one that dies is started again, one that keeps dying ends the program."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable

import pytest

from bot.pipeline.supervise import MOST_DEATHS, WITHIN, Supervisor, TaskDiedError
from tests.fakes.clock import FakeClock

SOON_S = 5.0  # never reached unless somebody is forgotten

WITHIN_S = WITHIN.total_seconds()


class HopelessError(Exception):
    """What the houses here do not start a task again for."""


class Task:
    """A task of the house that goes on until the test says otherwise, and tells how each of its lives ended."""

    def __init__(self) -> None:
        self.name = ""
        self.ends: list[str] = []
        self.starts = 0
        self._told: asyncio.Future[BaseException | None]

    async def run(self) -> None:
        current = asyncio.current_task()
        assert current is not None
        self.name = current.get_name()
        self.starts += 1
        self._told = asyncio.get_running_loop().create_future()
        try:
            error = await self._told
        except asyncio.CancelledError:
            self.ends.append("cancelled")
            raise
        self.ends.append("by itself" if error is None else "died")
        if error is not None:
            raise error

    def end(self) -> None:
        self._told.set_result(None)

    def die(self, error: BaseException) -> None:
        self._told.set_result(error)


class House:
    """One leading task, the console, and two others."""

    def __init__(self) -> None:
        self.clock = FakeClock(held=True)
        self.supervisor = Supervisor(self.clock, fatal=(HopelessError,))
        self.stop = asyncio.Event()
        self.console, self.ingest, self.deliver = Task(), Task(), Task()
        for name in ("console", "ingest", "deliver"):
            self.supervisor.start(name, getattr(self, name).run)
        self.running = asyncio.ensure_future(self.supervisor.until_one_ends(["console"], self.stop))

    async def die(self, name: str, error: BaseException) -> None:
        """Let a task die, and see what comes of it at once."""
        getattr(self, name).die(error)
        await until_all_stand_still()

    async def result(self) -> None:
        await asyncio.wait_for(self.running, SOON_S)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    built = House()
    await until_all_stand_still()
    yield built
    built.running.cancel()
    await asyncio.gather(built.running, return_exceptions=True)
    await built.supervisor.end_all()


async def until_all_stand_still() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def within_reason(running: Awaitable[None]) -> None:
    await asyncio.wait_for(running, SOON_S)


def tasks_left() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()} & {"console", "ingest", "deliver", "stop"}


# --- names and ends --------------------------------------------------------------------------------------------------


async def test_every_task_runs_under_its_name(house: House) -> None:
    assert (house.console.name, house.ingest.name, house.deliver.name) == ("console", "ingest", "deliver")
    assert [life.name for life in house.supervisor.lives] == ["console", "ingest", "deliver"]


async def test_the_end_of_the_leading_task_is_the_end(house: House) -> None:
    house.console.end()
    await house.result()
    assert tasks_left() == {"ingest", "deliver"}, "whoever asked ends the others as it sees fit"


async def test_the_first_of_two_leading_tasks_to_end_is_the_end() -> None:
    house = House()
    other = Task()
    house.supervisor.start("second console", other.run)
    running = asyncio.ensure_future(house.supervisor.until_one_ends(["console", "second console"], house.stop))
    await until_all_stand_still()
    other.end()
    await within_reason(running)
    house.running.cancel()
    await house.supervisor.end_all()
    assert house.console.ends == ["cancelled"]


async def test_all_others_may_end_before(house: House) -> None:
    house.ingest.end()
    house.deliver.end()
    await until_all_stand_still()
    assert not house.running.done()
    house.console.end()
    await house.result()
    assert house.ingest.starts == 1, "what has returned is not started again"


async def test_a_stop_is_the_end_though_all_tasks_go_on(house: House) -> None:
    house.stop.set()
    await house.result()
    assert tasks_left() == {"console", "ingest", "deliver"}


async def test_a_stop_before_the_start_is_the_end() -> None:
    supervisor, stop = Supervisor(FakeClock(held=True)), asyncio.Event()
    stop.set()
    await within_reason(supervisor.until_one_ends([], stop))
    assert not tasks_left()


async def test_whoever_is_cancelled_while_waiting_leaves_the_tasks_to_be_ended(house: House) -> None:
    house.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await house.result()
    assert tasks_left() == {"console", "ingest", "deliver"}
    await within_reason(house.supervisor.end_all())
    assert not tasks_left()


# --- deaths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["console", "ingest", "deliver"])
async def test_one_that_dies_is_started_again_a_second_later(name: str, house: House) -> None:
    await house.die(name, OSError("the line was cut"))
    task: Task = getattr(house, name)
    await house.clock.advance(0.99)
    assert task.starts == 1, "started again without a rest"
    await house.clock.advance(0.02)
    assert task.starts == 2
    assert not house.running.done()


async def test_each_rest_is_twice_the_one_before(house: House) -> None:
    for rest_s in (1, 2, 4, 8):
        starts = house.ingest.starts
        await house.die("ingest", OSError("the line was cut"))
        await house.clock.advance(rest_s - 0.1)
        assert house.ingest.starts == starts
        await house.clock.advance(0.2)
        assert house.ingest.starts == starts + 1


async def test_the_others_go_on_meanwhile(house: House) -> None:
    await house.die("ingest", OSError("the line was cut"))
    await house.clock.advance(60)
    assert (house.deliver.starts, house.console.starts) == (1, 1)
    assert house.deliver.ends == house.console.ends == []


async def test_how_each_task_fared_is_known(house: House) -> None:
    await house.clock.advance(5)
    died_at = house.clock.now()
    await house.die("ingest", OSError("the line was cut"))
    await house.clock.advance(60)
    await house.die("ingest", OSError())
    lives = {life.name: life for life in house.supervisor.lives}
    assert (lives["ingest"].deaths, lives["ingest"].last_cause) == (2, "OSError")
    assert lives["ingest"].last_death is not None
    assert (lives["ingest"].last_death - died_at).total_seconds() == 60
    assert (lives["deliver"].deaths, lives["deliver"].last_death) == (0, None)


@pytest.mark.parametrize("name", ["console", "deliver"])
async def test_an_error_that_a_new_start_would_only_meet_again_ends_all_at_once_and_is_named(
    name: str, house: House
) -> None:
    error = HopelessError("the disk is full")
    await house.die(name, error)
    with pytest.raises(TaskDiedError, match=f"^{name} died: the disk is full$") as died:
        await house.result()
    assert (died.value.name, died.value.__cause__) == (name, error)
    assert getattr(house, name).starts == 1


async def test_one_that_dies_five_times_in_ten_minutes_ends_all_and_is_named_with_its_last_error(house: House) -> None:
    for death in range(MOST_DEATHS - 1):
        await house.die("ingest", OSError(f"cut {death}"))
        await house.clock.advance(WITHIN_S / MOST_DEATHS)
    assert not house.running.done()
    last = OSError("cut for good")
    await house.die("ingest", last)
    said = f"^ingest died {MOST_DEATHS} times in 10 minutes, the last time of: cut for good$"
    with pytest.raises(TaskDiedError, match=said) as died:
        await house.result()
    assert (died.value.name, died.value.__cause__) == ("ingest", last)
    assert house.ingest.starts == MOST_DEATHS


async def test_deaths_far_apart_end_nothing(house: House) -> None:
    for _ in range(MOST_DEATHS * 3):
        await house.die("ingest", OSError("the line was cut"))
        await house.clock.advance(WITHIN_S / (MOST_DEATHS - 1) + 1)
    assert not house.running.done()
    assert house.ingest.starts == MOST_DEATHS * 3 + 1


async def test_the_deaths_of_two_tasks_are_not_added_up(house: House) -> None:
    for _ in range(MOST_DEATHS - 1):
        await house.die("ingest", OSError("the line was cut"))
        await house.die("deliver", OSError("the chat is away"))
        await house.clock.advance(10)
    assert not house.running.done()


async def test_one_that_dies_at_its_first_step_is_started_again_too() -> None:
    clock = FakeClock(held=True)
    supervisor, starts = Supervisor(clock), 0

    async def stillborn() -> None:
        nonlocal starts
        starts += 1
        raise OSError("no address")

    supervisor.start("ingest", stillborn)
    running = asyncio.ensure_future(supervisor.until_one_ends(["ingest"], asyncio.Event()))
    await clock.advance(60)
    with pytest.raises(TaskDiedError, match="ingest died 5 times in 10 minutes, the last time of: no address"):
        await within_reason(running)
    assert starts == MOST_DEATHS
    await supervisor.end_all()


async def test_a_death_inside_a_bundle_is_told_by_what_went_wrong_there(house: House) -> None:
    error = HopelessError("a bad disk")
    await house.die("ingest", ExceptionGroup("tasks", [ExceptionGroup("more tasks", [error]), OSError("another")]))
    with pytest.raises(TaskDiedError, match=r"^ingest died: a bad disk$") as died:
        await house.result()
    assert died.value.__cause__ is error


async def test_what_ends_all_at_once_does_so_wherever_it_stands_in_a_bundle(house: House) -> None:
    error = HopelessError("a bad disk")
    await house.die("ingest", ExceptionGroup("tasks", [OSError("cut"), ExceptionGroup("more", [error])]))
    with pytest.raises(TaskDiedError, match=r"^ingest died: a bad disk$"):
        await house.result()


async def test_a_cancellation_by_something_inside_is_a_death(house: House) -> None:
    """As when a client's own task was cancelled by its library: nobody ended the task, and it must not stay away."""
    await house.die("ingest", asyncio.CancelledError())
    assert [life.deaths for life in house.supervisor.lives] == [0, 1, 0]
    await house.clock.advance(1)
    assert house.ingest.starts == 2


async def test_a_death_at_the_moment_of_the_leading_tasks_end_is_not_lost(house: House) -> None:
    house.console.end()
    house.ingest.die(HopelessError("the disk is full"))
    with pytest.raises(TaskDiedError, match="ingest died"):
        await house.result()


async def test_of_two_that_die_at_once_one_is_named_and_the_other_is_not_left_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    await until_all_stand_still()
    house.ingest.die(HopelessError("the disk is full"))
    house.deliver.die(HopelessError("the chat is gone"))
    with pytest.raises(TaskDiedError, match=r"(ingest|deliver) died"):
        await house.result()
    await house.supervisor.end_all()
    del house
    gc.collect()  # asyncio speaks of an error that nobody took when its task is thrown away
    assert "never retrieved" not in caplog.text
    assert not tasks_left()


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_an_end_cancels_exactly_those_it_names(house: House) -> None:
    await within_reason(house.supervisor.end("ingest"))
    assert (house.ingest.ends, house.deliver.ends) == (["cancelled"], [])


async def test_an_end_that_names_nobody_ends_nobody(house: House) -> None:
    await within_reason(house.supervisor.end())
    assert tasks_left() >= {"console", "ingest", "deliver"}


async def test_an_end_of_all_waits_for_their_last_work() -> None:
    done = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            done.append("tidied up")

    supervisor = Supervisor(FakeClock(held=True))
    supervisor.start("deliver", tidy)
    await until_all_stand_still()
    await within_reason(supervisor.end_all())
    assert done == ["tidied up"]
    assert not tasks_left()


async def test_those_who_are_given_time_end_by_themselves(house: House) -> None:
    ending = asyncio.ensure_future(house.supervisor.end("ingest", "deliver", within_s=SOON_S))
    await until_all_stand_still()
    house.ingest.end()
    await until_all_stand_still()
    assert not ending.done(), "the other one has its time, too"
    house.deliver.end()
    await within_reason(ending)
    assert (house.ingest.ends, house.deliver.ends) == (["by itself"], ["by itself"])


async def test_those_who_need_longer_than_they_were_given_are_cancelled(house: House) -> None:
    await within_reason(house.supervisor.end("ingest", "deliver", within_s=0.02))
    assert (house.ingest.ends, house.deliver.ends) == (["cancelled"], ["cancelled"])


async def test_one_that_rests_after_a_death_is_ended_all_the_same(house: House) -> None:
    await house.die("ingest", OSError("the line was cut"))
    await within_reason(house.supervisor.end("ingest"))
    await house.clock.advance(60)
    assert house.ingest.starts == 1


async def test_one_that_dies_during_the_end_is_not_left_over(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    await until_all_stand_still()
    house.stop.set()
    await house.result()
    ending = asyncio.ensure_future(house.supervisor.end("ingest", within_s=SOON_S))
    await until_all_stand_still()
    house.ingest.die(HopelessError("the disk is full"))
    await within_reason(ending)
    await house.supervisor.end_all()
    assert "died task=ingest deaths=1 reason='the disk is full'" in caplog.text
    del house, ending
    gc.collect()
    assert "never retrieved" not in caplog.text
