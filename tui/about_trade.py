"""Everything about one trade in a column of text: results, stops, ladder, fills, funding."""

from collections.abc import Iterator
from decimal import Decimal

from textual.content import Content

from desk.view import TradeView
from desk.why import why
from engine.model import Direction, Market, Trade, TradeStatus
from engine.pnl import realised
from engine.stops import StopReason
from tui import format as fmt
from tui import trade_words as words
from tui.explain import heading, headline, pair, quiet, result_pair, toned
from tui.text import ui_text

_SHOWN_PAYMENTS = 12
"""Newest funding payments that are listed one by one."""


def about_trade(view: TradeView, tick: Decimal | None, now_ms: int) -> Content:
    """Describe a trade: result, stops, ladder, costs, fills.

    Args:
        view: The trade and its market.
        tick: The symbol's price grid.
        now_ms: Exchange time, milliseconds UTC.
    """
    trade = view.trade
    rows = [
        quiet(f"#{trade.id} ") + headline(trade.symbol, trade.direction, ""),
        quiet(_kind(trade)),
        Content(""),
        pair("Entry", fmt.price(trade.entry_price, tick), fmt.quantity(trade.initial_quantity)),
        *_market(view, tick, now_ms),
        Content(""),
        heading("Stops"),
        *_stops(trade, tick),
        heading("Targets"),
        *_targets(trade, tick),
        *_time(trade, now_ms),
        *_margin(view, tick, now_ms),
        *_results(view),
        *_fills(trade, tick),
        *_payments(trade, tick),
        *_note(trade),
    ]
    return Content("\n").join(rows)


def why_text(trade: Trade) -> Content:
    """Explain the price of every fill in sentences, and how an order without one ended."""
    rows = [headline(trade.symbol, trade.direction, ""), Content("")]
    for number, fill in enumerate(trade.fills, start=1):
        rows.append(heading(f"{number}  {fill.kind.value}  {fmt.clock(fill.time_ms)}Z"))
        rows += [Content(ui_text(sentence, 400)) for sentence in why(trade, fill)]
        rows.append(Content(""))
    if not trade.fills:
        ended = trade.status is TradeStatus.CANCELLED
        reason = f": {words.cancel_reason(trade)}" if ended else ""
        rows.append(Content(f"Nothing has been filled{reason}."))
    return Content("\n").join(rows)


def _kind(trade: Trade) -> str:
    what = f"{trade.market.value} {trade.entry_mode.value}"
    if trade.status is TradeStatus.PENDING:
        return f"{what} order, waits since {fmt.clock(trade.placed_ms)}Z"
    if trade.status is TradeStatus.CANCELLED:
        return f"{what} order: {words.cancel_reason(trade)}"
    short = trade.direction is Direction.SHORT and trade.market is Market.SPOT
    paper_short = ", an unlevered paper short without borrow cost" if short else ""
    return f"{what} entry, opened {fmt.clock(trade.opened_ms)}Z{paper_short}"


def _market(view: TradeView, tick: Decimal | None, now_ms: int) -> Iterator[Content]:
    trade = view.trade
    if not trade.status.active:
        yield pair("Exit", fmt.price(trade.exit_price, tick), _ended(trade))
        return
    remark = "" if view.live else "not live: not watched"
    if view.to_entry is not None:
        remark = remark or f"{fmt.share(abs(view.to_entry), 2)} from the entry"
    yield pair("Last", fmt.price(view.last, tick), remark)
    if trade.market is Market.FUTURES:
        yield pair("Mark", fmt.price(view.mark, tick), "")
    if trade.status is TradeStatus.PENDING and trade.expires_ms is not None:
        left = fmt.age(trade.expires_ms - now_ms)
        yield pair("Expires", f"in {left}", f"at {fmt.clock(trade.expires_ms)}Z")


def _ended(trade: Trade) -> str:
    if trade.status is TradeStatus.CANCELLED:
        return "never entered"
    at = "" if trade.closed_ms is None else f" at {fmt.clock(trade.closed_ms)}Z"
    return f"{words.ending(trade).title}{at}"


def _stops(trade: Trade, tick: Decimal | None) -> Iterator[Content]:
    """List the stops that a trade has; ▸ marks the one in force."""
    in_force = trade.stop_reason
    fixed_in_force = in_force not in words.STOP_TAGS
    fixed_name = words.STOP_NAMES[trade.fixed_reason].removeprefix("the ")
    yield _stop(fixed_name, trade.fixed_stop, "", tick, in_force=fixed_in_force)
    if (even := trade.break_even) is not None:
        state = "armed by a target" if even.trigger is None else "from "
        state += "" if even.trigger is None else fmt.price(even.trigger, tick)
        if even.due and even.stop is None:
            state = "waits until it is behind the market"
        state = "" if even.stop is not None else state
        is_it = in_force is StopReason.BREAK_EVEN
        yield _stop("break-even", even.stop, state, tick, in_force=is_it)
    if (trail := trade.trailing) is not None:
        wide = (
            fmt.share(trail.distance, 2) if trail.relative else fmt.price(trail.distance, tick)
        )
        best = f"best {fmt.price(trail.best, tick)}"
        waits = f"from {fmt.price(trail.activation, tick)}" if trail.activation else "at entry"
        state = best if trail.best is not None else waits
        is_it = in_force is StopReason.TRAILING
        yield _stop(f"trailing {wide}", trail.stop, state, tick, in_force=is_it)
    if len(trade.targets) > 1:
        yield quiet(f"    after a target it {words.POLICY_NAMES[trade.after_target]}")


