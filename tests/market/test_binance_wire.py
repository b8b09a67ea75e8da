import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.binance.wire import (
    AggTrade,
    BookTicker,
    Kline,
    MarkUpdate,
    MiniTicker,
    Reply,
    ServerShutdown,
    decode_frame,
)

AGG_TRADE = {
    "e": "aggTrade",
    "E": 1790000000123,
    "s": "SOLUSDT",
    "a": 700000001,
    "p": "141.2700",
    "q": "3.1100",
    "f": 900000010,
    "l": 900000012,
    "T": 1790000000120,
    "m": False,
    "M": True,
}
KLINE = {
    "t": 1789999980000,
    "T": 1790000039999,
    "s": "SOLUSDT",
    "i": "1m",
    "f": 900000000,
    "L": 900000040,
    "o": "141.00",
    "c": "141.27",
    "h": "141.30",
    "l": "140.95",
    "v": "512.4",
    "n": 41,
    "x": True,
    "q": "72300.5",
    "V": "260.1",
    "Q": "36700.2",
    "B": "0",
}


def combined(stream: str, data: Any) -> bytes:
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def agg_trade(**changes: Any) -> bytes:
    return combined("solusdt@aggTrade", {**AGG_TRADE, **changes})


def test_an_aggregate_trade_reads_as_sent() -> None:
    event = decode_frame(agg_trade(newField={"any": ["thing"]}))

    assert isinstance(event, AggTrade)
    assert (event.symbol, event.trade_id, event.price) == ("SOLUSDT", 700000001, "141.2700")
    assert (event.event_ms, event.time_ms) == (1790000000123, 1790000000120)


def test_an_aggregate_trade_reads_whatever_the_order_of_the_envelope() -> None:
    text = json.dumps({"data": AGG_TRADE, "stream": "solusdt@aggTrade"})

    event = decode_frame(text.encode())

    assert isinstance(event, AggTrade)


def test_a_book_ticker_reads_without_event_name_or_time() -> None:
    data = {"u": 5550001, "s": "SOLUSDT", "b": "141.26", "B": "12.3", "a": "141.27", "A": "4"}

    event = decode_frame(combined("solusdt@bookTicker", data))

    assert isinstance(event, BookTicker)
    assert (event.update_id, event.bid, event.ask) == (5550001, "141.26", "141.27")


def test_a_mini_ticker_brings_the_price_of_a_day_ago() -> None:
    data = {"e": "24hrMiniTicker", "E": 1790000000500, "s": "SOLUSDT", "c": "141", "o": "139.8"}

    event = decode_frame(combined("solusdt@miniTicker", data))

    assert isinstance(event, MiniTicker)
    assert event.open_24h == "139.8"


def test_a_candle_without_prints_reads_as_a_candle_with_zero_trades() -> None:
    body = {**KLINE, "f": -1, "L": -1, "n": 0, "v": "0"}

    event = decode_frame(
        combined("solusdt@kline_1m", {"e": "kline", "E": 1790000040004, "k": body})
    )

    assert isinstance(event, Kline)
    candle = event.to_candle()
    assert (candle.symbol, candle.timeframe, candle.trades) == ("SOLUSDT", "1m", 0)
    assert (candle.close, candle.closed) == (Decimal("141.27"), True)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1790000000000}}',
        b'{"e":"serverShutdown","E":1790000000000}',
    ],
)
def test_an_announced_shutdown_is_understood_in_both_forms(frame: bytes) -> None:
    assert isinstance(decode_frame(frame), ServerShutdown)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b'{"result":null,"id":7}', None),
        (b'{"result":["a@aggTrade"],"id":"x-1"}', None),
        (b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":3}', 2),
        (b'{"code":4,"msg":"Too many subscriptions","id":19}', 4),
    ],
)
def test_control_replies_are_told_from_data(frame: bytes, code: int | None) -> None:
    event = decode_frame(frame)

    assert isinstance(event, Reply)
    assert event.code == code


@pytest.mark.parametrize(
    "price",
    [
        *("0", "0.00000000", "-1", "+1", "NaN", "Infinity", "1e5", "1_000", "٣", " 1", "1 "),
        *("1\n", "", ".5", "5.", "1,5", "0x10", "99999999999", "0.123456789", "1" * 400),
        *(5, 5.5, None, True, ["1"], {}),
    ],
)
def test_a_price_that_is_not_plainly_positive_is_never_a_print(price: Any) -> None:
    assert decode_frame(agg_trade(p=price)) is None


