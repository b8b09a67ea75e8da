"""Reading the past page by page."""

from dataclasses import replace

from engine.model import Direction, Trade
from engine.pnl import adverse_move, favourable_move, initial_risk
from engine.results import Result
from store.connection import Connection
from store.history import History, Place, Selection, closed_trades, results
from store.ledger import Ledger
from tests.engine.desk import signal, tick
from tests.feeds import START_MS
from tests.store.desk import D
from tests.store.sound import trade_a_little

ALL = Selection()


async def _results(history: History, chosen: Selection = ALL) -> list[Result]:
    return [result async for page in history.results(chosen) for result in page]


async def _trades(history: History, chosen: Selection = ALL) -> list[Trade]:
    return [trade async for page in history.trades(chosen) for trade in page]


async def test_only_closed_trades_of_the_account_are_read_in_closing_order(
    ledger: Ledger,
) -> None:
    await trade_a_little(ledger)

    found = await _results(ledger.history("main"))

    assert [result.id for result in found] == [3, 1, 2]
    assert await _results(ledger.history("other")) == []


async def test_a_result_says_what_its_trade_says(ledger: Ledger) -> None:
    await trade_a_little(ledger)
    history = ledger.history("main")

    pairs = list(zip(await _results(history), await _trades(history), strict=True))

    for result, trade in pairs:
        assert (result.net, result.risk) == (trade.net, initial_risk(trade))
        assert result.favourable == favourable_move(trade) * result.notional
        assert result.adverse == adverse_move(trade) * result.notional
        assert result.source == (trade.signal.source if trade.signal else "")
        assert sum(fill.fee for fill in trade.fills) == trade.fees


async def test_pages_of_any_size_hold_each_trade_once(ledger: Ledger) -> None:
    await trade_a_little(ledger)

    def in_ones(db: Connection) -> list[int]:
        ids: list[int] = []
        behind: Place | None = None
        while page := results(db, "main", ALL, behind, 1):
            [trade] = closed_trades(db, "main", ALL, behind, 1)
            assert page[0].id == trade.id
            ids.append(trade.id)
            behind = Place(page[0].closed_ms, page[0].id)
        return ids

    assert await ledger._read(in_ones) == [3, 1, 2]


async def test_a_selection_leaves_out_what_does_not_fit(ledger: Ledger) -> None:
    await trade_a_little(ledger)
    history = ledger.history("main")

    async def ids(**chosen: object) -> list[int]:
        return [trade.id for trade in await _trades(history, replace(ALL, **chosen))]  # type: ignore[arg-type]  # fields by name

    assert await ids(symbol="AUSDT") == [1]
    assert await ids(symbol="ausdt") == []
    assert await ids(source="test") == [1]
    assert await ids(source="") == [3, 2]
    assert await ids(direction=Direction.SHORT) == []
    assert await ids(since_ms=START_MS + 1) == [1, 2]
    assert await ids(until_ms=START_MS + 1) == [3]


async def test_equity_begins_with_deposits_and_what_was_closed_before(ledger: Ledger) -> None:
    trading = await trade_a_little(ledger)
    history = ledger.history("main")
    by_hand = await ledger.trade("main", 3)

    assert by_hand is not None
    assert await history.equity_at(None) == D(1_000_000)
    assert await history.equity_at(START_MS + 1) == D(1_000_000) + by_hand.net
    closed = sum(trade.net for trade in await _trades(history))
    assert await history.equity_at(START_MS + 2) == trading.book.account.deposits + closed
    assert await ledger.history("other").equity_at(None) is None


async def test_signals_are_read_in_order_of_arrival_whatever_became_of_them(
    ledger: Ledger,
) -> None:
    await ledger.add_signals([signal(name=f"s{n}") for n in range(1203)])

    pages = [page async for page in ledger.history("main").signals(ALL)]

    assert [len(page) for page in pages] == [500, 500, 203]
    assert [s.id for page in pages for s in page] == [f"s{n}" for n in range(1203)]


async def test_a_trade_that_closes_while_a_reader_reads_moves_nothing(ledger: Ledger) -> None:
    trading = await trade_a_little(ledger)
    pages = ledger.history("main").trades(ALL)

    first = await anext(pages)
    await trading.record(*trading.book.on_tick(tick("120", symbol="DUSDT", after_ms=60_000)))
    rest = [trade async for page in pages for trade in page]

    assert [trade.id for trade in first] == [3, 1, 2]
    assert [trade.id for trade in rest] == [4, 5]
