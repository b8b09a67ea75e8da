"""Frames of a combined Binance stream, decoded into typed events.

A frame is a usable event or it is nothing: whatever a server sends, decoding does not raise.
Fields that are not named here are ignored, so that Binance may add some any day.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from engine.model import Candle

AMOUNT = r"^[0-9]{1,15}(?:\.[0-9]{1,8}0{0,10})?\Z"
"""Plain decimals with at most 8 places that matter: what can be stored exactly."""
POSITIVE = r"^(?=[0.]*[1-9])[0-9]{1,15}(?:\.[0-9]{1,8}0{0,10})?\Z"
PRICE = r"^(?=[0.]*[1-9])[0-9]{1,10}(?:\.[0-9]{1,8}0{0,10})?\Z"
"""Ten digits before the point: the largest price that fits a stored number."""

RATE = r"^-?[0-9]{1,3}(?:\.[0-9]{1,8}0{0,10})?\Z"

Amount = Annotated[str, msgspec.Meta(pattern=AMOUNT)]
Positive = Annotated[str, msgspec.Meta(pattern=POSITIVE)]
Price = Annotated[str, msgspec.Meta(pattern=PRICE)]
FundingRate = Annotated[str, msgspec.Meta(pattern=RATE)]
FundingRateIfAny = Annotated[str, msgspec.Meta(pattern=rf"^\Z|{RATE}")]
PriceIfAny = Annotated[str, msgspec.Meta(pattern=rf"^\Z|{PRICE}")]
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
TimeMs = Annotated[int, msgspec.Meta(ge=0, lt=4_102_444_800_000)]
"""Milliseconds UTC before the year 2100; microseconds are refused."""
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]

_is_price = re.compile(PRICE).match
_is_positive = re.compile(POSITIVE).match

UNKNOWN_TRADE = 1 << 62
"""In place of a trade id that was not told: behind all others, so that it proves nothing."""

# The same few prices come again and again, thousands of times a second. Reading one twice is
# three times cheaper than reading it anew with msgspec's own patterns.


@lru_cache(maxsize=8192)
def price(text: str) -> Decimal:
    """Return a price off the stream.

    Raises:
        ValueError: If it is not a plain positive number that can be stored exactly.
    """
    if not _is_price(text):
        raise ValueError("not a price")
    return Decimal(text)


class AggTrade(msgspec.Struct, gc=False, tag_field="e", tag="aggTrade"):
    """`{"e":"aggTrade","E":…,"s":"SOLUSDT","a":7001,"p":"141.27","q":"3.11","T":…,"m":false}`."""

    event_ms: TimeMs = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    trade_id: Id = msgspec.field(name="a")
    price: str = msgspec.field(name="p")
    """To be read by `price`, which takes it."""
    quantity: str = msgspec.field(name="q")
    """A plain positive number: `Decimal` takes it. Sizes seldom come twice."""
    time_ms: TimeMs = msgspec.field(name="T")
    first_trade: int = msgspec.field(name="f", default=UNKNOWN_TRADE)
    """Oldest single trade in the print."""

    def __post_init__(self) -> None:
        price(self.price)
        if not _is_positive(self.quantity):
            raise ValueError("not a quantity")


class BookTicker(msgspec.Struct, gc=False):
    """`{"u":5550001,"s":"SOLUSDT","b":"141.26","B":"12.3","a":"141.27","A":"4.0"}`."""

    update_id: Id = msgspec.field(name="u")
    symbol: Symbol = msgspec.field(name="s")
    bid: str = msgspec.field(name="b")
    """To be read by `price`, which takes it."""
    ask: str = msgspec.field(name="a")
    """To be read by `price`, which takes it."""

    def __post_init__(self) -> None:
        price(self.bid)
        price(self.ask)


class MiniTicker(msgspec.Struct, gc=False, tag_field="e", tag="24hrMiniTicker"):
    """`{"e":"24hrMiniTicker","E":…,"s":"SOLUSDT","c":"141.27","o":"139.80",…}`."""

    event_ms: TimeMs = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    open_24h: Amount = msgspec.field(name="o")


class MarkUpdate(msgspec.Struct, gc=False, tag_field="e", tag="markPriceUpdate"):
    """`{"e":"markPriceUpdate","E":…,"s":"SOLUSDT","p":"141.25","r":"0.00010000","T":…}`."""

    event_ms: TimeMs = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    price: str = msgspec.field(name="p")
    """To be read by `price`, which takes it."""
    funding_rate: FundingRateIfAny = msgspec.field(name="r", default="")
    """Of the next settlement, as it stands; empty where there is no funding."""
    next_funding_ms: TimeMs = msgspec.field(name="T", default=0)
    """0 where there is no funding."""

    def __post_init__(self) -> None:
        price(self.price)


class _KlineBody(msgspec.Struct, gc=False):
    open_ms: TimeMs = msgspec.field(name="t")
    close_ms: TimeMs = msgspec.field(name="T")
    symbol: Symbol = msgspec.field(name="s")
    timeframe: str = msgspec.field(name="i")
    open: Price = msgspec.field(name="o")
    close: Price = msgspec.field(name="c")
    high: Price = msgspec.field(name="h")
    low: Price = msgspec.field(name="l")
    volume: Amount = msgspec.field(name="v")
    trades: Id = msgspec.field(name="n")
    closed: bool = msgspec.field(name="x")
    last_trade: int = msgspec.field(name="L", default=-1)
    """Newest single trade in the candle; -1 while there is none."""


class Kline(msgspec.Struct, gc=False, tag_field="e", tag="kline"):
    """`{"e":"kline","E":…,"s":"SOLUSDT","k":{"t":…,"T":…,"i":"1m","o":"141.00",…,"x":true}}`."""

    event_ms: TimeMs = msgspec.field(name="E")
    body: _KlineBody = msgspec.field(name="k")

    def to_candle(self) -> Candle:
        """Return the candle in the desk's own words."""
        body = self.body
        return Candle(
            symbol=body.symbol,
            timeframe=body.timeframe,
            open_ms=body.open_ms,
            open=Decimal(body.open),
            high=Decimal(body.high),
            low=Decimal(body.low),
            close=Decimal(body.close),
            volume=Decimal(body.volume),
            close_ms=body.close_ms,
            trades=body.trades,
            closed=body.closed,
        )


