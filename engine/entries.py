"""How a trade begins, and which active trade forbids it (rules §§18, 20)."""

from engine.commands import OpenTrade
from engine.costs import Costs
from engine.model import (
    EntryMode,
    Fill,
    FillKind,
    Instrument,
    PriceModel,
    Quote,
    Target,
    Trade,
    TradeStatus,
)
from engine.money import plain
from engine.plan import Plan


def opened_by(
    command: OpenTrade,
    plan: Plan,
    quote: Quote,
    *,
    trade_id: int,
    account: str,
    instrument: Instrument,
    costs: Costs,
) -> tuple[Trade, Fill]:
    """Return the new trade and its entry fill, as worked out in *plan*."""
    fill = Fill(
        kind=FillKind.ENTRY,
        price=plan.price,
        quantity=plan.quantity,
        fee=plan.entry_fee,
        time_ms=quote.time_ms,
        print_price=quote.last,
        trade_id=quote.last_trade_id,
        model=plan.model,
        source=command.source,
    )
    classic = plan.model is PriceModel.SIGNAL
    trade = Trade(
        id=trade_id,
        account=account,
        symbol=command.symbol,
        market=instrument.market,
        direction=command.direction,
        status=TradeStatus.OPEN,
        signal=command.signal,
        entry_mode=EntryMode.CLASSIC if classic else EntryMode.MARKET,
        entry_price=plan.price,
        initial_quantity=plan.quantity,
        quantity=plan.quantity,
        cost=plan.notional,
        stake=plan.stake,
        initial_stop=command.stop,
        stop=command.stop,
        targets=(Target(price=command.target, quantity=plan.quantity),),
        costs=costs,
        opened_ms=quote.time_ms,
        fees=plan.entry_fee,
        best=plan.price,
        worst=plan.price,
        note=command.note,
        fills=(fill,),
    )
    return trade, fill


def duplicate_sentence(earlier: Trade, *, same_signal: bool) -> str:
    """Say which active trade forbids another one, on its signal or on its symbol."""
    what = "signal" if same_signal else "symbol and direction"
    return (
        f"Duplicate trade: #{earlier.id} is already open for this {what} "
        f"({earlier.status}, entry {plain(earlier.entry_price)})."
    )
