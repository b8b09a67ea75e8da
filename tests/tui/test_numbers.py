"""Numbers, sizes and levels as text."""

from decimal import Decimal

import pytest

from engine.commands import Risk, Stake
from tui import format as fmt
from tui.entry import Mistyped, read_number, read_size, write_size
from tui.widgets.gauge import WIDTH, gauge

D = Decimal


@pytest.mark.parametrize(
    ("value", "tick", "shown"),
    [
        ("0.00001234", "0.00000001", "0.00001234"),
        ("104250.1", "0.01", "104,250.10"),
        ("104250.1", "0.01000000", "104,250.10"),
        ("1500", "1", "1,500"),
        ("1500", "10", "1,500"),
        ("0.9997", None, "0.9997"),
        ("1234.5678", None, "1,234.5678"),
        (None, "0.01", "–"),
    ],
)
def test_a_price_has_the_decimals_of_its_symbol(
    value: str | None, tick: str | None, shown: str
) -> None:
    price = fmt.price(D(value) if value else None, D(tick) if tick else None)

    assert price == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("8", "+8.00"),
        ("-1234.567", "-1,234.57"),
        ("0", "0.00"),
        ("-0.001", "0.00"),
        ("0.001", "0.00"),
        ("1e9", "+1,000,000,000.00"),
    ],
)
def test_a_result_always_shows_its_sign_and_zero_has_none(value: str, shown: str) -> None:
    assert fmt.signed(D(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [("8", "▲ +8.00"), ("-8", "▼ -8.00"), ("-0.004", "0.00"), ("0", "0.00")]
)
def test_an_arrow_never_contradicts_the_number_beside_it(value: str, shown: str) -> None:
    assert fmt.result(D(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.008", "+0.80%"), ("-0.0337", "-3.37%"), ("0", "0.00%"), (None, "–")],
)
def test_a_fraction_is_shown_as_percent(value: str | None, shown: str) -> None:
    assert fmt.percent(D(value) if value else None) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (-5, "0s"),
        (999, "0s"),
        (59_999, "59s"),
        (60_000, "1m"),
        (3_599_999, "59m"),
        (4_320_000, "1h12m"),
        (86_400_000, "1d0h"),
        (86_400_000 * 150, "150d"),
    ],
)
def test_an_age_is_short(milliseconds: int, shown: str) -> None:
    assert fmt.age(milliseconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2212", "2,212"),
        ("0.01560000", "0.0156"),
        ("0", "0"),
        ("-0.5", "-0.5"),
        ("1e3", "1,000"),
    ],
)
def test_a_quantity_is_exact_without_trailing_zeros(value: str, shown: str) -> None:
    assert fmt.quantity(D(value)) == shown


def test_times_are_utc() -> None:
    assert fmt.clock(1_767_323_002_999) == "03:03:22"
    assert fmt.short_clock(1_767_323_002_000) == "03:03"
    assert fmt.day(1_767_323_002_000) == "02 Jan"


@pytest.mark.parametrize(
    ("price", "drawn"),
    [
        ("100", "─────●─────"),
        ("102", "─────┼━●───"),
        ("98", "───●━┼─────"),
        ("105", "─────┼━━━━●"),
        ("95", "●━━━━┼─────"),
        ("140", "─────┼━━━━●"),
        ("1", "●━━━━┼─────"),
    ],
)
def test_the_gauge_shows_where_a_long_stands(price: str, drawn: str) -> None:
    cell = gauge(D("95"), D("100"), D("105"), D(price))

    assert "".join(part for part, _ in cell) == drawn


def test_right_is_profit_also_for_a_short() -> None:
    cell = gauge(D("105"), D("100"), D("95"), D("97"))

    assert "".join(part for part, _ in cell) == "─────┼━━●──"
    assert ("●", "profit") in cell


def test_the_entry_stands_at_its_true_place() -> None:
    cell = gauge(D("90"), D("100"), D("140"), None)

    assert "".join(part for part, _ in cell) == "──┼────────"


def test_a_gauge_without_room_between_its_levels_is_still_drawn() -> None:
    cell = gauge(D("100"), D("100"), D("100"), D("100"))

    assert len("".join(part for part, _ in cell)) == WIDTH


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("151.20", "151.20"),
        (" 1,006.40 ", "1006.40"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1_000", "1000"),
    ],
)
def test_a_number_may_be_typed_with_grouping(typed: str, value: str) -> None:
    assert read_number("Stop", typed) == D(value)


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "abc", "-5", "0", "0.00", "1e3", "NaN", "Infinity", "1.2.3", "٣", "9" * 40],
)
def test_what_is_not_a_number_above_zero_is_refused_by_field_name(typed: str) -> None:
    with pytest.raises(Mistyped, match=r"^Stop "):
        read_number("Stop", typed)


@pytest.mark.parametrize(
    ("typed", "size"),
    [("1%", Risk(D("0.01"))), ("0.5 %", Risk(D("0.005"))), ("100", Stake(D("100")))],
)
def test_a_size_is_a_stake_or_a_part_of_equity(typed: str, size: Risk | Stake) -> None:
    assert read_size(typed) == size


@pytest.mark.parametrize("typed", ["", "%", "101%", "0%", "x%", "1%%"])
def test_a_size_that_makes_no_sense_is_refused(typed: str) -> None:
    with pytest.raises(Mistyped, match=r"^Size "):
        read_size(typed)


@pytest.mark.parametrize("typed", ["1%", "0.25%", "100", "12.5"])
def test_a_size_is_written_as_it_is_typed(typed: str) -> None:
    assert write_size(read_size(typed)) == typed
