"""The requests that other processes leave for the desk's holder.

Law: a request is handed out once, and only then can it no longer be withdrawn. So who gives up
waiting knows for sure whether it was carried out. The table is open to every program: what it
holds may be anything, and is handed out as text all the same.
"""

from typing import NamedTuple

from store.connection import Connection

MAX_PAYLOAD = 100_000_000
"""Bytes of a request that are read; a longer one arrives cut off."""
_MAX_KIND = 100


class Request(NamedTuple):
    """What another process asks."""

    number: int
    kind: str
    payload: str
    """JSON, if whoever wrote it kept to that."""
    created_ms: int
    """When it was left, by the clock of whoever left it, milliseconds UTC."""


def post(db: Connection, kind: str, payload: str, now_ms: int) -> int:
    """Leave a request; returns its number."""
    cursor = db.execute(
        "INSERT INTO command (kind, payload, status, created_ms) VALUES (?, ?, 'PENDING', ?)",
        (kind, payload, now_ms),
    )
    assert cursor.lastrowid is not None  # an INSERT always has one
    return cursor.lastrowid


def take(db: Connection) -> list[Request]:
    """Hand out the waiting requests, oldest first."""
    # As bytes, because one text that is not UTF-8 would keep all others from being read.
    waiting = db.execute(
        "SELECT id, substr(CAST(kind AS BLOB), 1, ?), substr(CAST(payload AS BLOB), 1, ?), "
        "CAST(created_ms AS INTEGER) FROM command WHERE status = 'PENDING' ORDER BY id",
        (_MAX_KIND, MAX_PAYLOAD),
    ).fetchall()
    db.execute_many(
        "UPDATE command SET status = 'TAKEN' WHERE id = ?",
        [(number,) for number, *_ in waiting],
    )
    return [
        Request(number, _text(kind), _text(payload), created_ms)
        for number, kind, payload, created_ms in waiting
    ]


def answer(db: Connection, number: int, reply: str) -> None:
    """Store the answer to a request that was handed out."""
    db.execute(
        "UPDATE command SET status = 'ANSWERED', reply = ? WHERE id = ? AND status = 'TAKEN'",
        (reply, number),
    )


def answer_abandoned(db: Connection, reply: str) -> int:
    """Answer the requests that were handed out to nobody who still runs; returns how many."""
    return db.execute(
        "UPDATE command SET status = 'ANSWERED', reply = ? WHERE status = 'TAKEN'", (reply,)
    ).rowcount


def forget(db: Connection, before_ms: int) -> int:
    """Delete what is done with and was left before a time; returns how many requests."""
    return db.execute(
        "DELETE FROM command WHERE status IN ('ANSWERED', 'WITHDRAWN') AND created_ms < ?",
        (before_ms,),
    ).rowcount


def reply_to(db: Connection, number: int) -> str | None:
    """Return the answer to a request, or None while there is none."""
    row = db.execute("SELECT reply FROM command WHERE id = ?", (number,)).fetchone()
    return row[0] if row else None


def withdraw(db: Connection, number: int) -> bool:
    """Take a request back; returns whether that was in time."""
    changed = db.execute(
        "UPDATE command SET status = 'WITHDRAWN' WHERE id = ? AND status = 'PENDING'", (number,)
    )
    return changed.rowcount == 1


def _text(found: bytes | None) -> str:
    """Read bytes as text; SQLite makes nothing at all of a part of an empty text."""
    return (found or b"").decode(errors="replace")
