"""What processes on one database leave for each other."""

from typing import Any

from store import changes, commands
from store.connection import Connection
from store.opened import Opened


class Mailbox(Opened):
    """Requests to the desk's holder, and whether anything has changed."""

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
        """Delete the requests left before a time that are done with; returns how many.

        What onlookers were to be told of trades that ended before it is deleted as well.
        """

        def job(db: Connection) -> int:
            changes.forget(db, before_ms)
            return commands.forget(db, before_ms)

        return await self._thread.write(job)

    async def command_reply(self, command_id: int) -> str | None:
        """Return the answer to a request, or None while there is none."""
        return await self._read(lambda db: commands.reply_to(db, command_id))

    async def withdraw_command(self, command_id: int) -> bool:
        """Take a request back; False if it was handed out already."""
        return await self._thread.write(lambda db: commands.withdraw(db, command_id))
