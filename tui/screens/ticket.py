"""The order ticket: an idea becomes a trade, with every figure known before it is sent."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from textual.content import Content

from desk import words
from desk.errors import DeskError
from desk.prepare import needs_atr
from desk.size_words import write_size
from desk.view import SignalView
from engine.commands import OpenTrade, one_target
from engine.errors import DuplicateTrade, Refused
from engine.events import TradeOpened, TradePlaced
from engine.instrument import Instrument
from engine.model import Market, Signal
from engine.plan import Plan
from engine.planning import DRIFT_QUESTION_R
from engine.sizes import Kelly
from tui import format as fmt
from tui.entry import Mistyped, editable, read, read_entry, read_level, read_number, read_size
from tui.explain import headline
from tui.port import DeskSession
from tui.screens.atr import Atr
from tui.screens.fields import (
    AFTER_TARGET,
    BREAK_EVEN,
    ENTRY,
    EXPIRES,
    HOLD,
    LEVERAGE,
    NOTE,
    SIZE,
    STOP,
    TARGETS,
    TRAIL,
)
from tui.screens.form import INNER, Form
from tui.screens.plan_figures import plan_figures, plan_sums
from tui.text import ui_text

OnDuplicate = Callable[[DuplicateTrade], None]

_LATER = "later"
"""Code of a figure that is worked out only when the order is sent."""


def duplicate_of(session: DeskSession, signal: Signal) -> DuplicateTrade | None:
    """Return the refusal of a second trade on *signal*, if one stands already."""
    command = OpenTrade(
        symbol=signal.symbol,
        direction=signal.direction,
        stop=signal.stop,
        targets=one_target(signal.targets[0]),
        size=session.default_size,
        signal=signal,
    )
    try:
        session.preview(command)
    except DuplicateTrade as duplicate:
        return duplicate
    except Refused:
        return None  # the ticket says it, and what can be done about it
    return None


class Ticket(Form[int | None]):
    """Opens a trade on a signal; answers with the trade's number, or None."""

    def __init__(
        self, session: DeskSession, view: SignalView, on_duplicate: OnDuplicate
    ) -> None:
        """Fill the ticket in from *view*.

        Args:
            session: Works out the figures and takes the order.
            view: The signal to trade.
            on_duplicate: Told when a trade already stands for this signal or symbol.
        """
        self._session = session
        self._view = view
        self._on_duplicate = on_duplicate
        self._asked = False
        """Whether the trader was asked about a market that has run far."""
        signal = view.signal
        self._atr = Atr(session, signal.symbol, signal.timeframe, self._atr_found)
        fields = [SIZE, ENTRY, STOP, TARGETS]
        fields += [LEVERAGE] if self._futures else []
        fields += [NOTE, TRAIL, BREAK_EVEN, AFTER_TARGET, HOLD, EXPIRES]
        super().__init__("Open paper trade", fields, self._first_texts())
        defaults = session.settings
        rare = (defaults.trailing, defaults.break_even, defaults.hold_ms)
        self.set_class(any(one is not None for one in rare), "-more")

    def paint(self) -> None:
        """Work the figures out again from what is typed and from the market now."""
        views = self._session.signal_views()
        self._view = next((v for v in views if v.signal.id == self._view.signal.id), self._view)
        self.show_head(self._head())
        self.show_answers(self._keys())
        try:
            plan = self._plan(self._command())
        except (Mistyped, Refused) as problem:
            self.show_figures(None)
            self.show_sums(Content(""))
            later = isinstance(problem, Refused) and problem.code == _LATER
            self.say(str(problem), warning=later)
        else:
            self.show_figures(plan_figures(plan, self._instrument))
            self.show_sums(plan_sums(plan, self._instrument))
            self.say(" ".join(plan.warnings), warning=True)

    def _atr_found(self) -> None:
        if self.is_mounted:
            self.paint()

    def send(self) -> None:
        """Send the order, or ask once more first."""
        try:
            command = self._command()
        except Mistyped as mistake:
            self.refuse(str(mistake))
            return
        if not self._asked and (question := self._question(command)):
            self._asked = True
            self.refuse(question)
            return
        self._sending = True
        self._refusal = ""
        self.say("Sending…")
        self.app.run_worker(self._send(command), name="order", exit_on_error=False)

    async def _send(self, command: OpenTrade) -> None:
        try:
            events = await self._session.submit(command)
        except DuplicateTrade as duplicate:
            self.refuse(str(duplicate))
            self._on_duplicate(duplicate)
        except (Refused, DeskError) as refusal:
            self.refuse(str(refusal))
        else:
            mine = [
                event.trade.id
                for event in events
                if isinstance(event, TradeOpened | TradePlaced)
            ]
            if self.is_attached and self.is_current:
                self.dismiss(mine[0] if mine else None)
        finally:
            self._sending = False

    def _question(self, command: OpenTrade) -> str:
        """Return what to ask before this order goes out; empty for nothing."""
        try:
            plan = self._plan(command)
        except Refused:
            return ""  # the desk will say it
        drift = plan.drift_r
        if plan.waits or drift is None or abs(drift) <= DRIFT_QUESTION_R:
            return ""
        return (
            f"The market has run {abs(drift):.1f} R since the signal. Enter again opens anyway."
        )

    def _plan(self, command: OpenTrade) -> Plan:
        """Work out what *command* would do.

        Raises:
            Refused: If the rules do not allow it, or it needs what only sending it fetches.
        """
        if isinstance(command.size, Kelly):
            raise Refused(_LATER, "The Kelly size follows from your past when it is sent.")
        if needs_atr(command):
            command = replace(command, atr=self._atr.value(self.app))
        return self._session.preview(command)

    def _command(self) -> OpenTrade:
        """Read the form.

        Raises:
            Mistyped: If a field cannot be read.
        """
        signal = self._view.signal
        mode, price = read_entry(self.typed("entry"))
        expires = self.typed("expires").strip()
        return OpenTrade(
            symbol=signal.symbol,
            direction=signal.direction,
            signal=signal,
            size=read_size(self.typed("size"), self._instrument),
            entry_mode=mode,
            entry=price,
            stop=read_level("Stop", self.typed("stop")),
            targets=read("Targets", self.typed("targets"), words.parse_targets),
            leverage=self._leverage(),
            trailing=words.present(read("Trail", self.typed("trail"), words.parse_trail)),
            break_even=words.present(
                read("Break-even", self.typed("break_even"), words.parse_break_even)
            ),
            after_target=read("After TP", self.typed("after_target"), words.parse_policy),
            hold_ms=words.present(read("Hold", self.typed("hold"), words.parse_hold)),
            lives_ms=read("Expires", expires, words.parse_span) if expires else None,
            note=ui_text(self.typed("note")),
        )

    def _leverage(self) -> int:
        if not self._futures:
            return 1
        number = read_number("Leverage", self.typed("leverage").rstrip("xX "))
        if number != int(number):
            raise Mistyped("Leverage must be a whole number, like 5.")
        return int(number)

    def _first_texts(self) -> dict[str, str]:
        signal, defaults = self._view.signal, self._session.settings
        targets = signal.targets if defaults.all_targets else signal.targets[:1]
        return {
            "size": write_size(self._session.default_size),
            "entry": defaults.entry.value,
            "stop": editable(signal.stop, self._tick),
            "targets": ",".join(editable(price, self._tick) for price in targets),
            "leverage": str(defaults.leverage),
            "note": "",
            "trail": words.write_trail(defaults.trailing),
            "break_even": words.write_break_even(defaults.break_even),
            "after_target": words.write_policy(defaults.after_target),
            "hold": words.write_hold(defaults.hold_ms),
            "expires": "",
        }

    @property
    def _instrument(self) -> Instrument | None:
        return self._session.instrument(self._view.signal.symbol)

    @property
    def _futures(self) -> bool:
        return self._instrument is not None and self._instrument.market is Market.FUTURES

    @property
    def _tick(self) -> Decimal | None:
        return self._instrument.tick if self._instrument is not None else None

    def _head(self) -> Content:
        signal = self._view.signal
        score = "" if signal.score is None else f" · score {signal.score:.0f}"
        left = headline(signal.symbol, signal.direction, ui_text(signal.timeframe, 8))
        mark = "" if self._view.live else "○ "
        last = f"last {mark}{fmt.price(self._view.last, self._tick)}"
        blank = max(2, INNER - left.cell_length - len(score) - len(last))
        return Content.assemble(left, score, " " * blank, (last, "bold"))

    def _keys(self) -> list[tuple[str, str]]:
        more = "less" if self.has_class("-more") else "more"
        return [("enter", "open"), ("tab", "next"), ("ctrl+e", more), ("esc", "cancel")]
