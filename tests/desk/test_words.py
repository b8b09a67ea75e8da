"""What a trader types is read as meant, or refused in words; writing is the way back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import words
from desk.size_words import parse_size, write_size
from desk.words import (
    parse_break_even,
    parse_hold,
    parse_level,
    parse_share,
    parse_signed,
    parse_span,
    parse_targets,
    parse_trail,
    write_break_even,
    write_hold,
    write_level,
    write_targets,
    write_trail,
)
from engine.asked import Level, Offset, Unit
from engine.commands import REMOVED, BreakEvenOrder, TargetOrder, TrailOrder
from engine.model import EntryMode
from engine.sizes import AtrUnit, Basis, EquityShare, Kelly, Quantity, Risk, Size, Stake
from engine.stops import StopPolicy

D = Decimal
TWO_R = Offset(D(2), Unit.R)
ONE_PERCENT = Offset(D("0.01"), Unit.FRACTION)

amounts = st.decimals(min_value="0.00000001", max_value="9999999999", places=8)
fractions = st.decimals(min_value="0.00000001", max_value="1", places=8)
offsets = st.builds(Offset, amounts, st.sampled_from([Unit.R, Unit.ATR])) | st.builds(
    Offset, fractions, st.just(Unit.FRACTION)
)
distances = offsets | st.builds(Offset, amounts, st.just(Unit.PRICE))
levels = amounts | offsets
trails = st.builds(
    TrailOrder,
    distance=distances,
    activation=st.none() | levels,
    step=st.none() | distances,
)
break_evens = st.builds(
    BreakEvenOrder, trigger=st.none() | levels, offset=st.none() | distances
)
ladders = st.lists(
    st.builds(TargetOrder, price=st.none() | levels, fraction=fractions),
    min_size=1,
    max_size=10,
).map(tuple)
sizes = st.one_of(
    st.builds(Stake, amounts),
    st.builds(Quantity, amounts),
    st.builds(EquityShare, fractions, st.sampled_from(Basis)),
    st.builds(Risk, fractions, st.booleans()),
    st.builds(AtrUnit, fractions),
    st.builds(Kelly, fractions, fractions),
)


# -- the way back -----------------------------------------------------------------------------


@given(levels)
def test_a_level_comes_back_as_it_was_written(level: Level) -> None:
    assert parse_level(write_level(level)) == level


@given(ladders)
def test_a_ladder_comes_back_as_it_was_written(ladder: tuple[TargetOrder, ...]) -> None:
    assert parse_targets(write_targets(ladder)) == ladder


@given(trails)
def test_a_trailing_stop_comes_back_as_it_was_written(order: TrailOrder) -> None:
    assert parse_trail(write_trail(order)) == order


@given(break_evens)
def test_a_break_even_stop_comes_back_as_it_was_written(order: BreakEvenOrder) -> None:
    assert parse_break_even(write_break_even(order)) == order


@given(st.integers(min_value=1, max_value=999_999))
def test_a_time_comes_back_as_it_was_written(span_ms: int) -> None:
    assert parse_hold(write_hold(span_ms)) == span_ms


@given(sizes)
def test_a_size_comes_back_as_it_was_written(size: Size) -> None:
    assert parse_size(write_size(size)) == size


@pytest.mark.parametrize("policy", StopPolicy)
def test_a_policy_comes_back_as_it_was_written(policy: StopPolicy) -> None:
    assert words.parse_policy(words.write_policy(policy)) is policy


def test_nothing_is_written_as_off_and_off_is_read_as_nothing() -> None:
    assert (write_trail(None), write_break_even(REMOVED), write_hold(None)) == ("off",) * 3
    assert words.present(parse_trail("off")) is None
    assert words.present(parse_break_even(" OFF ")) is None
    assert words.present(parse_hold("off")) is None


# -- what is typed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("65600", D(65600)),
        (" 0.00001234 ", D("0.00001234")),
        ("2%", Offset(D("0.02"), Unit.FRACTION)),
        ("1.5r", Offset(D("1.5"), Unit.R)),
        ("2 ATR", Offset(D(2), Unit.ATR)),
    ],
)
def test_a_level_is_a_price_or_a_distance(text: str, level: Level) -> None:
    assert parse_level(text) == level


@pytest.mark.parametrize(
    "text", ["", "0", "0%", "-2%", "+1R", "1e3", "NaN", "2x", "R", "1..2", "٣", "1,5", "1%R"]
)
def test_anything_else_is_no_level(text: str) -> None:
    with pytest.raises(ValueError, match="a price such as 65600"):
        parse_level(text)


@pytest.mark.parametrize(
    ("text", "ladder"),
    [
        ("65600", [(D(65600), "1")]),
        (
            "65600:0.5, 67000:30%, runner:20%",
            [(D(65600), "0.5"), (D(67000), "0.3"), (None, "0.2")],
        ),
        ("2R,3R", [(TWO_R, "0.5"), (Offset(D(3), Unit.R), "0.5")]),
        ("2R,Runner", [(TWO_R, "0.5"), (None, "0.5")]),
    ],
)
def test_a_ladder_has_levels_with_shares_and_perhaps_a_runner(
    text: str, ladder: list[tuple[Level | None, str]]
) -> None:
    wanted = tuple(TargetOrder(price=price, fraction=D(share)) for price, share in ladder)

    assert parse_targets(text) == wanted


def test_the_last_part_of_a_ladder_gets_what_the_others_leave() -> None:
    ladder = parse_targets("65600:50%,67000:0.3,runner")

    assert [one.fraction for one in ladder] == [D("0.5"), D("0.3"), D("0.2")]
    assert ladder[-1].price is None


@given(st.integers(min_value=1, max_value=10))
def test_equal_shares_add_up_to_one_exactly(count: int) -> None:
    ladder = parse_targets(",".join(str(n) for n in range(1, count + 1)))

    assert sum(one.fraction for one in ladder) == 1
    assert len(ladder) == count


@pytest.mark.parametrize(
    "text",
    ["", ",", "65600,", "65600:", ":0.5", "1:0.5,2,3", "walker", "65600:-1", "1:2:3"],
)
def test_anything_else_is_no_ladder(text: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        parse_targets(text)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("1%", TrailOrder(distance=ONE_PERCENT)),
        ("250", TrailOrder(distance=Offset(D(250), Unit.PRICE))),
        ("2atr@67000", TrailOrder(distance=Offset(D(2), Unit.ATR), activation=D(67000))),
        (
            "1% @ 2R / 0.1%",
            TrailOrder(
                distance=ONE_PERCENT,
                activation=TWO_R,
                step=Offset(D("0.001"), Unit.FRACTION),
            ),
        ),
        (
            "250/50",
            TrailOrder(distance=Offset(D(250), Unit.PRICE), step=Offset(D(50), Unit.PRICE)),
        ),
    ],
)
def test_a_trailing_stop_has_a_distance_and_perhaps_more(text: str, order: TrailOrder) -> None:
    assert parse_trail(text) == order


@pytest.mark.parametrize("text", ["", "@1R", "1%@", "1%/", "1%/1@2R", "0", "on", "1%@2R@3R"])
def test_anything_else_is_no_trailing_stop(text: str) -> None:
    with pytest.raises(ValueError, match="a distance such as 1%"):
        parse_trail(text)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("now", BreakEvenOrder()),
        ("1R", BreakEvenOrder(trigger=Offset(D(1), Unit.R))),
        ("65600 + 5", BreakEvenOrder(trigger=D(65600), offset=Offset(D(5), Unit.PRICE))),
        ("now+1%", BreakEvenOrder(offset=ONE_PERCENT)),
    ],
)
def test_a_break_even_stop_has_a_trigger_and_perhaps_an_offset(
    text: str, order: BreakEvenOrder
) -> None:
    assert parse_break_even(text) == order


@pytest.mark.parametrize("text", ["", "+1%", "1R+", "later", "0R", "off+1%"])
def test_anything_else_is_no_break_even_stop(text: str) -> None:
    with pytest.raises(ValueError, match="now, off"):
        parse_break_even(text)


@pytest.mark.parametrize(
    ("text", "span_ms"),
    [("45s", 45_000), ("90m", 5_400_000), ("4h", 14_400_000), ("2 D", 172_800_000)],
)
def test_a_time_has_a_unit(text: str, span_ms: int) -> None:
    assert parse_span(text) == span_ms


@pytest.mark.parametrize(
    "text", ["", "4", "0h", "-1h", "1.5h", "1w", "1h30m", "3651d", "9" * 5000 + "d"]
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="off, or a length of time such as 90m"):
        parse_hold(text)


def test_words_are_read_whatever_their_letters() -> None:
    assert words.parse_policy("Break_Even") is StopPolicy.BREAK_EVEN
    assert words.parse_entry("LIMIT") is EntryMode.LIMIT
    assert (parse_share("25%"), parse_share("0.25")) == (D("0.25"), D("0.25"))
    assert (parse_signed("50"), parse_signed("-12.5")) == (D(50), D("-12.5"))


@pytest.mark.parametrize("text", ["0", "-0", "--5", "", "a"])
def test_an_amount_to_add_is_not_zero(text: str) -> None:
    with pytest.raises(ValueError, match="to take back"):
        parse_signed(text)


def test_an_unknown_word_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of keep, break-even, previous-target"):
        words.parse_policy("trail")


# -- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100", Stake(D(100))),
        ("100 usdt", Stake(D(100))),
        ("0.05 BTC", Quantity(D("0.05"))),
        ("0.05 base", Quantity(D("0.05"))),
        ("1%", Risk(D("0.01"))),
        ("risk 1%", Risk(D("0.01"))),
        ("1% risk without fees", Risk(D("0.01"), fees=False)),
        ("1%risk-nofees", Risk(D("0.01"), fees=False)),
        ("5% of equity", EquityShare(D("0.05"))),
        ("5%ofequity", EquityShare(D("0.05"))),
        ("5% margin", EquityShare(D("0.05"), Basis.MARGIN)),
        ("1% ATR unit", AtrUnit(D("0.01"))),
        ("kelly 0.5 cap 2%", Kelly(D("0.5"), D("0.02"))),
        ("Kelly50%cap2%", Kelly(D("0.5"), D("0.02"))),
    ],
)
def test_every_way_of_sizing_can_be_typed(text: str, size: Size) -> None:
    assert parse_size(text, base="BTC", quote="USDT") == size


@pytest.mark.parametrize(
    "text",
    ["100 ETH", "5% of what", "kelly 0.5", "kelly 2 cap 2%", "kelly 0 cap 2%", "101%", "base"],
)
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"kelly 0\.5 cap 2%"):
        parse_size(text, base="BTC", quote="USDT")


def test_an_assets_name_is_no_unit_where_the_symbol_is_not_known() -> None:
    with pytest.raises(ValueError, match=r"0\.05 base"):
        parse_size("100 USDT")
