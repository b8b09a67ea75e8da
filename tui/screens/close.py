"""The question before a trade, or a part of it, is closed by hand."""

from decimal import Decimal
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from desk.view import TradeView
from engine.commands import CloseTrade
from engine.errors import Refused
from engine.instrument import unlisted
from engine.model import Trade
from engine.parts import expected
from tui import format as fmt
from tui.port import DeskSession, tick_of
from tui.text import ui_text

PARTS = (25, 50, 75, 100)
"""What can be closed, percent of what is open; the keys count them."""


class CloseQuestion(ModalScreen[CloseTrade | None]):
    """Asks how much of a trade to close: the one under the cursor when the key was pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(key), f"choose({part})", f"{part} %", id=f"close.part_{part}")
        for key, part in enumerate(PARTS, start=1)
    ]
    BINDINGS += [
        Binding("enter,y", "close", "Close", key_display="enter", id="close.yes"),
        Binding("escape,n,q", "keep", "Keep", key_display="esc", id="close.no"),
    ]

    def __init__(self, session: DeskSession, view: TradeView) -> None:
        """Bind the question to the trade of *view*, wherever its row goes."""
        super().__init__()
        self._session = session
        self._view: TradeView | None = view
        self._trade = view.trade
        self._part = PARTS[-1]
        self._question = Static(self._words(), id="question", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        answers = Content.assemble(
            *(("1", "bold $accent"), "-", ("4", "bold $accent"), " how much      "),
            *(("enter", "bold $accent"), " close      ", ("esc", "bold $accent"), " keep"),
        )
        with Vertical(classes="dialog") as box:
            box.border_title = "Close trade"
            yield self._question
            yield Static(answers, id="answers", markup=False)

    def paint(self) -> None:
        """Follow the price; say so when the trade has closed meanwhile."""
        now = {view.trade.id: view for view in self._session.trade_views()}
        self._view = now.get(self._trade.id)
        words = self._words()
        if words != self._question.content:
            self._question.update(words)

    def action_choose(self, part: int) -> None:
        """Choose how much to close, percent."""
        self._part = part
        self._question.update(self._words())

    def action_close(self) -> None:
        """Leave with the order to close what is chosen."""
        self.dismiss(self._order(self._part))

    def action_keep(self) -> None:
        """Leave without an order."""
        self.dismiss(None)

    def _order(self, part: int) -> CloseTrade:
        fraction = Decimal(part) / 100 if part < PARTS[-1] else None
        return CloseTrade(trade_id=self._trade.id, fraction=fraction)

    def _words(self) -> Content:
        return _too_late(self._trade) if self._view is None else self._ask(self._view)

    def _ask(self, view: TradeView) -> Content:
        trade, tone = view.trade, fmt.tone(view.unrealised)
        tick = tick_of(self._session, trade.symbol)
        sign = "▲ L" if trade.direction.sign > 0 else "▼ S"
        question = Content.assemble(
            "Close ",
            (f"{ui_text(trade.symbol, 20)} {sign} {fmt.quantity(trade.quantity)} @ ", "bold"),
            (fmt.price(trade.entry_price, tick), "bold"),
            f" now at ~{fmt.price(view.last, tick)} (",
            (fmt.signed(view.unrealised), f"${tone}" if tone else ""),
            ")?",
            "" if view.live else "\nIts price is not live: the desk waits for a fresh one.",
        )
        rows = [self._row(key, part, view) for key, part in enumerate(PARTS, start=1)]
        return Content("\n").join([question, Content(""), *rows])

    def _row(self, key: int, part: int, view: TradeView) -> Content:
        """Write one choice: what it closes, and what that part would bring, fees paid."""
        chosen = part == self._part
        head = Content.assemble(
            "▸ " if chosen else "  ",
            (str(key), "bold $accent"),
            (f"  {part:>3} %", "bold" if chosen else ""),
        )
        if view.mark is None:
            return head
        rules = self._session.instrument(view.trade.symbol) or unlisted(view.trade.symbol, "")
        try:
            quantity, net = expected(view.trade, self._order(part), view.mark, rules)
        except Refused as refusal:
            said = ui_text(str(refusal)) if chosen else "too small to be sold alone"
            return head + Content.styled(f"  {said}", "$quiet")
        tone = fmt.tone(net)
        more = "  all: the rest could not be sold" if part < PARTS[-1] else ""
        return head + Content.assemble(
            f"{fmt.quantity(quantity):>16}  net ~",
            (fmt.signed(net), f"${tone}" if tone else ""),
            (more if quantity == view.trade.quantity else "", "$quiet"),
        )


def _too_late(trade: Trade) -> Content:
    name = f"#{trade.id} {ui_text(trade.symbol, 20)} {trade.direction.value}"
    return Content(f"{name} has closed meanwhile. There is nothing left to close.")
