"""Whatever the desk stores comes back equal, field by field."""

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.account import Account
from engine.costs import Costs
from engine.events import (
    Event,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeEdited,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.model import (
    CancelReason,
    CloseReason,
    Direction,
    EntryMode,
    Fill,
    FillKind,
    Market,
    Payment,
    PriceModel,
    Signal,
    SignalStatus,
    Source,
    Target,
    Trade,
    TradeStatus,
)
from engine.pnl import open_cost
from engine.stops import BreakEven, StopPolicy, StopReason, Trailing
from store.fields import from_e8
from store.ledger import Books, Checkpoint, Ledger

INTEGERS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = INTEGERS.map(from_e8)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", "'; DROP TABLE trade; --", "[/]", "\x00", "币安人生", '{"a": 1}']),
)
MAYBE_NUMBER = st.none() | NUMBERS
MAYBE_INTEGER = st.none() | INTEGERS


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
    trade_id=MAYBE_INTEGER,
    model=st.sampled_from(PriceModel),
    source=st.sampled_from(Source),
    reference=MAYBE_NUMBER,
    candle=TEXTS,
    candle_ms=MAYBE_INTEGER,
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

TRAILINGS: st.SearchStrategy[Trailing] = one_of_each(
    Trailing,
    distance=NUMBERS,
    relative=st.booleans(),
    step=NUMBERS,
    tick=NUMBERS,
    activation=MAYBE_NUMBER,
    best=MAYBE_NUMBER,
    stop=MAYBE_NUMBER,
)
BREAK_EVENS: st.SearchStrategy[BreakEven] = one_of_each(
    BreakEven, trigger=MAYBE_NUMBER, offset=NUMBERS, due=st.booleans(), stop=MAYBE_NUMBER
)
PAYMENTS: st.SearchStrategy[Payment] = one_of_each(
    Payment, time_ms=INTEGERS, rate=NUMBERS, mark=NUMBERS, amount=NUMBERS
)
TARGETS = st.lists(
    st.builds(Target, price=NUMBERS, quantity=NUMBERS, filled=st.booleans()), max_size=4
).map(tuple)


@st.composite
def openings(draw: st.DrawFn) -> Trade:
    fill = replace(draw(FILLS), kind=FillKind.ENTRY)
    direction = draw(st.sampled_from(Direction))
    return Trade(
        id=draw(st.integers(1, 2**63 - 2)),
        account="main",
        session=draw(INTEGERS),
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
        margin=draw(NUMBERS),
        initial_stop=draw(NUMBERS),
        fixed_stop=draw(NUMBERS),
        fixed_reason=draw(st.sampled_from(StopReason)),
        targets=draw(TARGETS),
        after_target=draw(st.sampled_from(StopPolicy)),
        trailing=draw(st.none() | TRAILINGS),
        break_even=draw(st.none() | BREAK_EVENS),
        hold_ms=draw(MAYBE_INTEGER),
        costs=draw(COSTS),
        placed_ms=draw(INTEGERS),
        expires_ms=draw(MAYBE_INTEGER),
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
        **moved_by_prints(draw, opened),
        margin=draw(NUMBERS),
        targets=tuple(replace(target, filled=True) for target in opened.targets),
        closed_ms=draw(INTEGERS),
        exit_price=draw(MAYBE_NUMBER),
        gross=draw(NUMBERS),
        fees=draw(NUMBERS),
        fills=(*opened.fills, last),
    )
    return opened, closed


def moved_by_prints(
    draw: Callable[[st.SearchStrategy[Any]], Any], trade: Trade
) -> dict[str, Any]:
    """Return the fields that prints move, with new values."""
    trailing, break_even = trade.trailing, trade.break_even
    return {
        "best": draw(NUMBERS),
        "worst": draw(NUMBERS),
        "trailing": trailing
        and replace(trailing, best=draw(MAYBE_NUMBER), stop=draw(MAYBE_NUMBER)),
        "break_even": break_even and replace(break_even, due=draw(st.booleans())),
    }


