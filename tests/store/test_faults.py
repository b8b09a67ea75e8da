"""Damage of any kind: books are right, or refused, or a check says what is wrong."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.errors import StoreBusy, StoreError
from store.ledger import Ledger
from tests.store.desk import desk, load
from tests.store.files import content, put, run_sql
from tests.store.sound import sound_books
from tests.store.test_backup import on_a_small_disk

PAGE = 4096


@dataclass(frozen=True)
class Outcome:
    """What became of opening damaged books and reading all that money depends on."""

    refused: str = ""
    found: tuple[str, ...] = ()
    money: object = None


async def outcome(path: Path) -> Outcome:
    """Start on the books as a desk does, and have them checked as it does later."""
    try:
        ledger = await Ledger.open(path, wait_s=0.1)
    except StoreError as exc:
        return Outcome(refused=str(exc))
    try:
        books = await load(ledger)
        trades = await ledger.trades("main")
        found = await ledger.check(full=True)
    except StoreError as exc:
        return Outcome(refused=str(exc))
    finally:
        await ledger.close()
    account = books.account
    # What was paid in stands in no second place, so no check can vouch for it.
    money: list[tuple[object, ...]] = [
        (account.gross, account.fees, account.funding, account.closed, account.wins)
    ]
    money += [
        (t.id, t.status, t.direction, t.quantity, t.gross, t.fees, t.stop, len(t.fills))
        for t in trades
    ]
    return Outcome(found=tuple(found), money=money)


# -- damage of every kind ---------------------------------------------------------------------


def cut_to(part: float) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        del data[int(len(data) * part) :]

    return damage


def without_the_last_page(data: bytearray) -> None:
    del data[-PAGE:]


def with_a_page_of_nothing(data: bytearray) -> None:
    data[3 * PAGE : 4 * PAGE] = bytes(PAGE)


def with_every_page_of_nothing(data: bytearray) -> None:
    data[PAGE:] = bytes(len(data) - PAGE)


def with_two_pages_exchanged(data: bytearray) -> None:
    first, second = data[2 * PAGE : 3 * PAGE], data[4 * PAGE : 5 * PAGE]
    data[2 * PAGE : 3 * PAGE], data[4 * PAGE : 5 * PAGE] = second, first


def with_an_older_page(data: bytearray) -> None:
    """As a disk does that lost one write: the page is a good one, of another time."""
    at = data.rindex(b"CLOSED_MANUALmanual")
    data[at : at + len(b"CLOSED_MANUALmanual")] = b"CLOSED_MANUALtarget"


def with_a_spoilt_header(data: bytearray) -> None:
    data[0:16] = b"SQLite format 4\x00"


def with_a_spoilt_schema(data: bytearray) -> None:
    at = data.index(b"CREATE TABLE trade")
    data[at : at + 12] = b"CREATE TABLF"


def with_text_in_the_middle(data: bytearray) -> None:
    middle = len(data) // PAGE // 2 * PAGE - 500
    data[middle : middle + 600] = b"all work and no play makes a dull desk, " * 15


@pytest.mark.parametrize(
    "damage",
    [
        cut_to(0.5),
        cut_to(0.01),
        without_the_last_page,
        with_a_page_of_nothing,
        with_every_page_of_nothing,
        with_two_pages_exchanged,
        with_an_older_page,
        with_a_spoilt_header,
        with_a_spoilt_schema,
        with_text_in_the_middle,
    ],
)
async def test_damaged_books_are_refused_or_the_damage_is_named(
    path: Path, damage: Callable[[bytearray], None]
) -> None:
    await sound_books(path)
    data = bytearray(content(path))
    damage(data)
    put(path, bytes(data))

    became = await outcome(path)

    assert became.refused or became.found


async def damaged_at_random(path: Path, seeds: range) -> None:
    await sound_books(path)
    good, right = content(path), (await outcome(path)).money
    for seed in seeds:
        chance = random.Random(seed)
        data = bytearray(good)
        for _ in range(chance.choice((1, 2, 4, 8, 64))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        put(path, bytes(data))
        path.with_name(path.name + "-journal").unlink(missing_ok=True)

        became = await outcome(path)

        assert became.refused or became.found or became.money == right, f"seed {seed}"


async def test_random_damage_never_gives_wrong_money_in_silence(path: Path) -> None:
    await damaged_at_random(path, range(200))


@pytest.mark.soak
async def test_much_random_damage_never_gives_wrong_money_in_silence(path: Path) -> None:
    await damaged_at_random(path, range(200, 5000))


@pytest.mark.soak
async def test_no_single_flipped_bit_gives_wrong_money_in_silence(path: Path) -> None:
    await sound_books(path)
    good, right = content(path), (await outcome(path)).money
    noticed = 0
    for at in (at for at, byte in enumerate(good) if byte):
        data = bytearray(good)
        data[at] ^= 1 << at % 8
        put(path, bytes(data))

        became = await outcome(path)

        noticed += bool(became.refused or became.found)
        assert became.refused or became.found or became.money == right, f"byte {at}"
    assert noticed > 1000


# -- no room, and no lock ---------------------------------------------------------------------

FILL_AND_EMPTY = """
import asyncio, sys
from pathlib import Path
from store.errors import StoreFull
from store.ledger import Ledger
from tests.store.desk import desk

folder = Path(sys.argv[1])

async def main():
    ledger = await Ledger.open(folder / "books.db")
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
    except OSError:
        pass
    [event] = trading.book.submit(trading.buy("ETHUSDT"))
    try:
        await trading.record(event)
    except StoreFull as exc:
        print("full", "no room left" in str(exc))
    print("reads", len(await ledger.trades("main")))
    ballast.unlink()
    await trading.record(event)
    print("afterwards", len(await ledger.trades("main")), await ledger.check(full=True))
    await ledger.close()

asyncio.run(main())
"""


def test_a_full_disk_fails_the_commit_and_a_retry_with_room_succeeds(tmp_path: Path) -> None:
    said = on_a_small_disk(tmp_path, 400, FILL_AND_EMPTY, tmp_path)

    assert said.splitlines() == ["full True", "reads 1", "afterwards 2 []"]


async def test_many_commits_that_find_the_books_locked_store_nothing_until_a_retry(
    path: Path,
) -> None:
    ledger = await Ledger.open(path, wait_s=0.02)
    trading = await desk(ledger)
    [event] = trading.book.submit(trading.buy("BTCUSDT"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(3):
            with pytest.raises(StoreBusy, match="locked"):
                await trading.record(event)

    await asyncio.gather(*(trading.record(event) for _ in range(3)))

    assert await ledger.trades("main") == [event.trade]
    assert await ledger.check(full=True) == []
    await ledger.close()


# -- values that make no sense ----------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE trade SET direction = 'SIDEWAYS' WHERE id = 4",
        "UPDATE trade SET signal = '{' WHERE id = 4",
        "UPDATE trade SET stop = 'abc' WHERE id = 4",
        "UPDATE fill SET quantity = 0 WHERE trade = 3 AND kind = 'ENTRY'",
        "UPDATE signal SET targets = '[x]'",
        "UPDATE signal SET targets = '[\"x\"]'",
        "UPDATE signal SET market = 'MOON'",
    ],
)
async def test_a_stored_value_that_makes_no_sense_is_damage_not_a_bug(
    path: Path, damage: str
) -> None:
    await sound_books(path)
    run_sql(path, damage)

    became = await outcome(path)

    assert "makes no sense" in became.refused
    assert str(path) in became.refused
