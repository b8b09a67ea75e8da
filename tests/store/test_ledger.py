import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from engine.commands import CloseTrade
from engine.errors import DuplicateTrade, NotOpen
from engine.events import TradeClosed, TradeReduced
from engine.model import SignalStatus, TradeStatus
from engine.stats import day_start
from store.connection import Connection
from store.errors import StoreError
from store.ledger import Ledger
from tests.engine.desk import quote, signal, tick
from tests.feeds import START_MS
from tests.store.desk import REACHED, D, check_balance, desk, load, renamed

# -- a trade's life ---------------------------------------------------------------------------


async def test_a_new_account_begins_with_its_deposit_and_trade_number_1(ledger: Ledger) -> None:
    books = await load(ledger)

    assert books.account.balance == D(1_000_000)
    assert books.account.currency == "USDT"
    assert books.next_trade_id == 1
    assert not books.active


async def test_loading_again_does_not_pay_in_again(ledger: Ledger) -> None:
    await load(ledger)

    books = await ledger.load(
        "main", currency="EUR", deposit=D(7), day_start_ms=0, now_ms=START_MS
    )

    assert books.account.deposits == D(1_000_000)
    assert books.account.currency == "USDT"


async def test_a_restart_finds_the_open_trade_and_where_its_prints_ended(path: Path) -> None:
    ledger = await Ledger.open(path)
    opened = await (await desk(ledger)).open("BTCUSDT")
    await ledger.close()

    ledger = await Ledger.open(path)
    books = await load(ledger)
    await ledger.close()

    assert books.active == (opened.trade,)
    assert books.checkpoints == {"BTCUSDT": REACHED}
    assert books.next_trade_id == 2
    assert books.account.fees == opened.fill.fee


