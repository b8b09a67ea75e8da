"""What an order would do, in the figures beside the ticket's fields."""

from decimal import Decimal

from textual.content import Content

from engine.instrument import Instrument
from engine.model import Market
from engine.plan import Plan
from engine.stops import Trailing
from tui import format as fmt
from tui.explain import toned
from tui.text import ui_text


def plan_figures(plan: Plan, instrument: Instrument | None) -> dict[str, Content]:
    """Return the figures by the name of the field that they stand beside."""
    tick = instrument.tick if instrument is not None else None
    base = ui_text(instrument.base, 8) if instrument is not None else ""
    quote = ui_text(instrument.quote, 8) if instrument is not None else ""
    size = f"= {fmt.quantity(plan.quantity)} {base}  ({fmt.money(plan.notional)} {quote})"
    figures = {
        "size": Content(size),
        "entry": _entry(plan, tick),
        "stop": _outcome(plan, _away(plan.stop, plan), plan.net_at_stop),
        "targets": _outcome(plan, _targets_away(plan), plan.net_at_targets),
        "expires": _quiet(f"until {fmt.clock(plan.expires_ms)}Z" if plan.expires_ms else ""),
    }
    if instrument is not None and instrument.market is Market.FUTURES:
        figures["leverage"] = _liquidation(plan, tick)
    if plan.trailing is not None:
        figures["trail"] = _quiet(_trailing(plan.trailing, tick))
    if plan.break_even is not None:
        trigger = plan.break_even.trigger
        at = "at once" if trigger is None else f"at {fmt.price(trigger, tick)}"
        even = fmt.price(plan.break_even_price, tick)
        figures["break_even"] = _quiet(f"{at} to about {even}")
    return figures


def plan_sums(plan: Plan, instrument: Instrument | None) -> Content:
    """Return the line of figures that belong to no field."""
    tick = instrument.tick if instrument is not None else None
    futures = instrument is not None and instrument.market is Market.FUTURES
    net = fmt.MISSING if plan.reward_risk_net is None else f"{plan.reward_risk_net:.2f}"
    wins = fmt.share(plan.break_even_win_rate)
    return Content.assemble(
        ("margin ", "$quiet") if futures else "",
        f"{fmt.money(plan.margin)}   " if futures else "",
        ("R:R ", "$quiet"),
        f"{plan.reward_risk:.2f} gross {net} net",
        ("   even at ", "$quiet"),
        fmt.price(plan.break_even_price, tick),
        (", or ", "$quiet"),
        f"{wins} wins",
    )


def _entry(plan: Plan, tick: Decimal | None) -> Content:
    fee = f"fee {fmt.money(plan.entry_fee)}"
    if plan.waits_for is not None:
        return Content(f"waits for {fmt.price(plan.waits_for, tick)}, {fee}")
    drift = "" if plan.drift_r is None else f" drift {fmt.multiple(plan.drift_r)}R"
    return Content(f"~{fmt.price(plan.price, tick)} {fee}{drift}")


def _outcome(plan: Plan, away: str, net: Decimal) -> Content:
    in_r = fmt.multiple(net / plan.risk) if plan.risk else fmt.MISSING
    return Content.assemble(f"{away:>8}  ", toned(f"{fmt.signed(net):>10}", net), f"  {in_r}R")


def _away(price: Decimal, plan: Plan) -> str:
    return fmt.percent((price - plan.price) / plan.price)


def _targets_away(plan: Plan) -> str:
    """Say how far the first target is, and the last one of a ladder."""
    first, last = plan.targets[0], plan.targets[-1]
    if first is last:
        return _away(first.price, plan)
    near = fmt.signed((first.price / plan.price - 1) * 100, 1)
    return f"{near}…{fmt.percent(last.price / plan.price - 1, 1)}"


def _liquidation(plan: Plan, tick: Decimal | None) -> Content:
    if plan.liquidation is None:
        return Content("no price liquidates it")
    guess = "estimated " if plan.liquidation_estimated else ""
    away = fmt.percent(plan.liquidation / plan.price - 1, 1)
    return Content.assemble(
        "liq ", (guess, "$accent"), f"{fmt.price(plan.liquidation, tick)} {away}"
    )


def _trailing(trailing: Trailing, tick: Decimal | None) -> str:
    distance = (
        fmt.share(trailing.distance, 2)
        if trailing.relative
        else fmt.price(trailing.distance, tick)
    )
    start = (
        "at once"
        if trailing.activation is None
        else f"from {fmt.price(trailing.activation, tick)}"
    )
    return f"{distance} behind, {start}"


def _quiet(words: str) -> Content:
    return Content.styled(words, "$quiet")
