"""P1 to P3, P9: what a print costs that triggers nothing, however many trades are open."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

from bench.measure import Row, interleaved
from engine.account import Account
from engine.book import Book
from engine.costs import REALISTIC
from engine.exits import stop_reached, target_reached
from engine.instrument import Instrument
from engine.model import (
    Direction,
    EntryMode,
    Fill,
    FillKind,
    Market,
    PriceModel,
    Source,
    Target,
    Tick,
    Trade,
    TradeStatus,
)
from engine.money import MONEY_UNIT
from engine.stops import BreakEven, Trailing

TICKS = 1_000
"""Few enough to stay in the processor's cache, as a print that was just decoded does."""
REPEATS = 20
SCAN_TICKS = 40


def trade(number: int, symbol: str) -> Trade:
    """Return an open trade around 100 whose levels no print of the bench reaches."""
    long = number % 2 == 0
    below, above = Decimal(90) - number % 40, Decimal(110) + number % 50
    entry = Decimal(100)
    fill = Fill(
        kind=FillKind.ENTRY,
        price=entry,
        quantity=Decimal(1),
        fee=Decimal("0.1"),
        time_ms=0,
        model=PriceModel.TOUCH,
        source=Source.STREAM,
    )
    return Trade(
        id=number,
        account="main",
        symbol=symbol,
        market=Market.SPOT,
        direction=Direction.LONG if long else Direction.SHORT,
        status=TradeStatus.OPEN,
        entry_mode=EntryMode.MARKET,
        entry_price=entry,
        initial_quantity=Decimal(1),
        quantity=Decimal(1),
        cost=entry,
        stake=entry,
        initial_stop=below if long else above,
        fixed_stop=below if long else above,
        targets=(Target(price=above if long else below, quantity=Decimal(1)),),
        costs=REALISTIC,
        opened_ms=0,
        best=entry,
        worst=entry,
        fills=(fill,),
    )


def book(trades: int, symbols: int) -> Book:
    """Return a book with so many open trades spread over so many symbols."""
    names = [f"S{number}USDT" for number in range(symbols)]
    instruments = {
        name: Instrument(
            symbol=name, base=name, quote="USDT", tick=Decimal("0.01"), step=Decimal("0.01")
        )
        for name in names
    }
    account = Account(name="main", currency="USDT", deposits=Decimal(10) ** 9)
    held = [trade(number, names[number % symbols]) for number in range(1, trades + 1)]
    return Book(account, instruments, trades=held, next_trade_id=trades + 1)


def prints(symbols: int) -> list[Tick]:
    """Return prints around 100, after two that set each symbol's running extremes."""
    names = [f"S{number}USDT" for number in range(symbols)]
    edges = [
        Tick(name, price, Decimal(1), 1, 0)
        for name in names
        for price in (Decimal("95.00000000"), Decimal("105.00000000"))
    ]
    inside = [
        Tick(names[n % symbols], Decimal(f"{98 + n % 4}.{n % 100:02}000000"), Decimal(1), n, 0)
        for n in range(TICKS)
    ]
    return edges + inside


