"""What a window has told of the trades, so that each event is told once, whoever runs the desk.

A window that looks on reads states, not events. What happened between two of them follows from
the trades themselves: each fill is one event.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from desk.view import Fact, WhileAway
from engine.events import Event, TradeClosed, TradeOpened, TradeReduced
from engine.model import Trade, TradeStatus
from engine.money import ZERO
from engine.pnl import open_cost


class News:
    """Which fills have been told."""

    def __init__(self) -> None:
        self.begun = False
        """Whether `begin` has said what is old news."""
        self.newest_id = 0
        """Trades with larger ids have not been told of."""
        self._fills: dict[int, int] = {}
        """By trade whose end has not been told, how many of its fills have been."""

    @property
    def open_ids(self) -> Collection[int]:
        """Trades whose end has not been told."""
        return self._fills.keys()

    def begin(self, newest_id: int, active: Iterable[Trade]) -> None:
        """Take everything up to *newest_id* for told; only the *active* ones can still end."""
        self.begun, self.newest_id = True, newest_id
        self._fills = {trade.id: len(trade.fills) for trade in active}

    def hear(self, fact: Fact) -> None:
        """Note what is being told."""
        match fact:
            case TradeOpened(trade):
                self.newest_id = max(self.newest_id, trade.id)
                self._fills[trade.id] = 1
            case TradeReduced(trade):
                self._fills[trade.id] = len(trade.fills)
            case TradeClosed(trade) | WhileAway(TradeClosed(trade)):
                self._fills.pop(trade.id, None)
            case _:
                pass

    def of(self, trades: Iterable[Trade]) -> list[Event]:
        """Return what *trades* as they stand now add to what was told, by market time."""
        found: list[tuple[int, Event]] = []
        for trade in trades:
            told = 0 if trade.id > self.newest_id else self._fills.get(trade.id)
            if told is None:
                continue
            time_ms = 0
            for number in range(told + 1, len(trade.fills) + 1):
                event = event_of(trade, number)
                # Whatever its fills say of the time: a trade opens before it ends.
                time_ms = max(time_ms, event.fill.time_ms)
                found.append((time_ms, event))
        return [event for _, event in sorted(found, key=lambda timed: timed[0])]


def event_of(trade: Trade, number: int) -> Event:
    """Return the event that a trade's fill was, however the trade stands by now.

    Args:
        trade: As it is stored.
        number: Of the fill, from 1.
    """
    fill = trade.fills[number - 1]
    if number == 1:
        opened = replace(_as_of(trade, 1), best=fill.price, worst=fill.price)
        return TradeOpened(opened, fill)
    if number < len(trade.fills):
        return TradeReduced(_as_of(trade, number), fill)
    return TradeReduced(trade, fill) if trade.status.active else TradeClosed(trade, fill)


def _as_of(trade: Trade, number: int) -> Trade:
    """Return a trade as it was after some of its fills; its extremes stay those of now."""
    fills = trade.fills[:number]
    left = trade.initial_quantity - sum((fill.quantity for fill in fills[1:]), ZERO)
    return replace(
        trade,
        status=TradeStatus.OPEN,
        close_reason=None,
        quantity=left,
        cost=open_cost(trade.direction, fills),
        stop=trade.initial_stop,
        stop_reason="initial",
        targets=tuple(replace(target, quantity=left, filled=False) for target in trade.targets),
        closed_ms=None,
        exit_price=None,
        gross=sum((fill.gross for fill in fills), ZERO),
        fees=sum((fill.fee for fill in fills), ZERO),
        funding=ZERO,
        fills=fills,
    )
