"""Books that are sound are found sound; what is not right is named, and nothing is changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.audit import audit
from store.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreForeign,
    StoreTooNew,
    StoreUnsettled,
)
from store.health import MOST, examine
from store.ledger import Ledger
from store.migrations import STEPS
from store.snapshot import snapshot
from tests.feeds import START_MS
from tests.store.desk import desk
from tests.store.files import content, delete, put, run_sql
from tests.store.smart import trade_smartly
from tests.store.sound import beside, sound_books, trade_a_little

# -- sound ------------------------------------------------------------------------------------


async def test_books_that_were_traded_on_are_sound_and_counted(path: Path) -> None:
    await sound_books(path)

    found = examine(path)

    assert found.findings == ()
    assert (found.schema, found.trades, found.active, found.signals) == (len(STEPS), 5, 2, 3)
    assert found.newest_ms == START_MS + 1


async def test_new_books_are_sound(path: Path) -> None:
    await (await Ledger.open(path)).close()

    found = examine(path)

    assert (found.findings, found.trades, found.newest_ms) == ((), 0, 0)


async def test_books_are_checked_while_they_are_open(ledger: Ledger) -> None:
    await trade_a_little(ledger)

    assert await ledger.check(full=False) == []
    assert await ledger.check(full=True) == []


async def test_books_of_an_older_schema_are_examined_as_they_will_be(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sound_books(path)
    before = content(path)
    next_step = ("ALTER TABLE trade ADD COLUMN mood TEXT",)
    monkeypatch.setattr("store.health.STEPS", (*STEPS, next_step))

    found = examine(path)

    assert (found.schema, found.findings) == (len(STEPS), ())
    assert content(path) == before


async def test_requests_of_other_programs_are_no_part_of_the_books(path: Path) -> None:
    await sound_books(path)
    run_sql(path, "INSERT INTO command VALUES (7, x'ff', x'00ff', 'PENDING', NULL, 'noon')")

    assert examine(path).findings == ()


# -- not sound --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE account SET fees = fees + 1", "Account main: fees is "),
        ("UPDATE account SET gross = gross - 1", "Account main: gross is "),
        ("UPDATE account SET funding = 5", "funding is 0.00000005, its trades add up to 0."),
        ("UPDATE account SET closed = 4", "closed is 4, its trades add up to 3."),
        ("UPDATE account SET wins = 3", "wins is 3, its trades add up to 2."),
        ("UPDATE account SET losses = 0", "losses is 0, its trades add up to 1."),
        ("UPDATE trade SET fees = 1 WHERE id = 4", "Trade #4: its fees are 0.00000001, "),
        ("UPDATE trade SET gross = 1 WHERE id = 1", "Trade #1: its gross result is "),
        ("UPDATE trade SET funding = 1 WHERE id = 1", "funding is 0, its trades add up to "),
        ("UPDATE trade SET quantity = 7 WHERE id = 4", "Trade #4: 0.00000007 is open, by its"),
        ("UPDATE trade SET initial_quantity = 10000000000 WHERE id = 4", "it opened with 100,"),
        ("UPDATE trade SET entry_price = 1 WHERE id = 5", "Trade #5: its entry price is "),
        ("UPDATE trade SET stop = 1 WHERE id = 4", "Trade #4: its stop is 0.00000001 (init"),
        (
            "UPDATE trade SET fixed_stop = 1 WHERE id = 4",
            "its stop 0.00000001 is not its first",
        ),
        ("UPDATE trade SET margin = 1 WHERE id = 4", "on SPOT with a margin of 0.00000001"),
        ("UPDATE trade SET session = 3 WHERE id = 1", "Account main has no session 3, but "),
        ("UPDATE account SET deposits = 1", "deposits is 0.00000001, its transfers add up to"),
        ("DELETE FROM transfer", "its transfers add up to 0."),
        ("UPDATE transfer SET session = 9", "Account main has no session 9, but "),
        ("UPDATE trade SET initial_stop = 20000000000 WHERE id = 4", "wrong side of the entry"),
        ("UPDATE trade SET closed_ms = 1 WHERE id = 1", "Trade #1: it closed before it opened"),
        ("UPDATE trade SET closed_ms = NULL WHERE id = 1", "did not close with its last fill"),
        ("UPDATE trade SET exit_price = 1 WHERE id = 1", "did not close with its last fill"),
        ("UPDATE trade SET close_reason = 'stop' WHERE id = 1", "CLOSED_TP by reason of stop"),
        ("UPDATE trade SET status = 'CLOSED_SL' WHERE id = 4", "it is CLOSED_SL with "),
        ("UPDATE trade SET status = 'OPEN' WHERE id = 1", "it is OPEN with nothing open"),
        ("UPDATE trade SET status = 'PENDING' WHERE id = 4", "fills though it is PENDING"),
        ("UPDATE trade SET status = 'CANCELLED' WHERE id = 4", "fills though it is CANCELLED"),
        ("UPDATE trade SET direction = 'SHORT' WHERE id = 1", "its price makes -"),
        ("UPDATE trade SET status = 'OPEM' WHERE id = 4", "trade.status cannot be 'OPEM'"),
        ("UPDATE trade SET stop = 'low' WHERE id = 4", "1 values of trade.stop are of a wrong"),
        ("UPDATE trade SET account = 'x' WHERE id = 1", "row of trade belongs to no account"),
        ("UPDATE fill SET price = price + 1 WHERE trade = 1 AND seq = 1", "fill 1 says "),
        ("UPDATE fill SET quantity = quantity * 2 WHERE seq = 1", "fill 1 closes "),
        ("UPDATE fill SET quantity = -1 WHERE trade = 1 AND seq = 1", "fill 1 closes -"),
        ("UPDATE fill SET fee = 0 WHERE trade = 4", "Trade #4: its fees are "),
        ("UPDATE fill SET gross = 1 WHERE trade = 4", "fill 0 says 0.00000001, its price "),
        ("UPDATE fill SET kind = 'STOP' WHERE trade = 4", "fills do not begin with an entry"),
        ("UPDATE fill SET seq = 5 WHERE trade = 1 AND seq = 1", "not numbered in a row"),
        ("DELETE FROM fill WHERE trade = 4", "Trade #4: its fills do not begin with an entry"),
        ("DELETE FROM fill WHERE trade = 1 AND seq = 1", "Trade #1: its fees are "),
        ("DELETE FROM trade WHERE id = 1", "row of fill belongs to no trade"),
        ("DELETE FROM target WHERE trade = 1", "its filled targets are not those of its"),
        ("UPDATE target SET position = 1 WHERE trade = 4", "its targets are not numbered"),
        ("UPDATE target SET filled = 1 WHERE trade = 4", "its filled targets are not those "),
        ("UPDATE target SET quantity = 0 WHERE trade = 4", "a target is not above 0"),
        ("UPDATE target SET quantity = quantity + 1", "close more than it opened with"),
        ("UPDATE target SET quantity = quantity + 1 WHERE trade = 4", "more than is open"),
        ("UPDATE signal SET targets = '[100'", "A value of signal.targets cannot be read"),
        ("UPDATE trade SET signal = '{}' WHERE id = 4", "A value of trade.signal cannot be "),
        ("UPDATE trade SET note = CAST(x'ff41' AS TEXT)", "The file is damaged: Could not "),
        ("DROP INDEX trade_one_per_side", "The index trade_one_per_side is missing."),
        ("DROP TABLE checkpoint", "The table checkpoint is missing."),
        (
            "CREATE TRIGGER t AFTER UPDATE ON account BEGIN DELETE FROM trade; END",
            "The trigger t does not belong here.",
        ),
    ],
)
async def test_what_does_not_add_up_is_named(path: Path, damage: str, said: str) -> None:
    await sound_books(path)
    run_sql(path, "PRAGMA foreign_keys = 0", damage)

    found = examine(path)

    assert said in " ".join(found.findings)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE payment SET amount = 5", "Trade #1: its funding is -0.03, its payments make"),
        ("UPDATE payment SET seq = 2", "Trade #1: its payments are not numbered in a row"),
        ("UPDATE trade SET margin = 1 WHERE id = 2", "CLOSED_SL on FUTURES with a margin of "),
        ("UPDATE trade SET margin = -1 WHERE id = 4", "what it sets aside is -0.00000001"),
        ("UPDATE fill SET gross = gross - 99 WHERE kind = 'LIQUIDATION'", "fill 1 says -30.0"),
        ("UPDATE fill SET fee = 1 WHERE kind = 'LIQUIDATION'", "the fee 0.00000001 of fill 1"),
        ("UPDATE trade SET break_even_stop = 10400000000", "the tightest one is 104 (break_e"),
        ("UPDATE trade SET trailing_stop = 1 WHERE id = 1", "the tightest one is 100.21 (brea"),
        ("UPDATE trade SET stop_reason = 'moved' WHERE id = 1", "its stop is 101.92 (moved), "),
        ("UPDATE trade SET cancel_reason = NULL", "CANCELLED, cancelled by reason of None"),
        ("UPDATE trade SET cancel_reason = 'trader'", "OPEN, cancelled by reason of trader"),
        ("UPDATE trade SET closed_ms = NULL", "it does not say when it was cancelled"),
        ("UPDATE trade SET closed_ms = 1 WHERE id = 4", "PENDING and says how it closed"),
        ("UPDATE trade SET status = 'PENDING' WHERE id = 1", "fills though it is PENDING"),
        ("UPDATE target SET quantity = 200000001 WHERE trade = 4", "close more than it open"),
        ("UPDATE target SET filled = 0 WHERE trade = 1", "its filled targets are not those "),
        ("UPDATE session SET fees = 1", "Account futures, session 1: fees is 0.00000001, "),
        ("UPDATE session SET deposits = 1", "session 1: deposits is 0.00000001, its transf"),
        ("DELETE FROM session", "Account futures has no session 1, but there is something"),
        ("UPDATE change SET kind = 'guessed'", "change.kind cannot be 'guessed'"),
        ("UPDATE trade SET after_target = 'run'", "trade.after_target cannot be 'run'"),
        ("DELETE FROM trade WHERE id = 1", "A row of payment belongs to no trade."),
        ("UPDATE fill SET candle_ms = 'noon'", "values of fill.candle_ms are of a wrong kind"),
    ],
)
async def test_what_does_not_add_up_about_smart_trades_is_named(
    path: Path, damage: str, said: str
) -> None:
    ledger = await Ledger.open(path)
    await trade_smartly(ledger)
    sound = await ledger.check(full=True)
    await ledger.close()
    run_sql(path, "PRAGMA foreign_keys = 0", damage)

    found = examine(path)

    assert sound == []
    assert said in " ".join(found.findings)


async def test_an_index_that_lost_its_rule_is_named(path: Path) -> None:
    await sound_books(path)
    index = "trade_one_per_side ON trade (account, market, symbol, direction)"
    run_sql(
        path,
        "DROP INDEX trade_one_per_side",
        f"CREATE UNIQUE INDEX {index} WHERE status = 'OPEN'",
    )

    [said] = examine(path).findings

    assert said == "The index trade_one_per_side is not as Paperdesk makes it."


async def test_two_active_trades_on_a_signal_or_side_are_named(path: Path) -> None:
    await sound_books(path)
    run_sql(
        path,
        "DROP INDEX trade_one_per_side",
        "DROP INDEX trade_one_per_signal",
        "UPDATE trade SET direction = 'LONG', signal_id = 'd' WHERE id = 5",
    )

    with closing(sqlite3.connect(path)) as db:
        said = list(audit(db))

    assert "Trades #4 and #5 are both active on one side." in said
    assert "Trades #4 and #5 are both active on one signal." in said


async def test_a_page_that_does_not_fit_is_named_by_the_full_check(path: Path) -> None:
    await sound_books(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = 1")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'closed_ms', 'opened_ms') "
            "WHERE name = 'trade_closed'"
        )

    found = examine(path)

    assert found.findings[0].startswith("The file is damaged: ")


async def test_many_findings_are_told_in_short(path: Path) -> None:
    ledger = await Ledger.open(path)
    symbols = [f"S{number}USDT" for number in range(MOST + 5)]
    trading = await desk(ledger, *symbols)
    for symbol in symbols:
        await trading.open(symbol)
    await ledger.close()
    run_sql(path, "UPDATE trade SET stop = stop + 1")

    found = examine(path).findings

    assert len(found) == MOST + 1
    assert found[-1] == "There is more of this kind."


async def test_damage_found_by_the_hourly_check_is_a_finding_not_an_error(
    ledger: Ledger, path: Path
) -> None:
    await trade_a_little(ledger)
    run_sql(path, "UPDATE account SET fees = 0")

    [said] = await ledger.check(full=False)

    assert said.startswith("Account main: fees is 0, its trades add up to ")


# -- cannot be examined -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("PRAGMA application_id = 7", StoreForeign),
        ("PRAGMA user_version = 99", StoreTooNew),
    ],
)
async def test_a_database_that_is_not_for_us_is_refused(
    path: Path, damage: str, kind: type[StoreError]
) -> None:
    await sound_books(path)
    run_sql(path, damage)

    with pytest.raises(kind, match=str(path)):
        examine(path)


@pytest.mark.parametrize(
    "data", [b"this is a diary " * 99, b"SQLite format 3\x00" + b"\0" * 99]
)
def test_what_is_no_database_is_refused(path: Path, data: bytes) -> None:
    put(path, data)

    with pytest.raises(StoreCorrupt, match=str(path)):
        examine(path)


def test_a_missing_file_is_refused_and_not_made(path: Path) -> None:
    with pytest.raises(StoreError, match=str(path)):
        examine(path)

    assert not path.exists()


async def test_a_lock_that_is_not_let_go_is_named(path: Path) -> None:
    await sound_books(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StoreBusy, match="locked"):
            examine(path, wait_s=0.05)


async def test_a_write_that_was_cut_off_is_left_for_the_next_start(path: Path) -> None:
    await sound_books(path)
    leave_a_hot_journal(path)
    before = beside(path)

    with pytest.raises(StoreUnsettled, match="next start"):
        examine(path)

    assert beside(path) == before
    ledger = await Ledger.open(path)
    assert await ledger.check(full=True) == []
    await ledger.close()


def leave_a_hot_journal(path: Path) -> None:
    """Leave *path* as a process does that dies while it writes its changes down."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 5")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE account SET fees = 1")
        db.execute("UPDATE trade SET note = ?", ("x" * 50_000,))
        half_way = beside(path)
        db.execute("ROLLBACK")
    journal = half_way[path.name + "-journal"]
    put(path, half_way[path.name])
    put(path.with_name(path.name + "-journal"), journal)


# -- others are left in peace -----------------------------------------------------------------


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
async def test_a_look_leaves_no_trace(path: Path, journal: str) -> None:
    await sound_books(path)
    run_sql(path, f"PRAGMA journal_mode = {journal}")
    before = beside(path)

    examine(path, alone=True)

    assert beside(path) == before


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
async def test_others_write_while_the_copy_is_examined_and_it_stands_still(
    path: Path, journal: str
) -> None:
    await sound_books(path)
    run_sql(path, f"PRAGMA journal_mode = {journal}")

    with (
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other,
        snapshot(path, 1.0, asleep=False) as copy,
    ):
        other.execute("UPDATE account SET fees = 1")
        [seen] = copy.execute("SELECT fees FROM account").fetchone()

    assert seen > 1


async def test_only_what_is_committed_is_seen(path: Path) -> None:
    await sound_books(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE account SET fees = 1")

        assert examine(path).findings == ()


async def test_a_check_of_books_that_are_gone_is_an_error_and_makes_none(
    ledger: Ledger, path: Path
) -> None:
    delete(path)

    with pytest.raises(StoreError, match=str(path)):
        await ledger.check(full=False)

    assert beside(path) == {}
