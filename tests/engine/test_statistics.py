"""The figures of rules §14, against sums done by hand from their definitions."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Direction
from engine.results import Result
from engine.stats import DAY_MS
from tests.engine.closed import MONDAY_MS, D, added, closed

SEVEN = ("100", "-50", "0", "30", "-80", "-20", "60")


def near(value: Decimal | None, text: str) -> bool:
    return value is not None and abs(value - D(text)) < D("0.00001")


def test_wins_losses_and_zeros_are_counted_by_net_result() -> None:
    total = added(closed(net, fees="1") for net in SEVEN).total

    assert (total.count, total.wins, total.losses, total.zeros) == (7, 3, 3, 1)
    assert (total.net, total.gross, total.fees) == (D(40), D(47), D(7))
    assert total.win_rate == D(3) / 7
    assert total.average_win == D(190) / 3
    assert total.average_loss == D(-50)
    assert near(total.payoff, "1.266667")
    assert near(total.profit_factor, "1.266667")
    assert near(total.expectancy, "5.714286")
    assert (total.largest_win, total.largest_loss) == (D(100), D(-80))
    assert total.fees_share == D(7) / 47


def test_the_win_rate_comes_with_wilsons_interval() -> None:
    interval = added(closed(net) for net in ("1", "1", "-1")).total.win_interval

    assert interval is not None
    assert near(interval[0], "0.207655")
    assert near(interval[1], "0.938508")


def test_without_trades_nothing_is_defined() -> None:
    found = added([])

    total, curve = found.total, found.curve
    assert total.count == total.net == 0
    assert total.win_rate is None
    assert total.win_interval is None
    assert (total.profit_factor, total.payoff, total.expectancy, total.sqn) == (None,) * 4
    assert (total.adverse.money, total.r.mean, total.average_held_ms) == (None,) * 3
    assert (curve.drawdown, curve.drawdown_percent) == (None, None)
    assert (curve.recovery, curve.sharpe, curve.sortino) == (None,) * 3
    assert (curve.cagr, curve.calmar, found.holding.exposure) == (None,) * 3


def test_one_trade_has_no_spread() -> None:
    found = added([closed("5")])

    assert found.total.r.mean == D("0.5")
    assert found.total.sqn is found.curve.sharpe is found.curve.sortino is None


def test_only_wins_make_an_infinite_profit_factor_and_no_payoff() -> None:
    total = added(closed(net) for net in ("1", "2")).total

    assert total.profit_factor == D("Infinity")
    assert total.payoff is total.average_loss is total.largest_loss is None


def test_only_losses_make_a_profit_factor_of_0() -> None:
    total = added([closed("-1")]).total

    assert total.profit_factor == 0


def test_only_zeros_have_no_profit_factor() -> None:
    assert added([closed("0")]).total.profit_factor is None


def test_r_and_sqn_leave_out_trades_without_a_risk_distance() -> None:
    trades = [closed("20"), closed("-10"), closed("5"), closed("99", stop="100")]

    total = added(trades).total

    assert (total.count, total.r.count) == (4, 3)
    assert total.r.mean == D("0.5")
    assert near(total.r.deviation, "1.5")
    assert near(total.sqn, "0.577350")


def test_equal_results_have_no_deviation_even_if_their_quotients_are_endless() -> None:
    thirds = [closed("1", stop="97"), closed("2", stop="97", quantity="2")] * 9

    total = added(thirds).total

    assert near(total.r.mean, "0.333333")
    assert total.r.deviation is total.sqn is None


def test_sqn_counts_at_most_100_trades() -> None:
    total = added(closed(net) for net in ("20", "-10") * 100).total

    deviation = total.r.deviation
    assert deviation is not None
    assert near(total.sqn, str(10 * D("0.5") / deviation))


def test_a_zero_trade_ends_both_streaks() -> None:
    nets = ("1", "1", "0", "1", "-1", "-1", "0", "-1")

    streaks = added(closed(net) for net in nets).streaks

    assert (streaks.wins, streaks.losses) == (2, 2)


def test_the_drawdown_runs_from_the_highest_point_so_far() -> None:
    curve = added(closed(net, day=day) for day, net in enumerate(SEVEN)).curve

    fall = curve.drawdown
    assert fall is not None
    assert fall.depth == D(120)
    assert (fall.peak_ms, fall.trough_ms) == (MONDAY_MS + 1000, MONDAY_MS + 5 * DAY_MS + 1000)
    assert fall.recovered_ms is None
    assert curve.recovery == D(40) / 120


def test_the_start_is_a_peak_and_money_and_percent_are_judged_apart() -> None:
    nets = ("-50", "950", "-100")

    curve = added((closed(net, day=day) for day, net in enumerate(nets)), start="100").curve

    money, percent = curve.drawdown, curve.drawdown_percent
    assert money is not None
    assert percent is not None
    assert (money.depth, money.recovered_ms) == (D(100), None)
    assert percent.depth == D("0.5")
    assert (percent.peak_ms, percent.recovered_ms) == (MONDAY_MS, MONDAY_MS + DAY_MS + 1000)


def test_sharpe_and_sortino_use_every_calendar_day() -> None:
    curve = added([closed("20"), closed("-10.2", day=2)]).curve

    assert curve.days == 3
    assert near(curve.sharpe, "4.169044")
    assert near(curve.sortino, "11.030261")
    assert curve.cagr is None


def test_days_that_all_earned_the_same_have_no_sharpe() -> None:
    curve = added([closed("10"), closed("10.1", day=1), closed("10.201", day=2)]).curve

    assert curve.days == 3
    assert curve.sharpe is curve.sortino is None


def test_growth_of_a_year_is_its_own_cagr() -> None:
    curve = added([closed("-10"), closed("110", day=364)], start="100").curve

    assert curve.days == 365
    assert near(curve.cagr, "1")
    assert near(curve.calmar, "10")


def test_an_account_that_lost_everything_has_lost_all_of_it_a_year() -> None:
    curve = added([closed("1"), closed("-200", day=40), closed("50", day=50)], "100").curve

    assert curve.days == 41
    assert curve.cagr == -1


def test_a_part_of_the_trades_makes_no_percentages() -> None:
    curve = added([closed("-10"), closed("5", day=50)], start=None).curve

    assert curve.drawdown is not None
    assert curve.drawdown.depth == D(10)
    assert curve.drawdown_percent is None
    assert curve.sharpe is curve.cagr is None


@pytest.mark.parametrize("direction", list(Direction))
def test_excursions_are_told_in_money_percent_and_r(direction: Direction) -> None:
    best, worst = ("104", "98") if direction is Direction.LONG else ("96", "102")
    trade = closed("0", direction=direction, best=best, worst=worst, quantity="5")

    total = added([trade]).total

    assert (total.favourable.money, total.favourable.fraction) == (D(20), D("0.04"))
    assert (total.adverse.money, total.adverse.fraction) == (D(10), D("0.02"))
    assert (total.favourable.r, total.adverse.r) == (D("0.4"), D("0.2"))


def test_exposure_counts_time_with_several_trades_once() -> None:
    spans = [(0, 10), (5, 20), (30, 40), (2, 45), (95, 100)]
    trades = [closed("1", opened_ms=a, closed_ms=b) for a, b in spans]

    holding = added(trades).holding

    assert holding.held_ms == 50
    assert holding.exposure == D("0.5")


def test_hours_and_weekdays_are_those_of_the_opening_in_utc() -> None:
    sunday_night = closed("1", opened_ms=MONDAY_MS - 1, closed_ms=MONDAY_MS + 1)

    parts = added([sunday_night, closed("1")]).parts

    assert list(parts["weekday"]) == ["Mon", "Sun"]
    assert list(parts["hour"]) == ["00", "23"]


_TRADES = st.lists(
    st.builds(
        lambda cents, fee, hours, symbol, direction: closed(
            D(cents).scaleb(-2),
            fees=str(D(fee).scaleb(-2)),
            closed_ms=MONDAY_MS + hours * 3_600_000,
            opened_ms=MONDAY_MS + hours * 1_800_000,
            symbol=symbol,
            direction=direction,
        ),
        st.integers(-9999, 9999),
        st.integers(-9, 99),
        st.integers(0, 2000),
        st.sampled_from(["BTCUSDT", "ETHUSDT", "币安人生USDT"]),
        st.sampled_from(list(Direction)),
    ),
    max_size=40,
).map(lambda trades: sorted(trades, key=lambda trade: trade.closed_ms))


@settings(deadline=None)
@given(_TRADES)
def test_the_parts_add_up_to_the_whole(trades: list[Result]) -> None:
    found = added(trades)

    total = found.total
    assert found.curve.value == 1000 + sum(trade.net for trade in trades)
    assert total.net == total.gross - total.fees + total.funding
    for group in found.parts.values():
        for figure in ("count", "wins", "losses", "zeros", "net", "gross", "fees", "held_ms"):
            assert sum(getattr(part, figure) for part in group.values()) == getattr(
                total, figure
            )


@settings(deadline=None)
@given(_TRADES)
def test_the_largest_fall_is_that_between_any_two_points(trades: list[Result]) -> None:
    curve = [D(1000)]
    for trade in trades:
        curve.append(curve[-1] + trade.net)
    falls = [high - low for i, high in enumerate(curve) for low in curve[i:]]

    found = added(trades).curve.drawdown

    assert (found.depth if found else 0) == max(falls)
