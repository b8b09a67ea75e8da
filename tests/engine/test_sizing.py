from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.costs import Costs
from engine.errors import Refused
from engine.limits import Limits
from engine.model import Candle
from engine.money import ZERO
from engine.sizes import AtrUnit, Basis, EquityShare, Kelly, Quantity, Risk, Size, Stake
from engine.sizing import Measures, atr, kelly_fraction, quantity_for, true_range
from tests.engine.desk import D, book, opened, order, signal
from tests.engine.perpetuals import futures_book, futures_instrument
from tests.feeds import START_MS, instrument

FUTURES_FEE = D("0.0005")
PLAIN = Measures(
    price=D(100), stop_fill=D(95), fee_in=ZERO, fee_out=ZERO, equity=D(500), atr=D(4)
)
KELLY = Kelly(D("0.5"), D("0.10"), win_rate=D("0.55"), payoff=D(2), sample=50)


def test_risk_sizing_of_the_rules_page_keeps_the_net_loss_inside_the_budget() -> None:
    coarse = instrument(step=D("0.001"))
    costs = Costs(maker=FUTURES_FEE, taker=FUTURES_FEE)
    desk = book(coarse)

    plan = desk.preview(
        order(
            stop="2460",
            target="2600",
            risk="0.01",
            last="2500",
            equity="6000",
            costs=costs,
        )
    )

    assert plan.quantity == D("1.412")
    assert plan.net_at_stop == D("-59.98176")


def test_risk_sizing_without_fees_overruns_the_budget_by_them() -> None:
    costs = Costs(maker=FUTURES_FEE, taker=FUTURES_FEE)
    asked = order(
        stop="2460",
        target="2600",
        size=Risk(D("0.01"), fees=False),
        last="2500",
        equity="6000",
        costs=costs,
    )

    plan = book(instrument(step=D("0.001"))).preview(asked)

    assert plan.quantity == D("1.5")
    assert plan.net_at_stop == D("-63.72")


def test_slippage_at_the_stop_counts_against_the_risk_budget() -> None:
    costs = Costs(slippage=D("0.01"))

    plan = book().preview(
        order(stop="95", target="120", risk="0.01", costs=costs, equity="10000")
    )

    assert -100 <= plan.net_at_stop < -99


@pytest.mark.parametrize(
    ("size", "quantity"),
    [
        (Stake(D(100)), "1"),
        (Quantity(D("0.7")), "0.7"),
        (EquityShare(D("0.2")), "1"),
        (EquityShare(D("0.2"), Basis.MARGIN), "3"),
        (Risk(D("0.01")), "1"),
        (Risk(D("0.01"), fees=False), "1"),
        (AtrUnit(D("0.02")), "2.5"),
        (KELLY, "10"),
    ],
)
def test_a_size_rule_becomes_a_quantity(size: Size, quantity: str) -> None:
    found = quantity_for(size, replace(PLAIN, leverage=3))

    assert found == D(quantity)


@pytest.mark.parametrize(
    ("win_rate", "payoff", "multiplier", "cap", "fraction"),
    [
        ("0.55", "2", "0.5", "0.2", "0.1625"),
        ("0.55", "2", "0.5", "0.02", "0.02"),
        ("0.5", "1.25", "1", "1", "0.1"),
        ("1", "2", "0.25", "1", "0.25"),
    ],
)
def test_kelly_risks_a_part_of_the_formula_up_to_the_cap(
    win_rate: str, payoff: str, multiplier: str, cap: str, fraction: str
) -> None:
    asked = Kelly(D(multiplier), D(cap), win_rate=D(win_rate), payoff=D(payoff), sample=100)

    assert kelly_fraction(asked) == D(fraction)


@pytest.mark.parametrize(("win_rate", "payoff"), [("0.5", "1"), ("0.4", "1.2"), ("0", "9")])
def test_kelly_without_an_edge_is_refused_and_never_reversed(
    win_rate: str, payoff: str
) -> None:
    asked = replace(KELLY, win_rate=D(win_rate), payoff=D(payoff))

    with pytest.raises(Refused, match="no edge") as refusal:
        kelly_fraction(asked)

    assert refusal.value.code == "no_edge"


def test_a_small_kelly_sample_is_told() -> None:
    desk, size = book(), replace(KELLY, cap=D("0.01"))

    few = desk.preview(order(stop="95", target="110", size=replace(size, sample=29)))
    enough = desk.preview(order(stop="95", target="110", size=replace(size, sample=30)))

    assert any("only 29 trades" in warning for warning in few.warnings)
    assert enough.warnings == ()


