"""What a trader types into an order ticket, read as exact numbers.

Every mistake is answered with a sentence that names the field.
"""

import re
from decimal import Decimal

from desk.values import parse_size
from engine.commands import Risk, Size
from engine.money import plain

_NUMBER = re.compile(r"\d{1,19}(\.\d{0,19})?|\.\d{1,19}", re.ASCII)
"""Digits with one point; signs, exponents and words are not prices."""

_HUNDRED = Decimal(100)


class Mistyped(Exception):
    """A field cannot be read; the message is a sentence for the trader."""


def read_number(field: str, typed: str) -> Decimal:
    """Read a number above 0; grouping commas and blanks do not matter.

    Args:
        field: Name of the field, for the sentence.
        typed: What stands in it.

    Raises:
        Mistyped: If it is empty, not a plain number, or 0.
    """
    compact = re.sub(r"[\s,_]", "", typed)
    if not compact:
        raise Mistyped(f"{field} is empty.")
    if not _NUMBER.fullmatch(compact):
        raise Mistyped(f"{field} must be a plain number above 0, like 151.20.")
    value = Decimal(compact)
    if not value:
        raise Mistyped(f"{field} must be above 0.")
    return value


def read_size(typed: str) -> Size:
    """Read ``1%`` as a part of equity to risk, ``100`` as a stake in quote asset.

    Raises:
        Mistyped: If it is neither.
    """
    compact = re.sub(r"[\s,_]", "", typed)
    if not compact:
        raise Mistyped("Size is empty: type 1% to risk a part of equity, or 100 as a stake.")
    try:
        return parse_size(compact)
    except ValueError as wanted:
        raise Mistyped(f"Size must be {wanted}.") from None


def write_size(size: Size) -> str:
    """Write *size* as it would be typed."""
    if isinstance(size, Risk):
        return f"{plain(size.fraction * _HUNDRED)}%"
    return plain(size.amount)
