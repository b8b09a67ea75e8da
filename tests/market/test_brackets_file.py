import json
from decimal import Decimal
from pathlib import Path

import pytest

from engine.margin import maintenance
from market.binance.brackets import LARGEST_FILE, brackets_by_symbol, read_brackets
from market.errors import BadAnswer

D = Decimal

Row = dict[str, object]

FIRST: Row = {
    "bracket": 1,
    "initialLeverage": 75,
    "notionalCap": 10_000,
    "notionalFloor": 0,
    "maintMarginRatio": 0.0065,
    "cum": 0.0,
}
SECOND: Row = {
    "bracket": 2,
    "initialLeverage": 50,
    "notionalCap": 100_000,
    "notionalFloor": 10_000,
    "maintMarginRatio": 0.01,
    "cum": 35.0,
}


def answer(*brackets: Row, symbol: str = "ETHUSDT", **more: object) -> bytes:
    rows = list(brackets or (FIRST, SECOND))
    return json.dumps([{"symbol": symbol, "brackets": rows, **more}]).encode()


def test_a_saved_answer_becomes_tables_by_symbol(tmp_path: Path) -> None:
    file = tmp_path / "brackets.json"
    file.write_bytes(answer())

    tables = read_brackets(file)

    assert list(tables) == ["ETHUSDT"]
    first, second = tables["ETHUSDT"]
    assert (first.floor, first.cap, first.rate) == (D(0), D(10_000), D("0.0065"))
    assert (first.leverage, second.leverage, second.cum) == (75, 50, D(35))


def test_bare_numbers_are_read_exactly() -> None:
    body = answer({**FIRST, "maintMarginRatio": 0.1})

    [bracket] = brackets_by_symbol(body)["ETHUSDT"]

    assert bracket.rate == D("0.1")


def test_the_answer_for_a_single_symbol_is_read_too() -> None:
    body = json.dumps({"symbol": "1000PEPEUSDT", "brackets": [FIRST]}).encode()

    assert list(brackets_by_symbol(body)) == ["1000PEPEUSDT"]


def test_brackets_in_any_order_make_the_same_table() -> None:
    assert brackets_by_symbol(answer(SECOND, FIRST)) == brackets_by_symbol(answer())


def test_a_coefficient_of_the_trader_scales_the_whole_table() -> None:
    [plain] = brackets_by_symbol(answer()).values()
    [scaled] = brackets_by_symbol(answer(notionalCoef=1.5)).values()

    assert [b.cap for b in scaled] == [15_000, 150_000]
    assert scaled[1].floor == 15_000
    assert maintenance(D(60_000), scaled) == maintenance(D(40_000), plain) * D("1.5")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "do not read as JSON"),
        (b"\xff\xfe\x00", "do not read as JSON"),
        (b"[" * 100_000, "do not read as JSON"),
        (b"[]", "must be a list of symbols, and hold at least one"),
        (b'"BTCUSDT"', "must be a list of symbols, and hold at least one"),
        (b"[7]", "Entry 1 of the margin tables names no symbol"),
        (b'[{"brackets":[]}]', "Entry 1 of the margin tables names no symbol"),
        (b'[{"symbol":"ETHUSDT"}]', "ETHUSDT: its brackets are missing"),
        (b'[{"symbol":"ETHUSDT","brackets":[]}]', "ETHUSDT: The margin table has no brackets"),
        (b'[{"symbol":"ETHUSDT","brackets":[1]}]', "bracket 1 is not an object"),
        (answer(SECOND), "ETHUSDT: Margin bracket 1 begins at 10000, it should at 0"),
        (answer(FIRST, {**SECOND, "cum": 36}), "bracket 2 has the maintenance amount 36"),
        (answer(notionalCoef=0), "ETHUSDT: its notionalCoef must be a number above 0"),
        (answer(notionalCoef="2"), "ETHUSDT: its notionalCoef must be a number above 0"),
        (answer({**FIRST, "initialLeverage": 7.5}), "a whole number for initialLeverage"),
        (answer({**FIRST, "initialLeverage": True}), "a plain number for initialLeverage"),
        (answer({**FIRST, "notionalCap": "10000"}), "a plain number for notionalCap"),
        (answer({**FIRST, "notionalCap": 10**400}), "a plain number for notionalCap"),
        (answer({**FIRST, "cum": -1}), "a plain number for cum"),
        (answer({**FIRST, "cum": float("nan")}), "a plain number for cum"),
        (answer({**FIRST, "maintMarginRatio": None}), "a plain number for maintMarginRatio"),
        (
            answer().replace(b"0.0065", b"1e-999999999999999999999"),
            "a plain number for maintMarginRatio",
        ),
    ],
)
def test_a_mistake_in_the_file_is_a_sentence_that_says_where(
    body: bytes, sentence: str
) -> None:
    with pytest.raises(BadAnswer) as refusal:
        brackets_by_symbol(body)

    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert len(str(refusal.value)) < 250


def test_a_symbol_that_comes_twice_is_refused() -> None:
    [row] = json.loads(answer())

    with pytest.raises(BadAnswer, match="ETHUSDT comes twice"):
        brackets_by_symbol(json.dumps([row, row]).encode())


def test_control_characters_of_a_symbol_do_not_reach_the_sentence() -> None:
    with pytest.raises(BadAnswer) as refusal:
        brackets_by_symbol(answer(SECOND, symbol="ETH\x1b[31mUSDT"))

    assert "\x1b" not in str(refusal.value)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match="cannot be read"):
        read_brackets(tmp_path / "none.json")


def test_a_mistake_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "brackets.json"
    file.write_bytes(answer(SECOND))

    with pytest.raises(BadAnswer, match=r"brackets\.json: ETHUSDT: Margin bracket 1"):
        read_brackets(file)


def test_a_file_that_is_no_table_by_its_size_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "brackets.json"
    with file.open("wb") as sparse:
        sparse.truncate(LARGEST_FILE + 1)

    with pytest.raises(BadAnswer, match="too large"):
        read_brackets(file)
