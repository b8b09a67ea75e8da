"""Closed trades and past signals, read page by page.

A page begins behind the last row of the page before: what is added meanwhile moves nothing, and
the last page costs no more than the first.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.model import Direction, Signal, Trade
from engine.results import Result
from store import queries
from store.connection import Connection, Value
from store.fields import from_e8
from store.rows import signal_of
from store.schema import SignalRow, TradeRow

PAGE = 500
FIRST_MS, LAST_MS = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which trades or signals; None is: any."""

    since_ms: int | None = None
    """Closed, or for signals born, at or after this time."""
    until_ms: int | None = None
    """Closed, or born, before this time."""
    symbol: str | None = None
    source: str | None = None
    """Who had the idea; an empty text finds trades without a signal."""
    direction: Direction | None = None
    session: int | None = None
    """Of the account; None is here: the present one."""
    every_session: bool = False
    """Whether to take the trades of all sessions, whatever `session` says."""

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing of one session out between its two times."""
        kinds = (self.symbol, self.source, self.direction)
        return not self.every_session and all(kind is None for kind in kinds)


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page; the next page begins behind it."""

    time_ms: int
    id: int


_CHOSEN = """
    FROM trade
    WHERE account = ?1
      AND (closed_ms, id) > (?2, ?3)
      AND closed_ms < ?4
      AND status IN ('CLOSED_TP', 'CLOSED_SL', 'CLOSED_MANUAL')
      AND (?5 IS NULL OR symbol = ?5)
      AND (?6 IS NULL OR coalesce(json_extract(signal, '$.source'), '') = ?6)
      AND (?7 IS NULL OR direction = ?7)
      AND (?9 OR session = coalesce(?8, (SELECT session FROM account WHERE name = ?1)))
    ORDER BY closed_ms, id
    LIMIT ?10
"""
_RESULTS = (
    "SELECT id, symbol, coalesce(json_extract(signal, '$.source'), ''), direction, opened_ms, "
    "closed_ms, entry_price, initial_stop, initial_quantity, gross, fees, funding, best, worst"
    + _CHOSEN
)
_EQUITY = """
    SELECT
        (SELECT sum(amount) FROM transfer WHERE account = ?1 AND session = now.session),
        (SELECT coalesce(sum(gross - fees + funding), 0) FROM trade
         WHERE account = ?1 AND closed_ms < ?2 AND session = now.session)
    FROM (SELECT coalesce(?3, (SELECT session FROM account WHERE name = ?1)) AS session) AS now
"""
_IDS = "SELECT id" + _CHOSEN
_SIGNALS = """
    SELECT arrival FROM signal
    WHERE arrival > ?1 AND created_ms >= ?2 AND created_ms < ?3
      AND (?4 IS NULL OR symbol = ?4)
      AND (?5 IS NULL OR source = ?5)
      AND (?6 IS NULL OR direction = ?6)
    ORDER BY arrival
    LIMIT ?7
"""


class History:
    """The past of one account; every method raises a `StoreError` if the database fails."""

    def __init__(
        self, read: Callable[[Callable[[Connection], Any]], Awaitable[Any]], account: str
    ) -> None:
        """Read *account*'s past through *read*, which runs a job on the database."""
        self._read = read
        self._account = account

    async def results(self, chosen: Selection) -> AsyncIterator[list[Result]]:
        """Give the closed trades as statistics see them, by closing time, then id."""
        behind: Place | None = None
        while found := await self._read(_job(results, self._account, chosen, behind)):
            yield found
            behind = Place(found[-1].closed_ms, found[-1].id)

    async def trades(self, chosen: Selection) -> AsyncIterator[list[Trade]]:
        """Give the closed trades with all their fills, by closing time, then id."""
        behind: Place | None = None
        while found := await self._read(_job(closed_trades, self._account, chosen, behind)):
            yield found
            behind = Place(found[-1].closed_ms or 0, found[-1].id)

    async def signals(self, chosen: Selection) -> AsyncIterator[list[Signal]]:
        """Give the signals, which belong to no account, in order of arrival."""
        behind = 0
        while True:
            found, behind = await self._read(_job(past_signals, chosen, behind))
            if not found:
                return
            yield found

    async def equity_at(
        self, time_ms: int | None, session: int | None = None
    ) -> Decimal | None:
        """Return deposits plus what was closed before a time, quote; None: no such account.

        Args:
            time_ms: Milliseconds UTC; None is before the first close.
            session: Of the account; None for the present one.
        """
        job = _job(equity_at, self._account, time_ms, session)
        equity: Decimal | None = await self._read(job)
        return equity


def _job(query: Callable[..., Any], *values: object) -> Callable[[Connection], Any]:
    return lambda db: query(db, *values)


def results(
    db: Connection, account: str, chosen: Selection, behind: Place | None, limit: int = PAGE
) -> list[Result]:
    """Return a page of closed trades as statistics see them, by closing time, then id."""
    rows = db.execute(_RESULTS, _trade_values(account, chosen, behind, limit)).fetchall()
    return [
        Result(
            id=row[0],
            symbol=row[1],
            source=row[2],
            direction=Direction(row[3]),
            opened_ms=row[4],
            closed_ms=row[5],
            entry_price=from_e8(row[6]),
            initial_stop=from_e8(row[7]),
            quantity=from_e8(row[8]),
            gross=from_e8(row[9]),
            fees=from_e8(row[10]),
            funding=from_e8(row[11]),
            best=from_e8(row[12]),
            worst=from_e8(row[13]),
        )
        for row in rows
    ]


def closed_trades(
    db: Connection, account: str, chosen: Selection, behind: Place | None, limit: int = PAGE
) -> list[Trade]:
    """Return a page of closed trades with their fills."""
    rows = db.execute(_IDS, _trade_values(account, chosen, behind, limit)).fetchall()
    ids = [row[0] for row in rows]
    found = {trade.id: trade for trade in queries.trades(db, TradeRow.id.in_(ids))}
    return [found[trade_id] for trade_id in ids]


def past_signals(
    db: Connection, chosen: Selection, behind: int, limit: int = PAGE
) -> tuple[list[Signal], int]:
    """Return a page of signals in order of arrival, and the arrival at which it ended."""
    since, until = _bounds(chosen)
    values = (behind, since, until, *_kind(chosen), limit)
    arrivals = [row[0] for row in db.execute(_SIGNALS, values).fetchall()]
    if not arrivals:
        return [], behind
    query = SignalRow.select().where(SignalRow.arrival.in_(arrivals))
    rows = db.rows(query.order_by(SignalRow.arrival))
    return [signal_of(row) for row in rows], arrivals[-1]


def equity_at(
    db: Connection, account: str, time_ms: int | None, session: int | None = None
) -> Decimal | None:
    """Return deposits plus the results closed before a time; None without such a session."""
    paid_in, closed = db.execute(_EQUITY, (account, time_ms, session)).fetchone()
    return None if paid_in is None else from_e8(paid_in + closed)


def _trade_values(
    account: str, chosen: Selection, behind: Place | None, limit: int
) -> Sequence[Value]:
    since, until = _bounds(chosen)
    place = behind or Place(since, -1)
    sessions = chosen.session, chosen.every_session
    return (account, place.time_ms, place.id, until, *_kind(chosen), *sessions, limit)


def _bounds(chosen: Selection) -> tuple[int, int]:
    since, until = chosen.since_ms, chosen.until_ms
    return (FIRST_MS if since is None else since, LAST_MS if until is None else until)


def _kind(chosen: Selection) -> tuple[str | None, str | None, str | None]:
    return chosen.symbol, chosen.source, chosen.direction
