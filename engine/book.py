"""The book: all active trades of one account, changed by commands and prices alone.

Law: this is the only place where a trade is opened, changed or closed. The same start and the
same inputs give the same events, ids included; a refusal changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from engine import exits, waiting
from engine.account import Account
from engine.commands import CancelTrade, CloseTrade, Command, EditTrade, OpenTrade, UndoEdit
from engine.costs import REALISTIC, Costs
from engine.edits import edited, undone
from engine.entries import begun_by, duplicate_sentence
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.events import Event, TradeCancelled, TradeEdited
from engine.instrument import Instrument
from engine.model import Trade, TradeStatus
from engine.plan import Plan, Room
from engine.planning import check_tradable, plan_open
from engine.reactions import Reactions


class Book(Reactions):
    """One account's active trades and totals."""

    __slots__ = ("_next_id", "_spot_short")

    def __init__(
        self,
        account: Account,
        instruments: Mapping[str, Instrument],
        *,
        trades: Iterable[Trade] = (),
        next_trade_id: int = 1,
        spot_short: bool = True,
    ) -> None:
        """Start from stored state.

        Args:
            account: Totals as booked so far.
            instruments: Trading rules by symbol; read at each use, so it may be refreshed.
            trades: The account's active trades.
            next_trade_id: First id to give away.
            spot_short: Whether a paper short on a spot symbol is allowed.
        """
        super().__init__(account, instruments, trades)
        self._next_id = next_trade_id
        self._spot_short = spot_short

    def preview(self, command: OpenTrade) -> Plan:
        """Work out what *command* would do now, changing nothing.

        Raises:
            Refused: If the rules do not allow it.
        """
        return self._plan(command)[2]

    def preview_edit(self, order: EditTrade) -> Trade:
        """Return a trade as *order* would leave it now, changing nothing.

        Raises:
            Refused: If the rules do not allow it.
        """
        trade = self._active(order.trade_id)
        return edited(trade, order, self._instrument(trade), self.available)

    def submit(self, command: Command) -> Sequence[Event]:
        """Carry out a command and return what happened, in order.

        Raises:
            Refused: If the rules do not allow it; nothing has changed then.
        """
        match command:
            case OpenTrade():
                return [self._open(command)]
            case CloseTrade():
                return self._close(command)
            case CancelTrade():
                return self._cancel(command)
            case EditTrade():
                return self._edit(command)
            case UndoEdit():
                return self._undo(command)

    def _plan(self, command: OpenTrade) -> tuple[Instrument, Costs, Plan]:
        instrument = check_tradable(
            self._instruments.get(command.symbol),
            command,
            self.account.currency,
            market=self.account.market,
            spot_short=self._spot_short,
        )
        if earlier := self.duplicate_of(command):
            same = bool(
                command.signal and earlier.signal and earlier.signal.id == command.signal.id
            )
            raise DuplicateTrade(duplicate_sentence(earlier, same_signal=same), earlier.id)
        costs = command.costs or REALISTIC
        room = Room(available=self.available, trades=tuple(self.active()))
        return instrument, costs, plan_open(command, instrument, costs, room)

    def _open(self, command: OpenTrade) -> Event:
        instrument, costs, plan = self._plan(command)
        event = begun_by(
            command,
            plan,
            trade_id=self._next_id,
            account=self.account,
            instrument=instrument,
            costs=costs,
        )
        self._next_id += 1
        self._actives.insert(event.trade)
        self._actives.book([event])
        return event

    def _close(self, order: CloseTrade) -> Sequence[Event]:
        trade = self._active(order.trade_id)
        if trade.status is TradeStatus.PENDING:
            raise NotOpen(
                f"Trade #{trade.id} still waits for its entry; cancel it instead.", trade.id
            )
        event = exits.closed_by_hand(trade, order, self._dealt_in(trade))
        return self._actives.follow(trade, event.trade, [event])

    def _cancel(self, order: CancelTrade) -> Sequence[Event]:
        trade = self._active(order.trade_id)
        if trade.status is not TradeStatus.PENDING:
            raise Refused(
                "not_pending",
                f"Trade #{trade.id} is open; close it instead.",
                trade_id=trade.id,
            )
        now_ms = trade.placed_ms if order.now_ms is None else order.now_ms
        gone = waiting.cancelled(trade, order.reason, now_ms)
        return self._actives.follow(trade, gone, [TradeCancelled(gone)])

    def _edit(self, order: EditTrade) -> Sequence[Event]:
        trade = self._active(order.trade_id)
        after = edited(trade, order, self._dealt_in(trade), self.available)
        self._actives.edit(trade, after)
        return [TradeEdited(after)]

    def _undo(self, order: UndoEdit) -> Sequence[Event]:
        trade = self._active(order.trade_id)
        before = self._actives.before_edit(trade.id)
        if before is None:
            raise Refused(
                "nothing_to_undo",
                f"There is no edit of trade #{trade.id} that could be taken back.",
                trade_id=trade.id,
            )
        after = undone(trade, before, order.quote, self._instrument(trade))
        self._actives.edit(trade, after, undo=True)
        return [TradeEdited(after)]

    def _active(self, trade_id: int) -> Trade:
        trade = self.get(trade_id)
        if trade is None:
            raise NotOpen(f"Trade #{trade_id} is not open (any more).", trade_id)
        return trade

    def _dealt_in(self, trade: Trade) -> Instrument:
        """Return a trade's instrument if orders can be given for it now."""
        instrument = self._instrument(trade)
        if not instrument.trading:
            raise Refused(
                "not_trading",
                f"{trade.symbol} is not trading now ({instrument.status}); trade #{trade.id} "
                "stays as it is.",
                trade_id=trade.id,
            )
        return instrument
