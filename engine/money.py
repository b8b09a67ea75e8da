"""Exact numbers: the decimal context, the rounding rules, and text made from numbers.

Prices, quantities, money and rates are `Decimal` made from text, never from a float.
Rounding happens here and nowhere else.
"""

import decimal
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
MONEY_UNIT = Decimal("0.00000001")

EXACT = decimal.Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
    ],
)
"""60 digits hold the product of two 19-digit numbers; mixing with floats raises."""


def install_exact_context() -> None:
    """Make `EXACT` the context of this thread and of every thread started later."""
    decimal.DefaultContext.prec = EXACT.prec
    decimal.DefaultContext.rounding = EXACT.rounding
    for signal, trapped in EXACT.traps.items():
        decimal.DefaultContext.traps[signal] = trapped
    decimal.setcontext(EXACT.copy())


install_exact_context()


def money(amount: Decimal) -> Decimal:
    """Round one money component to 0.00000001 quote, half to even (rules RND-1)."""
    return amount.quantize(MONEY_UNIT, ROUND_HALF_EVEN)


def floor_to(value: Decimal, grid: Decimal) -> Decimal:
    """Return the largest multiple of *grid* not above *value*; a grid of 0 changes nothing."""
    if not grid:
        return value
    return (value / grid).to_integral_value(ROUND_FLOOR) * grid


def ceil_to(value: Decimal, grid: Decimal) -> Decimal:
    """Return the smallest multiple of *grid* not below *value*; a grid of 0 changes nothing."""
    if not grid:
        return value
    return (value / grid).to_integral_value(ROUND_CEILING) * grid


def on_grid(value: Decimal, grid: Decimal) -> bool:
    """Tell whether *value* is a multiple of *grid*; every value is on a grid of 0."""
    return not grid or value % grid == 0


def plain(value: Decimal) -> str:
    """Write a number without exponent and without trailing zeros: ``0.00001234``, ``100``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
