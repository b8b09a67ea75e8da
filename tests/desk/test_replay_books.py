"""Replays whose result is kept, and gone on from."""

from pathlib import Path
from typing import Any

import pytest

from desk.replay.books import result_books
from desk.replay.run import replay
from desk.settings import Settings
from engine.errors import Refused
from engine.model import TradeStatus
from store.ledger import Ledger
from tests.desk.replays import D, after_ms, as_json, candle_tape, idea, ideas, print_tape
from tests.tapes import (
    PRINTS_NAME,
    TAPE_MS,
    print_rows,
    write,
)


async def load(ledger: Ledger) -> Any:
    return await ledger.load(
        "main", currency="USDT", deposit=D(1), day_start_ms=0, now_ms=TAPE_MS
    )


async def test_a_kept_result_opens_as_the_books_of_a_desk(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "result.db"
    tape = print_tape(tmp_path, "100", "110", "101", "99")
    told = ideas(idea(), idea(id="b", time=after_ms(3_000)))

    async with result_books(database, append=False) as ledger:
        kept = await replay([tape], settings=settings, ideas=told, ledger=ledger)
    alone = await replay([tape], settings=settings, ideas=told)

    ledger = await Ledger.open(database)
    books, stored = await load(ledger), await ledger.trades("main")
    signals = await ledger.signals()
    await ledger.close()
    assert as_json(kept) == as_json(alone)
    assert list(reversed(stored)) == list(kept.trades)
    assert books.account == kept.account
    assert books.checkpoints["BTCUSDT"].trade_id == 4
    assert [signal.status for signal in signals] == ["TAKEN", "TAKEN"]


async def test_a_kept_result_is_gone_on_from_and_no_print_counts_twice(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "result.db"
    prices = ["100", "108", "96", "104", "97", "111"]
    first = write(tmp_path / "BTCUSDT-aggTrades-1.csv", print_rows(prices[:4]))
    second = write(tmp_path / "BTCUSDT-aggTrades-2.csv", print_rows(prices[1:], 2))
    whole = write(tmp_path / "BTCUSDT-aggTrades-all.csv", print_rows(prices))

    async with result_books(database, append=False) as ledger:
        await replay([first], settings=settings, ideas=ideas(idea()), ledger=ledger)
    async with result_books(database, append=True) as ledger:
        went_on = await replay([second], settings=settings, ledger=ledger)
    at_once = await replay([whole], settings=settings, ideas=ideas(idea()))

    assert went_on.trades == at_once.trades
    assert went_on.trades[0].status is TradeStatus.CLOSED_TP
    assert went_on.tally.prints == 2


async def test_candles_that_a_kept_result_has_seen_are_not_played_again(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "result.db"
    seen = [("100", "101", "99", "100"), ("100", "102", "98", "101")]
    first = candle_tape(tmp_path, *seen)

    async with result_books(database, append=False) as ledger:
        await replay([first], settings=settings, ideas=ideas(idea()), ledger=ledger)
    longer = candle_tape(tmp_path, *seen, ("101", "111", "100", "110"))
    async with result_books(database, append=True) as ledger:
        went_on = await replay([longer], settings=settings, ledger=ledger)

    [trade] = went_on.trades
    assert went_on.tally.candles == 1
    assert (trade.exit_price, trade.worst) == (D(110), D(98))


async def test_a_tape_that_breaks_leaves_no_trace_in_the_books(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "result.db"
    good = print_tape(tmp_path, "100")
    bad = write(tmp_path / "BTCUSDT-aggTrades-bad.csv", [*print_rows(["110"], 2), "3,nonsense"])

    async with result_books(database, append=False) as ledger:
        kept = await replay([good], settings=settings, ideas=ideas(idea()), ledger=ledger)
    with pytest.raises(Refused):
        async with result_books(database, append=True) as ledger:
            await replay([bad], settings=settings, ledger=ledger)

    ledger = await Ledger.open(database)
    stored = await ledger.trades("main")
    await ledger.close()
    assert stored == list(kept.trades)


async def test_new_books_of_a_replay_that_fails_are_taken_away(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "result.db"
    bad = write(tmp_path / PRINTS_NAME, [*print_rows(["100"]), "2,nonsense"])

    with pytest.raises(Refused):
        async with result_books(database, append=False) as ledger:
            await replay([bad], settings=settings, ledger=ledger)

    assert not database.exists()


async def test_books_that_exist_are_not_written_to_unasked(tmp_path: Path) -> None:
    database = tmp_path / "diary.db"
    database.write_text("dear diary")

    with pytest.raises(Refused, match="exists; --append goes on"):
        async with result_books(database, append=False):
            pass

    assert database.read_text() == "dear diary"
