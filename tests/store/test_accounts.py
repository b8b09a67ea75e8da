"""Several accounts, what is paid in and out, and fresh starts that keep the past."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.account import Account
from engine.errors import Refused
from engine.model import Market
from store.accounts import Transfer
from store.errors import StoreError
from store.history import Selection
from store.ledger import Ledger
from tests.feeds import START_MS
from tests.store.desk import desk
from tests.store.desk import load as load_spot
from tests.store.smart import ACCOUNT, D, SmartDesk, load, pending, smart_desk, story

FRESH = Account(
    name=ACCOUNT,
    currency="USDT",
    market=Market.FUTURES,
    session=2,
    session_ms=START_MS + 100,
    deposits=D(500),
)


async def paid_out(desk: SmartDesk, amount: str, note: str = "rent") -> None:
    """Book a transfer, and know of it."""
    after = replace(desk.account, deposits=desk.account.deposits + D(amount))
    await desk.ledger.transfer(after, D(amount), note, START_MS + 50)
    desk.account = after


async def test_accounts_are_listed_by_name_with_their_markets(ledger: Ledger) -> None:
    spot, futures = await load_spot(ledger), await load(ledger)

    assert await ledger.accounts() == [futures.account, spot.account]
    assert [account.market for account in await ledger.accounts()] == [
        Market.FUTURES,
        Market.SPOT,
    ]


async def test_an_account_begins_with_a_transfer(ledger: Ledger) -> None:
    await load(ledger)
    await load(ledger)

    [transfer] = await ledger.transfers(ACCOUNT)

    assert transfer == Transfer(
        session=1, time_ms=START_MS, amount=D(10_000), note="opening balance"
    )


async def test_positions_are_those_of_the_accounts_market(ledger: Ledger, path: Path) -> None:
    desk = await smart_desk(ledger)

    await desk.record(pending())

    assert set((await load(ledger)).checkpoints) == {"S1USDT"}
    assert await ledger._read(
        lambda db: db.execute("SELECT market FROM checkpoint").fetchall()
    ) == [("FUTURES",)]


# -- transfers --------------------------------------------------------------------------------


async def test_what_is_paid_in_and_out_is_booked_and_listed(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)

    await paid_out(desk, "250", "pocket money")
    await paid_out(desk, "-100")

    assert (await load(ledger)).account.deposits == D(10_150)
    booked = await ledger.transfers(ACCOUNT)
    assert [(t.amount, t.note) for t in booked[1:]] == [
        (D(250), "pocket money"),
        (D(-100), "rent"),
    ]
    assert await ledger.check(full=True) == []


async def test_a_transfer_repeated_is_booked_once(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await paid_out(desk, "-100")

    await ledger.transfer(desk.account, D(-100), "rent", START_MS + 50)

    assert len(await ledger.transfers(ACCOUNT)) == 2
    assert (await load(ledger)).account == desk.account


async def test_who_does_not_know_of_a_transfer_can_book_none(ledger: Ledger) -> None:
    desk, rival = await smart_desk(ledger), await smart_desk(ledger)
    await paid_out(desk, "-100")

    with pytest.raises(Refused, match="changed the account futures meanwhile") as refused:
        await paid_out(rival, "-100", "the same again")

    assert refused.value.code == "account_changed"
    assert (await load(ledger)).account == desk.account


async def test_trading_does_not_undo_a_transfer_that_it_does_not_know_of(
    ledger: Ledger,
) -> None:
    desk, rival = await smart_desk(ledger), await smart_desk(ledger)
    await paid_out(rival, "-100")

    await desk.record(pending())

    assert (await load(ledger)).account.deposits == D(9_900)


async def test_nothing_can_be_paid_into_an_unknown_account(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="account futures is not in the books"):
        await ledger.transfer(FRESH, D(1), "", START_MS)


# -- sessions ---------------------------------------------------------------------------------


async def test_a_new_session_begins_afresh_and_keeps_the_old_one(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story())
    await paid_out(desk, "-100")

    await ledger.new_session(FRESH, START_MS + 100)

    books = await load(ledger)
    [past] = await ledger.past_sessions(ACCOUNT)
    assert books.account == FRESH
    assert (past.account, past.ended_ms) == (desk.account, START_MS + 100)
    assert [t.amount for t in await ledger.transfers(ACCOUNT)] == [D(500)]
    assert [t.amount for t in await ledger.transfers(ACCOUNT, 1)] == [D(10_000), D(-100)]
    assert await ledger.trades(ACCOUNT) == [story()[-1].trade]
    assert await ledger.check(full=True) == []


async def test_a_new_session_repeated_is_begun_once(ledger: Ledger) -> None:
    await load(ledger)
    await ledger.new_session(FRESH, START_MS + 100)

    await ledger.new_session(FRESH, START_MS + 100)

    assert len(await ledger.past_sessions(ACCOUNT)) == 1
    assert len(await ledger.transfers(ACCOUNT)) == 1


async def test_history_and_todays_result_are_those_of_one_session(ledger: Ledger) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story())
    net = story()[-1].trade.net
    history = ledger.history(ACCOUNT)
    before = (await load(ledger)).today_net

    await ledger.new_session(FRESH, START_MS + 100)

    assert (before, (await load(ledger)).today_net) == (net, D(0))
    assert [page async for page in history.trades(Selection())] == []
    assert [page async for page in history.results(Selection())] == []
    [[old]] = [page async for page in history.trades(Selection(session=1))]
    assert old == story()[-1].trade
    assert await history.equity_at(None) == D(500)
    assert await history.equity_at(START_MS + 999) == D(500)
    assert await history.equity_at(START_MS + 999, session=1) == D(10_000) + net
    assert await history.equity_at(None, session=7) is None


@pytest.mark.parametrize("moments", [1, 3])
async def test_no_session_begins_while_a_trade_is_active(ledger: Ledger, moments: int) -> None:
    desk = await smart_desk(ledger)
    await desk.record(*story()[:moments])

    with pytest.raises(Refused, match="has 1 active trade") as refused:
        await ledger.new_session(FRESH, START_MS + 100)

    assert refused.value.code == "trades_active"
    assert (await load(ledger)).account == desk.account
    assert await ledger.past_sessions(ACCOUNT) == []


async def test_another_accounts_trades_do_not_keep_a_session_from_beginning(
    ledger: Ledger,
) -> None:
    await (await desk(ledger)).open("BTCUSDT")
    await load(ledger)

    await ledger.new_session(FRESH, START_MS + 100)

    assert (await load(ledger)).account == FRESH


async def test_who_does_not_know_of_the_new_session_can_neither_trade_nor_begin_one(
    ledger: Ledger,
) -> None:
    desk = await smart_desk(ledger)
    await ledger.new_session(FRESH, START_MS + 100)
    rivals = replace(FRESH, deposits=D(7))

    with pytest.raises(StoreError, match="has begun a new session of the account futures"):
        await desk.record(pending())
    with pytest.raises(Refused, match="has begun session 2"):
        await ledger.new_session(rivals, START_MS + 100)

    assert (await load(ledger)).account == FRESH
    assert await ledger.trades(ACCOUNT) == []


async def test_an_unknown_account_has_no_past_and_begins_no_session(ledger: Ledger) -> None:
    assert await ledger.past_sessions("nobody") == []
    assert await ledger.transfers("nobody") == []
    with pytest.raises(StoreError, match="not in the books"):
        await ledger.new_session(FRESH, START_MS)
