"""Doctor, backup and restore as a user runs them."""

import os
from pathlib import Path

from desk.lease import Lease
from market.simulator import SimulatorServer
from tests.store.files import delete, put, run_sql
from tests.store.sound import beside, sound_books
from tests.whole.home import idea, paperdesk


async def test_the_doctor_finds_nothing_wrong_and_changes_nothing(
    home: Path, exchange: SimulatorServer
) -> None:
    home.chmod(0o700)  # noqa: ASYNC240 - a test may wait for its disk
    await sound_books(home / "paperdesk.db")
    before = beside(home / "paperdesk.db")

    said = await paperdesk(home, "doctor", "--json")

    verdicts = {look["name"].split()[-1]: look["verdict"] for look in said.json["looks"]}
    assert (said.code, said.json["exit_code"]) == (0, 0)
    assert "bad" not in verdicts.values()
    assert verdicts["rest"] == verdicts["stream"] == verdicts["audit"] == "good"
    assert beside(home / "paperdesk.db") == before


async def test_the_doctor_speaks_to_people_in_lines_with_signs(
    home: Path, exchange: SimulatorServer
) -> None:
    said = await paperdesk(home, "doctor")

    assert said.code == 0
    assert "Exchange\n  " in said.out
    assert "0 wrong" in said.out.splitlines()[-1]
    assert "\x1b" not in said.out


async def test_an_exchange_that_cannot_be_reached_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[market]\nrest_url = "http://127.0.0.1:1"\nstream_url = "ws://127.0.0.1:1"\n'
    )

    said = await paperdesk(tmp_path, "doctor")
    on_demo = await paperdesk(tmp_path, "--demo", "doctor")

    assert said.code == 3
    assert "127.0.0.1:1 cannot be reached" in said.out
    assert on_demo.code == 0


async def test_books_that_are_not_in_order_are_exit_code_4(tmp_path: Path) -> None:
    await sound_books(tmp_path / "demo.db")
    run_sql(tmp_path / "demo.db", "UPDATE account SET losses = 9")

    unsound = await paperdesk(tmp_path, "--demo", "doctor")
    put(tmp_path / "demo.db", b"\x1b[2Jno database" * 99)
    ruined = await paperdesk(tmp_path, "--demo", "doctor")

    assert (unsound.code, ruined.code) == (4, 4)
    assert "losses is 9, its trades add up to 1" in unsound.out
    assert "\x1b" not in ruined.out


async def test_books_go_to_a_backup_and_come_back(
    home: Path, exchange: SimulatorServer
) -> None:
    added = await paperdesk(home, "signals", "add", idea(exchange), "--json")
    await paperdesk(home, "open", added.json["id"], "--json")
    file = home / "copy.db"

    made = await paperdesk(home, "backup", str(file), "--json")
    await paperdesk(home, "close", "1", "--json")
    refused = await paperdesk(home, "restore", str(file))
    back = await paperdesk(home, "restore", str(file), "--force")
    trades = await paperdesk(home, "trades", "--json")

    assert (made.code, made.json["trades"], made.json["active"]) == (0, 1, 1)
    assert (refused.code, "newer than" in refused.err) == (1, True)
    assert back.code == 0
    assert "Restored 1 trade (1 active)" in back.out
    assert "paperdesk.db.before-restore-" in back.out
    assert [trade["status"] for trade in trades.json] == ["OPEN"]


async def test_a_restore_waits_for_no_desk_and_takes_no_ruin(tmp_path: Path) -> None:
    database, file = tmp_path / "paperdesk.db", tmp_path / "copy.db"
    await sound_books(database)
    await paperdesk(tmp_path, "backup", str(file))
    with Lease(database):
        busy = await paperdesk(tmp_path, "restore", str(file), "--json")
    os.truncate(file, 5000)
    ruined = await paperdesk(tmp_path, "restore", str(file), "--json")

    assert (busy.code, "has this desk open" in busy.json["message"]) == (1, True)
    assert (ruined.code, "damaged" in ruined.json["message"]) == (4, True)


async def test_the_demos_books_are_backed_up_on_their_own(tmp_path: Path) -> None:
    await sound_books(tmp_path / "demo.db")
    file = tmp_path / "copy.db"

    none = await paperdesk(tmp_path, "backup", str(file))
    made = await paperdesk(tmp_path, "--demo", "backup", str(file))
    delete(tmp_path / "demo.db")
    back = await paperdesk(tmp_path, "--demo", "restore", str(file))

    assert (none.code, "There are no books yet" in none.err) == (1, True)
    assert (made.code, back.code) == (0, 0)
    assert (tmp_path / "demo.db").exists()
