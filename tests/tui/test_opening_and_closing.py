"""A trade's life by keys: ticket, refusals, close question, toasts."""

from dataclasses import replace
from decimal import Decimal

import pytest
from textual.widgets import Input

from desk.errors import Halted
from engine.commands import CloseTrade, Command, OpenTrade
from engine.events import Event
from engine.sizes import Risk
from tests.tui.fake_session import FakeSession, a_signal, an_instrument, sample_desk
from tests.tui.screens import press, running, screen_text, settled, until
from tui.app import DeskApp
from tui.screens.close import CloseQuestion
from tui.screens.desk import LINGER_S
from tui.screens.ticket import Ticket


async def test_two_keys_open_a_trade_on_the_signal_under_the_cursor() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await press(pilot, "o", "enter")

        [command] = session.commands
        assert isinstance(command, OpenTrade)
        assert command.signal is session.signals[0]
        assert "#1 open" in app.desk.signals.cursor_text()


async def test_the_ticket_follows_every_key() -> None:
    async with running(sample_desk(trades=0), (80, 24)) as pilot:
        await press(pilot, "j", "j", "o")
        before = screen_text(pilot.app)

        await press(pilot, "backspace")

        assert "= 0.65 SOL  (99.07 USDT)" in before
        assert "= 0.06 SOL  (9.14 USDT)" in screen_text(pilot.app)


async def test_the_size_may_be_a_part_of_equity_to_risk() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        await press(pilot, "o", *["backspace"] * 3, "1", "%", "enter")

        [command] = session.commands
        assert isinstance(command, OpenTrade)
        assert command.size == Risk(Decimal("0.01"))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (("backspace", "backspace", "backspace"), "Size is empty"),
        (("a", "b", "c"), "Size must be a stake"),
        (("0", "0", "0"), "The order needs"),
        (("tab", "end", "0", "1"), "Stop"),
    ],
)
async def test_a_bad_ticket_is_refused_in_its_own_line_and_keeps_its_fields(
    keys: tuple[str, ...], sentence: str
) -> None:
    session = sample_desk(trades=0)
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "j", "j", "o")
        note = pilot.app.screen.query_one("#note", Input)
        note.value = "kept"
        await press(pilot, *keys)
        await press(pilot, "enter")
        await settled(pilot)

        assert isinstance(pilot.app.screen, Ticket)
        assert sentence.split(maxsplit=1)[0] in screen_text(pilot.app)
        assert pilot.app.screen.query_one("#note", Input).value == "kept"
        assert not session.book.active()


async def test_a_halted_desk_refuses_in_the_ticket() -> None:
    class HaltedSession(FakeSession):
        async def submit(self, command: Command, /) -> list[Event]:
            raise Halted("Trading is halted. The disk is full.")

    session = HaltedSession([an_instrument("SOLUSDT", "0.01")])
    session.price("SOLUSDT", "100")
    session.signals.append(a_signal("SOLUSDT", "100", "95", "110"))
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o", "enter")

        assert "! Trading is halted. The disk is full." in screen_text(pilot.app)


async def test_a_market_that_has_run_far_is_asked_about_before_a_trade_is_opened() -> None:
    session = sample_desk(trades=0)
    session.price("BTCUSDT", "103700")  # the SHORT from 104,300 with its stop at 105,100
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o", "enter")
        asked, sent = screen_text(pilot.app), list(session.commands)

        await press(pilot, "enter")

        assert "The market has run 0.8 R since the signal." in asked
        assert sent == []
        assert len(session.commands) == 1


async def test_a_signal_with_an_open_trade_jumps_to_that_trade() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await press(pilot, "j", "j", "o")

        assert app.desk.trades.order.cursor == 3
        assert app.screen.focused is app.desk.trades
        assert "Duplicate trade: #3 is already open" in screen_text(app)
        assert not session.commands


async def test_a_duplicate_found_while_sending_closes_nothing_and_jumps() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await press(pilot, "o")
        session.open(session.signals[2])
        session.open(session.signals[0])

        await press(pilot, "enter")

        assert isinstance(app.screen, Ticket)
        assert "! Duplicate trade: #2" in screen_text(app)
        assert app.desk.trades.order.cursor == 2
        assert len(session.book.active()) == 2


async def test_x_closes_the_trade_that_the_question_named() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "j", "j", "x")
        await press(pilot, "y")

        assert session.commands == [CloseTrade(trade_id=3)]
        assert [trade.id for trade in session.book.active()] == [1, 2, 4]


@pytest.mark.parametrize(
    ("keys", "fraction", "left"),
    [
        (("1", "enter"), "0.25", "4.96"),
        (("2", "enter"), "0.5", "3.31"),
        (("3", "y"), "0.75", "1.66"),
        (("1", "4", "enter"), None, None),
        (("enter",), None, None),
    ],
)
async def test_the_digits_choose_how_much_of_the_trade_is_closed(
    keys: tuple[str, ...], fraction: str | None, left: str | None
) -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "j", "j", "x", *keys)

        part = None if fraction is None else Decimal(fraction)
        assert session.commands == [CloseTrade(trade_id=3, fraction=part)]
        open_now = {trade.id: trade.quantity for trade in session.book.active()}
        assert open_now.get(3) == (None if left is None else Decimal(left))


