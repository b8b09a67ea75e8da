"""The paper accounts of one set of books: listed, paid into, begun anew.

Law: the account that a desk runs is changed by that desk alone; any other one in the books
directly, where a change that another process has made meanwhile is noticed and refused.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk.errors import DeskBusy, SettingsError
from desk.lease import Lease, holder_of
from desk.settings import Settings
from engine.account import Account
from engine.banking import restarted, transferred
from engine.book import Book
from engine.errors import Refused
from engine.model import Trade
from engine.money import plain
from store.ledger import Ledger

if TYPE_CHECKING:
    from desk.attach import AttachedDesk
    from desk.session import Session

TRANSFER, NEW_SESSION = "transfer", "new_session"
"""Kinds of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account as a list shows it."""

    name: str
    account: Account | None
    """As it is booked; None while it was never opened."""
    active: int
    """Trades that are open or wait."""


def unopened(settings: Settings) -> Account:
    """Return the account that the settings describe, as it is before it is opened."""
    return Account(
        name=settings.account,
        currency=settings.currency,
        market=settings.market,
        deposits=settings.deposit,
    )


def check_stored(stored: Account, settings: Settings) -> None:
    """Make sure that the settings speak of the account that is in the books.

    Raises:
        SettingsError: If its market or its currency is another one.
    """
    if (stored.market, stored.currency) != (settings.market, settings.currency):
        raise SettingsError(
            f"The account {stored.name} trades {stored.market.lower()} in {stored.currency} in "
            f"the books, the settings say {settings.market.lower()} in {settings.currency}. "
            "Set its market and currency as they were, or use another account: "
            "`paperdesk accounts add`."
        )


def unknown_account(name: str) -> Refused:
    """Return the refusal of an account that is not in the books."""
    return Refused(
        "unknown_account",
        f"There is no account {name} in the books. `paperdesk accounts` lists them.",
    )


async def accounts(ledger: Ledger, settings: Settings) -> list[AccountView]:
    """Return all accounts by name, those too that only the settings know.

    Raises:
        StoreError: If the books cannot be read.
    """
    stored = {account.name: account for account in await ledger.accounts()}
    views = []
    for name in sorted({*stored, *settings.accounts}):
        active = len(await ledger.trades(name, active=True)) if name in stored else 0
        views.append(AccountView(name=name, account=stored.get(name), active=active))
    return views


# -- where it runs ----------------------------------------------------------------------------


async def transfer(
    role: "Session | AttachedDesk", name: str, amount: Decimal, note: str
) -> Account:
    """Book money paid in or out; returns the account afterwards.

    Args:
        role: The desk that was asked.
        name: Of any account in the books.
        amount: Quote; negative is a withdrawal.
        note: What it is for.

    Raises:
        Refused: If there is not so much to take out; nothing has changed then.
        DeskError: If the desk cannot do it at present.
        StoreError: If the books cannot be used.
    """
    from desk.session import Session

    if name != role.settings.account:
        return await transfer_in_books(role.ledger, name, amount, note)
    if isinstance(role, Session):
        return await role.transfer(amount, note)
    return await _ask_holder(role, TRANSFER, {"amount": plain(amount), "note": note})


async def new_session(role: "Session | AttachedDesk", name: str, balance: Decimal) -> Account:
    """Begin an account anew; what was stays on record. Returns the account as it begins.

    Args:
        role: The desk that was asked.
        name: Of any account in the books.
        balance: What it begins with, quote.

    Raises:
        Refused: If a trade is still active; nothing has changed then.
        DeskError: If the desk cannot do it at present.
        StoreError: If the books cannot be used.
    """
    from desk.session import Session

    if name != role.settings.account:
        return await new_session_in_books(role.ledger, name, balance)
    if isinstance(role, Session):
        return await role.new_session(balance)
    return await _ask_holder(role, NEW_SESSION, {"balance": plain(balance)})


async def _ask_holder(role: "AttachedDesk", kind: str, payload: Mapping[str, str]) -> Account:
    from desk import door

    name = role.settings.account
    await door.ask_through(role.ledger, kind, {**payload, "account": name})
    await role.look()
    return role.book.account


async def request(
    database: Path, name: str, kind: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Have the desk that runs an account book something; where none does, book it here.

    Args:
        database: The books.
        name: Of the account.
        kind: `TRANSFER` with ``amount`` and ``note``, or `NEW_SESSION` with ``balance``.
        payload: What the kind asks for.

    Raises:
        Refused: If the rules do not allow it; nothing has changed then.
        DeskError: If the desk does not answer.
        StoreError: If the books cannot be used.
    """
    from desk import door

    try:
        with Lease(database, name):
            return await _in_books(database, name, kind, payload)
    except DeskBusy:
        holder = holder_of(database)
    if holder and holder.account not in ("", name):
        return await _in_books(database, name, kind, payload)
    answer: dict[str, Any] = await door.ask(database, kind, {**payload, "account": name})
    return answer


async def _in_books(
    database: Path, name: str, kind: str, payload: Mapping[str, Any]
) -> dict[str, Any]:
    ledger = await Ledger.open(database)
    try:
        if kind == TRANSFER:
            amount = Decimal(payload["amount"])
            after = await transfer_in_books(ledger, name, amount, payload["note"])
        else:
            after = await new_session_in_books(ledger, name, Decimal(payload["balance"]))
    finally:
        await ledger.close()
    return account_json(after)


# -- in the books -----------------------------------------------------------------------------


async def transfer_in_books(ledger: Ledger, name: str, amount: Decimal, note: str) -> Account:
    """Do what `transfer` does to an account that no desk runs."""
    account, active = await _stored(ledger, name)
    available = Book(account, {}, trades=active).available
    after = transferred(account, amount, available)
    await ledger.transfer(after, amount, note, await _now_ms(ledger))
    return after


async def new_session_in_books(ledger: Ledger, name: str, balance: Decimal) -> Account:
    """Do what `new_session` does to an account that no desk runs."""
    account, active = await _stored(ledger, name)
    now_ms = await _now_ms(ledger)
    fresh = restarted(account, balance, now_ms, active)
    await ledger.new_session(fresh, now_ms)
    return fresh


async def _stored(ledger: Ledger, name: str) -> tuple[Account, tuple[Trade, ...]]:
    standing = await ledger.standing(name, None, 0)
    if standing.account is None:
        raise unknown_account(name)
    return standing.account, standing.trades


async def _now_ms(ledger: Ledger) -> int:
    """Return the time, never before what the books know: a demo's time runs ahead."""
    return max(time.time_ns() // 1_000_000, await ledger.latest_ms() or 0)


# -- as JSON ----------------------------------------------------------------------------------


def account_json(account: Account) -> dict[str, Any]:
    """Return an account's booked totals as JSON values."""
    return {
        "name": account.name,
        "market": account.market.value,
        "currency": account.currency,
        "balance": plain(account.balance),
        "deposits": plain(account.deposits),
        "gross": plain(account.gross),
        "fees": plain(account.fees),
        "funding": plain(account.funding),
        "session": account.session,
        "session_ms": account.session_ms,
        "closed": account.closed,
        "wins": account.wins,
        "losses": account.losses,
    }


def view_json(view: AccountView) -> dict[str, Any]:
    """Return a row of the list as JSON values; one that was never opened has no figures."""
    booked = account_json(view.account) if view.account else {"name": view.name}
    return {**booked, "active": view.active}
