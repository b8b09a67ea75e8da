"""The average true range behind a dialog's figures, fetched once it is asked for."""

import logging
from collections.abc import Callable
from decimal import Decimal

from textual.app import App

from desk.prepare import ATR_CANDLES, ATR_LENGTH, ATR_TIMEFRAME
from engine.sizing import atr
from market.errors import MarketError
from tui.port import DeskSession

log = logging.getLogger(__name__)


class Atr:
    """Of one symbol; the desk works it out anew when the order is sent."""

    def __init__(
        self, session: DeskSession, symbol: str, timeframe: str, found: Callable[[], None]
    ) -> None:
        """Prepare to ask.

        Args:
            session: Gives candles.
            symbol: Whose range.
            timeframe: The signal's; empty takes the desk's own.
            found: Called once the range is known.
        """
        self._session = session
        self._symbol = symbol
        self._timeframe = timeframe or ATR_TIMEFRAME
        self._found = found
        self._asked = False
        self._value: Decimal | None = None

    def value(self, app: App[None]) -> Decimal | None:
        """Return the range, quote per base; None while it is not known, which asks for it."""
        if not self._asked:
            self._asked = True
            app.run_worker(self._ask(), name="atr", exit_on_error=False)
        return self._value

    async def _ask(self) -> None:
        try:
            candles = await self._session.candles(self._symbol, self._timeframe, ATR_CANDLES)
        except MarketError as error:
            log.info("no ATR of %s: %s", self._symbol, error)
            return  # the figures stay unknown; the desk says why when the order is sent
        self._value = atr([candle for candle in candles if candle.closed], ATR_LENGTH)
        self._found()
