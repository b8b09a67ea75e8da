"""What a running desk does on its own: rules, positions, expiry, scanning.

Each chore runs until cancelled and outlives a market or store that does not answer.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING

from desk.errors import DeskError
from desk.session import Session
from desk.view import Notice
from engine.commands import CancelTrade
from engine.errors import Refused
from engine.model import CancelReason, Candle, Market, Signal, TradeStatus
from market.errors import MarketError
from store.errors import StoreError

if TYPE_CHECKING:
    from market.tape.recording import Recording
    from signals.scanner import Scanner

log = logging.getLogger(__name__)

POSITIONS_EVERY_S = 5.0
EXPIRE_EVERY_S = 1.0
RECORDING_EVERY_S = 1.0
INSTRUMENTS_EVERY_S = 3600.0
TRADED_INSTRUMENTS_EVERY_S = 300.0
"""A halt of a symbol with open trades should be known soon."""
LATE_S = 0.25
RETRY_S = (2.0, 5.0, 15.0, 30.0)
"""Pauses between questions that failed; the last one repeats."""
WARM_UP_CANDLES = 500
"""One REST page; the last row is the open candle."""
STABLE_BASES = frozenset(
    {"USDC", "FDUSD", "TUSD", "USDP", "DAI", "USD1", "USDE", "XUSD", "BFUSD", "RLUSD", "EUR"}
)


async def keep_positions(session: Session) -> None:
    """Save now and then how far each watched symbol was followed."""
    while True:
        await asyncio.sleep(POSITIONS_EVERY_S)
        try:
            await session.save_positions()
        except StoreError as exc:
            log.warning("positions not saved: %s", exc)


async def keep_expiring(session: Session) -> None:
    """Take signals out of the table when their time has passed."""
    while True:
        try:
            await session.signals.expire()
        except StoreError as exc:
            log.warning("expired signals not stored: %s", exc)
        await asyncio.sleep(EXPIRE_EVERY_S)


async def keep_orders(session: Session) -> None:
    """End orders whose time has come or whose symbol is halted; notice funding that is due."""
    while True:
        await asyncio.sleep(EXPIRE_EVERY_S)
        try:
            await session.look_at_the_clock()
            for trade in session.book.active():
                rules = session.instrument(trade.symbol)
                halted = session.rules_known.is_set() and not (rules and rules.trading)
                unknown = rules is not None and trade.symbol in session.catch_up.symbols
                if halted and trade.status is TradeStatus.PENDING and not unknown:
                    await session.submit(
                        CancelTrade(trade_id=trade.id, reason=CancelReason.HALTED)
                    )
        except (StoreError, Refused, DeskError) as exc:
            log.warning("orders not looked at: %s", exc)


async def keep_instruments(session: Session) -> None:
    """Learn the trading rules of all symbols every hour, of those with trades more often."""
    pauses = _pauses()
    loop = asyncio.get_running_loop()
    all_due_s = loop.time()
    while True:
        everything = loop.time() >= all_due_s
        traded = {trade.symbol for trade in session.book.active()}
        try:
            if everything or traded:
                await load_instruments(session, None if everything else traded)
        except MarketError as exc:
            log.warning("trading rules not read: %s", exc)
            await asyncio.sleep(next(pauses))
            continue
        if everything:
            all_due_s = loop.time() + INSTRUMENTS_EVERY_S
        pauses = _pauses()
        await asyncio.sleep(TRADED_INSTRUMENTS_EVERY_S)


async def load_instruments(session: Session, symbols: Collection[str] | None = None) -> None:
    """Learn the trading rules of all symbols once, or only of some.

    Raises:
        MarketError: If the exchange cannot be asked.
    """
    known = await session.feed.instruments(symbols)
    session.instruments.update(known)
    asked = session.instruments.keys() if symbols is None else symbols
    for gone in set(asked) - known.keys():
        session.instruments.pop(gone, None)
    if session.settings.market is Market.FUTURES:
        session.funding_hours.update(await session.feed.funding_intervals())
    session.rules_known.set()


async def keep_measuring(_: Session) -> None:
    """Note in the log when something kept the desk from its work for too long."""
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        await asyncio.sleep(LATE_S)
        late_s = loop.time() - began_s - LATE_S
        if late_s > LATE_S:
            log.warning("the desk was held up for %.2f s", late_s)


async def keep_scanning(session: Session, scanner: "Scanner") -> None:
    """Let the scanner read the busiest symbols' candles and add what it finds."""
    closed: asyncio.Queue[Candle] = asyncio.Queue()

    def on_candle(candle: Candle) -> None:
        if candle.closed:
            closed.put_nowait(candle)

    session.subscribe_candles(on_candle)
    symbols = await _universe(session)
    pairs = [(s, timeframe) for timeframe in scanner.timeframes for s in symbols]
    session.feed.follow_candles(pairs)
    await _warm_up(session, scanner, pairs)
    while True:
        await _on_closed(session, scanner, await closed.get())


async def keep_telling(recording: "Recording", session: Session) -> None:
    """Say so when a recording has stopped."""
    while not recording.stopped:  # noqa: ASYNC110 - it must not call back into what it records
        await asyncio.sleep(RECORDING_EVERY_S)
    session.publish(Notice(recording.stopped, "warning"))


def _pauses() -> Iterator[float]:
    return chain(RETRY_S, repeat(RETRY_S[-1]))


async def _universe(session: Session) -> list[str]:
    settings, rules = session.settings, session.instruments
    await session.rules_known.wait()
    pauses = _pauses()
    while True:
        try:
            busiest = await session.feed.busiest(
                settings.currency, settings.scanner_symbols + len(STABLE_BASES)
            )
        except MarketError as exc:
            log.warning("busiest symbols not read: %s", exc)
            await asyncio.sleep(next(pauses))
            continue
        worth = [s for s in busiest if s in rules and rules[s].base not in STABLE_BASES]
        return worth[: settings.scanner_symbols]


async def _warm_up(
    session: Session, scanner: "Scanner", pairs: Iterable[tuple[str, str]]
) -> None:
    """Give the scanner each pair's past, a few pairs at a time."""
    waiting = iter(tuple(pairs))

    async def work() -> None:
        for symbol, timeframe in waiting:
            await _warm_up_pair(session, scanner, symbol, timeframe)

    async with asyncio.TaskGroup() as workers:
        for _ in range(4):
            workers.create_task(work())


async def _warm_up_pair(
    session: Session, scanner: "Scanner", symbol: str, timeframe: str
) -> None:
    instrument = session.instruments.get(symbol)
    if instrument is None:
        return
    try:
        candles = await session.feed.candles(symbol, timeframe, WARM_UP_CANDLES)
    except MarketError as exc:
        log.warning("no past candles of %s %s: %s", symbol, timeframe, exc)
        return
    found = scanner.warm_up(instrument, timeframe, candles, session.now_ms)
    await _add(session, found)
    await asyncio.sleep(0)


async def _on_closed(session: Session, scanner: "Scanner", candle: Candle) -> None:
    if scanner.needs_warm_up(candle.symbol, candle.timeframe, candle.open_ms):
        await _warm_up_pair(session, scanner, candle.symbol, candle.timeframe)
    elif instrument := session.instruments.get(candle.symbol):
        await _add(session, scanner.on_candle(instrument, candle, session.now_ms))


async def _add(session: Session, found: Iterable[Signal]) -> None:
    try:
        await session.signals.add(list(found))
    except StoreError as exc:
        session.publish(Notice(f"Signals could not be stored: {exc}", "error"))
