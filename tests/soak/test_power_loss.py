"""The power fails: no acknowledged commit is lost, no book is spoilt."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from store.connection import Journal, journal_for
from tests.soak.conftest import Figures
from tests.soak.power_loss import cut_power, record_trading

WITH_FIX, WITHOUT_FIX = (3, 51, 3), (3, 40, 1)
"""SQLite versions for which the store chooses WAL and DELETE."""


async def power_cuts(
    folder: Path, journal: Journal, *, commits: int, points: int, seed: int
) -> Counter[str]:
    """Trade, then fail the power at random moments of it."""
    chance, found = Random(seed), folder / "found"
    found.mkdir()
    path = folder / "books.db"
    recording = await record_trading(path, journal, commits=commits, chance=chance)
    return await cut_power(recording, found, points=points, chance=chance)


@pytest.mark.parametrize("version", [WITH_FIX, WITHOUT_FIX], ids=["WAL", "DELETE"])
@pytest.mark.parametrize(
    ("commits", "points"), [(30, 100), pytest.param(200, 5_000, marks=pytest.mark.soak)]
)
async def test_no_power_cut_loses_an_acknowledged_commit_or_spoils_the_books(
    scratch: Path,
    version: tuple[int, ...],
    commits: int,
    points: int,
    seed: int,
    figures: Figures,
) -> None:
    journal = journal_for(version)

    verdicts = await power_cuts(scratch, journal, commits=commits, points=points, seed=seed)

    figures |= {"journal": f"{journal.mode}+{journal.synchronous}", **verdicts}
    assert verdicts["lost"] == verdicts["spoilt"] == 0
    assert verdicts["before"] + verdicts["after"] == points


@pytest.mark.parametrize(
    ("mode", "synchronous", "harm"),
    [
        ("WAL", "NORMAL", "lost"),
        ("DELETE", "FULL", "lost"),
        ("DELETE", "OFF", "spoilt"),
        ("WAL", "OFF", "spoilt"),
    ],
)
async def test_the_same_power_cuts_do_harm_to_any_weaker_setting(
    scratch: Path, mode: str, synchronous: str, harm: str, seed: int, figures: Figures
) -> None:
    journal = Journal(mode, synchronous, "weaker than the store would choose")

    verdicts = await power_cuts(scratch, journal, commits=30, points=40, seed=seed)

    figures |= {"journal": f"{journal.mode}+{journal.synchronous}", **verdicts}
    assert verdicts[harm] > 0
