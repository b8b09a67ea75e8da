"""The books on disk: everything the desk stores and reads goes through here.

Law: what a method has written is on disk when it returns. A method that raises a `StoreError`
may be called again with the same arguments.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from engine.account import Account
from engine.events import Event
from engine.model import Signal, SignalStatus, Trade
from store import books, commands, queries, rows, standing
from store.connection import WAIT_FOR_LOCK_S, Connection
from store.errors import readable
from store.history import History
from store.queries import Checkpoint
from store.schema import ACTIVE, FINISHED, TradeRow
from store.standing import Seen, Standing
from store.thread import DatabaseThread

T = TypeVar("T")

__all__ = ["Books", "Checkpoint", "Ledger", "Seen", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """An account as it stands on disk."""

    account: Account
    active: tuple[Trade, ...]
    """Active trades in id order, with targets and fills."""
    next_trade_id: int
    checkpoints: Mapping[str, Checkpoint]
    """How far each symbol was followed, by symbol."""
    signals: tuple[Signal, ...]
    """ACTIVE and TAKEN ones, in order of arrival."""
    today_net: Decimal
    """Net result of the trades closed since the start of the day, quote."""


class Ledger:
    """The books in one database file, for coroutines of one event loop.

    Every method raises a `StoreError` if the database fails.
    """

    def __init__(self, path: Path, *, wait_s: float = WAIT_FOR_LOCK_S) -> None:
        """Prepare for the file at *path*, waiting *wait_s* seconds for locks; see `open`."""
        self._path = path.absolute()
        self._thread = DatabaseThread(self._path, wait_s)
        self._data_version: int | None = None
        self.guard: Callable[[], None] = lambda: None
        """Called inside each transaction that trades or takes requests; may raise to forbid it.

        No other process can write between the guard and the commit.
        """

    @classmethod
    async def open(cls, path: Path, *, wait_s: float = WAIT_FOR_LOCK_S) -> "Ledger":
        """Open the books at *path*; a missing file is created, an older one is upgraded.

        Args:
            path: The database file.
            wait_s: How long to wait for other programs' locks, seconds.

        Raises:
            StoreError: If they cannot be used.
        """
        ledger = cls(path, wait_s=wait_s)
        await ledger._thread.open()
        return ledger

    async def close(self) -> None:
        """Finish what was asked for, then close the file."""
        await self._thread.close()

    async def _read(self, job: Callable[[Connection], T]) -> T:
        return await self._thread.read(readable(job, self._path))

    # -- trading ------------------------------------------------------------------------------

    async def load(
        self, account: str, *, currency: str, deposit: Decimal, day_start_ms: int, now_ms: int
    ) -> Books:
        """Read an account's state; its first use creates it.

        Args:
            account: The account's name.
            currency: Quote asset of a new account.
            deposit: What a new account begins with, in *currency*.
            day_start_ms: Where today begins, milliseconds UTC.
            now_ms: When a new account is created, milliseconds UTC.
        """
        new = Account(name=account, currency=currency, deposits=deposit)

        def job(db: Connection) -> Books:
            db.execute(rows.ADD_ACCOUNT, (now_ms, *rows.ACCOUNT.of(new)))
            return Books(
                account=queries.account(db, account) or new,
                active=tuple(queries.active_trades(db, account)),
                next_trade_id=queries.next_trade_id(db),
                checkpoints=queries.checkpoints(db, account),
                signals=tuple(queries.signals(db, statuses=standing.ALIVE)),
                today_net=queries.net_since(db, account, day_start_ms),
            )

        return await self._thread.write(readable(job, self._path))

    async def record(
        self,
        events: Sequence[Event],
        account: Account,
        checkpoints: Mapping[str, Checkpoint],
        moved: Sequence[Trade] = (),
    ) -> None:
        """Commit what happened, all of it together or nothing.

        Args:
            events: Openings, parts and closings in order; what is stored already, exactly
                so, is passed over.
            account: Totals after the events.
            checkpoints: How far the prints of some symbols have gone through the book.
            moved: Active trades whose best and worst prints have changed.

        Raises:
            DuplicateTrade: If an active trade forbids one of the openings.
            NotOpen: If a trade to close was not open any more, or not as it was known.
        """
        entry = books.Entry(
            events=events, account=account, checkpoints=checkpoints, moved=moved
        )

        def job(db: Connection) -> None:
            self.guard()
            books.write(db, entry)

        await self._thread.write(job)

    async def standing(self, account: str, seen: Seen | None, day_start_ms: int) -> Standing:
        """Return how an account stands, for a process that only looks on.

        Args:
            account: The account's name; it need not exist yet.
            seen: What is known already; None where nothing is.
            day_start_ms: Where today begins, milliseconds UTC.
        """
        return await self._read(lambda db: standing.standing(db, account, seen, day_start_ms))

    async def trades(
        self,
        account: str,
        *,
        active: bool | None = None,
        limit: int = 1000,
        before_id: int | None = None,
    ) -> list[Trade]:
        """Return an account's trades, newest first.

        Args:
            account: The account's name.
            active: Only active trades, or only finished ones; None for both.
            limit: Number of trades at most.
            before_id: Only trades with a smaller id: the next page.
        """
        conditions: list[Any] = [TradeRow.account == account]
        if active is not None:
            conditions.append(ACTIVE if active else FINISHED)
        if before_id is not None:
            conditions.append(TradeRow.id < before_id)
        return await self._read(
            lambda db: queries.trades(db, *conditions, limit=limit, newest_first=True)
        )

    async def trade(self, account: str, trade_id: int) -> Trade | None:
        """Return one trade of an account, or None."""
        found = await self._read(lambda db: queries.trade(db, trade_id))
        return found if found and found.account == account else None

    def history(self, account: str) -> History:
        """Return the account's past, to be read page by page."""
        return History(self._read, account)

    # -- signals ------------------------------------------------------------------------------

    async def add_signals(self, signals: Sequence[Signal]) -> list[bool]:
        """Store signals, all together; returns for each whether its id was new."""

        def job(db: Connection) -> list[bool]:
            return [
                db.execute(rows.ADD_SIGNAL, rows.SIGNAL.of(signal)).rowcount == 1
                for signal in signals
            ]

        return await self._thread.write(job)

    async def expire_signals(self, now_ms: int) -> list[str]:
        """Mark the signals whose time has passed as EXPIRED; returns their ids."""

        def job(db: Connection) -> list[str]:
            due = db.execute(rows.DUE_SIGNALS, (now_ms,)).fetchall()
            db.execute_many(rows.EXPIRE_SIGNAL, due)
            return [signal_id for (signal_id,) in due]

        return await self._thread.write(job)

    async def signals_since(self, arrival: int) -> tuple[list[Signal], int]:
        """Return the signals that arrived behind a position, and the position now."""
        return await self._read(lambda db: queries.signals_since(db, arrival))

    async def last_arrival(self) -> int:
        """Return the position behind the newest signal, for `signals_since`.

        Raises:
            StoreError: If the database fails.
        """
        return await self._read(queries.last_arrival)

    async def signals(
        self, *, status: SignalStatus | None = None, limit: int = 200
    ) -> list[Signal]:
        """Return the last *limit* signals, in order of arrival."""
        statuses = None if status is None else (status,)
        return await self._read(lambda db: queries.signals(db, statuses=statuses, limit=limit))

    async def signal(self, signal_id: str) -> Signal | None:
        """Return one signal, or None."""
        return await self._read(lambda db: queries.signal(db, signal_id))

    # -- other processes ----------------------------------------------------------------------

    async def changed(self) -> bool:
        """Tell whether another process has written since the last call; True at the first."""

        def job(db: Connection) -> Any:
            self.guard()
            return db.pragma("data_version")

        version = await self._thread.outside_transaction(job)
        before, self._data_version = self._data_version, version
        return bool(version != before)

    async def post_command(self, kind: str, payload: str, now_ms: int) -> int:
        """Leave a request for the desk's holder; returns its number."""
        return await self._thread.write(lambda db: commands.post(db, kind, payload, now_ms))

    async def pending_commands(self) -> list[commands.Request]:
        """Return the requests that wait, oldest first; each is handed out once."""

        def job(db: Connection) -> list[commands.Request]:
            self.guard()
            return commands.take(db)

        return await self._thread.write(job)

    async def answer_command(self, command_id: int, reply: str) -> None:
        """Store the answer (JSON) to a request that was handed out."""
        await self._thread.write(lambda db: commands.answer(db, command_id, reply))

    async def answer_abandoned(self, reply: str) -> int:
        """Answer the requests that an earlier holder left unanswered; returns how many."""

        def job(db: Connection) -> int:
            self.guard()
            return commands.answer_abandoned(db, reply)

        return await self._thread.write(job)

    async def forget_commands(self, before_ms: int) -> int:
        """Delete the requests left before a time that are done with; returns how many."""
        return await self._thread.write(lambda db: commands.forget(db, before_ms))

    async def command_reply(self, command_id: int) -> str | None:
        """Return the answer to a request, or None while there is none."""
        return await self._read(lambda db: commands.reply_to(db, command_id))

    async def withdraw_command(self, command_id: int) -> bool:
        """Take a request back; False if it was handed out already."""
        return await self._thread.write(lambda db: commands.withdraw(db, command_id))

    # -- about the file -----------------------------------------------------------------------

    async def latest_ms(self) -> int | None:
        """Return the newest exchange time of anything stored; None if nothing is."""
        return await self._read(queries.latest_ms)

    async def check(self, *, full: bool) -> list[str]:
        """Look for damage and re-add the books, a sentence for each finding.

        Trading goes on meanwhile; *full* also compares indexes and reads every text.
        """
        from store.health import findings

        # Not in the store's own thread: commits need not wait until all is added up.
        return await asyncio.to_thread(findings, self._path, full=full)

    async def info(self) -> dict[str, str]:
        """Return what a person asks about the file: versions, journal, path."""

        def job(db: Connection) -> dict[str, str]:
            mode, why = db.pragma("journal_mode").upper(), db.journal.why
            return {
                "sqlite": sqlite3.sqlite_version,
                "journal": f"{mode}, synchronous {db.journal.synchronous} ({why})",
                "schema": str(db.pragma("user_version")),
                "path": str(self._path),
            }

        return await self._read(job)
