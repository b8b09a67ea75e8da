"""Text pictures of the desk: every size, and the states that are rarely seen."""

from decimal import Decimal

import pytest
from syrupy.assertion import SnapshotAssertion

from desk.view import Notice
from market.feed import FeedState, FeedStatus
from tests.tui.fake_session import (
    NOW_MS,
    FakeSession,
    a_signal,
    an_instrument,
    sample_desk,
)
from tests.tui.screens import SIZES, press, running, screen_text, settled


@pytest.mark.parametrize("size", SIZES)
async def test_the_desk_fits_each_size(
    snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async with running(sample_desk(), size) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_desk_says_what_will_fill_it(
    snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async with running(FakeSession(), size) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_an_offline_desk_says_what_was_tried(snapshot: SnapshotAssertion) -> None:
    session = sample_desk()
    session.feed = FeedStatus(
        state=FeedState.OFFLINE,
        detail="No host answered: tried data-api.example, api.example. Next try in 8 s. "
        "To look around without a network: paperdesk demo",
        since_ms=NOW_MS - 40_000,
    )

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_stale_prices_are_named_and_their_trades_not_watched(
    snapshot: SnapshotAssertion,
) -> None:
    session = sample_desk()
    session.feed = FeedStatus(state=FeedState.STALE, since_ms=NOW_MS - 12_000)

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_a_halted_desk_says_so_across_the_screen(snapshot: SnapshotAssertion) -> None:
    session = sample_desk()
    session.halted = "The disk is full: events are kept and stored as soon as there is room."

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_simulated_prices_are_named(snapshot: SnapshotAssertion) -> None:
    session = sample_desk(trades=0)
    session.simulated = True

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app).splitlines()[:2] == snapshot


async def test_three_hundred_trades_scroll(snapshot: SnapshotAssertion) -> None:
    names = [f"C{number:03d}USDT" for number in range(300)]
    session = FakeSession([an_instrument(name, "0.01") for name in names], deposit="1000000")
    for name in names:
        session.price(name, "100")
        session.open(a_signal(name, "100", "95", "110"), stake="100")

    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "G")

        assert screen_text(pilot.app) == snapshot


async def test_wide_names_stay_in_their_columns(snapshot: SnapshotAssertion) -> None:
    names = ["币安人生USDT", "ABCDEFGHIJKLMNOPUSDT", "我踏马来了USDT", "AUSDT"]
    session = FakeSession([an_instrument(name, "0.0001") for name in names])
    for name in names:
        session.price(name, "1.25")
        session.signals.append(a_signal(name, "1.25", "1.20", "1.35"))
    session.open(session.signals[0])

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


async def test_tiny_and_huge_prices_show_their_own_decimals(
    snapshot: SnapshotAssertion,
) -> None:
    session = FakeSession(
        [
            an_instrument("PEPEUSDT", "0.00000001", "1"),
            an_instrument("BTCUSDT", "0.01", "0.00001"),
        ]
    )
    session.price("PEPEUSDT", "0.00001234")
    session.price("BTCUSDT", "104250.10")
    session.signals += [
        a_signal("PEPEUSDT", "0.00001234", "0.00001190", "0.00001310"),
        a_signal("BTCUSDT", "104250.10", "105100", "102700"),
    ]
    for signal in session.signals:
        session.open(signal)

    async with running(session, (120, 40)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot


HOSTILE = "[/] [red]x[/red] [@click=app.quit]y[/] \x1b[2J\x1b]52;c;aGk=\x07\u202ez\n\x9b31m"


async def test_hostile_text_is_shown_as_text(snapshot: SnapshotAssertion) -> None:
    session = FakeSession([an_instrument("BTCUSDT", "0.01")])
    session.price("BTCUSDT", "100")
    session.signals.append(
        a_signal("BTCUSDT", "100", "95", "110", source=HOSTILE, reason=HOSTILE, timeframe="[/]")
    )
    session.open(session.signals[0], note=HOSTILE)

    async with running(session, (200, 50)) as pilot:
        await settled(pilot)
        session.announce([Notice(HOSTILE, "warning")])
        await settled(pilot)
        shown = screen_text(pilot.app)

        assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(shown)
        assert "[red]x[/red]" in shown
        assert shown == snapshot


async def test_below_the_smallest_size_one_line_says_what_is_needed() -> None:
    async with running(sample_desk(), (72, 18)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app).split() == ["Terminal", "72x18,", "need", "80x20"]


async def test_the_desk_comes_back_when_the_terminal_grows() -> None:
    async with running(sample_desk(), (72, 18)) as pilot:
        await pilot.resize_terminal(80, 24)
        await settled(pilot)

        assert "BTCUSDT" in screen_text(pilot.app)


async def test_a_price_that_is_missing_is_not_invented(snapshot: SnapshotAssertion) -> None:
    session = sample_desk(trades=1)
    session.prices.clear()
    session.today = Decimal("-0.004")

    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        assert screen_text(pilot.app) == snapshot
