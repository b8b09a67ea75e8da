from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(path)
    yield opened
    await opened.close()
