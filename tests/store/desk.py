"""A book and a ledger that stay in step, in short words; also the other processes' work."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.book import Book
from engine.commands import CloseTrade, Command
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import Signal, Trade
from store.ledger import Books, Checkpoint, Ledger
from tests.engine.desk import order, quote
from tests.feeds import START_MS, instrument

D = Decimal
REACHED = Checkpoint(trade_id=1000, time_ms=START_MS)


async def load(ledger: Ledger, account: str = "main", *, day_start_ms: int = 0) -> Books:
    return await ledger.load(
        account,
        currency="USDT",
        deposit=D(1_000_000),
        day_start_ms=day_start_ms,
        now_ms=START_MS,
    )


class Desk:
    """What the session does, without prices."""

    def __init__(self, ledger: Ledger, books: Books, symbols: Sequence[str]) -> None:
        self.ledger = ledger
        self.book = Book(
            books.account,
            {symbol: instrument(symbol) for symbol in symbols},
            trades=books.active,
            next_trade_id=books.next_trade_id,
        )

    async def submit(self, command: Command) -> Event:
        [event] = self.book.submit(command)
        await self.record(event)
        return event

    async def record(self, *events: Event) -> None:
        symbols = {event.trade.symbol for event in events}
        await self.ledger.record(events, self.book.account, dict.fromkeys(symbols, REACHED))

    async def open(self, symbol: str = "BTCUSDT", signal: Signal | None = None) -> TradeOpened:
        event = await self.submit(self.buy(symbol, signal))
        assert isinstance(event, TradeOpened)
        return event

    async def close(self, trade_id: int) -> TradeClosed:
        event = await self.submit(CloseTrade(trade_id=trade_id, quote=quote("101")))
        assert isinstance(event, TradeClosed)
        return event

    @staticmethod
    def buy(symbol: str, signal: Signal | None = None) -> Command:
        return order(symbol=symbol, stop="95", target="110", stake="100", signal=signal)


async def desk(ledger: Ledger, *symbols: str) -> Desk:
    return Desk(ledger, await load(ledger), symbols or ("BTCUSDT", "ETHUSDT"))


def renamed(trade: Trade, **changes: object) -> TradeOpened:
    """Return the opening of a trade that differs from *trade* in some fields."""
    other = replace(trade, **changes)  # type: ignore[arg-type]  # the caller names real fields
    return TradeOpened(other, other.fills[0])


def check_balance(account_books: Books, trades: Sequence[Trade]) -> None:
    """Assert that an account is the sum of its trades, and a trade the sum of its fills."""
    account = account_books.account
    for trade in trades:
        assert trade.fees == sum(fill.fee for fill in trade.fills)
        assert trade.gross == sum(fill.gross for fill in trade.fills)
    assert account.fees == sum(trade.fees for trade in trades)
    assert account.gross == sum(trade.gross for trade in trades)
    assert account.closed == sum(not trade.status.active for trade in trades)
