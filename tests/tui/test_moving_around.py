"""Cursor, order, filter, pause, copy, help, palette, quitting."""

import asyncio
import os
import signal
from typing import Any

import pytest
from textual.binding import Binding
from textual.widgets import Static

from desk.view import SignalsArrived
from engine.model import Signal
from tests.tui.fake_session import FakeSession, a_signal, an_instrument, sample_desk
from tests.tui.screens import press, running, screen_text, settled, until
from tui.app import DeskApp
from tui.screens.confirm import Confirm
from tui.screens.desk import DeskScreen
from tui.widgets.live_table import LiveTable
from tui.widgets.open_trades import OpenTrades
from tui.widgets.signals_table import SignalsTable
from tui.widgets.table_keys import ROW_KEYS


def the_app(pilot: object) -> DeskApp:
    app = getattr(pilot, "app", None)
    assert isinstance(app, DeskApp)
    return app


def under_cursor(app: DeskApp) -> Signal:
    row = app.desk.signals.cursor_row
    assert row is not None
    return row.signal


async def test_the_cursor_stays_on_its_row_when_rows_come_go_and_are_sorted() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        await press(pilot, "j", "j")
        session.signals.insert(0, a_signal("SOLUSDT", "151", "140", "160", id="n", score=99))
        del session.signals[2]
        await settled(pilot)
        moved = under_cursor(app).id

        await press(pilot, "S")

        assert moved == under_cursor(app).id == "s-SOLUSDT"


async def test_new_signals_wait_at_the_end_until_the_trader_sorts() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        await press(pilot, "j")
        session.signals.append(a_signal("SOLUSDT", "151", "140", "160", id="n", score=99))
        await settled(pilot)
        keys = list(app.desk.signals.order.keys)
        waiting = screen_text(app)

        await press(pilot, "s")

        assert keys[-1] == "n"
        assert "NEW 1" in waiting
        assert app.desk.signals.order.keys[0] == "n"
        assert "NEW" not in screen_text(app)


async def test_until_the_trader_moves_new_signals_take_their_place_at_once() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        await settled(pilot)
        session.signals.append(a_signal("SOLUSDT", "151", "140", "160", id="n", score=99))
        await settled(pilot)

        assert app.desk.signals.order.keys[0] == "n"
        assert under_cursor(app).symbol == "BTCUSDT"


async def test_prices_never_move_a_row() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        await press(pilot, "greater_than_sign", "greater_than_sign")
        before = list(app.desk.signals.order.keys)
        session.price("ETHUSDT", "1")
        session.price("SOLUSDT", "900000")
        await settled(pilot)

        assert app.desk.signals.order.keys == before


async def test_sorting_puts_unknown_values_last_both_ways() -> None:
    session = sample_desk(trades=0)
    del session.prices["ETHUSDT"]
    async with running(session) as pilot:
        app = the_app(pilot)
        await settled(pilot)
        table = app.desk.signals
        table.sort_by("last", reverse=True)
        falling = list(table.order.keys)
        table.sort_by("last", reverse=False)

        assert falling[-1] == table.order.keys[-1] == "s-ETHUSDT"
        assert falling[0] == "s-BTCUSDT"


