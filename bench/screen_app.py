"""The real desk in the terminal that it was started in, measuring itself (see `bench.screen`).

`python -m bench.screen_app inbox|socket FOLDER` lets a silent and a busy market take turns, and
leaves its figures in FOLDER.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import cast

from bench.desks import settings, store_open
from bench.exchange import FIRST_ID, exchange, names
from desk import chores
from desk.session import Session
from desk.start import open_desk
from engine.model import Direction, Market, Signal, Tick
from market.clock import ExchangeClock
from store.ledger import Ledger
from tests.feeds import ScriptedFeed, instrument
from tui.app import DeskApp
from tui.port import DeskSession

SIGNALS, TRADES = 28, 172
"""Each on a symbol of its own; all signals and twelve trades fit on the screen."""
PER_SECOND = 2_000
BATCH_S = 0.01
"""How often the inbox is given what is due, as a batch."""
SETTLE_S = 1.0
PHASE_S = 2.5
PHASES = 3
"""Of either kind."""
SAMPLE_S = 0.005

TICKING = names(SIGNALS + TRADES)

Running = tuple[Session, Callable[[int], None]]
"""A desk, and the way to say how many prints a second its market makes from now on."""


@asynccontextmanager
async def inbox(folder: Path) -> AsyncIterator[Running]:
    """Run a desk whose prints are put straight into the inbox."""
    known = {symbol: instrument(symbol) for symbol in TICKING}
    feed = ScriptedFeed(known=known, clock=ExchangeClock())
    for symbol in TICKING:
        feed.quote(symbol, "99.99", "100.01", "100.00")
    ledger = await Ledger.open(folder / "desk.db")
    own = (chores.keep_positions, chores.keep_expiring)
    session = Session(feed, ledger, settings(folder), own)
    session.instruments.update(known)
    await session.load()
    rate = 0

    def pace(per_second: int) -> None:
        nonlocal rate
        rate = per_second

    async def tick() -> None:
        tape, before = iter(_tape()), time.monotonic()
        while True:
            await asyncio.sleep(BATCH_S)
            now = time.monotonic()
            ticks = [next(tape) for _ in range(round((now - before) * rate))]
            before = now
            for one in ticks:
                price = feed.board[one.symbol]
                price.last, price.last_trade_id = one.price, one.trade_id
            feed.deliver(ticks)

    ticking = asyncio.create_task(tick())
    yield session, pace
    ticking.cancel()
    await ledger.close()


@asynccontextmanager
async def socket(folder: Path) -> AsyncIterator[Running]:
    """Run a desk whose prints come from another process, each on its own."""
    with exchange(len(TICKING)) as market:
        own = settings(
            folder, market_rest_url=market.rest_url, market_stream_url=market.stream_url
        )
        async with open_desk(own, folder / "desk.db", scan=False) as session:
            yield session, lambda per_second: market.say(f"pace {per_second}")


def _tape() -> list[Tick]:
    """Return all prints of a run, made beforehand."""
    rng, steps = random.Random(1), [0] * len(TICKING)
    tape = []
    for count in range(int(PER_SECOND * PHASES * (PHASE_S + SETTLE_S) * 2)):
        number, at = divmod(count, len(TICKING))
        steps[at] += rng.randint(-2, 2)
        price = Decimal(10_000 + steps[at]).scaleb(-2)
        tape.append(Tick(TICKING[at], price, Decimal(1), FIRST_ID + number, 0))
    return tape


async def _store_books(database: Path) -> None:
    ledger = await Ledger.open(database)
    await store_open(ledger, TICKING[SIGNALS:])
    now_ms = time.time_ns() // 1_000_000
    await ledger.add_signals([_signal(symbol, now_ms) for symbol in TICKING[:SIGNALS]])
    await ledger.close()


def _signal(symbol: str, now_ms: int) -> Signal:
    return Signal(
        id=f"idea-{symbol}",
        symbol=symbol,
        market=Market.SPOT,
        direction=Direction.LONG,
        entry=Decimal(100),
        stop=Decimal(90),
        targets=(Decimal(120),),
        source="bench",
        created_ms=now_ms,
        expires_ms=now_ms + 3_600_000,
    )


async def _measure(app: DeskApp, session: Session, pace: Callable[[int], None]) -> str:
    """Return shares of a core and milliseconds of lag by kind of phase, as JSON."""
    views = session.trade_views
    while not (app.is_running and all(v.live for v in views())):  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.1)
    shares: dict[int, list[float]] = {0: [], PER_SECOND: []}
    lags: dict[int, list[float]] = {0: [], PER_SECOND: []}
    arrived: dict[int, list[float]] = {0: [], PER_SECOND: []}
    for rate in (0, PER_SECOND) * PHASES:
        pace(rate)
        await asyncio.sleep(SETTLE_S)
        began, spent, before = time.perf_counter(), time.process_time(), _prints(session)
        while time.perf_counter() - began < PHASE_S:
            asked = time.perf_counter()
            await asyncio.sleep(SAMPLE_S)
            lags[rate].append(time.perf_counter() - asked - SAMPLE_S)
        took = time.perf_counter() - began
        shares[rate].append((time.process_time() - spent) / took)
        arrived[rate].append((_prints(session) - before) / took)
    desk = app.desk
    return json.dumps(
        {
            "rows": len(desk.signals.visible_rows) + len(desk.trades.visible_rows),
            "prints": statistics.median(arrived[PER_SECOND]),
            "idle": statistics.median(shares[0]),
            "busy": statistics.median(shares[PER_SECOND]),
            "idle_lag_ms": statistics.quantiles(lags[0], n=20)[-1] * 1e3,
            "lag_ms": statistics.quantiles(lags[PER_SECOND], n=20)[-1] * 1e3,
        }
    )


def _prints(session: Session) -> int:
    """Return how many prints have reached the desk so far, all symbols together."""
    board = session.feed.board
    return sum(max(0, board[symbol].last_trade_id - FIRST_ID) for symbol in TICKING)


async def _main(market: str, folder: Path) -> None:
    await _store_books(folder / "desk.db")
    kinds: dict[str, Callable[[Path], AbstractAsyncContextManager[Running]]] = {
        "inbox": inbox,
        "socket": socket,
    }
    async with kinds[market](folder) as (session, pace):
        # The screen of accounts is all that asks for more than a session has.
        app = DeskApp(cast(DeskSession, session))

        async def measure() -> None:
            (folder / "figures.json").write_text(await _measure(app, session, pace))
            app.exit()

        measuring = asyncio.create_task(measure())
        await app.run_async()
        await measuring


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2])))
