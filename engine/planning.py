"""What an order to open would do, or why it is refused (rules §§7, 15, 20, 21)."""

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from engine.affording import Order, order_of
from engine.caps import check_caps, check_caps_before
from engine.commands import OpenTrade
from engine.costs import Costs
from engine.entry_price import Entry, check_market, check_sides, entry_of
from engine.errors import Refused
from engine.fills import slipped
from engine.instrument import Instrument
from engine.ladder import Asked, check_levels, laddered, still_ahead
from engine.margin import (
    liquidation_price,
    liquidation_shown,
    stop_behind_liquidation,
)
from engine.model import Direction, EntryMode, Market, Signal, Target
from engine.money import plain
from engine.outlook import Entered, Outlook, outlook_of
from engine.plan import Plan, Room
from engine.pnl import break_even
from engine.resolve import Anchor, break_even_of, price_of, trailing_of
from engine.stops import BreakEven, Trailing

DRIFT_WARNING_R = Decimal("0.25")
DRIFT_QUESTION_R = Decimal("0.5")
DEFAULT_LIFE_MS = 4 * 3_600_000
"""How long an order waits whose signal does not say."""
LONGEST_MS = 10 * 365 * 86_400_000


def check_tradable(
    instrument: Instrument | None,
    command: OpenTrade,
    currency: str,
    *,
    market: Market,
    spot_short: bool,
) -> Instrument:
    """Check that the symbol can be traded at all on this account.

    Args:
        instrument: Of the command's symbol; None where the exchange has none.
        command: The order.
        currency: That the account holds.
        market: That the account trades.
        spot_short: Whether a paper short on a spot symbol is allowed.

    Raises:
        Refused: If it is unknown, halted, of another market or currency, or a short is
            forbidden.
    """
    symbol = command.symbol
    if command.signal and command.signal.market is not market:
        raise _wrong_market(f"This {symbol} signal is", command.signal.market, market)
    if instrument is None:
        raise Refused("unknown_symbol", f"{symbol} is not traded on this exchange.")
    if instrument.market is not market:
        raise _wrong_market(f"{symbol} is a symbol", instrument.market, market)
    if not instrument.trading:
        raise Refused("not_trading", f"{symbol} is not trading now ({instrument.status}).")
    if instrument.quote != currency:
        raise Refused(
            "wrong_currency",
            f"{symbol} is paid in {instrument.quote}; this account holds {currency}.",
        )
    short = command.direction is Direction.SHORT
    if short and market is Market.SPOT and not spot_short:
        raise Refused("short_on_spot", f"Settings forbid a paper short on spot ({symbol}).")
    return instrument


def plan_open(command: OpenTrade, instrument: Instrument, costs: Costs, room: Room) -> Plan:
    """Work out an order to open from the market it is stamped with.

    Args:
        command: The order; its quote must be fresh.
        instrument: Of the command's symbol.
        costs: Fees, slippage and fill model.
        room: What the account has left.

    Raises:
        Refused: With the first rule that the order breaks.
    """
    _check_times(command)
    check_caps_before(command, room.trades, instrument.quote)
    entry = entry_of(command, instrument, costs)
    exits = _exits(command, entry, instrument, costs)
    order = order_of(
        command,
        entry,
        stop_fill=exits.stop_fill,
        instrument=instrument,
        costs=costs,
        available=room.available,
    )
    liquidation = _liquidation(command.direction, exits.stop, order, instrument)
    targets, merged = laddered(
        exits.levels, order.quantity, instrument, direction=command.direction
    )
    entered = Entered(
        direction=command.direction,
        price=entry.price,
        quantity=order.quantity,
        cost=order.notional,
        fee=order.fee,
        costs=costs,
    )
    outlook = outlook_of(entered, exits.stop, exits.stop_fill, targets)
    check_caps(
        command,
        room.trades,
        instrument.quote,
        notional=order.notional,
        loss=-outlook.net_at_stop,
    )
    drift = drift_r(command.signal, entry.price) if command.signal else None
    worked = _Worked(entry, exits, order, outlook, targets, liquidation, drift, merged)
    return _plan(command, instrument, costs, worked)


def drift_r(signal: Signal, price: Decimal) -> Decimal | None:
    """Return how far *price* has run from the signal's entry, in its R; positive is its way."""
    risk = abs(signal.entry - signal.stop)
    return signal.direction.sign * (price - signal.entry) / risk if risk else None


class _Exits(NamedTuple):
    """Where an order would leave the market, as prices."""

    stop: Decimal
    stop_fill: Decimal
    levels: tuple[Asked, ...]
    passed: tuple[str, ...]
    trailing: Trailing | None
    break_even: BreakEven | None


class _Worked(NamedTuple):
    """What has been worked out about an order."""

    entry: Entry
    exits: _Exits
    order: Order
    outlook: Outlook
    targets: tuple[Target, ...]
    liquidation: Decimal | None
    drift: Decimal | None
    merged: tuple[str, ...]


