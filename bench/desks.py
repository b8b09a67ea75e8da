"""Books with open trades, on disk, for the benches that run a real desk."""

import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from bench.engine import trade
from bench.exchange import FIRST_ID
from desk.settings import Settings, load_settings
from engine.account import Account
from engine.events import TradeOpened
from engine.model import Trade
from store.ledger import Books, Checkpoint, Ledger

DEPOSIT = Decimal(10) ** 7


def settings(folder: Path, **changes: object) -> Settings:
    """Return settings that no file or user changes; `market_x=…` sets `market.x`."""
    given = {name.replace("_", ".", 1): value for name, value in changes.items()}
    return load_settings(folder / "none.toml", given)[0]


async def load(ledger: Ledger) -> Books:
    """Read the account that the benches trade on."""
    return await ledger.load("main", currency="USDT", deposit=DEPOSIT, day_start_ms=0, now_ms=0)


async def store_open(ledger: Ledger, symbols: Sequence[str], each: int = 1) -> list[Trade]:
    """Store open trades: the first of each symbol is long, a second one short."""
    await load(ledger)
    account = Account(name="main", currency="USDT", deposits=DEPOSIT)
    spots = [(symbol, side) for symbol in symbols for side in range(each)]
    trades = [trade(2 * n + side, symbol) for n, (symbol, side) in enumerate(spots, start=1)]
    openings = [TradeOpened(one, one.fills[0]) for one in trades]
    behind = Checkpoint(trade_id=FIRST_ID - 1, time_ms=time.time_ns() // 1_000_000)
    await ledger.record(openings, account, dict.fromkeys(symbols, behind))
    return trades
