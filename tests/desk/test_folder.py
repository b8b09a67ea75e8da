"""The signal folder: files are read once, moved after their signals are stored, never lost."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.folder import keep_folder
from desk.view import Fact, Notice, SignalsArrived
from signals.inbox.parse import MAX_FILE_BYTES
from tests.desk.desks import Desk

CSV = "symbol,direction,entry,sl,tp\n"
GOOD = "BTCUSDT,LONG,100,95,110\n"
BAD = "BTCUSDT,LONG,100,105,110\n"
JSON = '{"symbol":"ETHUSDT","side":"sell","entry":100,"sl":105,"tp":90}'


@dataclass
class Watched:
    """A folder and the desk that watches it."""

    desk: Desk
    folder: Path

    async def put(self, name: str, text: str) -> None:
        """Put a file into the folder and wait until it has gone from there."""
        (self.folder / name).write_text(text, encoding="utf-8")
        await self.gone(name)

    async def gone(self, name: str) -> None:
        await self.desk.until(lambda: not os.path.lexists(self.folder / name))

    def held(self, part: str) -> set[str]:
        """Return the names in ``done`` or ``refused``."""
        place = self.folder / part
        return {file.name for file in place.iterdir()} if place.exists() else set()

    async def stored(self) -> list[str]:
        return [one.symbol for one in await self.desk.ledger.signals(limit=1000)]


@pytest.fixture
async def watched(
    start: Callable[[], Awaitable[Desk]], tmp_path: Path
) -> AsyncIterator[Watched]:
    folder = tmp_path / "ideas"
    folder.mkdir()
    desk = await start()
    chore = asyncio.create_task(keep_folder(desk.session, folder, 0.05))
    yield Watched(desk, folder)
    assert not chore.done()
    chore.cancel()


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", CSV + GOOD), ("b.JSON", JSON), ("c.jsonl", JSON + "\n")]
)
async def test_a_file_is_stored_and_moved(watched: Watched, name: str, text: str) -> None:
    await watched.put(name, text)

    assert len(await watched.stored()) == 1
    assert watched.held("done") == {name}
    assert (watched.folder / "done" / name).read_text(encoding="utf-8") == text


async def test_a_file_with_some_bad_rows_is_done_and_says_which(watched: Watched) -> None:
    await watched.put("a.csv", CSV + GOOD + BAD)

    assert len(await watched.stored()) == 1
    why = (watched.folder / "done" / "a.csv.why.txt").read_text(encoding="utf-8")
    assert why.startswith("Line 3: The stop")
    await watched.desk.until(lambda: bool(watched.desk.told(Notice)))


@pytest.mark.parametrize(
    "text", [CSV + BAD, "{", "", "[]", "symbol;sl\nBTCUSDT;1\n", CSV + '"never closed']
)
async def test_a_file_without_a_signal_is_refused_with_a_reason(
    watched: Watched, text: str
) -> None:
    name = "a.json" if text.startswith(("{", "[")) else "a.csv"

    await watched.put(name, text)

    assert await watched.stored() == []
    assert watched.held("refused") == {name, f"{name}.why.txt"}
    assert (watched.folder / "refused" / f"{name}.why.txt").read_text(encoding="utf-8").strip()


async def test_the_same_name_again_overwrites_nothing(watched: Watched) -> None:
    await watched.put("a.csv", CSV + GOOD)
    await watched.put("a.csv", CSV + GOOD)

    assert watched.held("done") == {"a.csv", "a-2.csv"}
    assert len(await watched.stored()) == 1


async def test_no_row_of_a_file_that_grows_is_lost(watched: Watched) -> None:
    path = watched.folder / "a.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(CSV)
        for number in range(20):
            file.write(f"BTCUSDT,LONG,{100 + number},95,150\n")
            file.flush()
            await asyncio.sleep(0.02)

    await watched.gone("a.csv")

    assert len(await watched.stored()) == 20


async def test_a_file_that_changes_while_it_is_read_is_read_again(watched: Watched) -> None:
    path = watched.folder / "a.csv"

    def grow(fact: Fact) -> None:
        if isinstance(fact, SignalsArrived) and path.exists() and more:
            with path.open("a", encoding="utf-8") as file:
                file.write(more.pop())

    more = ["ETHUSDT,LONG,100,95,110\n"]
    watched.desk.session.subscribe(grow)

    await watched.put("a.csv", CSV + GOOD)

    assert await watched.stored() == ["BTCUSDT", "ETHUSDT"]
    assert watched.held("done") == {"a.csv"}


async def test_other_files_and_folders_are_left_alone(watched: Watched) -> None:
    for name in ("notes.txt", ".draft.csv"):
        (watched.folder / name).write_text(CSV + GOOD, encoding="utf-8")
    (watched.folder / "folder.csv").mkdir()

    await watched.put("a.json", JSON)

    assert await watched.stored() == ["ETHUSDT"]
    left = {file.name for file in watched.folder.iterdir()}
    assert left == {"notes.txt", ".draft.csv", "folder.csv", "done"}


async def test_a_link_is_refused_and_what_it_points_at_is_not_read(
    watched: Watched, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(CSV + GOOD, encoding="utf-8")
    (watched.folder / "a.csv").symlink_to(secret)

    await watched.gone("a.csv")

    assert await watched.stored() == []
    assert secret.exists()
    assert watched.held("refused") == {"a.csv", "a.csv.why.txt"}


async def test_a_pipe_does_not_stop_the_watch(watched: Watched) -> None:
    os.mkfifo(watched.folder / "a.csv")

    await watched.gone("a.csv")
    await watched.put("b.json", JSON)

    assert await watched.stored() == ["ETHUSDT"]


async def test_a_file_that_is_too_large_is_refused(watched: Watched) -> None:
    with (watched.folder / "a.csv").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)

    await watched.gone("a.csv")

    assert watched.held("refused") == {"a.csv", "a.csv.why.txt"}


async def test_a_file_waits_while_the_symbols_are_not_known(watched: Watched) -> None:
    rules = dict(watched.desk.session.instruments)
    watched.desk.session.instruments.clear()
    (watched.folder / "a.json").write_text(JSON, encoding="utf-8")
    await asyncio.sleep(0.6)
    assert (watched.folder / "a.json").exists()

    watched.desk.session.instruments.update(rules)
    await watched.gone("a.json")

    assert await watched.stored() == ["ETHUSDT"]


async def test_a_folder_that_is_missing_is_said_once_and_watched_when_it_comes(
    start: Callable[[], Awaitable[Desk]], tmp_path: Path
) -> None:
    desk = await start()
    watched = Watched(desk, tmp_path / "later")
    chore = asyncio.create_task(keep_folder(desk.session, watched.folder, 0.05))
    await desk.until(lambda: bool(desk.told(Notice)))
    watched.folder.mkdir()

    await watched.put("a.json", JSON)

    assert await watched.stored() == ["ETHUSDT"]
    assert len(desk.told(Notice)) == 1
    chore.cancel()


async def test_killed_between_storing_and_moving_nothing_is_lost_or_doubled(
    start: Callable[[], Awaitable[Desk]], tmp_path: Path
) -> None:
    folder = tmp_path / "ideas"
    folder.mkdir()
    (folder / "a.csv").write_text(CSV + GOOD, encoding="utf-8")
    database = str(tmp_path / "paperdesk.db")
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.desk.folder_victim", database, str(folder)
    )
    assert await victim.wait() == -signal.SIGKILL
    assert (folder / "a.csv").exists()

    desk = await start()
    watched = Watched(desk, folder)
    assert await watched.stored() == ["BTCUSDT"]
    chore = asyncio.create_task(keep_folder(desk.session, folder, 0.05))
    await watched.gone("a.csv")
    chore.cancel()

    assert await watched.stored() == ["BTCUSDT"]
    assert watched.held("done") == {"a.csv"}
