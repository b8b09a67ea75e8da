"""Smart trades on a futures account, step by step as a book would tell them.

The numbers are made here, by hand, so that what is stored is tested and not the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from engine.account import Account
from engine.costs import REALISTIC
from engine.events import (
    Event,
    Filled,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import (
    CancelReason,
    CloseReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    Market,
    Payment,
    PriceModel,
    Source,
    Target,
    Trade,
    TradeStatus,
)
from engine.money import ZERO
from engine.pnl import fee, gross, open_cost, released_cost
from engine.stops import BreakEven, StopPolicy, Trailing
from store.ledger import Books, Checkpoint, Ledger
from tests.feeds import START_MS

D = Decimal
ACCOUNT = "futures"


async def load(ledger: Ledger) -> Books:
    return await ledger.load(
        ACCOUNT,
        market=Market.FUTURES,
        currency="USDT",
        deposit=D(10_000),
        day_start_ms=0,
        now_ms=START_MS,
    )


def pending(number: int = 1, **changes: Any) -> TradePlaced:
    """Return a limit order for 3 at 100 with targets for 1 each, the rest running."""
    trade = Trade(
        id=number,
        account=ACCOUNT,
        symbol=f"S{number}USDT",
        market=Market.FUTURES,
        direction=Direction.LONG,
        status=TradeStatus.PENDING,
        entry_mode=EntryMode.LIMIT,
        entry_price=D(100),
        initial_quantity=D(3),
        quantity=D(3),
        cost=ZERO,
        stake=D(300),
        leverage=10,
        margin=D("30.3"),
        initial_stop=D(95),
        fixed_stop=D(95),
        targets=(Target(price=D(105), quantity=D(1)), Target(price=D(110), quantity=D(1))),
        after_target=StopPolicy.BREAK_EVEN,
        costs=REALISTIC,
        placed_ms=START_MS,
        expires_ms=START_MS + 1000,
        opened_ms=START_MS,
        best=D(100),
        worst=D(100),
    )
    return TradePlaced(replace(trade, **changes))


def edited(trade: Trade, **changes: Any) -> TradeEdited:
    return TradeEdited(replace(trade, **changes))


def entered(trade: Trade, after_ms: int = 10) -> TradeOpened:
    fill = Fill(
        kind=FillKind.ENTRY,
        price=trade.entry_price,
        quantity=trade.quantity,
        fee=fee(trade.entry_price, trade.quantity, trade.costs.maker),
        time_ms=START_MS + after_ms,
        level=trade.entry_price,
        print_price=trade.entry_price,
        trade_id=7,
        model=PriceModel.LEVEL,
        source=Source.STREAM,
    )
    opened = replace(
        trade,
        status=TradeStatus.OPEN,
        cost=fill.price * fill.quantity,
        margin=D(30),
        opened_ms=fill.time_ms,
        fees=fill.fee,
        fills=(fill,),
    )
    return TradeOpened(opened, fill)


def cancelled(trade: Trade, after_ms: int = 20) -> TradeCancelled:
    return TradeCancelled(
        replace(
            trade,
            status=TradeStatus.CANCELLED,
            cancel_reason=CancelReason.EXPIRED,
            closed_ms=START_MS + after_ms,
            margin=ZERO,
        )
    )


def paid(trade: Trade, amount: str = "-0.03", after_ms: int = 30) -> FundingPaid:
    payment = Payment(
        time_ms=START_MS + after_ms, rate=D("0.0001"), mark=D(100), amount=D(amount)
    )
    after = replace(
        trade,
        margin=trade.margin + payment.amount,
        funding=trade.funding + payment.amount,
        payments=(*trade.payments, payment),
    )
    return FundingPaid(after, payment)


def target_hit(trade: Trade, after_ms: int = 40) -> TradeReduced:
    """Let the next target fill."""
    number, target = next((n, t) for n, t in enumerate(trade.targets) if not t.filled)
    fill = _closing(trade, FillKind.TARGET, target.price, target.quantity, after_ms)
    fill = replace(fill, level=target.price, model=PriceModel.LEVEL)
    targets = list(trade.targets)
    targets[number] = replace(target, filled=True)
    after = replace(_after(trade, fill), targets=tuple(targets), best=target.price)
    return TradeReduced(after, fill)


def stop_moved(trade: Trade, stop: str = "100.21") -> StopMoved:
    """Move the stop to break-even."""
    moved = replace(trade.break_even or BreakEven(), stop=D(stop))
    return StopMoved(replace(trade, break_even=moved))


def trailed(trade: Trade, best: str) -> Trade:
    """Let prints up to *best* pull a trailing stop along."""
    trailing = trade.trailing or Trailing(distance=D("0.02"), relative=True, tick=D("0.01"))
    moved = replace(trailing, best=D(best), stop=(D(best) * D("0.98")).quantize(D("0.01")))
    return replace(trade, trailing=moved, best=D(best))


def stopped(trade: Trade, after_ms: int = 60) -> TradeClosed:
    """Let the stop in force fill."""
    fill = _closing(trade, FillKind.STOP, trade.stop, trade.quantity, after_ms)
    return _finished(trade, replace(fill, level=trade.stop), CloseReason.TRAILING_STOP)


def liquidated(trade: Trade, after_ms: int = 60) -> TradeClosed:
    """Take all of the margin."""
    price = (trade.cost - trade.margin) / trade.quantity
    fill = _closing(trade, FillKind.LIQUIDATION, price, trade.quantity, after_ms)
    fill = replace(
        fill,
        price=price.quantize(D("1e-8")),
        fee=ZERO,
        gross=-trade.margin,
        model=PriceModel.BANKRUPTCY,
    )
    return _finished(trade, fill, CloseReason.LIQUIDATION)


def _closing(
    trade: Trade, kind: FillKind, price: Decimal, quantity: Decimal, after_ms: int
) -> Fill:
    released = released_cost(trade.cost, trade.quantity, quantity)
    return Fill(
        kind=kind,
        price=price,
        quantity=quantity,
        fee=fee(price, quantity, trade.costs.taker),
        gross=gross(trade.direction, released, price, quantity),
        time_ms=START_MS + after_ms,
        print_price=price,
        trade_id=8,
        model=PriceModel.LAST,
        source=Source.STREAM,
        reference=price,
    )


def _after(trade: Trade, fill: Fill) -> Trade:
    fills, left = (*trade.fills, fill), trade.quantity - fill.quantity
    return replace(
        trade,
        quantity=left,
        cost=open_cost(trade.direction, fills),
        margin=trade.margin - released_cost(trade.margin, trade.quantity, fill.quantity),
        gross=trade.gross + fill.gross,
        fees=trade.fees + fill.fee,
        fills=fills,
    )


def _finished(trade: Trade, fill: Fill, reason: CloseReason) -> TradeClosed:
    after = replace(
        _after(trade, fill),
        status=reason.status,
        close_reason=reason,
        closed_ms=fill.time_ms,
        exit_price=fill.price,
    )
    return TradeClosed(after, fill)


def story(number: int = 1) -> list[Event]:
    """Return a whole life: placed, edited, entered, paid, reduced, moved, reduced, closed."""
    trade = pending(number).trade
    with_trailing = Trailing(distance=D("0.02"), relative=True, tick=D("0.01"))
    edit = edited(trade, trailing=with_trailing, break_even=BreakEven(), hold_ms=99_000)
    entry = entered(edit.trade)
    funding = paid(trailed(entry.trade, "104"))
    first = target_hit(funding.trade)
    moved = stop_moved(first.trade)
    second = target_hit(moved.trade, 50)
    closed = stopped(trailed(second.trade, "111"))
    return [pending(number), edit, entry, funding, first, moved, second, closed]


@dataclass
class SmartDesk:
    """A ledger and the totals that go with what is recorded."""

    ledger: Ledger
    account: Account
    reached: Checkpoint = field(default=Checkpoint(trade_id=9, time_ms=START_MS + 45))

    async def record(self, *events: Event) -> None:
        """Book what happened, and commit it as the desk's hand does."""
        for event in events:
            self.account = _booked(self.account, event)
        await self.retry(*events)

    async def retry(self, *events: Event) -> None:
        """Make the last commit once more."""
        now = {event.trade.id: event.trade for event in events}
        active = [trade for trade in now.values() if trade.status.active]
        await self.again(*events, moved=active)

    async def again(self, *events: Event, moved: Sequence[Trade] = ()) -> None:
        """Commit something to which the totals belong already."""
        symbols = {event.trade.symbol for event in events}
        reached = dict.fromkeys(symbols, self.reached)
        await self.ledger.record(events, self.account, reached, moved)


