"""Text pictures of the dialogs and of smart trades on the desk."""

from decimal import Decimal

import pytest
from syrupy.assertion import SnapshotAssertion

from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, TargetOrder, TrailOrder
from engine.model import EntryMode
from tests.tui.fake_session import FakeSession, a_signal, an_instrument, futures_desk
from tests.tui.screens import SIZES, press, running, screen_text, settled

D = Decimal
SMALL = (80, 24)
LADDER = (
    TargetOrder(price=D(110), fraction=D("0.5")),
    TargetOrder(price=D(120), fraction=D("0.3")),
    TargetOrder(price=None, fraction=D("0.2")),
)


def a_smart_desk() -> FakeSession:
    """A ladder with everything armed, a trailing runner, an order that waits."""
    names = ("AUSDT", "BUSDT", "CUSDT")
    session = FakeSession([an_instrument(name, "0.01", "0.01") for name in names])
    for name in names:
        session.price(name, "100")
        session.signals.append(a_signal(name, "100", "95", "110"))
    ladder, runner, order = session.signals
    trail = TrailOrder(distance=Offset(D("0.02"), Unit.FRACTION), activation=D(111))
    session.open(
        ladder,
        targets=LADDER,
        trailing=trail,
        break_even=BreakEvenOrder(trigger=D(105)),
        hold_ms=2 * 3_600_000,
    )
    session.open(
        runner, targets=(LADDER[0], TargetOrder(price=None, fraction=D("0.5"))), trailing=trail
    )
    session.price("CUSDT", "102")
    session.open(order, entry_mode=EntryMode.LIMIT)
    session.print("AUSDT", "103")
    session.print("BUSDT", "112")
    session.print("BUSDT", "111")
    return session


@pytest.mark.parametrize("size", SIZES)
async def test_smart_trades_fit_each_size(
    snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async with running(a_smart_desk(), size) as pilot:
        await press(pilot, "tab")

        assert screen_text(pilot.app) == snapshot


async def test_a_futures_desk_on_a_wide_terminal(snapshot: SnapshotAssertion) -> None:
    session = futures_desk()
    session.open(session.signals[0], leverage=10, targets=LADDER)
    session.mark("SOLUSDT", "101")
    session.fund("SOLUSDT", "0.0001", "101")

    async with running(session, (200, 50)) as pilot:
        await press(pilot, "tab")

        assert screen_text(pilot.app) == snapshot


@pytest.mark.parametrize("keys", [("o",), ("o", "ctrl+e")])
async def test_the_ticket_fits_a_small_terminal(
    snapshot: SnapshotAssertion, keys: tuple[str, ...]
) -> None:
    session = futures_desk()

    async with running(session, SMALL) as pilot:
        await press(pilot, *keys)

        assert screen_text(pilot.app) == snapshot


@pytest.mark.parametrize("keys", [("e",), ("enter",), ("w",), ("X",), ("j", "j", "x")])
async def test_what_the_keys_of_a_trade_open(
    snapshot: SnapshotAssertion, keys: tuple[str, ...]
) -> None:
    async with running(a_smart_desk(), SMALL) as pilot:
        await press(pilot, "tab", *keys)
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_the_edit_of_a_futures_trade_shows_its_liquidation(
    snapshot: SnapshotAssertion,
) -> None:
    session = futures_desk()
    session.open(session.signals[0], leverage=10)

    async with running(session, SMALL) as pilot:
        await press(pilot, "tab", "e", *["tab"] * 6, "5", "0")

        assert screen_text(pilot.app) == snapshot
