"""Several accounts in one set of books: paid into, begun anew, one of them run by a desk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from desk import door
from desk.accounts import NEW_SESSION, TRANSFER, accounts, request
from desk.errors import DeskError, SettingsError
from desk.lease import Lease, holder_of
from desk.new_account import add_account
from desk.settings import Settings, load_settings
from engine.account import Account
from engine.commands import CloseTrade
from engine.errors import Refused
from engine.model import Market
from store.history import Selection
from store.ledger import Ledger
from tests.desk.desks import Desk, running_desk
from tests.desk.windows import any_window, attached
from tests.engine.desk import D, order

Start = Callable[[], Awaitable[Desk]]
ORDER = order(stop="95", target="110", stake="1000")


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(door.serve(desk.session))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def desk(start: Start, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A running desk on the account main."""
    monkeypatch.setattr(door, "POLL_S", 0.01)
    monkeypatch.setattr(door, "ASK_AGAIN_S", 0.01)
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    return desk


async def booked(ledger: Ledger, name: str) -> Account:
    return next(account for account in await ledger.accounts() if account.name == name)


async def open_account(ledger: Ledger, name: str) -> None:
    await ledger.load(name, currency="USDT", deposit=D(700), day_start_ms=0, now_ms=1)


async def test_what_is_paid_in_can_be_traded_with_at_once(desk: Desk) -> None:
    after = await desk.session.transfer(D(500), "bonus")

    assert after.balance == desk.session.header().balance == D(10_500)
    assert desk.session.header().available == D(10_500)
    assert await booked(desk.ledger, "main") == after
    assert [one.note for one in await desk.ledger.transfers("main")][1:] == ["bonus"]


async def test_what_a_trade_takes_cannot_be_withdrawn(desk: Desk) -> None:
    await desk.session.submit(ORDER)
    free = desk.session.header().available

    with pytest.raises(Refused, match=r"can be withdrawn") as refusal:
        await desk.session.transfer(-free - 1, "")
    await desk.session.transfer(-free, "")

    assert refusal.value.code == "not_available"
    assert desk.session.header().available == 0
    assert len(await desk.ledger.transfers("main")) == 2


async def test_a_new_session_begins_afresh_and_keeps_the_past(desk: Desk) -> None:
    [opened] = await desk.session.submit(ORDER)
    with pytest.raises(Refused, match=r"#1 BTCUSDT LONG"):
        await desk.session.new_session(D(2000))
    [closed] = await desk.session.submit(CloseTrade(trade_id=opened.trade.id))

    await desk.session.new_session(D(2000))
    [again] = await desk.session.submit(ORDER)

    header = desk.session.header()
    assert (header.today, header.win_rate, header.closed) == (D(0), None, 0)
    [past] = await desk.ledger.past_sessions("main")
    assert past.account.balance == D(10_000) + closed.trade.net
    assert again.trade.id == opened.trade.id + 1
    history = desk.ledger.history("main")
    every = [t.id async for page in history.trades(Selection(every_session=True)) for t in page]
    now = [t.id async for page in history.trades(Selection()) for t in page]
    assert (every, now) == ([opened.trade.id], [])


async def test_a_restarted_desk_finds_what_was_booked(
    desk: Desk, tmp_path: Path, settings: Settings
) -> None:
    await desk.session.transfer(D(5), "")
    fresh = await desk.session.new_session(D(2000))

    async with running_desk(tmp_path / "paperdesk.db", settings) as other:
        assert other.session.book.account == fresh


async def test_another_process_books_through_the_desk_that_runs_the_account(
    desk: Desk,
) -> None:
    with Lease(desk.database, "main"):
        async with serving(desk):
            paid = await request(
                desk.database, "main", TRANSFER, {"amount": "-100", "note": "rent"}
            )
            payload = {"amount": "-20000", "note": ""}
            with pytest.raises(Refused, match="withdrawn"):
                await request(desk.database, "main", TRANSFER, payload)
            fresh = await request(desk.database, "main", NEW_SESSION, {"balance": "3000"})

    assert (paid["balance"], fresh["balance"], fresh["session"]) == ("9900", "3000", 2)
    assert desk.session.header().balance == D(3000)


