"""One process holds a desk; the lock goes with the process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from desk import lease as lease_module
from desk.errors import DeskBusy, DeskError, LeaseLost
from desk.lease import Lease, heartbeat_of, holder_of

HOLD = """
import sys, pathlib, subprocess
from desk.lease import Lease
with Lease(pathlib.Path(sys.argv[1])):
    if sys.argv[2:]:
        none = subprocess.DEVNULL
        child = subprocess.Popen(sys.argv[2:], close_fds=False, stdin=none, stdout=none)
        print(child.pid, flush=True)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "paperdesk.db"


@contextmanager
def another_holder(database: Path, *child: str) -> Iterator["subprocess.Popen[str]"]:
    """Let another process hold the desk, and kill it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database), *child],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_second_holder_is_refused_and_told_who_holds_it(database: Path) -> None:
    with Lease(database), pytest.raises(DeskBusy, match=rf"process {os.getpid()}\b"):
        Lease(database).acquire()

    with Lease(database):
        pass


def test_the_lease_of_a_killed_process_is_free(database: Path) -> None:
    with another_holder(database) as holder:
        assert said(holder) == "held"
        with pytest.raises(DeskBusy, match=str(holder.pid)):
            Lease(database).acquire()

    with Lease(database):
        pass


def test_a_program_started_by_the_holder_does_not_inherit_the_lease(database: Path) -> None:
    with another_holder(database, "sleep", "60") as holder:
        child = int(said(holder))
        assert said(holder) == "held"

    try:
        with Lease(database):
            os.kill(child, 0)  # it still runs
    finally:
        os.kill(child, 9)


def test_everyone_can_read_who_holds_the_desk_and_where_its_market_is(database: Path) -> None:
    with Lease(database) as lease:
        before = holder_of(database)
        lease.announce("http://127.0.0.1:8123", "ws://127.0.0.1:8123")
        after = holder_of(database)

    assert before
    assert (before.pid, before.rest_url) == (os.getpid(), "")
    assert after
    assert (after.rest_url, after.stream_url) == (
        "http://127.0.0.1:8123",
        "ws://127.0.0.1:8123",
    )
    assert after.started_ms == before.started_ms


def test_a_shorter_line_leaves_nothing_of_a_longer_one(database: Path) -> None:
    with Lease(database) as lease:
        lease.announce("http://127.0.0.1:8123", "ws://127.0.0.1:8123")

    with Lease(database):
        lines = Path(f"{database}.lock").read_text().splitlines()

    assert len(lines) == 1
    assert json.loads(lines[0])["rest_url"] == ""


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"123",
        b"\xff\xfe\x00",
        b"[" * 5000,
        b'{"pid": "me", "started_ms": 1}',
        b'{"pid": 1, "started_ms": 1, "rest_url": 7}',
        b'{"pid": 1, "started_ms": 1, "rest_url": "http://example.com"}',
        b'{"pid": 1, "started_ms": 1, "rest_url": "http://["}',
    ],
)
def test_garbage_in_the_lock_file_names_nobody_and_hinders_nobody(
    database: Path, garbage: bytes
) -> None:
    lock = Path(f"{database}.lock")

    with Lease(database):
        lock.write_bytes(garbage)
        named = holder_of(database)
        with pytest.raises(DeskBusy, match="process unknown"):
            Lease(database).acquire()
    with Lease(database):
        after = holder_of(database)

    assert named is None
    assert after
    assert after.pid == os.getpid()


def test_a_deleted_lock_file_is_put_back_and_still_keeps_others_out(database: Path) -> None:
    with Lease(database) as lease:
        Path(f"{database}.lock").unlink()

        lease.check()

        with pytest.raises(DeskBusy, match=str(os.getpid())):
            Lease(database).acquire()
        lease.check()


def test_a_lock_on_a_file_that_was_deleted_meanwhile_does_not_count(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file, locks = Path(f"{database}.lock"), lease_module._lock
    deletions = [1, 2]

    def too_late(handle: int) -> None:
        if deletions:
            deletions.pop()
            lock_file.unlink()
        locks(handle)

    monkeypatch.setattr(lease_module, "_lock", too_late)
    with Lease(database), pytest.raises(DeskBusy):
        Lease(database).acquire()

    assert not deletions


def test_a_holder_notices_that_another_one_took_the_place_of_its_deleted_file(
    database: Path,
) -> None:
    with Lease(database) as lease:
        lease.check()
        Path(f"{database}.lock").unlink()
        with another_holder(database) as other:
            assert said(other) == "held"

            with pytest.raises(LeaseLost, match=str(other.pid)):
                lease.check()


def test_a_lock_file_that_cannot_be_put_back_is_no_lost_lease(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    database = folder / "paperdesk.db"
    with Lease(database) as lease:
        folder.rename(tmp_path / "away")

        with pytest.raises(FileNotFoundError):
            lease.check()

        (tmp_path / "away").rename(folder)
        lease.check()


def test_a_holder_that_runs_has_a_heartbeat(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.lease.BEAT_S", 0.0)
    none = heartbeat_of(database)
    with Lease(database) as lease:
        os.utime(f"{database}.lock", (1, 1))
        before = heartbeat_of(database)
        lease.check()
        after = heartbeat_of(database)

    assert none == 0
    assert before != after


def test_a_lease_that_was_given_back_is_not_held(database: Path) -> None:
    lease = Lease(database)
    lease.acquire()
    lease.release()

    with pytest.raises(LeaseLost):
        lease.check()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DeskError, match="Cannot write"):
        Lease(tmp_path / "file" / "paperdesk.db").acquire()
