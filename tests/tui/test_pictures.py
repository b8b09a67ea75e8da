"""Colour pictures of the key screens; look at the report before accepting a new one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.fake_session import FakeSession, sample_desk
from tests.tui.screens import SIZES, press, settled
from tui.app import DeskApp

Compare = Callable[..., bool]


def doing(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    async def run(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in keys:
            await press(pilot, key)

    return run


@pytest.mark.parametrize("theme", ["desk-dark", "desk-light", "desk-cvd"])
@pytest.mark.parametrize("size", SIZES)
def test_the_desk(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = DeskApp(sample_desk(), theme=theme)

    assert snap_compare(app, terminal_size=size, run_before=doing())


def test_the_order_ticket(snap_compare: Compare) -> None:
    app = DeskApp(sample_desk())

    assert snap_compare(app, terminal_size=(80, 24), run_before=doing("j", "j", "j", "o"))


def test_the_ticket_says_what_is_wrong(snap_compare: Compare) -> None:
    app = DeskApp(sample_desk())
    keys = ("j", "j", "j", "o", "0", "0", "0", "enter")

    assert snap_compare(app, terminal_size=(80, 24), run_before=doing(*keys))


def test_the_duplicate_refusal(snap_compare: Compare) -> None:
    app = DeskApp(sample_desk())

    assert snap_compare(app, terminal_size=(120, 40), run_before=doing("j", "j", "o"))


def test_a_closing_toast(snap_compare: Compare) -> None:
    session = sample_desk()

    async def target_reached(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        session.print("SOLUSDT", "155.80")
        await settled(pilot)

    assert snap_compare(DeskApp(session), terminal_size=(120, 40), run_before=target_reached)


def test_stop_losses_are_told_apart_without_colour(snap_compare: Compare) -> None:
    session = sample_desk()

    async def stopped(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        session.print("SOLUSDT", "148.00")
        await settled(pilot)

    app = DeskApp(session, theme="desk-cvd")

    assert snap_compare(app, terminal_size=(80, 24), run_before=stopped)


def test_the_close_question(snap_compare: Compare) -> None:
    app = DeskApp(sample_desk())

    assert snap_compare(app, terminal_size=(80, 24), run_before=doing("tab", "j", "x"))


def test_the_help(snap_compare: Compare) -> None:
    app = DeskApp(sample_desk())

    assert snap_compare(app, terminal_size=(120, 40), run_before=doing("question_mark"))


def test_the_empty_desk(snap_compare: Compare) -> None:
    app = DeskApp(FakeSession())

    assert snap_compare(app, terminal_size=(120, 40), run_before=doing())
