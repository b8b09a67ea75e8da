"""A desk for one errand: it ends with the errand, and the errand with it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from desk.errors import DeskError
from desk.session import Session
from desk.settings import Settings
from desk.start import beside, open_desk
from engine.model import Market
from market.feed import Deliver, OnCandle
from store.ledger import Ledger
from tests.feeds import ScriptedFeed


class BrokenFeed(ScriptedFeed):
    """A feed with a bug."""

    async def run(self, deliver: Deliver, on_candle: OnCandle) -> None:
        raise RuntimeError("a bug in the feed")


async def loaded(folder: Path, settings: Settings, feed: ScriptedFeed) -> Session:
    session = Session(feed, await Ledger.open(folder / "paperdesk.db"), settings)
    await session.load()
    return session


async def test_the_desk_stops_when_the_errand_is_done(
    tmp_path: Path, settings: Settings
) -> None:
    feed = ScriptedFeed()
    session = await loaded(tmp_path, settings, feed)

    async def errand() -> str:
        await feed.running.wait()
        return "done"

    result = await beside(session, errand())
    await session.ledger.close()

    assert result == "done"
    assert len(asyncio.all_tasks()) == 1


async def test_an_errand_does_not_wait_for_a_desk_that_has_failed(
    tmp_path: Path, settings: Settings
) -> None:
    session = await loaded(tmp_path, settings, BrokenFeed())

    async def errand() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as failure:
        await beside(session, errand())
    await session.ledger.close()

    assert "a bug in the feed" in str(failure.value.exceptions[0])


async def test_margin_tables_that_make_no_sense_are_refused_with_a_sentence(
    tmp_path: Path, settings: Settings
) -> None:
    tables = tmp_path / "brackets.json"
    tables.write_text('[{"symbol": "BTCUSDT", "brackets": []}]')
    futures = replace(settings, market=Market.FUTURES, brackets=tables)

    with pytest.raises(DeskError, match="BTCUSDT"):
        async with open_desk(futures, tmp_path / "paperdesk.db", scan=False):
            pass
