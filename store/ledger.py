"""The books on disk: everything the desk stores and reads goes through here."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.account import Account
from engine.events import Event
from engine.model import Market, Signal, SignalStatus, Trade
from store import accounts, books, queries, rows, standing
from store.bank import Bank
from store.changes import Change, changes
from store.connection import Connection
from store.errors import readable
from store.history import History
from store.mailbox import Mailbox
from store.queries import Checkpoint
from store.schema import ACTIVE, FINISHED, TradeRow
from store.standing import Seen, Standing

__all__ = ["Books", "Checkpoint", "Ledger", "Seen", "Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """An account as it stands on disk."""

    account: Account
    active: tuple[Trade, ...]
    """Active trades in id order, each with all that belongs to it."""
    next_trade_id: int
    checkpoints: Mapping[str, Checkpoint]
    """How far each symbol was followed, by symbol."""
    signals: tuple[Signal, ...]
    """ACTIVE and TAKEN ones, in order of arrival."""
    today_net: Decimal
    """Net result of the session's trades closed since the start of the day, quote."""


class Ledger(Bank, Mailbox):
    """The books in one database file, for coroutines of one event loop.

    Every method raises a `StoreError` if the database fails.
    """

    # -- trading ------------------------------------------------------------------------------

    async def load(
        self,
        account: str,
        *,
        market: Market = Market.SPOT,
        currency: str,
        deposit: Decimal,
        day_start_ms: int,
        now_ms: int,
    ) -> Books:
        """Read an account's state; its first use creates it.

        Args:
            account: The account's name.
            market: What a new account trades.
            currency: Quote asset of a new account.
            deposit: What a new account begins with, in *currency*.
            day_start_ms: Where today begins, milliseconds UTC.
            now_ms: When a new account is created, milliseconds UTC.
        """
        new = Account(
            name=account,
            currency=currency,
            market=market,
            session_ms=now_ms,
            deposits=deposit,
        )

        def job(db: Connection) -> Books:
            accounts.create(db, new, now_ms)
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
            events: What happened, in order; what is stored already, exactly so, is passed
                over.
            account: Totals after the events.
            checkpoints: How far the prints of some symbols have gone through the book.
            moved: Active trades that prints have moved: extremes, and stops that follow.

        Raises:
            DuplicateTrade: If an active trade forbids one of the openings.
            NotOpen: If a trade was not as it was known.
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
        session: int | None = None,
        limit: int = 1000,
        before_id: int | None = None,
    ) -> list[Trade]:
        """Return an account's trades, newest first.

        Args:
            account: The account's name.
            active: Only active trades, or only finished ones; None for both.
            session: Only trades of this session; None for all.
            limit: Number of trades at most.
            before_id: Only trades with a smaller id: the next page.
        """
        conditions: list[Any] = [TradeRow.account == account]
        if active is not None:
            conditions.append(ACTIVE if active else FINISHED)
        if session is not None:
            conditions.append(TradeRow.session == session)
        if before_id is not None:
            conditions.append(TradeRow.id < before_id)
        return await self._read(
            lambda db: queries.trades(db, *conditions, limit=limit, newest_first=True)
        )

    async def trade(self, account: str, trade_id: int) -> Trade | None:
        """Return one trade of an account, or None."""
        found = await self._read(lambda db: queries.trade(db, trade_id))
        return found if found and found.account == account else None

    async def story(
        self, account: str, trade_id: int
    ) -> tuple[Trade, tuple[Change, ...]] | None:
        """Return one trade of an account and what happened to it beside its fills, or None."""

        def job(db: Connection) -> tuple[Trade, tuple[Change, ...]] | None:
            found = queries.trade(db, trade_id)
            if found is None or found.account != account:
                return None
            return found, changes(db, [found]).get(trade_id, ())

        return await self._read(job)

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
