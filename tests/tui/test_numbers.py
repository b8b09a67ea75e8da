"""Numbers, sizes and levels as text."""

from decimal import Decimal

import pytest

from desk.size_words import write_size
from engine.asked import Level, Offset, Unit
from engine.commands import BreakEvenOrder, TargetOrder, TrailOrder
from engine.model import EntryMode, Trade
from engine.sizes import Quantity, Risk, Stake
from engine.stops import StopPolicy
from tests.tui.fake_session import FakeSession, a_signal, an_instrument
from tui import format as fmt
from tui.entry import Mistyped, read_entry, read_level, read_number, read_size
from tui.trade_words import exit_marks
from tui.widgets.gauge import WIDTH, gauge, trade_gauge

D = Decimal
KEEP = StopPolicy.KEEP


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


def test_a_size_may_name_the_assets_of_its_symbol() -> None:
    instrument = an_instrument("SOLUSDT", "0.01")

    assert read_size("0.5 sol", instrument) == Quantity(D("0.5"))
    assert read_size("1,006.40 USDT", instrument) == Stake(D("1006.40"))


@pytest.mark.parametrize(
    ("typed", "level"),
    [
        ("1,006.40", D("1006.40")),
        ("2%", Offset(D("0.02"), Unit.FRACTION)),
        ("1.5R", Offset(D("1.5"), Unit.R)),
        ("2 ATR", Offset(D(2), Unit.ATR)),
    ],
)
def test_a_level_is_a_price_or_a_distance(typed: str, level: Level) -> None:
    assert read_level("Stop", typed) == level


@pytest.mark.parametrize(
    ("typed", "entry"),
    [
        ("market", (EntryMode.MARKET, None)),
        (" Limit 1,150.20 ", (EntryMode.LIMIT, D("1150.20"))),
        ("stop", (EntryMode.STOP, None)),
        ("classic", (EntryMode.CLASSIC, None)),
    ],
)
def test_an_entry_is_a_word_and_perhaps_a_price(
    typed: str, entry: tuple[EntryMode, Decimal | None]
) -> None:
    assert read_entry(typed) == entry


@pytest.mark.parametrize("typed", ["", "150.20", "limit x", "market 150", "soon", "limit -1"])
def test_an_entry_that_makes_no_sense_is_refused(typed: str) -> None:
    with pytest.raises(Mistyped, match=r"^Entry "):
        read_entry(typed)


def trade_of(session: FakeSession) -> Trade:
    [trade] = session.book.active()
    return trade


def drawn(trade: Trade, price: str) -> str:
    return "".join(part for part, _ in trade_gauge(trade, D(price)))


def a_desk() -> FakeSession:
    session = FakeSession([an_instrument("SOLUSDT", "0.01")])
    session.price("SOLUSDT", "100")
    return session


def test_the_gauge_runs_to_the_next_target_of_a_ladder() -> None:
    session = a_desk()
    ladder = (
        TargetOrder(price=D(105), fraction=D("0.5")),
        TargetOrder(price=D(110), fraction=D("0.5")),
    )
    session.open(a_signal("SOLUSDT", "100", "95", "105"), targets=ladder, after_target=KEEP)
    before = drawn(trade_of(session), "102")

    session.print("SOLUSDT", "105")

    assert before == "─────┼━●───"
    assert drawn(trade_of(session), "105") == "───┼━━━●───"


def test_the_gauge_of_a_runner_is_open_to_the_right() -> None:
    session = a_desk()
    ladder = (
        TargetOrder(price=D(105), fraction=D("0.5")),
        TargetOrder(price=None, fraction=D("0.5")),
    )
    session.open(a_signal("SOLUSDT", "100", "95", "105"), targets=ladder, after_target=KEEP)

    session.print("SOLUSDT", "105")

    assert drawn(trade_of(session), "102") == "─────┼━●──▸"


def test_the_gauge_names_a_stop_at_break_even_and_one_that_trails() -> None:
    session = a_desk()
    even = BreakEvenOrder(trigger=Offset(D(1), Unit.R))
    trail = TrailOrder(
        distance=Offset(D("0.02"), Unit.FRACTION), activation=Offset(D(2), Unit.R)
    )
    session.open(a_signal("SOLUSDT", "100", "95", "120"), break_even=even, trailing=trail)
    session.print("SOLUSDT", "105")
    at_even = drawn(trade_of(session), "105")

    session.print("SOLUSDT", "112")

    assert at_even.startswith("B━●")
    assert drawn(trade_of(session), "112").startswith("T━●")
    assert exit_marks(trade_of(session)) == "TR"


def test_a_stop_beyond_the_entry_is_told_apart() -> None:
    cell = gauge(D("101"), D("100"), D("110"), D("105"))

    assert "".join(part for part, _ in cell) == "├━━━●──────"
    assert ("●", "profit") in cell
