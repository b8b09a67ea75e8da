"""What an order would win or lose: its outcomes at the stop and at the targets (rules §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.costs import Costs
from engine.model import Direction, Target
from engine.money import ZERO
from engine.pnl import fee, gross, released_cost, reward_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An entry as planned; money in quote asset."""

    direction: Direction
    price: Decimal
    quantity: Decimal
    cost: Decimal
    fee: Decimal
    costs: Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The figures of a plan; see `engine.plan.Plan`."""

    net_at_stop: Decimal
    net_at_targets: Decimal
    risk: Decimal
    reward_risk: Decimal
    reward_risk_net: Decimal | None
    break_even_win_rate: Decimal | None


def outlook_of(
    entered: Entered, stop: Decimal, stop_fill: Decimal, targets: Sequence[Target]
) -> Outlook:
    """Work out what an entry would win or lose.

    Args:
        entered: The entry.
        stop: First stop.
        stop_fill: Price at which it would fill, slippage included.
        targets: Nearest first; what they leave over is counted at the last of them.
    """
    parts = [(target.price, target.quantity) for target in targets]
    runner = entered.quantity - sum((quantity for _, quantity in parts), ZERO)
    if runner:
        parts.append((targets[-1].price, runner))
    win = _net(entered, parts, entered.costs.maker)
    loss = -_net(entered, [(stop_fill, entered.quantity)], entered.costs.taker)
    average = sum((price * part for price, part in parts), ZERO) / entered.quantity
    return Outlook(
        net_at_stop=-loss,
        net_at_targets=win,
        risk=abs(entered.price - stop) * entered.quantity,
        reward_risk=reward_risk(entered.price, stop, average),
        reward_risk_net=win / loss if loss > 0 else None,
        break_even_win_rate=_win_rate(win, max(loss, ZERO)),
    )


def _win_rate(win: Decimal, loss: Decimal) -> Decimal | None:
    return loss / (loss + win) if win > 0 else None


def _net(entered: Entered, exits: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
    """Return the net result of an entry and of exits that close all of it, quote."""
    cost, quantity, net = entered.cost, entered.quantity, -entered.fee
    for price, part in exits:
        released = released_cost(cost, quantity, part)
        net += gross(entered.direction, released, price, part) - fee(price, part, rate)
        cost, quantity = cost - released, quantity - part
    return net