@pytest.mark.parametrize("price", ["0.00001234", "104250.10", "1.230000000000", "9999999999"])
def test_a_plain_price_is_a_print(price: str) -> None:
    event = decode_frame(agg_trade(p=price))

    assert isinstance(event, AggTrade)
    assert Decimal(event.price) == Decimal(price)


@pytest.mark.parametrize(
    "changes",
    [
        {"q": "0"},
        {"a": -1},
        {"a": 10**30},
        {"a": "700"},
        {"a": 1.5},
        {"T": 1790000000120000},
        {"T": None},
        {"E": "now"},
        {"s": ""},
        {"s": "A" * 65},
        {"s": 5},
        {"e": "trade"},
    ],
)
def test_a_field_of_the_wrong_kind_spoils_the_print(changes: dict[str, Any]) -> None:
    assert decode_frame(agg_trade(**changes)) is None


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"{",
        b"NaN",
        b"\xff\xfe\x00",
        b'{"stream":"solusdt@aggTrade","data":{"s":"\xff"}}',
        b'{"stream":"\\ud800@aggTrade","data":{}}',
        b'{"stream":"solusdt@aggTrade","data":' + b"[" * 100_000,
        b'{"other":' + b"[" * 100_000,
        b'{"stream":"solusdt@depth","data":{"b":[]}}',
        b'{"stream":"solusdt@aggTrade"}',
        b'{"stream":"solusdt@bookTicker"}',
        b'{"stream":1,"data":1}',
        b'{"id":' + b"9" * 5000 + b"}x",
        b"<html>captive portal</html>",
    ],
)
def test_a_frame_of_garbage_is_nothing_and_raises_nothing(frame: bytes) -> None:
    assert decode_frame(frame) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_decoding_raise(noise: bytes) -> None:
    decode_frame(noise)
    decode_frame(b'{"stream":"solusdt@aggTrade","data":' + noise)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["stream", "data", "e", "s", "a", "p", "k", "id", "error"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_makes_decoding_raise(value: Any) -> None:
    decode_frame(json.dumps(value).encode())
    for name in ("aggTrade", "bookTicker", "miniTicker", "kline_1m"):
        decode_frame(combined(f"solusdt@{name}", value))


# -- futures ----------------------------------------------------------------------------------

MARK = {
    "e": "markPriceUpdate",
    "E": 1790000003000,
    "s": "SOLUSDT",
    "p": "141.25000000",
    "i": "141.20111111",
    "P": "141.19000000",
    "r": "0.00010000",
    "T": 1790006400000,
    "st": 1,
}


def mark(**changes: Any) -> bytes:
    return combined("solusdt@markPrice@1s", {**MARK, **changes})


def test_a_mark_price_is_read_with_the_funding_ahead() -> None:
    event = decode_frame(mark())

    assert isinstance(event, MarkUpdate)
    assert (event.symbol, event.event_ms) == ("SOLUSDT", 1790000003000)
    assert (event.price, event.funding_rate) == ("141.25000000", "0.00010000")
    assert event.next_funding_ms == 1790006400000


@pytest.mark.parametrize(
    "changes",
    [{"r": "", "T": 0}, {"r": "-0.00375000"}, {"r": "0"}, {"ap": "141.2", "new": [1]}],
)
def test_mark_prices_without_funding_or_with_more_fields_are_read(
    changes: dict[str, Any],
) -> None:
    assert isinstance(decode_frame(mark(**changes)), MarkUpdate)


@pytest.mark.parametrize(
    "changes",
    [
        {"p": "0"},
        {"p": "-1"},
        {"p": "NaN"},
        {"p": 141.25},
        {"p": "1.123456789"},
        {"r": "much"},
        {"r": "0.123456789"},
        {"r": 0.0001},
        {"T": -1},
        {"E": 10**16},
        {"s": ""},
        {"e": "aggTrade"},
    ],
)
def test_a_mark_price_that_makes_no_sense_is_dropped(changes: dict[str, Any]) -> None:
    assert decode_frame(mark(**changes)) is None


def test_prints_and_quotes_of_futures_are_read_by_the_same_names() -> None:
    trade = {key: value for key, value in AGG_TRADE.items() if key != "M"}
    quote = {"u": 7, "s": "SOLUSDT", "b": "141.2", "B": "1", "a": "141.3", "A": "2"}
    stamps = {"e": "bookTicker", "E": 1790000000123, "T": 1790000000120, "ps": "SOLUSDT"}

    frames = [
        combined("solusdt@aggTrade", {**trade, "nq": "3.0000", "st": 1}),
        combined("solusdt@bookTicker", {**stamps, **quote, "st": 1}),
    ]

    assert [type(decode_frame(frame)) for frame in frames] == [AggTrade, BookTicker]
