"""How large a trade is to be, as a trader types it (rules §7).

    100                      a stake, quote asset
    0.05 base, 0.05 BTC      a quantity
    1%                       of equity at risk, fees included
    1% without fees          of equity at risk, before fees
    5% of equity, 5% margin  of equity, as notional or as margin
    1% ATR unit              one average true range is that part of equity
    kelly 0.5 cap 2%         half of what the Kelly formula risks, at most 2 % of equity

Blanks and upper or lower case never matter. `write_size` is the inverse of `parse_size`.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from desk.values import parse_number, parse_percent
from engine.money import ONE, plain
from engine.sizes import AtrUnit, Basis, EquityShare, Kelly, Quantity, Risk, Size, Stake

_HUNDRED = Decimal(100)
_SHARE = r"([\d.]+%)"
_WANTED = (
    "a stake such as 100, a risk such as 1% or 1% without fees, a quantity such as 0.05 base, "
    "5% of equity, 5% margin, 1% ATR unit or kelly 0.5 cap 2%"
)
_FORMS: tuple[tuple[str, Callable[..., Size]], ...] = (
    (_SHARE + "(?:ofequity|equity)", lambda p: EquityShare(parse_percent(p), Basis.NOTIONAL)),
    (_SHARE + "(?:asmargin|margin)", lambda p: EquityShare(parse_percent(p), Basis.MARGIN)),
    (_SHARE + "atr(?:unit)?", lambda p: AtrUnit(parse_percent(p))),
    (f"(?:risk)?{_SHARE}(?:risk)?", lambda p: Risk(parse_percent(p))),
    (
        f"(?:risk)?{_SHARE}(?:risk)?(?:withoutfees|-?nofees)",
        lambda p: Risk(parse_percent(p), fees=False),
    ),
    (
        rf"kelly([\d.]+%?)cap{_SHARE}",
        lambda part, cap: Kelly(
            parse_percent(part) if "%" in part else parse_number(part), parse_percent(cap)
        ),
    ),
)
_NUMBER = re.compile(r"([\d.]+)(.*)", re.ASCII)


def parse_size(text: str, *, base: str = "", quote: str = "") -> Size:
    """Read a size in one of the forms above.

    Args:
        text: What was typed.
        base: Name of the base asset, if known: it may stand in place of ``base``.
        quote: Name of the quote asset, if known: it may stand behind a stake.

    Raises:
        ValueError: If *text* is none, is 0, or takes more than the whole equity.
    """
    compact = re.sub(r"(?<![\d])\s+|\s+(?![\d])", "", text.strip().lower())
    try:
        size = _amount(compact, base.lower(), quote.lower()) or _share(compact)
    except ValueError:
        raise ValueError(_WANTED) from None
    if not all(part > 0 for part in _parts(size)):
        raise ValueError(f"{_WANTED}; above 0")
    if isinstance(size, Stake | Quantity):
        return size
    if not all(part <= ONE for part in _parts(size)):
        raise ValueError(f"{_WANTED}; at most 100%")
    return size


def write_size(size: Size) -> str:
    """Write a size as `parse_size` reads it."""
    match size:
        case Stake(amount):
            return plain(amount)
        case Quantity(amount):
            return f"{plain(amount)} base"
        case EquityShare(fraction, basis):
            return _percent(fraction) + (" margin" if basis is Basis.MARGIN else " of equity")
        case Risk(fraction, fees):
            return _percent(fraction) + ("" if fees else " without fees")
        case AtrUnit(fraction):
            return f"{_percent(fraction)} ATR unit"
        case Kelly(multiplier, cap):
            return f"kelly {plain(multiplier)} cap {_percent(cap)}"


def _amount(compact: str, base: str, quote: str) -> Size | None:
    """Read what is said in an asset, not in parts of equity."""
    match = _NUMBER.fullmatch(compact)
    if match is None or "%" in compact:
        return None
    number, unit = match.groups()
    if unit in {"base", base} - {""}:
        return Quantity(parse_number(number))
    if unit in {"", quote}:
        return Stake(parse_number(number))
    raise ValueError(unit)


def _share(compact: str) -> Size:
    for form, make in _FORMS:
        if match := re.fullmatch(form, compact, re.ASCII):
            return make(*match.groups())
    raise ValueError(compact)


def _parts(size: Size) -> tuple[Decimal, ...]:
    match size:
        case Stake(amount) | Quantity(amount):
            return (amount,)
        case Kelly(multiplier, cap):
            return (multiplier, cap)
        case _:
            return (size.fraction,)


def _percent(fraction: Decimal) -> str:
    return f"{plain(fraction * _HUNDRED)}%"
