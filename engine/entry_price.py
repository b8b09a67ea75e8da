"""At which price an order enters: now, or when the market comes to it (rules §20)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.commands import OpenTrade
from engine.costs import Costs
from engine.errors import Refused
from engine.fills import market_price, reference_price, slipped
from engine.filters import check_price
from engine.instrument import Instrument
from engine.model import Direction, EntryMode, PriceModel, Quote
from engine.money import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How an order would enter the market of this moment."""

    mode: EntryMode
    """As it works out: a limit that the market has reached already is a market order."""
    price: Decimal
    """Expected fill price, quote per base, slippage included."""
    reference: Decimal | None
    """That price before slippage; None where slippage plays no part."""
    model: PriceModel
    waits_for: Decimal | None
    """Price that a pending entry waits for; None: it fills now."""
    fee_rate: Decimal
    """A fraction: maker for an order that rests, else taker."""


def entry_of(command: OpenTrade, instrument: Instrument, costs: Costs) -> Entry:
    """Work out how an order enters.

    Args:
        command: The order with the market it is stamped with.
        instrument: Of the command's symbol.
        costs: Fees, slippage and fill model.

    Raises:
        Refused: If there is no fresh price, or none that the order could wait for.
    """
    market = _market(command, instrument, costs)
    match command.entry_mode:
        case EntryMode.MARKET:
            at_signal = costs.enter_at_signal and command.signal is not None
            return _classic(command, costs) if at_signal else market
        case EntryMode.LIMIT:
            return _limit(command, instrument, costs, market)
        case EntryMode.STOP:
            return _breakout(command, instrument, costs)
        case EntryMode.CLASSIC:
            return _classic(command, costs)


def check_sides(
    direction: Direction, price: Decimal, stop: Decimal, targets: Sequence[Decimal]
) -> None:
    """Check that the stop would lose and each target would win.

    Args:
        direction: Of the trade.
        price: Expected entry price.
        stop: First stop.
        targets: Nearest first.

    Raises:
        Refused: If a level lies on the wrong side of the entry, or on it.
    """
    sign = direction.sign
    word, away = ("below", "above") if sign > 0 else ("above", "below")
    if sign * (price - stop) <= 0:
        raise Refused(
            "stop_on_wrong_side",
            f"The stop {plain(stop)} must be {word} the entry, which would be {plain(price)}.",
        )
    for target in targets:
        if sign * (target - price) <= 0:
            raise Refused(
                "target_on_wrong_side",
                f"The target {plain(target)} must be {away} the entry, which would be "
                f"{plain(price)}.",
            )


def check_market(
    direction: Direction, entry: Entry, quote: Quote, stop: Decimal, targets: Sequence[Decimal]
) -> None:
    """Check that the market has not yet decided what the order is about.

    Args:
        direction: Of the trade.
        entry: How it would enter; the classic entry asks no market.
        quote: The market now.
        stop: First stop.
        targets: Nearest first.

    Raises:
        Refused: If the market is at or past the stop, or the target that ends the wait.
    """
    last, sign = quote.last, direction.sign
    if entry.mode is EntryMode.CLASSIC or last is None:
        return
    if sign * (last - stop) <= 0:
        raise Refused(
            "stop_passed",
            f"The market is at {plain(last)}, already at or past the stop {plain(stop)}.",
        )
    target = targets[-1] if entry.waits_for is None else targets[0]
    if sign * (last - target) >= 0:
        raise Refused(
            "target_passed",
            f"The market is at {plain(last)}, already at or past the target {plain(target)}.",
        )


def _market(command: OpenTrade, instrument: Instrument, costs: Costs) -> Entry:
    buying, quote = command.direction is Direction.LONG, command.quote
    price, model = market_price(quote, buying=buying, costs=costs, instrument=instrument)
    assert quote is not None  # market_price refuses without one
    assert quote.last is not None
    return Entry(
        mode=EntryMode.MARKET,
        price=price,
        reference=reference_price(quote, quote.last, buying=buying, costs=costs)[0],
        model=model,
        waits_for=None,
        fee_rate=costs.taker,
    )


def _classic(command: OpenTrade, costs: Costs) -> Entry:
    if command.signal is None:
        raise Refused("no_signal", "The classic entry needs a signal to take its price from.")
    return Entry(
        mode=EntryMode.CLASSIC,
        price=command.signal.entry,
        reference=None,
        model=PriceModel.SIGNAL,
        waits_for=None,
        fee_rate=costs.taker,
    )


def _limit(command: OpenTrade, instrument: Instrument, costs: Costs, market: Entry) -> Entry:
    level, sign = _level(command, instrument), command.direction.sign
    assert market.reference is not None  # a market entry has one
    if sign * (level - market.reference) >= 0:
        # A limit is never filled beyond its price, whatever the slippage.
        worst = min(market.price, level) if sign > 0 else max(market.price, level)
        return replace(market, price=worst)
    return Entry(
        mode=EntryMode.LIMIT,
        price=level,
        reference=None,
        model=PriceModel.LEVEL,
        waits_for=level,
        fee_rate=costs.maker,
    )


def _breakout(command: OpenTrade, instrument: Instrument, costs: Costs) -> Entry:
    level, direction = _level(command, instrument), command.direction
    assert command.quote is not None  # an order without a fresh price is refused before
    assert command.quote.last is not None
    last = command.quote.last
    if direction.sign * (last - level) >= 0:
        raise Refused(
            "already_beyond",
            f"The market is at {plain(last)}, already beyond the breakout price "
            f"{plain(level)}; enter at the market instead.",
        )
    buying = direction is Direction.LONG
    return Entry(
        mode=EntryMode.STOP,
        price=slipped(level, buying=buying, costs=costs, instrument=instrument),
        reference=level,
        model=PriceModel.LAST,
        waits_for=level,
        fee_rate=costs.taker,
    )


def _level(command: OpenTrade, instrument: Instrument) -> Decimal:
    level = command.entry
    if level is None and command.signal:
        level = command.signal.entry
    if level is None:
        raise Refused(
            "no_entry_price", f"A {command.entry_mode} entry needs a price to wait for."
        )
    check_price(instrument, level, "Entry")
    return level
