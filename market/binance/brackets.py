"""The trader's own margin tables, read from a file.

The file is what Binance answers to the signed `GET /fapi/v1/leverageBracket`. It is used whole
or not at all: every mistake is a sentence that names the symbol.
"""

import json
import re
from decimal import Decimal
from pathlib import Path

from engine.brackets import checked, table
from engine.errors import Refused
from engine.instrument import Bracket
from engine.money import ONE
from engine.text import clean
from market.errors import BadAnswer

LARGEST_FILE = 16_000_000
"""Bytes; the answer for all symbols is about a megabyte."""

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?\Z")
_LARGEST = Decimal(10) ** 15


class _NotRead(Exception):
    """What is wrong with one symbol's table, as the end of a sentence; stays in this module."""


def read_brackets(path: Path) -> dict[str, tuple[Bracket, ...]]:
    """Read the margin tables of a file.

    Args:
        path: A saved answer, for all symbols or for one.

    Returns:
        The tables by symbol, as the exchange spells it.

    Raises:
        BadAnswer: If the file cannot be read or used; the sentence says where and why.
    """
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST_FILE + 1)
    except OSError as exc:
        raise BadAnswer(f"The margin tables cannot be read: {exc}.") from exc
    if len(body) > LARGEST_FILE:
        raise BadAnswer(f"{path} is too large for margin tables.")
    try:
        return brackets_by_symbol(body)
    except BadAnswer as exc:
        raise BadAnswer(f"{path}: {exc}") from exc


def brackets_by_symbol(body: bytes) -> dict[str, tuple[Bracket, ...]]:
    """Decode an answer of `GET /fapi/v1/leverageBracket`.

    `[{"symbol":"ETHUSDT","notionalCoef":1.50,"brackets":[{"bracket":1,"initialLeverage":75,
    "notionalCap":10000,"notionalFloor":0,"maintMarginRatio":0.0065,"cum":0.0},…]},…]`, or one
    such object. Where the exchange has scaled the trader's own table it says so by
    `notionalCoef`, which multiplies floors, caps and maintenance amounts.

    Raises:
        BadAnswer: If it is not that, or a table contradicts itself.
    """
    try:
        answer = json.loads(
            body, parse_float=_number, parse_int=_number, parse_constant=_number
        )
    except (ValueError, RecursionError) as exc:
        raise BadAnswer(f"The margin tables do not read as JSON: {exc}.") from exc
    rows = [answer] if isinstance(answer, dict) else answer
    if not isinstance(rows, list) or not rows:
        raise BadAnswer("The margin tables must be a list of symbols, and hold at least one.")
    tables: dict[str, tuple[Bracket, ...]] = {}
    for number, row in enumerate(rows, start=1):
        symbol = row.get("symbol") if isinstance(row, dict) else None
        if not isinstance(symbol, str) or not symbol:
            raise BadAnswer(f"Entry {number} of the margin tables names no symbol.")
        if symbol in tables:
            raise BadAnswer(f"{clean(symbol)} comes twice in the margin tables.")
        try:
            tables[symbol] = _table(row)
        except (_NotRead, Refused) as exc:
            raise BadAnswer(f"{clean(symbol)}: {exc}") from exc
    return tables


def _number(text: str) -> Decimal | str:
    """Read a bare JSON number exactly; what no margin table holds stays text."""
    return Decimal(text) if _NUMBER.match(text) else text


def _table(row: dict[str, object]) -> tuple[Bracket, ...]:
    rows = row.get("brackets")
    if not isinstance(rows, list):
        raise _NotRead("its brackets are missing.")
    given = [_bracket(number, bracket) for number, bracket in enumerate(rows, start=1)]
    given.sort(key=lambda bracket: bracket.floor)
    factor = row.get("notionalCoef", ONE)
    if not isinstance(factor, Decimal) or not 0 < factor < _LARGEST:
        raise _NotRead("its notionalCoef must be a number above 0.")
    # What the table says is checked as it was sent; only then is it scaled.
    return table(
        [(b.floor * factor, b.cap * factor, b.rate, b.leverage) for b in checked(given)]
    )


def _bracket(number: int, bracket: object) -> Bracket:
    if not isinstance(bracket, dict):
        raise _NotRead(f"margin bracket {number} is not an object.")

    def value(name: str) -> Decimal:
        found = bracket.get(name)
        if not isinstance(found, Decimal) or found >= _LARGEST:
            raise _NotRead(f"margin bracket {number} needs a plain number for {name}.")
        return found

    leverage = value("initialLeverage")
    if leverage != leverage.to_integral_value():
        raise _NotRead(f"margin bracket {number} needs a whole number for initialLeverage.")
    return Bracket(
        floor=value("notionalFloor"),
        cap=value("notionalCap"),
        rate=value("maintMarginRatio"),
        leverage=int(leverage),
        cum=value("cum"),
    )
