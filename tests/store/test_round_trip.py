"""Whatever the desk stores comes back equal, field by field."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account import Account
from engine.costs import Costs
from engine.events import Event, TradeClosed, TradeOpened
from engine.model import (
    CloseReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    Market,
    PriceModel,
    Signal,
    SignalStatus,
    Source,
    Target,
    Trade,
    TradeStatus,
)
from engine.pnl import open_cost
from store.fields import from_e8
from store.ledger import Checkpoint, Ledger

INTEGERS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = INTEGERS.map(from_e8)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", "'; DROP TABLE trade; --", "[/]", "\x00", "币安人生", '{"a": 1}']),
)
MAYBE_NUMBER = st.none() | NUMBERS


def one_of_each(made: Callable[..., Any], /, **fields: st.SearchStrategy[Any]) -> Any:
    return st.builds(made, **fields)


SIGNALS: st.SearchStrategy[Signal] = one_of_each(
    Signal,
    id=TEXTS,
    symbol=TEXTS,
    market=st.sampled_from(Market),
    direction=st.sampled_from(Direction),
    entry=NUMBERS,
    stop=NUMBERS,
    targets=st.lists(NUMBERS, min_size=1, max_size=4).map(tuple),
    source=TEXTS,
    timeframe=TEXTS,
    score=MAYBE_NUMBER,
    reason=TEXTS,
    created_ms=INTEGERS,
    expires_ms=INTEGERS,
    status=st.sampled_from(SignalStatus),
)
FILLS: st.SearchStrategy[Fill] = one_of_each(
    Fill,
    kind=st.sampled_from(FillKind),
    price=NUMBERS,
    quantity=NUMBERS,
    fee=NUMBERS,
    gross=NUMBERS,
    time_ms=INTEGERS,
    level=MAYBE_NUMBER,
    print_price=MAYBE_NUMBER,
    trade_id=st.none() | INTEGERS,
    model=st.sampled_from(PriceModel),
    source=st.sampled_from(Source),
    reconstructed=st.booleans(),
    ambiguous=st.booleans(),
)
COSTS: st.SearchStrategy[Costs] = one_of_each(
    Costs,
    profile=TEXTS,
    maker=NUMBERS,
    taker=NUMBERS,
    slippage=NUMBERS,
    use_touch=st.booleans(),
    targets_at_print=st.booleans(),
    enter_at_signal=st.booleans(),
)


@st.composite
def openings(draw: st.DrawFn) -> Trade:
    fill = replace(draw(FILLS), kind=FillKind.ENTRY)
    direction = draw(st.sampled_from(Direction))
    targets = st.builds(Target, price=NUMBERS, quantity=NUMBERS, filled=st.booleans())
    return Trade(
        id=draw(st.integers(1, 2**63 - 2)),
        account="main",
        symbol=draw(TEXTS),
        market=draw(st.sampled_from(Market)),
        direction=direction,
        status=TradeStatus.OPEN,
        signal=draw(st.none() | SIGNALS),
        entry_mode=draw(st.sampled_from(EntryMode)),
        entry_price=draw(NUMBERS),
        initial_quantity=draw(NUMBERS),
        quantity=draw(NUMBERS),
        cost=open_cost(direction, (fill,)),
        stake=draw(NUMBERS),
        leverage=draw(st.integers(1, 125)),
        initial_stop=draw(NUMBERS),
        stop=draw(NUMBERS),
        stop_reason=draw(TEXTS),
        targets=tuple(draw(st.lists(targets, min_size=1, max_size=3))),
        costs=draw(COSTS),
        opened_ms=draw(INTEGERS),
        gross=draw(NUMBERS),
        fees=draw(NUMBERS),
        funding=draw(NUMBERS),
        best=draw(NUMBERS),
        worst=draw(NUMBERS),
        note=draw(TEXTS),
        fills=(fill,),
    )


@st.composite
def lives(draw: st.DrawFn) -> tuple[Trade, Trade]:
    """Return a trade as opened and as closed."""
    opened = draw(openings())
    opened = replace(opened, quantity=opened.fills[0].quantity)
    reason = draw(st.sampled_from(CloseReason))
    last = replace(
        draw(FILLS),
        kind=draw(st.sampled_from([FillKind.STOP, FillKind.TARGET, FillKind.MANUAL])),
        quantity=opened.fills[0].quantity,
    )
    closed = replace(
        opened,
        status=reason.status,
        close_reason=reason,
        quantity=Decimal(0),
        cost=Decimal(0),
        stop=draw(NUMBERS),
        stop_reason=draw(TEXTS),
        targets=tuple(replace(target, filled=True) for target in opened.targets),
        closed_ms=draw(INTEGERS),
        exit_price=draw(MAYBE_NUMBER),
        gross=draw(NUMBERS),
        fees=draw(NUMBERS),
        best=draw(NUMBERS),
        worst=draw(NUMBERS),
        fills=(*opened.fills, last),
    )
    return opened, closed


async def stored(path: Path, *events: Event, account: Account | None = None) -> list[Trade]:
    """Record events one commit each, close the file, and read the trades in a new one."""
    totals = account or Account(name="main", currency="USDT", deposits=Decimal(0))
    ledger = await Ledger.open(path)
    await ledger.load("main", currency="USDT", deposit=Decimal(0), day_start_ms=0, now_ms=0)
    for event in events:
        await ledger.record([event], totals, {})
    await ledger.close()
    ledger = await Ledger.open(path)
    try:
        return await ledger.trades("main")
    finally:
        await ledger.close()


@settings(max_examples=25, deadline=None)
@given(openings())
def test_an_open_trade_comes_back_with_every_field_equal(opened: Trade) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            stored(Path(folder) / "books.db", TradeOpened(opened, opened.fills[0]))
        )

    assert found == [opened]


@settings(max_examples=25, deadline=None)
@given(lives())
def test_a_closed_trade_comes_back_with_every_field_equal(life: tuple[Trade, Trade]) -> None:
    opened, closed = life

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            stored(
                Path(folder) / "books.db",
                TradeOpened(opened, opened.fills[0]),
                TradeClosed(closed, closed.fills[1]),
            )
        )

    assert found == [closed]


@settings(max_examples=20, deadline=None)
@given(st.lists(SIGNALS, max_size=5, unique_by=lambda signal: signal.id))
def test_signals_come_back_in_order_of_arrival_with_every_field_equal(
    signals: list[Signal],
) -> None:
    async def add_and_read(path: Path) -> list[Signal]:
        ledger = await Ledger.open(path)
        try:
            await ledger.add_signals(signals)
            return await ledger.signals()
        finally:
            await ledger.close()

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(add_and_read(Path(folder) / "books.db"))

    assert found == signals


@settings(max_examples=15, deadline=None)
@given(
    st.builds(
        Account,
        name=st.just("main"),
        currency=st.just("USDT"),
        deposits=NUMBERS,
        gross=NUMBERS,
        fees=NUMBERS,
        funding=NUMBERS,
        closed=INTEGERS,
        wins=INTEGERS,
        losses=INTEGERS,
    ),
    st.dictionaries(
        TEXTS, st.builds(Checkpoint, trade_id=INTEGERS, time_ms=INTEGERS), max_size=4
    ),
)
def test_totals_and_checkpoints_come_back_equal(
    account: Account, checkpoints: dict[str, Checkpoint]
) -> None:
    async def write_and_read(path: Path) -> tuple[Account, object]:
        ledger = await Ledger.open(path)
        start = {"currency": "USDT", "day_start_ms": 0, "now_ms": 0}
        try:
            await ledger.load("main", deposit=Decimal(0), **start)  # type: ignore[arg-type]  # one table
            await ledger.record((), account, checkpoints)
            books = await ledger.load("main", deposit=Decimal(0), **start)  # type: ignore[arg-type]  # one table
        finally:
            await ledger.close()
        return books.account, books.checkpoints

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(write_and_read(Path(folder) / "books.db"))

    assert found == (account, checkpoints)
