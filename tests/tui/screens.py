"""What the screen tests share: reading the screen as text, and waiting for conditions."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from tests.tui.fake_session import FakeSession
from tui.app import DeskApp

SIZES = [(80, 24), (120, 40), (200, 50)]


def screen_text(app: App[Any]) -> str:
    """Return the screen as the trader reads it, colours aside."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until(
    pilot: Pilot[Any], condition: Callable[[], bool], within_s: float = 5.0
) -> None:
    """Wait until *condition* holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not condition():
        assert loop.time() < end, "never became true\n" + screen_text(pilot.app)
        await pilot.pause(0.01)


async def settled(pilot: Pilot[Any]) -> None:
    """Paint until the chart, if there is one, has its candles."""
    app = pilot.app
    assert isinstance(app, DeskApp)
    for _ in range(3):
        app.paint()
        await pilot.pause(0.02)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press *keys* and show what they did."""
    await pilot.press(*keys)
    await settled(pilot)


def running(
    session: FakeSession, size: tuple[int, int] = (120, 40), theme: str = "desk-dark"
) -> AbstractAsyncContextManager[Pilot[None]]:
    """Run the app on *session* with toasts on the screen."""
    return DeskApp(session, theme=theme).run_test(size=size, notifications=True)
