"""Trades with everything: ladders, moving stops, time stops and waiting entries, by chance."""

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from engine.asked import Offset, Unit
from engine.commands import (
    REMOVED,
    BreakEvenOrder,
    CancelTrade,
    CloseTrade,
    Command,
    EditTrade,
    OpenTrade,
    TargetOrder,
    TrailOrder,
    UndoEdit,
)
from engine.errors import Refused
from engine.model import Direction, EntryMode, Trade, TradeStatus
from engine.sizes import Stake
from engine.stops import StopPolicy

if TYPE_CHECKING:
    from desk.session import Session

SHARES = (
    ("1",),
    ("0.5", "0.5"),
    ("0.4", "0.35", "0.25"),
    ("0.25", "0.25", "0.25", "0.25"),
    ("0.1", "0.2", "0.3", "0.15", "0.25"),
)
MODES = (EntryMode.MARKET, EntryMode.MARKET, EntryMode.LIMIT, EntryMode.STOP)


class Planner:
    """Makes up orders; the same chance makes up the same ones."""

    def __init__(self, chance: Random, *, reach: float, within_ms: int) -> None:
        """Prepare.

        Args:
            chance: Decides.
            reach: How far the farthest levels are about, a fraction of the price.
            within_ms: How long prices will be watched: some times lie in it, none at its end.
        """
        self._chance = chance
        self._reach = reach
        self._within_ms = within_ms

    def order(
        self, symbol: str, direction: Direction, last: Decimal, tick: Decimal
    ) -> OpenTrade:
        """Make up one order around the last price."""
        chance = self._chance
        mode = chance.choice(MODES)
        away = max(tick, (last * self._part(0.02, 0.3)).quantize(tick)) * direction.sign
        entry = last + away if mode is EntryMode.STOP else last - away
        return OpenTrade(
            symbol=symbol,
            direction=direction,
            stop=Offset(self._part(0.3, 1.5), Unit.FRACTION),
            targets=self.targets(),
            size=Stake(Decimal(400)),
            entry_mode=mode,
            entry=None if mode is EntryMode.MARKET else entry,
            lives_ms=self._moment() or 30 * 86_400_000,
            trailing=self.trailing(),
            break_even=self.break_even(),
            after_target=chance.choice(list(StopPolicy)),
            hold_ms=self._moment(),
        )

    def change(self, trade: Trade) -> Command:
        """Make up what a trader does next with an active trade."""
        chance, number = self._chance, trade.id
        if trade.status is TradeStatus.PENDING and chance.random() < 0.3:
            return CancelTrade(trade_id=number)
        part = Decimal(chance.choice(("0.25", "0.5", "0.75")))
        return chance.choice(
            (
                CloseTrade(trade_id=number, fraction=part),
                UndoEdit(trade_id=number),
                EditTrade(trade_id=number, targets=self.targets()),
                EditTrade(trade_id=number, trailing=self.trailing() or REMOVED, widen=True),
                EditTrade(trade_id=number, break_even=BreakEvenOrder()),
                EditTrade(trade_id=number, break_even=self.break_even() or REMOVED, widen=True),
                EditTrade(trade_id=number, stop=self._nearer(trade)),
                EditTrade(trade_id=number, hold_ms=self._moment() or REMOVED),
            )
        )

    def _nearer(self, trade: Trade) -> Decimal:
        """Return a stop between the present one and the entry."""
        tick = Decimal(1).scaleb(int(trade.initial_stop.as_tuple().exponent))
        part = Decimal(f"{self._chance.uniform(0.1, 0.9):.2f}")
        return (trade.stop + part * (trade.entry_price - trade.stop)).quantize(tick)

    def targets(self) -> tuple[TargetOrder, ...]:
        shares = self._chance.choice(SHARES)
        runner = len(shares) > 1 and self._chance.random() < 0.5
        levels: list[Offset | None] = []
        away = Decimal(0)
        for _ in shares:
            away += self._part(0.25, 1.5 / len(shares))
            levels.append(Offset(away, Unit.FRACTION))
        if runner:
            levels[-1] = None
        return tuple(
            TargetOrder(price=level, fraction=Decimal(share))
            for level, share in zip(levels, shares, strict=True)
        )

    def trailing(self) -> TrailOrder | None:
        chance = self._chance
        if chance.random() < 0.4:
            return None
        distance = Offset(self._part(0.1, 0.6), Unit.FRACTION)
        if chance.random() < 0.5:
            distance = Offset(Decimal(chance.randint(2, 12)) / 10, Unit.R)
        activation = Offset(Decimal(chance.randint(1, 10)) / 10, Unit.R)
        step = Offset(self._part(0.02, 0.1), Unit.FRACTION)
        return TrailOrder(
            distance=distance,
            activation=chance.choice((None, activation)),
            step=chance.choice((None, step)),
        )

    def break_even(self) -> BreakEvenOrder | None:
        chance = self._chance
        if chance.random() < 0.5:
            return None
        triggers = (
            None,
            Offset(Decimal(chance.randint(2, 10)) / 10, Unit.R),
            Offset(self._part(0.1, 0.8), Unit.FRACTION),
        )
        return BreakEvenOrder(
            trigger=chance.choice(triggers),
            offset=chance.choice((None, Offset(self._part(0.01, 0.05), Unit.FRACTION))),
        )

    def _moment(self) -> int | None:
        """Return a span that ends well before the watching does, or None."""
        if self._chance.random() < 0.6:
            return None
        return round(self._within_ms * self._chance.uniform(0.05, 0.7))

    def _part(self, low: float, high: float) -> Decimal:
        return Decimal(f"{self._reach * self._chance.uniform(low, high):.6f}")


async def place_smart(
    session: "Session", symbol: str, direction: Direction, planner: Planner
) -> Trade:
    """Place a made-up order; what the rules refuse is made up anew."""
    await session.feed.ready(symbol)
    for _ in range(20):
        price, tick = session.feed.board[symbol], session.instruments[symbol].tick
        assert price.last is not None
        try:
            [event] = await session.submit(planner.order(symbol, direction, price.last, tick))
        except Refused as exc:
            refused = exc
        else:
            return event.trade
    raise refused
