"""The parameters of a REST request: read, checked, and weighed as Binance weighs them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

MOST_ROWS = 1_000
_NAME = re.compile(r"[\w\-.]{1,50}")
_MICROSECONDS = 10**14
"""Times from here on cannot be milliseconds."""
_NUMBER = re.compile(r"[0-9]{1,20}")


class Refused(Exception):
    """A question that Binance answers with HTTP 400, seldom with another error."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Query:
    """The parameters of one request."""

    def __init__(self, values: Mapping[str, str], known: Sequence[str]) -> None:
        self.values = values
        self._known = known

    def symbol(self, parameter: str = "symbol") -> str:
        """Return the mandatory symbol."""
        name = self.values.get(parameter)
        if not name:
            raise missing(parameter)
        return self._listed(parameter, name)

    def symbols(self) -> list[str] | None:
        """Return the symbols asked for one by one or as a list, None where all are meant."""
        if "symbol" in self.values and "symbols" in self.values:
            raise Refused(-1128, "Combination of optional parameters invalid.")
        if "symbol" in self.values:
            return [self.symbol()]
        if "symbols" not in self.values:
            return None
        try:
            names = json.loads(self.values["symbols"])
        except (ValueError, RecursionError):
            names = None
        if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
            raise illegal(
                "symbols", r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,})?\]$'
            )
        return [self._listed("symbols", name) for name in names]

    def number(self, name: str) -> int | None:
        """Return a whole number of 0 or more, or None where it was not sent."""
        text = self.values.get(name)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise illegal(name, "^[0-9]{1,20}$")
        return int(text)

    def moment(self, name: str) -> int | None:
        """Return a time in milliseconds UTC; microseconds are understood, too."""
        value = self.number(name)
        return value // 1_000 if value and value >= _MICROSECONDS else value

    def limit(self, default: int = 500, most: int = MOST_ROWS) -> int:
        """Return how many rows are wanted."""
        wanted = self.number("limit")
        if wanted == 0:
            raise Refused(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(wanted or default, most)

    def _listed(self, parameter: str, name: str) -> str:
        if not _NAME.fullmatch(name) or re.search(r"[a-z]", name):
            raise illegal(parameter, r"^[\w\-._&&[^a-z]]{1,50}$")
        if name not in self._known:
            raise Refused(-1121, "Invalid symbol.")
        return name


def illegal(name: str, legal: str) -> Refused:
    """Return the refusal of a parameter with wrong characters."""
    return Refused(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def missing(name: str) -> Refused:
    """Return the refusal of a request without a mandatory parameter."""
    return Refused(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def always(weight: int) -> Callable[[Query], int]:
    """Return a price that is the same for every request."""
    return lambda _: weight


def one_or_all(one: int, many: int) -> Callable[[Query], int]:
    """Return a price that depends on whether a single symbol is named."""
    return lambda query: one if "symbol" in query.values else many


def by_symbols(query: Query) -> int:
    """Return the weight of 24-hour tickers."""
    named = _named(query)
    if named is None or named > 100:
        return 80
    return 2 if named <= 20 else 40


def by_windows(query: Query) -> int:
    """Return the weight of tickers over other windows."""
    return min(200, 4 * (_named(query) or 1))


def by_rows(
    default: int, steps: Sequence[tuple[int, int]], beyond: int
) -> Callable[[Query], int]:
    """Return a price that depends on how many rows are asked for.

    Args:
        default: How many are meant where none are named.
        steps: Numbers of rows, ascending, with the weight up to each.
        beyond: Weight above them.
    """

    def weight(query: Query) -> int:
        text = query.values.get("limit", "")
        rows = int(text) if _NUMBER.fullmatch(text) else default
        return next((weight for most, weight in steps if rows <= most), beyond)

    return weight


def _named(query: Query) -> int | None:
    """Return how many symbols a request names, None where it means all."""
    if "symbol" in query.values:
        return 1
    listed = query.values.get("symbols")
    return listed.count(",") + 1 if listed is not None else None
