"""Builders for futures tests: a margin table, an instrument, a trade, in short words."""

from decimal import Decimal

from hypothesis import strategies as st

from engine.brackets import Row, table
from engine.costs import REALISTIC
from engine.instrument import Bracket, Instrument
from engine.margin import initial_margin
from engine.model import Direction, EntryMode, Market, Trade, TradeStatus
from tests.feeds import START_MS, instrument

D = Decimal
LONG, SHORT = Direction.LONG, Direction.SHORT

RULES = table(
    [
        (D(0), D(20_000), D("0.01"), 50),
        (D(20_000), D(100_000), D("0.02"), 25),
        (D(100_000), D(1_000_000), D("0.04"), 10),
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Bracket, ...]:
    """Return any sound margin table of one to six brackets."""
    size = draw(st.integers(1, 6))
    amounts = st.integers(1, 10**9)
    caps = sorted(draw(st.lists(amounts, min_size=size, max_size=size, unique=True)))
    steps = st.decimals("0.0001", "0.6", places=4)
    rates = sorted(draw(st.lists(steps, min_size=size, max_size=size)))
    gifts = st.integers(1, 125)
    leverages = sorted(draw(st.lists(gifts, min_size=size, max_size=size)), reverse=True)
    rows: list[Row] = []
    floor = 0
    for cap, rate, leverage in zip(caps, rates, leverages, strict=True):
        rows.append((D(floor), D(cap), rate, leverage))
        floor = cap
    return table(rows)


def futures(brackets: tuple[Bracket, ...] = RULES, *, estimated: bool = False) -> Instrument:
    return instrument(
        "ETHUSDT",
        market=Market.FUTURES,
        brackets=brackets,
        brackets_estimated=estimated,
    )


def trade(
    direction: Direction = LONG,
    *,
    quantity: str = "52",
    entry: str = "2000",
    leverage: int = 8,
    added: str = "0",
    market: Market = Market.FUTURES,
    status: TradeStatus = TradeStatus.OPEN,
) -> Trade:
    price, amount = D(entry), D(quantity)
    cost = price * amount if status is not TradeStatus.PENDING else D(0)
    futures_margin = initial_margin(price * amount, leverage) + D(added)
    stop = price * (1 - direction.sign * D("0.5"))
    return Trade(
        id=1,
        account="main",
        symbol="ETHUSDT",
        market=market,
        direction=direction,
        status=status,
        entry_mode=EntryMode.MARKET,
        entry_price=price,
        initial_quantity=amount,
        quantity=amount,
        cost=cost,
        stake=price * amount,
        leverage=leverage,
        margin=futures_margin if market is Market.FUTURES else D(0),
        initial_stop=stop,
        fixed_stop=stop,
        targets=(),
        costs=REALISTIC,
        placed_ms=START_MS,
        opened_ms=START_MS,
        best=price,
        worst=price,
    )
