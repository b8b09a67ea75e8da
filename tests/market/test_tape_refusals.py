"""Tapes that are refused: every way in which one can be broken."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from engine.model import Candle
from market.errors import TapeError
from market.tape.tape import Tape, TapeKind
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

FLAT = ("100", "101", "99", "100")


def candles(tape: Tape) -> list[Candle]:
    return [item for item in tape if isinstance(item, Candle)]


GOOD = print_rows(["100", "101", "102"])


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        (0, "x", "the agg_trade_id is 'x'"),
        (0, "-1", "the agg_trade_id is '-1'"),
        (1, "NaN", "the price is 'NaN'"),
        (1, "1e5", "the price is '1e5'"),
        (1, "-5", "the price is '-5'"),
        (1, "1_000", "the price is '1_000'"),
        (1, "٣", "the price is '٣'"),
        (1, "0.000000001", "at most 8 decimals"),
        (1, "0", "the price is 0"),
        (2, "0.0", "the quantity is 0"),
        (2, "", "the quantity is ''"),
        (5, "9999999999999", "lies in a far future"),
        (5, "17040672000000000000", "the transact_time is"),
        (5, str(TAPE_MS - 900_000), "the time goes backwards"),
        (6, "maybe", "the is_buyer_maker is 'maybe'"),
        (7, "True,more", "the row has 9 columns instead of 8"),
        (0, "1", "print 1 comes after print 2"),
        (1, "\x1b[2Jred", "the price is '[2Jred'"),
    ],
)
def test_a_bad_print_is_refused_with_its_file_and_line(
    tmp_path: Path, column: int, cell: str, says: str
) -> None:
    cells = GOOD[2].split(",")
    cells[column] = cell
    path = write(tmp_path / PRINTS_NAME, [*GOOD[:2], ",".join(cells)])

    with pytest.raises(TapeError) as refused:
        list(Tape([path]))

    assert str(refused.value).startswith(f"{PRINTS_NAME} line 3: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (candle_row(1, ("100", "99", "101", "100")), "the high 99 is below the low 101"),
        (candle_row(1, ("98", "101", "99", "100")), "the open 98 lies outside"),
        (candle_row(1, ("100", "101", "99", "102")), "the close 102 lies outside"),
        (candle_row(1, ("nan", "101", "99", "100")), "the open is 'nan'"),
        (candle_row(1, FLAT, count=0), "a volume of 12.5 without a trade"),
        (candle_row(0, ("100", "100", "100", "100")), "begins before the one above it ends"),
        (candle_row(1, FLAT, length_ms=2 * HOUR_MS), "lasts 2h, but this is a tape of 1h"),
        (candle_row(1, FLAT).rsplit(",", 1)[0], "11 columns instead of 12"),
    ],
)
def test_a_bad_candle_is_refused_with_its_file_and_line(
    tmp_path: Path, row: str, says: str
) -> None:
    path = write(tmp_path / CANDLES_NAME, [CANDLE_HEADER, candle_row(0, FLAT), row])

    with pytest.raises(TapeError) as refused:
        list(Tape([path]))

    assert str(refused.value).startswith(f"{CANDLES_NAME} line 3: ")
    assert says in str(refused.value)


def test_candles_that_are_not_what_the_name_says_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "BTCUSDT-1m-2026-09.csv", candle_rows([FLAT]))

    with pytest.raises(TapeError, match=r"line 1: the candle lasts 1h, but .* a tape of 1m"):
        list(Tape([path]))


def test_a_candle_cut_short_by_a_halt_is_played_and_a_second_one_is_not(
    tmp_path: Path,
) -> None:
    short = candle_row(2, FLAT, length_ms=HOUR_MS // 2)
    halted = [candle_row(0, FLAT), short, candle_row(2, FLAT)]
    path = write(tmp_path / CANDLES_NAME, halted)
    mixed = write(
        tmp_path / "BTCUSDT-1h-2.csv",
        [*halted[:2], candle_row(3, FLAT, length_ms=HOUR_MS // 2)],
    )

    assert len(candles(Tape([path]))) == 3
    with pytest.raises(TapeError, match="line 3: the candle lasts 30m"):
        list(Tape([mixed]))


def test_files_of_another_timeframe_do_not_follow(tmp_path: Path) -> None:
    hours = write(tmp_path / "a.csv", candle_rows([FLAT]))
    minutes = write(tmp_path / "b.csv", [candle_row(90, FLAT, length_ms=60_000)])

    with pytest.raises(TapeError, match=r"b\.csv line 1: the candle lasts 1m"):
        list(Tape([hours, minutes], "BTCUSDT"))


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        (PRINTS_NAME, [], f"{PRINTS_NAME} is empty"),
        (PRINTS_NAME, ["", " "], f"{PRINTS_NAME} is empty"),
        (PRINTS_NAME, [PRINT_HEADER], f"{PRINTS_NAME} is empty"),
        (PRINTS_NAME, ["1,2,3"], "line 1: this is no tape: it has 3 columns"),
        (PRINTS_NAME, ["hello"], "line 1: this is no tape: it has 1 column;"),
        (
            "BTCUSDT-trades-1.csv",
            [f"1,100.0,2.0,200.0,{TAPE_MS},True,True"],
            "line 1: these are single trades; take the aggTrades file",
        ),
        ("mine.csv", GOOD, "does not say whose prices it holds"),
        (PRINTS_NAME, candle_rows([FLAT]), "holds klines, which is not what its name says"),
        (CANDLES_NAME, GOOD, "holds aggTrades, which is not what its name says"),
    ],
)
def test_what_is_no_tape_is_refused_before_anything_is_played(
    tmp_path: Path, name: str, rows: list[str], says: str
) -> None:
    path = write(tmp_path / name, rows)

    with pytest.raises(TapeError) as refused:
        Tape([path])

    assert says in str(refused.value)


def test_a_tape_of_another_symbol_than_asked_for_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / PRINTS_NAME, GOOD)

    with pytest.raises(TapeError, match="is a tape of BTCUSDT, not of ETHUSDT"):
        Tape([path], "ETHUSDT")


def test_tapes_of_different_kinds_are_not_played_together(tmp_path: Path) -> None:
    prints = write(tmp_path / PRINTS_NAME, GOOD)
    hours = write(tmp_path / CANDLES_NAME, candle_rows([FLAT]))

    with pytest.raises(TapeError, match=r"holds klines, .* aggTrades; play tapes of one kind"):
        Tape([prints, hours])


def test_files_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    later = write(tmp_path / "BTCUSDT-aggTrades-2.csv", print_rows(["100"], 10))
    sooner = write(tmp_path / "BTCUSDT-aggTrades-1.csv", print_rows(["100"], 1))

    with pytest.raises(
        TapeError, match=r"aggTrades-1.csv line 1: print 1 comes after print 10"
    ):
        list(Tape([later, sooner]))


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PRINTS_NAME, b"0" * 40_000_000)

    with pytest.raises(TapeError, match="line 1: the line has no end"):
        Tape([path])


def test_a_file_may_not_unpack_to_more_than_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PRINTS_NAME, "".join(f"{row}\n" for row in GOOD) * 10)
    monkeypatch.setattr("market.tape.lines.MAX_UNPACKED", 1_000)

    with pytest.raises(TapeError, match="unpacks to more than"):
        Tape([path])


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", GOOD[0])
        archive.writestr("b.csv", GOOD[1])

    with pytest.raises(TapeError, match="holds 2 files; the archive of a tape holds one"):
        Tape([path])


@pytest.mark.parametrize("broken", ["cut", "flipped"])
def test_a_damaged_archive_is_refused_with_a_sentence(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-1.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PRINTS_NAME, "".join(f"{row}\n" for row in GOOD))
    data = bytearray(path.read_bytes())
    data[80] ^= 0xFF
    path.write_bytes(data[:-30] if broken == "cut" else data)

    with pytest.raises(TapeError, match=r"BTCUSDT-aggTrades-1\.zip "):
        list(Tape([path]))


def test_prints_packed_by_halves_are_refused_at_their_end(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-1.csv.gz"
    whole = gzip.compress("".join(f"{print_row(n, '100')}\n" for n in range(1, 3_000)).encode())
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(TapeError):
        list(Tape([path]))


def test_a_folder_or_a_missing_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be read"):
        Tape([tmp_path])
    with pytest.raises(TapeError, match="cannot be read: No such file"):
        Tape([tmp_path / "none.csv"])


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / PRINTS_NAME
    path.write_bytes(GOOD[0].encode() + b"\n\xff\xfe\x00,1\n")

    with pytest.raises(TapeError, match=f"{PRINTS_NAME} line 2: the row has 2 columns"):
        list(Tape([path]))


def test_a_kind_is_told_by_the_content(tmp_path: Path) -> None:
    line = {"recv_ts": 1.5, "msg": {"stream": "x", "data": {}}}
    recording = write(tmp_path / "day.csv", [json.dumps(line)])

    assert Tape([recording]).kind is TapeKind.RECORDING
