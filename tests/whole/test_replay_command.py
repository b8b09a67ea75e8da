"""`paperdesk replay` as a user runs it: in its own process, with its own folder."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.tapes import CANDLES_NAME, PRINTS_NAME, candle_rows, print_rows, write
from tests.whole.home import paperdesk

LONG = {"symbol": "BTCUSDT", "direction": "LONG", "entry": "100", "sl": "95", "tp": ["110"]}


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return write(tmp_path / PRINTS_NAME, print_rows(["100", "104", "111", "100"]))


@pytest.fixture
def signals(tmp_path: Path) -> Path:
    path = tmp_path / "ideas.jsonl"
    path.write_text(json.dumps(LONG))
    return path


async def test_a_tape_and_signals_give_the_trades_at_its_end(
    tmp_path: Path, tape: Path, signals: Path
) -> None:
    words = ("replay", str(tape), "--symbol", "BTCUSDT", "--signals", str(signals), "--json")

    said = await paperdesk(tmp_path, *words)
    again = await paperdesk(tmp_path, *words)

    [trade] = said.json
    assert said.code == 0
    assert (trade["status"], trade["exit_price"], trade["stake"]) == ("CLOSED_TP", "110", "100")
    assert [fill["source"] for fill in trade["fills"]] == ["REPLAY", "REPLAY"]
    assert again.out == said.out
    assert "not known here" in said.err


async def test_without_json_there_is_a_table_and_a_summary(
    tmp_path: Path, tape: Path, signals: Path
) -> None:
    said = await paperdesk(
        *(tmp_path, "replay", str(tape), "--signals", str(signals)),
        *("--stake", "1000", "--costs", "free"),
    )

    assert said.code == 0
    assert "#1  BTCUSDT  LONG" in said.out
    assert "1 closed (1 won), 0 open; net +100 USDT, fees 0" in said.out
    assert "4 prints from 2026-09-21" in said.out


async def test_a_signal_that_is_not_opened_is_told_on_stderr_and_does_no_harm(
    tmp_path: Path, tape: Path, signals: Path
) -> None:
    bad = {**LONG, "symbol": "ETH\x1b[2J"}
    write(signals, [json.dumps(bad), json.dumps(LONG)])

    said = await paperdesk(tmp_path, "replay", str(tape), "--signals", str(signals), "--json")

    assert (said.code, len(said.json)) == (0, 1)
    assert "Signal 1 (ETH[2J) was not opened. The tape has no prices of" in said.err
    assert "\x1b" not in said.err


async def test_a_broken_tape_is_a_sentence_with_its_line(tmp_path: Path, signals: Path) -> None:
    rows = [*print_rows(["100", "101"]), "3,NaN"]
    bad = write(tmp_path / PRINTS_NAME, rows)
    words = ("replay", str(bad), "--signals", str(signals))

    said = await paperdesk(tmp_path, *words)
    as_json = await paperdesk(tmp_path, *words, "--json")

    assert (said.code, said.out) == (1, "")
    assert f"{PRINTS_NAME} line 3: the row has 2 columns instead of 8." in said.err
    assert (as_json.code, as_json.json["error"]) == (1, "bad_tape")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Give --signals FILE, or --scan"),
        (("--scan", "--append"), "--append needs --db"),
        (("--scan", "--stake", "1", "--risk", "1"), "--stake or --risk, not both"),
        (("--scan", "--risk", "much"), "The size must be"),
        (("--scan", "--deposit", "0"), "The deposit must be above 0"),
        (("--scan", "--speed", "-1"), "--speed"),
        (("--scan", "--entry", "never"), "--entry"),
        (("--signals", "/nowhere.csv"), "does not exist"),
    ],
)
async def test_what_makes_no_sense_is_a_usage_error(
    tmp_path: Path, tape: Path, words: tuple[str, ...], says: str
) -> None:
    said = await paperdesk(tmp_path, "replay", str(tape), *words)

    assert said.code == 2
    assert says in said.err
    assert "Traceback" not in said.err


async def test_at_a_speed_each_event_is_told_as_it_happens(
    tmp_path: Path, tape: Path, signals: Path
) -> None:
    said = await paperdesk(
        tmp_path, "replay", str(tape), "--signals", str(signals), "--speed", "100", "--json"
    )

    opened, closed = [line for line in said.err.splitlines() if "#1" in line]
    assert "BTCUSDT LONG opened" in opened
    assert "BTCUSDT LONG closed @ 110" in closed
    assert len(said.json) == 1


async def test_a_kept_result_is_listed_by_the_desk_and_gone_on_from(
    tmp_path: Path, signals: Path
) -> None:
    database = tmp_path / "paperdesk.db"
    first = write(tmp_path / "BTCUSDT-aggTrades-1.csv", print_rows(["100", "104"]))
    second = write(tmp_path / "BTCUSDT-aggTrades-2.csv", print_rows(["104", "94"], 2))
    keep = ("--db", str(database), "--json")

    made = await paperdesk(tmp_path, "replay", str(first), "--signals", str(signals), *keep)
    unasked = await paperdesk(tmp_path, "replay", str(first), "--scan", *keep)
    went_on = await paperdesk(tmp_path, "replay", str(second), "--append", *keep)
    listed = await paperdesk(tmp_path, "trades", "--json")

    assert [trade["status"] for trade in made.json] == ["OPEN"]
    assert (unasked.code, unasked.json["error"]) == (1, "exists")
    assert [trade["status"] for trade in went_on.json] == ["CLOSED_SL"]
    assert listed.json == went_on.json


async def test_books_of_another_program_are_left_alone(tmp_path: Path, tape: Path) -> None:
    database = tmp_path / "photos.db"
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE photo (id INTEGER)")
    other.close()
    before = database.read_bytes()

    said = await paperdesk(
        tmp_path, "replay", str(tape), "--scan", "--append", "--db", str(database)
    )

    assert said.code == 4
    assert database.read_bytes() == before


async def test_candles_are_played_with_the_scanner(tmp_path: Path) -> None:
    tape = write(tmp_path / CANDLES_NAME, candle_rows([("100", "101", "99", "100")] * 300))

    said = await paperdesk(tmp_path, "replay", str(tape), "--scan")

    assert said.code == 0
    assert said.out.startswith("No trades.")
    assert "300 candles from" in said.out
