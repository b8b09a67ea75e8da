"""Every fill says in sentences where its price came from and what it cost."""

from dataclasses import replace
from decimal import Decimal

import pytest

from desk.why import slippage_of, why
from engine.costs import REALISTIC
from engine.model import (
    CloseReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    Market,
    PriceModel,
    Source,
    Trade,
    TradeStatus,
)
from tests.feeds import START_MS

D = Decimal

ENTRY = Fill(
    kind=FillKind.ENTRY,
    price=D("100.1"),
    quantity=D(10),
    fee=D("1.001"),
    time_ms=START_MS,
    print_price=D(100),
    trade_id=1000,
    model=PriceModel.TOUCH,
    source=Source.STREAM,
)
STOP = replace(
    ENTRY,
    kind=FillKind.STOP,
    price=D("93.9"),
    reference=D(94),
    fee=D("0.939"),
    gross=D(-62),
    level=D(95),
    print_price=D(94),
    trade_id=1234,
    model=PriceModel.LAST,
)
TRADE = Trade(
    id=1,
    account="main",
    symbol="BTCUSDT",
    market=Market.SPOT,
    direction=Direction.LONG,
    status=TradeStatus.OPEN,
    entry_mode=EntryMode.MARKET,
    entry_price=D("100.1"),
    initial_quantity=D(10),
    quantity=D(10),
    cost=D(1001),
    stake=D(1001),
    initial_stop=D(95),
    fixed_stop=D(95),
    targets=(),
    costs=REALISTIC,
    opened_ms=START_MS,
    best=D("100.1"),
    worst=D("100.1"),
    fills=(ENTRY,),
)


def said(fill: Fill, **changes: object) -> str:
    return " ".join(why(replace(TRADE, **changes), fill))  # type: ignore[arg-type]  # by name


def test_a_market_entry_names_the_touch_the_fee_and_where_it_was_seen() -> None:
    assert why(TRADE, ENTRY) == [
        "Bought 10 of BTCUSDT at 100.1 on 2026-09-21 14:13:20.000 UTC.",
        "A market order, filled at the ask, the best offer of that moment; the last trade was "
        "100 (no. 1000).",
        "As a taker it paid a fee of 1.001, 0.1 % of 1001.",
        "The desk saw it live, on the exchange's stream.",
    ]


def test_a_gapped_stop_names_its_level_the_print_and_what_slippage_cost() -> None:
    words = said(STOP, close_reason=CloseReason.TRAILING_STOP)

    assert "The trailing stop at 95 was reached by print 94 (no. 1234)." in words
    assert "here 1 beyond it" in words
    assert "Slippage moved the price from 94 to 93.9, which cost 1." in words
    assert "It brought -62 before fees." in words
    assert slippage_of(STOP) == D(1)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (
            replace(ENTRY, kind=FillKind.TARGET, level=D(110), model=PriceModel.LEVEL),
            "The target at 110 was reached by print 100 (no. 1000). A target is a resting",
        ),
        (replace(STOP, kind=FillKind.TIME), "The time stop was due"),
        (
            replace(STOP, kind=FillKind.MANUAL),
            "A market order by hand, filled at the last trade",
        ),
        (
            replace(STOP, kind=FillKind.LIQUIDATION, model=PriceModel.BANKRUPTCY),
            "The mark price 94 left less than the maintenance margin",
        ),
        (replace(ENTRY, model=PriceModel.SIGNAL), "Classic entry"),
        (
            replace(ENTRY, model=PriceModel.LEVEL, level=D("100.1")),
            "A limit order at 100.1 had waited until the market reached it by print 100",
        ),
    ],
)
def test_each_kind_of_fill_names_its_cause(fill: Fill, words: str) -> None:
    assert words in said(fill)


def test_a_breakout_names_the_price_it_waited_for() -> None:
    fill = replace(ENTRY, model=PriceModel.LAST, level=D(99))

    assert "A breakout order at 99 had waited" in said(fill, entry_mode=EntryMode.STOP)


def test_a_fill_out_of_a_candle_names_the_candle_and_its_doubts() -> None:
    fill = replace(
        STOP,
        trade_id=None,
        candle="1m",
        candle_ms=START_MS,
        reconstructed=True,
        ambiguous=True,
        source=Source.BACKFILL,
    )

    words = said(fill)

    assert "the 1m candle that opened at 2026-09-21 14:13:20.000 stands in for them" in words
    assert "another order of events" in words
    assert "while it caught up" in words
    assert "by print" not in words


def test_a_liquidation_costs_no_fee_and_a_rebate_is_got_back() -> None:
    liquidation = replace(STOP, kind=FillKind.LIQUIDATION, fee=D(0), reference=None)
    rebate = replace(ENTRY, kind=FillKind.TARGET, model=PriceModel.LEVEL, fee=D("-0.2"))

    assert "No fee is charged beyond the lost margin." in said(liquidation)
    assert "got back a fee of 0.2" in said(rebate)


def test_a_symbol_from_outside_is_harmless() -> None:
    assert "\x1b" not in said(ENTRY, symbol="\x1b[2JX")
