"""P4: what it costs to bring every print from the socket through the book.

The desk's side is the real one: stream, intake, continuity, session, watermarks, book, ledger.
The last print of a blast closes a trade; the time ends when that close is stored and told.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.desks import settings, store_open
from bench.exchange import Exchange, exchange, names
from bench.measure import Row, medians
from desk import chores
from desk.session import Session
from desk.start import open_desk, running
from desk.view import Fact
from engine.events import TradeClosed
from store.ledger import Ledger

PRINTS = 60_000
SYMBOLS = 20
ROUNDS = 7


def rows() -> Iterator[Row]:
    """Measure P4."""
    with exchange(SYMBOLS, PRINTS) as market, tempfile.TemporaryDirectory() as folder:
        numbers = itertools.count()
        seconds = medians(
            {
                "bare": lambda: asyncio.run(_bare(market)),
                "desk": lambda: asyncio.run(_desk(market, Path(folder, f"{next(numbers)}.db"))),
            },
            rounds=ROUNDS,
        )
    bare, desk = seconds["bare"], seconds["desk"]
    yield Row(
        id="P4",
        what="socket to book against a bare recv() loop, throughput",
        figure=f"{PRINTS / desk:,.0f} prints/s against {PRINTS / bare:,.0f} frames/s",
        ratio=bare / desk,
        bound=0.6,
        least=True,
    )


async def _bare(market: Exchange) -> float:
    from websockets.asyncio.client import connect

    address = market.stream_url + "/stream"
    async with connect(address, proxy=None, compression=None) as socket:
        await socket.send('{"method":"SUBSCRIBE","params":[],"id":1}')
        await socket.recv()
        await socket.recv()
        began = time.perf_counter()
        market.say("blast")
        for _ in range(PRINTS):
            await socket.recv()
        return time.perf_counter() - began


async def _desk(market: Exchange, database: Path) -> float:
    symbols = names(SYMBOLS)
    ledger = await Ledger.open(database)
    await store_open(ledger, symbols)
    await ledger.close()
    own = settings(
        database.parent, market_rest_url=market.rest_url, market_stream_url=market.stream_url
    )
    async with open_desk(own, database, scan=False) as session:
        await chores.load_instruments(session)
        closed = asyncio.Event()

        def hear(fact: Fact) -> None:
            if isinstance(fact, TradeClosed):
                closed.set()

        session.subscribe(hear)
        async with running(session), asyncio.timeout(60):
            await _live(session, symbols)
            began = time.perf_counter()
            market.say("blast")
            await closed.wait()
            return time.perf_counter() - began


async def _live(session: Session, symbols: list[str]) -> None:
    board = session.feed.board
    while not all(board[symbol].live for symbol in symbols):  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.02)
