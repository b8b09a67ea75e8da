"""Lines out of the process: in order, and never at the price of waiting."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tui.outlet import LIMIT, Outlet


class Pipe:
    """A pipe whose writing end stands in for standard output."""

    def __init__(self, encoding: str = "utf-8") -> None:
        reading, writing = os.pipe()
        self.reader = os.fdopen(reading, "rb", buffering=0)
        self.stream = os.fdopen(writing, "w", encoding=encoding)

    def outlet(self, on_end: Callable[[], object] = lambda: None) -> Outlet:
        return Outlet(self.stream, self.stream, on_end)

    def fill(self) -> None:
        """Write until nothing more goes in."""
        os.set_blocking(self.stream.fileno(), False)
        with suppress(BlockingIOError):
            while os.write(self.stream.fileno(), b"." * 512):
                pass
        os.set_blocking(self.stream.fileno(), True)

    def close(self) -> None:
        self.reader.close()
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_lines_come_out_in_order_and_whole(pipe: Pipe) -> None:
    outlet = pipe.outlet()

    for number in range(500):
        outlet.data(f"line {number}")
    outlet.close()

    written = pipe.reader.read(1 << 16).decode()
    assert written.splitlines() == [f"line {number}" for number in range(500)]


def test_letters_that_the_terminal_cannot_show_are_escaped() -> None:
    pipe = Pipe(encoding="ascii")
    outlet = pipe.outlet()

    outlet.data("币USDT")
    outlet.close()

    assert pipe.reader.read(100) == b"\\u5e01USDT\n"
    pipe.close()


def test_a_reader_that_left_is_no_failure(pipe: Pipe) -> None:
    ended = threading.Event()
    outlet = pipe.outlet(ended.set)

    pipe.reader.close()
    outlet.data("to nobody")
    assert ended.wait(5)
    outlet.close()

    assert outlet.failure is None


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has it")
def test_a_full_disk_is_a_failure() -> None:
    ended = threading.Event()
    with FULL.open("w", encoding="utf-8") as full:
        outlet = Outlet(full, full, ended.set)

        outlet.data("lost")
        assert ended.wait(5)
        outlet.close()

    assert outlet.failure is not None
    assert outlet.failure.errno == errno.ENOSPC


def test_a_reader_that_does_not_read_costs_lines_but_no_time(
    pipe: Pipe, caplog: pytest.LogCaptureFixture
) -> None:
    pipe.fill()
    outlet = pipe.outlet()

    for number in range(LIMIT + 5):
        outlet.data(f"line {number}")
    outlet.close()

    assert "a line was left out" in caplog.text
    pipe.reader.close()  # lets the writing thread go


def test_a_stream_that_was_closed_before_the_start_takes_lines_silently() -> None:
    outlet = Outlet(None, None, lambda: None)

    outlet.data("to nobody")
    outlet.close()

    assert outlet.failure is None
    assert outlet.pipe is None
