"""The symbols that are followed: where each stands on the board, and how far it is trusted.

A price is live once it was heard over the present connection, and only while no print of the
symbol is missing or held back.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.model import Tick
from market.board import Board, SymbolPrice
from market.clock import ExchangeClock
from market.continuity import Continuity

if TYPE_CHECKING:
    from market.binance.rows import Ticker


class Followed:
    """What is followed of one market."""

    def __init__(self, board: Board, clock: ExchangeClock, hold_s: float) -> None:
        self.prices: dict[str, SymbolPrice] = {}
        """All that are followed."""
        self.strict: dict[str, Continuity] = {}
        """Of those whose every print counts, the order of their prints."""
        self.touch_ids: dict[str, int] = {}
        """Newest update of each touch that came over the present connection."""
        self.marked: set[str] = set()
        """Symbols whose mark price came over the present connection."""
        self._board = board
        self._clock = clock
        self._hold_s = hold_s
        self._heard: set[str] = set()

    def follow(self, strict: Collection[str], loose: Collection[str]) -> None:
        """Say whose every print counts, and whose prices only reach the board."""
        for symbol in self.strict.keys() - strict:
            del self.strict[symbol]
        for symbol in sorted(strict):
            if symbol not in self.strict:
                last_id = self._board[symbol].last_trade_id or None
                self.strict[symbol] = Continuity(self._hold_s, last_id=last_id)
        wanted = {*strict, *loose}
        for symbol in self.prices.keys() - wanted:
            self._forget(self.prices.pop(symbol))
        for symbol in sorted(wanted):
            self.prices.setdefault(symbol, self._board[symbol])
            self.refresh(symbol)

    def _forget(self, price: SymbolPrice) -> None:
        self._heard.discard(price.symbol)
        self.touch_ids.pop(price.symbol, None)
        self.marked.discard(price.symbol)
        price.live = price.touch_fresh = price.mark_fresh = price.catching_up = False
        price.last_trade_id = 0

    # -- first prices, asked for --------------------------------------------------------------

    def seed_day(self, row: "Ticker") -> None:
        """Show a symbol's last day while the stream has said nothing of it yet."""
        price = self.prices.get(row.symbol)
        if price is None or row.last <= 0:
            return
        price.open_24h = row.open
        if not price.last_trade_id:
            price.last, price.last_ms = row.last, self._clock.now_ms()
        if not price.touch_fresh and row.bid > 0 and row.ask > 0:
            price.bid, price.ask = row.bid, row.ask
        self.note_heard(row.symbol)

    def seed_print(self, tick: Tick) -> None:
        """Show a symbol's newest print, asked for while the connection is live."""
        if price := self.prices.get(tick.symbol):
            price.show(tick)
            self.note_heard(tick.symbol)

    def seed_touch(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Show a symbol's touch, asked for while the connection is live."""
        price = self.prices.get(symbol)
        if price and not price.touch_fresh:
            price.bid, price.ask, price.touch_fresh = bid, ask, True

    # -- trust --------------------------------------------------------------------------------

    def note_heard(self, symbol: str) -> None:
        """Learn that a followed symbol was heard."""
        self._heard.add(symbol)
        self.refresh(symbol)

    def refresh(self, symbol: str) -> None:
        """Work out anew whether a symbol is live or catching up."""
        price, strict = self._board[symbol], self.strict.get(symbol)
        price.catching_up = strict is not None and not strict.flowing
        price.live = symbol in self._heard and not price.catching_up

    def silent(self) -> None:
        """Trust no price while an open connection says nothing."""
        self._board.mark_all_stale()

    def audible(self) -> None:
        """Trust again what was heard: an open connection loses nothing while it is silent."""
        for symbol in self._heard:
            self.refresh(symbol)
        for symbol in self.touch_ids:
            self._board[symbol].touch_fresh = True
        for symbol in self.marked:
            self._board[symbol].mark_fresh = True

    def disconnected(self) -> None:
        """Trust no price until it is heard again."""
        self._heard.clear()
        self.touch_ids.clear()
        self.marked.clear()
        self._board.mark_all_stale()
        for price in self.prices.values():
            # An order by hand must not begin at a print from before the pause.
            price.last_trade_id = 0
