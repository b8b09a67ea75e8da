"""How soon the desk notices that a connection is dead, and is back when the exchange is.

The exchange is the simulated one on real sockets; its market runs three times as fast.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Row
from desk.session import Session
from engine.model import Direction
from market.feed import FeedState
from market.simulator import SimulatorServer
from tests.desk.world import SYMBOLS, World, place
from tests.market.simulation import running_market

SPEED = 3
DOWN_S = (1.0, 8.0, 25.0)


def rows() -> Iterator[Row]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as folder:
        noticed_s, back_s = asyncio.run(_measure(Path(folder)))
    yield Row(
        id="F25",
        what="half-open connection noticed and replaced",
        figure=f"{noticed_s:.1f} s after the last frame",
        ratio=noticed_s,
        bound=10,
        unit="s",
    )
    yield Row(
        id="F24",
        what="live again and every gap repaired after the exchange's return, worst of three",
        figure=", ".join(
            f"{s:.1f} s after {down:g} s away" for down, s in zip(DOWN_S, back_s, strict=True)
        ),
        ratio=max(back_s),
        bound=5,
        unit="s",
    )


async def _measure(folder: Path) -> tuple[float, list[float]]:
    exchange, clock = running_market()
    clock.run(SPEED)
    server = SimulatorServer(exchange)
    await server.start()
    world = World(exchange, clock, server, folder)
    async with world.desk() as session:
        for symbol in SYMBOLS:
            await place(session, symbol, Direction.LONG, "0.3", "0.3")
        await _live(session)
        noticed_s = await _half_open(server)
        await _live(session)
        back_s = []
        for down_s in DOWN_S:
            await server.stop()
            await asyncio.sleep(down_s)
            server = SimulatorServer(exchange, port=server.port)
            await server.start()
            began = time.perf_counter()
            await _live(session)
            back_s.append(time.perf_counter() - began)
    await server.stop()
    return noticed_s, back_s


async def _half_open(server: SimulatorServer) -> float:
    connects, began = len(server.connects), time.perf_counter()
    server.mute_sockets()
    while len(server.connects) == connects:  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.02)
    return time.perf_counter() - began


async def _live(session: Session) -> None:
    """Wait until prices are live and nothing has to be caught up."""

    def live() -> bool:
        views = session.trade_views()
        calm = session.catch_up.done.is_set() and all(view.live for view in views)
        return calm and session.feed.status.state is FeedState.LIVE

    while not live():  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.02)
