"""What the webhook keeps on disk: its token, and the texts that it has taken."""

from pathlib import Path

import pytest

from desk.deliveries import REMEMBER_MS, Seen
from desk.errors import DeskError
from desk.token import NAME, ensure_token


def test_the_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    token = ensure_token(tmp_path)

    assert ensure_token(tmp_path) == token
    assert len(token) == 43
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


def test_a_damaged_token_is_not_used(tmp_path: Path) -> None:
    ensure_token(tmp_path)
    (tmp_path / NAME).write_text("short\n", encoding="ascii")

    with pytest.raises(DeskError, match="damaged"):
        ensure_token(tmp_path)


async def test_a_text_is_remembered_over_a_restart_for_seven_days(tmp_path: Path) -> None:
    first = Seen(tmp_path / "seen")
    await first.add("a" * 64, 1_000)
    with (tmp_path / "seen").open("a", encoding="ascii") as file:
        file.write("2000 bbb")  # cut off by a crash

    again = Seen(tmp_path / "seen")
    again.load(2_000)
    await again.add("c" * 64, 3_000)
    last = Seen(tmp_path / "seen")
    last.load(4_000)

    assert last.knows("a" * 64, REMEMBER_MS + 999)
    assert not last.knows("a" * 64, REMEMBER_MS + 1_000)
    assert last.knows("c" * 64, 4_000)
    assert not last.knows("b" * 64, 4_000)