def _exits(command: OpenTrade, entry: Entry, instrument: Instrument, costs: Costs) -> _Exits:
    start = Anchor(
        entry=entry.price,
        stop=None,
        direction=command.direction,
        atr=command.atr,
        instrument=instrument,
    )
    stop = price_of(command.stop, start, favourable=False, name="Stop")
    anchor = replace(start, stop=stop)
    prices = [
        None
        if target.price is None
        else price_of(target.price, anchor, favourable=True, name="Target")
        for target in command.targets
    ]
    asked = tuple(
        (price, target.fraction) for price, target in zip(prices, command.targets, strict=True)
    )
    check_levels(asked, command.direction)
    levels, passed = asked, tuple[str, ...]()
    if entry.mode is EntryMode.MARKET:
        levels, passed = still_ahead(asked, entry.price, command.direction)
    priced = [price for price, _ in levels if price is not None]
    check_sides(command.direction, entry.price, stop, priced)
    assert command.quote is not None  # an entry without a fresh price is refused before
    check_market(command.direction, entry, command.quote, stop, priced)
    short = command.direction is Direction.SHORT
    return _Exits(
        stop=stop,
        stop_fill=slipped(stop, buying=short, costs=costs, instrument=instrument),
        levels=levels,
        passed=passed,
        trailing=trailing_of(command.trailing, anchor) if command.trailing else None,
        break_even=break_even_of(command.break_even, anchor) if command.break_even else None,
    )


def _liquidation(
    direction: Direction, stop: Decimal, order: Order, instrument: Instrument
) -> Decimal | None:
    """Return the liquidation price for the screen; a stop behind it can never work (LIQ-3)."""
    if instrument.market is Market.SPOT:
        return None
    line = liquidation_price(
        direction, order.quantity, order.notional, order.margin, instrument
    )
    shown = liquidation_shown(line, direction, instrument)
    if shown is not None and stop_behind_liquidation(direction, stop, line):
        about = "about " if instrument.brackets_estimated else ""
        raise Refused(
            "stop_behind_liquidation",
            f"The stop {plain(stop)} lies behind the liquidation at {about}{plain(shown)}: it "
            "could never work. Take less leverage or a nearer stop.",
        )
    return shown


def _plan(command: OpenTrade, instrument: Instrument, costs: Costs, worked: _Worked) -> Plan:
    entry, exits, order, outlook = worked[:4]
    return Plan(
        entry_mode=entry.mode,
        waits_for=entry.waits_for,
        price=entry.price,
        reference=entry.reference,
        model=entry.model,
        quantity=order.quantity,
        notional=order.notional,
        entry_fee=order.fee,
        stake=order.stake,
        leverage=command.leverage,
        margin=order.margin,
        liquidation=worked.liquidation,
        liquidation_estimated=instrument.brackets_estimated,
        stop=exits.stop,
        targets=worked.targets,
        trailing=exits.trailing,
        break_even=exits.break_even,
        after_target=command.after_target,
        hold_ms=command.hold_ms,
        expires_ms=_expires_ms(command) if entry.waits_for is not None else None,
        net_at_stop=outlook.net_at_stop,
        net_at_targets=outlook.net_at_targets,
        risk=outlook.risk,
        reward_risk=outlook.reward_risk,
        reward_risk_net=outlook.reward_risk_net,
        break_even_win_rate=outlook.break_even_win_rate,
        break_even_price=break_even(
            command.direction, entry.price, entry.fee_rate, costs.taker, instrument
        ),
        drift_r=worked.drift,
        warnings=(
            *_warnings(worked.drift, outlook.reward_risk),
            *order.warnings,
            *exits.passed,
            *worked.merged,
        ),
    )


def _check_times(command: OpenTrade) -> None:
    signal, quote = command.signal, command.quote
    if signal and quote and signal.expires_ms <= quote.time_ms:
        raise Refused(
            "expired", f"This {signal.symbol} signal has expired; it is too old to trade."
        )
    for name, span_ms in (("time stop", command.hold_ms), ("order", command.lives_ms)):
        if span_ms is not None:
            check_span(span_ms, name)


def check_span(span_ms: int, name: str) -> None:
    """Check how long something is to last, milliseconds.

    Raises:
        Refused: If that is no time, or longer than anybody waits.
    """
    if not 0 < span_ms <= LONGEST_MS:
        raise Refused("bad_time", f"The {name} must last above 0 and at most 10 years.")


def _expires_ms(command: OpenTrade) -> int:
    assert command.quote is not None  # an entry without a fresh price is refused before
    now_ms = command.quote.time_ms
    if command.lives_ms is not None:
        return now_ms + command.lives_ms
    return command.signal.expires_ms if command.signal else now_ms + DEFAULT_LIFE_MS


def _wrong_market(subject: str, its: Market, market: Market) -> Refused:
    return Refused(
        "wrong_market",
        f"{subject} for {its.lower()}; this account trades {market.lower()} only.",
    )


def _warnings(drift: Decimal | None, ratio: Decimal) -> tuple[str, ...]:
    warnings = []
    if drift is not None and abs(drift) > DRIFT_WARNING_R:
        way = "towards the target" if drift > 0 else "towards the stop"
        warnings.append(f"The market has run {abs(drift):.2f} R {way} since the signal.")
    if ratio < 1:
        warnings.append("The target is nearer than the stop.")
    return tuple(warnings)
