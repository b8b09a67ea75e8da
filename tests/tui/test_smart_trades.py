"""Smart trades by keys: orders, ladders, moving stops, edits, close all, futures."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.asked import Offset, Unit
from engine.commands import (
    BreakEvenOrder,
    CancelTrade,
    CloseTrade,
    EditTrade,
    OpenTrade,
    TargetOrder,
    TrailOrder,
    UndoEdit,
)
from engine.model import EntryMode, Trade
from engine.sizes import Risk
from engine.stops import StopPolicy
from tests.tui.fake_session import FakeSession, a_signal, an_instrument, futures_desk
from tests.tui.screens import press, running, screen_text, settled
from tui.screens.close_all import CloseAllQuestion
from tui.screens.edit import EditDialog
from tui.screens.ticket import Ticket

D = Decimal
ONE_R = Offset(D(1), Unit.R)
HALVES = (
    TargetOrder(price=D(110), fraction=D("0.5")),
    TargetOrder(price=None, fraction=D("0.5")),
)


def a_desk(last: str = "100") -> FakeSession:
    """One signal: LONG 100, stop 95, target 110."""
    session = FakeSession([an_instrument("SOLUSDT", "0.01", "0.01")])
    session.signals.append(a_signal("SOLUSDT", "100", "95", "110"))
    session.price("SOLUSDT", last)
    return session


def traded(**order: Any) -> FakeSession:
    session = a_desk()
    session.open(session.signals[0], **order)
    return session


def trade_of(session: FakeSession) -> Trade:
    [trade] = session.book.active()
    return trade


async def type_in(pilot: Pilot[Any], **fields: str) -> None:
    """Put texts into the fields of the dialog on the screen."""
    for name, text in fields.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = text
    await settled(pilot)


def squeezed(pilot: Pilot[Any]) -> str:
    """Return the screen without frames and with single blanks: its words, not its layout."""
    return " ".join(screen_text(pilot.app).replace("│", " ").split())


# The ticket.


async def test_everything_a_trader_can_say_of_a_trade_is_one_ticket() -> None:
    session = a_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o", "ctrl+e")
        await type_in(
            pilot,
            size="0.5% without fees",
            entry="limit 99",
            stop="95",
            targets="1R:50%,2R:30%,runner:20%",
            trail="1%@2R",
            break_even="1R",
            after_target="keep",
            hold="4h",
            expires="30m",
            note="pullback",
        )
        shown = screen_text(pilot.app)
        await press(pilot, "enter")

        [command] = session.commands
        assert command == OpenTrade(
            symbol="SOLUSDT",
            direction=session.signals[0].direction,
            signal=session.signals[0],
            size=Risk(D("0.005"), fees=False),
            entry_mode=EntryMode.LIMIT,
            entry=D(99),
            stop=D(95),
            targets=(
                TargetOrder(price=ONE_R, fraction=D("0.5")),
                TargetOrder(price=Offset(D(2), Unit.R), fraction=D("0.3")),
                TargetOrder(price=None, fraction=D("0.2")),
            ),
            trailing=TrailOrder(
                distance=Offset(D("0.01"), Unit.FRACTION), activation=Offset(D(2), Unit.R)
            ),
            break_even=BreakEvenOrder(trigger=ONE_R),
            after_target=StopPolicy.KEEP,
            hold_ms=4 * 3_600_000,
            lives_ms=30 * 60_000,
            note="pullback",
        )
        assert "waits for 99.00" in shown
        assert "1.00% behind, from 107.00" in shown
        assert "until 03:33:22Z" in shown
        assert "wins" in shown


async def test_a_refused_ladder_keeps_every_field() -> None:
    session = a_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")
        await type_in(pilot, targets="105:60%,110:60%", note="kept")
        await press(pilot, "enter")

        screen = pilot.app.screen
        assert isinstance(screen, Ticket)
        assert "! " in screen_text(pilot.app)
        assert screen.query_one("#targets", Input).value == "105:60%,110:60%"
        assert screen.query_one("#note", Input).value == "kept"
        assert not session.book.active()


async def test_the_rarer_fields_show_on_request_or_when_the_settings_use_them() -> None:
    session = a_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")
        plain = screen_text(pilot.app)
        await press(pilot, "ctrl+e")
        asked = screen_text(pilot.app)
        await press(pilot, "escape")
        session.settings.hold_ms = 3_600_000
        await press(pilot, "o")

        assert "Break-even" not in plain
        assert "Break-even  off" in asked
        assert "Hold        1h" in screen_text(pilot.app)


async def test_the_hint_says_what_the_field_takes() -> None:
    async with running(a_desk(), (80, 24)) as pilot:
        await press(pilot, "o")
        size = screen_text(pilot.app)
        await press(pilot, "tab", "tab", "tab")

        assert "kelly 0.5 cap 2%" in size
        assert "a runner has no target" in squeezed(pilot)


async def test_distances_in_atr_are_worked_out_from_the_candles() -> None:
    session = a_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")
        await type_in(pilot, stop="2ATR")
        await settled(pilot)

        assert ("SOLUSDT", "15m") in session.asked_for
        assert "= " in screen_text(pilot.app)
        assert "! " not in screen_text(pilot.app)


async def test_a_kelly_size_is_said_to_follow_when_it_is_sent() -> None:
    async with running(a_desk(), (80, 24)) as pilot:
        await press(pilot, "o")
        await type_in(pilot, size="kelly 0.5 cap 2%")

        assert "The Kelly size follows from your past" in screen_text(pilot.app)


async def test_an_order_that_waits_is_not_asked_about_a_market_that_has_run() -> None:
    session = a_desk(last="104")  # 0.8 R away
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")
        await type_in(pilot, entry="limit")
        await press(pilot, "enter")

        assert trade_of(session).entry_price == D(100)


async def test_a_futures_ticket_shows_leverage_margin_and_an_estimated_liquidation() -> None:
    session = futures_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")
        shown = screen_text(pilot.app)
        await type_in(pilot, leverage="10x")
        await press(pilot, "enter")

        assert "margin 20.00" in shown
        assert "liq estimated" in shown
        assert trade_of(session).leverage == 10


# Orders that wait.


async def test_a_pending_order_has_a_row_with_its_distance_and_its_time() -> None:
    session = a_desk(last="102")
    session.open(session.signals[0], entry_mode=EntryMode.LIMIT, lives_ms=90 * 60_000)
    async with running(session, (80, 24)) as pilot:
        await settled(pilot)

        shown = screen_text(pilot.app)
        assert "Open trades 0 · 1 pending" in shown
        assert "PENDING  → 1.96% limit 1h30m" in shown


async def test_x_on_a_pending_order_takes_it_back_after_a_question() -> None:
    session = a_desk(last="102")
    session.open(session.signals[0], entry_mode=EntryMode.LIMIT)
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "x")
        asked = squeezed(pilot)
        await press(pilot, "y")
        await settled(pilot)

        assert "Take back SOLUSDT LONG 5 limit @ 100.00?" in asked
        assert session.commands == [CancelTrade(trade_id=1)]
        assert "◌ CANCELLED" in screen_text(pilot.app)
        assert "cancelled by hand" in screen_text(pilot.app)


async def test_an_order_that_fills_under_the_question_is_not_lost() -> None:
    session = a_desk(last="102")
    session.open(session.signals[0], entry_mode=EntryMode.LIMIT)
    async with running(session, (120, 40)) as pilot:
        await press(pilot, "tab", "x")
        session.print("SOLUSDT", "100")
        await press(pilot, "y")
        await settled(pilot)

        assert "Trade #1 is open; close it instead." in screen_text(pilot.app)
        assert trade_of(session).fills


# Edits.


async def test_an_edit_sends_only_what_was_changed_and_u_takes_it_back() -> None:
    session = traded()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")
        await type_in(pilot, stop="97")
        preview = screen_text(pilot.app)
        await press(pilot, "enter")
        moved = trade_of(session).stop
        await press(pilot, "u")

        assert "was -25.98" in preview
        assert session.commands == [EditTrade(trade_id=1, stop=D(97)), UndoEdit(trade_id=1)]
        assert moved == D(97)
        assert trade_of(session).stop == D(95)
        assert "Edit taken back" in screen_text(pilot.app)


async def test_a_wider_stop_needs_an_explicit_key() -> None:
    session = traded()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")
        await type_in(pilot, stop="93")
        await press(pilot, "enter")
        refused = squeezed(pilot)
        kept = trade_of(session).stop
        await press(pilot, "ctrl+w")
        allowed = screen_text(pilot.app)
        await press(pilot, "enter")

        assert "ctrl+w allows it" in refused
        assert kept == D(95)
        assert "THE STOP IS WIDER" in allowed
        assert trade_of(session).stop == D(93)


async def test_an_edit_that_would_close_at_once_is_refused_in_the_dialog() -> None:
    session = traded()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")
        await type_in(pilot, stop="101")
        await press(pilot, "enter")

        assert isinstance(pilot.app.screen, EditDialog)
        assert "would close the trade at once" in screen_text(pilot.app)
        assert trade_of(session).stop == D(95)


async def test_an_edit_that_races_a_close_says_that_the_close_has_won() -> None:
    session = traded()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")
        await type_in(pilot, stop="97")
        session.print("SOLUSDT", "94")
        await settled(pilot)
        behind = screen_text(pilot.app)
        await press(pilot, "enter")

        assert "has ended meanwhile" in behind
        assert "Trade #1 is not open (any more)." in screen_text(pilot.app)


async def test_an_edit_of_nothing_sends_nothing() -> None:
    session = traded(targets=HALVES)
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e", "enter")

        assert "Nothing is changed yet." in screen_text(pilot.app)
        assert not session.commands


async def test_the_edit_dialog_shows_the_exits_as_they_would_be_typed() -> None:
    trail = TrailOrder(
        distance=Offset(D("0.02"), Unit.FRACTION), activation=Offset(D(1), Unit.R)
    )
    session = traded(
        targets=HALVES, trailing=trail, break_even=BreakEvenOrder(trigger=ONE_R), hold_ms=60_000
    )
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")

        texts = {one.id: one.value for one in pilot.app.screen.query(Input)}
        assert texts == {
            "stop": "95.00",
            "targets": "110:50%,runner:50%",
            "trail": "2%@105",
            "break_even": "105",
            "after_target": "break-even",
            "hold": "1m",
        }


async def test_a_ladder_can_be_edited_while_the_trade_is_open() -> None:
    session = traded()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "tab", "e")
        await type_in(pilot, targets="108:40%,112:60%", trail="off", hold="2h")
        await press(pilot, "enter")

        trade = trade_of(session)
        assert [target.price for target in trade.targets] == [D(108), D(112)]
        assert trade.hold_ms == 2 * 3_600_000


async def test_b_moves_the_stop_to_break_even_at_once_where_it_can() -> None:
    session = traded()
    session.price("SOLUSDT", "105")
    async with running(session) as pilot:
        await press(pilot, "tab", "b")

        trade = trade_of(session)
        assert session.commands == [EditTrade(trade_id=1, break_even=BreakEvenOrder())]
        assert trade.stop > trade.entry_price
        assert f"to break-even {trade.stop}" in screen_text(pilot.app)


async def test_b_arms_a_break_even_that_is_not_behind_the_market_yet() -> None:
    session = traded()
    async with running(session) as pilot:
        await press(pilot, "tab", "b")
        armed = squeezed(pilot)
        session.print("SOLUSDT", "104")
        await settled(pilot)

        assert "once the market is beyond it" in armed
        assert trade_of(session).stop > D(100)
        assert "◆ stop of SOLUSDT to break-even 100.21" in screen_text(pilot.app)


async def test_a_key_that_the_rules_refuse_says_why() -> None:
    session = traded()
    async with running(session) as pilot:
        await press(pilot, "tab", "u")

        assert "Nothing undone" in screen_text(pilot.app)
        assert "There is no edit of trade #1" in screen_text(pilot.app)


# Close all.


def a_full_desk() -> FakeSession:
    names = ("AUSDT", "BUSDT", "CUSDT")
    session = FakeSession([an_instrument(name, "0.01", "0.01") for name in names])
    for name in names:
        session.price(name, "100")
    session.open(a_signal("AUSDT", "100", "95", "110"))
    session.open(a_signal("BUSDT", "100", "95", "110"))
    session.open(a_signal("CUSDT", "99", "95", "110"), entry_mode=EntryMode.LIMIT)
    return session


async def test_close_all_wants_its_word_and_closes_and_cancels() -> None:
    session = a_full_desk()
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "X", "enter")
        asked, untouched = screen_text(pilot.app), len(session.book.active())
        await press(pilot, *"close", "enter")
        await settled(pilot)

        assert "2 trades and 1 order waiting" in asked
        assert untouched == 3
        assert session.commands == [
            CloseTrade(trade_id=1),
            CloseTrade(trade_id=2),
            CancelTrade(trade_id=3),
        ]
        assert not session.book.active()


async def test_close_all_says_together_what_could_not_be_closed() -> None:
    session = a_full_desk()
    session.stale = {"AUSDT", "BUSDT"}
    async with running(session) as pilot:
        await press(pilot, "X", *"close", "enter")
        await settled(pilot)

        assert "2 of 3 not closed" in screen_text(pilot.app)
        assert [trade.id for trade in session.book.active()] == [1, 2]


async def test_close_all_can_be_left_and_is_not_asked_on_an_empty_desk() -> None:
    full, empty = a_full_desk(), a_desk()
    async with running(full, (80, 24)) as pilot:
        await press(pilot, "X", *"close", "escape")
    async with running(empty, (80, 24)) as pilot:
        await press(pilot, "X")

        assert not full.commands
        assert not isinstance(pilot.app.screen, CloseAllQuestion)
        assert "There is no trade to close." in screen_text(pilot.app)


# What is shown.


async def test_the_detail_lists_stops_and_ladder_and_follows_the_trade_to_its_end() -> None:
    trail = TrailOrder(
        distance=Offset(D("0.02"), Unit.FRACTION), activation=Offset(D(3), Unit.R)
    )
    session = traded(targets=HALVES, trailing=trail, hold_ms=3_600_000)
    async with running(session, (120, 40)) as pilot:
        await press(pilot, "tab", "enter")
        fresh = squeezed(pilot)
        session.print("SOLUSDT", "110")
        await settled(pilot)
        rest = squeezed(pilot)
        session.print("SOLUSDT", "100")
        await settled(pilot)
        ended = squeezed(pilot)

        assert "▸ first stop 95.00" in fresh
        assert "trailing 2.00% – from 115.00" in fresh
        assert "runner 2.5 no target" in fresh
        assert "in 1h00m" in fresh
        assert "▸ break-even 100.21" in rest
        assert "filled" in rest
        assert "Break-even stop at" in ended


async def test_a_futures_row_has_leverage_liquidation_and_funding() -> None:
    session = futures_desk()
    session.open(session.signals[0], leverage=10)
    session.mark("SOLUSDT", "101")
    async with running(session, (200, 50)) as pilot:
        await settled(pilot)
        session.fund("SOLUSDT", "0.0001", "101")
        await press(pilot, "tab", "enter")

        shown = screen_text(pilot.app)
        assert "10x" in shown
        assert "TO LIQ" in shown
        assert "~-" in shown
        assert "isolated, 10x" in shown
        assert "%, estimated" in shown
        assert "+0.0100% at 101.00" in shown


async def test_a_liquidation_is_told_as_what_it_is() -> None:
    session = futures_desk()
    session.open(replace(session.signals[0]), leverage=10)
    async with running(session) as pilot:
        await settled(pilot)
        session.mark("SOLUSDT", "80")
        await settled(pilot)

        assert "▼ Liquidated" in screen_text(pilot.app)
        assert "▼ LIQUIDATED SOLUSDT LONG" in screen_text(pilot.app)


@pytest.mark.parametrize("keys", [(), ("tab",)])
async def test_the_footer_shows_all_of_its_keys_at_80_columns(keys: tuple[str, ...]) -> None:
    async with running(traded(), (80, 24)) as pilot:
        await press(pilot, *keys)

        footer = screen_text(pilot.app).splitlines()[-1]
        assert "? Help" in footer
        assert "q Quit" in footer
