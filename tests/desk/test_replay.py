"""Replays: tapes and signals through the book that trades live."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from desk.replay.run import FREE, Show, replay
from desk.settings import Settings
from engine.costs import CLASSIC
from engine.errors import Refused
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import CloseReason, EntryMode, Source, TradeStatus
from engine.sizes import Risk
from market.tape.recording import Recording
from tests.desk.replays import D, after_ms, as_json, candle_tape, idea, ideas, print_tape
from tests.tapes import (
    CANDLES_NAME,
    HOUR_MS,
    PRINTS_NAME,
    TAPE_MS,
    candle_row,
    frame,
    print_row,
    print_rows,
    quote_frame,
    write,
)


@pytest.fixture
def free(settings: Settings) -> Settings:
    """The desk's settings, at no cost."""
    return replace(settings, costs=FREE)


# -- candles ----------------------------------------------------------------------------------


async def test_a_stop_that_a_candle_jumps_over_fills_at_its_open(
    tmp_path: Path, free: Settings
) -> None:
    tape = candle_tape(
        tmp_path,
        ("50", "51", "50", "51"),
        ("51", "51.5", "49", "50"),
        ("52.4", "53", "45", "46"),
    )
    short = idea("SHORT", entry="50", sl="52", tp=["46"])

    result = await replay([tape], settings=free, ideas=ideas(short))

    [trade] = result.trades
    fill = trade.fills[-1]
    assert (trade.entry_price, trade.exit_price) == (D(50), D("52.40"))
    assert trade.status is TradeStatus.CLOSED_SL
    assert (fill.time_ms, fill.source) == (TAPE_MS + 2 * HOUR_MS, Source.REPLAY)
    assert (fill.reconstructed, fill.ambiguous) == (True, False)


async def test_stop_and_target_in_one_candle_are_a_stop_and_said_to_be_a_guess(
    tmp_path: Path, free: Settings
) -> None:
    tape = candle_tape(tmp_path, ("100", "101", "99", "100"), ("100", "111", "94", "105"))

    result = await replay([tape], settings=free, ideas=ideas(idea()))

    [trade] = result.trades
    assert (trade.status, trade.exit_price) == (TradeStatus.CLOSED_SL, D(95))
    assert trade.fills[-1].ambiguous
    assert trade.closed_ms == TAPE_MS + 2 * HOUR_MS - 1


async def test_a_signal_born_inside_a_candle_is_opened_at_the_open_of_the_next(
    tmp_path: Path, free: Settings
) -> None:
    tape = candle_tape(tmp_path, ("100", "111", "94", "101"), ("101", "102", "100", "102"))

    result = await replay([tape], settings=free, ideas=ideas(idea(time=after_ms(1))))

    [trade] = result.trades
    assert trade.opened_ms == TAPE_MS + HOUR_MS
    assert (trade.entry_price, trade.status) == (D(101), TradeStatus.OPEN)
    assert (trade.best, trade.worst) == (D(102), D(100))


async def test_the_whole_candle_at_whose_open_a_trade_begins_works_on_it(
    tmp_path: Path, free: Settings
) -> None:
    tape = candle_tape(tmp_path, ("100", "111", "99", "100"))

    result = await replay([tape], settings=free, ideas=ideas(idea(time=after_ms(0))))

    [trade] = result.trades
    assert (trade.status, trade.exit_price) == (TradeStatus.CLOSED_TP, D(110))


async def test_a_jump_to_the_open_comes_before_an_order_that_is_filled_there(
    tmp_path: Path, free: Settings
) -> None:
    tape = candle_tape(tmp_path, ("100", "101", "99", "100"), ("94", "96", "93", "95"))
    second = idea(entry="94", sl="90", tp=["120"], time=after_ms(HOUR_MS))

    result = await replay([tape], settings=free, ideas=ideas(idea(), second))

    first, later = result.trades
    assert (first.status, first.exit_price) == (TradeStatus.CLOSED_SL, D(94))
    assert (later.entry_price, later.status) == (D(94), TradeStatus.OPEN)
    assert first.closed_ms == later.opened_ms


async def test_nothing_is_opened_at_a_candle_without_trades(
    tmp_path: Path, free: Settings
) -> None:
    quiet = candle_row(0, ("100", "100", "100", "100"), count=0, volume="0")
    tape = write(tmp_path / CANDLES_NAME, [quiet, candle_row(1, ("101", "101", "101", "101"))])

    result = await replay([tape], settings=free, ideas=ideas(idea(timeframe="4h")))

    assert [trade.opened_ms for trade in result.trades] == [TAPE_MS + HOUR_MS]


# -- prints -----------------------------------------------------------------------------------


async def test_a_signal_is_opened_at_the_first_print_that_is_not_before_it(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "94", "101", "102", "110.5")

    result = await replay([tape], settings=free, ideas=ideas(idea(time=after_ms(1_500))))

    [trade] = result.trades
    entry, target = trade.fills
    assert (entry.price, entry.trade_id, entry.time_ms) == (D(101), 2, TAPE_MS + 2_000)
    assert (target.price, target.trade_id, target.print_price) == (D(110), 4, D("110.5"))
    assert not target.reconstructed
    assert (result.tally.prints, result.first_ms) == (4, TAPE_MS + 1_000)


async def test_a_signal_without_a_time_is_opened_at_the_first_print_of_its_symbol(
    tmp_path: Path, free: Settings
) -> None:
    result = await replay(
        [print_tape(tmp_path, "100", "101")], settings=free, ideas=ideas(idea())
    )

    assert [trade.opened_ms for trade in result.trades] == [TAPE_MS + 1_000]


