"""A day of trading on a recorded disk, and what is left of it when the power fails.

What is found must be the books as they stood after the last acknowledged commit, or after the
one that was under way: exactly one of the two, trade by trade and fill by fill.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import pytest

from store import thread
from store.connection import Journal
from store.errors import StoreError
from store.ledger import Ledger
from tests.soak.disk import Disk
from tests.soak.recorder import Log, RecordedConnection, RecordingVFS
from tests.soak.trader import State, Trader, read
from tests.store.desk import load

RESTART_EVERY = 23
"""Commits between two restarts, which end and begin a journal."""


@dataclass(slots=True)
class Recording:
    """What a desk did, as its disk and its trader saw it."""

    name: str
    """The database's file name."""
    log: Log = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    """How long the log was when each commit began."""
    acknowledged: list[int] = field(default_factory=list)
    """How long the log was when each commit was acknowledged."""
    states: list[State] = field(default_factory=list)
    """The books before the first commit and after each, as the trader knows them."""


async def record_trading(
    path: Path, journal: Journal, *, commits: int, chance: Random
) -> Recording:
    """Trade on a new database at *path* and return every change to its disk."""
    recording = Recording(path.name)
    vfs = RecordingVFS(f"recording-{path}", recording.log)
    connection = partial(RecordedConnection, journal=journal, vfs=f"recording-{path}")
    with pytest.MonkeyPatch.context() as swapped:
        swapped.setattr(thread, "Connection", connection)
        while len(recording.acknowledged) < commits:
            ledger = await Ledger.open(path)
            await _trade(ledger, recording, chance)
            await ledger.close()
    vfs.unregister()
    return recording


async def _trade(ledger: Ledger, recording: Recording, chance: Random) -> None:
    books = await load(ledger)
    if not recording.states:
        recording.states.append(
            State(account=books.account, trades={}, signals={}, checkpoints={})
        )
    trader = Trader(ledger, books, chance)
    for _ in range(RESTART_EVERY):
        step = trader.plan()
        recording.states.append(recording.states[-1].after(step.change))
        recording.begun.append(len(recording.log))
        await step.write()
        recording.acknowledged.append(len(recording.log))


async def cut_power(
    recording: Recording, folder: Path, *, points: int, chance: Random
) -> Counter[str]:
    """Fail the power at *points* random moments; count what became of the books each time.

    Args:
        recording: What was done.
        folder: An empty folder for what the disk holds afterwards.
        points: How often.
        chance: Decides when, and what the disk has kept.

    Returns:
        How often the books were `before` or `after` the commit under way, had `lost` an
        acknowledged commit, or were `spoilt`.
    """
    verdicts: Counter[str] = Counter()
    moments = sorted(chance.randint(0, len(recording.log)) for _ in range(points))
    for moment, files in _power_losses(recording.log, moments, chance):
        _lay_out(folder, files)
        verdicts[await _judge(recording, folder / recording.name, moment)] += 1
    return verdicts


def _power_losses(
    log: Log, moments: list[int], chance: Random
) -> Iterator[tuple[int, Mapping[str, bytes]]]:
    disk, done = Disk(), 0
    for moment in moments:
        for change in log[done:moment]:
            change(disk)
        done = moment
        yield moment, disk.after_power_loss(chance)


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


async def _judge(recording: Recording, path: Path, moment: int) -> str:
    acknowledged = bisect_right(recording.acknowledged, moment)
    begun = bisect_left(recording.begun, moment)
    try:
        found = await read(path)
    except (StoreError, AssertionError):
        return "spoilt"
    if found == recording.states[acknowledged]:
        return "before"
    if begun > acknowledged and found == recording.states[begun]:
        return "after"
    return "lost" if found in recording.states[:acknowledged] else "spoilt"
