import pytest

from engine.commands import Risk, Stake
from engine.costs import Costs
from engine.sizing import quantity_for
from tests.engine.desk import D, book, opened, order
from tests.feeds import instrument

FUTURES_FEE = D("0.0005")


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


def test_slippage_at_the_stop_counts_against_the_risk_budget() -> None:
    costs = Costs(slippage=D("0.01"))

    plan = book().preview(
        order(stop="95", target="120", risk="0.01", costs=costs, equity="10000")
    )

    assert -100 <= plan.net_at_stop < -99


@pytest.mark.parametrize(
    ("size", "quantity"),
    [(Stake(D(100)), "1"), (Risk(D("0.01")), "1.0")],
)
def test_a_size_rule_becomes_a_quantity(size: Stake | Risk, quantity: str) -> None:
    found = quantity_for(size, price=D(100), stop_fill=D(95), taker=D(0), equity=D(500))

    assert found == D(quantity)


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


def test_drift_from_the_signal_is_told_in_r() -> None:
    from tests.engine.desk import signal

    plan = book().preview(order(stop="95", target="110", last="102", signal=signal()))

    assert plan.drift_r == D("0.4")
    assert "0.40 R towards the target" in plan.warnings[0]
