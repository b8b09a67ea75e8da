"""The Desk screen: signals above, open trades below, chart and detail where there is room.

It paints from snapshots when the app's timer says so. Widgets ask, this screen acts.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from desk.view import Header, SignalView, TradeView
from engine.errors import DuplicateTrade
from tui.about_trade import about_trade
from tui.explain import about_signal
from tui.port import DeskSession, tick_of
from tui.screens.accounts import AccountsScreen
from tui.screens.help import Help
from tui.screens.ticket import Ticket, duplicate_of
from tui.screens.trade_actions import TradeActions
from tui.text import ui_text
from tui.told import Told
from tui.widgets.banner import Banner
from tui.widgets.candle_chart import CandleChart
from tui.widgets.chart_follower import ChartFollower
from tui.widgets.detail import Detail
from tui.widgets.event_line import EventLine, EventList
from tui.widgets.filter_line import FilterLine
from tui.widgets.live_table import LiveTable
from tui.widgets.open_trades import OpenTrades
from tui.widgets.signals_table import SignalsTable
from tui.widgets.status_line import StatusLine
from tui.widgets.table_keys import ROW_KEYS

LINGER_S = 3.0
"""How long a closed trade stays in its row."""

MIN_WIDTH, MIN_HEIGHT = 80, 20


def _key(key: str, action: str, name: str, tooltip: str, binding_id: str) -> Binding:
    return Binding(key, action, name, tooltip=tooltip, id=binding_id)


class DeskScreen(Screen[None]):
    """Where a trader spends the day."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared so by Textual
        (0, "-narrow"),
        (110, "-normal"),
        (180, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - declared so by Textual

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next pane", show=False, id="pane.next"),
        Binding(
            "shift+tab", "app.focus_previous", "Pane before", show=False, id="pane.previous"
        ),
        _key("slash,ctrl+f", "filter", "Filter", "Filter the rows; esc clears", "table.filter"),
        Binding("escape", "clear_filter", "Clear the filter", show=False, id="table.unfilter"),
        _key("p,space", "pause", "Pause", "Pause the screen; trading goes on", "desk.pause"),
        Binding("y", "copy_row", "Copy the row", show=False, id="row.copy"),
        Binding(
            "X",
            "close_all",
            "Close all trades, cancel all orders; asks",
            show=False,
            id="trade.close_all",
        ),
        Binding("A", "accounts", "Accounts: money, sessions", show=False, id="desk.accounts"),
        _key("question_mark,f1", "help", "Help", "All keys", "desk.help"),
    ]

    class AccountWanted(Message):
        """The desk is to be opened on another account."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self._session = session
        self.paused = False
        """Whether the tables stand still on request; the desk keeps trading."""
        self.stopped = ""
        """Why the desk itself is not running any more; empty while it is."""
        self.signals = SignalsTable(partial(tick_of, session))
        self.trades = OpenTrades(partial(tick_of, session))
        self.chart = CandleChart(widget_id="chart")
        self.detail = Detail()
        self._follower = ChartFollower(session, self.chart)
        self._actions = TradeActions(self, session, self._newest)
        self._too_small = Static(id="too-small", markup=False)
        self._status = StatusLine()
        self._banner = Banner()
        self._filter = FilterLine()
        self._event_line = EventLine()
        self._event_list = EventList()
        self._active: SignalsTable | OpenTrades = self.signals

    def compose(self) -> ComposeResult:
        """Lay the panes out; the stylesheet decides which have room."""
        yield self._too_small
        yield self._status
        yield self._banner
        with Horizontal(id="upper"):
            yield self.signals
            yield self.chart
            with Vertical(id="side"):
                yield self.detail
                yield self._event_list
        yield self.trades
        yield self._filter
        yield self._event_line
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin in the signals."""
        self.signals.focus()
        self.paint()

    def on_resize(self, event: events.Resize) -> None:
        """Say so when the terminal is too small to trade in."""
        width, height = event.size
        self.set_class(width < MIN_WIDTH or height < MIN_HEIGHT, "-too-small")
        words = f"Terminal {width}x{height}, need {MIN_WIDTH}x{MIN_HEIGHT}"
        self._too_small.update(Content(words))

    # Painting.

    def paint(self) -> None:
        """Show the desk as it is now; costs little when nothing has changed."""
        if self.focused is None and not self.has_class("-too-small"):
            self._active.focus()  # a pane that was hidden has lost it, and its keys with it
        header = self._session.header()
        self._status.show(header, self._session.settings.market, paused=self.paused)
        self._banner.show(header, self.stopped)
        if not self.paused:
            self._paint_tables(header)
            self._paint_selection(header.now_ms)

    def tell(self, told: Sequence[Told]) -> None:
        """Show what happened in the event line and list, and keep closed rows a moment."""
        for one in told:
            self._event_list.add(one)
            self._event_line.show(one)
            if one.ended is not None:
                self.trades.finish(one.ended)
                number = one.ended.id
                self.set_timer(LINGER_S, lambda number=number: self.trades.release(number))

    def _paint_tables(self, header: Header) -> None:
        share = header.unrealised / header.equity if header.equity else None
        self.trades.show_total(header.unrealised if header.open else None, share)
        self.signals.show(self._session.signal_views(), header.now_ms)
        self.trades.show(self._session.trade_views(), header.now_ms)
        shown = {row.signal.symbol for row in self.signals.visible_rows}
        shown |= {row.trade.symbol for row in self.trades.visible_rows}
        for row in (self.signals.cursor_row, self.trades.cursor_row):
            shown |= {_symbol(row)} if row is not None else set()
        self._session.look_at(shown)

    def _paint_selection(self, now_ms: int) -> None:
        row = self._active.cursor_row or self.signals.cursor_row
        self._follower.follow(row, now_ms)
        if row is None or not self.detail.size.width:
            return
        tick = tick_of(self._session, _symbol(row))
        if isinstance(row, TradeView):
            self.detail.show(about_trade(row, tick, now_ms))
        else:
            self.detail.show(about_signal(row, tick, now_ms))

    # The panes.

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Let chart and detail follow the pane that the trader is in."""
        if isinstance(event.widget, SignalsTable | OpenTrades):
            self._active = event.widget
            self._selection_changed()

    @on(LiveTable.CursorMoved)
    def _selection_changed(self) -> None:
        if self.is_mounted and not self.paused:
            self._paint_selection(self._session.header().now_ms)

    def action_filter(self) -> None:
        """Open the filter line for the pane that the trader is in."""
        self._filter.open(self._active.filter_text)

    @on(FilterLine.Typed)
    def _filter_typed(self, event: FilterLine.Typed) -> None:
        self._active.filter_text = event.words
        self._paint_tables(self._session.header())

    @on(FilterLine.Kept)
    def _filter_kept(self) -> None:
        self._active.focus()

    def action_clear_filter(self) -> None:
        """Show all rows again."""
        self._filter.hide()
        self.signals.filter_text = self.trades.filter_text = ""
        self._active.focus()
        self._paint_tables(self._session.header())

    def action_pause(self) -> None:
        """Stop or resume the screen; the desk keeps trading either way."""
        self.paused = not self.paused
        self.paint()

    def action_copy_row(self) -> None:
        """Copy the row under the cursor to the clipboard."""
        if text := self._active.cursor_text():
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied: {ui_text(text.split(chr(9))[0])}", timeout=2)

    def action_help(self) -> None:
        """List the keys: this pane's first, then the screen's, then those that always work."""
        pane = self._active
        self.app.push_screen(
            Help(
                [
                    (pane.kind.name, type(pane).BINDINGS),
                    ("Rows", ROW_KEYS),
                    ("Desk", self.BINDINGS),
                    ("Everywhere", self.app.BINDINGS),
                ]
            )
        )

    # Opening.

    @on(SignalsTable.OpenRequested)
    def open_ticket(self, request: SignalsTable.OpenRequested) -> None:
        """Open a ticket, unless a trade already stands for the signal."""
        view = request.view
        duplicate = duplicate_of(self._session, view.signal)
        if duplicate is None:
            self.app.run_worker(self._open(view), name="ticket", exit_on_error=False)
        else:
            self.show_duplicate(duplicate)

    async def _open(self, view: SignalView) -> None:
        ticket = Ticket(self._session, view, self.show_duplicate)
        trade_id = await self.app.push_screen_wait(ticket)
        if trade_id is not None:
            self.show_trade(trade_id)

    def show_duplicate(self, duplicate: DuplicateTrade) -> None:
        """Say which trade already stands, and put the cursor on it."""
        self.notify(str(duplicate), title="Already open", severity="warning", timeout=8)
        if duplicate.trade_id is not None:
            self.show_trade(duplicate.trade_id)
            self.trades.focus()

    def show_trade(self, trade_id: int) -> None:
        """Put the cursor of the open trades on *trade_id*, whatever the filter hides."""
        if self.trades.jump(trade_id):
            return
        self.trades.filter_text = ""
        self._paint_tables(self._session.header())
        self.trades.jump(trade_id)

    # Trades.

    @on(OpenTrades.Requested)
    def act_on_trade(self, request: OpenTrades.Requested) -> None:
        """Do what was asked, to exactly the trade that was under the cursor."""
        self._actions.act(request.wish, request.view)

    def action_close_all(self) -> None:
        """Ask to close everything."""
        self._actions.close_all()

    def action_accounts(self) -> None:
        """Show the accounts."""
        accounts = AccountsScreen(self._session)
        self.app.push_screen(accounts, self._change_account)

    def _change_account(self, name: str | None) -> None:
        if name is not None:
            self.post_message(self.AccountWanted(name))

    def _newest(self, trade_id: int) -> TradeView | None:
        active = (view for view in self._session.trade_views() if view.trade.id == trade_id)
        return next(active, None) or self.trades.finished_view(trade_id)


def _symbol(row: SignalView | TradeView) -> str:
    return row.trade.symbol if isinstance(row, TradeView) else row.signal.symbol
