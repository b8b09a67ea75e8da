"""Key by key: a signal, a trade, a price that moves, a close, a toast; all parts are real."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from desk.session import Session
from desk.settings import load_settings
from desk.start import open_any_desk
from engine.model import TradeStatus
from market.feed import FeedState
from market.simulator import SimulatorServer
from tests.tui.screens import screen_text, until
from tests.whole.home import idea, last_price, on_tick, paperdesk
from tui.app import DeskApp

SYMBOL = "BTCUSDT"


@dataclass
class Screen:
    """A desk on screen, on the live path, with the exchange behind it."""

    app: DeskApp
    pilot: Pilot[None]
    session: Session
    exchange: SimulatorServer

    async def add_signal(self, home: Path, **changes: object) -> str:
        """Let another process bring a signal; wait until it is in the table."""
        text = idea(self.exchange, SYMBOL, **changes)
        said = await paperdesk(home, "signals", "add", text, "--json")
        await until(self.pilot, lambda: bool(self.session.signal_views()))
        await self.repaint()
        return str(said.json["id"])

    async def press(self, *keys: str) -> None:
        """Press keys and paint."""
        await self.pilot.press(*keys)
        await self.repaint()

    async def repaint(self) -> None:
        """Paint now."""
        self.app.paint()
        await self.pilot.pause(0.05)

    def text(self) -> str:
        """Return what the trader reads."""
        return screen_text(self.app)

    def toasts(self) -> list[str]:
        """Return the toasts on screen, title and message."""
        return [
            f"{toast._notification.title}: {toast._notification.message}"
            for toast in self.app.screen.query(Toast)
        ]


@asynccontextmanager
async def desk_on_screen(home: Path, exchange: SimulatorServer) -> AsyncIterator[Screen]:
    settings, _ = load_settings(home / "config.toml")
    async with open_any_desk(settings, home / "paperdesk.db") as desk:
        app, session = DeskApp(desk), desk.role
        assert isinstance(session, Session)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: session.feed.status.state is FeedState.LIVE)
            yield Screen(app, pilot, session, exchange)


@pytest.fixture
async def screen(home: Path, exchange: SimulatorServer) -> AsyncIterator[Screen]:
    async with desk_on_screen(home, exchange) as found:
        yield found


async def test_a_trade_opened_by_key_closes_itself_at_its_target_with_a_toast(
    screen: Screen, home: Path
) -> None:
    target = on_tick(last_price(screen.exchange, SYMBOL) * Decimal("1.02"))
    await screen.add_signal(home, tp=[target])
    await screen.press("o")
    await until(screen.pilot, lambda: "enter open" in screen.text())
    await screen.press("enter")
    await until(screen.pilot, lambda: bool(screen.session.trade_views()))
    await screen.repaint()
    open_text = screen.text()

    screen.exchange.exchange.force(SYMBOL, target)
    await until(screen.pilot, lambda: not screen.session.trade_views())
    await until(screen.pilot, lambda: any("Take profit" in t for t in screen.toasts()))

    assert "Open trades 1" in open_text
    trade = await screen.session.ledger.trade("main", 1)
    assert trade is not None
    assert trade.status is TradeStatus.CLOSED_TP
    assert trade.exit_price == Decimal(target)
    entry, exit_ = trade.fills
    assert trade.net == exit_.gross - entry.fee - exit_.fee
    assert screen.session.header().balance == 10_000 + trade.net
    assert "CLOSED TP" in screen.text()


async def test_a_stop_pays_the_gap(screen: Screen, home: Path) -> None:
    last = last_price(screen.exchange, SYMBOL)
    await screen.add_signal(home, sl=on_tick(last * Decimal("0.99")))
    await screen.press("o", "enter")
    await until(screen.pilot, lambda: bool(screen.session.trade_views()))

    gap = on_tick(last * Decimal("0.93"))
    screen.exchange.exchange.force(SYMBOL, gap)
    await until(screen.pilot, lambda: any("Stop loss" in t for t in screen.toasts()))

    trade = await screen.session.ledger.trade("main", 1)
    assert trade is not None
    assert (trade.status, trade.exit_price) == (TradeStatus.CLOSED_SL, Decimal(gap))


async def test_a_second_trade_on_the_signal_is_refused_and_the_cursor_jumps_to_the_first(
    screen: Screen, home: Path
) -> None:
    await screen.add_signal(home)
    await screen.press("o", "enter")
    await until(screen.pilot, lambda: bool(screen.session.trade_views()))
    await screen.repaint()

    await screen.press("o")
    await until(screen.pilot, lambda: any("Duplicate trade: #1" in t for t in screen.toasts()))

    assert len(screen.session.trade_views()) == 1
    assert screen.app.focused is screen.app.desk.trades


async def test_a_script_trades_on_the_desk_that_is_open_on_screen(
    screen: Screen, home: Path
) -> None:
    signal_id = await screen.add_signal(home)

    opened = await paperdesk(home, "open", signal_id, "--json")
    again = await paperdesk(home, "open", signal_id, "--json")
    closed = await paperdesk(home, "close", "1", "--json")
    no_terminal = await paperdesk(home)

    assert (opened.code, opened.json["status"]) == (0, "OPEN")
    assert again.json["error"] == "duplicate"
    assert closed.json["status"] == "CLOSED_MANUAL"
    assert no_terminal.code == 1
    assert "needs a terminal" in no_terminal.err


async def test_prices_go_on_moving_profit_and_loss(screen: Screen, home: Path) -> None:
    await screen.add_signal(home)
    await screen.press("o", "enter")
    await until(screen.pilot, lambda: bool(screen.session.trade_views()))

    seen = set()

    def moved() -> bool:
        [view] = screen.session.trade_views()
        seen.add(view.unrealised)
        return len(seen) >= 4

    await until(screen.pilot, moved, within_s=20)
    assert screen.session.header().complete


async def test_a_lost_connection_is_named_and_what_it_missed_is_booked(
    screen: Screen, home: Path
) -> None:
    target = on_tick(last_price(screen.exchange, SYMBOL) * Decimal("1.02"))
    await screen.add_signal(home, tp=[target])
    await screen.press("o", "enter")
    await until(screen.pilot, lambda: bool(screen.session.trade_views()))

    screen.exchange.faults.drop(SYMBOL, 3)
    screen.exchange.exchange.force(SYMBOL, target)
    await until(screen.pilot, lambda: not screen.session.trade_views(), within_s=20)

    trade = await screen.session.ledger.trade("main", 1)
    assert trade is not None
    assert trade.exit_price == Decimal(target)