async def test_an_account_that_no_desk_runs_is_booked_in_the_books(desk: Desk) -> None:
    await open_account(desk.ledger, "swing")

    with Lease(desk.database, "main"):  # a desk that never answers
        paid = await request(desk.database, "swing", TRANSFER, {"amount": "50", "note": ""})
    fresh = await request(desk.database, "swing", NEW_SESSION, {"balance": "80"})

    assert (paid["balance"], fresh["balance"], fresh["session"]) == ("750", "80", 2)
    assert (await booked(desk.ledger, "main")).balance == D(10_000)
    with pytest.raises(Refused, match="There is no account other"):
        await request(desk.database, "other", NEW_SESSION, {"balance": "80"})


async def test_an_attached_window_books_through_the_holder(
    desk: Desk, settings: Settings
) -> None:
    from desk import accounts as bank

    await open_account(desk.ledger, "swing")
    async with serving(desk), attached(desk.database, settings) as window:
        own = await bank.transfer(window.desk, "main", D(100), "")
        other = await bank.transfer(window.desk, "swing", D(-100), "")

        assert window.desk.header().balance == own.balance == D(10_100)

    assert desk.session.header().balance == D(10_100)
    assert other.balance == D(600)


async def test_a_request_for_another_account_is_refused_and_one_without_a_name_is_not(
    desk: Desk,
) -> None:
    order_ = {
        "symbol": "BTCUSDT",
        "direction": "LONG",
        "stop": "95",
        "targets": "110",
    }
    async with serving(desk):
        with pytest.raises(Refused, match=r"account main, not swing") as refusal:
            await door.ask(desk.database, "open", {**order_, "account": "swing"})
        answer = await door.ask(desk.database, "open", order_)

    assert refusal.value.code == "other_account"
    assert answer["account"] == "main"


async def test_a_window_for_another_account_than_the_desks_is_refused(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "paperdesk.db"
    swing = replace(settings, account="swing")

    with Lease(database, "main"):
        with pytest.raises(DeskError, match=r"trades the account main, not swing"):
            async with any_window(database, swing):
                pass
        holder = holder_of(database)

    assert holder is not None
    assert holder.account == "main"
    async with any_window(database, swing) as window:
        assert window.holds


async def test_settings_that_speak_of_another_market_change_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    database = tmp_path / "paperdesk.db"
    async with running_desk(database, settings) as desk:
        before = await booked(desk.ledger, "main")
    futures = replace(settings, market=Market.FUTURES)

    with pytest.raises(SettingsError, match=r"trades spot in USDT in the books.*futures"):
        async with running_desk(database, futures):
            pass

    ledger = await Ledger.open(database)
    assert await booked(ledger, "main") == before
    await ledger.close()


async def test_a_new_account_gets_a_section_behind_all_that_stands_there(
    tmp_path: Path,
) -> None:
    config, database = tmp_path / "config.toml", tmp_path / "paperdesk.db"
    config.write_text("# mine\n[trading]\nsize = '50' # small\n")

    asked = {"market": "futures", "balance": "2500"}
    made = await add_account(config, database, "swing", asked)
    with pytest.raises(Refused, match="There is an account swing already"):
        await add_account(config, database, "swing", {})
    with pytest.raises(SettingsError, match=r"account\.balance must be above 0"):
        await add_account(config, database, "nil", {"balance": "0"})

    text = config.read_text()
    settings, _ = load_settings(config, {"account.name": "swing"})
    assert text.startswith("# mine\n[trading]\nsize = '50' # small\n")
    assert (made.market, made.balance) == (Market.FUTURES, D(2500))
    assert (settings.market, settings.deposit) == (Market.FUTURES, D(2500))
    assert "nil" not in text
    ledger = await Ledger.open(database)
    views = await accounts(ledger, settings)
    await ledger.close()
    assert [(view.name, view.account is None) for view in views] == [
        ("main", True),
        ("swing", False),
    ]
