"""Every refusal is a sentence with a stable code, and changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.asked import Offset, Unit
from engine.commands import (
    BreakEvenOrder,
    CloseTrade,
    OpenTrade,
    TargetOrder,
    TrailOrder,
    one_target,
)
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import TradeOpened, TradePlaced
from engine.model import Direction, EntryMode, Market
from engine.sizes import AtrUnit, Basis, EquityShare, Kelly, Quantity, Risk, Stake
from tests.engine.desk import LONG, SHORT, D, book, opened, order, quote, signal, tick
from tests.engine.perpetuals import futures_book, futures_instrument
from tests.feeds import START_MS, instrument

GOOD = order(stop="95", target="110")
KELLY = Kelly(D("0.5"), D("0.02"), win_rate=D("0.5"), payoff=D(2), sample=50)


def ladder(*levels: tuple[str | None, str]) -> tuple[TargetOrder, ...]:
    return tuple(
        TargetOrder(price=None if price is None else D(price), fraction=D(fraction))
        for price, fraction in levels
    )


def away(amount: str, unit: Unit) -> Offset:
    return Offset(D(amount), unit)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(GOOD, symbol="NOPEUSDT"), "unknown_symbol"),
        (replace(GOOD, quote=None), "no_price"),
        (replace(GOOD, stop=D("95.001")), "price_off_tick"),
        (replace(GOOD, targets=one_target(D("110.001"))), "price_off_tick"),
        (replace(GOOD, stop=D(0)), "price_out_of_range"),
        (replace(GOOD, stop=D("NaN")), "price_out_of_range"),
        (replace(GOOD, targets=one_target(D("1E30"))), "price_out_of_range"),
        (replace(GOOD, stop=D(100)), "stop_on_wrong_side"),
        (replace(GOOD, stop=D(101)), "stop_on_wrong_side"),
        (replace(GOOD, targets=one_target(D(100))), "target_on_wrong_side"),
        (replace(GOOD, targets=one_target(D(99))), "target_on_wrong_side"),
        (replace(GOOD, size=Stake(D(0))), "bad_size"),
        (replace(GOOD, size=Stake(D("NaN"))), "bad_size"),
        (replace(GOOD, size=Stake(D("0.0001"))), "quantity_too_small"),
        (replace(GOOD, size=Stake(D(4))), "below_notional"),
        (replace(GOOD, size=Stake(D(10_000_000))), "quantity_too_large"),
        (replace(GOOD, size=Stake(D(10_000))), "insufficient"),
        (replace(GOOD, size=Risk(D(0))), "bad_size"),
        (replace(GOOD, size=Risk(D("1.5"))), "bad_size"),
        (replace(GOOD, size=Risk(D("0.01")), equity=None), "no_equity"),
        (replace(GOOD, size=Risk(D("0.01")), equity=D(-5)), "insufficient"),
        (replace(GOOD, size=Stake(D("1E40"))), "too_large"),
        (replace(GOOD, size=Quantity(D(-1))), "bad_size"),
        (replace(GOOD, size=EquityShare(D(0))), "bad_size"),
        (replace(GOOD, size=EquityShare(D("0.1")), equity=None), "no_equity"),
        (replace(GOOD, size=AtrUnit(D("0.01"))), "no_atr"),
        (replace(GOOD, size=AtrUnit(D("0.01")), atr=D(0)), "no_atr"),
        (replace(GOOD, size=replace(KELLY, sample=0)), "no_sample"),
        (replace(GOOD, size=replace(KELLY, payoff=None)), "no_sample"),
        (replace(GOOD, size=replace(KELLY, win_rate=D("0.3"))), "no_edge"),
        (replace(GOOD, size=replace(KELLY, multiplier=D(2))), "bad_size"),
        (replace(GOOD, signal=signal(lives_ms=0)), "expired"),
        (replace(GOOD, stop=D("1E80")), "price_out_of_range"),
        (replace(GOOD, stop=away("1", Unit.FRACTION)), "price_out_of_range"),
        (replace(GOOD, stop=away("1", Unit.R)), "no_risk_distance"),
        (replace(GOOD, stop=away("0", Unit.PRICE)), "bad_distance"),
        (replace(GOOD, stop=away("NaN", Unit.PRICE)), "bad_distance"),
        (replace(GOOD, stop=away("0.000000001", Unit.FRACTION)), "too_precise"),
        (replace(GOOD, stop=away("0.001", Unit.PRICE)), "stop_on_wrong_side"),
        (replace(GOOD, stop=away("2", Unit.ATR)), "no_atr"),
        (replace(GOOD, targets=ladder(("110", "0.5"), ("120", "0.6"))), "bad_fractions"),
        (replace(GOOD, targets=ladder(("110", "0.5"), ("120", "0.4"))), "bad_fractions"),
        (replace(GOOD, targets=ladder(("110", "1.5"), ("120", "-0.5"))), "bad_fractions"),
        (replace(GOOD, targets=ladder(("110", "NaN"))), "bad_fractions"),
        (replace(GOOD, targets=ladder(("120", "0.5"), ("110", "0.5"))), "bad_ladder"),
        (replace(GOOD, targets=ladder(("110", "0.5"), ("110", "0.5"))), "bad_ladder"),
        (replace(GOOD, targets=ladder((None, "0.5"), ("110", "0.5"))), "bad_ladder"),
        (replace(GOOD, targets=ladder(("110", "0.5"), ("99", "0.5"))), "bad_ladder"),
        (replace(GOOD, targets=ladder((None, "1"))), "no_target"),
        (replace(GOOD, targets=()), "no_target"),
        (
            replace(GOOD, targets=ladder(*((str(101 + i), "0.0625") for i in range(16)))),
            "too_many_targets",
        ),
        (
            replace(GOOD, trailing=TrailOrder(distance=away("100", Unit.PRICE))),
            "trail_too_wide",
        ),
        (
            replace(GOOD, trailing=TrailOrder(distance=away("1", Unit.FRACTION))),
            "trail_too_wide",
        ),
        (replace(GOOD, trailing=TrailOrder(distance=away("1", Unit.ATR))), "no_atr"),
        (
            replace(
                GOOD,
                trailing=TrailOrder(distance=away("0.01", Unit.FRACTION), activation=D(99)),
            ),
            "trigger_on_wrong_side",
        ),
        (replace(GOOD, break_even=BreakEvenOrder(trigger=D(100))), "trigger_on_wrong_side"),
        (replace(GOOD, hold_ms=0), "bad_time"),
        (replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D(99), lives_ms=-1), "bad_time"),
        (replace(GOOD, leverage=2), "leverage_out_of_range"),
        (replace(GOOD, entry_mode=EntryMode.CLASSIC), "no_signal"),
        (replace(GOOD, entry_mode=EntryMode.LIMIT), "no_entry_price"),
        (replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D("99.001")), "price_off_tick"),
        (replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D(94)), "stop_on_wrong_side"),
        (replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D(99), quote=None), "no_price"),
        (replace(GOOD, entry_mode=EntryMode.STOP, entry=D(100)), "already_beyond"),
        (replace(GOOD, entry_mode=EntryMode.STOP, entry=D(99)), "already_beyond"),
        (replace(GOOD, entry_mode=EntryMode.STOP, entry=D(110)), "target_on_wrong_side"),
        (
            replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D(99), quote=quote("110")),
            "target_passed",
        ),
        (
            replace(GOOD, entry_mode=EntryMode.STOP, entry=D(105), quote=quote("95")),
            "stop_passed",
        ),
        (replace(GOOD, quote=quote("95", bid="99", ask="100")), "stop_passed"),
        (replace(GOOD, quote=quote("110", bid="99", ask="100")), "target_passed"),
        (replace(GOOD, signal=replace(signal(), market=Market.FUTURES)), "wrong_market"),
    ],
)
def test_a_bad_order_is_refused_with_its_code_and_changes_nothing(
    command: OpenTrade, code: str
) -> None:
    desk = book()
    before = desk.account

    with pytest.raises(Refused) as refusal:
        desk.submit(command)

    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")
    assert desk.account == before
    assert desk.active() == []
    assert opened(desk, GOOD).trade.id == 1


def test_a_halted_symbol_is_refused_in_the_exchanges_own_word() -> None:
    desk = book(instrument(trading=False, status="BREAK"))

    with pytest.raises(Refused, match="BREAK") as refusal:
        desk.submit(GOOD)

    assert refusal.value.code == "not_trading"


def test_a_symbol_in_another_currency_is_refused() -> None:
    desk = book(instrument("ETHBTC", quote="BTC"))

    with pytest.raises(Refused, match="BTC") as refusal:
        desk.submit(replace(GOOD, symbol="ETHBTC"))

    assert refusal.value.code == "wrong_currency"


def test_a_setting_can_forbid_the_paper_short_on_spot() -> None:
    desk = book(spot_short=False)

    with pytest.raises(Refused) as refusal:
        desk.submit(order(SHORT, stop="105", target="90"))

    assert refusal.value.code == "short_on_spot"


def test_an_off_grid_price_names_both_neighbours() -> None:
    with pytest.raises(Refused, match=r"take 95 or 95\.01"):
        book().submit(replace(GOOD, stop=D("95.004")))


def test_the_same_signal_cannot_be_traded_twice_while_a_trade_on_it_is_active() -> None:
    desk = book()
    idea = signal()
    first = opened(desk, replace(GOOD, signal=idea)).trade

    with pytest.raises(DuplicateTrade, match="#1 is already open for this signal") as refusal:
        desk.submit(
            replace(GOOD, signal=idea, direction=SHORT, stop=D(110), targets=one_target(D(95)))
        )

    assert refusal.value.trade_id == first.id


def test_one_symbol_holds_one_trade_a_direction_and_long_and_short_side_by_side() -> None:
    desk = book()
    opened(desk, GOOD)
    opened(desk, order(SHORT, stop="110", target="95"))

    with pytest.raises(DuplicateTrade, match="this symbol and direction"):
        desk.submit(GOOD)

    assert [trade.direction for trade in desk.active()] == [LONG, SHORT]


def test_a_closed_trade_blocks_nothing() -> None:
    desk = book()
    idea = signal()
    opened(desk, replace(GOOD, signal=idea))
    desk.on_tick(tick("95"))

    again = opened(desk, replace(GOOD, signal=idea)).trade

    assert again.id == 2


def test_closing_twice_is_refused_and_the_first_close_stands() -> None:
    desk = book()
    trade = opened(desk, GOOD).trade
    desk.on_tick(tick("95"))
    booked = desk.account

    with pytest.raises(NotOpen):
        desk.submit(CloseTrade(trade_id=trade.id, quote=quote("99")))

    assert desk.account == booked


def test_a_close_without_a_fresh_price_is_refused_and_the_trade_stays_open() -> None:
    desk = book()
    trade = opened(desk, GOOD).trade

    with pytest.raises(Refused) as refusal:
        desk.submit(CloseTrade(trade_id=trade.id))

    assert refusal.value.code == "no_price"
    assert desk.get(trade.id) is not None


def test_a_signal_expires_at_its_own_millisecond() -> None:
    desk = book()
    fresh = replace(GOOD, signal=signal(lives_ms=1))

    opened(desk, fresh)

    late = replace(fresh, quote=replace(quote("100"), time_ms=START_MS + 1))
    with pytest.raises(Refused, match="expired"):
        book().submit(late)


def test_a_futures_symbol_is_refused_on_a_spot_account() -> None:
    desk = book(instrument(market=Market.FUTURES))

    with pytest.raises(Refused, match="this account trades spot only") as refusal:
        desk.submit(GOOD)

    assert refusal.value.code == "wrong_market"
    assert desk.active() == []


@pytest.mark.parametrize(
    ("leverage", "stake", "stop", "code"),
    [
        (0, "1000", "95", "leverage_out_of_range"),
        (126, "1000", "95", "leverage_out_of_range"),
        (51, "60000", "99.9", "leverage_above_bracket"),
        (20, "1000", "95", "stop_behind_liquidation"),
        (10, "100000", "95", "insufficient"),
    ],
)
def test_leverage_that_cannot_work_is_refused_and_changes_nothing(
    leverage: int, stake: str, stop: str, code: str
) -> None:
    desk = futures_book(futures_instrument())

    with pytest.raises(Refused) as refusal:
        desk.submit(replace(order(stop=stop, target="110", stake=stake), leverage=leverage))

    assert refusal.value.code == code
    assert desk.active() == []
    assert desk.available == D(10_000)


def test_a_second_trade_is_told_that_the_first_still_waits() -> None:
    desk = book()
    desk.submit(replace(GOOD, entry_mode=EntryMode.LIMIT, entry=D(99)))

    with pytest.raises(DuplicateTrade, match="#1 is already waiting for this symbol"):
        desk.submit(GOOD)


numbers = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.integers(1, 30_000).map(lambda cents: D(cents) / 100),
)
levels = st.one_of(numbers, st.builds(Offset, numbers, st.sampled_from(Unit)))
maybe = st.none() | levels
sizes = st.one_of(
    st.builds(Stake, numbers),
    st.builds(Quantity, numbers),
    st.builds(EquityShare, numbers, st.sampled_from(Basis)),
    st.builds(Risk, numbers, st.booleans()),
    st.builds(AtrUnit, numbers),
    st.builds(Kelly, numbers, numbers, st.just(D("0.6")), st.just(D(2)), st.integers(-1, 50)),
)
distances = st.builds(Offset, numbers, st.sampled_from(Unit))
typed = st.builds(
    OpenTrade,
    symbol=st.just("BTCUSDT"),
    direction=st.sampled_from(Direction),
    stop=levels,
    targets=st.lists(
        st.builds(TargetOrder, price=maybe, fraction=st.just(D("0.5")) | numbers), max_size=3
    ).map(tuple),
    size=sizes,
    entry_mode=st.sampled_from(EntryMode),
    entry=st.none() | numbers,
    lives_ms=st.none() | st.integers(),
    hold_ms=st.none() | st.integers(),
    leverage=st.integers(-1, 130),
    trailing=st.none()
    | st.builds(TrailOrder, distance=distances, activation=maybe, step=st.none() | distances),
    break_even=st.none()
    | st.builds(BreakEvenOrder, trigger=maybe, offset=st.none() | distances),
    quote=st.just(GOOD.quote),
    equity=st.just(D(10_000)),
    atr=st.none() | st.just(D(2)),
)


@given(typed, st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_the_answer_is_a_plan_or_a_sentence(
    command: OpenTrade, futures: bool
) -> None:
    desk = futures_book(futures_instrument()) if futures else book()

    try:
        plan = desk.preview(command)
    except Refused:
        return

    assert plan.quantity > 0
    assert plan.margin + plan.entry_fee <= desk.available
    [event] = desk.submit(command)
    assert isinstance(event, TradeOpened | TradePlaced)
    assert event.trade.quantity == plan.quantity
