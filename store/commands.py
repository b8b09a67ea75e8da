"""The requests that other processes leave for the desk's holder.

Law: a request is handed out once, and only then can it no longer be withdrawn. So who gives up
waiting knows for sure whether it was carried out.
"""

from store.connection import Connection

Request = tuple[int, str, str]
"""Number, kind, payload (JSON)."""


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
    waiting: list[Request] = db.execute(
        "SELECT id, kind, payload FROM command WHERE status = 'PENDING' ORDER BY id"
    ).fetchall()
    db.execute_many(
        "UPDATE command SET status = 'TAKEN' WHERE id = ?",
        [(number,) for number, *_ in waiting],
    )
    return waiting


def answer(db: Connection, number: int, reply: str) -> None:
    """Store the answer to a request that was handed out."""
    db.execute(
        "UPDATE command SET status = 'ANSWERED', reply = ? WHERE id = ? AND status = 'TAKEN'",
        (reply, number),
    )


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
