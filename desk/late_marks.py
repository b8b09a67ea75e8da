"""Mark prices that were missed, looked at as soon as the candle of their minute is told.

Meanwhile live prices go on: what they close first stays closed.
"""

import asyncio
import logging

from desk.hand import Hand
from desk.past import Past
from market.errors import MarketError
from market.feed import Feed, FeedState
from store.errors import StoreError

log = logging.getLogger(__name__)

EVERY_S = 1.0
RETRY_S = 5.0
GIVE_UP_MS = 120_000
"""A candle that is not told so long after its end does not exist."""


async def keep_looking(feed: Feed, hand: Hand) -> None:
    """Look into the minutes with missed mark prices, until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        for symbol, minutes in hand.marks.over(feed.clock.now_ms()).items():
            if symbol in hand.away or feed.status.state is not FeedState.LIVE:
                continue
            try:
                await _look(feed, hand, symbol, minutes)
            except (MarketError, StoreError) as exc:
                log.warning("missed mark prices of %s not read: %s", symbol, exc)
                await asyncio.sleep(RETRY_S)


async def _look(feed: Feed, hand: Hand, symbol: str, minutes: range) -> None:
    past = Past(hand, symbol)
    candles = await feed.mark_candles(symbol, "1m", minutes.start, minutes.stop)
    for candle in candles:
        await past.mark(candle, whole=True)
    told = bool(candles) and candles[-1].close_ms + 1 >= minutes.stop
    if not told and feed.clock.now_ms() > minutes.stop + GIVE_UP_MS:
        log.warning("the exchange has no mark prices of %s for some minutes", symbol)
        hand.marks.looked_into(symbol, minutes.stop)
