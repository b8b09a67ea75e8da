"""What an order to open would do, or why it is refused (rules §§7, 15, 20)."""

from decimal import Decimal

from engine.commands import OpenTrade, Stake
from engine.costs import Costs
from engine.errors import Refused
from engine.fills import market_price, slipped
from engine.filters import check_market_order, check_price, market_quantity
from engine.model import Direction, EntryMode, Instrument, Market, PriceModel, Signal
from engine.money import ZERO, money, plain
from engine.plan import Plan
from engine.pnl import fee, gross, reward_risk
from engine.sizing import quantity_for

DRIFT_WARNING_R = Decimal("0.25")
DRIFT_QUESTION_R = Decimal("0.5")


def check_tradable(
    instrument: Instrument | None, command: OpenTrade, currency: str, *, spot_short: bool
) -> Instrument:
    """Check that the symbol can be traded at all on this account.

    Raises:
        Refused: If it is unknown, halted, quoted in another currency, or short is forbidden.
    """
    symbol = command.symbol
    if instrument is None:
        raise Refused("unknown_symbol", f"{symbol} is not traded on this exchange.")
    if not instrument.trading:
        raise Refused("not_trading", f"{symbol} is not trading now ({instrument.status}).")
    if instrument.quote != currency:
        raise Refused(
            "wrong_currency",
            f"{symbol} is paid in {instrument.quote}; this account holds {currency}.",
        )
    short = command.direction is Direction.SHORT
    if short and instrument.market is Market.SPOT and not spot_short:
        raise Refused("short_on_spot", f"Settings forbid a paper short on spot ({symbol}).")
    return instrument


def plan_open(
    command: OpenTrade, instrument: Instrument, costs: Costs, available: Decimal
) -> Plan:
    """Work out an order to open from the market it is stamped with.

    Args:
        command: The order; its quote must be fresh.
        instrument: Of the command's symbol.
        costs: Fees, slippage and fill model.
        available: What the account can spend, quote asset.

    Raises:
        Refused: With the first rule that the order breaks.
    """
    _check_signal(command)
    buying = command.direction is Direction.LONG
    price, model = _entry_price(command, instrument, costs, buying=buying)
    check_price(instrument, command.stop, "Stop")
    check_price(instrument, command.target, "Target")
    _check_sides(command, price)
    stop_fill = slipped(
        command.stop, buying=not buying, rate=costs.slippage, instrument=instrument
    )
    wanted = quantity_for(
        command.size, price=price, stop_fill=stop_fill, taker=costs.taker, equity=command.equity
    )
    quantity = market_quantity(instrument, wanted)
    check_market_order(instrument, quantity, price)
    entry_fee = fee(price, quantity, costs.taker)
    notional = price * quantity
    _check_affordable(notional + entry_fee, available, instrument)
    return _figures(
        command, costs, price=price, model=model, quantity=quantity, stop_fill=stop_fill
    )


def drift_r(signal: Signal, price: Decimal) -> Decimal | None:
    """Return how far *price* has run from the signal's entry, in its R; positive is its way."""
    risk = abs(signal.entry - signal.stop)
    return signal.direction.sign * (price - signal.entry) / risk if risk else None


def _entry_price(
    command: OpenTrade, instrument: Instrument, costs: Costs, *, buying: bool
) -> tuple[Decimal, PriceModel]:
    market, model = market_price(
        command.quote, buying=buying, costs=costs, instrument=instrument
    )
    if command.entry_mode is EntryMode.CLASSIC:
        if command.signal is None:
            raise Refused(
                "no_signal", "The classic entry needs a signal to take its price from."
            )
        return command.signal.entry, PriceModel.SIGNAL
    return market, model


def _check_signal(command: OpenTrade) -> None:
    signal, quote = command.signal, command.quote
    if signal and quote and signal.expires_ms <= quote.time_ms:
        raise Refused(
            "expired", f"This {signal.symbol} signal has expired; it is too old to trade."
        )


def _check_sides(command: OpenTrade, price: Decimal) -> None:
    sign = command.direction.sign
    word, away = ("below", "above") if sign > 0 else ("above", "below")
    if sign * (price - command.stop) <= 0:
        raise Refused(
            "stop_on_wrong_side",
            f"The stop {plain(command.stop)} must be {word} the entry, which would be "
            f"{plain(price)}.",
        )
    if sign * (command.target - price) <= 0:
        raise Refused(
            "target_on_wrong_side",
            f"The target {plain(command.target)} must be {away} the entry, which would be "
            f"{plain(price)}.",
        )


def _check_affordable(needed: Decimal, available: Decimal, instrument: Instrument) -> None:
    if needed > available:
        quote = instrument.quote
        raise Refused(
            "insufficient",
            f"The order needs {plain(money(needed))} {quote} with its fee; "
            f"{plain(max(money(available), ZERO))} {quote} is available.",
        )


def _figures(
    command: OpenTrade,
    costs: Costs,
    *,
    price: Decimal,
    model: PriceModel,
    quantity: Decimal,
    stop_fill: Decimal,
) -> Plan:
    direction, cost = command.direction, price * quantity
    entry_fee = fee(price, quantity, costs.taker)

    def net_at(exit_price: Decimal, rate: Decimal) -> Decimal:
        result = gross(direction, cost, exit_price, quantity)
        return result - entry_fee - fee(exit_price, quantity, rate)

    net_at_stop = net_at(stop_fill, costs.taker)
    net_at_target = net_at(command.target, costs.maker)
    drift = drift_r(command.signal, price) if command.signal else None
    return Plan(
        quantity=quantity,
        price=price,
        model=model,
        notional=cost,
        entry_fee=entry_fee,
        stake=money(command.size.amount if isinstance(command.size, Stake) else cost),
        net_at_stop=net_at_stop,
        net_at_target=net_at_target,
        risk=abs(price - command.stop) * quantity,
        reward_risk=reward_risk(price, command.stop, command.target),
        drift_r=drift,
        warnings=_warnings(drift, price, command),
    )


def _warnings(drift: Decimal | None, price: Decimal, command: OpenTrade) -> tuple[str, ...]:
    warnings = []
    if drift is not None and abs(drift) > DRIFT_WARNING_R:
        way = "towards the target" if drift > 0 else "towards the stop"
        warnings.append(f"The market has run {abs(drift):.2f} R {way} since the signal.")
    if reward_risk(price, command.stop, command.target) < 1:
        warnings.append("The target is nearer than the stop.")
    return tuple(warnings)
