"""Running the command line as a user would: in its own process, with its own folder."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from market.simulator import SimulatorServer


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, read as JSON."""
        return json.loads(self.out)


def write_settings(home: Path, exchange: SimulatorServer) -> None:
    """Point a home folder at a simulated exchange, without a scanner."""
    (home / "config.toml").write_text(
        f'[market]\nrest_url = "{exchange.rest_url}"\nstream_url = "{exchange.stream_url}"\n'
        "[scanner]\nenabled = false\n"
    )


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which Paperdesk knows only *home*."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("PAPERDESK_")}
    return own | {"PAPERDESK_HOME": str(home), "COLUMNS": "100", "TERM": "xterm-256color"}


async def paperdesk(home: Path, *words: str, given: str = "") -> Said:
    """Run one command to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tui",
        *words,
        env=environment(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(given.encode())
    return Said(process.returncode or 0, out.decode(), err.decode())


def idea(exchange: SimulatorServer, symbol: str = "BTCUSDT", **changes: object) -> str:
    """Return a LONG signal around the symbol's present price, as JSON text."""
    last = last_price(exchange, symbol)
    values: dict[str, object] = {
        "symbol": symbol,
        "direction": "LONG",
        "entry": str(last),
        "sl": on_tick(last * Decimal("0.9")),
        "tp": [on_tick(last * Decimal("1.1"))],
    }
    return json.dumps(values | changes)


def last_price(exchange: SimulatorServer, symbol: str) -> Decimal:
    """Return what the symbol last traded at."""
    tape = exchange.exchange.tape(symbol)
    ticks = tape.last_print(exchange.exchange.now_ms()).price
    return Decimal(ticks).scaleb(-tape.listing.tick_decimals)


def on_tick(price: Decimal) -> str:
    """Round a price to two decimals, BTCUSDT's grid."""
    return str(price.quantize(Decimal("0.01")))
