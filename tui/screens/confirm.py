"""Questions with two answers; nothing is lost by leaving one with esc."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from desk.view import TradeView
from tui import format as fmt
from tui.port import DeskSession, tick_of
from tui.text import ui_text


class Confirm(ModalScreen[bool]):
    """A yes-or-no question."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape,q", "answer(False)", "No", key_display="n", id="confirm.no"),
    ]

    def __init__(self, title: str, question: Content, *, yes: str, no: str) -> None:
        """Ask *question*; *yes* and *no* say in a word what the answers do."""
        super().__init__()
        self._title_text = title
        self._question = Static(question, id="question", markup=False)
        self._answers = Content.assemble(
            ("y", "bold $accent"), f" {yes}      ", ("n", "bold $accent"), f" {no}"
        )

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title_text
            yield self._question
            yield Static(self._answers, id="answers", markup=False)

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - an action's argument is positional
        """Leave with *answer*."""
        self.dismiss(answer)


class CloseConfirm(Confirm):
    """Asks to close one trade: the one that was under the cursor when the key was pressed."""

    def __init__(self, session: DeskSession, view: TradeView) -> None:
        """Bind the question to the trade of *view*, wherever its row goes."""
        self._session = session
        self._trade = view.trade
        super().__init__("Close trade", self._ask(view), yes="close", no="keep")

    def paint(self) -> None:
        """Follow the price; say so when the trade has closed meanwhile."""
        now = {view.trade.id: view for view in self._session.trade_views()}
        view = now.get(self._trade.id)
        question = self._ask(view) if view is not None else self._too_late()
        if question != self._question.content:
            self._question.update(question)

    def _ask(self, view: TradeView) -> Content:
        trade = view.trade
        tick = tick_of(self._session, trade.symbol)
        sign = "▲ L" if trade.direction.sign > 0 else "▼ S"
        size = fmt.quantity(trade.quantity)
        tone = fmt.tone(view.unrealised)
        return Content.assemble(
            "Close ",
            (f"{ui_text(trade.symbol, 20)} {sign} {size} @ ", "bold"),
            (fmt.price(trade.entry_price, tick), "bold"),
            f" now at ~{fmt.price(view.last, tick)} (",
            (fmt.signed(view.unrealised), f"${tone}" if tone else ""),
            ")?",
            "" if view.live else "\nIts price is not live: the desk waits for a fresh one.",
        )

    def _too_late(self) -> Content:
        trade = self._trade
        name = f"#{trade.id} {ui_text(trade.symbol, 20)} {trade.direction.value}"
        return Content(f"{name} has closed meanwhile. There is nothing left to close.")
