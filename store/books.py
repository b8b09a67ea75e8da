"""The write path of trading: what happened goes to disk, whole or not at all.

Law: the database has the last word. The duplicate rule is two unique indexes; whatever else
happens to a trade is a compare-and-set on the state in which it was known. What is already
stored in exactly the same way is accepted again, so that a commit with an unknown outcome can
simply be repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.account import Account
from engine.events import (
    Event,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import Trade
from store import queries, rows
from store.changing import change, pay
from store.connection import Connection
from store.entering import cancel, open_trade, place
from store.errors import StoreError
from store.leaving import close, reduce
from store.queries import Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one commit holds."""

    events: Sequence[Event]
    account: Account
    """Totals after the events."""
    checkpoints: Mapping[str, Checkpoint]
    """How far the prints of some symbols have gone through the book."""
    moved: Sequence[Trade]
    """Active trades that prints have moved: their extremes, and stops that follow."""

    def time_ms(self, symbol: str) -> int:
        """Return when the last print of a symbol was, milliseconds UTC; 0 if not known."""
        reached = self.checkpoints.get(symbol)
        return reached.time_ms if reached else 0


def write(db: Connection, entry: Entry) -> None:
    """Write one entry.

    Raises:
        DuplicateTrade: If an active trade forbids one of the openings.
        NotOpen: If a trade was not as it was known: another process has closed, entered,
            cancelled or changed it.
        StoreError: If the account is unknown, or has begun a new session.
    """
    for (kind, _), run in groupby(entry.events, _run_of):
        if kind is TradeClosed:
            close(db, [event for event in run if isinstance(event, TradeClosed)])
        elif kind is TradeEdited:
            _change(db, run, entry)
        else:
            for event in run:
                _write_one(db, event)
    db.execute_many(
        rows.MOVE_TRADE, [(*rows.MOVED.of(trade), trade.id) for trade in entry.moved]
    )
    _set_totals(db, entry)


def _run_of(event: Event) -> tuple[type[Event], int]:
    """Return what neighbours must share to be written together: closes, changes of a trade."""
    if isinstance(event, TradeEdited | StopMoved):
        return TradeEdited, event.trade.id
    return type(event), 0


def _change(db: Connection, run: Iterable[Event], entry: Entry) -> None:
    events = [event for event in run if isinstance(event, TradeEdited | StopMoved)]
    change(db, events, entry.time_ms(events[-1].trade.symbol))


def _write_one(db: Connection, event: Event) -> None:
    match event:
        case TradePlaced():
            place(db, event)
        case TradeOpened():
            open_trade(db, event)
        case TradeReduced():
            reduce(db, event)
        case TradeCancelled():
            cancel(db, event)
        case FundingPaid():
            pay(db, event)


def _set_totals(db: Connection, entry: Entry) -> None:
    account = entry.account
    values = (*rows.TOTALS.of(account), account.name, account.session)
    if db.execute(rows.SET_TOTALS, values).rowcount != 1:
        if queries.account(db, account.name) is None:
            raise StoreError(f"The account {account.name} is not in the books.")
        raise StoreError(
            f"Another process has begun a new session of the account {account.name}. Start "
            "Paperdesk again."
        )
    db.execute_many(
        rows.SET_CHECKPOINT,
        [
            (account.name, account.market.value, symbol, reached.trade_id, reached.time_ms)
            for symbol, reached in entry.checkpoints.items()
        ],
    )
