"""The edit dialog: new exits for a trade, with what they risk and promise before they hold."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from desk import words
from desk.errors import DeskError
from desk.figures import Outlook, outlook
from desk.prepare import needs_atr
from desk.view import TradeView
from engine.commands import EditTrade
from engine.edits import edited
from engine.errors import NotOpen, Refused
from engine.instrument import unlisted
from engine.margin import liquidation_of, liquidation_shown
from engine.model import Market, Quote, Trade, TradeStatus
from engine.pnl import initial_risk
from tui import format as fmt
from tui.entry import Mistyped, read, read_number
from tui.explain import headline, quiet, toned
from tui.port import DeskSession, tick_of
from tui.screens.atr import Atr
from tui.screens.exits_typed import typed_exits
from tui.screens.fields import (
    ADD_MARGIN,
    AFTER_TARGET,
    BREAK_EVEN,
    HOLD,
    NEW_STOP,
    TARGETS,
    TRAIL,
)
from tui.screens.form import INNER, Form


class EditDialog(Form[EditTrade | None]):
    """Changes the exits of one trade; answers with the edit that was made, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+w",
            "widen",
            "Allow a wider stop",
            show=False,
            priority=True,
            id="edit.widen",
        ),
    ]

    def __init__(self, session: DeskSession, view: TradeView) -> None:
        """Fill the dialog in with the exits of the trade of *view*, wherever its row goes."""
        self._session = session
        self._view = view
        self._widen = False
        self._gone = False
        """Whether the trade has ended meanwhile."""
        trade = view.trade
        timeframe = trade.signal.timeframe if trade.signal is not None else ""
        self._atr = Atr(session, trade.symbol, timeframe, self._atr_found)
        common = [NEW_STOP, TARGETS, TRAIL, BREAK_EVEN, AFTER_TARGET, HOLD]
        fields = [replace(field, more=False) for field in common]
        if trade.market is Market.FUTURES and trade.status is TradeStatus.OPEN:
            fields.append(ADD_MARGIN)
        self._first = typed_exits(trade, tick_of(session, trade.symbol))
        super().__init__(f"Edit trade #{trade.id}", fields, self._first)

    def paint(self) -> None:
        """Show what the trade would risk and promise with these exits, beside what it does."""
        number = self._view.trade.id
        now = {view.trade.id: view for view in self._session.trade_views()}
        self._gone = number not in now
        self._view = now.get(number, self._view)
        self.show_head(self._head())
        self.show_answers(self._keys())
        try:
            changed = self._preview()
        except (Mistyped, Refused) as problem:
            self.show_figures(None)
            self.show_sums(Content(""))
            self.say(self._words_of(problem))
        else:
            self.show_figures(self._figures_of(changed))
            self.show_sums(self._sums(changed))
            self.say("")

    def _atr_found(self) -> None:
        if self.is_mounted:
            self.paint()

    def send(self) -> None:
        """Send what has been changed."""
        try:
            order = self._order()
        except Mistyped as mistake:
            self.refuse(str(mistake))
            return
        if order == self._nothing:
            self.refuse("Nothing is changed yet.")
            return
        self._sending = True
        self._refusal = ""
        self.say("Sending…")
        self.app.run_worker(self._send(order), name="edit", exit_on_error=False)

    def action_widen(self) -> None:
        """Allow the stop to move away from the market, or forbid it again."""
        self._widen = not self._widen
        self._refusal = ""
        self.paint()

    async def _send(self, order: EditTrade) -> None:
        try:
            await self._session.submit(order)
        except (Refused, DeskError) as refusal:
            self.refuse(self._words_of(refusal))
        else:
            if self.is_attached and self.is_current:
                self.dismiss(order)
        finally:
            self._sending = False

    # What is typed.

    def _order(self) -> EditTrade:
        """Read what differs from what stood there first.

        Raises:
            Mistyped: If a field cannot be read.
        """
        readers: dict[str, tuple[str, Callable[[str], Any]]] = {
            "targets": ("Targets", words.parse_targets),
            "trail": ("Trail", words.parse_trail),
            "break_even": ("Break-even", words.parse_break_even),
            "after_target": ("After TP", words.parse_policy),
            "hold": ("Hold", words.parse_hold),
        }
        names = {"trail": "trailing", "hold": "hold_ms"}
        asked = {
            names.get(field, field): read(label, self.typed(field), parse)
            for field, (label, parse) in readers.items()
            if self._changed(field)
        }
        if self._changed("stop"):
            asked["stop"] = read_number("Stop", self.typed("stop"))
        return EditTrade(
            trade_id=self._view.trade.id,
            widen=self._widen,
            add_margin=self._margin(),
            **asked,
        )

    def _changed(self, field: str) -> bool:
        return self.typed(field).strip() != self._first[field]

    def _margin(self) -> Decimal | None:
        typed = self.typed("margin").strip()
        if not typed:
            return None
        amount = read_number("Margin", typed.lstrip("+-"))
        return -amount if typed.startswith("-") else amount

    @property
    def _nothing(self) -> EditTrade:
        return EditTrade(trade_id=self._view.trade.id, widen=self._widen)

    # What it would do.

    def _preview(self) -> Trade:
        """Return the trade as it would be, by the rules that the desk will apply.

        Raises:
            Mistyped: If a field cannot be read.
            Refused: If the rules do not allow it.
        """
        order, trade = self._order(), self._view.trade
        if self._gone:
            raise NotOpen(f"Trade #{trade.id} has ended meanwhile.", trade.id)
        if order == self._nothing:
            return trade
        header = self._session.header()
        last = self._view.last if self._view.live else None
        quote = None if last is None else Quote(last=last, time_ms=header.now_ms)
        rules = self._session.instrument(trade.symbol) or unlisted(trade.symbol, "")
        atr = self._atr.value(self.app) if needs_atr(order) else None
        stamped = replace(order, quote=quote, atr=atr)
        return edited(trade, stamped, rules, header.available)

    def _words_of(self, problem: Exception) -> str:
        wider = isinstance(problem, Refused) and problem.code == "stop_wider"
        return f"{problem} ctrl+w allows it." if wider else str(problem)

    def _head(self) -> Content:
        trade = self._view.trade
        left = headline(trade.symbol, trade.direction, fmt.quantity(trade.quantity))
        tick = tick_of(self._session, trade.symbol)
        entry = f"  @ {fmt.price(trade.entry_price, tick)}"
        last = f"last {fmt.price(self._view.last, tick)}"
        blank = max(2, INNER - left.cell_length - len(entry) - len(last))
        return Content.assemble(left, entry, " " * blank, (last, "bold"))

    def _figures_of(self, changed: Trade) -> dict[str, Content]:
        before, after = outlook(self._view.trade), outlook(changed)
        tick = tick_of(self._session, changed.symbol)
        figures = {
            "stop": self._move(changed, before.at_stop, after.at_stop),
            "targets": self._move(changed, before.at_targets, after.at_targets),
        }
        if (trail := changed.trailing) is not None:
            waits = trail.activation is not None and trail.best is None
            state = (
                f"from {fmt.price(trail.activation, tick)}"
                if waits
                else (f"stop {fmt.price(trail.stop, tick)}")
            )
            figures["trail"] = quiet(state)
        if (even := changed.break_even) is not None and even.stop is not None:
            figures["break_even"] = quiet(f"stop {fmt.price(even.stop, tick)}")
        figures["margin"] = self._liquidation(changed, tick)
        return figures

    def _liquidation(self, changed: Trade, tick: Decimal | None) -> Content:
        rules = self._session.instrument(changed.symbol)
        if rules is None or changed.market is not Market.FUTURES:
            return Content("")
        exact = liquidation_of(changed, rules)
        shown = liquidation_shown(exact, changed.direction, rules)
        guess = " est." if rules.brackets_estimated else ""
        return quiet(f"{fmt.money(changed.margin)}, liq{guess} {fmt.price(shown, tick)}")

    def _move(self, trade: Trade, before: Decimal | None, after: Decimal | None) -> Content:
        """Write a net result, in R too, and what it is without the edit if that differs."""
        if after is None:
            return quiet("no target")
        risk = initial_risk(trade)
        in_r = f" {fmt.multiple(after / risk)}R" if risk else ""
        was = "" if before in (None, after) else f"  was {fmt.signed(before)}"
        return Content.assemble(toned(f"{fmt.signed(after):>10}", after), in_r, (was, "$quiet"))

    def _sums(self, changed: Trade) -> Content:
        after = outlook(changed)
        widened = changed.direction.sign * (changed.stop - self._view.trade.stop) < 0
        return Content.assemble(
            ("from here ", "$quiet"),
            *_from_here(self._view, after),
            ("   THE STOP IS WIDER" if widened else "", "bold $accent"),
        )

    def _keys(self) -> list[tuple[str, str]]:
        wide = "forbid a wider stop" if self._widen else "allow a wider stop"
        return [("enter", "change"), ("tab", "next"), ("ctrl+w", wide), ("esc", "keep")]


def _from_here(view: TradeView, after: Outlook) -> tuple[str, ...]:
    """Say what stop and targets would change from what the trade would bring now."""
    if view.net_now is None:
        return (fmt.MISSING,)
    down = fmt.signed(after.at_stop - view.net_now)
    up = None if after.at_targets is None else after.at_targets - view.net_now
    return (f"{down} at the stop, {fmt.signed(up)} at the targets",)
