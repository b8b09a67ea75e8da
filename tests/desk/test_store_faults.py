"""Whatever happens to the books' file: the desk halts in words, books nothing, and goes on."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desk.errors import Halted
from desk.session import Session
from desk.settings import Settings, load_settings
from desk.start import running
from desk.view import Notice
from engine.events import TradeClosed
from engine.model import TradeStatus
from store.ledger import Ledger
from tests.desk.desks import Desk
from tests.engine.desk import order
from tests.feeds import ScriptedFeed, instrument
from tests.store.files import content, put
from tests.store.test_backup import on_a_small_disk

ORDER = order(stop="95", target="110", stake="1000")


@asynccontextmanager
async def impatient_desk(database: Path, settings: Settings) -> AsyncIterator[Desk]:
    """Start a desk that does not wait for locks, with one trade open."""
    feed = ScriptedFeed(known={s: instrument(s) for s in ("BTCUSDT", "ETHUSDT")})
    ledger = await Ledger.open(database, wait_s=0.02)
    try:
        session = Session(feed, ledger, settings)
        session.instruments.update(feed.known)
        session.rules_known.set()
        desk = Desk(session, feed, ledger, database)
        session.subscribe(desk.facts.append)
        await session.load()
        async with running(session):
            await feed.running.wait()
            feed.quote("BTCUSDT", "100", "100")
            await session.submit(ORDER)
            yield desk
    finally:
        await ledger.close()


async def halts_and_goes_on(
    desk: Desk, begin: Callable[[], object], end: Callable[[], object]
) -> str:
    """Let a fault begin, a stop be hit and the fault end; returns why the desk was halted."""
    begin()

    desk.feed.print_price("BTCUSDT", "94")
    await desk.until(lambda: bool(desk.session.header().halted))
    why = desk.session.header().halted
    with pytest.raises(Halted, match="Trading is halted"):
        await desk.session.submit(replace(ORDER, symbol="ETHUSDT"))
    assert not desk.told(TradeClosed)
    end()
    await desk.until(lambda: bool(desk.told(TradeClosed)))

    assert not desk.session.header().halted
    told = [notice.severity for notice in desk.told(Notice) if isinstance(notice, Notice)]
    assert told == ["error", "information"]
    stored = await desk.ledger.trade("main", 1)
    assert stored is not None
    assert stored.status is TradeStatus.CLOSED_SL
    assert await desk.ledger.check(full=True) == []
    return why


# -- locked, damaged --------------------------------------------------------------------------

HOLD_THE_LOCK = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


async def test_books_locked_by_another_process_halt_the_desk_until_they_are_free(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "paperdesk.db"
    with another_process() as holders:

        def lock() -> None:
            command = [sys.executable, "-c", HOLD_THE_LOCK, str(database)]
            holder = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            holders.append(holder)
            assert holder.stdout
            assert holder.stdout.readline() == "locked\n"

        def let_go() -> None:
            holders[0].kill()

        async with impatient_desk(database, settings) as desk:
            why = await halts_and_goes_on(desk, lock, let_go)

    assert "locked by another program" in why


async def test_books_that_are_damaged_while_in_use_halt_the_desk_until_they_are_put_back(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "paperdesk.db"
    async with impatient_desk(database, settings) as desk:
        good = content(database)

        why = await halts_and_goes_on(
            desk,
            lambda: put(database, b"ruin" * (len(good) // 4)),
            lambda: put(database, good),
        )

    assert "damaged" in why


async def test_an_old_copy_put_in_the_place_of_the_books_takes_no_trade(
    tmp_path: Path, settings: Settings
) -> None:
    database, away = tmp_path / "paperdesk.db", tmp_path / "away.db"
    async with impatient_desk(database, settings) as desk:
        old = content(database)
        await asyncio.sleep(1.1)  # the ledger looks at its file at most once a second

        def exchange() -> None:
            database.rename(away)
            put(database, old)

        why = await halts_and_goes_on(desk, exchange, lambda: away.replace(database))

    assert "deleted or replaced" in why


# -- in a process of its own ------------------------------------------------------------------


async def without_room(folder: Path) -> None:
    """Halt on a disk that is full; run where *folder* is a small disk."""
    ballast = folder / "ballast"

    def fill() -> None:
        try:
            with ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(512))
        except OSError:
            pass

    settings = load_settings(folder / "none.toml")[0]
    async with impatient_desk(folder / "paperdesk.db", settings) as desk:
        sys.stdout.write(await halts_and_goes_on(desk, fill, ballast.unlink))


async def without_rights(folder: Path) -> None:
    """Halt in a folder that may not be written any more; run as anybody but root."""
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        os.setgid(65534)
        os.setuid(65534)
    settings = load_settings(folder / "none.toml")[0]
    async with impatient_desk(folder / "paperdesk.db", settings) as desk:
        sys.stdout.write(
            await halts_and_goes_on(
                desk, lambda: folder.chmod(0o500), lambda: folder.chmod(0o700)
            )
        )


RUN = """
import asyncio, sys
from pathlib import Path
from tests.desk import test_store_faults

asyncio.run(getattr(test_store_faults, sys.argv[1])(Path(sys.argv[2])))
"""


def test_a_full_disk_halts_the_desk_until_there_is_room(tmp_path: Path) -> None:
    why = on_a_small_disk(tmp_path, 400, RUN, "without_room", tmp_path)

    assert "has no room left" in why


def test_a_folder_that_becomes_read_only_halts_the_desk_until_it_can_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:  # one that others than its owner can reach
        command = [sys.executable, "-c", RUN, "without_rights", folder]

        done = subprocess.run(command, capture_output=True, text=True, timeout=30)

    assert done.returncode == 0, done.stderr
    assert folder in done.stdout
