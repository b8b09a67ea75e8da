"""Store, then show: commits what happened, for as long as it takes.

Law: `record` returns only when the events are on disk. While the database cannot take them,
`halted` says why.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from engine.account import Account
from engine.events import Event
from engine.model import Trade
from store.errors import StoreError
from store.ledger import Checkpoint, Ledger

log = logging.getLogger(__name__)

RETRY_AFTER_S = (0.5, 1.0, 2.0, 5.0)
"""Pauses between tries; the last one repeats."""


class Recorder:
    """The way from the book to the disk."""

    def __init__(self, ledger: Ledger, on_change: Callable[[str], None]) -> None:
        """Commit to *ledger*; *on_change* hears the reason of a halt, and "" at its end."""
        self._ledger = ledger
        self._on_change = on_change
        self.halted = ""

    async def record(
        self,
        events: Sequence[Event],
        account: Account,
        checkpoints: Mapping[str, Checkpoint],
        moved: Sequence[Trade] = (),
    ) -> None:
        """Commit events, account totals and feed positions together.

        Raises:
            Refused: If the database's own rules forbid them; nothing was stored then.
        """
        tries = 0
        while True:
            try:
                await self._ledger.record(events, account, checkpoints, moved)
            except StoreError as exc:
                self._set(str(exc))
                await asyncio.sleep(RETRY_AFTER_S[min(tries, len(RETRY_AFTER_S) - 1)])
                tries += 1
            else:
                self._set("")
                return

    def _set(self, why: str) -> None:
        if why != self.halted:
            self.halted = why
            log.error("halted: %s", why) if why else log.warning("storing again")
            self._on_change(why)
