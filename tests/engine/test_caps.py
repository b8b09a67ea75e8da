"""The account's caps: what they refuse, and the figures they name."""

from dataclasses import replace

import pytest

from engine.book import Book
from engine.caps import loss_at_stop
from engine.commands import EditTrade, OpenTrade
from engine.costs import Costs
from engine.errors import Refused
from engine.limits import Limits
from engine.model import EntryMode
from tests.engine.desk import D, book, opened, order, quote, tick
from tests.feeds import instrument

FREE = Costs(maker=D(0), taker=D(0))


def two_symbols() -> Book:
    return book(instrument(), instrument("ETHUSDT"))


def refusal_of(desk: Book, command: OpenTrade) -> Refused:
    before = (desk.account, desk.active(), desk.available)

    with pytest.raises(Refused) as refusal:
        desk.submit(command)

    assert (desk.account, desk.active(), desk.available) == before
    return refusal.value


def test_one_trade_is_worth_at_most_its_share_of_equity() -> None:
    asked = order(stop="95", target="110", stake="1000")
    desk = book()

    refused = refusal_of(desk, replace(asked, limits=Limits(max_position=D("0.0999"))))

    assert refused.code == "max_position"
    assert "worth 1000 USDT; your limit for one trade is 999 USDT (9.99 %" in str(refused)
    opened(desk, replace(asked, limits=Limits(max_position=D("0.1"))))


def test_pending_trades_count_among_the_active_ones() -> None:
    desk = two_symbols()
    waiting = order(symbol="ETHUSDT", stop="95", target="110")
    desk.submit(replace(waiting, entry_mode=EntryMode.LIMIT, entry=D(99)))
    asked = order(stop="95", target="110")

    refused = refusal_of(desk, replace(asked, limits=Limits(max_trades=1)))

    assert refused.code == "max_trades"
    assert "1 trade is active; your limit is 1" in str(refused)
    opened(desk, replace(asked, limits=Limits(max_trades=2)))


def test_all_trades_together_risk_at_most_their_share_of_equity() -> None:
    desk = two_symbols()
    opened(desk, order(symbol="ETHUSDT", stop="95", target="110", costs=FREE))
    asked = order(stop="95", target="110", costs=FREE)

    refused = refusal_of(desk, replace(asked, limits=Limits(max_risk=D("0.0099"))))

    assert refused.code == "max_risk"
    assert "risk 50 USDT and the others 50 USDT" in str(refused)
    assert "99 USDT (0.99 % of equity)" in str(refused)
    opened(desk, replace(asked, limits=Limits(max_risk=D("0.01"))))


def test_a_trade_whose_stop_is_beyond_break_even_risks_nothing() -> None:
    desk = two_symbols()
    eth = opened(desk, order(symbol="ETHUSDT", stop="95", target="110", costs=FREE)).trade
    desk.on_tick(tick("105", symbol="ETHUSDT"))
    desk.submit(EditTrade(trade_id=eth.id, stop=D(101), quote=quote("105")))
    asked = order(stop="95", target="110", costs=FREE)

    opened(desk, replace(asked, limits=Limits(max_risk=D("0.005"))))

    assert [loss_at_stop(trade) for trade in desk.active()] == [0, 50]


def test_after_the_daily_loss_nothing_is_opened_before_midnight() -> None:
    desk = book()
    asked = replace(order(stop="95", target="110"), limits=Limits(max_daily_loss=D("0.02")))

    refused = refusal_of(desk, replace(asked, today_net=D(-200)))

    assert refused.code == "max_daily_loss"
    assert "lost 200 USDT; your limit is 200 USDT a day (2 % of equity)" in str(refused)
    assert "00:00 UTC" in str(refused)
    opened(desk, replace(asked, today_net=D("-199.99")))


@pytest.mark.parametrize(
    "limits", [Limits(max_position=D(1)), Limits(max_risk=D(1)), Limits(max_daily_loss=D(1))]
)
def test_a_cap_that_cannot_be_checked_refuses(limits: Limits) -> None:
    asked = replace(order(stop="95", target="110"), equity=None, limits=limits)

    assert refusal_of(book(), asked).code == "no_equity"


@pytest.mark.parametrize("slippage", ["0", "0.001"])
def test_the_loss_at_the_stop_is_that_of_the_plan(slippage: str) -> None:
    desk = book()
    asked = order(stop="95", target="110", costs=Costs(slippage=D(slippage)))
    plan = desk.preview(asked)

    trade = opened(desk, asked).trade

    assert abs(loss_at_stop(trade) + plan.net_at_stop) <= D("0.01") * plan.quantity


def test_a_pending_trade_risks_what_it_would_after_its_entry() -> None:
    desk = book()
    asked = replace(order(stop="95", target="110"), entry_mode=EntryMode.LIMIT, entry=D(99))
    plan = desk.preview(asked)
    desk.submit(asked)

    [trade] = desk.active()

    assert loss_at_stop(trade) == -plan.net_at_stop
