"""The futures side of the simulated exchange: prices, marks and funding, without sockets."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Market
from market.simulator import SimulatedExchange
from market.simulator.floor import UnknownSymbol
from market.simulator.futures import FuturesFloor
from market.simulator.tape import fold
from tests.market.simulation import START_MS, HandClock, stopped_market

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
SPOT, _ = stopped_market()
FUTURES = SPOT.futures
TRADING = [s for s in FUTURES.symbols if FUTURES.status(s) == "TRADING"]


def seconds_of(futures: FuturesFloor, symbol: str, start_ms: int, end_ms: int) -> list[int]:
    return [futures.mark_at(symbol, ms) for ms in range(start_ms, end_ms, 1_000)]


# -- prints -----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_futures_and_another_seed_others() -> None:
    again, other = stopped_market(1)[0].futures, stopped_market(2)[0].futures

    klines = FUTURES.klines("SOLUSDT", "15m", None, None, 20)

    assert again.klines("SOLUSDT", "15m", None, None, 20) == klines
    assert other.klines("SOLUSDT", "15m", None, None, 20) != klines
    assert again.premium("SOLUSDT") == FUTURES.premium("SOLUSDT")
    assert other.premium("SOLUSDT") != FUTURES.premium("SOLUSDT")


def test_asking_for_futures_leaves_the_spot_market_as_it_is() -> None:
    alone, _ = stopped_market(3)
    beside, _ = stopped_market(3)
    beside.futures.force_mark("BTCUSDT", "90000")
    beside.force("BTCUSDT", "90000", Market.FUTURES)

    assert beside.last_print("BTCUSDT") == alone.last_print("BTCUSDT")
    assert beside.klines("BTCUSDT", "1m", None, None, 50) == alone.klines(
        "BTCUSDT", "1m", None, None, 50
    )


@pytest.mark.parametrize("symbol", TRADING)
def test_a_perpetual_follows_its_spot_price_and_is_not_the_same(symbol: str) -> None:
    listing = FUTURES.perpetual(symbol)
    spot = SPOT.klines(listing.follows.symbol, "1m", None, None, 300)
    futures = FUTURES.klines(symbol, "1m", None, None, 300)
    spot_grid = Decimal(10) ** -listing.follows.tick_decimals * listing.scale
    grid = Decimal(10) ** -listing.tick_decimals

    off = [
        (f.row.close * grid) / (s.row.close * spot_grid) - 1
        for f, s in zip(futures, spot, strict=True)
    ][:-1]  # the last one is still open

    assert max(abs(one) for one in off) < Decimal("0.008")
    assert len({f.row.close for f in futures}) > 20


def test_a_thousand_coins_are_a_contract_where_a_coin_is_worth_next_to_nothing() -> None:
    listing = FUTURES.perpetual("1000PEPEUSDT")

    assert (listing.base, listing.follows.symbol) == ("1000PEPE", "PEPEUSDT")
    assert listing.price == pytest.approx(1_000 * SPOT.listing("PEPEUSDT").price)
    assert "PEPEUSDT" not in FUTURES.symbols


def test_ids_are_not_those_of_the_spot_symbol() -> None:
    assert FUTURES.last_print("BTCUSDT").trade_id != SPOT.last_print("BTCUSDT").trade_id


@settings(max_examples=40, deadline=None)
@given(
    symbol=st.sampled_from(TRADING),
    interval=st.sampled_from(["1m", "3m", "1h"]),
    ago=st.integers(0, 20_000 * MINUTE_MS),
)
def test_every_candle_of_a_perpetual_is_the_fold_of_its_prints(
    symbol: str, interval: str, ago: int
) -> None:
    kline = FUTURES.kline_at(symbol, interval, START_MS - ago)

    prints = FUTURES.tape(symbol).prints(kline.first_id, kline.last_id)

    assert fold(prints) == kline.row


def test_a_forced_price_is_printed_on_its_own_market_only() -> None:
    market, _ = stopped_market()

    market.force("BTCUSDT", "90000.1", Market.FUTURES)

    assert market.futures.last_print("BTCUSDT").price == 900_001
    assert market.last_print("BTCUSDT").price != 9_000_010
    with pytest.raises(ValueError, match="grid"):
        market.force("BTCUSDT", "90000.01", Market.FUTURES)
    with pytest.raises(UnknownSymbol):
        market.force("PEPEUSDT", "1", Market.FUTURES)


def test_a_perpetual_that_settles_prints_no_more() -> None:
    market, clock = stopped_market()
    futures = market.futures
    last = futures.last_print("SOLUSDT")
    futures.set_status("SOLUSDT", "SETTLING")

    clock.ms += 10 * MINUTE_MS

    assert futures.last_print("SOLUSDT") == last
    assert market.last_print("SOLUSDT").time_ms > last.time_ms
    with pytest.raises(ValueError, match="down"):
        market.force_mark("SOLUSDT", "100")
    with pytest.raises(ValueError, match="no state of a FUTURES symbol"):
        futures.set_status("BTCUSDT", "BREAK")


# -- mark prices ------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(symbol=st.sampled_from(TRADING), ago=st.integers(0, 50 * 24 * HOUR_MS))
def test_the_mark_price_is_never_a_price_that_can_be_paid(symbol: str, ago: int) -> None:
    mark = FUTURES.mark_at(symbol, START_MS - ago)

    assert mark % FUTURES.listing(symbol).tick != 0


@settings(max_examples=40, deadline=None)
@given(symbol=st.sampled_from(TRADING), ago=st.integers(MINUTE_MS, 5_000 * MINUTE_MS))
def test_the_mark_price_lies_close_to_index_and_prints_and_moves_smoothly(
    symbol: str, ago: int
) -> None:
    now = START_MS - ago
    told = FUTURES.premium(symbol, now)
    minute = FUTURES.kline_at(symbol, "1m", now).row
    tick = FUTURES.listing(symbol).tick

    assert abs(told.mark / told.spot - 1) < 0.003
    assert minute.low * tick * 0.998 < told.mark < minute.high * tick * 1.002
    assert abs(FUTURES.mark_at(symbol, now - 1_000) / told.mark - 1) < 0.001


@settings(max_examples=30, deadline=None)
@given(
    symbol=st.sampled_from(TRADING),
    interval=st.sampled_from(["1m", "5m", "1h"]),
    ago=st.integers(0, 3_000 * MINUTE_MS),
)
def test_candles_of_the_mark_price_are_the_fold_of_its_seconds(
    symbol: str, interval: str, ago: int
) -> None:
    now = START_MS - ago
    [kline] = FUTURES.marks(symbol, interval, (None, now), 1, now)

    seconds = seconds_of(FUTURES, symbol, kline.open_ms, min(kline.end_ms, now + 1))

    assert kline.bar == (seconds[0], max(seconds), min(seconds), seconds[-1])
    assert kline.seconds == len(seconds)


def test_a_forced_mark_price_holds_until_the_minute_ends_and_is_in_its_candle() -> None:
    market, clock = stopped_market()
    regular = market.futures.mark_at("BTCUSDT", START_MS + 31_000)
    clock.ms = START_MS + 1_500

    market.force_mark("BTCUSDT", "123456.789")
    clock.ms = START_MS + 31_000

    forced = 12_345_678_900_000
    futures = market.futures
    assert futures.premium("BTCUSDT", START_MS + 1_499).mark < forced
    assert futures.premium("BTCUSDT", START_MS + 1_500).mark == forced
    assert futures.premium("BTCUSDT", START_MS + 29_999).mark == forced
    assert futures.premium("BTCUSDT", START_MS + 31_000).mark == regular
    before, after = futures.marks("BTCUSDT", "1m", (None, None), 2, clock.ms)
    assert (before.bar.high, before.bar.close) == (forced, forced)
    assert after.bar.high < forced
    [hour] = futures.marks("BTCUSDT", "1h", (None, None), 1, clock.ms)
    assert hour.bar.high == forced


@pytest.mark.parametrize("price", ["0", "-1", "0.000000001", "99999999999"])
def test_a_mark_price_that_cannot_be_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match=r"eight decimals|can be no mark price"):
        stopped_market()[0].force_mark("BTCUSDT", price)


# -- funding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("symbol", "hours"), [("BTCUSDT", 8), ("SUIUSDT", 4), ("WIFUSDT", 1)])
def test_funding_is_settled_at_each_full_interval_of_exchange_time(
    symbol: str, hours: int
) -> None:
    day = START_MS // (24 * HOUR_MS) * 24 * HOUR_MS

    settled = FUTURES.settled(symbol, day - 24 * HOUR_MS + MINUTE_MS, day + MINUTE_MS)

    due = [one.due_ms for one in settled]
    assert due == list(range(day - (24 - hours) * HOUR_MS, day + 1, hours * HOUR_MS))
    assert all(0 <= one.time_ms - one.due_ms < 100 for one in settled)
    assert any(one.time_ms > one.due_ms for one in settled)


def test_rates_differ_and_stay_within_reason() -> None:
    rates = []
    for symbol in TRADING:
        funding = FUTURES.funding(symbol)
        settled = FUTURES.settled(symbol, START_MS - 5 * 24 * HOUR_MS, START_MS)
        rates += [funding.settled_rate(one.due_ms) for one in settled]

    assert min(rates) < 0 < max(rates)
    assert all(abs(rate) < 200_000 for rate in rates)  # 0.2 %
    assert rates.count(10_000) > 20  # 0.01 %, what borrowing costs


@settings(max_examples=40, deadline=None)
@given(symbol=st.sampled_from(TRADING), ago=st.integers(1, 1_000))
def test_the_rate_that_is_told_last_is_the_rate_that_is_settled(symbol: str, ago: int) -> None:
    funding = FUTURES.funding(symbol)
    due_ms = funding.next_ms(START_MS - ago * HOUR_MS)

    told = FUTURES.premium(symbol, due_ms - 150_000)

    assert told.due_ms == due_ms
    assert told.rate == funding.settled_rate(due_ms)
    assert FUTURES.premium(symbol, due_ms).due_ms == due_ms + funding.interval_ms


def test_a_rate_that_was_set_goes_for_the_next_settlement_only() -> None:
    market, clock = stopped_market()
    funding = market.futures.funding("BTCUSDT")
    due_ms = funding.next_ms(clock.ms)

    market.set_funding("BTCUSDT", "-0.0075")

    assert market.futures.premium("BTCUSDT").rate == -750_000
    assert funding.settled_rate(due_ms) == -750_000
    assert funding.settled_rate(due_ms + funding.interval_ms) != -750_000


@pytest.mark.parametrize("rate", ["0.03", "-0.03", "0.000000001"])
def test_a_rate_beyond_the_cap_or_too_fine_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match=r"cap|eight decimals"):
        stopped_market()[0].set_funding("BTCUSDT", rate)


def test_the_future_of_futures_does_not_depend_on_when_it_is_asked_for() -> None:
    clock = HandClock()
    early = SimulatedExchange(now_ms=clock)
    early.futures.klines("ETHUSDT", "1m", None, None, 100)
    clock.ms += 45 * MINUTE_MS
    late = SimulatedExchange(now_ms=clock)

    for one in (early, late):
        one.futures.marks("ETHUSDT", "1m", (None, None), 60, clock.ms)

    assert early.futures.premium("ETHUSDT") == late.futures.premium("ETHUSDT")
    assert early.futures.last_print("ETHUSDT") == late.futures.last_print("ETHUSDT")
