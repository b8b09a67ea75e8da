"""What must be true of plain trades and of the sums, worked out from tape and disk alone.

Nothing of the desk's code is used for it: prints are whole numbers of ticks, rows are read with
plain SQL. Safety must hold at any time. Liveness must hold a minute after the last fault.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from market.simulator import SimulatedExchange
from market.simulator.tape import Print

UNIT = 10**8
PATIENCE_MS = 6_000
"""What the exchange has printed so long ago must have reached the books when all is well."""
FRESH_MS = 15_000
"""How far a price may be behind the market on which somebody trades by hand."""

_TRADES = """
    SELECT t.id, t.symbol, t.direction, t.status, t.close_reason, t.entry_price, t.stop,
           g.price AS target, t.opened_ms, t.closed_ms, t.exit_price, t.quantity,
           t.initial_quantity, t.gross, t.fees, t.best, t.worst, t.note,
           t.costs_maker AS maker, t.costs_taker AS taker
    FROM trade t JOIN target g ON g.trade = t.id WHERE t.note LIKE 'order %' ORDER BY t.id
"""
_NOTES = "SELECT id, note FROM trade"
_ACTIVE = "SELECT id FROM trade WHERE status IN ('PENDING', 'OPEN')"
_FILLS = "SELECT * FROM fill WHERE trade = ? ORDER BY seq"
_TOTALS = """
    SELECT a.gross - (SELECT coalesce(sum(gross), 0) FROM fill),
           a.fees - (SELECT coalesce(sum(fee), 0) FROM fill),
           a.closed - (SELECT count(*) FROM trade WHERE status LIKE 'CLOSED%'),
           a.wins - (SELECT count(*) FROM trade WHERE status LIKE 'CLOSED%' AND gross > fees),
           a.losses - (SELECT count(*) FROM trade WHERE status LIKE 'CLOSED%' AND gross < fees)
    FROM account a
"""
_DOUBLES = """
    SELECT symbol, direction, count(*) FROM trade WHERE status IN ('PENDING', 'OPEN')
    GROUP BY symbol, direction HAVING count(*) > 1
"""
_EVERYTHING = ("account", "trade", "target", "fill", "change", "checkpoint")


class Exit(NamedTuple):
    """Where a trade must end."""

    reason: str
    print: Print


@dataclass(slots=True)
class _Watch:
    """How far a trade's prints have been looked at."""

    next_id: int
    exit: Exit | None = None


