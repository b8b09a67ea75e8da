from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.simulator.candles import INTERVALS, backwards
from market.simulator.exchange import SimulatedExchange
from market.simulator.floor import Kline, UnknownSymbol
from market.simulator.tape import fold
from tests.market.simulation import START_MS, stopped_market

MINUTE_MS = 60_000
MARKET, _ = stopped_market()
TRADING = [s for s in MARKET.symbols if MARKET.status(s) == "TRADING"]


def same_as_prints(market: SimulatedExchange, symbol: str, kline: Kline) -> bool:
    prints = market.tape(symbol).prints(kline.first_id, kline.last_id)
    if not prints:
        return kline.row.volume == 0
    inside = all(kline.open_ms <= one.time_ms < kline.end_ms for one in prints)
    return inside and fold(prints) == kline.row


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    again, other = stopped_market(1)[0], stopped_market(2)[0]

    klines = MARKET.klines("SOLUSDT", "15m", None, None, 20)

    assert again.klines("SOLUSDT", "15m", None, None, 20) == klines
    assert other.klines("SOLUSDT", "15m", None, None, 20) != klines


def test_the_future_does_not_depend_on_when_it_is_asked_for() -> None:
    early, clock = stopped_market()
    early.klines("SOLUSDT", "1m", None, None, 500)
    clock.ms += 30 * MINUTE_MS
    late = SimulatedExchange(now_ms=lambda: clock.ms)

    assert early.klines("SOLUSDT", "1m", None, None, 60) == late.klines(
        "SOLUSDT", "1m", None, None, 60
    )


@settings(max_examples=60, deadline=None)
@given(
    symbol=st.sampled_from(TRADING),
    interval=st.sampled_from(["1s", "1m", "3m", "5m", "15m", "1h"]),
    ago=st.integers(0, 20_000 * MINUTE_MS),
)
def test_every_candle_is_the_fold_of_its_prints(symbol: str, interval: str, ago: int) -> None:
    kline = MARKET.kline_at(symbol, interval, START_MS - ago)

    assert same_as_prints(MARKET, symbol, kline)


@settings(max_examples=40, deadline=None)
@given(
    symbol=st.sampled_from(TRADING),
    moments=st.lists(st.integers(0, 3 * MINUTE_MS), min_size=1, max_size=4).map(sorted),
    ticks=st.integers(1, 10**6),
)
def test_forced_prints_come_at_once_and_candles_and_ids_agree_with_them(
    symbol: str, moments: list[int], ticks: int
) -> None:
    market, clock = stopped_market()
    price = Decimal(ticks).scaleb(-market.listing(symbol).tick_decimals)
    before = market.last_print(symbol).trade_id

    for moment in moments:
        clock.ms = START_MS + moment
        last = market.last_print(symbol)
        market.force(symbol, price)
        forced = market.last_print(symbol)
        assert (forced.trade_id, forced.price) == (last.trade_id + 1, ticks)
        assert forced.time_ms == clock.ms
    clock.ms += 3 * MINUTE_MS

    after = market.last_print(symbol).trade_id
    prints = market.tape(symbol).prints(before, after)
    assert [one.trade_id for one in prints] == list(range(before, after + 1))
    assert [one.time_ms for one in prints] == sorted(one.time_ms for one in prints)
    for interval in ("1s", "1m", "3m", "4h"):
        for moment in moments:
            kline = market.kline_at(symbol, interval, START_MS + moment)
            assert same_as_prints(market, symbol, kline)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "PEPEUSDT", "ETHBTC", "币安人生USDT"])
def test_each_minute_opens_where_the_one_before_closed(symbol: str) -> None:
    klines = MARKET.klines(symbol, "1m", None, None, 600)

    for before, after in pairwise(klines):
        assert after.row.open == before.row.close
        assert after.first_id == before.last_id + 1


