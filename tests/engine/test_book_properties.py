"""Whatever is ordered and whatever trades: the books balance to the last unit."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.book import Book
from engine.commands import CloseTrade, Command, OpenTrade, one_target
from engine.costs import Costs
from engine.errors import Refused
from engine.events import Event, TradeClosed, TradeOpened
from engine.exits import stop_reached, target_reached
from engine.model import Direction, Tick, Trade
from engine.money import ZERO
from engine.pnl import open_cost
from engine.sizes import Stake
from tests.engine.desk import D, book, filled, quote, signal, tick
from tests.feeds import instrument

SYMBOLS = ("BTCUSDT", "ETHUSDT")
STARTING = D(10_000)
price = st.integers(8_000, 12_000).map(lambda cents: Decimal(cents) / 100)


@st.composite
def orders(draw: st.DrawFn) -> OpenTrade:
    direction = draw(st.sampled_from(Direction))
    last = draw(price)
    near, far = (draw(st.integers(1, 2_000)) for _ in range(2))
    sign = direction.sign
    number = draw(st.integers(0, 5))
    return OpenTrade(
        symbol=draw(st.sampled_from(SYMBOLS)),
        direction=direction,
        stop=last - sign * Decimal(near) / 100,
        targets=one_target(last + sign * Decimal(far) / 100),
        size=Stake(draw(st.integers(5, 4_000).map(Decimal))),
        costs=Costs(slippage=draw(st.sampled_from([ZERO, D("0.0003")]))),
        quote=quote(str(last)),
        equity=STARTING,
        signal=replace(signal(), id=f"s{number}") if number else None,
    )


closes = st.builds(
    lambda trade_id, last, percent: CloseTrade(
        trade_id=trade_id,
        fraction=Decimal(percent) / 100 if percent else None,
        quote=quote(str(last)),
    ),
    st.integers(1, 12),
    price,
    st.sampled_from([0, 0, 3, 25, 33, 50, 75, 99, 100]),
)
prints = st.builds(
    lambda symbol, at: tick(str(at), symbol=symbol), st.sampled_from(SYMBOLS), price
)
steps = st.lists(st.one_of(orders(), closes, prints, prints, prints), max_size=60)


def play(desk: Book, script: Sequence[Command | Tick]) -> list[Event]:
    happened: list[Event] = []
    for step in script:
        try:
            events = desk.on_tick(step) if isinstance(step, Tick) else desk.submit(step)
        except Refused:
            continue
        happened.extend(events)
        check(desk, happened)
    return happened


def check(desk: Book, happened: Sequence[Event]) -> None:
    fills = [event.fill for event in filled(happened)]
    account = desk.account
    assert account.balance == (
        STARTING + sum((f.gross for f in fills), ZERO) - sum((f.fee for f in fills), ZERO)
    )
    assert desk.reserved == sum((trade.cost for trade in desk.active()), ZERO)
    open_nets = sum((trade.net for trade in desk.active()), ZERO)
    nets = sum((e.trade.net for e in happened if isinstance(e, TradeClosed)), ZERO)
    assert account.balance == STARTING + nets + open_nets
    if happened and isinstance(happened[-1], TradeOpened):
        assert desk.available >= 0
    for trade in desk.active():
        assert trade.quantity > 0
        assert trade.cost == open_cost(trade.direction, trade.fills)
        assert trade.targets[0].quantity == trade.quantity
        assert (
            trade.worst <= trade.best
            if trade.direction == "LONG"
            else (trade.best <= trade.worst)
        )


def fresh() -> Book:
    return book(*(instrument(symbol) for symbol in SYMBOLS))


@given(steps)
@settings(max_examples=150, deadline=None)
def test_money_identities_hold_after_every_event(script: list[Command | Tick]) -> None:
    play(fresh(), script)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_the_same_inputs_give_the_same_events_ids_included(
    script: list[Command | Tick],
) -> None:
    assert play(fresh(), script) == play(fresh(), script)


@given(steps)
@settings(max_examples=150, deadline=None)
def test_the_level_index_agrees_with_a_scan_of_all_trades(
    script: list[Command | Tick],
) -> None:
    desk = fresh()
    for step in script:
        try:
            if not isinstance(step, Tick):
                desk.submit(step)
                continue
        except Refused:
            continue
        expected = reached_by_scan(desk.active(), step)
        extremes = {t.id: with_print(t, step.price) for t in desk.active([step.symbol])}

        closed_now = [event.trade.id for event in desk.on_tick(step)]

        assert closed_now == expected
        for trade in desk.active([step.symbol]):
            assert (trade.best, trade.worst) == extremes[trade.id]


def reached_by_scan(trades: Sequence[Trade], at: Tick) -> list[int]:
    return [t.id for t in trades if t.symbol == at.symbol and reached(t, at.price)]


def reached(trade: Trade, at: Decimal) -> bool:
    return stop_reached(trade, at) or target_reached(trade, at)


def with_print(trade: Trade, at: Decimal) -> tuple[Decimal, Decimal]:
    pick = (max, min) if trade.direction is Direction.LONG else (min, max)
    return pick[0](trade.best, at), pick[1](trade.worst, at)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_a_book_started_from_its_active_trades_goes_on_as_if_never_stopped(
    script: list[Command | Tick],
) -> None:
    half = len(script) // 2
    whole = fresh()
    first = play(whole, script[:half])
    trades = whole.active()
    instruments = {symbol: instrument(symbol) for symbol in SYMBOLS}
    opened = sum(isinstance(event, TradeOpened) for event in first)
    restarted = Book(whole.account, instruments, trades=trades, next_trade_id=opened + 1)

    def rest(desk: Book) -> list[Event]:
        happened: list[Event] = []
        for step in script[half:]:
            try:
                happened += desk.on_tick(step) if isinstance(step, Tick) else desk.submit(step)
            except Refused:
                continue
        return happened

    assert rest(whole) == rest(restarted)
    assert whole.account == restarted.account
