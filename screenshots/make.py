"""Write the pictures in this folder from the real desk on the simulated exchange."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Read by Textual when it is imported: pictures hold still.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from textual.pilot import Pilot
from textual.widgets import Input

from desk.anydesk import AnyDesk
from desk.settings import load_settings
from desk.start import Demo, open_any_desk
from engine.events import TradeClosed
from engine.model import TradeStatus
from tui.app import DeskApp

FOLDER = Path(__file__).parent
SIZES = ((80, 24), (120, 40), (200, 50))
SIGNALS, TRADES = 8, 5
WAIT_S = 120.0
SPEED = 12
LADDER = {
    "size": "0.3%",
    "targets": "1R:50%,2R:30%,runner:20%",
    "trail": "1%@1R",
    "break_even": "0.8R",
}
"""What is typed into the ticket for a trade with all there is."""


async def main() -> None:
    """Trade on fresh demos until every picture is taken."""
    await _on_demo(Tour.take, {"trading.size": "1000"})
    futures = {"account.market": "futures", "trading.leverage": 10}
    await _on_demo(Tour.take_futures, {"trading.size": "3000", **futures})


async def _on_demo(
    walk: "Callable[[Tour], Awaitable[None]]", overrides: dict[str, object]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = load_settings(Path(folder) / "none.toml", overrides)
        database = Path(folder) / "demo.db"
        async with open_any_desk(settings, database, demo=Demo(seed=7, speed=SPEED)) as desk:
            app = DeskApp(desk)
            async with app.run_test(size=SIZES[1], notifications=True) as pilot:
                await walk(Tour(desk, app, pilot))


@dataclass
class Tour:
    """One walk through the desk, with a picture at every stop."""

    session: AnyDesk
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
        await self._trade()
        await self._duplicate()
        await self._closing()

    async def take_futures(self) -> None:
        """Walk through the desk of a futures account."""
        await self._until(lambda: len(self.session.signal_views()) >= SIGNALS)
        await self._open_some()
        await self.pilot.resize_terminal(*SIZES[2])
        await self.pilot.pause(2.5)
        self._save("futures")

    async def _ticket(self) -> None:
        await self._press("o")
        await self._press("ctrl+e")
        await self._type(LADDER)
        self._save("ticket")
        await self._press("escape")

    async def _open_some(self) -> None:
        while len(self.session.trade_views()) < TRADES:
            smart = len(self.session.trade_views()) % 2
            await self._open_next(LADDER if smart else {})
        self.app.clear_notifications()

    async def _open_next(self, texts: Mapping[str, str]) -> None:
        await self._until(lambda: bool(self._untried()))
        signal_id = self._untried()[0]
        self.tried.add(signal_id)
        self._point_at(signal_id)
        await self._press("o")
        await self._type(texts)
        await self._press("enter")
        await self._press("escape")

    async def _trade(self) -> None:
        """Show the dialog and the pages of a trade with a ladder."""
        [trade_id, *_] = [v.trade.id for v in self.session.trade_views() if v.trade.trailing]
        self.app.desk.trades.focus()
        self.app.desk.trades.jump(trade_id)
        await self._press("e")
        await self._type({"trail": "0.8%", "hold": "4h"})
        self._save("edit")
        await self._press("escape")
        for key in ("x", "1", "enter", "enter"):  # a quarter by hand, then the trade's page
            await self._press(key)
        self.app.clear_notifications()
        await self.pilot.pause(0.4)
        self._save("trade")
        await self._press("w")
        self._save("why")
        await self._press("escape")
        await self._press("escape")

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
        """Show a target that is hit; a near one does not keep us waiting."""
        self.ends.clear()
        active = len(self.session.trade_views())
        while len(self.session.trade_views()) <= active:
            await self._open_next({"targets": "0.2R"})
        self.app.clear_notifications()
        await self._until(lambda: TradeStatus.CLOSED_TP in self.ends)
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

    async def _type(self, texts: Mapping[str, str]) -> None:
        """Put texts into the fields of the dialog that is open, if one is."""
        for name, text in texts.items():
            for field_ in self.app.screen.query(f"#{name}").results(Input):
                field_.value = text
        await self.pilot.pause(0.4)

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
