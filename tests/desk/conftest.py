from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from desk.settings import Settings, load_settings
from tests.desk.desks import Desk, running_desk


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "none.toml")[0]


@pytest.fixture
async def start(
    tmp_path: Path, settings: Settings
) -> AsyncIterator[Callable[[], Awaitable[Desk]]]:
    """Give a function that starts a desk on this test's one database."""
    async with AsyncExitStack() as stack:

        async def starter() -> Desk:
            database = tmp_path / "paperdesk.db"
            return await stack.enter_async_context(running_desk(database, settings))

        yield starter