def _through(handle: Callable[[Tick], object], ticks: list[Tick]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(REPEATS):
            for tick in ticks:
                handle(tick)

    return run


class Empty:
    """The floor: a method that does nothing."""

    def on_tick(self, tick: Tick) -> object:
        """Do nothing."""
        return ()


def rows() -> Iterator[Row]:
    """Measure P1, P2, P3 and P9."""
    books = {(n, s): book(n, s) for n, s in ((10, 1), (1_000, 1), (100_000, 1), (100_000, 600))}
    streams = {1: prints(1), 600: prints(600)}
    for (_, symbols), held in books.items():
        for tick in streams[symbols][: 2 * symbols]:
            held.on_tick(tick)
    gc.freeze()
    work = {
        f"{n}/{s}": _through(held.on_tick, streams[s][2 * s :])
        for (n, s), held in books.items()
    }
    work["empty"] = _through(Empty().on_tick, streams[1][2:])
    seconds = interleaved(work)
    ns = {name: value / TICKS / REPEATS * 1e9 for name, value in seconds.items()}
    yield Row(
        id="P1",
        what="quiet print, 100,000 trades against 10, one symbol",
        figure=f"{ns['100000/1']:.0f} ns against {ns['10/1']:.0f} ns",
        ratio=ns["100000/1"] / ns["10/1"],
        bound=1.5,
    )
    yield Row(
        id="P1",
        what="the same over 600 symbols",
        figure=f"{ns['100000/600']:.0f} ns against {ns['10/1']:.0f} ns",
        ratio=ns["100000/600"] / ns["10/1"],
        bound=2.2,
    )
    yield Row(
        id="P2",
        what="quiet print, 1,000 trades, against an empty method call",
        figure=f"{ns['1000/1']:.0f} ns against {ns['empty']:.0f} ns",
        ratio=ns["1000/1"] / ns["empty"],
        bound=4.0,
    )
    yield _scan_row(books[1_000, 1], ns["1000/1"])
    yield _armed_row()


def _scan_row(held: Book, index_ns: float) -> Row:
    trades = held.active()
    ticks = prints(1)[2 : 2 + SCAN_TICKS]

    def scan() -> None:
        for tick in ticks:
            for one in trades:
                if one.symbol == tick.symbol:
                    _ = stop_reached(one, tick.price) or target_reached(one, tick.price)

    scan_ns = interleaved({"scan": scan}, rounds=5)["scan"] / SCAN_TICKS * 1e9
    return Row(
        id="P3",
        what="naive scan of 1,000 trades against the index",
        figure=f"{scan_ns:,.0f} ns against {index_ns:.0f} ns",
        ratio=scan_ns / index_ns,
        bound=300,
        least=True,
    )


ARMED = 10_000


def _armed(number: int) -> Trade:
    """Return an open trade with a ladder, trailing, break-even and time stop, all far away."""
    part = Decimal(1) / 4
    plain = trade(2 * number, "S0USDT")
    return replace(
        plain,
        targets=tuple(Target(price=Decimal(300 + n), quantity=part) for n in range(3)),
        trailing=Trailing(
            distance=Decimal("0.05") + Decimal(number % 100) / 10_000,
            relative=True,
            tick=Decimal("0.01"),
            best=Decimal(100),
            stop=Decimal(90),
        ),
        break_even=BreakEven(trigger=Decimal(290)),
        hold_ms=10**12,
    )


def _armed_row() -> Row:
    account = Account(name="main", currency="USDT", deposits=Decimal(10) ** 9)
    armed = Book(account, {}, trades=[_armed(n) for n in range(1, ARMED + 1)])
    plain, quiet = book(10, 1), prints(1)
    for tick in quiet[:2]:
        plain.on_tick(tick)
    cents = count(10_001)

    def higher() -> Tick:
        price = Decimal(next(cents)).scaleb(-2).quantize(MONEY_UNIT)
        return Tick("S0USDT", price, Decimal(1), 1, 0)

    def rising() -> None:
        for _ in range(TICKS):
            armed.on_tick(higher())

    def made() -> None:
        for _ in range(TICKS):
            higher()

    inside = _through(plain.on_tick, quiet[2:])
    seconds = interleaved({"rising": rising, "made": made, "inside": inside}, rounds=3)
    rising_ns = (seconds["rising"] - seconds["made"]) / TICKS * 1e9
    inside_ns = seconds["inside"] / TICKS / REPEATS * 1e9
    return Row(
        id="P9",
        what="rising print, 10,000 trades with every exit armed, against a quiet one of P1",
        figure=f"{rising_ns:.0f} ns against {inside_ns:.0f} ns",
        ratio=rising_ns / inside_ns,
        bound=8,
    )