class Oracle:
    """Judges one database against one exchange."""

    def __init__(self, exchange: SimulatedExchange, database: Path) -> None:
        """Prepare.

        Args:
            exchange: Whose tape is the truth; not the one that the desk talks to.
            database: The desk's file.
        """
        self._exchange = exchange
        self._path = database
        self._watches: dict[int, _Watch] = {}
        self._final: dict[int, tuple[Any, ...]] = {}
        """Rows of finished trades, which never change again."""
        self._told: set[int] = set()
        """Trades whose end was told."""

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        # A connection a question: each sees what is committed, and none can stand in the way.
        connection = sqlite3.connect(self._path)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    # -- safety -------------------------------------------------------------------------------

    def check_told(self, trade_id: int, status: str) -> Iterator[str]:
        """Judge what was told of a trade: it must lie on disk, and an end is told once."""
        stored = self._rows("SELECT status FROM trade WHERE id = ?", trade_id)
        if not stored or (status != "OPEN" and stored[0]["status"] != status):
            yield f"#{trade_id} was told as {status} before it was stored"
        if status != "OPEN":
            if trade_id in self._told:
                yield f"the end of #{trade_id} was told twice"
            self._told.add(trade_id)

    def check_books(self, acknowledged: dict[int, str]) -> Iterator[str]:
        """Judge all that is on disk."""
        notes = {row["id"]: row["note"] for row in self._rows(_NOTES)}
        for trade_id, note in acknowledged.items():
            if notes.get(trade_id) != note:
                yield f"#{trade_id} was acknowledged and is lost"
        for row in self._rows(_TRADES):
            yield from self._check_trade(row)
        for totals in self._rows(_TOTALS):
            if any(totals):
                yield f"the account's totals are off by {tuple(totals)}"
        for double in self._rows(_DOUBLES):
            yield f"open more than once: {tuple(double)}"

    def _check_trade(self, row: sqlite3.Row) -> Iterator[str]:
        name, values = f"#{row['id']}", tuple(row)
        if (before := self._final.get(row["id"])) is not None:
            if before != values:
                yield f"{name} has changed after its end: {before} became {values}"
            return
        fills = self._rows(_FILLS, row["id"])
        wanted = (
            ["ENTRY"] if row["status"] == "OPEN" else ["ENTRY", row["close_reason"].upper()]
        )
        if [fill["kind"] for fill in fills] != wanted:
            yield f"{name} is {row['status']} with fills {[fill['kind'] for fill in fills]}"
            return
        for fill in fills:
            yield from self._check_by_hand(row, fill)
        if row["status"] != "OPEN":
            yield from self._check_end(row, fills[0], fills[1])
            self._final[row["id"]] = values

    def _check_end(
        self, row: sqlite3.Row, entry: sqlite3.Row, end: sqlite3.Row
    ) -> Iterator[str]:
        found = self._exit_of(row, entry["print_id"], upto=end["print_id"])
        manual = row["close_reason"] == "manual"
        tick = self._exchange.listing(row["symbol"]).tick
        if end["print_id"] is None:
            yield f"#{row['id']} was closed without a print although there are prints"
            return
        if manual != (found is None):
            yield f"#{row['id']} ends as {row['close_reason']}, the tape says {found}"
            return
        if found is not None:
            at = found.print
            price = row["target"] if found.reason == "target" else at.price * tick
            right = (found.reason, price, at.time_ms, at.trade_id, at.price * tick)
            is_ = (row["close_reason"], *(end[k] for k in ("price", "time_ms", "print_id")))
            if (*is_, end["print_price"]) != right:
                yield f"#{row['id']} ended at {is_}, right is {right}"
        if (row["exit_price"], row["closed_ms"]) != (end["price"], end["time_ms"]):
            yield f"#{row['id']} and its last fill differ"
        yield from self._check_money(row, entry, end)
        yield from self._check_extremes(row, entry["print_id"], end["print_id"], tick)

    def _check_by_hand(self, row: sqlite3.Row, fill: sqlite3.Row) -> Iterator[str]:
        """Judge what was filled at the market of the moment: it must have been the newest."""
        if fill["kind"] not in {"ENTRY", "MANUAL"}:
            return
        tape = self._exchange.tape(row["symbol"])
        seen, later = tape.prints(fill["print_id"], fill["print_id"] + 1)
        if fill["print_price"] != seen.price * tape.listing.tick:
            yield f"#{row['id']} names a price that print {seen.trade_id} did not have"
        if not seen.time_ms <= fill["time_ms"] <= later.time_ms + FRESH_MS:
            old_ms = fill["time_ms"] - later.time_ms
            yield f"#{row['id']} was filled at a price {old_ms} ms behind the market"

    @staticmethod
    def _check_money(row: sqlite3.Row, entry: sqlite3.Row, end: sqlite3.Row) -> Iterator[str]:
        sign, target = (1 if row["direction"] == "LONG" else -1), end["kind"] == "TARGET"
        exact = sign * (end["price"] - entry["price"]) * row["initial_quantity"]
        if row["quantity"] or abs(exact - row["gross"] * UNIT) > UNIT:
            yield f"#{row['id']} has earned {exact / UNIT}, booked are {row['gross']}"
        for fill, rate in ((entry, row["taker"]), (end, row["maker" if target else "taker"])):
            if abs(fill["price"] * fill["quantity"] * rate - fill["fee"] * UNIT**2) > UNIT**2:
                yield f"#{row['id']} paid {fill['fee']} for its {fill['kind']}"
        if row["fees"] != entry["fee"] + end["fee"] or row["gross"] != end["gross"]:
            yield f"the fills of #{row['id']} do not add up"

    def _check_extremes(
        self, row: sqlite3.Row, behind_id: int, last_id: int, tick: int
    ) -> Iterator[str]:
        prints = self._prints(row, behind_id + 1, last_id)
        prices = [row["entry_price"], *(one.price * tick for one in prints)]
        ends = (max(prices), min(prices))
        right = ends if row["direction"] == "LONG" else ends[::-1]
        if (row["best"], row["worst"]) != right:
            yield f"#{row['id']} has seen {row['best']}/{row['worst']}, right is {right}"

    # -- liveness -----------------------------------------------------------------------------

    def overdue(self) -> Iterator[str]:
        """Name the trades that should have been closed some time ago."""
        for row in self._rows(_TRADES):
            if row["status"] != "OPEN":
                continue
            [entry] = self._rows(_FILLS, row["id"])
            found = self._exit_of(row, entry["print_id"])
            if found and found.print.time_ms < self._exchange.now_ms() - PATIENCE_MS:
                yield f"#{row['id']} should have been closed at {found}"

    def open_trades(self) -> set[int]:
        """Return the ids of the trades that are active on disk."""
        return {row["id"] for row in self._rows(_ACTIVE)}

    def contents(self) -> Iterator[str]:
        """Yield every row, for the trace."""
        for table in _EVERYTHING:
            for row in self._rows(f"SELECT * FROM {table} ORDER BY 1, 2"):
                yield f"{table} {tuple(row)}"

    # -- the tape -----------------------------------------------------------------------------

    def _exit_of(
        self, row: sqlite3.Row, behind_id: int, upto: int | None = None
    ) -> Exit | None:
        """Return the first print behind a trade's opening that reaches one of its levels."""
        watch = self._watches.setdefault(row["id"], _Watch(behind_id + 1))
        tape = self._exchange.tape(row["symbol"])
        last_id = max(tape.last_id(self._exchange.now_ms()), upto or 0)
        if watch.exit is None and watch.next_id <= last_id:
            prints = self._prints(row, watch.next_id, last_id)
            watch.exit = _first(prints, _reached(row, tape.listing.tick))
            watch.next_id = last_id + 1
        found = watch.exit
        return found if found and (upto is None or found.print.trade_id <= upto) else None

    def _prints(self, row: sqlite3.Row, first_id: int, last_id: int) -> Sequence[Print]:
        """Return the prints of a trade's symbol, without those from before its opening."""
        prints = self._exchange.tape(row["symbol"]).prints(first_id, last_id)
        return [one for one in prints if one.time_ms >= row["opened_ms"]]


def _reached(row: sqlite3.Row, tick: int) -> Callable[[int], str]:
    """Return what says which level a price in ticks reaches; the stop comes first."""
    sign = 1 if row["direction"] == "LONG" else -1
    stop, target = sign * row["stop"], sign * row["target"]

    def reason(price: int) -> str:
        value = sign * price * tick
        if value <= stop:
            return "stop"
        return "target" if value >= target else ""

    return reason


def _first(prints: Sequence[Print], reason: Callable[[int], str]) -> Exit | None:
    for one in prints:
        if why := reason(one.price):
            return Exit(why, one)
    return None
