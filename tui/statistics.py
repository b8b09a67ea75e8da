"""Statistics as calm, aligned lines for the command line; no Textual here.

A figure that is not defined shows a dash and why; one drawn from few trades says from how many.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from engine.equity import MIN_DAYS_FOR_CAGR, Curve, Drawdown
from engine.money import plain
from engine.statistics import Statistics
from engine.tally import SQN_CAP, Excursion, Tally
from engine.text import clean
from tui.listing import aligned, clock, signed

FEW = 30
"""Below this many trades chance alone explains most figures."""
_HUNDRED = Decimal(100)
_CENT = Decimal("0.01")
_SHOWN = Decimal("0.0001")
"""Means of money show no more digits; sums show all they have."""
Row = tuple[str, str, str]
"""Name, figure, remark."""


def statistics_lines(found: Statistics, currency: str) -> Iterator[str]:
    """Say everything about some closed trades; all money in *currency*."""
    total = found.total
    if not total.count:
        yield "No closed trades, so there is nothing to add up."
        return
    first, last = found.holding.first_ms or 0, found.holding.last_ms or 0
    yield f"{_counted(total.count, 'closed trade')}, {clock(first)} to {clock(last)} UTC"
    if total.count < FEW:
        yield f"Fewer than {FEW} trades: most of this may be chance."
    yield from _block("Results", _results(total, currency))
    yield from _block("Per trade", _per_trade(total, currency))
    yield from _block("Course", _course(found))
    yield from _block("Booked equity", _equity(found.curve, currency))
    for kind, group in found.parts.items():
        yield from _group(kind, group)


def _block(title: str, rows: Iterator[Row]) -> Iterator[str]:
    cells = list(rows)
    name = max(len(row[0]) for row in cells)
    figure = max(len(row[1]) for row in cells)
    yield f"\n{title}"
    for what, value, remark in cells:
        yield f"  {what:<{name}}  {value:>{figure}}  {remark}".rstrip()


def _results(total: Tally, currency: str) -> Iterator[Row]:
    interval = total.win_interval or (Decimal(0), Decimal(0))
    true_rate = f"95 % interval {_percent(interval[0])} to {_percent(interval[1])}"
    yield "Net", signed(total.net), currency
    yield "Gross", signed(total.gross), ""
    yield "Fees", plain(total.fees), _fees_remark(total)
    if total.funding:
        yield "Funding", signed(total.funding), ""
    yield "Won", str(total.wins), ""
    yield "Lost", str(total.losses), ""
    if total.zeros:
        yield "Neither", str(total.zeros), "net exactly 0"
    yield "Win rate", _percent(total.win_rate), f"n={total.count}, {true_rate}"
    yield "Profit factor", _ratio(total.profit_factor), _factor_remark(total)


def _fees_remark(total: Tally) -> str:
    share = total.fees_share
    return f"{_percent(share)} of gross" if share is not None else ""


def _factor_remark(total: Tally) -> str:
    if total.losses:
        return ""
    return "no losses yet" if total.wins else "no wins and no losses"


def _per_trade(total: Tally, currency: str) -> Iterator[Row]:
    r = total.r
    yield "Expectancy", _money(total.expectancy), currency
    yield "Expectancy R", _ratio(r.mean), f"n={r.count}" if r.count else "no trade had a stop"
    yield "Average win", _money(total.average_win), f"n={total.wins}"
    yield "Average loss", _money(total.average_loss), f"n={total.losses}"
    yield "Payoff", *_or_why(total.payoff, "", "needs wins and losses")
    yield "Largest win", _money(total.largest_win), ""
    yield "Largest loss", _money(total.largest_loss), ""
    name = f"SQN{SQN_CAP}" if r.count > SQN_CAP else "SQN"
    yield name, *_or_why(total.sqn, f"n={r.count}", "needs results that differ")
    yield "MFE, average", *_excursion(total.favourable)
    yield "MAE, average", *_excursion(total.adverse)


def _excursion(excursion: Excursion) -> tuple[str, str]:
    in_r = f", {_ratio(excursion.r)} R" if excursion.r is not None else ""
    return _money(excursion.money), f"{_percent(excursion.fraction)} of the entry{in_r}"


def _course(found: Statistics) -> Iterator[Row]:
    held, exposure = found.total.average_held_ms, found.holding.exposure
    yield "Longest run of wins", str(found.streaks.wins), ""
    yield "Longest run of losses", str(found.streaks.losses), ""
    yield "Average holding time", _span(held or 0), ""
    yield "In a trade", _percent(exposure), "of the time" if exposure is not None else ""


def _equity(curve: Curve, currency: str) -> Iterator[Row]:
    fall, part = curve.drawdown, curve.drawdown_percent
    if curve.start is not None:
        yield "Start", plain(curve.start), currency
        yield "End", plain(curve.value), ""
    yield "Max drawdown", _depth(fall), _when(fall)
    yield "Recovery", *_or_why(curve.recovery, "", "needs a drawdown")
    if curve.start is None:
        yield "Percent, Sharpe, …", "-", "only for all trades of an account"
        return
    yield "Max drawdown %", _percent(part.depth if part else None), _when(part)
    days = f"{curve.days} d"
    yield "Sharpe", *_or_why(curve.sharpe, days, "needs days that differ")
    yield "Sortino", *_or_why(curve.sortino, days, "needs a day with a loss")
    short = f"needs {MIN_DAYS_FOR_CAGR} days, has {curve.days}"
    yield "CAGR", _percent(curve.cagr), days if curve.cagr is not None else short
    yield "Calmar", *_or_why(curve.calmar, "", "needs CAGR and a drawdown")


def _depth(fall: Drawdown | None) -> str:
    return "-" if fall is None else plain(fall.depth)


def _when(fall: Drawdown | None) -> str:
    if fall is None:
        return "never fell below a peak"
    end = "not recovered" if fall.recovered_ms is None else f"back {clock(fall.recovered_ms)}"
    return f"from {clock(fall.peak_ms)} to {clock(fall.trough_ms)}, {end}"


def _group(kind: str, group: Mapping[str, Tally]) -> Iterator[str]:
    opened = " of opening, UTC" if kind in {"hour", "weekday"} else ""
    yield f"\nBy {kind}{opened}"
    rows = [
        (
            clean(key, 24) or "(no signal)",
            str(tally.count),
            _percent(tally.win_rate),
            signed(tally.net),
            _ratio(tally.profit_factor),
            _ratio(tally.r.mean),
            plain(tally.fees),
        )
        for key, tally in group.items()
    ]
    head = (kind.upper(), "N", "WIN RATE", "NET", "PF", "MEAN R", "FEES")
    for line in aligned(head, rows).splitlines():
        yield f"  {line}"


def _or_why(value: Decimal | None, remark: str, why_not: str) -> tuple[str, str]:
    return _ratio(value), remark if value is not None else why_not


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _money(amount: Decimal | None) -> str:
    return "-" if amount is None else signed(amount.quantize(_SHOWN))


def _ratio(value: Decimal | None) -> str:
    if value is None:
        return "-"
    return format(value.quantize(_CENT), "f") if value.is_finite() else "∞"


def _percent(fraction: Decimal | None) -> str:
    return "-" if fraction is None else f"{(fraction * _HUNDRED).quantize(_CENT):f} %"


def _span(span_ms: int) -> str:
    minutes, seconds = divmod(span_ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds}s"
