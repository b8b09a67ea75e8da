"""Which spot instrument a message means.

The exchange's own spelling wins; other spellings are tried in turn. Prices are never converted,
so a symbol that would need it (futures, 1000-multiples) is refused, not guessed.
"""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Final

from engine.instrument import Instrument
from engine.model import Market
from engine.text import clean
from signals.errors import SignalRejected
from signals.words import shown

# Symbols may be Unicode, where upper() can change more than the case.
_UPPER: Final = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_EXCHANGE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,15}:(?=.)")
_FUTURES: Final = re.compile(r".+(\.P|[-_/.]?PERP|[-_/.]SWAP|/[A-Z]+:[A-Z]+)")
_DATED: Final = re.compile(r".+([-_]\d{6}|USDT?\d{6}|-\d{1,2}[A-Z]{3}\d{2}|-\d{2}[A-Z]{3})")


def find_instrument(
    text: str, instruments: Mapping[str, Instrument], default_quote: str = "USDT"
) -> Instrument:
    """Find the spot instrument that a message names.

    Args:
        text: BTCUSDT, BINANCE:BTCUSDT, btc/usdt, BTC-USD, #BTC, $xbt …
        instruments: What the exchange trades, by its spelling.
        default_quote: Appended to a bare base asset.

    Raises:
        SignalRejected: If it is missing, unknown, halted or a futures contract.
    """
    if not text.strip():
        raise SignalRejected("missing", "The message names no symbol (key 'symbol').")
    name = _tidy(text)
    for spelling in (text.strip(), *_spellings(name, default_quote)):
        if spelling in instruments:
            return _tradable(instruments[spelling])
    raise _unknown(name, text, instruments)


def _tidy(text: str) -> str:
    name = clean(text).lstrip("#$ ").translate(_UPPER)
    # "BTC/USDT:USDT" has its colon at the other end: that is a futures contract.
    return name if _FUTURES.fullmatch(name) else _EXCHANGE.sub("", name, count=1)


def _spellings(name: str, default_quote: str) -> Iterator[str]:
    joined = re.sub(r"[/_\- ]", "", name)
    for candidate in (joined, re.sub(r"^XBT", "BTC", joined)):
        yield candidate
        yield candidate + default_quote
        if candidate.endswith("USD"):
            yield candidate + "T"


def _tradable(instrument: Instrument) -> Instrument:
    if instrument.market is not Market.SPOT:
        raise _futures(instrument.symbol)
    if not instrument.trading:
        raise SignalRejected(
            "not_trading",
            f"{clean(instrument.symbol)} is not traded now; "
            f"the exchange says {clean(instrument.status)}.",
        )
    return instrument


def _unknown(name: str, text: str, instruments: Mapping[str, Instrument]) -> SignalRejected:
    if _DATED.fullmatch(name) or _FUTURES.fullmatch(name):
        return _futures(text)
    one = name.removeprefix("1000")
    if one != name and one in instruments:
        return SignalRejected(
            "futures",
            f"{shown(text)} is a futures symbol; on spot it is {one}, at a thousandth of "
            "the price. Prices are not converted.",
        )
    return SignalRejected("unknown_symbol", f"The exchange has no spot symbol {shown(text)}.")


def _futures(text: str) -> SignalRejected:
    return SignalRejected(
        "futures", f"{shown(text)} is a futures contract; only spot symbols are taken."
    )
