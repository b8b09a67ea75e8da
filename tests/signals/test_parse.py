"""Deliveries are read message by message; a broken delivery is refused as a whole."""

import io
import json
import random
from collections import Counter
from collections.abc import Callable

import pytest

from signals.errors import SignalRejected
from signals.inbox.parse import MAX_ROWS, Parsed, parse_json, read_csv
from signals.validate import RawSignal, validate
from tests.feeds import START_MS, instrument

HEADER = "symbol,direction,entry,sl,tp"
ROW = "BTCUSDT,LONG,100,90,110"


def csv_rows(text: str) -> list[tuple[int, Parsed]]:
    return list(read_csv(io.StringIO(text, newline="")))


def code(parsed: Parsed) -> str:
    return parsed.code if isinstance(parsed, SignalRejected) else "taken"


def test_an_object_is_read_with_its_numbers_as_text() -> None:
    [raw] = parse_json(
        '{"symbol":"BINANCE:BTCUSDT","direction":"LONG","entry":64250.10,"sl":0.1e-7,'
        '"tp":[65600,"67000"],"confidence":0.72,"timeframe":"240","source":"my-pine",'
        '"id":"a1","time":"2026-11-22T06:00:03Z","key":"secret","unknown":[{}],"note":null}'
    )

    assert raw == RawSignal(
        symbol="BINANCE:BTCUSDT",
        direction="LONG",
        entry="64250.10",
        stop="0.1e-7",
        targets=("65600", "67000"),
        score="0.72",
        timeframe="240",
        source="my-pine",
        id="a1",
        time="2026-11-22T06:00:03Z",
    )


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        ({"Ticker": "X"}, "symbol", "X"),
        ({"tv_instrument": "X"}, "symbol", "X"),
        ({"SIGNAL-TYPE": "buy"}, "direction", "buy"),
        ({"direction": "sell", "action": "buy"}, "direction", "sell"),
        ({"market_position": "flat"}, "position", "flat"),
        ({"entry price": 5}, "entry", "5"),
        ({"price": 5, "entry": None}, "entry", "5"),
        ({"stopLoss": 5}, "stop", "5"),
        ({"take_profit": 5}, "targets", ("5",)),
        ({"tp2": 6, "tp1": 5}, "targets", ("5", "6")),
        ({"targets": "65600 / 67000"}, "targets", ("65600", "67000")),
        ({"tp": "30000, 31000"}, "targets", ("30000", "31000")),
        ({"tp": "30,000"}, "targets", ("30,000",)),
        ({"tf": 15}, "timeframe", "15"),
        ({"score": "8/10"}, "score", "8/10"),
        ({"comment": "hi"}, "note", "hi"),
    ],
)
def test_keys_are_known_by_many_names(
    message: dict[str, object], field: str, value: object
) -> None:
    [raw] = parse_json(json.dumps(message))

    assert getattr(raw, field) == value


def test_lists_and_lines_are_read_in_order() -> None:
    as_list = parse_json('[{"symbol":"A"},{"symbol":"B"}]')
    as_lines = parse_json('\ufeff{"symbol":"A"}\r\n\n  {"symbol":"B"}\n')

    assert as_list == as_lines == [RawSignal(symbol="A"), RawSignal(symbol="B")]


def test_an_object_may_be_written_over_many_lines() -> None:
    assert parse_json('{\n  "symbol": "A",\n  "entry": 5\n}') == [
        RawSignal(symbol="A", entry="5")
    ]


def test_a_bad_message_leaves_its_neighbours_alone() -> None:
    lines = parse_json('{"symbol":"A"}\nnonsense\n{"symbol":"A","symbol":"B"}\n{"symbol":"C"}')
    listed = parse_json('[{"symbol":"A"},17,{"entry":true},{"symbol":"C"}]')

    assert list(map(code, lines)) == ["taken", "bad_json", "bad_json", "taken"]
    assert list(map(code, listed)) == ["taken", "bad_json", "bad_value", "taken"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LONG BTC", "bad_json"),
        ('{"symbol":', "bad_json"),
        ('{"symbol":"A"}}', "bad_json"),
        ('{"sl":90,"SL":80}', "bad_json"),
        ('{"entry":[1,2]}', "bad_value"),
        ('{"entry":{"price":1}}', "bad_value"),
        ('{"tp":[true]}', "bad_value"),
        ('{"note":"' + "x" * 5_000 + '"}', "too_long"),
        ('{"entry":' + "9" * 16_000 + "}", "too_long"),
        ('{"a":' * 600 + "}" * 600, "bad_json"),
    ],
)
def test_a_message_that_cannot_be_read_is_refused(text: str, expected: str) -> None:
    [parsed] = parse_json(text)

    assert code(parsed) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "bad_json"),
        (" \n ", "bad_json"),
        ('[{"symbol":"A"},', "bad_json"),
        ("[" * 100_000, "bad_json"),
        ("[" + "1," * MAX_ROWS + "1]", "too_many"),
        ("{}\n" * (MAX_ROWS + 1), "too_many"),
        (" " * 16_000_001, "too_many"),
    ],
    ids=["empty", "blank", "cut list", "deep", "long list", "many lines", "large"],
)
def test_a_broken_delivery_is_refused_as_a_whole(text: str, expected: str) -> None:
    with pytest.raises(SignalRejected) as caught:
        parse_json(text)

    assert caught.value.code == expected


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_is_read_whatever_parts_its_columns(separator: str) -> None:
    text = "\ufeffSymbol,Direction,Entry,SL,TP1,TP2,Colour\nBTCUSDT,LONG,100,90,110,120,red\n"

    [(line, raw)] = csv_rows(text.replace(",", separator))

    assert line == 2
    assert raw == RawSignal(
        symbol="BTCUSDT", direction="LONG", entry="100", stop="90", targets=("110", "120")
    )