def _stop(
    name: str, price: Decimal | None, state: str, tick: Decimal | None, *, in_force: bool
) -> Content:
    mark = "▸" if in_force else " "
    return Content.assemble(
        (f"  {mark} ", "$accent"),
        (f"{ui_text(name, 24):<18}", "" if in_force else "$quiet"),
        f"{fmt.price(price, tick):>12}",
        (f"  {state}" if state else "", "$quiet"),
    )


def _targets(trade: Trade, tick: Decimal | None) -> Iterator[Content]:
    for tag, target in words.target_tags(trade):
        size = fmt.quantity(target.quantity)
        yield Content.assemble(
            f"    {tag:<4}",
            f"{fmt.price(target.price, tick):>12}",
            (f"{size:>14}", "$quiet"),
            ("  filled", "$profit") if target.filled else "",
        )
    if trade.status.active and (rest := words.runner(trade)) > 0:
        yield Content.assemble(
            "    runner", (f"{fmt.quantity(rest):>24}", "$quiet"), (" no target", "$quiet")
        )


def _time(trade: Trade, now_ms: int) -> Iterator[Content]:
    if trade.hold_ms is None:
        return
    if (deadline := trade.deadline_ms) is not None and trade.status.active:
        left = fmt.age(deadline - now_ms)
        yield pair("Time", f"in {left}", f"closes at {fmt.clock(deadline)}Z")
    else:
        yield pair("Time", fmt.age(trade.hold_ms), "held at most")


def _margin(view: TradeView, tick: Decimal | None, now_ms: int) -> Iterator[Content]:
    trade = view.trade
    if trade.market is not Market.FUTURES or not trade.status.active:
        return
    yield pair("Margin", fmt.money(trade.margin), f"isolated, {trade.leverage}x")
    if view.liquidation is not None:
        guess = ", estimated" if view.liquidation_estimated else ""
        away = fmt.percent(view.to_liquidation, 1)
        yield pair("Liquid.", fmt.price(view.liquidation, tick), f"{away}{guess}")
    if view.next_funding_ms is not None:
        left = fmt.age(view.next_funding_ms - now_ms)
        yield pair("Next", fmt.percent(view.funding_rate, 4), f"funding in {left}")


def _results(view: TradeView) -> Iterator[Content]:
    trade = view.trade
    if not trade.fills:
        return
    yield Content("")
    if trade.status.active:
        if len(trade.fills) > 1:
            yield pair("Open", fmt.quantity(trade.quantity), "the rest is closed")
            yield result_pair("Realised", realised(trade), "of the closed part, fees paid")
        yield result_pair("P/L", view.unrealised, f"{fmt.percent(view.percent)} of the stake")
        yield result_pair(
            "Net now", view.net_now, f"{fmt.multiple(view.r_now)}R, all fees paid"
        )
    else:
        yield result_pair("Net", trade.net, words.result(trade))
    yield pair("Fees", fmt.money(trade.fees), f"paid so far, {trade.costs.profile}")
    if trade.payments:
        count = len(trade.payments)
        times = "1 payment" if count == 1 else f"{count} payments"
        yield result_pair("Funding", trade.funding, times)


def _fills(trade: Trade, tick: Decimal | None) -> Iterator[Content]:
    if not trade.fills:
        return
    yield Content("")
    yield heading("Fills") + quiet("  w explains the prices")
    for fill in trade.fills:
        price, size = fmt.price(fill.price, tick), fmt.quantity(fill.quantity)
        yield Content.assemble(
            (f"  {fmt.clock(fill.time_ms)} ", "$quiet"),
            f"{fill.kind.value} {size} @ {price}",
            (f"  fee {fmt.money(fill.fee)}", "$quiet"),
        )


def _payments(trade: Trade, tick: Decimal | None) -> Iterator[Content]:
    if not trade.payments:
        return
    yield Content("")
    yield heading("Funding")
    for payment in trade.payments[-_SHOWN_PAYMENTS:]:
        yield Content.assemble(
            (f"  {fmt.day(payment.time_ms)} {fmt.short_clock(payment.time_ms)} ", "$quiet"),
            toned(f"{fmt.signed(payment.amount):>10}", payment.amount),
            (
                f"  {fmt.percent(payment.rate, 4)} at {fmt.price(payment.mark, tick)}",
                "$quiet",
            ),
        )
    if (more := len(trade.payments) - _SHOWN_PAYMENTS) > 0:
        yield quiet(f"  and {more} before")


def _note(trade: Trade) -> Iterator[Content]:
    if trade.note:
        yield Content("")
        yield heading("Note")
        yield Content(f"  {ui_text(trade.note)}")
