import pytest

from engine.model import Direction, Fill, FillKind, PriceModel, Source
from engine.pnl import break_even, gross, open_cost, released_cost
from tests.engine.desk import LONG, SHORT, D
from tests.feeds import instrument


@pytest.mark.parametrize(("direction", "price"), [(LONG, "2502.51"), (SHORT, "2497.50")])
def test_break_even_pays_both_fees_and_lies_on_the_grid(
    direction: Direction, price: str
) -> None:
    fee = D("0.0005")

    assert break_even(direction, D(2500), fee, fee, instrument()) == D(price)


def test_released_costs_of_three_sales_add_up_to_the_cost_exactly() -> None:
    cost, quantity = D("30.2"), D(3)
    parts = []
    for _ in range(3):
        part = released_cost(cost, quantity, D(1))
        parts.append(part)
        cost, quantity = cost - part, quantity - 1

    assert parts == [D("10.06666667"), D("10.06666666"), D("10.06666667")]
    assert [gross(LONG, part, D(11), D(1)) for part in parts] == [
        D("0.93333333"),
        D("0.93333334"),
        D("0.93333333"),
    ]


def test_the_open_cost_is_re_added_from_fills_with_every_digit() -> None:
    fill = Fill(
        kind=FillKind.ENTRY,
        price=D("0.00001234"),
        quantity=D("810372.77"),
        fee=D(0),
        time_ms=0,
        model=PriceModel.TOUCH,
        source=Source.STREAM,
    )

    assert open_cost(LONG, [fill]) == D("0.00001234") * D("810372.77")
