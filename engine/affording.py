"""How large an order is: on the grid, accepted by the exchange, paid for (rules §§2, 7, 8)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from engine.commands import OpenTrade
from engine.costs import Costs
from engine.entry_price import Entry
from engine.errors import Refused
from engine.filters import (
    check_limit_order,
    check_market_order,
    limit_quantity,
    limit_step,
    market_quantity,
    market_step,
)
from engine.instrument import Instrument
from engine.margin import check_leverage, initial_margin
from engine.model import EntryMode, Market
from engine.money import ONE, ZERO, money, plain
from engine.pnl import fee
from engine.sizes import Stake
from engine.sizing import Measures, quantity_for, size_warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An entry as it would be sent; all money in quote asset."""

    quantity: Decimal
    """Base asset, on the quantity grid."""
    notional: Decimal
    fee: Decimal
    margin: Decimal
    """What it takes of the available money besides the fee (MRG-1)."""
    stake: Decimal
    """The stake asked for, else the notional."""
    warnings: tuple[str, ...] = ()


def order_of(
    command: OpenTrade,
    entry: Entry,
    *,
    stop_fill: Decimal,
    instrument: Instrument,
    costs: Costs,
    available: Decimal,
) -> Order:
    """Work out the order that a command's size comes to.

    Args:
        command: Says how large the trade is to be.
        entry: How it enters.
        stop_fill: Price at which its stop would fill, slippage included.
        instrument: Supplies the grid, the smallest and largest order, the margin table.
        costs: Fee rates.
        available: What the account can spend, quote.

    Raises:
        Refused: If the size makes no sense, the exchange would not take it, or the account
            cannot pay it.
    """
    measures = Measures(
        price=entry.price,
        stop_fill=stop_fill,
        fee_in=entry.fee_rate,
        fee_out=costs.taker,
        equity=command.equity,
        leverage=command.leverage,
        atr=command.atr,
    )
    wanted = _checked(quantity_for(command.size, measures), entry, instrument)
    check_leverage(command.leverage, wanted * entry.price, instrument)
    asked = _ordered(command, entry, wanted, instrument)
    if asked.margin + asked.fee <= available:
        return asked
    fitting = _fitting(command, entry, instrument, available)
    if not command.limits.reduce or fitting <= 0:
        quote = instrument.quote
        raise Refused(
            "insufficient",
            f"The order needs {plain(money(asked.margin + asked.fee))} {quote} with its fee; "
            f"{plain(max(money(available), ZERO))} {quote} is available.",
        )
    reduced = _ordered(command, entry, _checked(fitting, entry, instrument), instrument)
    smaller = (
        f"Made smaller to fit what is available: {plain(reduced.quantity)} instead of "
        f"{plain(wanted)} {instrument.base}."
    )
    return replace(
        reduced, stake=money(reduced.notional), warnings=(*reduced.warnings, smaller)
    )


def _checked(quantity: Decimal, entry: Entry, instrument: Instrument) -> Decimal:
    """Return a quantity on the grid that the exchange would accept."""
    rounded = _rounded(quantity, entry, instrument)
    check = check_limit_order if entry.mode is EntryMode.LIMIT else check_market_order
    check(instrument, rounded, entry.price)
    return rounded


def _rounded(quantity: Decimal, entry: Entry, instrument: Instrument) -> Decimal:
    limit = entry.mode is EntryMode.LIMIT
    return (limit_quantity if limit else market_quantity)(instrument, quantity)


def _ordered(
    command: OpenTrade, entry: Entry, quantity: Decimal, instrument: Instrument
) -> Order:
    cost = entry.price * quantity
    spot = instrument.market is Market.SPOT
    return Order(
        quantity=quantity,
        notional=cost,
        fee=fee(entry.price, quantity, entry.fee_rate),
        margin=cost if spot else initial_margin(cost, command.leverage),
        stake=money(command.size.amount if isinstance(command.size, Stake) else cost),
        warnings=size_warnings(command.size),
    )


def _fitting(
    command: OpenTrade, entry: Entry, instrument: Instrument, available: Decimal
) -> Decimal:
    """Return the largest quantity on the grid that can be paid (rules SIZ-7)."""
    each = entry.price * (ONE / command.leverage + entry.fee_rate)
    quantity = _rounded(max(available, ZERO) / each, entry, instrument)
    order = _ordered(command, entry, quantity, instrument)
    if order.margin + order.fee <= available:
        return quantity
    # Margin and fee are rounded on their own: together they can be a hair above.
    limit = entry.mode is EntryMode.LIMIT
    return quantity - (limit_step if limit else market_step)(instrument)
