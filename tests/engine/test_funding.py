from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.funding import HOUR_MS, due_times, on_minute, owes, paid, payment_of
from engine.margin import liquidation_of
from engine.marks import FundingDue
from engine.model import Direction, Market, TradeStatus
from tests.engine.futures import LONG, SHORT, futures, trade
from tests.feeds import START_MS

D = Decimal
MIDNIGHT_MS = 1_790_035_200_000
"""2026-09-22 00:00 UTC."""


def due(
    rate: str = "0.0001", *, mark: str = "2000", symbol: str = "ETHUSDT", after_ms: int = 1
) -> FundingDue:
    return FundingDue(symbol, START_MS + after_ms, D(rate), D(mark))


@pytest.mark.parametrize(
    ("direction", "rate", "amount"),
    [
        (SHORT, "0.0001", "0.29776"),
        (LONG, "0.0001", "-0.29776"),
        (SHORT, "-0.0001", "-0.29776"),
        (LONG, "0", "0"),
    ],
)
def test_longs_pay_shorts_while_the_rate_is_above_zero(
    direction: Direction, rate: str, amount: str
) -> None:
    position = trade(direction, quantity="1.2", entry="2500", leverage=7)

    payment = payment_of(position, due(rate, mark="2481.33333333"))

    assert payment.amount == D(amount)
    assert (payment.rate, payment.mark) == (D(rate), D("2481.33333333"))
    assert payment.time_ms == START_MS + 1


def test_a_payment_is_for_what_is_still_open() -> None:
    half = replace(trade(quantity="10"), quantity=D(5))

    assert payment_of(half, due()).amount == D("-1")


def test_a_payment_is_booked_to_the_trade_and_its_wallet() -> None:
    before = trade(SHORT, quantity="1", leverage=10)
    received, charged = payment_of(before, due("0.001")), payment_of(before, due("-0.003"))

    after = paid(paid(before, received), charged)

    assert (received.amount, charged.amount) == (D(2), D(-6))
    assert after.funding == D(-4)
    assert after.margin == before.margin - 4
    assert after.payments == (received, charged)
    assert after.gross == before.gross
    assert after.net == before.net - 4


def test_paying_brings_the_liquidation_nearer() -> None:
    before = trade(LONG)

    after = paid(before, payment_of(before, due("0.01")))

    near, far = liquidation_of(after, futures()), liquidation_of(before, futures())
    assert near is not None
    assert far is not None
    assert near > far


@pytest.mark.parametrize(
    ("after_ms", "owed"), [(-1, False), (0, False), (1, True)], ids=["before", "at", "after"]
)
def test_only_a_trade_opened_before_the_settlement_takes_part(
    after_ms: int, owed: bool
) -> None:
    assert owes(trade(), due(after_ms=after_ms)) is owed


def test_a_settlement_is_owed_once() -> None:
    position = trade()
    first = due()

    position = paid(position, payment_of(position, first))

    assert not owes(position, first)
    assert owes(position, due(after_ms=HOUR_MS))


def test_other_symbols_spot_and_trades_without_a_position_owe_nothing() -> None:
    assert not owes(trade(), due(symbol="BTCUSDT"))
    assert not owes(trade(market=Market.SPOT), due())
    assert not owes(trade(status=TradeStatus.PENDING), due())
    assert not owes(trade(status=TradeStatus.CLOSED_TP), due())


@pytest.mark.parametrize("jitter_ms", [-29_999, -3, 0, 18, 29_999])
def test_the_jitter_of_a_funding_time_is_rounded_away(jitter_ms: int) -> None:
    assert on_minute(MIDNIGHT_MS + jitter_ms) == MIDNIGHT_MS


def test_funding_times_lie_on_the_interval_after_the_beginning_and_up_to_the_end() -> None:
    times = due_times(8, MIDNIGHT_MS, MIDNIGHT_MS + 24 * HOUR_MS)

    assert list(times) == [MIDNIGHT_MS + hours * HOUR_MS for hours in (8, 16, 24)]


@given(st.sampled_from([1, 4, 8]), st.integers(0, 10**13), st.integers(0, 72 * HOUR_MS))
def test_two_spans_have_the_funding_times_of_both_together(
    interval_h: int, start_ms: int, length_ms: int
) -> None:
    middle_ms, end_ms = start_ms + length_ms // 3, start_ms + length_ms

    first = due_times(interval_h, start_ms, middle_ms)
    second = due_times(interval_h, middle_ms, end_ms)

    assert [*first, *second] == list(due_times(interval_h, start_ms, end_ms))
