"""P5 and P6: what it costs to have a close on disk, one at a time and a thousand together.

The baseline is `sqlite3` without anything around it: the same rows (trade, fill, target,
account, checkpoint), ready-made, under the same journal, on the same disk.
"""

import asyncio
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.desks import load, store_open
from bench.exchange import names
from bench.measure import Row
from engine.account import Account
from engine.book import Book
from engine.events import TradeClosed
from engine.model import Instrument, Market, Tick
from engine.money import ONE
from store import rows as sql
from store.connection import Value, journal_for
from store.ledger import Checkpoint, Ledger

SINGLES = 200
TOGETHER = 1_000
ROUNDS = 7
REACHED = Checkpoint(trade_id=700_000_500, time_ms=1_790_000_000_000)


def rows() -> Iterator[Row]:
    """Measure P5 and P6."""
    with tempfile.TemporaryDirectory() as folder:
        ms = asyncio.run(_measure(Path(folder)))
    yield Row(
        id="P5",
        what="durable close of one trade against a raw transaction",
        figure=f"{ms['one']:.2f} ms against {ms['raw one']:.2f} ms",
        ratio=ms["one"] / ms["raw one"],
        bound=1.5,
    )
    yield Row(
        id="P6",
        what="1,000 closes together against 1,000 raw rows by executemany",
        figure=f"{ms['many']:.1f} ms against {ms['raw many']:.1f} ms",
        ratio=ms["many"] / ms["raw many"],
        bound=3.0,
    )