async def test_a_row_that_leaves_under_the_cursor_hands_it_to_its_neighbour() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        await press(pilot, "j")
        del session.signals[1]
        await settled(pilot)

        assert under_cursor(app).symbol == "SOLUSDT"


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("G",), 15),
        (("end", "g"), 0),
        (("pagedown",), 9),
        (("ctrl+d",), 4),
        (("G", "pageup"), 5),
        (("j", "down", "k"), 1),
        (("k",), 0),
    ],
)
async def test_the_usual_keys_move_the_cursor(keys: tuple[str, ...], line: int) -> None:
    async with running(sample_desk(trades=0), (80, 24)) as pilot:
        app = the_app(pilot)
        page = app.desk.signals.size.height - 1
        await press(pilot, *keys)

        expected = {9: page, 4: page // 2, 5: 15 - page}.get(line, line)
        assert app.desk.signals.order.position == expected


async def test_a_click_selects_a_row_and_a_heading_sorts() -> None:
    async with running(sample_desk()) as pilot:
        app = the_app(pilot)
        await settled(pilot)
        await pilot.click(SignalsTable, offset=(5, 5))
        clicked = under_cursor(app).symbol
        await pilot.click(SignalsTable, offset=(3, 1))

        assert clicked == "BNBUSDT"
        assert app.desk.signals.order.keys[0] == "s-XRPUSDT"


async def test_the_filter_narrows_and_esc_brings_all_rows_back() -> None:
    async with running(sample_desk(), (80, 24)) as pilot:
        app = the_app(pilot)
        await press(pilot, "slash", *"sol")
        narrowed = list(app.desk.signals.order.keys)
        await press(pilot, "enter")
        kept = screen_text(app)

        await press(pilot, "escape")

        assert narrowed == ["s-SOLUSDT"]
        assert "/sol" in kept
        assert len(app.desk.signals.order.keys) == 16


async def test_keys_are_letters_while_the_filter_is_typed() -> None:
    async with running(sample_desk(), (80, 24)) as pilot:
        app = the_app(pilot)
        await press(pilot, "slash", *"xoq")

        assert app.desk.signals.filter_text == "xoq"
        assert "Nothing matches /xoq" in screen_text(app)
        assert app.screen is app.desk


async def test_a_hidden_trade_is_found_again_by_the_duplicate_rule() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        app = the_app(pilot)
        await press(pilot, "tab", "slash", *"ada", "enter", "shift+tab", "o")

        assert app.desk.trades.order.cursor == 1


async def test_pause_freezes_the_tables_and_says_so_while_the_desk_trades_on() -> None:
    session = sample_desk()
    async with running(session, (80, 24)) as pilot:
        app = the_app(pilot)
        await press(pilot, "p")
        session.price("ETHUSDT", "3333.33")
        session.print("SOLUSDT", "155.80")
        await settled(pilot)
        paused = screen_text(app)

        await press(pilot, "p")

        assert "SCREEN PAUSED" in paused
        assert "3,333.33" not in paused
        assert "▲ TP hit SOLUSDT" in paused
        assert "3,333.33" in screen_text(app)


async def test_y_copies_the_whole_row() -> None:
    async with running(sample_desk()) as pilot:
        app = the_app(pilot)
        await press(pilot, "y")

        assert app.clipboard.split("\t")[:4] == ["BTCUSDT", "5m", "▼ SHORT", "104,250.10"]


async def test_the_help_names_every_key_of_the_desk() -> None:
    async with running(sample_desk(), (120, 60)) as pilot:
        await press(pilot, "question_mark")
        shown = screen_text(the_app(pilot))

        for words in ("Open a trade on the signal", "All keys", "Quit now", "Sort by the next"):
            assert words in shown


@pytest.mark.parametrize("pane", [SignalsTable, OpenTrades])
def test_no_key_and_no_id_is_given_twice_in_one_pane(pane: type[LiveTable[Any]]) -> None:
    bindings = [
        binding
        for binding in (*pane.BINDINGS, *ROW_KEYS, *DeskScreen.BINDINGS, *DeskApp.BINDINGS)
        if isinstance(binding, Binding)
    ]
    keys = [key for binding in bindings for key in binding.key.split(",")]
    ids = [binding.id for binding in bindings]

    assert len(keys) == len(set(keys))
    assert len(ids) == len(set(ids))
    assert all(ids)


@pytest.mark.parametrize("pane", ["signals", "trades"])
async def test_the_footer_shows_at_most_eight_keys(pane: str) -> None:
    async with running(sample_desk(), (80, 24)) as pilot:
        app = the_app(pilot)
        app.desk.query_one(f"#{pane}").focus()
        await settled(pilot)

        shown = {
            b.binding.action for b in app.screen.active_bindings.values() if b.binding.show
        }
        shown.discard("command_palette")
        assert len(shown) <= 8


async def test_the_palette_runs_an_action_of_the_pane() -> None:
    session = sample_desk(trades=0)
    async with running(session) as pilot:
        app = the_app(pilot)
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        run = commands["Open a trade on the signal"].callback
        await run()
        await settled(pilot)

        assert "Open paper trade" in screen_text(app)


async def test_quitting_with_open_trades_asks_and_says_what_it_means() -> None:
    async with running(sample_desk(), (80, 24)) as pilot:
        app = the_app(pilot)
        await press(pilot, "q")
        asked = screen_text(app)
        await press(pilot, "n")
        stayed = app.screen is app.desk
        await press(pilot, "q")
        await pilot.press("y")
        await until_stopped(app)

        assert "4 trades are open" in asked
        assert stayed


async def test_quitting_without_open_trades_asks_nothing() -> None:
    async with running(FakeSession()) as pilot:
        await pilot.press("q")
        await until_stopped(the_app(pilot))


async def test_ctrl_q_quits_from_anywhere() -> None:
    async with running(sample_desk()) as pilot:
        await press(pilot, "x", "o")
        await pilot.press("ctrl+q")
        await until_stopped(the_app(pilot))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_the_usual_signals_end_the_app_cleanly(number: signal.Signals) -> None:
    async with running(sample_desk()) as pilot:
        os.kill(os.getpid(), number)
        await until_stopped(the_app(pilot))

        assert the_app(pilot).return_code == 0


@pytest.mark.parametrize("keys", [("j", "j", "j", "o"), ("tab", "x"), ("question_mark",)])
async def test_no_paint_comes_too_late_when_the_app_ends(keys: tuple[str, ...]) -> None:
    session = sample_desk()
    app = DeskApp(session, refresh_hz=500)

    async with app.run_test(size=(120, 40)):
        for key in keys:
            app.simulate_key(key)
        while len(app.screen_stack) == 1:  # noqa: ASYNC110 - a stack has no event to wait for
            await asyncio.sleep(0.001)

    assert not session.listeners


async def until_stopped(app: DeskApp) -> None:
    async with asyncio.timeout(5):
        while not app._exit:  # noqa: ASYNC110 - the app tells of its end by this flag alone
            await asyncio.sleep(0.01)


async def test_when_the_desk_fails_the_app_stays_and_says_so() -> None:
    session = sample_desk()
    session.failure = RuntimeError("the hand fell off [/]")
    async with running(session, (80, 24)) as pilot:
        session.stop.set()
        app = the_app(pilot)
        await until(pilot, lambda: bool(app.desk.stopped))
        await settled(pilot)

        assert "THE DESK HAS STOPPED: the hand fell off [/]" in screen_text(app)
        await press(pilot, "q")
        assert not isinstance(app.screen, Confirm)


async def test_the_desk_says_which_symbols_are_on_the_screen() -> None:
    names = [f"C{number:03d}USDT" for number in range(60)]
    session = FakeSession([an_instrument(name, "0.01") for name in names])
    session.signals = [
        a_signal(n, "100", "95", "110", score=99 - i) for i, n in enumerate(names)
    ]
    async with running(session, (80, 24)) as pilot:
        await settled(pilot)
        top = session.looked_at

        await press(pilot, "G")

        assert "C000USDT" in top
        assert "C059USDT" not in top
        assert "C059USDT" in session.looked_at
        assert len(session.looked_at) < 30


async def test_the_chart_asks_once_per_row_that_the_cursor_rests_on() -> None:
    session = sample_desk()
    async with running(session) as pilot:
        await settled(pilot)
        session.asked_for.clear()
        for _ in range(3):
            the_app(pilot).desk.signals.action_move(1)
        await settled(pilot)

        assert session.asked_for == [("BNBUSDT", "15m")]


async def test_a_chart_without_candles_says_so() -> None:
    session = sample_desk()
    session.no_candles = True
    async with running(session) as pilot:
        await settled(pilot)

        assert "No candles at present" in screen_text(the_app(pilot))


async def test_new_signals_are_told_in_the_event_line() -> None:
    session = sample_desk()
    async with running(session, (80, 24)) as pilot:
        session.announce([SignalsArrived(tuple(session.signals[:2]))])
        await settled(pilot)

        assert "• new 2 signals: BTCUSDT, ETHUSDT" in screen_text(the_app(pilot))


async def test_new_signals_do_not_push_a_trades_end_out_of_the_event_line() -> None:
    session = sample_desk()
    async with running(session, (80, 24)) as pilot:
        await settled(pilot)
        session.print("SOLUSDT", "155.80")
        session.announce([SignalsArrived(tuple(session.signals[:2]))])
        await settled(pilot)

        assert "▲ TP hit SOLUSDT" in screen_text(the_app(pilot)).splitlines()[-2]


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "nord", "solarized-light"])
async def test_textuals_own_themes_draw_the_desk(theme: str) -> None:
    async with running(sample_desk(), theme=theme) as pilot:
        await settled(pilot)

        assert "BTCUSDT" in screen_text(the_app(pilot))


