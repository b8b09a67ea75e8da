"""Changes of the market itself: prices, funding, states and rules of symbols.

They stay when everything else is cleared.
"""

from typing import Annotated, Literal

import msgspec

from engine.model import Market
from market.simulator.fault import Fault
from market.simulator.venue import Venue

Price = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,10}(\.[0-9]{1,8})?$")]
Rate = Annotated[str, msgspec.Meta(pattern=r"^-?0(\.[0-9]{1,8})?$")]


class Force(Fault, frozen=True):
    """A price is printed next."""

    symbol: str
    price: Price
    market: Market = Market.SPOT

    def _do(self, venue: Venue) -> None:
        venue.exchange.force(self.symbol, self.price, self.market)


class Mark(Fault, frozen=True):
    """A perpetual's mark price is this from now until the minute ends."""

    symbol: str
    price: Price

    def _do(self, venue: Venue) -> None:
        venue.exchange.force_mark(self.symbol, self.price)


class Funding(Fault, frozen=True):
    """A perpetual's next funding is settled at this rate, a fraction."""

    symbol: str
    rate: Rate

    def _do(self, venue: Venue) -> None:
        venue.exchange.set_funding(self.symbol, self.rate)


class Symbol(Fault, frozen=True):
    """A symbol changes its state.

    BREAK (on futures SETTLING) ends its prints, GONE unlists it, both for good.
    """

    symbol: str
    status: Literal["TRADING", "HALT", "BREAK", "TRADING_HALT", "SETTLING", "GONE"]
    market: Market = Market.SPOT

    def _do(self, venue: Venue) -> None:
        floor = venue.exchange.floor(self.market)
        if self.status == "GONE":
            floor.delist(self.symbol)
        else:
            floor.set_status(self.symbol, self.status)


class Tick(Fault, frozen=True):
    """`exchangeInfo` tells another price grid for a symbol."""

    symbol: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=8)]
    market: Market = Market.SPOT

    def _do(self, venue: Venue) -> None:
        venue.exchange.floor(self.market).set_tick_decimals(self.symbol, self.decimals)
