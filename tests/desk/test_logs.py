"""The log file keeps to its lines, its owner and its size."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import logs
from desk.errors import DeskError
from desk.logs import log_to_file

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [a-z.]+: .*")


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    level, before = root.level, list(root.handlers)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    yield
    root.setLevel(level)
    for handler in [one for one in root.handlers if one not in before]:
        root.removeHandler(handler)
        handler.close()


def log() -> logging.Logger:
    return logging.getLogger("desk.test")


def test_text_from_outside_can_forge_no_line_and_carry_no_escape(tmp_path: Path) -> None:
    path = log_to_file(tmp_path)

    log().warning("refused %s", "x\n2026-01-01 00:00:00.000Z INFO desk: all well\x1b[2J\u202e")

    [written] = path.read_bytes().splitlines()
    assert LINE.fullmatch(written.decode("ascii"))
    assert b"\\n2026" in written
    assert b"\x1b" not in written


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    path = log_to_file(tmp_path)

    log().warning("x" * 100_000)

    [written] = path.read_text().splitlines()
    assert len(written) == logs.MAX_LINE
    assert written.endswith("...")


def test_a_traceback_stands_indented_under_its_line_whatever_the_error_says(
    tmp_path: Path,
) -> None:
    path = log_to_file(tmp_path)

    error = ValueError("bad\n2026-01-01 00:00:00.000Z INFO desk: all well\x1b[2J")
    log().error("it broke", exc_info=error)

    head, *trace = path.read_text().splitlines()
    assert head.endswith("ERROR desk.test: it broke")
    assert all(line.startswith("    ") for line in trace)
    assert "ValueError: bad" in trace[-2]
    assert "\x1b" not in path.read_text()


def test_only_its_owner_can_read_it_also_after_a_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 1000)
    path = log_to_file(tmp_path / "logs")

    for number in range(100):
        log().warning("line %d", number)

    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [
        "paperdesk.log",
        "paperdesk.log.1",
        "paperdesk.log.2",
        "paperdesk.log.3",
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_size <= 1000 for file in files)
    assert path.read_text().splitlines()[-1].endswith("line 99")


def test_a_file_that_another_desk_rotated_is_not_written_any_more(tmp_path: Path) -> None:
    path = log_to_file(tmp_path)
    log().warning("before")

    os.rename(path, tmp_path / "paperdesk.log.1")  # noqa: PTH104 - as the other desk does it
    log().warning("after")

    assert path.read_text().splitlines()[0].endswith("after")
    assert (tmp_path / "paperdesk.log.1").read_text().splitlines()[-1].endswith("before")


def test_asking_twice_for_the_log_writes_each_line_once(tmp_path: Path) -> None:
    log_to_file(tmp_path)
    path = log_to_file(tmp_path)

    log().warning("once")

    assert len(path.read_text().splitlines()) == 1


def test_a_log_that_cannot_be_written_later_says_nothing_on_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log_to_file(tmp_path / "logs")
    path.unlink()
    path.mkdir()

    log().warning("lost")

    assert capsys.readouterr() == ("", "")


def test_a_folder_that_cannot_be_made_is_named_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")

    with pytest.raises(DeskError, match=r"Cannot write the log file .*paperdesk\.log"):
        log_to_file(tmp_path / "logs")
