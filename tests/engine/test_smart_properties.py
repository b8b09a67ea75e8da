"""With every kind of exit, entry and edit at once nothing is missed, and the books balance."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import exits, waiting
from engine.account import Account
from engine.asked import Offset, Unit
from engine.book import Book
from engine.commands import (
    REMOVED,
    BreakEvenOrder,
    CancelTrade,
    CloseTrade,
    Command,
    EditTrade,
    OpenTrade,
    TargetOrder,
    TrailOrder,
    UndoEdit,
)
from engine.costs import CLASSIC, Costs
from engine.errors import Refused
from engine.events import (
    Event,
    FundingPaid,
    StopMoved,
    TradeCancelled,
    TradeClosed,
    TradeOpened,
    TradePlaced,
    TradeReduced,
)
from engine.exits import Moment
from engine.instrument import Instrument
from engine.marks import FundingDue, MarkPrice
from engine.model import (
    Candle,
    Direction,
    EntryMode,
    Market,
    Quote,
    Source,
    Tick,
    Trade,
    TradeStatus,
)
from engine.money import ZERO
from engine.pnl import open_cost
from engine.sizes import Stake
from engine.stops import StopPolicy
from engine.watching import having_seen
from tests.engine.futures import RULES
from tests.feeds import START_MS, instrument

D = Decimal
SYMBOLS = ("BTCUSDT", "ETHUSDT")
STARTING = D(10_000)
MINUTE_MS = 60_000


def at(last: Decimal, time_ms: int = START_MS) -> Quote:
    return Quote(bid=last, ask=last, last=last, last_trade_id=1000, time_ms=time_ms)


price = st.integers(9_850, 10_150).map(lambda cents: Decimal(cents) / 100)
parts = st.integers(5, 120).map(lambda n: Decimal(n) / 10_000)
fractions = st.builds(Offset, parts, st.just(Unit.FRACTION))
offsets = fractions | st.builds(
    Offset, st.integers(1, 15).map(lambda n: Decimal(n) / 10), st.just(Unit.R)
)
lengths = offsets | st.builds(
    Offset, st.integers(1, 150).map(lambda n: Decimal(n) / 100), st.just(Unit.PRICE)
)
trails = st.builds(
    TrailOrder,
    distance=lengths,
    activation=st.none() | offsets,
    step=st.none() | st.none() | lengths,
)
break_evens = st.builds(
    BreakEvenOrder, trigger=st.none() | offsets, offset=st.none() | st.none() | offsets
)
holds = st.none() | st.integers(1, 4).map(lambda n: n * MINUTE_MS)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[TargetOrder, ...]:
    steps = draw(st.lists(st.integers(5, 60), min_size=1, max_size=4))
    runner = draw(st.booleans())
    count = len(steps) + runner
    shares = [D(1) / 4] * (count - 1)
    shares = shares[:3]
    steps = steps[: len(shares) + 1 - runner]
    levels: list[Offset | None] = []
    away = 0
    for step in steps:
        away += step
        levels.append(Offset(Decimal(away) / 10_000, Unit.FRACTION))
    if runner:
        levels.append(None)
    shares = shares[: len(levels) - 1]
    shares.append(D(1) - sum(shares, ZERO))
    return tuple(
        TargetOrder(price=level, fraction=share)
        for level, share in zip(levels, shares, strict=True)
    )


@st.composite
def orders(draw: st.DrawFn) -> OpenTrade:
    last, direction = draw(price), draw(st.sampled_from(Direction))
    mode = draw(st.sampled_from([EntryMode.MARKET, EntryMode.LIMIT, EntryMode.STOP]))
    away = direction.sign * Decimal(draw(st.integers(1, 60))) / 100
    return OpenTrade(
        symbol=draw(st.sampled_from(SYMBOLS)),
        direction=direction,
        stop=draw(fractions),
        targets=draw(ladders()),
        size=Stake(draw(st.integers(20, 2_000).map(Decimal))),
        entry_mode=mode,
        entry=last + away if mode is EntryMode.STOP else last - away,
        lives_ms=draw(st.none() | st.integers(1, 10).map(lambda n: n * MINUTE_MS)),
        leverage=draw(st.sampled_from([1, 1, 1, 20, 50])),
        trailing=draw(st.none() | trails),
        break_even=draw(st.none() | break_evens),
        after_target=draw(st.sampled_from(StopPolicy)),
        hold_ms=draw(holds),
        costs=draw(st.sampled_from([Costs(), Costs(slippage=D("0.0003")), CLASSIC])),
        quote=at(last),
        equity=STARTING,
    )


edits = st.builds(
    EditTrade,
    trade_id=st.integers(1, 6),
    stop=st.none() | st.none() | price,
    widen=st.booleans(),
    targets=st.none() | ladders(),
    trailing=st.none() | st.just(REMOVED) | trails,
    break_even=st.none() | st.just(REMOVED) | break_evens,
    hold_ms=st.none() | st.just(REMOVED) | st.integers(1, 4).map(lambda n: n * MINUTE_MS),
    quote=price.map(at),
)
closes = st.builds(
    CloseTrade,
    trade_id=st.integers(1, 6),
    fraction=st.sampled_from([None, D("0.25"), D("0.5"), D("0.75")]),
    quote=price.map(at),
)
undos = st.builds(UndoEdit, trade_id=st.integers(1, 6), quote=price.map(at))
cancels = st.builds(CancelTrade, trade_id=st.integers(1, 6), now_ms=st.just(START_MS))


class Print(tuple[str, Decimal]):
    """A symbol and a price; the time is counted up while it is played."""


class Due(tuple[str, Decimal, Decimal]):
    """A symbol, a funding rate and a mark price."""


prints = st.builds(lambda s, p: Print((s, p)), st.sampled_from(SYMBOLS), price)
marks = st.builds(lambda symbol, p: MarkPrice(symbol, p, 0), st.sampled_from(SYMBOLS), price)
dues = st.builds(
    lambda s, r, p: Due((s, r, p)),
    st.sampled_from(SYMBOLS),
    st.sampled_from([D("0.0001"), D("-0.0003"), D("0.02")]),
    price,
)
Step = Command | Print | MarkPrice | Due
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(orders(), orders(), edits, closes, undos, cancels, marks, dues, *[prints] * 9),
    min_size=20,
    max_size=60,
)


def fresh(market: Market) -> Book:
    account = Account(name="main", currency="USDT", market=market, deposits=STARTING)
    return Book(account, {symbol: rules(symbol, market) for symbol in SYMBOLS})


def rules(symbol: str, market: Market) -> Instrument:
    futures = market is Market.FUTURES
    return instrument(symbol, market=market, brackets=RULES if futures else ())


class Play:
    """Plays steps on a book; times and ids count up."""

    def __init__(self, desk: Book) -> None:
        self.desk = desk
        self.now_ms = START_MS
        self.count = 1000

    def tick(self, step: Print) -> Tick:
        return Tick(step[0], step[1], D(1), self.count, self.now_ms)

    def step(self, step: Step) -> Sequence[Event]:
        self.now_ms += 7_000
        self.count += 1
        match step:
            case Print():
                return self.desk.on_tick(self.tick(step))
            case MarkPrice():
                return self.desk.on_mark(step._replace(time_ms=self.now_ms), Source.STREAM)
            case Due():
                return self.desk.on_funding(FundingDue(step[0], self.now_ms, *step[1:]))
            case _:
                return self.command(step)

    def command(self, command: Command) -> Sequence[Event]:
        if not isinstance(command, CancelTrade) and command.quote and command.quote.last:
            quote = replace(command.quote, time_ms=self.now_ms, last_trade_id=self.count)
            command = replace(command, quote=quote)
        try:
            return self.desk.submit(command)
        except Refused:
            return ()


@given(steps, st.sampled_from(Market))
@settings(max_examples=80, deadline=None)
def test_the_index_does_what_a_scan_of_all_trades_would_do(
    script: list[Step], market: Market
) -> None:
    play = Play(fresh(market))
    desk = play.desk
    for step in script:
        if not isinstance(step, Print):
            play.step(step)
            continue
        before = desk.active()
        at_once = Tick(step[0], step[1], D(1), play.count + 1, play.now_ms + 7_000)
        expected, left = scanned(before, at_once, market, desk.available)

        happened = list(play.step(step))

        assert happened == expected
        assert desk.active() == left


def scanned(
    trades: Sequence[Trade], tick: Tick, market: Market, available: Decimal
) -> tuple[list[Event], list[Trade]]:
    """Let a print work on one trade after the other, without any index."""
    happened: list[Event] = []
    left: list[Trade] = []
    for trade in trades:
        if trade.symbol != tick.symbol:
            left.append(trade)
            continue
        moment, instrument_ = Moment.of(tick), rules(trade.symbol, market)
        events: Sequence[Event]
        if trade.status is TradeStatus.PENDING:
            after, events = waiting.at_price(trade, moment, instrument_, available)
        else:
            seen = having_seen(trade, tick.price)
            after, events = exits.at_price(seen, moment, instrument_)
        for event in events:
            available += money_moved(event)
        available += trade.used - (after.used if after.status.active else ZERO)
        happened += events
        if after.status.active:
            left.append(after)
    return happened, left


def money_moved(event: Event) -> Decimal:
    match event:
        case TradeOpened(fill=fill):
            return -fill.fee
        case TradeReduced(fill=fill) | TradeClosed(fill=fill):
            return fill.gross - fill.fee
        case FundingPaid(payment=payment):
            return payment.amount
        case _:
            return ZERO


@given(steps, st.sampled_from(Market))
@settings(max_examples=80, deadline=None)
def test_the_books_balance_after_every_step(script: list[Step], market: Market) -> None:
    play = Play(fresh(market))
    balance = STARTING
    closed_net = ZERO
    for step in script:
        happened = play.step(step)

        balance += sum(map(money_moved, happened), ZERO)
        closed_net += sum((e.trade.net for e in happened if isinstance(e, TradeClosed)), ZERO)
        check(play.desk, balance)
        open_net = sum((trade.net for trade in play.desk.active()), ZERO)
        assert play.desk.account.balance == STARTING + closed_net + open_net
        if any(isinstance(event, TradePlaced) for event in happened):
            assert play.desk.available >= 0
        for event in happened:
            check_event(event)


def check(desk: Book, balance: Decimal) -> None:
    assert desk.account.balance == balance
    assert desk.reserved == sum((trade.used for trade in desk.active()), ZERO)
    for trade in desk.active():
        assert trade.quantity > 0
        assert trade.quantity % D("0.00001") == 0
        waits = trade.status is TradeStatus.PENDING
        assert trade.cost == (ZERO if waits else open_cost(trade.direction, trade.fills))
        ahead = sum((t.quantity for t in trade.targets if not t.filled), ZERO)
        assert ahead <= trade.quantity
        assert trade.funding == sum((p.amount for p in trade.payments), ZERO)
        assert trade.fees == sum((fill.fee for fill in trade.fills), ZERO)
        assert trade.gross == sum((fill.gross for fill in trade.fills), ZERO)
    if not desk.active():
        assert desk.available == desk.account.balance


def check_event(event: Event) -> None:
    trade = event.trade
    if isinstance(event, TradeClosed):
        assert trade.quantity == trade.cost == 0
        assert trade.margin == 0
        sold = sum((f.quantity for f in trade.fills[1:]), ZERO)
        assert sold == trade.initial_quantity
    if isinstance(event, TradeCancelled):
        assert not trade.fills
    if isinstance(event, StopMoved):
        assert trade.stop_reason in {"break_even", "previous_target"}


@given(steps, st.sampled_from(Market))
@settings(max_examples=50, deadline=None)
def test_a_stop_never_moves_against_the_trade_by_itself(
    script: list[Step], market: Market
) -> None:
    play = Play(fresh(market))
    for step in script:
        before = {trade.id: trade for trade in play.desk.active()}

        play.step(step)

        if isinstance(step, Print | MarkPrice | Due):
            for trade in play.desk.active():
                moved = trade.direction.sign * (trade.stop - before[trade.id].stop)
                assert moved >= 0


@given(steps, st.sampled_from(Market))
@settings(max_examples=50, deadline=None)
def test_a_book_started_from_its_active_trades_goes_on_as_if_never_stopped(
    script: list[Step], market: Market
) -> None:
    half = len(script) // 2
    whole = Play(fresh(market))
    begun = [event for step in script[:half] for event in whole.step(step)]
    ids = {event.trade.id for event in begun}
    desk = whole.desk
    instruments = {symbol: rules(symbol, market) for symbol in SYMBOLS}
    restarted = Play(
        Book(desk.account, instruments, trades=desk.active(), next_trade_id=len(ids) + 1)
    )
    restarted.now_ms, restarted.count = whole.now_ms, whole.count
    rest = [step for step in script[half:] if not isinstance(step, UndoEdit)]

    went_on = [event for step in rest for event in whole.step(step)]
    began_anew = [event for step in rest for event in restarted.step(step)]

    assert went_on == began_anew
    assert whole.desk.active() == restarted.desk.active()
    assert whole.desk.account == restarted.desk.account


@given(steps, st.lists(price, min_size=1, max_size=8), st.sampled_from(SYMBOLS))
@settings(max_examples=60, deadline=None)
def test_a_quiet_candle_and_its_prints_leave_the_same_trades(
    script: list[Step], inside: list[Decimal], symbol: str
) -> None:
    by_candle, by_prints = Play(fresh(Market.SPOT)), Play(fresh(Market.SPOT))
    for step in script:
        by_candle.step(step)
        by_prints.step(step)
    candle = Candle(
        symbol,
        "1m",
        by_candle.now_ms + 1,
        inside[0],
        max(inside),
        min(inside),
        inside[-1],
        D(1),
        by_candle.now_ms + 7_000 * len(inside),
        len(inside),
        closed=True,
    )
    if not by_candle.desk.quiet(candle):
        return

    happened = list(by_candle.desk.on_candle(candle, Source.BACKFILL))
    for at_price in inside:
        happened += by_prints.step(Print((symbol, at_price)))

    assert not happened
    assert by_candle.desk.active() == by_prints.desk.active()