async def test_a_signal_that_names_no_price_takes_the_one_of_its_moment(
    tmp_path: Path, free: Settings
) -> None:
    bare = idea(time=after_ms(2_000))
    del bare["entry"]

    result = await replay(
        [print_tape(tmp_path, "100", "104")], settings=free, ideas=ideas(bare)
    )

    [trade] = result.trades
    assert trade.signal is not None
    assert trade.signal.entry == trade.entry_price == D(104)


async def test_a_recording_gives_its_touch_to_orders_and_its_prints_to_exits(
    tmp_path: Path, free: Settings
) -> None:
    recording = Recording(tmp_path / "day.jsonl")
    frames = [quote_frame(1, "99.5", "100.5"), frame(1, "100"), frame(2, "110")]
    recording.write(frames, TAPE_MS)
    recording.close()

    result = await replay([recording.path], settings=free, ideas=ideas(idea()))

    [trade] = result.trades
    assert (trade.entry_price, trade.exit_price) == (D("100.5"), D(110))
    assert trade.fills[0].model == "touch"


async def test_the_classic_entry_is_at_the_price_of_the_signal(
    tmp_path: Path, settings: Settings
) -> None:
    tape, classic = print_tape(tmp_path, "103", "111"), replace(settings, costs=CLASSIC)

    asked = await replay(
        [tape], settings=settings, ideas=ideas(idea()), entry=EntryMode.CLASSIC
    )
    profile = await replay([tape], settings=classic, ideas=ideas(idea()))

    assert asked.trades[0].entry_price == profile.trades[0].entry_price == D(100)
    assert asked.trades[0].exit_price == D(110)
    assert profile.trades[0].exit_price == D(111)
    assert profile.trades[0].net == profile.trades[0].gross == D(11)


async def test_the_size_may_be_a_part_of_what_the_account_is_worth_then(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "100", "110", "100")
    first, second = idea(), idea(id="b", time=after_ms(2_500))

    result = await replay(
        [tape], settings=replace(free, size=Risk(D("0.01"))), ideas=ideas(first, second)
    )

    # 1 % of 10,000 at 5 a piece; then 1 % of the 10,200 that the first has left.
    assert [trade.initial_quantity for trade in result.trades] == [D(20), D("20.4")]


# -- the end ----------------------------------------------------------------------------------


async def test_what_is_open_at_the_end_stays_open_and_knows_its_last_price(
    tmp_path: Path, free: Settings
) -> None:
    result = await replay(
        [print_tape(tmp_path, "100", "108", "104")], settings=free, ideas=ideas(idea())
    )

    [shown] = json.loads(as_json(result))
    assert (shown["status"], shown["last_price"], shown["unrealised"]) == ("OPEN", "104", "4")
    assert (shown["best"], shown["worst"]) == ("108", "100")


async def test_what_is_open_at_the_end_is_closed_by_hand_if_wanted(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "100", "104")

    result = await replay([tape], settings=free, ideas=ideas(idea()), close_at_end=True)

    [trade] = result.trades
    assert (trade.status, trade.exit_price) == (TradeStatus.CLOSED_MANUAL, D(104))
    assert (trade.closed_ms, result.account.balance) == (TAPE_MS + 2_000, D(10_004))


async def test_the_largest_fall_is_counted_from_the_highest_result(
    tmp_path: Path, free: Settings
) -> None:
    tape = print_tape(tmp_path, "100", "110", "100", "95", "100", "94", "100", "110")
    told = [idea(id=f"{n}", time=after_ms(n * 1_000)) for n in (1, 3, 5, 7)]

    result = await replay([tape], settings=free, ideas=ideas(*told))

    assert [trade.net for trade in result.trades] == [D(10), D(-5), D(-6), D(10)]
    assert result.tally.max_drawdown == D(11)


async def test_events_are_told_in_order_while_the_tape_runs(
    tmp_path: Path, free: Settings
) -> None:
    heard: list[Event] = []
    progress: list[float] = []
    show = Show(speed=1_000_000, on_event=heard.append, on_progress=progress.append)

    await replay(
        [print_tape(tmp_path, "100", "110")], settings=free, ideas=ideas(idea()), show=show
    )

    assert [type(event) for event in heard] == [TradeOpened, TradeClosed]
    assert len(progress) == 2


async def test_a_tape_that_breaks_is_refused_with_its_line(
    tmp_path: Path, free: Settings
) -> None:
    tape = write(tmp_path / PRINTS_NAME, [*print_rows(["100"]), print_row(2, "x")])

    with pytest.raises(Refused, match="line 2: the price is 'x'") as refused:
        await replay([tape], settings=free, ideas=ideas(idea()))

    assert refused.value.code == "bad_tape"


async def test_a_replay_trades_as_the_settings_say(tmp_path: Path, free: Settings) -> None:
    tape = candle_tape(
        tmp_path,
        ("100", "101", "99", "100"),
        ("100", "111", "100", "110"),
        ("110", "116", "110", "115"),
    )
    two = ideas(idea(tp=["110", "120"]))

    usual = await replay([tape], settings=free, ideas=two)
    held = replace(free, all_targets=True, hold_ms=2 * HOUR_MS)
    both = await replay([tape], settings=held, ideas=two)

    [nearest], [ladder] = usual.trades, both.trades
    assert [target.price for target in nearest.targets] == [D(110)]
    assert [target.price for target in ladder.targets] == [D(110), D(120)]
    assert len(ladder.fills) == 3
    assert ladder.close_reason is CloseReason.TIME_STOP
