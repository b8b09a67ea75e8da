"""Statistics and exports as a user gets them."""

import asyncio
import csv
import io
import sys
from decimal import Decimal
from pathlib import Path

from desk.lease import Lease
from tests.store.files import put
from tests.store.sound import beside, sound_books
from tests.whole.home import Said, environment

_START = """
from tui.cli import cli, main
from tui.commands.export import export
from tui.commands.stats import stats
cli.add_command(export)
cli.add_command(stats)
main()
"""


async def _paperdesk(home: Path, *words: str) -> Said:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _START, *words),
        env=environment(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return Said(process.returncode or 0, out.decode(), err.decode())


async def test_statistics_and_exports_agree_while_a_desk_is_running(tmp_path: Path) -> None:
    await sound_books(tmp_path / "paperdesk.db")

    with Lease(tmp_path / "paperdesk.db"):
        stats = await _paperdesk(tmp_path, "stats", "--json")
        export = await _paperdesk(tmp_path, "export", "-")
    rows = list(csv.DictReader(io.StringIO(export.out)))

    assert (stats.code, export.code, export.err) == (0, 0, "")
    assert (stats.json["trades"], stats.json["net"]) == (3, "4.6947")
    assert sum(Decimal(row["net"]) for row in rows) == Decimal(stats.json["net"])


async def test_people_get_a_table_that_says_how_little_few_trades_tell(tmp_path: Path) -> None:
    await sound_books(tmp_path / "demo.db")

    said = await _paperdesk(tmp_path, "--demo", "stats")
    none = await _paperdesk(tmp_path, "stats")

    assert (said.code, none.code) == (0, 0)
    assert "may be chance" in said.out
    assert "66.67 %  n=3, 95 % interval 20.77 % to 93.85 %" in said.out
    assert "needs 30 days, has 1" in said.out
    assert none.out == "No closed trades, so there is nothing to add up.\n"


async def test_a_selection_reaches_both_commands(tmp_path: Path) -> None:
    await sound_books(tmp_path / "paperdesk.db")

    one = await _paperdesk(tmp_path, "stats", "--symbol", "AUSDT", "--json")
    later = await _paperdesk(tmp_path, "stats", "--since", "2030-01-01", "--json")
    that_day = ("--since", "2026-09-21", "--until", "2026-09-21")
    on_it = await _paperdesk(tmp_path, "export", "-", "--format", "json", *that_day)
    turned = await _paperdesk(
        tmp_path, "stats", "--since", "2026-02-02", "--until", "2026-02-01"
    )

    assert (one.json["trades"], later.json["trades"], len(on_it.json)) == (1, 0, 3)
    assert turned.code == 2


async def test_an_export_is_told_on_stderr_and_never_overwrites_unasked(tmp_path: Path) -> None:
    await sound_books(tmp_path / "paperdesk.db")
    file = tmp_path / "fills.json"

    made = await _paperdesk(tmp_path, "export", "--fills", str(file))
    again = await _paperdesk(tmp_path, "export", "--signals", str(file))
    forced = await _paperdesk(tmp_path, "export", "--signals", "--force", str(file))
    books = await _paperdesk(tmp_path, "export", "--force", str(tmp_path / "paperdesk.db"))

    assert (made.code, made.out, made.err) == (0, "", f"Exported 6 fills to {file}.\n")
    assert (again.code, "exists" in again.err) == (1, True)
    assert (forced.code, forced.err) == (0, f"Exported 3 signals to {file}.\n")
    assert (books.code, "own file" in books.err) == (1, True)


async def test_ruined_books_are_exit_code_4_and_make_no_file(tmp_path: Path) -> None:
    put(tmp_path / "paperdesk.db", b"no database" * 99)

    stats = await _paperdesk(tmp_path, "stats", "--json")
    export = await _paperdesk(tmp_path, "export", str(tmp_path / "x.csv"))

    assert (stats.code, stats.json["error"], export.code) == (4, "failed", 4)
    assert not [
        name for name in beside(tmp_path / "paperdesk.db") if name.endswith((".csv", ".part"))
    ]
