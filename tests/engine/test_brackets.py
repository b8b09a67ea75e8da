import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bracket_snapshot import COMPILED, SNAPSHOT
from engine.brackets import Row, bracket_at, brackets_of, checked, for_symbol, table
from engine.errors import Refused
from engine.instrument import Bracket
from engine.margin import maintenance
from engine.model import Market
from tests.engine.futures import RULES, tables
from tests.feeds import instrument

D = Decimal


def test_the_maintenance_amounts_follow_from_rates_and_floors() -> None:
    amounts = [bracket.cum for bracket in RULES]

    assert amounts == [0, 200, 2_200]


@pytest.mark.parametrize(
    ("notional", "number"),
    [("0", 0), ("20000", 0), ("20000.00000001", 1), ("100000", 1), ("9000000", 2)],
)
def test_a_cap_belongs_to_its_bracket_and_the_last_one_has_no_end(
    notional: str, number: int
) -> None:
    assert bracket_at(D(notional), RULES) is RULES[number]


@given(tables())
def test_on_every_boundary_both_brackets_ask_for_the_same_margin(
    made: tuple[Bracket, ...],
) -> None:
    for lower, upper in pairwise(made):
        edge = lower.cap

        assert edge * lower.rate - lower.cum == edge * upper.rate - upper.cum


@given(tables(), st.integers(0, 2 * 10**9), st.integers(1, 10**9))
def test_more_notional_never_needs_less_margin(
    made: tuple[Bracket, ...], notional: int, more: int
) -> None:
    before, after = maintenance(D(notional), made), maintenance(D(notional + more), made)

    assert 0 <= before < after


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "The margin table has no brackets."),
        ([("5", "10", "0.01", 20)], "Margin bracket 1 begins at 5, it should at 0."),
        (
            [("0", "10", "0.01", 20), ("11", "20", "0.02", 10)],
            "Margin bracket 2 begins at 11, it should at 10.",
        ),
        (
            [("0", "10", "0.01", 20), ("10", "10", "0.02", 10)],
            "Margin bracket 2 ends at 10, which is not above its beginning.",
        ),
        (
            [("0", "10", "0.02", 20), ("10", "20", "0.01", 10)],
            "Margin bracket 2 has the rate 0.01; rates lie between 0 and 1 and never fall.",
        ),
        (
            [("0", "10", "1", 20)],
            "Margin bracket 1 has the rate 1; rates lie between 0 and 1 and never fall.",
        ),
        (
            [("0", "10", "0.01", 20), ("10", "20", "0.02", 25)],
            "Margin bracket 2 allows 25x; leverage lies from 1 to 1000 and never rises.",
        ),
        (
            [("0", "10", "0.01", 0)],
            "Margin bracket 1 allows 0x; leverage lies from 1 to 1000 and never rises.",
        ),
        ([("0", "NaN", "0.01", 5)], "Margin bracket 1 holds something that is no number."),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_with_a_sentence(
    rows: list[tuple[str, str, str, int]], sentence: str
) -> None:
    wrong: list[Row] = [(D(floor), D(cap), D(rate), most) for floor, cap, rate, most in rows]

    with pytest.raises(Refused) as refusal:
        table(wrong)

    assert str(refusal.value) == sentence
    assert refusal.value.code == "bad_brackets"


def test_a_given_maintenance_amount_that_would_make_the_margin_jump_is_refused() -> None:
    wrong = [
        RULES[0],
        Bracket(
            floor=D(20_000), cap=D(100_000), rate=D("0.02"), leverage=25, cum=D("200.00000001")
        ),
    ]

    with pytest.raises(Refused, match=r"bracket 2 has the maintenance amount 200\.00000001"):
        checked(wrong)


def test_given_maintenance_amounts_that_are_right_are_accepted() -> None:
    assert checked(RULES) == RULES


@pytest.mark.parametrize("symbol", [*SNAPSHOT, "NOBODYKNOWSUSDT"])
def test_the_desk_has_a_sound_table_for_every_symbol_and_calls_it_estimated(
    symbol: str,
) -> None:
    made, estimated = for_symbol(symbol)

    assert estimated
    assert checked(made) == made
    assert made[-1].leverage == 1


@pytest.mark.parametrize("symbol", [*SNAPSHOT, "NOBODYKNOWSUSDT"])
def test_the_largest_leverage_of_a_bracket_leaves_room_before_liquidation(symbol: str) -> None:
    made, _ = for_symbol(symbol)

    for bracket in made:
        assert bracket.rate * bracket.leverage < 1


def test_an_unknown_symbol_gets_less_leverage_and_an_earlier_liquidation() -> None:
    careful, _ = for_symbol("NOBODYKNOWSUSDT")

    for symbol in SNAPSHOT:
        known, _ = for_symbol(symbol)
        assert careful[0].leverage < known[0].leverage
        for notional in (D(100), D(20_000), D(500_000), D(9_000_000)):
            assert maintenance(notional, careful) > maintenance(notional, known)


def test_the_snapshot_says_when_it_was_written_down() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", COMPILED)


def test_an_instrument_without_a_table_falls_back_to_the_estimate() -> None:
    bare = instrument("BTCUSDT", market=Market.FUTURES)
    own = instrument("BTCUSDT", market=Market.FUTURES, brackets=RULES)

    assert brackets_of(bare) == for_symbol("BTCUSDT")[0]
    assert brackets_of(own) == RULES
