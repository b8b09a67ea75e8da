"""Numbers and times as a trader reads them.

A price shows its symbol's own decimals; a change always shows its sign. Nothing here computes
money: rounding is for the eye alone.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from engine.money import plain

MISSING = "–"
"""Stands for a number that is not known yet."""

_HUNDRED = Decimal(100)
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


def price(value: Decimal | None, tick: Decimal | None) -> str:
    """Write a price with the decimals of its *tick* size and grouped thousands.

    Args:
        value: Quote per base, or None while unknown.
        tick: The symbol's price grid; None or 0 shows the price exactly as it is.
    """
    if value is None:
        return MISSING
    if not tick:
        return quantity(value)
    return f"{value:,.{decimals(tick)}f}"


def decimals(grid: Decimal) -> int:
    """Count the decimals that a multiple of *grid* needs."""
    exponent = grid.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def quantity(value: Decimal) -> str:
    """Write a quantity exactly, with grouped thousands and without trailing zeros."""
    whole, point, fraction = plain(value).partition(".")
    grouped = "-0" if whole == "-0" else f"{int(whole):,}"
    return f"{grouped}{point}{fraction}"


def money(amount: Decimal | None) -> str:
    """Write an amount of quote asset with two decimals."""
    return MISSING if amount is None else f"{_unsigned_zero(amount, 2):,.2f}"


def signed(amount: Decimal | None, places: int = 2) -> str:
    """Write a result with its sign; an exact 0 has none."""
    if amount is None:
        return MISSING
    shown = _unsigned_zero(amount, places)
    return f"{shown:+,.{places}f}" if shown else f"{shown:,.{places}f}"


def percent(fraction: Decimal | None, places: int = 2) -> str:
    """Write a fraction as a signed percentage: ``+0.80%``."""
    return MISSING if fraction is None else f"{signed(fraction * _HUNDRED, places)}%"


def share(fraction: Decimal | None, places: int = 0) -> str:
    """Write a fraction that has no direction as a percentage: ``58%``."""
    if fraction is None:
        return MISSING
    return f"{_unsigned_zero(fraction * _HUNDRED, places):,.{places}f}%"


def multiple(value: Decimal | None) -> str:
    """Write a signed multiple of the risk: ``+2.0``."""
    return signed(value, 1)


def age(milliseconds: int) -> str:
    """Write a length of time in at most six cells: ``12s``, ``34m``, ``1h12m``, ``3d4h``."""
    elapsed = max(0, milliseconds)
    if elapsed < _MINUTE_MS:
        return f"{elapsed // 1000}s"
    if elapsed < _HOUR_MS:
        return f"{elapsed // _MINUTE_MS}m"
    if elapsed < _DAY_MS:
        return f"{elapsed // _HOUR_MS}h{elapsed % _HOUR_MS // _MINUTE_MS:02d}m"
    days = elapsed // _DAY_MS
    return f"{days}d{elapsed % _DAY_MS // _HOUR_MS}h" if days < 100 else f"{days}d"


def clock(time_ms: int) -> str:
    """Write a moment as a UTC time of day: ``14:03:22``."""
    return _utc(time_ms).strftime("%H:%M:%S")


def short_clock(time_ms: int) -> str:
    """Write a moment as hours and minutes UTC: ``14:03``."""
    return _utc(time_ms).strftime("%H:%M")


def day(time_ms: int) -> str:
    """Write a moment as a UTC day: ``02 Jan``."""
    return _utc(time_ms).strftime("%d %b")


def result(amount: Decimal | None) -> str:
    """Write a result with the arrow that goes with its colour: ``▲ +8.00``, ``0.00``."""
    if amount is None:
        return MISSING
    shown = _unsigned_zero(amount, 2)
    arrow = "▲ " if shown > 0 else "▼ " if shown < 0 else ""
    return f"{arrow}{signed(amount)}"


def tone(value: Decimal | None) -> str:
    """Name the colour role of a result: profit, loss, or none."""
    if not value:
        return ""
    return "profit" if value > 0 else "loss"


def _utc(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // 1000, UTC)


def _unsigned_zero(value: Decimal, places: int) -> Decimal:
    """Round for the eye; what rounds to zero loses its sign, so that -0.00 is never shown."""
    shown = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return shown if shown else abs(shown)