def test_the_quantity_is_rounded_down_to_the_step() -> None:
    plan = book(instrument(step=D("0.01"), min_notional=D(10))).preview(
        order(stop="55", target="70", stake="12.34", last="61.20")
    )

    assert plan.quantity == D("0.20")
    assert plan.notional == D("12.24")
    assert plan.stake == D("12.34")


def test_a_trade_reserves_its_cost_and_its_fee_is_booked_at_entry() -> None:
    desk = book()

    opened(desk, order(stop="95", target="110", stake="1000"))

    assert desk.account.balance == D(9999)
    assert desk.reserved == D(1000)
    assert desk.available == D(8999)


def test_an_order_that_cannot_be_paid_is_made_smaller_where_the_setting_says_so() -> None:
    asked = replace(order(stop="95", target="110", stake="20000"), limits=Limits(reduce=True))

    plan = book(instrument(step=D("0.01"))).preview(asked)

    assert plan.quantity == D("99.90")
    assert plan.stake == D("9990")
    assert plan.notional + plan.entry_fee <= 10_000 < D("99.91") * D("100.1")
    assert "99.9 instead of 200 BTC" in plan.warnings[-1]


def test_on_futures_only_the_margin_and_the_fee_must_be_paid() -> None:
    asked = replace(order(stop="99", target="110", stake="19000"), leverage=2)

    plan = futures_book(futures_instrument()).preview(asked)

    assert plan.margin == D(9500)
    assert plan.entry_fee == D(19)


def test_drift_from_the_signal_is_told_in_r() -> None:
    plan = book().preview(order(stop="95", target="110", last="102", signal=signal()))

    assert plan.drift_r == D("0.4")
    assert "0.40 R towards the target" in plan.warnings[0]


def candle(high: str, low: str, close: str) -> Candle:
    return Candle(
        symbol="BTCUSDT",
        timeframe="1h",
        open_ms=START_MS,
        open=D(close),
        high=D(high),
        low=D(low),
        close=D(close),
        volume=D(1),
        close_ms=START_MS + 3_599_999,
        trades=1,
        closed=True,
    )


def test_the_true_range_counts_the_gap_to_the_close_before() -> None:
    before = candle("11", "9", "10")

    assert true_range(before, None) == D(2)
    assert true_range(candle("13", "12", "12.5"), before) == D(3)
    assert true_range(candle("9", "7", "8"), before) == D(3)
    assert true_range(candle("12", "8", "10"), before) == D(4)


def test_the_average_true_range_is_a_mean_first_and_wilders_afterwards() -> None:
    candles = [
        candle("11", "9", "10"),
        candle("13", "10", "12"),
        candle("14", "10", "13"),
        candle("14", "12", "12"),
        candle("13", "7", "8"),
    ]

    assert atr(candles[:2], 3) is None
    assert atr(candles[:3], 3) == D(3)
    assert atr(candles, 2) == D("4.3125")


amounts = st.integers(1, 3_000_000).map(lambda cents: D(cents) / 100)
fractions = st.integers(1, 1_000).map(lambda permille: D(permille) / 1_000)
sizes = st.one_of(
    amounts.map(Stake),
    fractions.map(EquityShare),
    fractions.map(lambda fraction: EquityShare(fraction, Basis.MARGIN)),
    fractions.map(Risk),
    fractions.map(AtrUnit),
)


@given(
    size=sizes,
    stop_cents=st.integers(1, 4_000),
    leverage=st.integers(1, 5),
    slippage=st.sampled_from([ZERO, D("0.0007")]),
    reduce=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_no_accepted_size_risks_or_costs_more_than_was_agreed(
    size: Size, stop_cents: int, leverage: int, slippage: D, reduce: bool
) -> None:
    costs = Costs(maker=D("0.0002"), taker=FUTURES_FEE, slippage=slippage)
    asked = replace(
        order(stop=str(100 - D(stop_cents) / 100), target="150", size=size, costs=costs),
        leverage=leverage,
        atr=D("1.5"),
        limits=Limits(reduce=reduce),
    )
    desk = futures_book(futures_instrument(step="0.001"))

    try:
        plan = desk.preview(asked)
    except Refused:
        assert desk.active() == []
        return

    assert plan.margin + plan.entry_fee <= desk.available
    if isinstance(size, Risk):
        assert -plan.net_at_stop <= size.fraction * 10_000 + D("0.00000002")
    assert desk.preview(asked) == plan
