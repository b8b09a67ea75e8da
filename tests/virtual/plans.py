"""What must be true of trades that are more than plain: they end as if somebody had watched.

From the last thing that the trader did to a trade, the exchange's own tape alone decides; it is
taken print by print through a book of its own. What is on disk must add up at any time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from engine.events import Event, TradeCancelled, TradeClosed
from engine.instrument import Instrument
from engine.model import FillKind, Trade
from market.simulator import SimulatedExchange
from store.audit import audit
from tests.desk.world import Known, by_hand, differences, watched, without_sources
from tests.virtual.trader import PLAN

_EDITS = "SELECT count(*) FROM change WHERE trade = ? AND kind = 'EDITED'"


@dataclass(frozen=True, slots=True)
class _Told:
    """What was last told of a trade that the trader had a hand in."""

    known: Known
    edits: int
    """How many edits of it were on disk by then."""


class PlanOracle:
    """Judges what is told of plans against one exchange, and the books against themselves."""

    def __init__(self, exchange: SimulatedExchange, database: Path) -> None:
        """Prepare.

        Args:
            exchange: Whose tape is the truth; not the one that the desk talks to.
            database: The desk's file.
        """
        self.judged = 0
        """Ends of plans that were compared with the tape."""
        self._exchange = exchange
        self._path = database
        self._told: dict[int, _Told] = {}

    def check_books(self) -> Iterator[str]:
        """Judge all that is on disk."""
        with closing(self._connection()) as db:
            db.execute("BEGIN")
            yield from audit(db)

    def check_told(self, event: Event, rules: dict[str, Instrument]) -> Iterator[str]:
        """Take in what was told of a plan; judge its end."""
        trade = event.trade
        if not trade.note.startswith(PLAN):
            return
        if not self._count("SELECT count(*) FROM trade WHERE id = ?", trade.id):
            yield f"#{trade.id} was told before it was stored"
            return
        edits = self._count(_EDITS, trade.id)
        if by_hand(event):
            reached = "SELECT trade_id FROM checkpoint WHERE symbol = ?"
            print_id = self._count(reached, trade.symbol) if trade.status.active else 0
            self._told[trade.id] = _Told(Known(trade, print_id), edits)
        elif isinstance(event, TradeClosed | TradeCancelled):
            told = self._told.get(trade.id)
            # What the trader did just before a kill may be stored and was never told.
            if told and (told.edits, _parts(told.known.trade)) == (edits, _parts(trade)):
                self.judged += 1
                right = watched(self._exchange, told.known, rules)
                yield from differences(without_sources(trade), without_sources(right))

    def _count(self, sql: str, value: object) -> int:
        with closing(self._connection()) as db:
            return int(db.execute(sql, (value,)).fetchone()[0])

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None)


def _parts(trade: Trade) -> int:
    """Return how many parts of a trade were closed by hand."""
    return sum(fill.kind is FillKind.MANUAL for fill in trade.fills)
