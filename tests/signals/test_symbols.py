"""Spellings of symbols lead to one spot instrument or to a sentence."""

from dataclasses import replace

import pytest

from engine.model import Market
from signals.errors import SignalRejected
from signals.symbols import find_instrument
from tests.feeds import instrument

KNOWN = {
    one.symbol: one
    for one in (
        instrument("BTCUSDT"),
        instrument("ETHUSDT"),
        instrument("PERPUSDT"),
        instrument("PEPEUSDT"),
        instrument("币安人生USDT"),
        instrument("BTCUSDC", quote="USDC"),
        instrument("BTCEUR", quote="EUR"),
        replace(instrument("LUNAUSDT"), trading=False, status="BREAK"),
        replace(instrument("BTCQUARTER"), market=Market.FUTURES),
    )
}


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("btcusdt", "BTCUSDT"),
        (" BTCUSDT ", "BTCUSDT"),
        ("BTC/USDT", "BTCUSDT"),
        ("BTC-USDT", "BTCUSDT"),
        ("BTC_USDT", "BTCUSDT"),
        ("BTC USDT", "BTCUSDT"),
        ("#BTC/USDT", "BTCUSDT"),
        ("$BTC", "BTCUSDT"),
        ("eth", "ETHUSDT"),
        ("BINANCE:BTCUSDT", "BTCUSDT"),
        ("binance:ethusdt", "ETHUSDT"),
        ("BINANCE:BTC", "BTCUSDT"),
        ("BTCUSD", "BTCUSDT"),
        ("BTC-USD", "BTCUSDT"),
        ("XBT", "BTCUSDT"),
        ("XBTUSD", "BTCUSDT"),
        ("XBT/USDT", "BTCUSDT"),
        ("BTCUSDC", "BTCUSDC"),
        ("BTC/EUR", "BTCEUR"),
        ("PERP", "PERPUSDT"),
        ("PERP/USDT", "PERPUSDT"),
        ("币安人生USDT", "币安人生USDT"),
        ("币安人生usdt", "币安人生USDT"),
        ("币安人生", "币安人生USDT"),
        ("BTC\u200bUSDT", "BTCUSDT"),
    ],
)
def test_every_usual_spelling_finds_its_instrument(spelling: str, symbol: str) -> None:
    assert find_instrument(spelling, KNOWN).symbol == symbol


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("BTCUSDT.P", "futures"),
        ("BINANCE:BTCUSDT.P", "futures"),
        ("BTCPERP", "futures"),
        ("BTC-PERP", "futures"),
        ("BTCUSDT_PERP", "futures"),
        ("BTC-USDT-SWAP", "futures"),
        ("BTC/USDT:USDT", "futures"),
        ("BTCUSDT_250328", "futures"),
        ("BTCUSDT250328", "futures"),
        ("BTC-29DEC25", "futures"),
        ("1000PEPEUSDT", "futures"),
        ("BTCQUARTER", "futures"),
        ("LUNAUSDT", "not_trading"),
        ("NOSUCHCOIN", "unknown_symbol"),
        ("ßUSDT", "unknown_symbol"),
        ("[red]BTC[/]", "unknown_symbol"),
        ("BTCUSDT; DROP TABLE trade", "unknown_symbol"),
        ("USDT", "unknown_symbol"),
        (":", "unknown_symbol"),
    ],
)
def test_what_is_no_tradable_spot_symbol_is_refused(spelling: str, code: str) -> None:
    with pytest.raises(SignalRejected) as refusal:
        find_instrument(spelling, KNOWN)

    assert refusal.value.code == code


def test_the_thousand_multiple_names_the_spot_symbol_and_converts_nothing() -> None:
    with pytest.raises(SignalRejected, match=r"on spot it is PEPEUSDT, at a thousandth"):
        find_instrument("1000PEPEUSDT", KNOWN)


def test_the_exchanges_own_spelling_wins_over_every_reading_of_it() -> None:
    odd = {"BTCUSDT.P": instrument("BTCUSDT.P"), "BTCUSDT": instrument("BTCUSDT")}

    assert find_instrument("BTCUSDT.P", odd).symbol == "BTCUSDT.P"


def test_a_bare_base_takes_the_quote_of_the_desk() -> None:
    assert find_instrument("BTC", KNOWN, default_quote="USDC").symbol == "BTCUSDC"
