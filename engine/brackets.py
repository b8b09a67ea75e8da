"""Margin tables: built, checked, and looked up by symbol and notional (rules §8, MRG-2).

In every table that leaves here the maintenance margin is continuous and never falls.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from engine.bracket_snapshot import CAREFUL, SNAPSHOT, Rows
from engine.errors import Refused
from engine.instrument import Bracket, Instrument
from engine.money import ONE, ZERO, money, plain

MOST_LEVERAGE = 1000
"""More than any exchange gives; a table that says more is a mistake."""

Row = tuple[Decimal, Decimal, Decimal, int]
"""Floor and cap (notional, quote), maintenance rate (fraction), largest leverage."""

_BEFORE_THE_FIRST = Bracket(floor=ZERO, cap=ZERO, rate=ZERO, leverage=MOST_LEVERAGE, cum=ZERO)


def table(rows: Sequence[Row]) -> tuple[Bracket, ...]:
    """Build a margin table; the maintenance amounts are worked out (rules MRG-2).

    Args:
        rows: Smallest notional first, each beginning where the one before it ends.

    Raises:
        Refused: If there is no row, or a row does not fit the one before it.
    """
    if not rows:
        raise Refused("bad_brackets", "The margin table has no brackets.")
    made: list[Bracket] = []
    before = _BEFORE_THE_FIRST
    for number, row in enumerate(rows, start=1):
        if fault := _fault(row, before):
            raise Refused("bad_brackets", f"Margin bracket {number} {fault}.")
        floor, cap, rate, leverage = row
        cum = before.cum + floor * (rate - before.rate)
        before = Bracket(floor=floor, cap=cap, rate=rate, leverage=leverage, cum=cum)
        made.append(before)
    return tuple(made)


def checked(brackets: Sequence[Bracket]) -> tuple[Bracket, ...]:
    """Return a table from elsewhere, if its maintenance amounts are right to 0.00000001.

    Raises:
        Refused: If a bracket does not fit the one before it, or its maintenance amount would
            make the margin jump.
    """
    made = table([(b.floor, b.cap, b.rate, b.leverage) for b in brackets])
    for number, (given, right) in enumerate(zip(brackets, made, strict=True), start=1):
        if not given.cum.is_finite() or money(given.cum) != money(right.cum):
            raise Refused(
                "bad_brackets",
                f"Margin bracket {number} has the maintenance amount {plain(given.cum)}; "
                f"its rate and floor give {plain(right.cum)}.",
            )
    return made


def for_symbol(symbol: str) -> tuple[tuple[Bracket, ...], bool]:
    """Return the margin table that the desk knows for a futures symbol.

    Args:
        symbol: As the exchange spells it.

    Returns:
        The table, and whether it is an estimate: all of the desk's own tables are; one that
        the trader has imported is not, and does not come from here.
    """
    return _built(SNAPSHOT.get(symbol, CAREFUL)), True


def brackets_of(instrument: Instrument) -> tuple[Bracket, ...]:
    """Return an instrument's margin table; an estimate where it carries none."""
    return instrument.brackets or for_symbol(instrument.symbol)[0]


def bracket_at(notional: Decimal, brackets: Sequence[Bracket]) -> Bracket:
    """Return the bracket of a notional; a cap belongs to its bracket, the last has no end.

    Args:
        notional: Quote, 0 or more.
        brackets: A table, not empty.
    """
    return next((b for b in brackets if notional <= b.cap), brackets[-1])


def _fault(row: Row, before: Bracket) -> str:
    """Say what is wrong with a row, or return nothing."""
    floor, cap, rate, leverage = row
    if not (floor.is_finite() and cap.is_finite() and rate.is_finite()):
        return "holds something that is no number"
    if floor != before.cap:
        return f"begins at {plain(floor)}, it should at {plain(before.cap)}"
    if cap <= floor:
        return f"ends at {plain(cap)}, which is not above its beginning"
    if not ZERO < rate < ONE or rate < before.rate:
        return f"has the rate {plain(rate)}; rates lie between 0 and 1 and never fall"
    if not 1 <= leverage <= before.leverage:
        return f"allows {leverage}x; leverage lies from 1 to {MOST_LEVERAGE} and never rises"
    return ""


@cache
def _built(rows: Rows) -> tuple[Bracket, ...]:
    floors = (0, *(cap for cap, _, _ in rows))
    return table(
        [
            (Decimal(floor), Decimal(cap), Decimal(rate), leverage)
            for floor, (cap, rate, leverage) in zip(floors, rows, strict=False)
        ]
    )
