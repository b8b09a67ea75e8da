from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import TooLarge, TooPrecise
from store.fields import from_e8, to_e8

SMALLEST, LARGEST = -(2**63), 2**63 - 1


@given(st.integers(SMALLEST, LARGEST))
def test_every_64_bit_value_comes_back_as_it_went_in(stored: int) -> None:
    assert to_e8(from_e8(stored)) == stored


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_is_stored_exactly_or_refused(value: Decimal) -> None:
    try:
        stored = to_e8(value)
    except (TooPrecise, TooLarge):
        return

    assert from_e8(stored) == value


@pytest.mark.parametrize(
    "text",
    ["92233720368.54775808", "-92233720368.54775809", "1E+999999", "NaN", "sNaN", "Infinity"],
)
def test_a_number_beyond_64_bits_is_refused_as_too_large(text: str) -> None:
    with pytest.raises(TooLarge, match="too large"):
        to_e8(Decimal(text))


@pytest.mark.parametrize("text", ["0.000000001", "1E-999999", "1." + "0" * 70 + "1"])
def test_a_number_with_a_ninth_decimal_is_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(TooPrecise, match="more than 8 decimals"):
        to_e8(Decimal(text))


def test_trailing_zeros_beyond_the_eighth_decimal_are_no_precision() -> None:
    assert to_e8(Decimal("1.500000000000")) == 150_000_000
