"""A window keeps its desk for life, whoever runs it meanwhile."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from desk import handover
from desk.errors import DeskBusy, DeskError
from desk.lease import Lease
from desk.settings import Settings
from engine.commands import CloseTrade
from engine.model import Tick
from store.errors import StoreBusy
from tests.desk.windows import AnyWindow, any_window, told, until
from tests.engine.desk import D, order
from tests.feeds import START_MS

ORDER = order(stop="95", target="110", stake="1000")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("door.POLL_S", "door.ASK_AGAIN_S", "attach.POLL_S", "handover.TRY_EVERY_S"):
        monkeypatch.setattr(f"desk.{name}", 0.01)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "paperdesk.db"


def trades_told(window: AnyWindow) -> list[str]:
    return [word for word in told(window.facts) if word.startswith(("opened", "closed"))]


def delete_lock(database: Path) -> None:
    Path(f"{database}.lock").unlink()


async def test_the_first_window_is_the_desk_and_the_second_is_attached(
    database: Path, settings: Settings
) -> None:
    async with (
        any_window(database, settings) as first,
        any_window(database, settings) as second,
    ):
        await second.desk.submit(ORDER)
        await first.desk.submit(CloseTrade(trade_id=1))
        await until(lambda: len(second.facts) == 2)

        assert (first.holds, second.holds) == (True, False)
        assert first.desk.header().attached == ""
        assert "attached to process" in second.desk.header().attached
        assert told(first.facts) == told(second.facts) == ["opened 1", "closed 1"]


async def test_an_attached_window_takes_over_and_says_so(
    database: Path, settings: Settings
) -> None:
    async with AsyncExitStack() as first_life:
        first = await first_life.enter_async_context(any_window(database, settings))
        async with any_window(database, settings) as second:
            second.desk.look_at(["ETHUSDT"])
            await first.desk.submit(ORDER)
            await until(lambda: second.facts)
            await first_life.aclose()
            await until(lambda: second.holds)
            await until(second.feed.running.is_set)
            second.feed.deliver([Tick("BTCUSDT", D(94), D(1), 1001, START_MS + 1)])
            await until(lambda: "closed 1" in told(second.facts))

            assert trades_told(second) == ["opened 1", "closed 1"]
            assert second.notices()[0].endswith("has ended; this window now runs the desk.")
            assert second.desk.header().attached == ""
            assert second.feed.visible == {"ETHUSDT"}


async def test_what_the_holder_did_last_is_told_once_by_who_takes_over(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as first_life:
        first = await first_life.enter_async_context(any_window(database, settings))
        async with any_window(database, settings) as second:
            monkeypatch.setattr("desk.attach.POLL_S", 60)  # it will not look by itself again
            await asyncio.sleep(0.05)
            await first.desk.submit(ORDER)
            await first.desk.submit(CloseTrade(trade_id=1))
            await first_life.aclose()
            await until(lambda: second.holds)
            await second.desk.submit(ORDER)

            assert trades_told(second) == ["opened 1", "closed 1", "opened 2"]


async def test_of_two_attached_windows_one_takes_over_and_the_other_attaches_to_it(
    database: Path, settings: Settings
) -> None:
    async with AsyncExitStack() as first_life:
        await first_life.enter_async_context(any_window(database, settings))
        async with any_window(database, settings) as a, any_window(database, settings) as b:
            await first_life.aclose()
            await until(lambda: a.holds or b.holds)
            winner, other = (a, b) if a.holds else (b, a)
            await until(other.notices)
            await other.desk.submit(ORDER)

            assert (winner.holds, other.holds) == (True, False)
            assert other.notices()[0].startswith("The desk is now run by process")
            assert told(winner.facts)[-1] == "opened 1"


async def test_an_order_under_way_when_the_holder_ends_is_answered_by_who_takes_over(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as first_life:
        lease = first_life.enter_context(Lease(database))  # a holder that answers nothing
        async with any_window(database, settings) as window:
            ordered = asyncio.create_task(window.desk.submit(ORDER))
            await asyncio.sleep(0.05)
            lease.release()
            [opened] = await ordered

            assert window.holds
            assert opened.trade.id == 1
            await until(lambda: trades_told(window) == ["opened 1"])


async def test_a_holder_whose_lock_was_taken_stores_nothing_more_and_attaches(
    database: Path, settings: Settings
) -> None:
    async with any_window(database, settings) as window:
        await window.desk.submit(ORDER)
        delete_lock(database)
        with Lease(database):
            window.feed.print_price("BTCUSDT", "94")  # its own book closes the trade
            await until(lambda: not window.holds)
            [still_open] = window.desk.trade_views()
            attached = list(told(window.facts))
        await until(lambda: window.holds)
        await window.desk.submit(CloseTrade(trade_id=1))

        assert still_open.trade.id == 1
        assert attached == ["opened 1", "Notice"]
        assert "has taken the desk over" in window.notices()[0]
        assert trades_told(window) == ["opened 1", "closed 1"]


async def test_an_order_that_the_lost_desk_cannot_answer_ends_with_a_sentence(
    database: Path, settings: Settings
) -> None:
    async with any_window(database, settings) as window:
        await window.desk.submit(ORDER)
        delete_lock(database)
        with Lease(database):
            with pytest.raises(DeskError, match="changed hands while the order was under way"):
                await window.desk.submit(CloseTrade(trade_id=1))
            await until(lambda: not window.holds)

            assert len(window.desk.trade_views()) == 1


async def test_an_order_that_waits_for_a_price_when_the_desk_is_lost_does_not_wait_for_ever(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with any_window(database, settings) as window:

        async def never(_: str) -> bool:
            await asyncio.Event().wait()
            return False

        monkeypatch.setattr(window.feed, "ready", never)
        ordered = asyncio.create_task(window.desk.submit(ORDER))
        await asyncio.sleep(0)
        delete_lock(database)
        with Lease(database), pytest.raises(DeskError, match="changed hands"):
            async with asyncio.timeout(3):
                await ordered


async def test_a_deleted_lock_file_changes_nothing_when_nobody_takes_its_place(
    database: Path, settings: Settings
) -> None:
    async with any_window(database, settings) as window:
        delete_lock(database)
        await until(Path(f"{database}.lock").exists)
        await window.desk.submit(ORDER)

        assert window.holds
        with pytest.raises(DeskBusy):
            Lease(database).acquire()


async def test_a_takeover_that_fails_is_tried_again(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as first_life:
        lease = first_life.enter_context(Lease(database))
        async with any_window(database, settings) as window:
            looks, failures = window.desk.role.ledger.standing, [1, 2, 3]

            async def locked(*given: object) -> object:
                if failures:
                    failures.pop()
                    raise StoreBusy("The database is locked.")
                return await looks(*given)  # type: ignore[arg-type]  # passed on as they are

            monkeypatch.setattr(window.desk.role.ledger, "standing", locked)
            lease.release()
            await until(lambda: window.holds)

            assert not failures
            assert len(window.notices()) == 1


async def test_a_demo_window_follows_each_new_holder_to_its_market(
    database: Path, settings: Settings
) -> None:
    async with AsyncExitStack() as first_life:
        first = await first_life.enter_async_context(
            any_window(database, settings, own_market=True)
        )
        async with (
            any_window(database, settings, own_market=True) as a,
            any_window(database, settings, own_market=True) as b,
        ):
            await first.desk.submit(ORDER)
            await first_life.aclose()
            await until(lambda: a.holds or b.holds)
            winner, other = (a, b) if a.holds else (b, a)
            await until(other.notices)
            await other.desk.submit(CloseTrade(trade_id=1))

            assert [len(w.feeds) for w in (winner, other)] == [2, 2]
            assert trades_told(winner) == trades_told(other) == ["opened 1", "closed 1"]


async def test_a_demo_whose_holder_hides_its_market_is_busy(
    database: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handover, "SPEAKS_WITHIN_S", 0.05)
    with Lease(database), pytest.raises(DeskBusy):
        async with any_window(database, settings, own_market=True):
            pass


async def test_a_desk_that_fails_lets_go_so_that_another_window_goes_on(
    database: Path, settings: Settings
) -> None:
    async with AsyncExitStack() as first_life:
        first = await first_life.enter_async_context(any_window(database, settings))
        async with any_window(database, settings) as second:
            first.bug.set()
            await until(lambda: second.holds)
            await second.desk.submit(ORDER)
            with pytest.raises(ExceptionGroup) as failure:
                await first_life.aclose()

    assert "a bug" in str(failure.value.exceptions[0])
    assert trades_told(second) == ["opened 1"]
