"""Tapes: every format that the archive has."""

import gzip
import zipfile
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from engine.model import Candle, Source, Tick
from market.tape.tape import Tape
from tests.tapes import (
    CANDLE_HEADER,
    CANDLES_NAME,
    HOUR_MS,
    PRINT_HEADER,
    PRINTS_NAME,
    TAPE_MS,
    candle_row,
    candle_rows,
    print_row,
    print_rows,
    write,
)

D = Decimal
FLAT = ("100", "101", "99", "100")


def prices(tape: Tape) -> list[str]:
    return [str(item.price) for item in tape if isinstance(item, Tick)]


def candles(tape: Tape) -> list[Candle]:
    return [item for item in tape if isinstance(item, Candle)]


def test_a_print_has_all_that_its_row_says(tmp_path: Path) -> None:
    path = write(tmp_path / PRINTS_NAME, [print_row(7, "64250.01000000", at_ms=TAPE_MS)])

    [tick] = Tape([path])

    assert tick == Tick("BTCUSDT", D("64250.01"), D("1.5"), 7, TAPE_MS, Source.REPLAY)


def test_a_candle_has_all_that_its_row_says(tmp_path: Path) -> None:
    path = write(tmp_path / CANDLES_NAME, [candle_row(0, ("100.5", "101", "99.25", "100"))])

    [candle] = candles(Tape([path]))

    assert candle == Candle(
        symbol="BTCUSDT",
        timeframe="1h",
        open_ms=TAPE_MS,
        open=D("100.5"),
        high=D(101),
        low=D("99.25"),
        close=D(100),
        volume=D("12.5"),
        close_ms=TAPE_MS + HOUR_MS - 1,
        trades=10,
        closed=True,
    )


@pytest.mark.parametrize("last", ["True,False", "False,True", "true,true", "true", "False"])
@pytest.mark.parametrize("header", [True, False])
def test_spot_and_futures_prints_are_read_with_and_without_a_header(
    tmp_path: Path, last: str, header: bool
) -> None:
    rows = [print_row(number, "100", last=last) for number in (1, 2)]
    path = write(tmp_path / PRINTS_NAME, [PRINT_HEADER] * header + rows)

    assert prices(Tape([path])) == ["100", "100"]


def test_times_in_microseconds_become_milliseconds_row_by_row(tmp_path: Path) -> None:
    rows = [
        print_row(1, "100", at_ms=TAPE_MS),
        print_row(2, "100", at_ms=(TAPE_MS + 5) * 1_000 + 999),
    ]
    path = write(tmp_path / PRINTS_NAME, rows)

    times = [item.time_ms for item in Tape([path]) if isinstance(item, Tick)]

    assert times == [TAPE_MS, TAPE_MS + 5]


def test_candles_in_microseconds_close_on_their_last_millisecond(tmp_path: Path) -> None:
    row = candle_row(0, FLAT).split(",")
    row[0], row[6] = f"{row[0]}000", f"{row[6]}999"
    path = write(tmp_path / CANDLES_NAME, [CANDLE_HEADER, ",".join(row)])

    [candle] = candles(Tape([path]))

    assert (candle.open_ms, candle.close_ms) == (TAPE_MS, TAPE_MS + HOUR_MS - 1)


def test_a_file_is_unpacked_whatever_its_name_says(tmp_path: Path) -> None:
    text = "\r\n".join(print_rows(["100", "101"])) + "\r\n\r\n"
    zipped, packed = tmp_path / "BTCUSDT-aggTrades-1.zip", tmp_path / "BTCUSDT-aggTrades-2.csv"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PRINTS_NAME, "\ufeff" + text)
    packed.write_bytes(gzip.compress(text.encode()))

    assert prices(Tape([zipped])) == prices(Tape([packed])) == ["100", "101"]


def test_the_timeframe_is_read_off_the_candles_when_no_name_says_it(tmp_path: Path) -> None:
    rows = [candle_row(number, FLAT, length_ms=900_000) for number in (0, 1)]
    path = write(tmp_path / "mine.csv", rows)

    found = candles(Tape([path], "ETHUSDT"))

    assert {(c.symbol, c.timeframe) for c in found} == {("ETHUSDT", "15m")}


def test_files_of_a_symbol_follow_each_other_and_the_print_at_their_border_counts_once(
    tmp_path: Path,
) -> None:
    first = write(tmp_path / "BTCUSDT-aggTrades-1.csv", print_rows(["100", "101"]))
    second = write(tmp_path / "BTCUSDT-aggTrades-2.csv", print_rows(["101", "102"], 2))

    tape = Tape([first, second])

    assert prices(tape) == ["100", "101", "102"]
    assert tape.notes == []
    assert tape.progress == 1


def test_an_id_that_the_exchange_gave_twice_stands_for_two_prints(tmp_path: Path) -> None:
    twin = print_row(2, "103").replace(",4,5,", ",6,7,")
    path = write(tmp_path / PRINTS_NAME, [*print_rows(["100", "101"]), twin])

    assert prices(Tape([path])) == ["100", "101", "103"]


def test_symbols_run_side_by_side_in_order_of_time(tmp_path: Path) -> None:
    btc = write(tmp_path / CANDLES_NAME, candle_rows([FLAT] * 2))
    eth = write(tmp_path / "ETHUSDT-1h-2026-09.csv", candle_rows([FLAT] * 2))

    found = candles(Tape([btc, eth]))

    assert [c.symbol for c in found] == ["BTCUSDT", "ETHUSDT"] * 2


def test_what_is_missing_is_noted_and_not_made_up(tmp_path: Path) -> None:
    prints = write(tmp_path / PRINTS_NAME, [print_row(n, "100") for n in (1, 5, 9, 10)])
    hours = write(tmp_path / CANDLES_NAME, [candle_row(n, FLAT) for n in (0, 2)])

    tape, other = Tape([prints]), Tape([hours])

    assert len(prices(tape)) == 4
    assert tape.notes == [
        f"{PRINTS_NAME} line 2: 3 prints are missing in front of 5. (1 more like this.)"
    ]
    assert len(candles(other)) == 2
    assert "line 2: 1 candle is missing in front of" in other.notes[0]


def test_a_print_that_was_taken_back_is_left_out(tmp_path: Path) -> None:
    void = f"2,0.00000000,0.00000000,-1,-1,{TAPE_MS + 2_000},False,True"
    path = write(tmp_path / PRINTS_NAME, [print_row(1, "100"), void, print_row(3, "101")])

    tape = Tape([path])

    assert prices(tape) == ["100", "101"]
    assert "Print 2 was taken back" in tape.notes[0]


def test_a_tape_is_read_only_as_far_as_it_is_played(tmp_path: Path) -> None:
    path = tmp_path / PRINTS_NAME
    with path.open("w") as file:
        file.writelines(f"{print_row(number, '100')}\n" for number in range(1, 40_001))

    tape = Tape([path])
    first = list(islice(tape, 10))

    assert len(first) == 10
    assert 0 < tape.progress < 0.2
