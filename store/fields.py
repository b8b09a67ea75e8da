"""How values lie in the database: numbers as 64-bit integers, words and lists as text.

What comes out equals what went in; what cannot be kept exactly is refused (rules NUM-4).
"""

import decimal
import json
from decimal import Decimal
from enum import StrEnum
from typing import Any

import peewee

from engine.model import Direction, Market, Signal, SignalStatus
from engine.money import plain
from store.errors import TooLarge, TooPrecise, Unstorable

_SCALE = 8
_UNITS = Decimal(10**_SCALE)
_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)
_EXACT = decimal.Context(
    prec=40, Emax=60, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow]
)
"""Raises rather than rounds."""


def to_e8(value: Decimal) -> int:
    """Return *value* × 10⁸, exactly.

    Raises:
        TooPrecise: If it has more than 8 decimals.
        TooLarge: If the result needs more than 64 bits, or *value* is not a finite number.
    """
    try:
        scaled = _EXACT.multiply(value, _UNITS)
        stored = int(scaled)
    except (ArithmeticError, ValueError) as exc:
        raise _unstorable(value) from exc
    if stored != scaled or not _SMALLEST <= stored <= _LARGEST:
        raise _unstorable(value)
    return stored


def _unstorable(value: Decimal) -> Unstorable:
    if value.is_finite() and from_e8(_SMALLEST) <= value <= from_e8(_LARGEST):
        return TooPrecise(f"The number {value} has more than {_SCALE} decimals.")
    return TooLarge(f"The number {value} is too large to be stored exactly.")


def from_e8(stored: int) -> Decimal:
    """Return the number that was stored as *stored*."""
    return Decimal(stored).scaleb(-_SCALE)


class E8Field(peewee.BigIntegerField):
    """An exact decimal number."""

    def db_value(self, value: Decimal | None) -> int | None:
        """Convert for storage."""
        return None if value is None else to_e8(value)

    def python_value(self, value: int | None) -> Decimal | None:
        """Convert what was stored."""
        return None if value is None else from_e8(value)


class WordField(peewee.TextField):
    """A word out of a closed list."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self._words = words

    def db_value(self, value: StrEnum | None) -> str | None:
        """Convert for storage."""
        return None if value is None else value.value

    def python_value(self, value: str | None) -> StrEnum | None:
        """Convert what was stored."""
        return None if value is None else self._words(value)


class PricesField(peewee.TextField):
    """A list of exact numbers, as JSON strings."""

    def db_value(self, value: tuple[Decimal, ...]) -> str:
        """Convert for storage."""
        return json.dumps([plain(price) for price in value])

    def python_value(self, value: str) -> tuple[Decimal, ...]:
        """Convert what was stored."""
        return tuple(Decimal(price) for price in json.loads(value))


class SnapshotField(peewee.TextField):
    """A whole signal as it was at one moment, as a JSON object."""

    def db_value(self, value: Signal | None) -> str | None:
        """Convert for storage."""
        return None if value is None else _dump(value)

    def python_value(self, value: str | None) -> Signal | None:
        """Convert what was stored."""
        return None if value is None else _load(value)


def _dump(signal: Signal) -> str:
    prices = {
        "entry": plain(signal.entry),
        "stop": plain(signal.stop),
        "targets": [plain(target) for target in signal.targets],
        "score": None if signal.score is None else plain(signal.score),
    }
    rest = {
        name: getattr(signal, name)
        for name in (
            *("id", "symbol", "market", "direction", "source", "timeframe", "reason"),
            *("created_ms", "expires_ms", "status"),
        )
    }
    return json.dumps(rest | prices, ensure_ascii=False)


def _load(text: str) -> Signal:
    stored = json.loads(text)
    typed = {
        "market": Market(stored["market"]),
        "direction": Direction(stored["direction"]),
        "status": SignalStatus(stored["status"]),
        "entry": Decimal(stored["entry"]),
        "stop": Decimal(stored["stop"]),
        "targets": tuple(Decimal(target) for target in stored["targets"]),
        "score": None if stored["score"] is None else Decimal(stored["score"]),
    }
    return Signal(**stored | typed)
