"""Books with something of everything in them, and an eye for what lies beside a file."""

from pathlib import Path

from engine.model import Direction
from store.ledger import Ledger
from tests.engine.desk import order, quote, signal, tick
from tests.store.desk import Desk, desk
from tests.store.files import content, permit, put

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")


async def trade_a_little(ledger: Ledger) -> Desk:
    """Win, lose, close by hand, and leave a long and a short trade open: #4 and #5."""
    trading = await desk(ledger, *SYMBOLS)
    await trading.open("AUSDT", signal(name="a", symbol="AUSDT"))
    await trading.open("BUSDT")
    await trading.open("CUSDT")
    await trading.record(*trading.book.on_tick(tick("110", symbol="AUSDT")))
    await trading.record(*trading.book.on_tick(tick("94.3", symbol="BUSDT")))
    await trading.close(3)
    await trading.open("DUSDT", signal(name="d", symbol="DUSDT"))
    await trading.submit(
        order(
            Direction.SHORT,
            symbol="DUSDT",
            stop="105.5",
            target="91",
            stake="333.33",
            at=quote("99.87"),
        )
    )
    await ledger.add_signals([signal(name=name) for name in "xyz"])
    return trading


async def sound_books(path: Path) -> None:
    """Put such books at *path*, closed; they are made once and copied from then on."""
    if not _made:
        ledger = await Ledger.open(path)
        await trade_a_little(ledger)
        await ledger.close()
        _made.append(content(path))
    put(path, _made[0])
    permit(path, 0o600)


_made: list[bytes] = []


def beside(path: Path) -> dict[str, bytes]:
    """Return every file in the folder of *path*, by name."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
