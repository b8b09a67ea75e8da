"""Where the result of a replay goes when it is kept: books that open as a desk."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from desk.lease import Lease
from engine.errors import Refused
from store.ledger import Ledger


@contextlib.asynccontextmanager
async def result_books(database: Path, *, append: bool) -> AsyncIterator[Ledger]:
    """Open the books that a replay writes to; new ones go again if it fails.

    Args:
        database: A new file, or with *append* books that the replay goes on from.
        append: Whether existing books may be written to.

    Raises:
        Refused: If the file exists and must not be written to.
        DeskBusy: If another process holds this desk.
        StoreError: If the books cannot be opened.
    """
    new = _is_new(database)
    if not (new or append):
        raise Refused("exists", f"{database} exists; --append goes on from the books there.")
    with Lease(database):
        ledger = await Ledger.open(database)
        try:
            yield ledger
        except BaseException:
            await ledger.close()
            if new:
                _remove(database)
            raise
        await ledger.close()


def _is_new(database: Path) -> bool:
    return not database.exists() or not database.stat().st_size


def _remove(database: Path) -> None:
    database.unlink(missing_ok=True)
