"""One process holds a desk; the lock goes with the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from desk.errors import DeskBusy, DeskError
from desk.lease import Lease

HOLD = """
import sys, pathlib
from desk.lease import Lease
with Lease(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    database = tmp_path / "paperdesk.db"

    with Lease(database), pytest.raises(DeskBusy, match=r"process \d+"):
        Lease(database).acquire()

    with Lease(database):
        pass


def test_the_lease_of_a_killed_process_is_free(tmp_path: Path) -> None:
    database = tmp_path / "paperdesk.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DeskBusy, match=str(holder.pid)):
        Lease(database).acquire()

    holder.kill()
    holder.communicate()

    with Lease(database):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DeskError, match="Cannot write"):
        Lease(tmp_path / "file" / "paperdesk.db").acquire()
