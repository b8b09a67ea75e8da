"""Every refusal is a sentence with a stable code, and changes nothing."""

from dataclasses import replace

import pytest

from engine.commands import CloseTrade, OpenTrade, Risk, Stake
from engine.errors import DuplicateTrade, NotOpen, Refused
from tests.engine.desk import LONG, SHORT, D, book, opened, order, quote, signal, tick
from tests.feeds import START_MS, instrument

GOOD = order(stop="95", target="110")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(GOOD, symbol="NOPEUSDT"), "unknown_symbol"),
        (replace(GOOD, quote=None), "no_price"),
        (replace(GOOD, stop=D("95.001")), "price_off_tick"),
        (replace(GOOD, target=D("110.001")), "price_off_tick"),
        (replace(GOOD, stop=D(0)), "price_out_of_range"),
        (replace(GOOD, stop=D("NaN")), "price_out_of_range"),
        (replace(GOOD, target=D("1E30")), "price_out_of_range"),
        (replace(GOOD, stop=D(100)), "stop_on_wrong_side"),
        (replace(GOOD, stop=D(101)), "stop_on_wrong_side"),
        (replace(GOOD, target=D(100)), "target_on_wrong_side"),
        (replace(GOOD, target=D(99)), "target_on_wrong_side"),
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
        (replace(GOOD, signal=signal(lives_ms=0)), "expired"),
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
        desk.submit(replace(GOOD, signal=idea, direction=SHORT, stop=D(110), target=D(95)))

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
