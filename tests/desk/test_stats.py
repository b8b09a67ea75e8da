"""Statistics as a desk reads them from its books."""

import json
from pathlib import Path

from desk.machine import dumps
from desk.stats import statistics_json, statistics_of
from engine.statistics import Statistics
from store.history import Selection
from store.ledger import Ledger
from tests.engine.closed import added, closed
from tests.feeds import START_MS
from tests.store.desk import D
from tests.store.sound import sound_books


async def _statistics(path: Path, chosen: Selection) -> Statistics:
    await sound_books(path)
    ledger = await Ledger.open(path)
    try:
        return await statistics_of(ledger, "main", chosen)
    finally:
        await ledger.close()


async def test_the_books_add_up_to_what_the_account_says(tmp_path: Path) -> None:
    found = await _statistics(tmp_path / "books.db", Selection())

    total = found.total
    assert (total.count, total.wins, total.losses) == (3, 2, 1)
    assert (total.gross, total.fees, total.net) == (D("5.3"), D("0.6053"), D("4.6947"))
    assert found.curve.value == D("1000004.6947")
    assert {key: part.count for key, part in found.parts["source"].items()} == {
        "": 2,
        "test": 1,
    }


async def test_a_period_starts_with_the_equity_of_its_beginning(tmp_path: Path) -> None:
    found = await _statistics(tmp_path / "books.db", Selection(since_ms=START_MS + 1))

    assert found.total.count == 2
    assert found.curve.start == D("1000000.799")
    assert found.curve.value == D("1000004.6947")


async def test_part_of_the_trades_is_no_curve_of_the_account(tmp_path: Path) -> None:
    found = await _statistics(tmp_path / "books.db", Selection(symbol="BUSDT"))

    assert found.total.net == D("-5.8943")
    assert found.curve.start is None


def test_json_has_decimals_as_text_times_as_numbers_and_null_for_the_undefined() -> None:
    trades = [closed("10", fees="0.00000001"), closed("5", day=1)]

    said = json.loads(dumps(statistics_json(added(trades))))

    assert (said["trades"], said["net"], said["win_rate"]) == (2, "15", "1")
    assert said["profit_factor"] == "Infinity"
    assert said["payoff"] is said["average_loss"] is said["equity"]["drawdown"] is None
    assert said["first_opened_ms"] == trades[0].opened_ms
    assert said["by_weekday"]["Tue"]["net"] == "5"
    assert said["by_weekday"]["Mon"]["fees"] == "0.00000001"
