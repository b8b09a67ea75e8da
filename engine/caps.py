"""The caps of an account, and whether an order keeps them (rules §15; `engine.limits`).

Each refusal names the cap and the figures that break it.
"""

from collections.abc import Iterable
from decimal import Decimal

from engine.commands import OpenTrade
from engine.errors import Refused
from engine.model import EntryMode, Trade, TradeStatus
from engine.money import ZERO, money, plain
from engine.pnl import fee, gross, open_entry_fee


def check_caps_before(command: OpenTrade, trades: Iterable[Trade], currency: str) -> None:
    """Check the caps that do not depend on how large an order is.

    Args:
        command: The order with the caps it is stamped with.
        trades: All active trades of the account.
        currency: Of the account, for the sentence.

    Raises:
        Refused: If no further trade may be opened now.
    """
    limits = command.limits
    active = len(tuple(trades))
    if limits.max_trades is not None and active >= limits.max_trades:
        raise Refused(
            "max_trades",
            f"{active} {'trade is' if active == 1 else 'trades are'} active; your limit is "
            f"{limits.max_trades}. Close one first.",
        )
    if limits.max_daily_loss is None:
        return
    most = _share(limits.max_daily_loss, command)
    if command.today_net <= -most:
        raise Refused(
            "max_daily_loss",
            f"Today's trades have lost {_text(-command.today_net)} {currency}; your limit is "
            f"{_text(most)} {currency} a day ({_percent(limits.max_daily_loss)} of equity). "
            "Trading goes on at 00:00 UTC.",
        )


def check_caps(
    command: OpenTrade,
    trades: Iterable[Trade],
    currency: str,
    *,
    notional: Decimal,
    loss: Decimal,
) -> None:
    """Check the caps on how large one trade, and all of them together, may be.

    Args:
        command: The order with the caps it is stamped with.
        trades: All active trades of the account.
        currency: Of the account, for the sentence.
        notional: Value of the order, quote.
        loss: What the order would lose at its stop, fees included, quote.

    Raises:
        Refused: If the order is too large for a cap.
    """
    limits = command.limits
    if limits.max_position is not None:
        most = _share(limits.max_position, command)
        if notional > most:
            raise Refused(
                "max_position",
                f"The order is worth {_text(notional)} {currency}; your limit for one trade is "
                f"{_text(most)} {currency} ({_percent(limits.max_position)} of equity).",
            )
    if limits.max_risk is not None:
        most = _share(limits.max_risk, command)
        others = sum((loss_at_stop(trade) for trade in trades), ZERO)
        if others + max(loss, ZERO) > most:
            raise Refused(
                "max_risk",
                f"This trade would risk {_text(loss)} {currency} and the others "
                f"{_text(others)} {currency}; your limit for all together is {_text(most)} "
                f"{currency} ({_percent(limits.max_risk)} of equity).",
            )


def loss_at_stop(trade: Trade) -> Decimal:
    """Return what is still open of a trade would lose if its stop filled now, quote.

    Both fees and the slippage agreed are in it; 0 where the stop is beyond break-even. A
    pending trade counts as if it had been entered at the price it waits for.
    """
    costs, quantity, sign = trade.costs, trade.quantity, trade.direction.sign
    if trade.status is TradeStatus.PENDING:
        cost = trade.entry_price * quantity
        rate = costs.maker if trade.entry_mode is EntryMode.LIMIT else costs.taker
        fee_in = fee(trade.entry_price, quantity, rate)
    else:
        cost, fee_in = trade.cost, open_entry_fee(trade.fills)
    slippage = trade.stop * costs.slippage + costs.slippage_amount
    stop_fill = trade.stop - sign * slippage
    fee_out = fee(stop_fill, quantity, costs.taker)
    return max(ZERO, fee_in + fee_out - gross(trade.direction, cost, stop_fill, quantity))


def _share(fraction: Decimal, command: OpenTrade) -> Decimal:
    if command.equity is None:
        raise Refused(
            "no_equity", "Equity is not known yet, and your limits are shares of it; try again."
        )
    return fraction * max(command.equity, ZERO)


def _text(amount: Decimal) -> str:
    return plain(money(amount))


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * 100)} %"
