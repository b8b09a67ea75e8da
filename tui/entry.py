"""What a trader types into an order ticket, read as exact orders.

Every mistake is answered with a sentence that names the field.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from desk import words
from desk.size_words import parse_size
from engine.asked import Level
from engine.instrument import Instrument
from engine.model import EntryMode
from engine.money import on_grid, plain
from engine.sizes import Size
from tui import format as fmt
from tui.trade_words import WAITING

T = TypeVar("T")

_NUMBER = re.compile(r"\d{1,19}(\.\d{0,19})?|\.\d{1,19}", re.ASCII)
"""Digits with one point; signs, exponents and words are not prices."""

_AN_ENTRY = "market, classic, limit or stop, the last two perhaps with a price: limit 150.20"


class Mistyped(Exception):
    """A field cannot be read; the message is a sentence for the trader."""


def read(field: str, typed: str, parse: Callable[[str], T]) -> T:
    """Read what stands in a field.

    Args:
        field: Name of the field, for the sentence.
        typed: What stands in it.
        parse: One of the readers of `desk.words`.

    Raises:
        Mistyped: If it cannot be read.
    """
    try:
        return parse(typed)
    except ValueError as wanted:
        empty = "" if typed.strip() else " is empty: it"
        raise Mistyped(f"{field}{empty} must be {wanted}.") from None


def read_number(field: str, typed: str) -> Decimal:
    """Read a number above 0; grouping commas and blanks do not matter.

    Args:
        field: Name of the field, for the sentence.
        typed: What stands in it.

    Raises:
        Mistyped: If it is empty, not a plain number, or 0.
    """
    compact = _compact(typed)
    if not compact:
        raise Mistyped(f"{field} is empty.")
    if not _NUMBER.fullmatch(compact):
        raise Mistyped(f"{field} must be a plain number above 0, like 151.20.")
    value = Decimal(compact)
    if not value:
        raise Mistyped(f"{field} must be above 0.")
    return value


def read_level(field: str, typed: str) -> Level:
    """Read a price, or a distance such as ``2%``, ``1.5R`` or ``2ATR``.

    Raises:
        Mistyped: If it is neither.
    """
    if _NUMBER.fullmatch(_compact(typed)):
        return read_number(field, typed)
    return read(field, typed, words.parse_level)


def read_size(typed: str, instrument: Instrument | None = None) -> Size:
    """Read ``100`` as a stake, ``1%`` as a risk, and every other way to size a trade.

    Args:
        typed: What stands in the field.
        instrument: Gives the names of the assets that may be typed.

    Raises:
        Mistyped: If it is none.
    """
    base = instrument.base if instrument is not None else ""
    quote = instrument.quote if instrument is not None else ""
    ungrouped = re.sub(r"(?<=\d)[,_](?=\d)", "", typed)
    return read("Size", ungrouped, lambda text: parse_size(text, base=base, quote=quote))


def read_entry(typed: str) -> tuple[EntryMode, Decimal | None]:
    """Read ``market``, ``classic``, ``limit``, ``stop 153.50``.

    Returns:
        The mode and the price waited for; None where it is the signal's.

    Raises:
        Mistyped: If it is none of these.
    """
    word, _, price = typed.strip().partition(" ")
    try:
        mode = words.parse_entry(word)
    except ValueError:
        raise Mistyped(f"Entry must be {_AN_ENTRY}.") from None
    if not price:
        return mode, None
    if mode not in WAITING:
        raise Mistyped(f"Entry {mode.value} takes no price; limit and stop do.")
    return mode, read_number("Entry", price)


def editable(price: Decimal, tick: Decimal | None) -> str:
    """Write a price as it would be typed; one off the grid is never moved silently."""
    if tick and on_grid(price, tick):
        return f"{price:.{fmt.decimals(tick)}f}"
    return plain(price)


def _compact(typed: str) -> str:
    return re.sub(r"[\s,_]", "", typed)
