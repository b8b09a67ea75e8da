"""The question before everything is closed: it wants a word typed, for nothing undoes it."""

from decimal import Decimal
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from desk.view import TradeView
from engine.commands import CancelTrade, CloseTrade
from engine.model import TradeStatus
from engine.money import ZERO
from tui import format as fmt
from tui.explain import toned
from tui.port import DeskSession

WORD = "close"
"""What has to be typed."""

Orders = list[CloseTrade | CancelTrade]


class CloseAllQuestion(ModalScreen[Orders | None]):
    """Asks whether to close every trade and cancel every order; answers with the commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "keep", "Keep", id="close_all.no"),
    ]

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self._session = session
        self._question = Static(id="question", markup=False)
        self._word = Input(id="word", compact=True, max_length=10)

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        answers = Content.assemble(
            *(("enter", "bold $accent"), " does it, once the word stands there      "),
            *(("esc", "bold $accent"), " keep"),
        )
        with Vertical(classes="dialog") as box:
            box.border_title = "Close all"
            yield self._question
            yield self._word
            yield Static(answers, id="answers", markup=False)

    def on_mount(self) -> None:
        """Show what is at stake."""
        self.paint()

    def paint(self) -> None:
        """Follow the market: trades come and go while the question stands."""
        question = _words(self._session.trade_views())
        if question != self._question.content:
            self._question.update(question)

    @on(Input.Submitted)
    def on_enter(self) -> None:
        """Leave with the commands if the word is right."""
        if self._word.value.strip().lower() == WORD:
            trades = [view.trade for view in self._session.trade_views()]
            self.dismiss(
                [
                    CancelTrade(trade_id=trade.id)
                    if trade.status is TradeStatus.PENDING
                    else CloseTrade(trade_id=trade.id)
                    for trade in trades
                ]
            )

    def action_keep(self) -> None:
        """Leave without a command."""
        self.dismiss(None)


def _words(views: list[TradeView]) -> Content:
    pending = sum(view.trade.status is TradeStatus.PENDING for view in views)
    open_now = len(views) - pending
    net: Decimal = sum((view.net_now or ZERO for view in views), ZERO)
    stale = sum(not view.live for view in views if view.trade.status is TradeStatus.OPEN)
    parts = [_count(open_now, "trade"), f"{_count(pending, 'order')} waiting"]
    what = " and ".join(part for part in parts if not part.startswith("0 "))
    rows = [
        Content(f"Close all at the market: {what or 'nothing is open'}."),
        Content.assemble("Net about ", toned(fmt.signed(net), net), ", all fees paid."),
        Content(""),
        Content.assemble("Type ", (WORD, "bold $accent"), " to do it."),
    ]
    if stale:
        rows.insert(
            2, Content(f"{_count(stale, 'trade')} without a live price will stay open.")
        )
    return Content("\n").join(rows)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