def test_each_csv_row_is_told_with_the_line_it_began_on() -> None:
    text = f'{HEADER},note\n{ROW},"two\nlines"\n\n , , ,,,\n{ROW},last\n'

    rows = csv_rows(text)

    assert [line for line, _ in rows] == [2, 6]


def test_a_row_of_another_length_is_refused_and_the_others_stand() -> None:
    rows = csv_rows(f"{HEADER}\n{ROW}\n{ROW},extra\nBTCUSDT,LONG\n{ROW}\n")

    assert [(line, code(one)) for line, one in rows] == [
        (2, "taken"),
        (3, "bad_csv"),
        (4, "bad_csv"),
        (5, "taken"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "lacks symbol, direction, entry, sl, tp"),
        ("symbol,direction,entry\nBTCUSDT,LONG,100\n", "lacks sl, tp"),
        (f"{HEADER},TP\n{ROW},120\n", "has tp twice"),
        (f'{HEADER}\n{ROW}\nBTCUSDT,"LONG,100,90,110\n{ROW}\n', "Line 3 cannot be read"),
        (f'{HEADER}\nBTCUSDT,"LONG"x,100,90,110\n', "Line 2 cannot be read"),
        (f"{HEADER}\n{ROW}\nBTC\0USDT,LONG,100,90,110\n", "Line 3 holds a NUL"),
        (f"{HEADER}\n{'x' * 200_000},LONG,100,90,110\n", "Line 2 cannot be read"),
        (f'"{HEADER}\n', "Line 1 cannot be read"),
        (
            f"{HEADER}\n" + f"{ROW}\n" * (MAX_ROWS + 1),
            "more than 20,000 rows; nothing was taken",
        ),
    ],
    ids=[
        *("empty", "columns", "double", "open quote", "bad quote", "nul", "field", "header"),
        "rows",
    ],
)
def test_a_broken_csv_is_refused_as_a_whole_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(SignalRejected) as caught:
        csv_rows(text)

    assert words in str(caught.value)


def test_a_csv_of_the_largest_size_is_taken_whole() -> None:
    assert len(csv_rows(f"{HEADER}\n" + f"{ROW}\n" * MAX_ROWS)) == MAX_ROWS


def test_twenty_thousand_damaged_messages_raise_nothing_but_rejections() -> None:
    chance = random.Random(20_000)
    message = (
        '{"symbol":"BTCUSDT","direction":"LONG","entry":100,"sl":90,"tp":[110,120],'
        '"score":"8/10","tf":"4h","time":"2026-09-21T14:12:20Z","note":"\\u0041"}'
    )
    table = f"{HEADER}\n{ROW}\n"

    from_json = Counter(outcome(parse_json, damaged(chance, message)) for _ in range(10_000))
    from_csv = Counter(outcome(csv_parsed, damaged(chance, table)) for _ in range(10_000))

    assert from_json["taken"] > 100
    assert from_csv["taken"] > 100
    assert len(from_json) > 5


def csv_parsed(text: str) -> list[Parsed]:
    return [parsed for _, parsed in csv_rows(text)]


def outcome(parse: Callable[[str], list[Parsed]], text: str) -> str:
    """Take a delivery all the way; return what came of its last message."""
    last = "nothing"
    try:
        for parsed in parse(text):
            last = code(parsed)
            if isinstance(parsed, RawSignal):
                validate(parsed, instruments={"BTCUSDT": instrument()}, now_ms=START_MS)
    except SignalRejected as exc:
        return exc.code
    return last


def damaged(chance: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(letters))
        letters[at : at + chance.choice((0, 1, 5))] = chance.choice(
            ['"', "{", "]", ",", "9" * 30, "\0", "\ud800", "\u202e", "-", "e9", "null", "", "٣"]
        )
    return "".join(letters)
