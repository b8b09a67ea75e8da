"""Why a fill has its price, in plain sentences (rules §22).

Pure: what a fill carries is enough, so that it says the same today and in a year.
"""

from datetime import UTC, datetime
from decimal import Decimal

from engine.model import (
    CloseReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    PriceModel,
    Source,
    Trade,
)
from engine.money import ZERO, money, plain
from engine.text import clean

_HUNDRED = Decimal(100)

_STOPS = {
    CloseReason.TRAILING_STOP: "trailing stop",
    CloseReason.BREAK_EVEN_STOP: "break-even stop",
}
_SOURCES = {
    Source.STREAM: "The desk saw it live, on the exchange's stream.",
    Source.BACKFILL: "The desk fetched it afterwards, while it caught up.",
    Source.REPLAY: "It comes from a recorded tape.",
    Source.MANUAL: "The order was given by hand.",
    Source.SIMULATED: "It comes from the simulated exchange.",
}


def why(trade: Trade, fill: Fill) -> list[str]:
    """Explain one fill: what was done, what triggered it, how it was priced, what it cost.

    Args:
        trade: As it stands now.
        fill: One of its fills.

    Returns:
        Sentences without markup, safe for a terminal; times are UTC, money is quote asset.
    """
    sentences = [
        _done(trade, fill),
        _cause(trade, fill),
        _candle(fill),
        _slippage(fill),
        _fee(trade, fill),
        _result(fill),
        _SOURCES[fill.source],
    ]
    return [sentence for sentence in sentences if sentence]


def slippage_of(fill: Fill) -> Decimal:
    """Return what slippage has cost in a fill, quote asset; 0 where it plays no part."""
    if fill.reference is None:
        return ZERO
    return money(abs(fill.price - fill.reference) * fill.quantity)


def _done(trade: Trade, fill: Fill) -> str:
    what = "Bought" if _buys(trade, fill) else "Sold"
    symbol = clean(trade.symbol, 40)
    return (
        f"{what} {plain(fill.quantity)} of {symbol} at {plain(fill.price)} "
        f"on {_time(fill.time_ms)} UTC."
    )


def _cause(trade: Trade, fill: Fill) -> str:
    match fill.kind:
        case FillKind.ENTRY:
            return _entry(trade, fill)
        case FillKind.STOP:
            return _stop(trade, fill)
        case FillKind.TARGET:
            return _target(fill)
        case FillKind.TIME:
            return (
                "The time stop was due: the trade is closed at the first price at or after its "
                f"deadline{_seen(fill)}."
            )
        case FillKind.LIQUIDATION:
            return (
                f"The mark price{_at(fill.print_price)} left less than the maintenance margin, "
                "so the position was liquidated. It is booked at the bankruptcy price, where "
                "its margin is just gone."
            )
        case FillKind.MANUAL:
            return f"A market order by hand, filled {_at_market(trade, fill)}."


def _entry(trade: Trade, fill: Fill) -> str:
    if fill.model is PriceModel.SIGNAL:
        return "Classic entry: at the signal's own price, whatever the market said."
    if fill.model is PriceModel.LEVEL:
        return (
            f"A limit order at {plain(fill.level or fill.price)} had waited until the market "
            f"reached it{_seen(fill)}. A resting order is filled at its own price."
        )
    if trade.entry_mode is EntryMode.STOP and fill.level is not None:
        return (
            f"A breakout order at {plain(fill.level)} had waited for the first price at or "
            f"beyond it, and is filled there{_seen(fill)}."
        )
    return f"A market order, filled {_at_market(trade, fill)}."


def _stop(trade: Trade, fill: Fill) -> str:
    name = _STOPS.get(trade.close_reason or CloseReason.STOP, "stop")
    level, met = fill.level, fill.reference or fill.print_price or fill.price
    reached = f" at {plain(level)}" if level is not None else ""
    sentence = f"The {name}{reached} was reached{_seen(fill)}."
    if level is None or met == level:
        return sentence
    return (
        f"{sentence} A stop is a market order: it fills at the first price at or beyond its "
        f"level, here {plain(abs(met - level))} beyond it."
    )


def _target(fill: Fill) -> str:
    reached = f" at {plain(fill.level)}" if fill.level is not None else ""
    sentence = f"The target{reached} was reached{_seen(fill)}."
    if fill.model is PriceModel.LEVEL:
        return f"{sentence} A target is a resting order: it fills at its own price."
    return f"{sentence} With these costs a target fills at the price that was seen."


def _at_market(trade: Trade, fill: Fill) -> str:
    if fill.model is PriceModel.TOUCH:
        side = "ask, the best offer" if _buys(trade, fill) else "bid, the best price offered"
        last = _at(fill.print_price) + _number(fill)
        return f"at the {side} of that moment" + (f"; the last trade was{last}" if last else "")
    doubt = ", for no fresh bid and ask were known" if trade.costs.use_touch else ""
    return f"at the last trade{_at(fill.print_price)}{_number(fill)}{doubt}"


def _candle(fill: Fill) -> str:
    if not fill.reconstructed:
        return ""
    which = "a candle"
    if fill.candle and fill.candle_ms is not None:
        which = f"the {fill.candle} candle that opened at {_time(fill.candle_ms)}"
    doubt = " Finer data could have shown another order of events." if fill.ambiguous else ""
    return f"No prints could be had of that time: {which} stands in for them.{doubt}"


def _slippage(fill: Fill) -> str:
    if fill.reference is None or fill.reference == fill.price:
        return ""
    return (
        f"Slippage moved the price from {plain(fill.reference)} to {plain(fill.price)}, "
        f"which cost {plain(slippage_of(fill))}."
    )


def _fee(trade: Trade, fill: Fill) -> str:
    if fill.kind is FillKind.LIQUIDATION:
        return "No fee is charged beyond the lost margin."
    if not fill.fee:
        return f"No fee was charged (cost profile {clean(trade.costs.profile, 20)})."
    maker = fill.kind is FillKind.TARGET or fill.model is PriceModel.LEVEL
    word, rate = ("maker", trade.costs.maker) if maker else ("taker", trade.costs.taker)
    worth = plain(money(fill.price * fill.quantity))
    verb = "paid" if fill.fee > 0 else "got back"
    return (
        f"As a {word} it {verb} a fee of {plain(abs(fill.fee))}, {_percent(rate)} of {worth}."
    )


def _result(fill: Fill) -> str:
    if fill.kind is FillKind.ENTRY:
        return ""
    sign = "+" if fill.gross > 0 else ""
    return f"It brought {sign}{plain(fill.gross)} before fees."


def _buys(trade: Trade, fill: Fill) -> bool:
    return (trade.direction is Direction.LONG) is (fill.kind is FillKind.ENTRY)


def _seen(fill: Fill) -> str:
    """Name the print that did it, where there was one."""
    if fill.reconstructed or fill.print_price is None:
        return ""
    return f" by print {plain(fill.print_price)}{_number(fill)}"


def _number(fill: Fill) -> str:
    return f" (no. {fill.trade_id})" if fill.trade_id else ""


def _at(price: Decimal | None) -> str:
    return "" if price is None else f" {plain(price)}"


def _percent(rate: Decimal) -> str:
    return f"{plain(rate * _HUNDRED)} %"


def _time(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03d}"
