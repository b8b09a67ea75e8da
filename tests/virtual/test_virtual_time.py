import asyncio
import time
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from tests.virtual.loop import EPOCH_S, PROCESS, Process, VirtualLoop, WallClock


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    one = VirtualLoop()
    yield one
    one.close()


def test_a_day_of_sleep_takes_no_time(loop: VirtualLoop) -> None:
    began_s = time.perf_counter()

    loop.run_until_complete(asyncio.sleep(86_400))

    assert loop.time() == 86_400
    assert time.perf_counter() - began_s < 60


def test_whoever_asks_for_the_time_gets_virtual_time(loop: VirtualLoop) -> None:
    wall = WallClock(loop)

    with wall.installed():
        loop.run_until_complete(asyncio.sleep(10))
        wall.wrong_by_s = 3_600.0
        told = (time.monotonic(), time.monotonic_ns(), time.time(), time.time_ns())

    wrong_s = EPOCH_S + 3_610
    assert told == (10.0, 10 * 10**9, wrong_s, wrong_s * 10**9)


def test_timers_of_one_moment_run_in_the_order_they_were_set(loop: VirtualLoop) -> None:
    ran: list[int] = []

    async def at_ten(number: int) -> None:
        await asyncio.sleep(10)
        ran.append(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(at_ten(number) for number in range(20)))

    loop.run_until_complete(all_of_them())

    assert ran == list(range(20))


def test_a_frozen_process_goes_on_later_with_all_that_came_due(loop: VirtualLoop) -> None:
    process, ran_s = Process(), list[float]()
    context = copy_context()
    context.run(PROCESS.set, process)

    async def tick() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            ran_s.append(loop.time())

    async def story() -> None:
        task = loop.create_task(tick(), context=context)
        await asyncio.sleep(1.5)
        process.frozen = True
        await asyncio.sleep(100)
        loop.thaw(process)
        await task

    loop.run_until_complete(story())

    assert ran_s == [1.0, 101.5, 102.5]


def test_waiting_for_nothing_is_an_error(loop: VirtualLoop) -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        loop.run_until_complete(for_ever())


def test_running_in_circles_is_an_error(
    loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.virtual.loop.MOST_AT_ONCE", 1_000)

    def circle() -> None:
        loop.call_soon(circle)

    loop.call_soon(circle)

    with pytest.raises(RuntimeError, match="time stands still"):
        loop.run_until_complete(asyncio.sleep(1))
