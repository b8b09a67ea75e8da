"""How a trade begins, and which active trade forbids it (rules §§18, 20).

Every trade begins as an order; one that does not wait is entered in the same moment.
"""

from dataclasses import replace

from engine.account import Account
from engine.commands import OpenTrade
from engine.costs import Costs
from engine.events import TradeOpened, TradePlaced
from engine.instrument import Instrument
from engine.margin import initial_margin
from engine.model import Fill, FillKind, Market, Quote, Source, Trade, TradeStatus
from engine.money import ZERO, money, plain
from engine.moving import started
from engine.plan import Plan


def begun_by(
    command: OpenTrade,
    plan: Plan,
    *,
    trade_id: int,
    account: Account,
    instrument: Instrument,
    costs: Costs,
) -> TradePlaced | TradeOpened:
    """Return how a new trade begins, as worked out in *plan*.

    Args:
        command: The order that was planned.
        plan: What it comes to.
        trade_id: Of the new trade.
        account: That it is for.
        instrument: Of the command's symbol.
        costs: Copied onto the trade.
    """
    quote = command.quote
    assert quote is not None  # a plan is made from a fresh price only
    price = plan.price if plan.waits_for is None else plan.waits_for
    order = Trade(
        id=trade_id,
        account=account.name,
        session=account.session,
        symbol=command.symbol,
        market=instrument.market,
        direction=command.direction,
        status=TradeStatus.PENDING,
        signal=command.signal,
        entry_mode=plan.entry_mode,
        entry_price=price,
        initial_quantity=plan.quantity,
        quantity=plan.quantity,
        cost=ZERO,
        stake=plan.stake,
        leverage=plan.leverage,
        margin=money(plan.margin) + plan.entry_fee,
        initial_stop=plan.stop,
        fixed_stop=plan.stop,
        targets=plan.targets,
        after_target=plan.after_target,
        trailing=plan.trailing,
        break_even=plan.break_even,
        hold_ms=plan.hold_ms,
        costs=costs,
        placed_ms=quote.time_ms,
        expires_ms=plan.expires_ms,
        opened_ms=quote.time_ms,
        best=price,
        worst=price,
        note=command.note,
    )
    if plan.waits:
        return TradePlaced(order)
    fill = _fill_now(plan, quote, command.source)
    return TradeOpened(entered(order, fill), fill)


def entered(trade: Trade, fill: Fill) -> Trade:
    """Return a pending trade after its entry fill; a trailing stop may begin with it."""
    cost, trailing = fill.price * fill.quantity, trade.trailing
    if trailing and trailing.activation is None:
        trailing = started(trailing, trade.direction, fill.price)
    futures = trade.market is Market.FUTURES
    return replace(
        trade,
        status=TradeStatus.OPEN,
        entry_price=fill.price,
        cost=cost,
        margin=initial_margin(cost, trade.leverage) if futures else ZERO,
        opened_ms=fill.time_ms,
        fees=fill.fee,
        best=fill.price,
        worst=fill.price,
        trailing=trailing,
        fills=(fill,),
    )


def duplicate_sentence(earlier: Trade, *, same_signal: bool) -> str:
    """Say which active trade forbids another one, on its signal or on its symbol."""
    what = "signal" if same_signal else "symbol and direction"
    state = "waiting" if earlier.status is TradeStatus.PENDING else "open"
    return (
        f"Duplicate trade: #{earlier.id} is already {state} for this {what} "
        f"({earlier.status}, entry {plain(earlier.entry_price)})."
    )


def _fill_now(plan: Plan, quote: Quote, source: Source) -> Fill:
    return Fill(
        kind=FillKind.ENTRY,
        price=plan.price,
        quantity=plan.quantity,
        fee=plan.entry_fee,
        time_ms=quote.time_ms,
        print_price=quote.last,
        trade_id=quote.last_trade_id,
        model=plan.model,
        source=source,
        reference=plan.reference,
    )
