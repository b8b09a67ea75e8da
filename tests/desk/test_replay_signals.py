"""Which signals a replay opens, by which rules, and what it says of the others."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from desk.machine import signal_json
from desk.replay.market import permissive
from desk.replay.run import FREE, replay
from desk.replay.signals import read_ideas
from desk.settings import Settings
from engine.errors import Refused
from engine.model import Candle
from market.tape.tape import Tape
from signals.scanner import Scanner
from signals.strategies.ema_cross_adx import EmaCrossAdx
from tests.desk.replays import D, after_ms, idea, ideas, print_tape
from tests.signals.candles import walk
from tests.tapes import (
    CANDLES_NAME,
    HOUR_MS,
    PRINTS_NAME,
    TAPE_MS,
    candle_row,
    print_row,
    print_rows,
    write,
)


@pytest.fixture
def free(settings: Settings) -> Settings:
    """The desk's settings, at no cost."""
    return replace(settings, costs=FREE)


# -- what is not opened -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (idea(sl="101"), "wrong_side"),
        (idea(symbol="ETHUSDT"), "not_on_tape"),
        (idea(symbol="BTCUSDT.P"), "futures"),
        (idea(direction="sideways"), "bad_direction"),
        (idea(time="yesterday"), "bad_time"),
        (idea(time=after_ms(3_600_000)), "not_reached"),
        (idea(time=after_ms(-86_400_000)), "expired"),
        (idea(entry="120", sl="110", tp=["130"]), "stop_on_wrong_side"),
        (idea(tp=[]), "missing"),
    ],
)
async def test_what_cannot_be_opened_is_listed_with_its_reason_and_the_rest_goes_on(
    tmp_path: Path, free: Settings, bad: dict[str, object], code: str
) -> None:
    tape = print_tape(tmp_path, "100", "101")

    result = await replay([tape], settings=free, ideas=ideas(bad, idea(id="good")))

    assert [(refusal.line, refusal.code) for refusal in result.refusals] == [(1, code)]
    assert result.refusals[0].message.endswith(".")
    assert len(result.trades) == 1


async def test_a_second_trade_on_the_same_side_is_refused_while_the_first_is_open(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "100", "101")
    told = ideas(idea(), idea(id="b"), idea())

    result = await replay([tape], settings=free, ideas=told)

    assert [refusal.code for refusal in result.refusals] == ["duplicate", "repeated"]
    assert "#1 is already open" in result.refusals[0].message


async def test_a_file_that_cannot_be_read_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="lacks sl, tp"):
        read_ideas("symbol,direction,entry\nBTCUSDT,LONG,100\n", "csv")


async def test_signals_in_csv_keep_their_line(tmp_path: Path, free: Settings) -> None:
    text = "symbol;direction;entry;sl;tp\nBTCUSDT;LONG;100;95;110\nBTCUSDT;UP;100;95;110\n"

    result = await replay(
        [print_tape(tmp_path, "100")], settings=free, ideas=read_ideas(text, "csv")
    )

    assert len(result.trades) == 1
    assert [refusal.line for refusal in result.refusals] == [3]


@pytest.mark.parametrize("lines", [True, False])
async def test_signals_that_the_desk_has_written_keep_id_time_and_end(
    tmp_path: Path, free: Settings, lines: bool
) -> None:
    tape = print_tape(tmp_path, "100", "101", "102")
    made = await replay([tape], settings=free, ideas=ideas(idea(time=after_ms(2_000))))
    signal = made.trades[0].signal
    assert signal is not None
    own = [
        signal_json(replace(signal, id="mine-2", expires_ms=TAPE_MS + 2_000)),
        signal_json(replace(signal, id="mine-1", expires_ms=TAPE_MS + 9_000)),
    ]
    text = "\n".join(map(json.dumps, own)) if lines else json.dumps(own)

    result = await replay([tape], settings=free, ideas=read_ideas(text, "json"))

    [trade] = result.trades
    assert trade.signal is not None
    assert (trade.signal.id, trade.signal.expires_ms) == ("mine-1", TAPE_MS + 9_000)
    assert trade.opened_ms == TAPE_MS + 2_000
    assert [refusal.code for refusal in result.refusals] == ["expired"]


