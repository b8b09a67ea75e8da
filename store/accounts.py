"""Paper accounts on disk: how they begin, what is paid in and out, and fresh starts.

Law: deposits are the sum of the transfers of a session. A new session leaves the old one as it
was: its trades, its transfers and its totals stay on record.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.account import Account
from engine.errors import Refused
from engine.money import plain
from store import queries, rows
from store.account_tables import AccountRow, SessionRow, TransferRow
from store.connection import Connection
from store.errors import StoreError
from store.fields import to_e8

OPENING = "opening balance"
_SESSION = ("session", "session_ms", "deposits")
_ADD_TRANSFER = (
    "INSERT INTO transfer (account, session, time_ms, amount, note) VALUES (?, ?, ?, ?, ?)"
)
_SET_DEPOSITS = (
    "UPDATE account SET deposits = ? WHERE name = ? AND session = ? AND deposits = ?"
)
_NAMES = ", ".join(("deposits", *rows.TOTALS.names))
_ARCHIVE = (
    f"INSERT INTO session (account, session, began_ms, ended_ms, {_NAMES}) "
    f"SELECT name, session, session_ms, ?, {_NAMES} FROM account WHERE name = ?"
)
_RESTART = rows.Columns(AccountRow, (*_SESSION, *rows.TOTALS.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money paid in or out of an account."""

    session: int
    time_ms: int
    """Milliseconds UTC."""
    amount: Decimal
    """Quote; positive is a deposit."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSession:
    """A session of an account that is over."""

    account: Account
    """With its totals at the end."""
    ended_ms: int
    """Milliseconds UTC."""


def create(db: Connection, account: Account, now_ms: int) -> bool:
    """Create an account unless there is one of its name; returns whether it is new."""
    made = db.execute(rows.ADD_ACCOUNT, (now_ms, *rows.ACCOUNT.of(account))).rowcount == 1
    if made:
        _add_transfer(db, account, account.deposits, OPENING, now_ms)
    return made


def accounts(db: Connection) -> list[Account]:
    """Return all accounts by name."""
    found = db.rows(AccountRow.select().order_by(AccountRow.name))
    return [rows.account_of(row) for row in found]


def transfer(db: Connection, after: Account, amount: Decimal, note: str, now_ms: int) -> None:
    """Book money paid in or out; the same once more changes nothing.

    Args:
        db: Inside a transaction.
        after: The account afterwards.
        amount: Quote; negative is a withdrawal.
        note: What it is for.
        now_ms: Milliseconds UTC.

    Raises:
        Refused: If the account has other deposits than was known.
        StoreError: If the account is unknown.
    """
    stored = _known(db, after.name)
    booked = transfers(db, after.name, after.session)
    same = Transfer(session=after.session, time_ms=now_ms, amount=amount, note=note)
    if stored.deposits == after.deposits and booked[-1:] == [same]:
        return
    known = to_e8(after.deposits - amount)
    values = (to_e8(after.deposits), after.name, after.session, known)
    if db.execute(_SET_DEPOSITS, values).rowcount != 1:
        raise Refused(
            "account_changed",
            f"Another process has changed the account {after.name} meanwhile "
            f"(deposits {plain(stored.deposits)}). Nothing was booked; try again.",
        )
    _add_transfer(db, after, amount, note, now_ms)


def new_session(db: Connection, fresh: Account, now_ms: int) -> None:
    """Begin anew and keep the past; the same once more changes nothing.

    Args:
        db: Inside a transaction.
        fresh: The account as it begins: the next session, its deposits, no results.
        now_ms: When the old session ends, milliseconds UTC.

    Raises:
        Refused: If a trade is still active, or another process has begun a session.
        StoreError: If the account is unknown.
    """
    stored = _known(db, fresh.name)
    if stored == fresh:
        return
    if stored.session + 1 != fresh.session:
        raise Refused(
            "account_changed",
            f"Another process has begun session {stored.session} of the account {fresh.name} "
            "meanwhile. Nothing was done.",
        )
    if active := len(queries.active_trades(db, fresh.name)):
        raise Refused(
            "trades_active",
            f"The account {fresh.name} has {active} active trade{'s' * (active > 1)}. Close or "
            "cancel everything, then begin a new session.",
        )
    db.execute(_ARCHIVE, (now_ms, fresh.name))
    assigned = ", ".join(f'"{name}" = ?' for name in _RESTART.names)
    db.execute(
        f"UPDATE account SET {assigned} WHERE name = ?", (*_RESTART.of(fresh), fresh.name)
    )
    _add_transfer(db, fresh, fresh.deposits, OPENING, now_ms)


def transfers(db: Connection, name: str, session: int | None = None) -> list[Transfer]:
    """Return what was paid in and out in a session, oldest first; None: the present one."""
    if session is None:
        present = queries.account(db, name)
        session = present.session if present else 0
    chosen = TransferRow.select().where(
        TransferRow.account == name, TransferRow.session == session
    )
    return [
        Transfer(
            session=row["session"],
            time_ms=row["time_ms"],
            amount=row["amount"],
            note=row["note"],
        )
        for row in db.rows(chosen.order_by(TransferRow.id))
    ]


def past_sessions(db: Connection, name: str) -> list[PastSession]:
    """Return the sessions of an account that are over, oldest first."""
    present = queries.account(db, name)
    if present is None:
        return []
    found = db.rows(
        SessionRow.select().where(SessionRow.account == name).order_by(SessionRow.session)
    )
    return [_past(present, row) for row in found]


def _past(present: Account, row: dict[str, Any]) -> PastSession:
    totals = {name: row[name] for name in ("deposits", *rows.TOTALS.names)}
    account = Account(
        name=present.name,
        currency=present.currency,
        market=present.market,
        session=row["session"],
        session_ms=row["began_ms"],
        **totals,
    )
    return PastSession(account=account, ended_ms=row["ended_ms"])


def _known(db: Connection, name: str) -> Account:
    stored = queries.account(db, name)
    if stored is None:
        raise StoreError(f"The account {name} is not in the books.")
    return stored


def _add_transfer(
    db: Connection, account: Account, amount: Decimal, note: str, now_ms: int
) -> None:
    values = (account.name, account.session, now_ms, to_e8(amount), note)
    db.execute(_ADD_TRANSFER, values)