def _booked(account: Account, event: Event) -> Account:
    if isinstance(event, Filled):
        account = replace(
            account,
            gross=account.gross + event.fill.gross,
            fees=account.fees + event.fill.fee,
        )
    if isinstance(event, FundingPaid):
        account = replace(account, funding=account.funding + event.payment.amount)
    if isinstance(event, TradeClosed):
        account = replace(
            account,
            closed=account.closed + 1,
            wins=account.wins + (event.trade.net > 0),
            losses=account.losses + (event.trade.net < 0),
        )
    return account


async def smart_desk(ledger: Ledger) -> SmartDesk:
    return SmartDesk(ledger, (await load(ledger)).account)


async def trade_smartly(ledger: Ledger) -> SmartDesk:
    """Leave an open trade #1 half-way, #2 liquidated, #3 cancelled, #4 pending.

    All of that is in the account's second session; in its first one, #5 was closed.
    """
    desk = await smart_desk(ledger)
    await desk.record(*story(5))
    fresh = Account(
        name=ACCOUNT,
        currency="USDT",
        market=Market.FUTURES,
        session=2,
        session_ms=START_MS + 100,
        deposits=D(500),
    )
    await ledger.new_session(fresh, START_MS + 100)
    desk.account = replace(fresh, deposits=D(450))
    await ledger.transfer(desk.account, D(-50), "rent", START_MS + 200)
    await desk.record(*(_second(event) for event in story(1)[:6]))
    placed = [_second(pending(number)) for number in (2, 3, 4)]
    await desk.record(*placed, cancelled(placed[1].trade))
    opening = entered(placed[0].trade)
    await desk.record(opening)
    await desk.record(liquidated(opening.trade))
    return desk


def _second(event: Any) -> Any:
    return replace(event, trade=replace(event.trade, session=2))
