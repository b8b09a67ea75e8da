"""Statistics of a desk's closed trades, read from its books; also as JSON.

Decimals are strings, times are integer milliseconds UTC; what is not defined is null.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.equity import Curve, Drawdown
from engine.money import plain
from engine.statistics import Statistics
from engine.tally import SQN_CAP, Excursion, Tally
from store.history import Selection
from store.ledger import Ledger

_RATIO = Decimal("0.000001")
_MONEY = Decimal("0.00000001")


async def statistics_of(ledger: Ledger, account: str, chosen: Selection) -> Statistics:
    """Add up an account's closed trades.

    Args:
        ledger: The books; a desk may be running on them.
        account: The account's name; it need not exist.
        chosen: Which trades.

    Raises:
        StoreError: If the books cannot be read.
    """
    history = ledger.history(account)
    start = None
    if chosen.whole:
        start = await history.equity_at(chosen.since_ms, chosen.session)
    statistics = Statistics(start, chosen.since_ms)
    async for page in history.results(chosen):
        for result in page:
            statistics.add(result)
    return statistics.finish()


def statistics_json(statistics: Statistics) -> dict[str, Any]:
    """Return statistics as JSON values."""
    holding, streaks = statistics.holding, statistics.streaks
    return {
        **tally_json(statistics.total),
        "first_opened_ms": holding.first_ms,
        "last_closed_ms": holding.last_ms,
        "exposure": _ratio(holding.exposure),
        "longest_wins": streaks.wins,
        "longest_losses": streaks.losses,
        "equity": _curve_json(statistics.curve),
        **{
            f"by_{kind}": {key: tally_json(tally) for key, tally in group.items()}
            for kind, group in statistics.parts.items()
        },
    }


def tally_json(tally: Tally) -> dict[str, Any]:
    """Return what a group of trades adds up to as JSON values."""
    interval = tally.win_interval
    return {
        "trades": tally.count,
        "wins": tally.wins,
        "losses": tally.losses,
        "zeros": tally.zeros,
        "win_rate": _ratio(tally.win_rate),
        "win_rate_95": [_ratio(bound) for bound in interval] if interval else None,
        "gross": plain(tally.gross),
        "fees": plain(tally.fees),
        "funding": plain(tally.funding),
        "net": plain(tally.net),
        "fees_share": _ratio(tally.fees_share),
        "profit_factor": _ratio(tally.profit_factor),
        "expectancy": _money(tally.expectancy),
        "average_win": _money(tally.average_win),
        "average_loss": _money(tally.average_loss),
        "payoff": _ratio(tally.payoff),
        "largest_win": _money(tally.largest_win),
        "largest_loss": _money(tally.largest_loss),
        "r_trades": tally.r.count,
        "expectancy_r": _ratio(tally.r.mean),
        "sqn": _ratio(tally.sqn),
        "sqn_capped": tally.r.count > SQN_CAP,
        "average_held_ms": tally.average_held_ms,
        "mae": _excursion_json(tally.adverse),
        "mfe": _excursion_json(tally.favourable),
    }


def _excursion_json(excursion: Excursion) -> Mapping[str, str | None]:
    return {
        "money": _money(excursion.money),
        "fraction": _ratio(excursion.fraction),
        "r": _ratio(excursion.r),
    }


def _curve_json(curve: Curve) -> Mapping[str, Any]:
    start, end = curve.start, curve.value
    return {
        "start": _money(start),
        "end": None if start is None else _money(end),
        "drawdown": _drawdown_json(curve.drawdown, _money),
        "drawdown_fraction": _drawdown_json(curve.drawdown_percent, _ratio),
        "recovery": _ratio(curve.recovery),
        "days": curve.days,
        "sharpe": _ratio(curve.sharpe),
        "sortino": _ratio(curve.sortino),
        "cagr": _ratio(curve.cagr),
        "calmar": _ratio(curve.calmar),
    }


def _drawdown_json(fall: Drawdown | None, write: Any) -> Mapping[str, Any] | None:
    if fall is None:
        return None
    return {
        "depth": write(fall.depth),
        "peak_ms": fall.peak_ms,
        "trough_ms": fall.trough_ms,
        "recovered_ms": fall.recovered_ms,
    }


def _ratio(value: Decimal | None) -> str | None:
    return _rounded(value, _RATIO)


def _money(value: Decimal | None) -> str | None:
    return _rounded(value, _MONEY)


def _rounded(value: Decimal | None, unit: Decimal) -> str | None:
    if value is None:
        return None
    return plain(value.quantize(unit) if value.is_finite() else value)