def exits(draw: st.DrawFn) -> dict[str, Any]:
    """Return the fields that an edit or a stop that moves may change, with new values."""
    return {
        "initial_stop": draw(NUMBERS),
        "fixed_stop": draw(NUMBERS),
        "fixed_reason": draw(st.sampled_from(StopReason)),
        "targets": draw(TARGETS),
        "after_target": draw(st.sampled_from(StopPolicy)),
        "trailing": draw(st.none() | TRAILINGS),
        "break_even": draw(st.none() | BREAK_EVENS),
        "hold_ms": draw(MAYBE_INTEGER),
        "margin": draw(NUMBERS),
        "best": draw(NUMBERS),
        "worst": draw(NUMBERS),
    }


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Return the events of a trade that waits, is edited, entered, paid, reduced, and ends."""
    opened, closed = draw(lives())
    first, last = opened.fills[0], closed.fills[1]
    quantity = abs(first.quantity) % Decimal(10**9) + 2
    first, last = replace(first, quantity=quantity), replace(last, quantity=quantity - 1)
    pending = replace(
        opened, status=TradeStatus.PENDING, quantity=quantity, cost=Decimal(0), fills=()
    )
    edited = replace(pending, **exits(draw))
    entered = replace(
        opened, **exits(draw), quantity=quantity, cost=open_cost(opened.direction, [first])
    )
    entered = replace(entered, fills=(first,))
    payment = draw(PAYMENTS)
    paid = replace(entered, payments=(payment,), funding=draw(NUMBERS), margin=draw(NUMBERS))
    part = replace(draw(FILLS), kind=FillKind.TARGET, quantity=Decimal(1))
    fills = (first, part)
    reduced = replace(
        paid,
        **exits(draw),
        quantity=quantity - 1,
        cost=open_cost(opened.direction, fills),
        gross=draw(NUMBERS),
        fees=draw(NUMBERS),
        fills=fills,
    )
    moved = replace(reduced, **exits(draw))
    ended = replace(
        moved,
        **moved_by_prints(draw, moved),
        status=closed.status,
        close_reason=closed.close_reason,
        quantity=Decimal(0),
        cost=Decimal(0),
        margin=draw(NUMBERS),
        closed_ms=closed.closed_ms,
        exit_price=closed.exit_price,
        gross=draw(NUMBERS),
        fees=draw(NUMBERS),
        fills=(*fills, last),
    )
    return [
        TradePlaced(pending),
        TradeEdited(edited),
        TradeOpened(entered, first),
        FundingPaid(paid, payment),
        TradeReduced(reduced, part),
        StopMoved(moved),
        TradeClosed(ended, last),
    ]


async def stored(path: Path, *events: Event, moved: Sequence[Trade] = ()) -> list[Trade]:
    """Record events one commit each, close the file, and read the trades in a new one."""
    totals = Account(name="main", currency="USDT", deposits=Decimal(0))
    ledger = await Ledger.open(path)
    await ledger.load("main", currency="USDT", deposit=Decimal(0), day_start_ms=0, now_ms=0)
    for event in events:
        await ledger.record([event], totals, {}, moved)
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


@settings(max_examples=12, deadline=None)
@given(stories(), st.integers(1, 7))
def test_a_trade_comes_back_equal_at_every_moment_of_its_life(
    story: list[Event], moments: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(stored(Path(folder) / "books.db", *story[:moments]))

    assert found == [story[moments - 1].trade]


@settings(max_examples=15, deadline=None)
@given(openings(), st.sampled_from(CancelReason), INTEGERS)
def test_a_cancelled_trade_comes_back_with_every_field_equal(
    opened: Trade, reason: CancelReason, closed_ms: int
) -> None:
    pending = replace(opened, status=TradeStatus.PENDING, cost=Decimal(0), fills=())
    cancelled = replace(
        pending,
        status=TradeStatus.CANCELLED,
        cancel_reason=reason,
        closed_ms=closed_ms,
        margin=Decimal(0),
    )

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            stored(Path(folder) / "books.db", TradePlaced(pending), TradeCancelled(cancelled))
        )

    assert found == [cancelled]


@settings(max_examples=20, deadline=None)
@given(openings(), st.data())
def test_what_prints_move_comes_back_equal(opened: Trade, data: st.DataObject) -> None:
    moved = replace(opened, **moved_by_prints(data.draw, opened))

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            stored(
                Path(folder) / "books.db",
                TradeOpened(opened, opened.fills[0]),
                moved=[moved],
            )
        )

    assert found == [moved]


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
        currency=TEXTS,
        market=st.sampled_from(Market),
        session_ms=INTEGERS,
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
    async def load(ledger: Ledger) -> Books:
        return await ledger.load(
            account.name,
            market=account.market,
            currency=account.currency,
            deposit=account.deposits,
            day_start_ms=0,
            now_ms=account.session_ms,
        )

    async def write_and_read(path: Path) -> tuple[Account, object]:
        ledger = await Ledger.open(path)
        try:
            await load(ledger)
            await ledger.record((), account, checkpoints)
            books = await load(ledger)
        finally:
            await ledger.close()
        return books.account, books.checkpoints

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(write_and_read(Path(folder) / "books.db"))

    assert found == (account, checkpoints)
