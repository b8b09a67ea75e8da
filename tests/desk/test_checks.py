"""A running desk re-adds its own books, and says so when they do not add up."""

import asyncio
from collections.abc import Awaitable, Callable

from desk.checks import check_books, keep_checking
from desk.view import Notice
from tests.desk.desks import Desk
from tests.engine.desk import order
from tests.store.files import delete, run_sql
from tests.store.sound import beside

Start = Callable[[], Awaitable[Desk]]
ORDER = order(stop="95", target="110", stake="1000")


async def traded(start: Start) -> Desk:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    await desk.session.submit(ORDER)
    return desk


async def test_sound_books_are_not_spoken_of(start: Start) -> None:
    desk = await traded(start)

    why = await check_books(desk.session)

    assert why == ""
    assert desk.told(Notice) == []


async def test_books_that_do_not_add_up_are_told_with_what_to_do(start: Start) -> None:
    desk = await traded(start)
    run_sql(desk.database, "UPDATE trade SET fees = 0", "UPDATE account SET fees = 0")

    why = await check_books(desk.session)

    [notice] = desk.told(Notice)
    assert notice == Notice(why, "error")
    assert "Trade #1: its fees are 0, those of its fills 1." in why
    assert "paperdesk doctor" in why


async def test_checking_goes_on_after_a_store_that_did_not_answer(start: Start) -> None:
    desk = await traded(start)
    away = desk.database.with_suffix(".away")
    desk.database.rename(away)
    assert await check_books(desk.session) == ""

    async with asyncio.timeout(5):
        checking = asyncio.create_task(
            keep_checking(desk.session, first_after_s=0.0, every_s=0.01)
        )
        await asyncio.sleep(0.05)
        away.rename(desk.database)
        run_sql(desk.database, "UPDATE account SET fees = 0")
        await desk.until(lambda: len(desk.told(Notice)) > 1)
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)

    assert {type(fact) for fact in desk.facts[-2:]} == {Notice}


async def test_a_check_of_missing_books_makes_none(start: Start) -> None:
    desk = await traded(start)
    delete(desk.database)

    await check_books(desk.session)

    assert beside(desk.database) == {}
