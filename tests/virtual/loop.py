"""Time that jumps: an event loop whose clock moves only when nothing is left to do.

No sleeping, no threads, no sockets. A whole day passes as fast as its work can be done, and the
same work always happens in the same order.
"""

import asyncio
import time
from asyncio import Handle, TimerHandle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar, TypeVarTuple

import pytest

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH_S = 20_717 * 86_400
"""The machine's wall clock when virtual time begins: a Monday, midnight UTC."""

MOST_AT_ONCE = 1_000_000
"""So many callbacks at one moment are a program that runs in circles."""


class Process:
    """What runs on behalf of one program; while it is frozen, nothing of it happens."""

    def __init__(self) -> None:
        self.frozen = False
        self.waiting: list[Handle] = []
        """Callbacks that came due while it was frozen."""


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)
"""On whose behalf the present code runs; None is the world around the programs."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order they were asked for, and jumps from timer to timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.ran = 0
        """Callbacks so far."""
        self._queue: deque[tuple[Process | None, Handle]] = deque()
        self._timers: list[tuple[float, int, Process | None, TimerHandle]] = []
        self._numbers = count()
        self._standing = 0
        """Callbacks run since time went on last."""

    def time(self) -> float:
        """Return virtual seconds since the beginning."""
        return self.now_s

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Handle:
        handle = Handle(callback, args, self, context)
        self._queue.append((_process_of(context), handle))
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do what a thread would do, at once: a real one would bring real time into this."""
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as exc:
            future.set_exception(exc)
        return future

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> TimerHandle:
        timer = TimerHandle(when, callback, args, self, context)
        entry = (when, next(self._numbers), _process_of(context), timer)
        heappush(self._timers, entry)
        return timer

    def thaw(self, process: Process) -> None:
        """Let a frozen process go on with all that came due meanwhile."""
        process.frozen = False
        waiting, process.waiting = process.waiting, []
        self._queue.extend((process, handle) for handle in waiting)

    def _run_once(self) -> None:
        self._queue_what_is_due()
        queue = self._queue
        self.ran += len(queue)
        self._standing += len(queue)
        if self._standing > MOST_AT_ONCE:
            raise RuntimeError(f"time stands still at {self.now_s} s")
        for _ in range(len(queue)):
            process, handle = queue.popleft()
            if process is not None and process.frozen:
                process.waiting.append(handle)
            elif not handle.cancelled():
                handle._run()

    def _queue_what_is_due(self) -> None:
        timers = self._timers
        while timers and timers[0][3].cancelled():
            heappop(timers)
        if not self._queue:
            if not timers:
                raise RuntimeError("everything waits and nothing will ever happen")
            if timers[0][0] > self.now_s:
                self.now_s, self._standing = timers[0][0], 0
        while timers and timers[0][0] <= self.now_s:
            _, _, process, timer = heappop(timers)
            self._queue.append((process, timer))


def _process_of(context: Context | None) -> Process | None:
    return PROCESS.get() if context is None else context.get(PROCESS)


class WallClock:
    """The machine's clock, which somebody may set."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.wrong_by_s = 0.0
        """How far the machine's clock is ahead of the truth."""

    def true_ms(self) -> int:
        """Return what a good clock would show, milliseconds UTC."""
        return int((EPOCH_S + self._loop.now_s) * 1_000)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let everybody who asks Python for the time get virtual time."""
        loop = self._loop

        def wall_s() -> float:
            return EPOCH_S + loop.now_s + self.wrong_by_s

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "monotonic", loop.time)
            patch.setattr(time, "monotonic_ns", lambda: int(loop.now_s * 1e9))
            patch.setattr(time, "time", wall_s)
            patch.setattr(time, "time_ns", lambda: int(wall_s() * 1e9))
            yield