async def test_a_close_stores_the_result_the_fill_and_the_totals(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")

    closed = await trading.close(1)

    books = await load(ledger)
    assert await ledger.trade("main", 1) == closed.trade
    assert books.account == trading.book.account
    assert books.active == ()
    check_balance(books, await ledger.trades("main"))


async def test_a_target_that_is_reached_is_stored_as_filled(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")

    await trading.record(*trading.book.on_tick(tick("110")))

    stored = await ledger.trade("main", 1)
    assert stored
    assert stored.status is TradeStatus.CLOSED_TP
    assert [target.filled for target in stored.targets] == [True]


async def test_one_commit_may_close_a_trade_and_open_the_next_on_its_side(
    ledger: Ledger,
) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    [closed] = trading.book.submit(CloseTrade(trade_id=1, quote=quote("101")))
    [opened] = trading.book.submit(trading.buy("BTCUSDT"))

    await trading.record(closed, opened)

    assert [trade.id for trade in (await load(ledger)).active] == [2]


async def test_extremes_of_active_trades_are_kept(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    trading.book.on_tick(tick("104"))

    await ledger.record((), trading.book.account, {}, trading.book.active())

    [trade] = (await load(ledger)).active
    assert (trade.best, trade.worst) == (D(104), D(100))


async def test_extremes_of_a_finished_trade_cannot_change(ledger: Ledger) -> None:
    trading = await desk(ledger)
    opened = await trading.open("BTCUSDT")
    closed = await trading.close(1)

    await ledger.record(
        (), trading.book.account, {}, [replace(opened.trade, best=D(999), worst=D(1))]
    )

    assert await ledger.trade("main", 1) == closed.trade


async def test_todays_result_counts_trades_closed_since_the_day_began(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    closed = await trading.close(1)

    today = await load(ledger, day_start_ms=day_start(START_MS))
    at_that_moment = await load(ledger, day_start_ms=START_MS)
    a_moment_later = await load(ledger, day_start_ms=START_MS + 1)

    assert today.today_net == at_that_moment.today_net == closed.trade.net != 0
    assert a_moment_later.today_net == 0


async def test_trades_come_newest_first_and_page_by_id(ledger: Ledger) -> None:
    symbols = [f"S{number}USDT" for number in range(5)]
    trading = await desk(ledger, *symbols)
    for symbol in symbols:
        await trading.open(symbol)
    await trading.close(2)

    first = await ledger.trades("main", limit=2)
    second = await ledger.trades("main", limit=2, before_id=first[-1].id)
    active = await ledger.trades("main", active=True)
    finished = await ledger.trades("main", active=False)

    assert [trade.id for trade in first + second] == [5, 4, 3, 2]
    assert [trade.id for trade in active] == [5, 4, 3, 1]
    assert [trade.id for trade in finished] == [2]
    assert [len(trade.fills) for trade in first + second] == [1, 1, 1, 2]


async def test_accounts_do_not_see_each_others_trades(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")

    other = await load(ledger, "other")

    assert other.active == ()
    assert await ledger.trade("other", 1) is None
    assert other.next_trade_id == 2


async def test_events_of_an_unknown_account_are_refused(ledger: Ledger) -> None:
    trading = await desk(ledger)

    with pytest.raises(StoreError, match="account nobody is not in the books"):
        await ledger.record((), replace(trading.book.account, name="nobody"), {})


# -- the duplicate rule -----------------------------------------------------------------------


async def test_a_second_active_trade_on_a_signal_is_refused_by_name(ledger: Ledger) -> None:
    trading = await desk(ledger)
    first = await trading.open("BTCUSDT", signal())
    second = renamed(first.trade, id=2, symbol="ETHUSDT")

    with pytest.raises(DuplicateTrade) as refused:
        await trading.record(second)

    assert str(refused.value) == (
        "Duplicate trade: #1 is already open for this signal (OPEN, entry 100)."
    )
    assert refused.value.trade_id == 1


async def test_a_second_active_trade_on_a_side_is_refused_by_name(ledger: Ledger) -> None:
    trading = await desk(ledger)
    first = await trading.open("BTCUSDT")
    second = renamed(first.trade, id=2, note="another one")

    with pytest.raises(DuplicateTrade) as refused:
        await trading.record(second)

    assert str(refused.value) == (
        "Duplicate trade: #1 is already open for this symbol and direction (OPEN, entry 100)."
    )


async def test_nothing_of_a_refused_commit_is_stored(ledger: Ledger) -> None:
    trading = await desk(ledger)
    first = await trading.open("BTCUSDT")
    before = await load(ledger)
    fine = renamed(first.trade, id=2, symbol="ETHUSDT")
    duplicate = renamed(first.trade, id=3)

    with pytest.raises(DuplicateTrade):
        await trading.record(fine, duplicate)

    assert await load(ledger) == before


async def test_a_trade_number_taken_by_another_process_opens_nothing(ledger: Ledger) -> None:
    trading = await desk(ledger)
    first = await trading.open("BTCUSDT")

    with pytest.raises(DuplicateTrade, match="Another process has stored trade #1"):
        await trading.record(renamed(first.trade, symbol="ETHUSDT"))

    assert len(await ledger.trades("main")) == 1


async def test_a_closed_trade_blocks_nothing(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT", signal())
    await trading.close(1)

    again = await trading.open("BTCUSDT", signal())

    assert (await load(ledger)).active == (again.trade,)


# -- closing once, and saying it twice --------------------------------------------------------


async def test_only_the_first_close_of_a_trade_wins(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    rival = await desk(ledger)
    closed = await trading.close(1)
    [late] = rival.book.submit(CloseTrade(trade_id=1, quote=quote("99")))

    with pytest.raises(NotOpen, match="Trade #1 is not open"):
        await rival.record(late)

    assert await ledger.trade("main", 1) == closed.trade
    assert (await load(ledger)).account == trading.book.account


async def test_a_close_of_an_unknown_trade_is_refused(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    closed = await trading.close(1)

    stranger = TradeClosed(replace(closed.trade, id=9), closed.fill)

    with pytest.raises(NotOpen, match="Trade #9 is not open"):
        await trading.record(stranger)


async def test_recording_the_same_events_again_changes_nothing(ledger: Ledger) -> None:
    trading = await desk(ledger)
    opened = await trading.open("BTCUSDT", signal())
    closed = await trading.close(1)
    before = await load(ledger), await ledger.trades("main")

    await trading.record(opened)
    await trading.record(closed)
    await trading.record(opened, closed)

    assert (await load(ledger), await ledger.trades("main")) == before


async def test_a_batch_that_is_half_stored_already_is_completed(ledger: Ledger) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    await trading.open("ETHUSDT")
    first = await trading.close(1)
    [second] = trading.book.submit(CloseTrade(trade_id=2, quote=quote("101")))

    await trading.record(first, second)

    assert await ledger.trades("main") == [second.trade, first.trade]


# -- closing a part ---------------------------------------------------------------------------


def half(trade_id: int = 1, at: str = "101") -> CloseTrade:
    return CloseTrade(trade_id=trade_id, fraction=D("0.5"), quote=quote(at))


async def test_a_part_is_stored_with_its_fill_the_totals_and_a_smaller_target(
    ledger: Ledger,
) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")

    first = await trading.submit(half())
    second = await trading.submit(half())

    books = await load(ledger)
    assert isinstance(first, TradeReduced)
    assert books.active == (second.trade,)
    assert [len(trade.fills) for trade in books.active] == [3]
    assert books.account == trading.book.account
    assert await ledger.check(full=True) == []
    check_balance(books, await ledger.trades("main"))


async def test_parts_recorded_again_are_passed_over_even_after_the_end(ledger: Ledger) -> None:
    trading = await desk(ledger)
    opened = await trading.open("BTCUSDT")
    part = await trading.submit(half())
    once = await load(ledger)
    await trading.record(part)
    twice = await load(ledger)
    closed = await trading.close(1)
    before = await load(ledger), await ledger.trades("main")

    await trading.record(part)
    await trading.record(opened, part, closed)

    assert once == twice
    assert (await load(ledger), await ledger.trades("main")) == before
    assert before[1] == [closed.trade]
    assert await ledger.check(full=True) == []


@pytest.mark.parametrize("fraction", [D("0.5"), D("0.25"), None])
async def test_who_does_not_know_of_a_part_can_close_nothing(
    ledger: Ledger, fraction: Decimal | None
) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    rival = await desk(ledger)
    part = await trading.submit(half())
    late = CloseTrade(trade_id=1, fraction=fraction, quote=quote("99"))

    with pytest.raises(NotOpen, match="closed a part of trade #1 meanwhile"):
        await rival.submit(late)

    assert await ledger.trade("main", 1) == part.trade
    assert (await load(ledger)).account == trading.book.account


@pytest.mark.parametrize("statement", range(1, 6))
async def test_a_part_that_dies_at_any_statement_leaves_nothing_and_can_be_repeated(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    trading = await desk(ledger)
    await trading.open("BTCUSDT")
    before = await load(ledger)
    [part] = trading.book.submit(half())

    with monkeypatch.context() as dying:
        die_at(dying, statement)
        with pytest.raises(StoreError):
            await trading.record(part)
    after = await load(ledger)
    await trading.record(part)

    assert after == before
    assert (await load(ledger)).active == (part.trade,)
    assert await ledger.check(full=True) == []


def die_at(patch: pytest.MonkeyPatch, statement: int) -> None:
    """Let the n-th statement that writes fail, as a disk does."""
    seen = 0

    def failing(run: Callable[..., object]) -> Callable[..., object]:
        def wrapped(self: Connection, sql: str, *values: object) -> object:
            nonlocal seen
            seen += sql.startswith(("UPDATE", "INSERT"))
            if seen == statement:
                raise sqlite3.OperationalError("disk I/O error")
            return run(self, sql, *values)

        return wrapped

    for name in ("execute", "execute_many"):
        patch.setattr(Connection, name, failing(getattr(Connection, name)))


# -- signals ----------------------------------------------------------------------------------


async def test_a_signal_that_is_known_is_not_added_again(ledger: Ledger) -> None:
    first, second = signal(name="a"), signal(name="b")
    await ledger.add_signals([first])

    added = await ledger.add_signals([replace(first, reason="changed"), second, second])

    assert added == [False, True, False]
    assert await ledger.signals() == [first, second]


async def test_an_opening_marks_its_signal_as_taken(ledger: Ledger) -> None:
    await ledger.add_signals([signal(name="a"), signal(name="b")])

    await (await desk(ledger)).open("BTCUSDT", signal(name="a"))

    assert [s.status for s in (await load(ledger)).signals] == [
        SignalStatus.TAKEN,
        SignalStatus.ACTIVE,
    ]


async def test_signals_expire_at_their_time_and_leave_the_table(ledger: Ledger) -> None:
    short, long = signal(name="short", lives_ms=1000), signal(name="long", lives_ms=1001)
    await ledger.add_signals([short, long])

    too_early = await ledger.expire_signals(START_MS + 999)
    expired = await ledger.expire_signals(START_MS + 1000)

    assert (too_early, expired) == ([], ["short"])
    assert (await load(ledger)).signals == (long,)
    assert await ledger.signal("short") == replace(short, status=SignalStatus.EXPIRED)
    assert await ledger.signals(status=SignalStatus.ACTIVE) == [long]


async def test_the_last_signals_are_listed_in_order_of_arrival(ledger: Ledger) -> None:
    await ledger.add_signals([signal(name=name) for name in "zay"])

    assert [s.id for s in await ledger.signals(limit=2)] == ["a", "y"]


async def test_signals_behind_a_position_are_those_that_came_since(ledger: Ledger) -> None:
    await ledger.add_signals([signal(name="old")])
    _, position = await ledger.signals_since(0)
    await ledger.add_signals([signal(name="new")])

    new, moved_on = await ledger.signals_since(position)

    assert [s.id for s in new] == ["new"]
    assert await ledger.signals_since(moved_on) == ([], moved_on)


# -- other processes --------------------------------------------------------------------------


async def test_only_another_connections_writing_counts_as_a_change(
    ledger: Ledger, path: Path
) -> None:
    other = await Ledger.open(path)
    first = await ledger.changed()

    await ledger.add_signals([signal(name="ours")])
    after_ours = await ledger.changed()
    await other.add_signals([signal(name="theirs")])
    after_theirs, afterwards = await ledger.changed(), await ledger.changed()

    await other.close()
    assert (first, after_ours, after_theirs, afterwards) == (True, False, True, False)


async def test_a_request_is_handed_out_once_and_its_answer_reaches_the_asker(
    ledger: Ledger, path: Path
) -> None:
    asker = await Ledger.open(path)
    number = await asker.post_command("close", '{"trade_id": 1}', START_MS)

    handed_out = await ledger.pending_commands()
    again = await ledger.pending_commands()
    before = await asker.command_reply(number)
    await ledger.answer_command(number, '{"id": 1}')
    after = await asker.command_reply(number)

    await asker.close()
    assert handed_out == [(number, "close", '{"trade_id": 1}', START_MS)]
    assert again == []
    assert (before, after) == (None, '{"id": 1}')


async def test_a_withdrawn_request_is_never_handed_out(ledger: Ledger) -> None:
    number = await ledger.post_command("open", "{}", START_MS)

    withdrawn = await ledger.withdraw_command(number)

    assert withdrawn
    assert await ledger.pending_commands() == []


async def test_a_request_in_work_cannot_be_withdrawn(ledger: Ledger) -> None:
    number = await ledger.post_command("open", "{}", START_MS)
    await ledger.pending_commands()

    assert not await ledger.withdraw_command(number)


async def test_the_newest_stored_time_is_known(ledger: Ledger) -> None:
    trading = await desk(ledger)
    empty = await ledger.latest_ms()

    await trading.open("BTCUSDT")
    await trading.record(*trading.book.on_tick(tick("110", after_ms=5000)))

    assert empty is None
    assert await ledger.latest_ms() == START_MS + 5000
