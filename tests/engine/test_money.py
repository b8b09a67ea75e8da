from decimal import Decimal, FloatOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import ceil_to, floor_to, money, on_grid, plain

D = Decimal


def test_a_float_cannot_slip_into_a_price() -> None:
    with pytest.raises(FloatOperation):
        D(0.1)
    with pytest.raises(FloatOperation):
        assert D("3.3") > 3.2


def test_the_product_of_two_nineteen_digit_numbers_keeps_every_digit() -> None:
    largest = D("92233720368.54775807")

    assert largest * largest == D("8507059173023461584739.6907784232501249")


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.000000005", "0"),
        ("0.000000015", "0.00000002"),
        ("-0.000000025", "-0.00000002"),
        ("1.234567891", "1.23456789"),
    ],
)
def test_money_is_rounded_half_to_even_at_the_eighth_decimal(exact: str, rounded: str) -> None:
    assert money(D(exact)) == D(rounded)


@given(
    st.decimals("0", "1000000", places=8),
    st.sampled_from(["0.01", "0.05", "1", "0.00000001", "5"]),
)
def test_floor_and_ceiling_enclose_a_value_by_less_than_one_step(
    value: Decimal, grid: str
) -> None:
    low, high = floor_to(value, D(grid)), ceil_to(value, D(grid))

    assert low <= value <= high
    assert high - low in (0, D(grid))
    assert on_grid(low, D(grid))
    assert on_grid(high, D(grid))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E-8", "0.00000001"),
        ("100.5000", "100.5"),
        ("1E+3", "1000"),
        ("-0.0", "0"),
        ("0", "0"),
    ],
)
def test_numbers_are_written_plainly(value: str, text: str) -> None:
    assert plain(D(value)) == text
