"""The live table draws little, drops columns, and keeps lines exactly as wide as the screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from desk.view import SignalView
from tests.tui.fake_session import NOW_MS, sample_desk
from tui.widgets.columns import Column, fit, fit_cell, text
from tui.widgets.live_table import LiveTable
from tui.widgets.row_order import RowOrder
from tui.widgets.signals_table import COLUMNS, SignalsTable


class TableApp(App[None]):
    """One table and nothing else."""

    CSS = "LiveTable { width: 80; height: 12; }"

    def __init__(self) -> None:
        super().__init__()
        self.table = SignalsTable(lambda _: Decimal("0.01"))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {}

    def compose(self) -> ComposeResult:
        yield self.table


@asynccontextmanager
async def a_table(rows: list[SignalView]) -> AsyncIterator[tuple[TableApp, SignalsTable]]:
    app = TableApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.focus()
        app.table.show(rows, NOW_MS)
        await pilot.pause()
        yield app, app.table


def drawn(table: LiveTable[SignalView]) -> int:
    return table.painter.rows_drawn


def redraw(app: TableApp) -> None:
    """Draw now whatever is due."""
    app.screen._compositor.render_strips()


async def test_nothing_is_drawn_when_nothing_has_changed() -> None:
    session = sample_desk(trades=0)
    async with a_table(session.signal_views()) as (app, table):
        redraw(app)
        before = drawn(table)

        table.show(session.signal_views(), NOW_MS + 900)
        redraw(app)

        assert drawn(table) == before


async def test_only_the_row_that_changed_is_drawn_again() -> None:
    session = sample_desk(trades=0)
    async with a_table(session.signal_views()) as (app, table):
        redraw(app)
        before = drawn(table)

        session.price("ETHUSDT", "3500")
        table.show(session.signal_views(), NOW_MS)
        redraw(app)

        assert drawn(table) == before + 1


async def test_rows_below_the_screen_are_never_drawn() -> None:
    session = sample_desk(trades=0)
    async with a_table(session.signal_views()) as (app, table):
        redraw(app)
        before = drawn(table)

        session.price("ATOMUSDT", "9")
        table.show(session.signal_views(), NOW_MS)
        redraw(app)

        assert "s-ATOMUSDT" in table.order.keys
        assert drawn(table) == before


async def test_moving_the_cursor_draws_two_rows() -> None:
    session = sample_desk(trades=0)
    async with a_table(session.signal_views()) as (app, table):
        redraw(app)
        before = drawn(table)

        table.action_move(1)
        redraw(app)

        assert drawn(table) == before + 2


async def test_a_column_that_has_no_room_costs_no_drawing() -> None:
    session = sample_desk(trades=0)
    async with a_table(session.signal_views()) as (app, table):
        redraw(app)
        before = drawn(table)
        hidden = {column.key for column in COLUMNS} - {c.key for c in table.painter.shown}

        table.show(session.signal_views(), NOW_MS)
        redraw(app)

        assert "drift" in hidden
        assert drawn(table) == before


@pytest.mark.parametrize("width", range(20, 200, 7))
def test_columns_never_reach_beyond_the_width_unless_all_are_needed(width: int) -> None:
    slots = fit(COLUMNS, width)
    end = slots[-1].start + slots[-1].width

    assert end <= width or all(COLUMNS[slot.number].rank == 0 for slot in slots)
    assert [slot.start for slot in slots] == sorted({slot.start for slot in slots})


def test_columns_of_one_rank_leave_together() -> None:
    columns: list[Column[str]] = [
        Column(key=key, title=key, width=8, cell=lambda row, _: text(row), rank=rank)
        for key, rank in [("symbol", 0), ("stop", 2), ("target", 2), ("age", 1)]
    ]

    assert [columns[slot.number].key for slot in fit(columns, 30)] == ["symbol", "age"]


@pytest.mark.parametrize(
    "words", ["", "BTC", "ABCDEFGHIJKLMNOP", "币安人生", "a币安人生", "é" * 9]
)
@pytest.mark.parametrize("right", [True, False])
def test_a_cell_is_exactly_as_wide_as_its_column(words: str, right: bool) -> None:
    pieces = fit_cell(text(words), 6, right=right)

    assert cell_len("".join(part for part, _ in pieces)) == 6


def test_a_cut_cell_says_so() -> None:
    assert fit_cell((("ABC", "profit"), ("DEFG", "loss")), 5, right=False) == [
        ("ABC", "profit"),
        ("D", "loss"),
        ("…", "loss"),
    ]


def test_the_cursor_follows_its_row_through_any_change() -> None:
    order = RowOrder()
    order.update(["a", "b", "c", "d"])
    order.jump("c")

    order.update(["d", "c", "x"])
    order.sort({"d": 1, "c": 2, "x": 3}, reverse=True)

    assert order.cursor == "c"
    assert order.keys == ["x", "c", "d"]


def test_the_first_rows_are_not_news_but_later_ones_are() -> None:
    order = RowOrder()
    order.update(["a", "b"])
    order.update(["a", "b", "c"])

    assert order.fresh == {"c"}
    assert order.keys == ["a", "b", "c"]


def test_a_row_that_was_looked_at_is_not_news() -> None:
    order = RowOrder()
    order.update(["a"])
    order.update(["a", "b"])

    order.go(1)

    assert not order.fresh


def test_a_jump_to_a_row_that_is_gone_changes_nothing() -> None:
    order = RowOrder()
    order.update(["a", "b"])

    assert not order.jump("z")
    assert order.cursor == "a"


def test_the_last_row_leaving_leaves_no_cursor_and_a_new_one_gets_it() -> None:
    order = RowOrder()
    order.update(["a"])
    order.update([])
    gone = order.cursor
    order.update(["b"])

    assert gone is None
    assert order.cursor == "b"