async def test_no_color_draws_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(sample_desk()) as pilot:
        await settled(pilot)

        assert "▲ LONG" in screen_text(the_app(pilot))


async def test_t_changes_the_theme() -> None:
    async with running(sample_desk()) as pilot:
        await press(pilot, "t")

        assert the_app(pilot).theme == "desk-light"


async def test_every_static_text_of_a_screen_is_not_markup() -> None:
    async with running(sample_desk()) as pilot:
        await press(pilot, "j", "j", "j", "o")

        assert all(not static._render_markup for static in pilot.app.screen.query(Static))


async def test_the_pane_has_its_keys_again_after_a_terminal_that_was_too_small() -> None:
    async with running(sample_desk()) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await press(pilot, "tab")
        pane = app.focused

        await pilot.resize_terminal(60, 15)
        await settled(pilot)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: app.focused is pane)

        assert pane is app.desk.trades


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ("105100", "past SL"),
        ("102700", "past TP"),
        ("105099", "ema_cross"),
        ("102701", "ema_cross"),
    ],
)
async def test_a_signal_whose_market_has_met_its_stop_or_target_says_so(
    last: str, state: str
) -> None:
    session = sample_desk(trades=0)
    session.price("BTCUSDT", last)  # the SHORT from 104,300
    async with running(session, (200, 50)) as pilot:
        row = next(
            line for line in screen_text(pilot.app).split("\n") if "BTCUSDT    5m" in line
        )

        assert state in row
