"""Write the pictures in this folder from the real desk on the simulated exchange."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# Read by Textual when it is imported: pictures hold still.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual.pilot import Pilot

from desk.session import Session
from desk.settings import load_settings
from desk.start import Demo, open_desk
from engine.events import TradeClosed
from engine.model import TradeStatus
from tui.app import DeskApp

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (120, 40), (200, 50))
SIGNALS, TRADES = 8, 5
WAIT_S = 120.0


async def main() -> None:
    """Trade on a fresh demo until every picture is taken."""
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = load_settings(Path(folder) / "none.toml", {"trading.size": "1000"})
        database = Path(folder) / "demo.db"
        async with open_desk(settings, database, demo=Demo(seed=7, speed=12)) as session:
            app = DeskApp(session)
            async with app.run_test(size=SIZES[1], notifications=True) as pilot:
                await Tour(session, app, pilot).take()


@dataclass
class Tour:
    """One walk through the desk, with a picture at every stop."""

    session: Session
    app: DeskApp
    pilot: Pilot[None]
    tried: set[str] = field(default_factory=set)
    ends: list[TradeStatus] = field(default_factory=list)

    async def take(self) -> None:
        """Walk."""
        self.session.subscribe(self._note_end)
        await self._until(lambda: len(self.session.signal_views()) >= SIGNALS)
        await self._ticket()
        await self._open_some()
        await self._sizes()
        await self._duplicate()
        await self._closing()

    async def _ticket(self) -> None:
        await self._press("o")
        self._save("ticket")
        await self._press("escape")

    async def _open_some(self) -> None:
        while len(self.session.trade_views()) < TRADES:
            await self._until(lambda: bool(self._untried()))
            signal_id = self._untried()[0]
            self.tried.add(signal_id)
            self._point_at(signal_id)
            await self._press("o")
            await self._press("enter")
            await self._press("escape")
        self.app.clear_notifications()

    async def _sizes(self) -> None:
        for width, height in SIZES:
            await self.pilot.resize_terminal(width, height)
            await self.pilot.pause(2.5)
            self._save(f"desk-{width}x{height}")
        await self.pilot.resize_terminal(*SIZES[1])
        self.app.theme = "desk-light"
        await self.pilot.pause(1.5)
        self._save("desk-light")
        self.app.theme = "desk-dark"

    async def _duplicate(self) -> None:
        self.app.clear_notifications()
        await self._until(lambda: bool(self._taken()))
        self._point_at(self._taken()[0])
        await self._press("o")
        self._save("duplicate")

    async def _closing(self) -> None:
        while TradeStatus.CLOSED_TP not in self.ends:
            await self._open_some()
            self.ends.clear()
            await self._until(lambda: bool(self.ends))
        await self.pilot.pause(0.6)
        self._save("toast")

    def _untried(self) -> list[str]:
        views = self.session.signal_views()
        return [v.signal.id for v in views if v.signal.id not in self.tried]

    def _taken(self) -> list[str]:
        return [v.signal.id for v in self.session.signal_views() if v.trade_id is not None]

    def _point_at(self, signal_id: str) -> None:
        self.app.desk.signals.focus()
        self.app.desk.signals.jump(signal_id)

    def _note_end(self, fact: object) -> None:
        if isinstance(fact, TradeClosed):
            self.ends.append(fact.trade.status)

    async def _press(self, key: str) -> None:
        await self.pilot.press(key)
        await self.pilot.pause(0.4)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not condition():
                await self.pilot.pause(0.05)

    def _save(self, name: str) -> None:
        path = FOLDER / f"{name}.svg"
        path.write_text(self.app.export_screenshot(title="Paperdesk"), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(FOLDER.parent)}\n")


if __name__ == "__main__":
    asyncio.run(main())
