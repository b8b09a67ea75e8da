"""A ladder's parts add up to the quantity, and each is an order the exchange would take."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ladder import laddered, resized
from engine.model import Direction, Market, Target
from engine.money import ZERO
from tests.engine.desk import LONG, SHORT, D
from tests.feeds import instrument

COARSE = instrument(step=D(1), min_quantity=D(1), min_notional=ZERO)
SPOT = instrument(step=D("0.01"), min_quantity=D("0.01"), min_notional=D(10))
FUTURES = replace(SPOT, market=Market.FUTURES)

Levels = list[tuple[str | None, str]]


def asked(levels: Levels) -> list[tuple[Decimal | None, Decimal]]:
    return [(None if price is None else D(price), D(share)) for price, share in levels]


def parts(targets: tuple[Target, ...]) -> list[tuple[str, str]]:
    return [(str(target.price), format(target.quantity.normalize(), "f")) for target in targets]


@pytest.mark.parametrize(
    ("quantity", "levels", "expected"),
    [
        ("7", [("110", "0.40"), ("120", "0.35"), ("130", "0.25")], ["2", "3", "2"]),
        ("7", [("110", "1")], ["7"]),
        ("10", [("110", "0.5"), ("120", "0.3"), ("130", "0.2")], ["5", "3", "2"]),
        ("1", [("110", "0.5"), ("120", "0.5")], ["1"]),
        ("3", [("110", "0.1"), ("120", "0.2"), ("130", "0.7")], ["3"]),
        ("7", [("110", "0.5"), (None, "0.5")], ["3"]),
        ("7", [("110", "0.25"), ("120", "0.25"), (None, "0.5")], ["1", "2"]),
    ],
)
def test_shares_are_cut_cumulatively_on_the_grid(
    quantity: str, levels: Levels, expected: list[str]
) -> None:
    targets, _ = laddered(asked(levels), D(quantity), COARSE, direction=LONG)

    assert [str(target.quantity) for target in targets] == expected


def test_an_empty_level_is_dropped_with_a_notice() -> None:
    levels = asked([("110", "0.1"), ("120", "0.9")])

    targets, notices = laddered(levels, D(5), COARSE, direction=LONG)

    assert parts(targets) == [("120", "5")]
    assert notices == ("The target at 110 is dropped: its part is less than one step.",)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([("110", "0.05"), ("120", "0.95")], [("120", "1")]),
        ([("110", "0.5"), ("120", "0.45"), ("130", "0.05")], [("110", "0.5"), ("120", "0.5")]),
        ([("110", "0.05"), ("120", "0.05"), ("130", "0.9")], [("120", "0.1"), ("130", "0.9")]),
        ([("110", "0.09"), ("120", "0.91")], [("120", "1")]),
        ([("110", "0.10"), ("120", "0.90")], [("110", "0.1"), ("120", "0.9")]),
        ([("110", "0.95"), (None, "0.05")], [("110", "1")]),
        ([("110", "0.05"), (None, "0.95")], [("110", "1")]),
        ([("110", "0.5"), ("120", "0.05"), (None, "0.45")], [("110", "0.55")]),
    ],
)
def test_on_spot_a_level_below_the_smallest_value_goes_with_its_neighbour(
    levels: Levels, expected: list[tuple[str, str]]
) -> None:
    targets, notices = laddered(asked(levels), D(1), SPOT, direction=LONG)

    assert parts(targets) == expected
    assert all("too small" in notice for notice in notices)
    assert bool(notices) == (len(expected) < len(levels))


def test_on_futures_any_value_is_an_order_but_not_any_quantity() -> None:
    coarse = replace(FUTURES, min_quantity=D("0.04"))
    levels = asked([("110", "0.05"), ("120", "0.03"), ("130", "0.92")])

    targets, _ = laddered(levels, D(1), coarse, direction=LONG)

    assert parts(targets) == [("110", "0.05"), ("130", "0.95")]


def test_targets_of_a_short_fall() -> None:
    levels = asked([("90", "0.5"), ("80", "0.5")])

    targets, notices = laddered(levels, D(1), SPOT, direction=SHORT)

    assert parts(targets) == [("90", "0.5"), ("80", "0.5")]
    assert notices == ()


def ladder(*rows: tuple[str, str, bool]) -> tuple[Target, ...]:
    return tuple(Target(price=D(p), quantity=D(q), filled=filled) for p, q, filled in rows)


def test_what_is_left_is_shared_as_the_whole_was() -> None:
    targets = ladder(("110", "2", True), ("120", "3", False), ("130", "2", False))

    left = resized(targets, D(5), D(4), COARSE)

    assert left == ladder(("110", "2", True), ("120", "2", False), ("130", "2", False))


def test_a_runner_keeps_its_share_of_what_is_left() -> None:
    targets = ladder(("110", "4", False))

    assert resized(targets, D(10), D(5), COARSE) == ladder(("110", "2", False))


def test_nothing_but_a_runner_stays_so() -> None:
    targets = ladder(("110", "4", True))

    assert resized(targets, D(6), D(3), COARSE) == targets


def test_levels_too_small_for_what_is_left_are_merged_again() -> None:
    targets = ladder(("110", "0.5", False), ("120", "0.5", False))

    left = resized(targets, D(1), D("0.1"), SPOT)

    assert left == ladder(("120", "0.1", False))


@st.composite
def ladders(draw: st.DrawFn) -> tuple[list[tuple[Decimal | None, Decimal]], Direction]:
    direction = draw(st.sampled_from(Direction))
    weights = draw(st.lists(st.integers(1, 40), min_size=1, max_size=10))
    shares = [D(weight) / 1_000 for weight in weights]
    shares[-1] += 1 - sum(shares, ZERO)
    prices: list[Decimal | None] = [
        D(100) + direction.sign * D(place) for place in range(1, len(shares) + 1)
    ]
    if len(shares) > 1 and draw(st.booleans()):
        prices[-1] = None
    return list(zip(prices, shares, strict=True)), direction


@given(ladders(), st.integers(1, 5_000), st.sampled_from([SPOT, FUTURES, COARSE]))
def test_the_parts_add_up_and_none_is_a_step_off_unless_merged(
    made: tuple[list[tuple[Decimal | None, Decimal]], Direction],
    steps: int,
    rules: object,
) -> None:
    levels, direction = made
    known = next(one for one in (SPOT, FUTURES, COARSE) if one is rules)
    quantity = steps * known.step

    targets, notices = laddered(levels, quantity, known, direction=direction)

    total = sum((target.quantity for target in targets), ZERO)
    assert total <= quantity
    assert all(t.quantity > 0 and t.quantity % known.step == 0 for t in targets)
    if levels[-1][0] is not None:
        assert total == quantity
    if not notices:
        shares = dict(levels)
        for target in targets:
            assert abs(target.quantity - shares[target.price] * quantity) < known.step


@given(ladders(), st.integers(2, 5_000), st.data())
def test_after_any_part_is_closed_targets_never_close_more_than_is_left(
    made: tuple[list[tuple[Decimal | None, Decimal]], Direction],
    steps: int,
    data: st.DataObject,
) -> None:
    levels, direction = made
    before = steps * SPOT.step
    targets, _ = laddered(levels, before, SPOT, direction=direction)
    after = data.draw(st.integers(1, steps - 1)) * SPOT.step
    whole = sum((target.quantity for target in targets), ZERO) == before

    left = resized(targets, before, after, SPOT)

    total = sum((target.quantity for target in left), ZERO)
    assert 0 < total <= after
    assert total == after or not whole
    assert {target.price for target in left} <= {target.price for target in targets}
