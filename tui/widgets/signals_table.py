"""The signals table: ideas, the best first, each a key away from a trade."""

from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from desk.view import SignalView
from engine.model import Direction
from tui import format as fmt
from tui.text import ui_text
from tui.widgets.columns import Cell, Column, Kind, Look, text
from tui.widgets.live_table import LiveTable, TickOf
from tui.widgets.table_keys import SORT_KEY

STALE_SIGN = "○ "
"""Stands before a price that is not live."""


def direction_cell(direction: Direction, *, short: bool) -> Cell:
    """Draw a direction: ``▲ LONG``, or ``▲ L`` where there is little room."""
    sign, role = ("▲", "profit") if direction is Direction.LONG else ("▼", "loss")
    name = direction.value[0] if short else direction.value
    return ((f"{sign} {name}", role),)


def last_cell(row: Any, look: Look) -> Cell:
    """Draw the newest price of a signal or trade, marked where it is not live."""
    stale = "" if row.live or row.last is None else STALE_SIGN
    return text(stale + fmt.price(row.last, look.tick), "" if row.live else "quiet")


def _state(row: SignalView, _: Look) -> Cell:
    if row.trade_id is not None:
        return text(f"#{row.trade_id} open", "accent")
    if row.drift_r is not None and not -1 < row.drift_r < row.reward_risk:
        # Nothing is left to trade; the ticket would refuse it.
        return text("past SL" if row.drift_r <= -1 else "past TP", "quiet")
    return text(ui_text(row.signal.source, 40), "quiet")


def _score(row: SignalView, _: Look) -> Cell:
    score = row.signal.score
    return text(fmt.MISSING if score is None else f"{score:.0f}", "strong")


COLUMNS: tuple[Column[SignalView], ...] = (
    Column(
        key="symbol",
        title="SYMBOL",
        width=10,
        cell=lambda row, _: text(ui_text(row.signal.symbol, 40), "strong"),
        sort=lambda row: row.signal.symbol,
    ),
    Column(
        key="timeframe",
        title="TF",
        width=3,
        cell=lambda row, _: text(ui_text(row.signal.timeframe, 8) or fmt.MISSING, "quiet"),
        sort=lambda row: row.signal.timeframe,
        rank=2,
    ),
    Column(
        key="direction",
        title="SIGNAL",
        width=7,
        cell=lambda row, _: direction_cell(row.signal.direction, short=False),
        sort=lambda row: row.signal.direction.value,
    ),
    Column(
        key="last",
        title="LAST",
        width=12,
        cell=last_cell,
        sort=lambda row: row.last,
        right=True,
    ),
    Column(
        key="change",
        title="24H%",
        width=8,
        cell=lambda row, _: text(fmt.percent(row.change_24h), fmt.tone(row.change_24h)),
        sort=lambda row: row.change_24h,
        right=True,
        rank=3,
    ),
    Column(
        key="score",
        title="SCORE",
        width=5,
        cell=_score,
        sort=lambda row: row.signal.score,
        right=True,
    ),
    Column(
        key="reward",
        title="R:R",
        width=4,
        cell=lambda row, _: text(f"{row.reward_risk:.1f}"),
        sort=lambda row: row.reward_risk,
        right=True,
        rank=1,
    ),
    Column(
        key="drift",
        title="DRIFT",
        width=6,
        cell=lambda row, _: text(
            f"{fmt.multiple(row.drift_r)}R" if row.drift_r is not None else fmt.MISSING,
            fmt.tone(row.drift_r),
        ),
        sort=lambda row: row.drift_r,
        right=True,
        rank=5,
    ),
    Column(
        key="age",
        title="AGE",
        width=6,
        cell=lambda row, look: text(fmt.age(look.now_ms - row.signal.created_ms), "quiet"),
        sort=lambda row: -row.signal.created_ms,
        right=True,
        rank=4,
    ),
    Column(
        key="state",
        title="STATE",
        width=9,
        cell=_state,
        sort=lambda row: (row.trade_id is None, row.signal.source),
        stretch=True,
    ),
)


def _words(row: SignalView) -> str:
    signal = row.signal
    return f"{signal.symbol} {signal.direction} {signal.timeframe} {signal.source}"


SIGNALS: Kind[SignalView] = Kind(
    name="Signals",
    columns=COLUMNS,
    key=lambda row: row.signal.id,
    symbol=lambda row: row.signal.symbol,
    words=_words,
    # A signal stays readable while its price is old: only the price is dimmed.
    dim=lambda _: False,
    order=("score", True),
    when_empty=(
        "No signals yet",
        "",
        "The scanner looks at every candle that closes.",
        "paperdesk signals add '…' brings your own.",
    ),
)


class SignalsTable(LiveTable[SignalView]):
    """Every active signal, with its market."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "o,enter",
            "open",
            "Open",
            key_display="o",
            tooltip="Open a trade on the signal",
            id="trade.open",
        ),
        SORT_KEY,
    ]

    class OpenRequested(Message):
        """The trader wants to trade this signal."""

        def __init__(self, view: SignalView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, tick_of: TickOf) -> None:
        super().__init__(SIGNALS, tick_of, widget_id="signals")

    def action_open(self) -> None:
        """Ask for an order ticket on the signal under the cursor."""
        view = self.cursor_row
        if view is not None:
            self.post_message(self.OpenRequested(view))
