"""What a window has told of the trades, so that each event is told once, whoever runs the desk.

A window that looks on reads states, not events. What happened between two of them follows from
the trades themselves, where each fill is one event, and from their changes on record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from desk.story import happened
from desk.view import Fact, WhileAway
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
from store.changes import Change

Changes = Mapping[int, Sequence[Change]]
"""By trade id, what happened to the trade beside its fills, in order."""


@dataclass(slots=True)
class _Told:
    """How much of one trade has been told."""

    fills: int = 0
    changes: int | None = 0
    """None where that is not known: then what is on record at the next look is old news."""


class News:
    """How far each trade has been told of."""

    def __init__(self) -> None:
        self.begun = False
        """Whether `begin` has said what is old news."""
        self.newest_id = 0
        """Trades with larger ids have not been told of."""
        self._told: dict[int, _Told] = {}
        """By trade whose end has not been told."""

    @property
    def open_ids(self) -> Collection[int]:
        """Trades whose end has not been told."""
        return self._told.keys()

    def begin(
        self, newest_id: int, active: Iterable[Trade], changes: Changes | None = None
    ) -> None:
        """Take all that happened so far for told; only the *active* trades can still end.

        Args:
            newest_id: Of all trades.
            active: As they stand.
            changes: Of these trades; None where that is not known.
        """
        self.begun, self.newest_id = True, newest_id
        self._told = {
            trade.id: _Told(
                len(trade.fills), None if changes is None else len(changes.get(trade.id, ()))
            )
            for trade in active
        }

    def hear(self, fact: Fact) -> None:
        """Note what is being told."""
        match fact:
            case TradePlaced(trade) | TradeOpened(trade):
                self.newest_id = max(self.newest_id, trade.id)
                self._note(self._told.setdefault(trade.id, _Told()), fact)
            case TradeCancelled(trade) | TradeClosed(trade):
                self._told.pop(trade.id, None)
            case WhileAway(event):
                self.hear(event)
            case (
                TradeReduced(trade) | TradeEdited(trade) | StopMoved(trade) | FundingPaid(trade)
            ):
                if told := self._told.get(trade.id):
                    self._note(told, fact)
            case _:
                pass

    def _note(self, told: _Told, event: Event) -> None:
        if isinstance(event, TradeOpened | TradeReduced):
            told.fills = len(event.trade.fills)
        elif told.changes is not None:
            told.changes += 1

    def of(self, trades: Iterable[Trade], changes: Changes) -> list[Event]:
        """Return what trades as they stand now add to what was told, by market time.

        Args:
            trades: At least all that were placed or opened, or have ended, behind what was
                told, and the active ones.
            changes: Of these trades.
        """
        found: list[tuple[int, Event]] = []
        for trade in trades:
            told = _Told() if trade.id > self.newest_id else self._told.get(trade.id)
            if told is None:
                continue
            noted = changes.get(trade.id, ())
            if told.changes is None:
                told.changes = len(noted)
            time_ms = 0
            for step in happened(trade, noted):
                # Whatever its fills say of the time: a trade opens before it ends.
                time_ms = max(time_ms, step.time_ms)
                if step.number >= (told.fills if step.is_fill else told.changes):
                    found.append((time_ms, step.event))
        return [event for _, event in sorted(found, key=lambda timed: timed[0])]
