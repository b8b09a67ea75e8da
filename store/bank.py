"""The accounts in the books: who they are, what was paid in and out, fresh starts."""

from decimal import Decimal

from engine.account import Account
from store import accounts
from store.accounts import PastSession, Transfer
from store.connection import Connection
from store.opened import Opened


class Bank(Opened):
    """What is done with accounts beside trading."""

    async def accounts(self) -> list[Account]:
        """Return all accounts by name."""
        return await self._read(accounts.accounts)

    async def transfer(self, after: Account, amount: Decimal, note: str, now_ms: int) -> None:
        """Book money paid in or out.

        Args:
            after: The account afterwards.
            amount: Quote; negative is a withdrawal.
            note: What it is for.
            now_ms: Milliseconds UTC.

        Raises:
            Refused: If another process has changed the account meanwhile.
        """

        def job(db: Connection) -> None:
            self.guard()
            accounts.transfer(db, after, amount, note, now_ms)

        await self._thread.write(job)

    async def new_session(self, fresh: Account, now_ms: int) -> None:
        """Begin an account anew: its trades, transfers and totals so far stay on record.

        Args:
            fresh: The account as it begins: the next session, its deposits, no results.
            now_ms: When the old session ends, milliseconds UTC.

        Raises:
            Refused: If a trade is still active, or another process has begun a session.
        """

        def job(db: Connection) -> None:
            self.guard()
            accounts.new_session(db, fresh, now_ms)

        await self._thread.write(job)

    async def transfers(self, name: str, session: int | None = None) -> list[Transfer]:
        """Return what was paid in and out in a session, oldest first.

        Args:
            name: Of the account.
            session: Its number; None for the present one.
        """
        return await self._read(lambda db: accounts.transfers(db, name, session))

    async def past_sessions(self, name: str) -> list[PastSession]:
        """Return the sessions of an account that are over, oldest first."""
        return await self._read(lambda db: accounts.past_sessions(db, name))
