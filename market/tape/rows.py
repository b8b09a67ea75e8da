"""Rows of Binance's archive files: what each column must hold, and how to say what is wrong.

    klines      open_time, open, high, low, close, volume, close_time, quote_volume, count,
                taker_buy_volume, taker_buy_quote_volume, ignore
    aggTrades   agg_trade_id, price, quantity, first_trade_id, last_trade_id, transact_time,
                is_buyer_maker, and on spot is_best_match

A row is matched as a whole, because millions come; only a row that does not match is looked at
column by column.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from engine.text import clean

LATEST_MS: Final = 4_102_444_800_000
"""The year 2100."""
_MICROSECONDS: Final = 10**14
"""Times above this are microseconds: as milliseconds they would lie beyond the year 5000."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a column may hold."""

    pattern: str
    wanted: str


_ID = _Kind(r"[0-9]{1,18}", "a whole number")
_RAW_ID = _Kind(r"-?[0-9]{1,18}", "a whole number")
_TIME = _Kind(r"[0-9]{1,16}", "a time in milliseconds or microseconds")
_PRICE = _Kind(
    r"[0-9]{1,10}(?:\.[0-9]{1,8}0{0,10})?", "a plain number above 0 with at most 8 decimals"
)
_SIZE = _Kind(r"[0-9]{1,15}(?:\.[0-9]{1,8}0{0,10})?", _PRICE.wanted)
_AMOUNT = _Kind(r"[0-9]{1,20}(?:\.[0-9]{1,18})?", "a plain number")
_FLAG = _Kind(r"(?:[Tt]rue|[Ff]alse)", "True or False")
_ANYTHING = _Kind(r"[^,]*", "")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of file."""

    columns: tuple[tuple[str, _Kind], ...]
    """Names as in the archive's header; those that are used, in front of those that are not."""
    used: tuple[str, ...]
    row: re.Pattern[str] = field(init=False)
    """Matches a good row; its groups are the used columns, in order."""

    def __post_init__(self) -> None:
        cells = (
            f"({kind.pattern})" if name in self.used else kind.pattern
            for name, kind in self.columns
        )
        object.__setattr__(self, "row", re.compile(",".join(cells) + r"\s*"))

    def fault(self, line: str) -> str:
        """Say what is wrong with a row that does not match."""
        cells = line.strip().split(",")
        if len(cells) != len(self.columns):
            return f"the row has {len(cells)} columns instead of {len(self.columns)}"
        for (name, kind), cell in zip(self.columns, cells, strict=True):
            if not re.fullmatch(kind.pattern, cell):
                return f"the {name} is {clean(cell, 40)!r}; it must be {kind.wanted}"
        return "the row cannot be read"


_PRINT_COLUMNS = (
    ("agg_trade_id", _ID),
    ("price", _PRICE),
    ("quantity", _SIZE),
    ("first_trade_id", _RAW_ID),
    ("last_trade_id", _RAW_ID),
    ("transact_time", _TIME),
    ("is_buyer_maker", _FLAG),
)
_PRINT_USED = ("agg_trade_id", "price", "quantity", "first_trade_id", "transact_time")

FUTURES_PRINTS: Final = Layout(_PRINT_COLUMNS, _PRINT_USED)
SPOT_PRINTS: Final = Layout((*_PRINT_COLUMNS, ("is_best_match", _FLAG)), _PRINT_USED)
CANDLES: Final = Layout(
    (
        ("open_time", _TIME),
        ("open", _PRICE),
        ("high", _PRICE),
        ("low", _PRICE),
        ("close", _PRICE),
        ("volume", _AMOUNT),
        ("close_time", _TIME),
        ("quote_volume", _AMOUNT),
        ("count", _ID),
        ("taker_buy_volume", _AMOUNT),
        ("taker_buy_quote_volume", _AMOUNT),
        ("ignore", _ANYTHING),
    ),
    ("open_time", "open", "high", "low", "close", "volume", "close_time", "count"),
)
_LAYOUTS: Final = {7: FUTURES_PRINTS, 8: SPOT_PRINTS, 12: CANDLES}
_SINGLE_TRADES: Final = (
    r"[0-9]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9]{10,16},[TtFf][a-z]+(?:,[TtFf][a-z]+)?\s*"
)


def layout_of(first_row: str) -> Layout:
    """Tell which kind of file has such a first row of data.

    Raises:
        ValueError: If it is none that can be played; says what it is instead.
    """
    count = first_row.count(",") + 1
    if re.fullmatch(_SINGLE_TRADES, first_row):
        raise ValueError("these are single trades; take the aggTrades file instead")
    if count not in _LAYOUTS:
        raise ValueError(
            f"this is no tape: it has {count} column{'s' if count > 1 else ''}; klines have "
            "12, aggTrades 8 or 7, a recording has lines of JSON"
        )
    return _LAYOUTS[count]


def is_header(row: str) -> bool:
    """Tell whether a first row names columns instead of filling them."""
    return row[:1].isalpha() and row.isascii() and "," in row


def time_ms(text: str) -> int:
    """Read a time of the archive, which is in milliseconds or, in newer files, microseconds.

    Raises:
        ValueError: If it lies beyond the year 2100.
    """
    value = int(text)
    if value > _MICROSECONDS:
        value //= 1_000
    if value >= LATEST_MS:
        raise ValueError(f"the time {text} lies in a far future")
    return value
