"""What an order needs to know before it reaches the book, and what must be fetched for it.

An order in ATR needs candles, a Kelly size the account's past. Both take a moment to get, so
they are put on the command before it waits its turn; the stamp adds what costs nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import BreakEvenOrder, Command, EditTrade, OpenTrade, TrailOrder
from engine.errors import Refused
from engine.model import Signal
from engine.money import ZERO
from engine.results import Result, outcome
from engine.sizes import AtrUnit, Kelly
from engine.sizing import atr
from engine.text import clean
from market.errors import MarketError
from market.feed import Feed
from store.history import Selection
from store.ledger import Ledger

ATR_LENGTH = 14
ATR_TIMEFRAME = "1h"
"""Where no signal names one."""
ATR_CANDLES = 200
"""Asked for: enough for Wilder's average to forget where it began."""


async def prepared(command: Command, *, feed: Feed, ledger: Ledger, book: Book) -> Command:
    """Return *command* with the figures that must be fetched for it.

    Args:
        command: As the trader gave it.
        feed: Supplies candles.
        ledger: Supplies the account's closed trades.
        book: Knows the trade that an edit is about, and the account.

    Raises:
        Refused: If the exchange does not give what is needed; nothing was done.
        StoreError: If the past cannot be read.
    """
    if isinstance(command, OpenTrade) and isinstance(command.size, Kelly):
        size = await _kelly(command.size, ledger, book.account.name)
        command = replace(command, size=size)
    if not needs_atr(command) or not isinstance(command, OpenTrade | EditTrade):
        return command
    if isinstance(command, OpenTrade):
        return replace(command, atr=await _atr(feed, command.symbol, command.signal))
    trade = book.get(command.trade_id)
    if trade is None:
        return command  # the book says so
    return replace(command, atr=await _atr(feed, trade.symbol, trade.signal))


def needs_atr(command: Command) -> bool:
    """Tell whether anything in *command* is asked for in average true ranges."""
    if isinstance(command, OpenTrade):
        levels = [command.stop, *_of_exits(command)]
        return isinstance(command.size, AtrUnit) or any(map(_in_atr, levels))
    return isinstance(command, EditTrade) and any(map(_in_atr, _of_exits(command)))


def record_of(results: Iterable[Result]) -> tuple[Decimal | None, Decimal | None, int]:
    """Return what the Kelly formula asks of the past (rules SIZ-5).

    Returns:
        The win rate, the average win over the average loss, both in R, and the number of
        trades with a risk that they come from; None where there is nothing to divide.
    """
    multiples = [r for result in results if (r := outcome(result).r) is not None]
    wins = [r for r in multiples if r > 0]
    losses = [r for r in multiples if r < 0]
    rate = Decimal(len(wins)) / len(multiples) if multiples else None
    if not (wins and losses):
        return rate, None, len(multiples)
    payoff = sum(wins, ZERO) * len(losses) / (-sum(losses, ZERO) * len(wins))
    return rate, payoff, len(multiples)


def _of_exits(command: OpenTrade | EditTrade) -> list[object]:
    levels: list[object] = [target.price for target in command.targets or ()]
    trail, even = command.trailing, command.break_even
    if isinstance(trail, TrailOrder):
        levels += [trail.distance, trail.activation, trail.step]
    if isinstance(even, BreakEvenOrder):
        levels += [even.trigger, even.offset]
    return levels


def _in_atr(level: object) -> bool:
    return isinstance(level, Offset) and level.unit is Unit.ATR


async def _kelly(size: Kelly, ledger: Ledger, account: str) -> Kelly:
    results = [
        result async for page in ledger.history(account).results(Selection()) for result in page
    ]
    rate, payoff, sample = record_of(results)
    return replace(size, win_rate=rate, payoff=payoff, sample=sample)


async def _atr(feed: Feed, symbol: str, signal: Signal | None) -> Decimal:
    """Return the average true range of the signal's timeframe, quote per base (SIZ-6)."""
    timeframe = (signal.timeframe if signal else "") or ATR_TIMEFRAME
    try:
        candles = await feed.candles(symbol, timeframe, ATR_CANDLES)
    except MarketError as exc:
        raise Refused("no_atr", f"The candles behind the ATR cannot be had. {exc}") from exc
    closed = [candle for candle in candles if candle.closed]
    found = atr(closed, ATR_LENGTH)
    if found is None:
        raise Refused(
            "no_atr",
            f"There are too few {timeframe} candles of {clean(symbol, 40)} for an ATR: "
            f"{len(closed)} of {ATR_LENGTH}. Give the distance in percent or as a price.",
        )
    return found
