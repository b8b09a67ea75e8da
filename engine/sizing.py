"""How much to buy or sell (rules §7). Results are not yet rounded to the exchange's grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from engine.errors import Refused
from engine.filters import LARGEST
from engine.model import Candle
from engine.money import ONE, ZERO
from engine.sizes import AtrUnit, Basis, EquityShare, Kelly, Quantity, Risk, Size, Stake

SMALL_SAMPLE = 30
"""Below so many trades, what the Kelly formula is fed with is mostly chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a size rule reckons with."""

    price: Decimal
    """Expected entry price, quote per base."""
    stop_fill: Decimal
    """Price at which the stop would fill, slippage included."""
    fee_in: Decimal
    """Fee rate of the entry, a fraction."""
    fee_out: Decimal
    """Fee rate of the stop, a fraction."""
    equity: Decimal | None = None
    """Of the account, quote; needed by every rule that speaks of it."""
    leverage: int = 1
    atr: Decimal | None = None
    """Average true range, quote per base; needed by `AtrUnit`."""


def quantity_for(size: Size, measures: Measures) -> Decimal:
    """Turn a size rule into base quantity.

    Raises:
        Refused: If the rule's number makes no sense, or what it needs is not known.
    """
    match size:
        case Stake(amount):
            return _amount(amount, "stake") / measures.price
        case Quantity(amount):
            return _amount(amount, "quantity")
        case EquityShare(fraction, basis):
            return quantity_for_share(fraction, basis, measures)
        case Risk(fraction, fees):
            return quantity_for_risk(fraction, measures, fees=fees)
        case AtrUnit(fraction):
            return quantity_for_unit(fraction, measures)
        case Kelly():
            return quantity_for_risk(kelly_fraction(size), measures, fees=True)


def quantity_for_share(fraction: Decimal, basis: Basis, measures: Measures) -> Decimal:
    """Return the quantity worth a share of equity, as notional or as margin (rules SIZ-2).

    Raises:
        Refused: If the share is not above 0, or equity is not known or spent.
    """
    if not fraction.is_finite() or not 0 < fraction <= LARGEST:
        raise Refused("bad_size", "The share of equity must be above 0 %.")
    times = measures.leverage if basis is Basis.MARGIN else 1
    return fraction * _equity(measures) * times / measures.price


def quantity_for_risk(fraction: Decimal, measures: Measures, *, fees: bool) -> Decimal:
    """Return the quantity whose stop-out costs *fraction* of equity (rules SIZ-3, SIZ-4).

    Args:
        fraction: Above 0, at most 1.
        measures: What is reckoned with.
        fees: Whether both fees are part of that loss.

    Raises:
        Refused: If the fraction makes no sense, equity is spent, or nothing is at risk.
    """
    _check_share(fraction, "risk")
    equity, price, stop = _equity(measures), measures.price, measures.stop_fill
    distance = abs(price - stop)
    if not distance:
        raise Refused("no_risk_distance", "The stop is at the entry: there is nothing to risk.")
    loss = distance
    if fees:
        loss += price * measures.fee_in + stop * measures.fee_out
    if loss <= 0:
        raise Refused(
            "no_risk_distance", "Rebates outweigh the stop: there is no risk to size by."
        )
    return fraction * equity / loss


def quantity_for_unit(fraction: Decimal, measures: Measures) -> Decimal:
    """Return the quantity for which one average true range is *fraction* of equity (SIZ-6).

    Raises:
        Refused: If the fraction makes no sense, or the range or equity is not known.
    """
    _check_share(fraction, "unit")
    equity, average = _equity(measures), measures.atr
    if average is None or not average.is_finite() or average <= 0:
        raise Refused(
            "no_atr", "The average true range is not known now; size by stake or risk instead."
        )
    return fraction * equity / average


def kelly_fraction(kelly: Kelly) -> Decimal:
    """Return the fraction of equity that a Kelly rule risks (rules SIZ-5).

    Raises:
        Refused: If there are no trades to learn from, or they show no edge.
    """
    _check_share(kelly.multiplier, "Kelly multiplier")
    _check_share(kelly.cap, "Kelly cap")
    rate, payoff = kelly.win_rate, kelly.payoff
    if kelly.sample <= 0 or rate is None or payoff is None or payoff <= 0:
        raise Refused(
            "no_sample",
            "The Kelly size needs closed trades, winners and losers, to learn from; "
            "size by stake or risk instead.",
        )
    full = rate - (ONE - rate) / payoff
    if full <= 0:
        raise Refused(
            "no_edge",
            f"Your last {kelly.sample} trades show no edge ({rate * 100:.0f} % won, payoff "
            f"{payoff:.2f}): the Kelly size is 0.",
        )
    return min(full * kelly.multiplier, kelly.cap)


def size_warnings(size: Size) -> tuple[str, ...]:
    """Return what a trader should know about a size that is not refused."""
    if isinstance(size, Kelly) and size.sample < SMALL_SAMPLE:
        trades = "1 trade" if size.sample == 1 else f"{size.sample} trades"
        return (f"The Kelly size comes from only {trades}; below {SMALL_SAMPLE} is chance.",)
    return ()


def true_range(candle: Candle, before: Candle | None) -> Decimal:
    """Return a candle's range, the gap to the close before it included (rules SIZ-6)."""
    if before is None:
        return candle.high - candle.low
    return max(
        candle.high - candle.low,
        abs(candle.high - before.close),
        abs(candle.low - before.close),
    )


def atr(candles: Sequence[Candle], length: int) -> Decimal | None:
    """Return Wilder's average true range, quote per base (rules SIZ-6).

    Args:
        candles: Closed ones, oldest first.
        length: Number of candles to average, at least 1.

    Returns:
        The average after the last candle, not rounded; None with fewer candles than *length*.
    """
    if length < 1 or len(candles) < length:
        return None
    ranges = list(_true_ranges(candles))
    average = sum(ranges[:length], ZERO) / length
    for latest in ranges[length:]:
        average = (average * (length - 1) + latest) / length
    return average


def _true_ranges(candles: Sequence[Candle]) -> Iterable[Decimal]:
    yield true_range(candles[0], None)
    for before, candle in pairwise(candles):
        yield true_range(candle, before)


def _amount(amount: Decimal, name: str) -> Decimal:
    if not amount.is_finite() or amount <= 0:
        raise Refused("bad_size", f"The {name} must be above 0.")
    if amount > LARGEST:
        raise Refused("too_large", f"The {name} is larger than any order can be.")
    return amount


def _check_share(fraction: Decimal, name: str) -> None:
    if not fraction.is_finite() or not 0 < fraction <= 1:
        raise Refused("bad_size", f"The {name} must be above 0 % and at most 100 %.")


def _equity(measures: Measures) -> Decimal:
    if measures.equity is None:
        raise Refused("no_equity", "Equity is not known yet; size by stake instead.")
    if measures.equity <= 0:
        raise Refused("insufficient", "The account has no equity left.")
    return measures.equity
