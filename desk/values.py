"""How the value of a setting is read: one reader a kind, each with its words for what is right.

All raise ValueError, whose text completes the sentence "it must be …".
"""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


_NUMBER = re.compile(r"\d{1,10}(\.\d{1,8})?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(\.\d{1,6})?)\s*%", re.ASCII)
"""Both as exact as the books can hold."""
_TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
_BASIS_POINT = Decimal("0.0001")
_HUNDRED = Decimal(100)


def parse_number(text: str) -> Decimal:
    """Read a plain positive number.

    Raises:
        ValueError: If *text* is anything else.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("a plain number such as 100 or 0.5, with at most 8 decimals")
    return Decimal(text)


def parse_percent(text: str) -> Decimal:
    """Read ``1%`` as the fraction 0.01.

    Raises:
        ValueError: If *text* is not a percentage.
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        raise ValueError("a percentage such as 0.1%, with at most 6 decimals")
    return Decimal(match[1]) / _HUNDRED


def read_text(raw: Any) -> str:
    """Read a text; a number stands for itself."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("text")  # noqa: TRY004 - one kind of error for all settings
    return str(raw)


def read_word(raw: Any) -> str:
    """Read one plain word."""
    text = read_text(raw)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", text):
        raise ValueError("one word of letters, digits, - and _")
    return text


def read_switch(raw: Any) -> bool:
    """Read true or false."""
    named = {"true": True, "false": False}
    value = named.get(raw.lower()) if isinstance(raw, str) else raw
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as above
    return value


def read_amount(raw: Any) -> Decimal:
    """Read a plain positive number."""
    return parse_number(read_text(raw))


def read_worded(parse: Callable[[str], T]) -> Callable[[Any], T]:
    """Return a reader that hands a text on to *parse*."""
    return lambda raw: parse(read_text(raw))


def read_fee(raw: Any) -> Decimal | None:
    """Read a fee rate; empty is None."""
    text = read_text(raw)
    return parse_percent(text) if text else None


def read_cap(raw: Any) -> Decimal | None:
    """Read a part of equity that is a cap; ``off`` is None."""
    text = read_text(raw).strip().lower()
    if text == "off":
        return None
    wanted = "a percentage above 0 such as 20%, or off"
    try:
        cap = parse_percent(text)
    except ValueError:
        raise ValueError(wanted) from None
    if not cap:
        raise ValueError(wanted)
    return cap


def read_count_cap(raw: Any) -> int | None:
    """Read a number of trades that is a cap; ``off`` is None."""
    text = read_text(raw).strip().lower()
    if text == "off":
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
        raise ValueError("a whole number above 0, or off")
    return int(text)


def read_basis_points(raw: Any) -> Decimal:
    """Read basis points as a fraction."""
    text = read_text(raw)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text):
        raise ValueError("basis points such as 5 or 2.5, below 10000")
    return Decimal(text) * _BASIS_POINT


def read_whole(low: int, high: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers between two bounds."""

    def parse(raw: Any) -> int:
        text = read_text(raw)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def read_one_of(*words: str) -> Callable[[Any], str]:
    """Return a reader of one of some words."""

    def parse(raw: Any) -> str:
        text = read_text(raw)
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return parse


def read_url(*schemes: str) -> Callable[[Any], str]:
    """Return a reader of addresses; empty stays empty."""

    def parse(raw: Any) -> str:
        text = read_text(raw).rstrip("/")
        if text and not re.fullmatch(rf"({'|'.join(schemes)})://[^\s/]+(/\S*)?", text):
            raise ValueError("an address that begins with " + " or ".join(schemes) + "://")
        return text

    return parse


def read_timeframes(raw: Any) -> tuple[str, ...]:
    """Read a list of timeframes, as a list or with commas."""
    words = raw.split(",") if isinstance(raw, str) else raw
    wanted = "a list of timeframes from " + ", ".join(_TIMEFRAMES)
    if not isinstance(words, list) or not words:
        raise ValueError(wanted)
    if not all(isinstance(word, str) and word.strip() in _TIMEFRAMES for word in words):
        raise ValueError(wanted)
    return tuple(word.strip() for word in words)


def read_host_name(raw: Any) -> str:
    """Read a host name, perhaps with a port; empty stays empty."""
    text = read_text(raw)
    if text and not re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", text):
        raise ValueError("a host name such as hooks.example.com")
    return text.lower()


def read_path(what: str) -> Callable[[Any], Path | None]:
    """Return a reader of the full path of a folder or a file; empty is none."""

    def parse(raw: Any) -> Path | None:
        text = read_text(raw)
        path = Path(text).expanduser() if text else None
        if path and not path.is_absolute():
            raise ValueError(f"the full path of a {what}")
        return path

    return parse
