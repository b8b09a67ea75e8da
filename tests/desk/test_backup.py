"""Nothing is overwritten unasked, and no desk loses its books to a restore."""

from pathlib import Path

import pytest

from desk.backup import bring_back, make_backup
from desk.errors import DeskBusy, DeskError
from desk.lease import Lease
from store.errors import StoreUnsound
from store.health import examine
from store.ledger import Ledger
from tests.store.desk import desk
from tests.store.files import content, delete, put, run_sql
from tests.store.sound import beside, sound_books


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "paperdesk.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder / "copy.db"


async def trade_on(path: Path) -> None:
    """Close a trade, a moment after everything that the books hold."""
    ledger = await Ledger.open(path)
    trading = await desk(ledger, "DUSDT")
    await trading.close(4)
    await ledger.close()
    run_sql(path, "UPDATE fill SET time_ms = time_ms + 9 WHERE trade = 4 AND seq = 1")
    run_sql(path, "UPDATE trade SET closed_ms = closed_ms + 9 WHERE id = 4")


# -- back up ----------------------------------------------------------------------------------


async def test_a_backup_says_what_it_holds(path: Path, file: Path) -> None:
    await sound_books(path)

    made = make_backup(path, file, force=False)

    assert (made.file, made.trades, made.active, made.signals) == (file, 5, 2, 3)
    assert made.bytes == len(content(file))


async def test_an_existing_file_is_replaced_only_when_asked(path: Path, file: Path) -> None:
    await sound_books(path)
    put(file, b"a photograph")

    with pytest.raises(DeskError, match="--force"):
        make_backup(path, file, force=False)
    kept = content(file)
    make_backup(path, file, force=True)

    assert kept == b"a photograph"
    assert examine(file).trades == 5


@pytest.mark.parametrize(
    "own", ["paperdesk.db", "paperdesk.db-journal", "paperdesk.db-wal", "paperdesk.db.lock"]
)
async def test_the_desks_own_files_are_never_written_over(path: Path, own: str) -> None:
    await sound_books(path)
    before = beside(path)

    with pytest.raises(DeskError, match="the desk's own file"):
        make_backup(path, path.parent / "copies" / ".." / own, force=True)

    assert beside(path) == before


async def test_the_desks_file_is_known_under_any_name(path: Path, file: Path) -> None:
    await sound_books(path)
    file.hardlink_to(path)  # noqa: ASYNC240 - a test may wait for its disk

    with pytest.raises(DeskError, match="the desk's own file"):
        make_backup(path, file, force=True)


async def test_a_link_is_not_followed(path: Path, file: Path, tmp_path: Path) -> None:
    await sound_books(path)
    target = tmp_path / "somewhere.txt"
    put(target, b"untouched")
    file.symlink_to(target)  # noqa: ASYNC240 - a test may wait for its disk

    with pytest.raises(DeskError, match="is a link"):
        make_backup(path, file, force=True)

    assert content(target) == b"untouched"


async def test_missing_books_and_missing_folders_are_a_sentence(path: Path, file: Path) -> None:
    with pytest.raises(DeskError, match="no books yet"):
        make_backup(path, file, force=False)
    await sound_books(path)
    with pytest.raises(DeskError, match="There is no folder"):
        make_backup(path, file.parent / "none" / "copy.db", force=False)


async def test_a_running_desk_is_backed_up(path: Path, file: Path) -> None:
    await sound_books(path)
    with Lease(path):
        ledger = await Ledger.open(path)

        made = make_backup(path, file, force=False)

        await ledger.close()
    assert made.trades == 5


# -- restore ----------------------------------------------------------------------------------


async def test_a_restore_keeps_the_books_that_were_there(path: Path, file: Path) -> None:
    await sound_books(path)
    make_backup(path, file, force=False)

    back = bring_back(file, path, force=False)

    assert back.trades == 5
    assert back.aside is not None
    assert back.aside.name.startswith("paperdesk.db.before-restore-2")
    assert examine(back.aside).findings == ()


async def test_going_back_behind_newer_trades_takes_asking(path: Path, file: Path) -> None:
    await sound_books(path)
    make_backup(path, file, force=False)
    await trade_on(path)
    before = content(path)

    with pytest.raises(DeskError, match="newer than"):
        bring_back(file, path, force=False)
    kept = content(path)
    bring_back(file, path, force=True)

    assert kept == before
    assert examine(path).active == 2


async def test_missing_books_are_restored_without_asking(path: Path, file: Path) -> None:
    await sound_books(path)
    make_backup(path, file, force=False)
    delete(path)

    back = bring_back(file, path, force=False)

    assert back.aside is None
    assert examine(path).trades == 5


async def test_a_running_desk_is_not_restored_over(path: Path, file: Path) -> None:
    await sound_books(path)
    make_backup(path, file, force=False)
    before = content(path)

    with Lease(path), pytest.raises(DeskBusy, match="process"):
        bring_back(file, path, force=True)

    assert content(path) == before


async def test_an_unsound_backup_is_refused_also_when_asked(path: Path, file: Path) -> None:
    await sound_books(path)
    make_backup(path, file, force=False)
    run_sql(file, "UPDATE account SET gross = 0")
    before = beside(path)

    with pytest.raises(StoreUnsound, match="gross is 0"):
        bring_back(file, path, force=True)

    assert beside(path) == before


async def test_the_desks_own_file_and_a_missing_one_are_no_backups(
    path: Path, file: Path
) -> None:
    await sound_books(path)

    with pytest.raises(DeskError, match="the desk's own file"):
        bring_back(path, path, force=True)
    with pytest.raises(DeskError, match="There is no such file"):
        bring_back(file, path, force=True)
