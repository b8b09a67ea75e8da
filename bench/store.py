"""P5 and P6: what it costs to have a close on disk, one at a time and a thousand together.

The baseline is `sqlite3` with nothing around it: the same rows (trade, fill, target, account,
checkpoint), ready-made, under the same journal, on the same disk.
"""

import asyncio
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from bench.desks import load, store_open
from bench.exchange import names
from bench.measure import Row
from engine.account import Account
from engine.book import Book
from engine.events import TradeClosed
from engine.instrument import Instrument
from engine.model import Market, Tick
from store import rows as sql
from store.connection import Value, journal_for
from store.fields import to_e8
from store.ledger import Books, Checkpoint, Ledger

SINGLES = 200
TOGETHER = 1_000
ROUNDS = 7
SYMBOLS = (SINGLES + ROUNDS * TOGETHER) // 2
"""Each has a long and a short trade, the most that the books allow."""
REACHED = Checkpoint(trade_id=700_000_500, time_ms=1_790_000_000_000)

Statements = list[tuple[str, list[tuple[Value, ...]]]]


def rows() -> Iterator[Row]:
    """Measure P5 and P6."""
    with tempfile.TemporaryDirectory() as folder:
        ms = asyncio.run(_measure(Path(folder)))
    yield Row(
        id="P5",
        what="durable close of one trade against a raw transaction",
        figure=f"{ms['one']:.2f} ms against {ms['raw one']:.2f} ms",
        ratio=ms["one"] / ms["raw one"],
        bound=1.5,
    )
    yield Row(
        id="P6",
        what="1,000 closes together against raw rows by executemany in one transaction",
        figure=f"{ms['many']:.1f} ms against {ms['raw many']:.1f} ms",
        ratio=ms["many"] / ms["raw many"],
        bound=3.0,
    )


async def _measure(folder: Path) -> dict[str, float]:
    """Return median milliseconds by name; ledger and baseline work in turn."""
    desk_file, raw_file = folder / "desk.db", folder / "raw.db"
    ledger = await Ledger.open(desk_file)
    await store_open(ledger, names(SYMBOLS), each=2)
    books = await load(ledger)
    await ledger.close()
    shutil.copyfile(desk_file, raw_file)
    closings, account = _close_all(books)
    taken: dict[str, list[float]] = defaultdict(list)
    ledger = await Ledger.open(desk_file)
    with closing(_connect(raw_file)) as raw:
        for events in _lots(closings):
            name = "one" if len(events) == 1 else "many"
            taken[f"raw {name}"].append(_record_raw(raw, _statements(events, account)))
            taken[name].append(await _record(ledger, events, account))
    await ledger.close()
    return {name: statistics.median(values) * 1e3 for name, values in taken.items()}


def _close_all(books: Books) -> tuple[list[TradeClosed], Account]:
    """Let one print of each symbol close its trades; returns that, and the account then."""
    grid = Decimal("0.01")
    rules = {
        name: Instrument(symbol=name, base=name, quote="USDT", tick=grid, step=grid)
        for name in names(SYMBOLS)
    }
    book = Book(books.account, rules, trades=books.active, next_trade_id=books.next_trade_id)
    events = [
        event
        for name in rules
        for event in book.on_tick(Tick(name, Decimal(200), Decimal(1), 1, REACHED.time_ms))
    ]
    return [event for event in events if isinstance(event, TradeClosed)], book.account


def _lots(closings: Sequence[TradeClosed]) -> Iterator[Sequence[TradeClosed]]:
    for at in range(SINGLES):
        yield closings[at : at + 1]
    for at in range(SINGLES, len(closings), TOGETHER):
        yield closings[at : at + TOGETHER]


async def _record(ledger: Ledger, events: Sequence[TradeClosed], account: Account) -> float:
    began = time.perf_counter()
    checkpoints = dict.fromkeys((event.trade.symbol for event in events), REACHED)
    await ledger.record(events, account, checkpoints)
    return time.perf_counter() - began


def _record_raw(raw: sqlite3.Connection, statements: Statements) -> float:
    began = time.perf_counter()
    raw.execute("BEGIN IMMEDIATE")
    for statement, values in statements:
        raw.executemany(statement, values)
    raw.execute("COMMIT")
    return time.perf_counter() - began


def _statements(events: Sequence[TradeClosed], account: Account) -> Statements:
    """Return what a ledger writes for *events*, down to the values."""
    trades = [event.trade for event in events]
    symbols = dict.fromkeys(trade.symbol for trade in trades)
    return [
        (
            sql.CLOSE_TRADE,
            [(*sql.CLOSING.of(t), t.id, to_e8(t.initial_quantity)) for t in trades],
        ),
        (sql.ADD_FILL, [(e.trade.id, 1, *sql.FILL.of(e.fill)) for e in events]),
        (
            sql.FILL_TARGET,
            [(True, trade.id, 0) for trade in trades if trade.targets[0].filled],
        ),
        (sql.SET_TOTALS, [(*sql.TOTALS.of(account), account.name, account.session)]),
        (
            sql.SET_CHECKPOINT,
            [
                (account.name, Market.SPOT.value, symbol, REACHED.trade_id, REACHED.time_ms)
                for symbol in symbols
            ],
        ),
    ]


def _connect(file: Path) -> sqlite3.Connection:
    """Open *file* with the pragmas of the ledger's own connection."""
    journal = journal_for(sqlite3.sqlite_version_info)
    raw = sqlite3.connect(file, isolation_level=None)
    for pragma in (
        "foreign_keys = 1",
        "trusted_schema = 0",
        f"synchronous = {journal.synchronous}",
        f"journal_mode = {journal.mode}",
    ):
        raw.execute(f"PRAGMA {pragma}")
    return raw
