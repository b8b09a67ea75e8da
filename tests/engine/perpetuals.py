"""Builders for engine tests on futures: a margin table of two brackets, a futures account."""

from engine.account import Account
from engine.book import Book
from engine.brackets import table
from engine.instrument import Instrument
from engine.model import Market
from tests.engine.desk import D
from tests.feeds import instrument

BRACKETS = table(
    [
        (D(0), D(50_000), D("0.004"), 125),
        (D(50_000), D(1_000_000), D("0.01"), 50),
    ]
)


def futures_instrument(*, step: str = "0.00001", estimated: bool = True) -> Instrument:
    """Return a futures symbol that allows 125x up to 50,000 USDT, then 50x."""
    return instrument(
        market=Market.FUTURES, step=D(step), brackets=BRACKETS, brackets_estimated=estimated
    )


def futures_book(known: Instrument, deposit: str = "10000") -> Book:
    account = Account(name="main", currency="USDT", market=Market.FUTURES, deposits=D(deposit))
    return Book(account, {known.symbol: known})
