"""What only a futures market is asked: funding, candles of the mark price, margin tables."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import msgspec

from engine.instrument import Bracket, Instrument
from engine.marks import FundingDue
from engine.model import Candle
from market.binance import questions, rows
from market.binance.rest import Params, RestClient
from market.binance.wire import FundingRate, PriceIfAny, Symbol, TimeMs
from market.errors import BadAnswer

MINUTE_MS = 60_000
JITTER_MS = MINUTE_MS // 2
"""Settlements are stamped within so much of the minute that they are due on."""
SETTLEMENTS = 1000
"""Most of them in one answer."""


class _Funding(msgspec.Struct):
    """`{"symbol":…,"fundingRate":"0.0001","fundingTime":1790006400018,"markPrice":"141.2"}`."""

    rate: FundingRate = msgspec.field(name="fundingRate")
    time_ms: TimeMs = msgspec.field(name="fundingTime")
    mark: PriceIfAny = msgspec.field(name="markPrice", default="")
    """Old settlements come without one."""


class _Interval(msgspec.Struct):
    symbol: Symbol
    hours: Annotated[int, msgspec.Meta(ge=1, le=24)] = msgspec.field(
        name="fundingIntervalHours"
    )


async def fundings(
    rest: RestClient, symbol: str, start_ms: int, end_ms: int
) -> list[FundingDue]:
    """Return the settlements due in [start, end), each once, oldest first.

    Args:
        rest: A host of the futures market.
        symbol: As the exchange spells it.
        start_ms: Milliseconds UTC.
        end_ms: Milliseconds UTC.

    Raises:
        BadAnswer: If a settlement cannot be used: none may be stepped over.
        MarketError: If the exchange cannot be asked.
    """
    found: dict[int, _Funding] = {}
    ask_ms, last_ms = max(0, start_ms - JITTER_MS), end_ms + JITTER_MS
    while ask_ms < last_ms:
        query: Params = {
            "symbol": symbol,
            "startTime": ask_ms,
            "endTime": last_ms,
            "limit": SETTLEMENTS,
        }
        page = rows.decode(await rest.get("fundingRate", query, weight=0), list[_Funding])
        for row in page:
            found.setdefault(_on_the_minute(row.time_ms), row)
        if len(page) < SETTLEMENTS:
            break
        ask_ms = max(row.time_ms for row in page) + 1
    return [
        FundingDue(symbol, due_ms, Decimal(row.rate), await _mark_at(rest, symbol, due_ms, row))
        for due_ms, row in sorted(found.items())
        if start_ms <= due_ms < end_ms
    ]


def _on_the_minute(time_ms: int) -> int:
    return (time_ms + MINUTE_MS // 2) // MINUTE_MS * MINUTE_MS


async def _mark_at(rest: RestClient, symbol: str, due_ms: int, row: _Funding) -> Decimal:
    if row.mark:
        return Decimal(row.mark)
    span, far_ahead_ms = range(due_ms, due_ms + MINUTE_MS), due_ms + 2 * MINUTE_MS
    for candle in await mark_candles(rest, (symbol, "1m"), span, far_ahead_ms):
        if candle.open_ms == due_ms:
            return candle.open
    raise BadAnswer(f"The mark price of {symbol} at a settlement of funding is not known.")


async def mark_candles(
    rest: RestClient, pair: tuple[str, str], span: range, now_ms: int
) -> list[Candle]:
    """Return candles of the mark price; see `questions.candles_since`."""
    return await questions.candles_since(rest, pair, span, now_ms, "markPriceKlines")


async def funding_intervals(rest: RestClient) -> dict[str, int]:
    """Return hours between settlements of the symbols where they differ from the usual 8."""
    body = await rest.get("fundingInfo", weight=0)
    found = rows.usable(rows.decode(body, list[msgspec.Raw]), _Interval)
    return {row.symbol: row.hours for row in found}


def with_brackets(rules: Instrument, own: Mapping[str, tuple[Bracket, ...]]) -> Instrument:
    """Return trading rules with a margin table: the trader's *own*, or else what is known."""
    from engine.brackets import for_symbol

    if brackets := own.get(rules.symbol):
        return replace(rules, brackets=brackets, brackets_estimated=False)
    brackets, estimated = for_symbol(rules.symbol)
    return replace(rules, brackets=brackets, brackets_estimated=estimated)
