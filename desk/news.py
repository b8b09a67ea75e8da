"""What a window has told of the trades, so that each event is told once, whoever runs the desk.

A window that looks on reads states, not events. What happened between two of them follows from
the trades themselves: each one opens once and ends once.
"""

from collections.abc import Iterable
from dataclasses import replace

from desk.view import Fact, WhileAway
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import Trade, TradeStatus
from engine.money import ZERO


class News:
    """Which openings and ends have been told."""

    def __init__(self) -> None:
        self.begun = False
        """Whether `begin` has said what is old news."""
        self.newest_id = 0
        """Trades with larger ids have not been told of."""
        self.open_ids: set[int] = set()
        """Trades whose end has not been told."""

    def begin(self, newest_id: int, active: Iterable[Trade]) -> None:
        """Take everything up to *newest_id* for told; only the *active* ones can still end."""
        self.begun, self.newest_id = True, newest_id
        self.open_ids = {trade.id for trade in active}

    def hear(self, fact: Fact) -> None:
        """Note what is being told."""
        match fact:
            case TradeOpened(trade):
                self.newest_id = max(self.newest_id, trade.id)
                self.open_ids.add(trade.id)
            case TradeClosed(trade) | WhileAway(TradeClosed(trade)):
                self.open_ids.discard(trade.id)
            case _:
                pass

    def of(self, trades: Iterable[Trade]) -> list[Event]:
        """Return what *trades* as they stand now add to what was told, by market time."""
        found: list[Event] = []
        for trade in trades:
            new = trade.id > self.newest_id
            if new:
                found.append(opening(trade))
            if (new or trade.id in self.open_ids) and not trade.status.active:
                found.append(TradeClosed(trade, trade.fills[-1]))
        # Sorting keeps what it finds equal in order: a trade opens before it ends.
        return sorted(found, key=lambda event: event.fill.time_ms)


def opening(trade: Trade) -> TradeOpened:
    """Return the event that opened a trade, however it stands by now."""
    entry = trade.fills[0]
    opened = replace(
        trade,
        status=TradeStatus.OPEN,
        close_reason=None,
        quantity=trade.initial_quantity,
        cost=entry.price * entry.quantity,
        stop=trade.initial_stop,
        stop_reason="initial",
        targets=tuple(replace(target, filled=False) for target in trade.targets),
        closed_ms=None,
        exit_price=None,
        gross=ZERO,
        fees=entry.fee,
        funding=ZERO,
        best=entry.price,
        worst=entry.price,
        fills=(entry,),
    )
    return TradeOpened(opened, entry)
