"""The order ticket: an idea becomes a trade, with every figure known before it is sent.

Whatever is refused is said in the ticket's own line, and what was typed stays as it is.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from desk.errors import DeskError
from desk.view import SignalView
from engine.commands import OpenTrade
from engine.errors import DuplicateTrade, Refused
from engine.events import TradeOpened
from engine.model import Instrument
from engine.money import on_grid, plain
from engine.plan import Plan
from engine.planning import DRIFT_QUESTION_R
from tui import format as fmt
from tui.entry import Mistyped, read_number, read_size, write_size
from tui.explain import headline
from tui.port import DeskSession
from tui.text import ui_text

OnDuplicate = Callable[[DuplicateTrade], None]

_KEYS = (("enter", "open"), ("tab", "next"), ("esc", "cancel"))


class Ticket(ModalScreen[int | None]):
    """Opens a trade on a signal; answers with the trade's number, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="ticket.cancel"),
        Binding("down", "app.focus_next", "Next field", show=False, id="ticket.next"),
        Binding("up", "app.focus_previous", "Previous field", show=False, id="ticket.previous"),
    ]

    def __init__(
        self, session: DeskSession, view: SignalView, on_duplicate: OnDuplicate
    ) -> None:
        """Fill the ticket in from *view*.

        Args:
            session: Works out the figures and takes the order.
            view: The signal to trade.
            on_duplicate: Told when a trade already stands for this signal or symbol.
        """
        super().__init__()
        self._session = session
        self._view = view
        self._on_duplicate = on_duplicate
        self._sending = False
        self._refusal = ""
        self._asked = False
        """Whether the trader was asked about a market that has run far."""
        signal = view.signal
        typed = {
            "size": write_size(session.default_size),
            "stop": _editable(signal.stop, self._tick),
            "target": _editable(signal.targets[0], self._tick),
            "note": "",
        }
        self._inputs = {name: _input(name, value) for name, value in typed.items()}
        self._texts = {name: Static(id=name, markup=False) for name in ("head", "line")}
        self._figures = {
            name: Static(classes="figures", markup=False)
            for name in ("size", "entry", "stop", "target")
        }

    def compose(self) -> ComposeResult:
        """Lay out the form, filled in."""
        with Vertical(id="ticket", classes="dialog") as box:
            box.border_title = "Open paper trade"
            yield self._texts["head"]
            for name in ("size", "entry", "stop", "target", "note"):
                with Horizontal(classes="field"):
                    yield Static(name.capitalize(), classes="name", markup=False)
                    yield self._inputs.get(name) or Static("market", id="entry", markup=False)
                    if name != "note":
                        yield self._figures[name]
            yield self._texts["line"]
            yield Static(_keys(), id="answers", markup=False)

    def on_mount(self) -> None:
        """Show the first figures."""
        self.paint()

    def paint(self) -> None:
        """Work the figures out again from what is typed and from the market now."""
        views = self._session.signal_views()
        self._view = next((v for v in views if v.signal.id == self._view.signal.id), self._view)
        _show(self._texts["head"], self._head())
        try:
            plan = self._session.preview(self._command())
        except (Mistyped, Refused) as problem:
            self._show_plan(None)
            self._say(str(problem))
        else:
            self._show_plan(plan)
            self._say(" ".join(plan.warnings), warning=True)

    @on(Input.Changed)
    def on_typed(self) -> None:
        """Follow the keys; an old refusal no longer holds."""
        self._refusal = ""
        self.paint()

    @on(Input.Submitted)
    def on_enter(self) -> None:
        """Send the order."""
        if self._sending:
            return
        try:
            command = self._command()
        except Mistyped as mistake:
            self._refuse(str(mistake))
            return
        if not self._asked and (question := self._question(command)):
            self._asked = True
            self._refuse(question)
            return
        self._sending = True
        self._refusal = ""
        self._say("Sending…")
        self.app.run_worker(self._send(command), name="order", exit_on_error=False)

    def action_cancel(self) -> None:
        """Leave without a trade."""
        self.dismiss(None)

    async def _send(self, command: OpenTrade) -> None:
        try:
            events = await self._session.submit(command)
        except DuplicateTrade as duplicate:
            self._refuse(str(duplicate))
            self._on_duplicate(duplicate)
        except (Refused, DeskError) as refusal:
            self._refuse(str(refusal))
        else:
            opened = [event.trade.id for event in events if isinstance(event, TradeOpened)]
            if self.is_attached and self.is_current:
                self.dismiss(opened[0] if opened else None)
        finally:
            self._sending = False

    def _question(self, command: OpenTrade) -> str:
        """Return what to ask before this order goes out; empty for nothing."""
        try:
            drift = self._session.preview(command).drift_r
        except Refused:
            return ""  # the desk will say it
        if drift is None or abs(drift) <= DRIFT_QUESTION_R:
            return ""
        return (
            f"The market has run {abs(drift):.1f} R since the signal. Enter again opens anyway."
        )

    def _command(self) -> OpenTrade:
        """Read the form.

        Raises:
            Mistyped: If a field cannot be read.
        """
        signal = self._view.signal
        return OpenTrade(
            symbol=signal.symbol,
            direction=signal.direction,
            size=read_size(self._typed("size")),
            stop=read_number("Stop", self._typed("stop")),
            target=read_number("Target", self._typed("target")),
            note=ui_text(self._typed("note")),
            signal=signal,
        )

    def _typed(self, field: str) -> str:
        return self._inputs[field].value

    @property
    def _instrument(self) -> Instrument | None:
        return self._session.instrument(self._view.signal.symbol)

    @property
    def _tick(self) -> Decimal | None:
        return self._instrument.tick if self._instrument is not None else None

    def _refuse(self, sentence: str) -> None:
        self._refusal = sentence
        self._say("")

    def _say(self, sentence: str, *, warning: bool = False) -> None:
        """Show *sentence* in the ticket's line; a refusal of the order comes first."""
        words = self._refusal or ("Sending…" if self._sending else sentence)
        style = "$accent" if warning and not self._refusal else "$loss"
        said = f"! {ui_text(words, 300)}" if words else ""
        _show(self._texts["line"], Content.styled(said, style))

    def _head(self) -> Content:
        signal = self._view.signal
        score = "" if signal.score is None else f" · score {signal.score:.0f}"
        left = headline(signal.symbol, signal.direction, ui_text(signal.timeframe, 8))
        mark = "" if self._view.live else "○ "
        last = f"last {mark}{fmt.price(self._view.last, self._tick)}"
        blank = max(2, 56 - left.cell_length - len(score) - len(last))
        return Content.assemble(left, score, " " * blank, (last, "bold"))

    def _show_plan(self, plan: Plan | None) -> None:
        """Fill the right-hand side; without a plan nothing is known."""
        if plan is None:
            for figures in self._figures.values():
                _show(figures, Content.styled(fmt.MISSING, "$quiet"))
            return
        instrument = self._instrument
        base = ui_text(instrument.base, 8) if instrument is not None else ""
        quote = ui_text(instrument.quote, 8) if instrument is not None else ""
        size = f"= {fmt.quantity(plan.quantity)} {base}  ({fmt.money(plan.notional)} {quote})"
        entry = f"~{fmt.price(plan.price, self._tick)} fee {fmt.money(plan.entry_fee)}"
        drift = "" if plan.drift_r is None else f" drift {fmt.multiple(plan.drift_r)}R"
        _show(self._figures["size"], Content(size))
        _show(self._figures["entry"], Content(entry + drift))
        _show(self._figures["stop"], self._outcome("stop", plan, plan.net_at_stop))
        _show(self._figures["target"], self._outcome("target", plan, plan.net_at_target))

    def _outcome(self, field: str, plan: Plan, net: Decimal) -> Content:
        level = read_number(field, self._typed(field))
        away = fmt.percent((level - plan.price) / plan.price)
        in_r = fmt.multiple(net / plan.risk) if plan.risk else fmt.MISSING
        tone = fmt.tone(net)
        return Content.assemble(
            f"{away:>8}  ", (f"{fmt.signed(net):>10}", f"${tone}" if tone else ""), f"  {in_r}R"
        )


def _editable(price: Decimal, tick: Decimal | None) -> str:
    """Write a price as it would be typed; one off the grid is never moved silently."""
    if tick and on_grid(price, tick):
        return f"{price:.{fmt.decimals(tick)}f}"
    return plain(price)


def _input(name: str, value: str) -> Input:
    return Input(value, id=name, compact=True, max_length=200, select_on_focus=False)


def _show(text: Static, content: Content) -> None:
    if text.content != content:
        text.update(content)


def _keys() -> Content:
    parts: list[Content] = [
        Content.assemble((key, "bold $accent"), f" {what}") for key, what in _KEYS
    ]
    return Content("      ").join(parts)
