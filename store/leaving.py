"""How trades end on disk, as a whole or by parts.

Law: every fill is a compare-and-set on status and open quantity; exactly one closer wins.
"""

from collections.abc import Sequence

from engine.events import TradeClosed, TradeReduced
from engine.model import Trade
from store import queries, rows
from store.connection import Connection
from store.entering import set_targets
from store.fields import to_e8
from store.rivals import changed


def reduce(db: Connection, event: TradeReduced) -> None:
    """Write the close of a part.

    Raises:
        NotOpen: If the trade was not open any more, or not as it was known.
    """
    trade, seq = event.trade, len(event.trade.fills) - 1
    known = to_e8(trade.quantity + event.fill.quantity)
    written = db.execute(rows.REDUCE_TRADE, (*rows.PART.of(trade), trade.id, known))
    if written.rowcount != 1:
        stored = queries.trade(db, trade.id)
        if stored is None or stored.fills[: len(trade.fills)] != trade.fills:
            raise changed(trade, stored)
        return  # this very part was closed already, whatever became of the trade since
    db.execute(rows.ADD_FILL, (trade.id, seq, *rows.FILL.of(event.fill)))
    set_targets(db, trade)


def close(db: Connection, closings: Sequence[TradeClosed]) -> None:
    """Write the ends of some trades together.

    Raises:
        NotOpen: If one was not open any more, or not as it was known.
    """
    trades = [closing.trade for closing in closings]
    closed = db.execute_many(
        rows.CLOSE_TRADE,
        [
            (*rows.CLOSING.of(c.trade), c.trade.id, to_e8(c.trade.quantity + c.fill.quantity))
            for c in closings
        ],
    )
    all_were_open = closed == len(trades)
    if not all_were_open:
        _check_known(db, trades)
    db.execute_many(
        rows.ADD_FILL,
        [(c.trade.id, len(c.trade.fills) - 1, *rows.FILL.of(c.fill)) for c in closings],
    )
    db.execute_many(
        rows.FILL_TARGET,
        [
            (True, trade.id, position)
            for trade in trades
            for position, target in enumerate(trade.targets)
            if target.filled
        ],
    )
    if not all_were_open:
        # Fine only for those whose very same close was on disk already.
        for trade in trades:
            stored = queries.trade(db, trade.id)
            if stored is None or (stored.status, stored.fills) != (trade.status, trade.fills):
                raise changed(trade, stored)


def _check_known(db: Connection, trades: Sequence[Trade]) -> None:
    for trade in trades:
        if not db.execute(rows.HAS_TRADE, (trade.id,)).fetchone():
            raise changed(trade, None)