# -- rules that nobody knows ------------------------------------------------------------------


async def test_made_up_rules_take_the_grid_of_the_tape_and_of_the_signals(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "100.10", "100.25000000")

    plain = await replay([tape], settings=free, ideas=ideas(idea()))
    finer = await replay([tape], settings=free, ideas=ideas(idea(sl="95.1234")))

    assert "prices move in steps of 0.01" in plain.warnings[0]
    assert "prices move in steps of 0.0001" in finer.warnings[0]
    assert finer.trades[0].stop == D("95.1234")


async def test_a_symbol_paid_in_another_currency_is_refused(
    tmp_path: Path, free: Settings
) -> None:
    tape = write(tmp_path / "ETHBTC-aggTrades-1.csv", print_rows(["0.05"]))
    told = ideas(idea(symbol="ETHBTC", entry="0.05", sl="0.04", tp=["0.06"]))

    result = await replay([tape], settings=free, ideas=told)

    assert result.refusals[0].code == "wrong_currency"
    assert "paid in BTC" in result.refusals[0].message


# -- the scanner ------------------------------------------------------------------------------


def scanned(candles: Sequence[Candle], settings: Settings) -> list[str]:
    """Return the ids that the scanner itself finds, fed candle by candle."""
    instrument = permissive("BTCUSDT", 2, "USDT")
    scanner = Scanner([EmaCrossAdx], ("1h",), settings.costs.taker)
    scanner.warm_up(instrument, "1h", candles[:1], 0)
    found = [scanner.on_candle(instrument, c, c.close_ms + 1) for c in candles[1:]]
    return [signal.id for signals in found for signal in signals]


def walked(folder: Path) -> tuple[Path, Path]:
    """Return the same walk as hourly candles and as the prints inside them."""
    hours, prints, trade_id, close = [], [], 0, ""
    for number, bar in enumerate(walk(seed=11, count=900)):
        if number == 250:  # an hour in which nothing is traded
            hours.append(candle_row(number, (close,) * 4, count=0, volume="0"))
            continue
        path = [f"{price:.2f}" for price in (bar.open, bar.low, bar.high, bar.close)]
        close = path[3]
        hours.append(candle_row(number, (path[0], path[2], path[1], path[3])))
        for quarter, price in enumerate(path):
            trade_id += 1
            at_ms = TAPE_MS + number * HOUR_MS + quarter * 900_000
            prints.append(print_row(trade_id, price, at_ms=at_ms))
    return write(folder / CANDLES_NAME, hours), write(folder / PRINTS_NAME, prints)


async def test_the_scanner_finds_on_a_tape_what_it_finds_live_and_opens_it_at_the_next_open(
    tmp_path: Path, settings: Settings
) -> None:
    tape, _ = walked(tmp_path)
    candles = [item for item in Tape([tape]) if isinstance(item, Candle)]
    opens = {candle.open_ms: candle.open for candle in candles}

    result = await replay([tape], settings=settings, scan=True)

    met = {trade.signal.id for trade in result.trades if trade.signal}
    refused = len(result.refusals)
    found = scanned(candles, settings)
    assert met <= set(found)
    assert len(met) + refused == len(found) > 3
    assert len(met) > 2
    for trade in result.trades:
        assert trade.signal is not None
        assert trade.opened_ms == trade.signal.created_ms
        assert trade.entry_price == opens[trade.opened_ms]


async def test_prints_are_folded_into_the_very_candles_that_the_scanner_would_get(
    tmp_path: Path, settings: Settings
) -> None:
    hours, prints = walked(tmp_path)

    by_candle = await replay([hours], settings=settings, scan=True)
    by_print = await replay(
        [prints], settings=replace(settings, scanner_timeframes=("1h",)), scan=True
    )

    found = [len(result.trades) + len(result.refusals) for result in (by_candle, by_print)]
    firsts = [result.trades[0] for result in (by_candle, by_print)]
    assert found[0] == found[1] > 3
    assert firsts[0].signal == firsts[1].signal
    assert firsts[0].entry_price == firsts[1].entry_price
