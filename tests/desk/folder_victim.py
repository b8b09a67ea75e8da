"""A desk that is killed between the storing of a file's signals and the moving of the file."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from desk.folder import keep_folder
from desk.settings import load_settings
from desk.view import Fact, SignalsArrived
from tests.desk.desks import running_desk


async def main(database: Path, folder: Path) -> None:
    """Watch *folder* until the first signals are stored."""

    def kill(fact: Fact) -> None:
        if isinstance(fact, SignalsArrived):
            os.kill(os.getpid(), signal.SIGKILL)

    settings, _ = load_settings(database.parent / "none.toml")
    async with running_desk(database, settings) as desk:
        desk.session.subscribe(kill)
        await keep_folder(desk.session, folder, 0.05)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
