"""The active trades of one symbol: which prices matter to them, and what they have seen."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from engine.followers import Follower
from engine.levels import NEVER_MS, LevelIndex, Watch
from engine.model import EntryMode, Trade, TradeStatus
from engine.money import MONEY_UNIT
from engine.moving import break_even_price, followed, next_move
from engine.stops import Trailing

_NEVER = {1: Decimal("Infinity"), -1: Decimal("-Infinity")}


class SymbolTrades:
    """Keeps trades of one symbol and the index of their levels in step."""

    __slots__ = ("_trades", "index")

    def __init__(self) -> None:
        self.index = LevelIndex()
        self._trades: dict[int, Trade] = {}

    def __iter__(self) -> Iterator[int]:
        """Yield the ids of the trades."""
        return iter(self._trades)

    def __len__(self) -> int:
        """Return the number of trades."""
        return len(self._trades)

    def get(self, trade_id: int) -> Trade:
        """Return a trade as it stands after the last print."""
        return self.after(trade_id, self.index.run_low, self.index.run_high)

    def after(self, trade_id: int, low: Decimal, high: Decimal) -> Trade:
        """Return a trade as it stands after a run of prints from *low* to *high*."""
        trade = self._trades[trade_id]
        return having_lived(trade, low, high) if low <= high else trade

    def plain(self, trade_id: int) -> Trade:
        """Return a trade without what it has seen since it was put here: cheaper."""
        return self._trades[trade_id]

    def put(self, trade: Trade) -> None:
        """Go on with a trade as it stands after the last print."""
        self._trades[trade.id] = trade
        self.index.add(trade.id, watch_of(trade))

    def begin(self, trade: Trade) -> None:
        """Take in a trade that has seen nothing yet, or whose stops begin anew."""
        self.fold()
        self.index.begun_ms = max(self.index.begun_ms, trade.opened_ms)
        self.put(trade)

    def remove(self, trade_id: int) -> None:
        """Forget a trade."""
        del self._trades[trade_id]
        self.index.discard(trade_id)

    def fold(self) -> None:
        """Give the running extremes to the trades that lived through them; begin a new run."""
        index = self.index
        if index.run_low > index.run_high:
            return  # no print since the last time
        lived = {trade_id: self.get(trade_id) for trade_id in self._trades}
        index.start_run()
        for trade_id, trade in lived.items():
            if trade is not self._trades[trade_id] and trade.trailing:
                self.put(trade)
            self._trades[trade_id] = trade


def having_seen(trade: Trade, *prices: Decimal) -> Trade:
    """Return the trade with its best and worst price widened to *prices*."""
    best, worst = trade.best, trade.worst
    for price in prices:
        if trade.direction.sign > 0:
            best, worst = max(best, price), min(worst, price)
        else:
            best, worst = min(best, price), max(worst, price)
    if best == trade.best and worst == trade.worst:
        return trade
    return replace(trade, best=best, worst=worst)


def having_lived(trade: Trade, low: Decimal, high: Decimal) -> Trade:
    """Return the trade after prices from *low* to *high* at which nothing happened.

    Its trailing stop has followed the best of them.
    """
    if trade.status is TradeStatus.PENDING:
        return trade
    seen = having_seen(trade, low, high)
    trailing = trade.trailing
    if trailing is None or trailing.best is None:
        return seen
    moved = _lived(trailing, trade, high if trade.direction.sign > 0 else low)
    return seen if moved is trailing else replace(seen, trailing=moved)


def _lived(trailing: Trailing, trade: Trade, best: Decimal) -> Trailing:
    assert trailing.best is not None  # the caller has looked
    if not trailing.step:
        return followed(trailing, trade.direction, best)
    # With a step each move is watched as a level of its own, so there was none.
    if trade.direction.sign * (best - trailing.best) <= 0:
        return trailing
    return replace(trailing, best=best)


def watch_of(trade: Trade) -> Watch:
    """Return what has to be watched for a trade."""
    if trade.status is TradeStatus.PENDING:
        return _awaited(trade)
    long = trade.direction.sign > 0
    nearest = min if long else max
    adverse = trade.stop
    favourable = nearest(levels_in_favour(trade), default=_NEVER[trade.direction.sign])
    return Watch(
        below=adverse if long else favourable,
        above=favourable if long else adverse,
        follower=_follower(trade),
        until_ms=NEVER_MS if trade.deadline_ms is None else trade.deadline_ms,
    )


def _awaited(trade: Trade) -> Watch:
    sign = trade.direction.sign
    if trade.entry_mode is EntryMode.STOP:
        adverse, favourable = trade.fixed_stop, trade.entry_price
    else:
        adverse, favourable = trade.entry_price, _NEVER[sign]
        if trade.targets:
            favourable = trade.targets[0].price
    return Watch(
        below=adverse if sign > 0 else favourable,
        above=favourable if sign > 0 else adverse,
        until_ms=NEVER_MS if trade.expires_ms is None else trade.expires_ms,
    )


def levels_in_favour(trade: Trade) -> list[Decimal]:
    """Return the next prices at which something good may happen to an open trade."""
    trailing, even = trade.trailing, trade.break_even
    levels = []
    if target := trade.next_target:
        levels.append(target.price)
    if even and even.stop is None:
        if even.due:
            levels.append(break_even_price(trade, MONEY_UNIT))
        elif even.trigger is not None:
            levels.append(even.trigger)
    if trailing and trailing.best is None and trailing.activation is not None:
        levels.append(trailing.activation)
    if trailing and (move := next_move(trailing, trade.direction)) is not None:
        levels.append(move)
    return levels


def _follower(trade: Trade) -> Follower | None:
    trailing = trade.trailing
    if trailing is None or trailing.best is None or trailing.step:
        return None
    return Follower(
        sign=trade.direction.sign,
        best=trailing.best,
        distance=trailing.distance,
        relative=trailing.relative,
        tick=trailing.tick,
    )
