"""What is done with an account beside trading: money paid in or out, a fresh start."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine.account import Account
from engine.errors import Refused
from engine.model import Trade
from engine.money import ZERO, money, plain

MOST = Decimal(10_000_000_000)
"""What an account can hold; far from the end of what the books can add up."""
_NAMED = 5
"""Trades that a sentence names."""


def transferred(account: Account, amount: Decimal, available: Decimal) -> Account:
    """Return the account after money was paid in or out (rules ACC-1).

    Args:
        account: As it stands.
        amount: Quote; negative is a withdrawal.
        available: What neither a trade nor an order takes, quote.

    Raises:
        Refused: If there is not so much to take out, or the account could not hold it.
    """
    if not amount:
        raise Refused("bad_amount", "The amount must be above 0.")
    if -amount > available:
        raise Refused(
            "not_available",
            f"Only {plain(max(money(available), ZERO))} {account.currency} of the account "
            f"{account.name} can be withdrawn; trades and orders hold the rest.",
        )
    after = replace(account, deposits=account.deposits + amount)
    if max(after.deposits, after.balance) > MOST:
        raise _too_much(account)
    return after


def restarted(
    account: Account, balance: Decimal, now_ms: int, active: Sequence[Trade]
) -> Account:
    """Return the account at the beginning of its next session.

    Args:
        account: As its present session leaves it.
        balance: What it begins with, quote.
        now_ms: When it begins, milliseconds UTC.
        active: Trades that are not over.

    Raises:
        Refused: If a trade is still active, or the balance is none.
    """
    if active:
        names = [f"#{one.id} {one.symbol} {one.direction.value}" for one in active[:_NAMED]]
        more = len(active) - len(names)
        names += [f"{more} more"] if more else []
        raise Refused(
            "trades_active",
            f"The account {account.name} still has active trades ({', '.join(names)}). "
            "Close or cancel them, then begin a new session.",
        )
    if balance <= 0:
        raise Refused("bad_amount", "A session must begin with more than 0.")
    if balance > MOST:
        raise _too_much(account)
    return Account(
        name=account.name,
        currency=account.currency,
        market=account.market,
        session=account.session + 1,
        session_ms=now_ms,
        deposits=balance,
    )


def _too_much(account: Account) -> Refused:
    most = f"{MOST:,}"
    return Refused("bad_amount", f"An account holds at most {most} {account.currency}.")
