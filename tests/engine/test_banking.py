"""Money paid in and out, and fresh starts: what is refused changes nothing."""

import pytest

from engine.account import Account
from engine.banking import restarted, transferred
from engine.errors import Refused
from tests.engine.desk import D, book, order

MAIN = Account(name="main", currency="USDT", deposits=D(1000), gross=D(50), fees=D(10), wins=1)


def test_a_deposit_and_a_withdrawal_change_the_deposits_alone() -> None:
    richer = transferred(MAIN, D("10.5"), available=D(0))
    poorer = transferred(richer, D("-1050.5"), available=D("1050.5"))

    assert (richer.deposits, richer.balance) == (D("1010.5"), D("1050.5"))
    assert poorer.balance == 0
    assert (poorer.gross, poorer.fees, poorer.wins) == (MAIN.gross, MAIN.fees, MAIN.wins)


@pytest.mark.parametrize(
    ("amount", "code"),
    [("-100.01", "not_available"), ("0", "bad_amount"), ("1e10", "bad_amount")],
)
def test_what_is_not_there_cannot_be_taken_nor_can_an_account_hold_too_much(
    amount: str, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        transferred(MAIN, D(amount), available=D(100))

    assert refusal.value.code == code


def test_a_new_session_has_its_balance_and_no_results() -> None:
    fresh = restarted(MAIN, D(500), 9_000, ())

    assert (fresh.session, fresh.session_ms, fresh.balance) == (2, 9_000, D(500))
    assert (fresh.gross, fresh.fees, fresh.wins, fresh.closed) == (D(0), D(0), 0, 0)


def test_active_trades_forbid_a_new_session_and_are_named() -> None:
    desk = book()
    desk.submit(order(stop="95", target="110"))

    with pytest.raises(Refused, match=r"#1 BTCUSDT LONG") as refusal:
        restarted(desk.account, D(500), 9_000, list(desk.active()))

    assert refusal.value.code == "trades_active"