async def test_a_part_is_asked_told_and_shown_with_what_stays_open() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "j", "j", "x", "2")
        asked = screen_text(pilot.app)

        await press(pilot, "enter")
        await settled(pilot)
        told = screen_text(pilot.app)
        await press(pilot, "enter")
        detail = screen_text(pilot.app)

        assert "▸ 2   50 %             3.3  net ~+2.99" in asked
        assert "■ part SOLUSDT LONG +2.99, 3.31 open" in told
        assert "Realised" in detail
        assert "MANUAL 3.3 @ 152.41" in detail


async def test_the_close_question_stays_with_its_trade_when_rows_above_close() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "j", "j", "x")
        session.print("ETHUSDT", "3460")
        session.print("BTCUSDT", "102600")
        await settled(pilot)
        asked = screen_text(pilot.app)

        await press(pilot, "y")

        assert "Close SOLUSDT ▲ L" in asked
        assert session.commands == [CloseTrade(trade_id=3)]


async def test_a_trade_that_closes_under_the_question_is_not_closed_again() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "j", "j", "x")
        session.print("SOLUSDT", "155.80")
        await settled(pilot)
        told = screen_text(pilot.app)

        await press(pilot, "y")
        await settled(pilot)

        assert "#3 SOLUSDT LONG has closed meanwhile" in told
        assert [trade.id for trade in session.book.active()] == [1, 2, 4]


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_the_close_question_can_be_left(key: str) -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await press(pilot, "tab", "x")
        asked = isinstance(pilot.app.screen, CloseQuestion)

        await press(pilot, key)

        assert asked
        assert not session.commands


@pytest.mark.parametrize(
    ("price", "title", "word"),
    [("155.80", "▲ Take profit", "▲ CLOSED TP"), ("148.00", "▼ Stop loss", "▼ CLOSED SL")],
)
async def test_a_trade_that_closes_itself_is_told_and_stays_a_moment(
    price: str, title: str, word: str
) -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await settled(pilot)
        session.print("SOLUSDT", price)
        await settled(pilot)

        shown = screen_text(pilot.app)
        assert title in shown
        assert word in shown


async def test_a_closed_row_leaves_after_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert LINGER_S == 3.0
    monkeypatch.setattr("tui.screens.desk.LINGER_S", 0.05)
    session = sample_desk()
    async with running(session) as pilot:
        await settled(pilot)
        session.print("SOLUSDT", "155.80")
        await settled(pilot)

        await until(pilot, lambda: "CLOSED TP" not in screen_text(_painted(pilot.app)))


def _painted(app: object) -> DeskApp:
    assert isinstance(app, DeskApp)
    app.paint()
    return app


async def test_many_closes_at_once_share_one_toast() -> None:
    names = [f"C{number}USDT" for number in range(6)]
    session = FakeSession([an_instrument(name, "0.01") for name in names])
    for name in names:
        session.price(name, "100")
        session.open(a_signal(name, "100", "95", "110"))
    async with running(session) as pilot:
        await settled(pilot)
        for name in names[:4]:
            session.print(name, "111")
        for name in names[4:]:
            session.print(name, "94")
        await settled(pilot)

        shown = screen_text(pilot.app)
        assert "6 trades closed" in shown
        assert "▲ 4 take profit, ▼ 2 stop loss" in shown
        assert "▲ Take profit" not in shown


async def test_a_flood_of_facts_waits_its_turn_and_loses_nothing() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await settled(pilot)
        for symbol, price in [("SOLUSDT", "156"), ("ETHUSDT", "3500"), ("ADAUSDT", "0.5")]:
            session.print(symbol, price)
            app.paint()
        session.print("BTCUSDT", "102000")
        app.paint()
        waiting = "BTCUSDT SHORT closed" not in screen_text(app)

        await until(pilot, lambda: "BTCUSDT SHORT closed" in screen_text(app))

        assert waiting


async def test_the_detail_of_a_trade_lists_its_fills_and_w_explains_their_prices() -> None:
    async with running(sample_desk(), (80, 24)) as pilot:
        await press(pilot, "tab", "enter")
        detail = screen_text(pilot.app)

        await press(pilot, "w")

        assert "an unlevered paper short" in detail
        assert "ENTRY 0.00958 @ 104,300.00" in detail
        assert "filled at the bid, the best price offered" in screen_text(pilot.app)


async def test_a_stop_or_target_of_the_signal_is_filled_in_exactly_as_it_is() -> None:
    session = FakeSession([an_instrument("SOLUSDT", "0.01")])
    session.price("SOLUSDT", "100")
    signal = a_signal("SOLUSDT", "100", "95.5", "110.125")
    session.signals.append(replace(signal, id="odd"))
    async with running(session, (80, 24)) as pilot:
        await press(pilot, "o")

        screen = pilot.app.screen
        assert screen.query_one("#stop", Input).value == "95.50"
        assert screen.query_one("#targets", Input).value == "110.125"
