"""Bookings on the account that a desk runs: money paid in or out, a fresh session.

Law: they are errands of the hand like everything that touches the book, and the book learns of
them only once they are on disk.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from desk.accounts import TRANSFER, account_json
from desk.hand import Hand
from engine.account import Account
from engine.banking import restarted, transferred
from engine.errors import Refused
from engine.stats import Today, day_start
from engine.text import clean
from store.ledger import Ledger

if TYPE_CHECKING:
    from desk.session import Session


async def transfer(
    hand: Hand, ledger: Ledger, amount: Decimal, note: str, now_ms: int
) -> Account:
    """Book money paid in, or out where *amount* is negative; returns the account then.

    Raises:
        Refused: If there is not so much to take out; nothing has changed then.
        Halted: If nothing can be stored at present.
        StoreError: If it cannot be stored.
    """
    hand.check_storing()

    async def work() -> Account:
        after = transferred(hand.book.account, amount, hand.book.available)
        await ledger.transfer(after, amount, note, now_ms)
        hand.book.account = after
        return after

    return await hand.errand(work)


async def new_session(hand: Hand, ledger: Ledger, balance: Decimal, now_ms: int) -> Account:
    """Begin the account anew; returns it as it begins.

    Raises:
        Refused: If a trade is still active; nothing has changed then.
        Halted: If nothing can be stored at present.
        StoreError: If it cannot be stored.
    """
    hand.check_storing()

    async def work() -> Account:
        book = hand.book
        fresh = restarted(book.account, balance, now_ms, list(book.active()))
        await ledger.new_session(fresh, now_ms)
        book.account = fresh
        hand.today = Today(day_start(now_ms))
        return fresh

    return await hand.errand(work)


# -- requests ---------------------------------------------------------------------------------


def check_account(payload: Mapping[str, Any], account: str) -> None:
    """Make sure that a request is for the account that the desk runs, if it names one.

    Raises:
        Refused: If it is for another one.
    """
    asked = payload.get("account", account)
    if asked != account:
        raise Refused(
            "other_account",
            f"The running desk trades the account {account}, not {clean(str(asked), 40)}. One "
            "desk runs one account at a time: quit it first.",
        )


async def carry_out(session: "Session", kind: str, payload: Mapping[str, Any]) -> Any:
    """Do what a request asks; returns the account afterwards as JSON values.

    Raises:
        Refused: If it cannot be read, or the rules do not allow it.
        Halted: If nothing can be stored at present.
        StoreError: If it cannot be stored.
    """
    if kind == TRANSFER:
        note = payload.get("note", "")
        if not isinstance(note, str):
            raise Refused("bad_command", "The note of the request is no text.")
        after = await session.transfer(_amount(payload, "amount"), clean(note))
    else:
        after = await session.new_session(_amount(payload, "balance"))
    return account_json(after)


def _amount(payload: Mapping[str, Any], name: str) -> Decimal:
    from desk.words import parse_signed

    text = payload.get(name)
    try:
        return parse_signed(text if isinstance(text, str) else "")
    except ValueError as exc:
        raise Refused("bad_command", f"The request's {name} must be {exc}.") from None