class ServerShutdown(msgspec.Struct, gc=False, tag_field="e", tag="serverShutdown"):
    """`{"e":"serverShutdown","E":…}`: this connection will be cut soon."""


class Reply(msgspec.Struct, gc=False):
    """Answer to a control message; `code` is None when it was carried out."""

    code: int | None
    message: str


Event = AggTrade | BookTicker | MiniTicker | MarkUpdate | Kline | ServerShutdown | Reply


_Data = TypeVar("_Data")


class _Known(msgspec.Struct, Generic[_Data], gc=False):
    """A combined frame whose stream told what it holds."""

    data: _Data


class _Refusal(msgspec.Struct, gc=False):
    code: int = 0
    msg: str = ""


class _Frame(msgspec.Struct, gc=False):
    """Any combined frame or control reply; a reply's error comes wrapped or flat."""

    stream: str = ""
    e: Literal["serverShutdown", ""] = ""
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _Refusal | None = None
    code: int | None = None
    msg: str = ""


_FRAME = msgspec.json.Decoder(_Frame)
_KLINE = msgspec.json.Decoder(_Known[Kline])
_KnownFrame = _Known[AggTrade] | _Known[BookTicker] | _Known[MiniTicker] | _Known[MarkUpdate]
_KNOWN: dict[bytes, Callable[[bytes], _KnownFrame]] = {
    b"aggTrade": msgspec.json.Decoder(_Known[AggTrade]).decode,
    b"bookTicker": msgspec.json.Decoder(_Known[BookTicker]).decode,
    b"miniTicker": msgspec.json.Decoder(_Known[MiniTicker]).decode,
    b"markPrice@1s": msgspec.json.Decoder(_Known[MarkUpdate]).decode,
}
_decode_print = _KNOWN[b"aggTrade"]
_OPENING = b'{"stream":"'
_PRINT = b'@aggTrade"'
_NAME_WITHIN = 96
"""A frame opens with its stream's name, and names are short."""


def decode_frame(frame: bytes) -> Event | None:
    """Return what a frame says, or None if it says nothing that can be used."""
    try:
        if frame.startswith(_OPENING):
            # Frames of known streams, nearly all there are, are decoded in one go.
            if frame.find(_PRINT, 0, _NAME_WITHIN) > 0:
                return _decode_print(frame).data
            at = frame.find(b"@", 0, _NAME_WITHIN)
            decode = _KNOWN.get(frame[at + 1 : frame.find(b'"', at)])
            if decode:
                return decode(frame).data
        return _decode_other(frame)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _decode_other(frame: bytes) -> Event | None:
    outer = _FRAME.decode(frame)
    if outer.e or outer.stream == "!serverShutdown":
        return ServerShutdown()
    if outer.stream:
        kind = outer.stream.partition("@")[2]
        if kind.startswith("kline_"):
            return _KLINE.decode(frame).data
        decode = _KNOWN.get(kind.encode())
        return decode(frame).data if decode else None
    if outer.error:
        return Reply(outer.error.code, outer.error.msg)
    if outer.id is not msgspec.UNSET or outer.code is not None:
        return Reply(outer.code, outer.msg)
    return None
