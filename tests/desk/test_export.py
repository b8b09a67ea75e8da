"""Exports: what a spreadsheet gets, and what becomes of the file."""

import csv
import io
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.errors import DeskError
from desk.export import Kind, export, guarded, new_file, unguarded
from desk.machine import fill_json, signal_json, trade_json
from engine.events import TradeClosed
from store.history import Selection
from store.ledger import Ledger
from tests.engine.desk import signal
from tests.store.desk import renamed
from tests.store.sound import trade_a_little

HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "  +1",
    "-1",
    "@SUM(1)",
    "'=1",
    "''@x",
    "＝1",
    'a "quoted", text; with 1,5',
    "fine",
)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(tmp_path / "books.db")
    await trade_a_little(opened)
    yield opened
    await opened.close()


async def _written(ledger: Ledger, kind: Kind, form: str = "csv") -> str:
    stream = io.StringIO(newline="")
    history = ledger.history("main")
    await export(history, Selection(), kind, "json" if form == "json" else "csv", stream)
    return stream.getvalue()


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_json_holds_the_trades_of_the_machine_interface(ledger: Ledger) -> None:
    trades = {trade.id: trade for trade in await ledger.trades("main", active=False)}

    written = json.loads(await _written(ledger, "trades", "json"))

    assert written == [trade_json(trades[number]) for number in (3, 1, 2)]


async def test_json_without_any_record_is_an_empty_list(tmp_path: Path) -> None:
    empty = await Ledger.open(tmp_path / "empty.db")

    written = await _written(empty, "trades", "json")
    await empty.close()

    assert json.loads(written) == []


async def test_csv_holds_plain_numbers_and_the_signals_source(ledger: Ledger) -> None:
    [_, won, lost] = _rows(await _written(ledger, "trades"))

    assert (won["id"], won["source"], won["targets"], won["net"]) == (
        "1",
        "test",
        "110",
        "9.79",
    )
    assert (lost["source"], lost["net"], lost["status"]) == ("", "-5.8943", "CLOSED_SL")


async def test_each_fill_is_a_row_with_its_trade(ledger: Ledger) -> None:
    trades = {trade.id: trade for trade in await ledger.trades("main", active=False)}

    rows = _rows(await _written(ledger, "fills"))

    expected = [
        (str(number), fill_json(fill)["price"], fill_json(fill)["fee"])
        for number in (3, 1, 2)
        for fill in trades[number].fills
    ]
    assert [(row["trade"], row["price"], row["fee"]) for row in rows] == expected


async def test_hostile_texts_come_back_and_no_cell_is_a_formula(ledger: Ledger) -> None:
    await _close_with_notes(ledger, HOSTILE)

    rows = _rows(await _written(ledger, "trades"))

    cells = [row["note"] for row in rows if row["note"]]
    assert [unguarded(cell) for cell in cells] == list(HOSTILE)
    assert not [cell for cell in cells if cell.lstrip()[:1] in set("=+-@＝")]


async def _close_with_notes(ledger: Ledger, notes: tuple[str, ...]) -> None:
    """Store closed trades with these notes, behind all others."""
    [model] = [trade for trade in await ledger.trades("main") if trade.id == 1]
    account = (await ledger.standing("main", None, 0)).account
    assert account is not None
    for number, note in enumerate(notes, start=100):
        trade = replace(model, id=number, note=note, signal=None, closed_ms=2 * 10**12 + number)
        opened = renamed(trade, fills=trade.fills[:1])
        await ledger.record([opened, TradeClosed(trade, trade.fills[-1])], account, {})


async def test_signals_keep_every_field(ledger: Ledger) -> None:
    await ledger.add_signals([replace(signal(name="=1+1"), reason="-x")])
    ideas = await ledger.signals()

    rows = _rows(await _written(ledger, "signals"))

    assert [unguarded(row["id"]) for row in rows] == [idea.id for idea in ideas]
    assert (rows[-1]["id"], rows[-1]["reason"]) == ("'=1+1", "'-x")
    assert list(rows[0]) == list(signal_json(ideas[0]))


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("'=+-@ \t\r\n\u00a0\uff1dab,\";"), max_size=8))
def test_guarding_can_always_be_undone(text: str) -> None:
    stream = io.StringIO(newline="")

    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow([guarded(text)])
    [[cell]] = csv.reader(io.StringIO(stream.getvalue(), newline=""))

    assert unguarded(cell) == text
    assert not cell or cell.lstrip(" \u00a0")[:1] not in set("=+-@\t\r\n\uff1d")


def test_a_file_is_for_its_owner_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"

    with new_file(file, tmp_path / "paperdesk.db", force=False) as stream:
        stream.write("ä\r\n")
        beside = [path.name for path in tmp_path.iterdir()]

    assert file.name not in beside
    assert file.read_bytes() == "ä\r\n".encode()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("before")

    with (
        pytest.raises(UnicodeEncodeError),
        new_file(file, tmp_path / "paperdesk.db", force=True) as stream,
    ):
        stream.write("after" * 100_000 + "\ud800")

    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("there.csv", "exists"),
        ("link.csv", "is a link"),
        ("dangling.csv", "is a link"),
        ("folder", "no file"),
        ("pipe", "no file"),
        ("nowhere/x.csv", "no folder"),
        ("x" * 300, "cannot be written"),
    ],
)
def test_a_file_that_may_not_be_written_is_refused(
    tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "there.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "new.csv")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())

    with (
        pytest.raises(DeskError, match=said),
        new_file(tmp_path / name, tmp_path / "home" / "paperdesk.db", force=False) as stream,
    ):
        stream.write("after")

    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.csv").read_text() == "before"


@pytest.mark.parametrize("name", ["link.csv", "paperdesk.db", "demo.db", "paperdesk.db-wal"])
def test_not_even_force_replaces_a_link_or_the_books(tmp_path: Path, name: str) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "paperdesk.db")
    (tmp_path / "paperdesk.db").write_text("books")

    with (
        pytest.raises(DeskError),
        new_file(tmp_path / name, tmp_path / "paperdesk.db", force=True) as stream,
    ):
        stream.write("after")

    assert (tmp_path / "paperdesk.db").read_text() == "books"


def test_force_replaces_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("before")

    with new_file(file, tmp_path / "paperdesk.db", force=True) as stream:
        stream.write("after")

    assert file.read_text() == "after"
