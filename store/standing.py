"""How an account stands, for a process that only looks on: read on one state of the books."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.account import Account
from engine.model import Signal, SignalStatus, Trade
from store import queries
from store.changes import Change, changes
from store.connection import Connection
from store.schema import ACTIVE, TradeRow

ALIVE = (SignalStatus.ACTIVE, SignalStatus.TAKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an onlooker knows already."""

    newest_trade_id: int
    open_trade_ids: Collection[int]
    """Trades that it has not seen end."""
    arrival: int | None
    """Position behind the newest signal; None where no signal was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An account now."""

    account: Account | None
    """None while its holder has not created it."""
    trades: tuple[Trade, ...]
    """In id order: the active ones, and those that opened or ended behind what was seen."""
    changes: Mapping[int, tuple[Change, ...]]
    """By id of one of these trades, what happened to it beside its fills, in order."""
    newest_trade_id: int
    signals: tuple[Signal, ...]
    """In order of arrival: those behind what was seen, or all that are not over."""
    arrival: int
    today_net: Decimal
    """Net result of the trades closed since the start of the day, quote."""


def standing(db: Connection, account: str, seen: Seen | None, day_start_ms: int) -> Standing:
    """Read how *account* stands; who has *seen* nothing is not told of the past."""
    wanted: Any = ACTIVE
    if seen:
        wanted |= TradeRow.id > seen.newest_trade_id
        wanted |= TradeRow.id.in_(tuple(seen.open_trade_ids))
    if seen and seen.arrival is not None:
        signals, arrival = queries.signals_since(db, seen.arrival)
    else:
        signals, arrival = queries.signals(db, statuses=ALIVE), queries.last_arrival(db)
    trades = queries.trades(db, TradeRow.account == account, wanted)
    return Standing(
        account=queries.account(db, account),
        trades=tuple(trades),
        changes=changes(db, trades),
        newest_trade_id=queries.next_trade_id(db) - 1,
        signals=tuple(signals),
        arrival=arrival,
        today_net=queries.net_since(db, account, day_start_ms),
    )
