"""Isolated margin: how much a futures trade sets aside, and when it is gone (rules §8).

Pure formulas on exact decimals. Liquidation is decided by `liquidated` on the mark price; the
liquidation price only tells where that will be.
"""

from decimal import Decimal

from engine.brackets import bracket_at, brackets_of
from engine.errors import Refused
from engine.instrument import Bracket, Instrument
from engine.model import (
    Candle,
    Direction,
    Fill,
    FillKind,
    Market,
    PriceModel,
    Source,
    Trade,
    TradeStatus,
)
from engine.money import ZERO, ceil_to, floor_to, money, plain
from engine.pnl import released_cost

MAX_LEVERAGE = 125


def initial_margin(cost: Decimal, leverage: int) -> Decimal:
    """Return what an entry worth *cost* sets aside, quote (rules MRG-1)."""
    return money(cost / leverage)


def released_margin(wallet: Decimal, quantity: Decimal, closing: Decimal) -> Decimal:
    """Return the part of an isolated wallet that closing some of the quantity frees (PRT-2).

    Args:
        wallet: Isolated wallet of the open quantity, quote.
        quantity: Open quantity, base.
        closing: Quantity being closed, at most *quantity*.
    """
    return released_cost(wallet, quantity, closing)


def maintenance(notional: Decimal, brackets: tuple[Bracket, ...]) -> Decimal:
    """Return the maintenance margin of a notional at the mark price, not rounded (MRG-2)."""
    bracket = bracket_at(notional, brackets)
    return notional * bracket.rate - bracket.cum


def check_leverage(leverage: int, notional: Decimal, instrument: Instrument) -> None:
    """Check that the exchange would give so much leverage for a position so large.

    Args:
        leverage: Asked for.
        notional: Value of the position at its entry, quote.
        instrument: Supplies the margin table.

    Raises:
        Refused: If the leverage is out of range, or above that of the notional's bracket.
    """
    if instrument.market is Market.SPOT:
        if leverage != 1:
            raise Refused("leverage_out_of_range", "There is no leverage on spot: take 1.")
        return
    if not 1 <= leverage <= MAX_LEVERAGE:
        raise Refused(
            "leverage_out_of_range",
            f"Leverage must be a whole number from 1 to {MAX_LEVERAGE}, not {leverage}.",
        )
    table = brackets_of(instrument)
    worth = f"a position of {plain(money(notional))} {instrument.quote}"
    source = " by the desk's estimated margin table" if _estimated(instrument) else ""
    if notional > table[-1].cap:
        raise Refused(
            "above_notional",
            f"{instrument.symbol} allows no more than {plain(table[-1].cap)} "
            f"{instrument.quote}{source}; this is {worth}.",
        )
    most = bracket_at(notional, table).leverage
    if leverage > most:
        raise Refused(
            "leverage_above_bracket",
            f"{instrument.symbol} allows at most {most}x for {worth}{source}; "
            f"{leverage}x was asked for.",
        )


def liquidation_price(
    direction: Direction,
    quantity: Decimal,
    cost: Decimal,
    wallet: Decimal,
    instrument: Instrument,
) -> Decimal | None:
    """Return the mark price at which the wallet no longer covers the maintenance margin.

    The bracket is that of the notional at this very price, not at the entry (rules LIQ-1).

    Args:
        direction: Of the trade.
        quantity: Open quantity, base, above 0.
        cost: Cost pool of that quantity, quote.
        wallet: Isolated wallet, quote.
        instrument: Supplies the margin table.

    Returns:
        The price, not rounded; None where no price above 0 does it.
    """
    sign, table = direction.sign, brackets_of(instrument)
    for bracket in table:
        notional = (wallet + bracket.cum - sign * cost) / (bracket.rate - sign)
        inside = notional <= bracket.cap or bracket is table[-1]
        if inside and notional >= bracket.floor:
            return notional / quantity if notional > 0 else None
    return None


def liquidation_shown(
    price: Decimal | None, direction: Direction, instrument: Instrument
) -> Decimal | None:
    """Round a liquidation price for the screen, towards the entry (rules RND-3)."""
    if price is None:
        return None
    rounded = ceil_to if direction is Direction.LONG else floor_to
    return rounded(price, instrument.tick)


def liquidation_of(trade: Trade, instrument: Instrument) -> Decimal | None:
    """Return a futures trade's liquidation price, not rounded; None where it has none.

    That of a pending trade is where it would be after an entry at the price it waits for.
    """
    if trade.market is Market.SPOT or not trade.status.active:
        return None
    cost, wallet = trade.cost, trade.margin
    if trade.status is TradeStatus.PENDING:
        cost = trade.entry_price * trade.quantity
        wallet = initial_margin(cost, trade.leverage)
    return liquidation_price(trade.direction, trade.quantity, cost, wallet, instrument)


def stop_behind_liquidation(
    direction: Direction, stop: Decimal, liquidation: Decimal | None
) -> bool:
    """Tell whether a stop can never work: the liquidation comes first, or together with it."""
    return liquidation is not None and direction.sign * (stop - liquidation) <= 0


def liquidated(trade: Trade, mark: Decimal, instrument: Instrument) -> bool:
    """Tell whether a mark price liquidates a trade; equality does (rules LIQ-2)."""
    if trade.market is Market.SPOT or trade.status is not TradeStatus.OPEN:
        return False
    notional = mark * trade.quantity
    equity = trade.margin + trade.direction.sign * (notional - trade.cost)
    return equity <= maintenance(notional, brackets_of(instrument))


def bankruptcy_price(
    direction: Direction, quantity: Decimal, cost: Decimal, wallet: Decimal
) -> Decimal:
    """Return the price at which a wallet is just gone, to 8 decimals (rules LIQ-3).

    Args:
        direction: Of the trade.
        quantity: Open quantity, base, above 0.
        cost: Cost pool of that quantity, quote.
        wallet: Isolated wallet, quote.
    """
    return money((cost - direction.sign * wallet) / quantity)


def liquidation_fill(
    trade: Trade,
    mark: Decimal,
    instrument: Instrument,
    *,
    time_ms: int,
    source: Source,
    candle: Candle | None = None,
    ambiguous: bool = False,
) -> Fill:
    """Return the fill that takes a trade's whole wallet, and nothing else (rules LIQ-3).

    Args:
        trade: Before the fill; open, on futures.
        mark: The mark price that liquidates it.
        instrument: Supplies the margin table and the price grid.
        time_ms: Exchange time, milliseconds UTC.
        source: How the desk learned of the mark price.
        candle: The mark-price candle that took the place of the mark price.
        ambiguous: Whether finer data could have shown another order of events.
    """
    direction = trade.direction
    return Fill(
        kind=FillKind.LIQUIDATION,
        price=bankruptcy_price(direction, trade.quantity, trade.cost, trade.margin),
        quantity=trade.quantity,
        fee=ZERO,
        gross=-trade.margin,
        time_ms=time_ms,
        level=liquidation_shown(liquidation_of(trade, instrument), direction, instrument),
        print_price=mark,
        model=PriceModel.BANKRUPTCY,
        source=source,
        candle=candle.timeframe if candle else "",
        candle_ms=candle.open_ms if candle else None,
        reconstructed=candle is not None,
        ambiguous=ambiguous,
    )


def _estimated(instrument: Instrument) -> bool:
    return instrument.brackets_estimated or not instrument.brackets