@pytest.mark.parametrize("symbol", TRADING)
def test_a_day_is_lively_and_stays_within_bounds(symbol: str) -> None:
    days = MARKET.klines(symbol, "1d", None, None, 5)
    minutes = MARKET.klines(symbol, "1m", None, None, 300)

    assert all(0.6 < day.row.low / day.row.high < 0.98 for day in days)
    ranges = [(k.row.high - k.row.low) / k.row.close for k in minutes if k.row.volume]
    assert 0.004 < sum(ranges) / len(ranges) < 0.012


def test_history_reaches_back_sixty_days() -> None:
    [first] = MARKET.klines("BTCUSDT", "1h", 0, None, 1)

    assert START_MS - first.open_ms >= 60 * 86_400_000


def test_a_minute_without_prints_is_flat_at_the_price_before_it() -> None:
    market, clock = stopped_market()
    quiet = START_MS // MINUTE_MS * MINUTE_MS + MINUTE_MS
    if market.kline_at("ETHBTC", "1m", quiet - MINUTE_MS).trades == 0:
        quiet += MINUTE_MS
    clock.ms = quiet - 1
    market.force("ETHBTC", "0.04")
    clock.ms = quiet + MINUTE_MS

    kline = market.kline_at("ETHBTC", "1m", quiet)

    assert kline.trades == 0
    assert kline.row[:5] == (4_000, 4_000, 4_000, 4_000, 0)


def test_a_symbol_that_breaks_down_prints_no_more() -> None:
    market, clock = stopped_market()
    last = market.last_print("SOLUSDT")
    market.set_status("SOLUSDT", "BREAK")

    clock.ms += 10 * MINUTE_MS

    assert market.last_print("SOLUSDT") == last
    assert market.status("SOLUSDT") == "BREAK"
    with pytest.raises(ValueError, match="down"):
        market.force("SOLUSDT", "100")


def test_a_halted_symbol_still_prints() -> None:
    market, clock = stopped_market()
    last = market.last_print("SOLUSDT")
    market.set_status("SOLUSDT", "HALT")

    clock.ms += MINUTE_MS

    assert market.last_print("SOLUSDT").trade_id > last.trade_id


def test_a_forced_price_must_be_on_the_grid_of_a_known_symbol() -> None:
    market, _ = stopped_market()

    with pytest.raises(ValueError, match="grid"):
        market.force("BTCUSDT", "100.001")
    with pytest.raises(UnknownSymbol):
        market.force("NOSUCH", "1")


def test_the_book_lies_around_the_last_print_and_its_updates_grow() -> None:
    market, clock = stopped_market()
    updates = []

    for _ in range(40):
        clock.ms += 700
        touch, last = market.touch("PEPEUSDT"), market.last_print("PEPEUSDT")
        updates.append(touch.update_id)
        assert touch.bid < touch.ask
        assert last.price in (touch.bid, touch.ask)

    assert updates == sorted(updates)
    assert updates[0] < updates[-1]


def test_the_clock_runs_as_fast_as_asked() -> None:
    market = SimulatedExchange(speed=100_000.0, start_ms=START_MS)
    first = market.now_ms()

    while market.now_ms() < START_MS + 600_000:
        pass  # six real milliseconds

    assert START_MS <= first < market.now_ms()


@pytest.mark.parametrize("interval", INTERVALS)
def test_candles_of_every_interval_follow_each_other_without_gaps(interval: str) -> None:
    spans = backwards(interval, START_MS)
    start, end = next(spans)

    assert start <= START_MS < end
    for _ in range(30):
        earlier, earlier_end = next(spans)
        assert earlier < earlier_end == start
        start = earlier


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    monday, _ = next(backwards("1w", 1_790_000_000_000))
    first, _ = next(backwards("1M", 1_790_000_000_000))

    assert monday == 1_789_948_800_000  # 2026-09-21
    assert first == 1_788_220_800_000  # 2026-09-01
