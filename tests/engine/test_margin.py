from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.instrument import Bracket
from engine.margin import (
    bankruptcy_price,
    check_leverage,
    initial_margin,
    liquidated,
    liquidation_fill,
    liquidation_of,
    liquidation_price,
    liquidation_shown,
    maintenance,
    released_margin,
    stop_behind_liquidation,
)
from engine.model import (
    Candle,
    Direction,
    FillKind,
    Market,
    PriceModel,
    Source,
    TradeStatus,
)
from tests.engine.futures import LONG, RULES, SHORT, futures, tables, trade
from tests.feeds import START_MS, instrument

D = Decimal


@pytest.mark.parametrize(
    ("cost", "leverage", "margin"),
    [("104000", 8, "13000"), ("3000", 7, "428.57142857"), ("100", 1, "100")],
)
def test_an_entry_sets_its_value_over_the_leverage_aside(
    cost: str, leverage: int, margin: str
) -> None:
    assert initial_margin(D(cost), leverage) == D(margin)


def test_the_freed_parts_of_a_wallet_add_up_to_all_of_it() -> None:
    wallet, quantity = D("100.00000001"), D(3)

    first = released_margin(wallet, quantity, D(1))
    second = released_margin(wallet - first, D(2), D(1))
    last = released_margin(wallet - first - second, D(1), D(1))

    assert first == D("33.33333334")
    assert first + second + last == wallet


@pytest.mark.parametrize(
    ("notional", "margin"),
    [("10000", "100"), ("20000", "200"), ("104000", "1960"), ("2000000", "77800")],
)
def test_maintenance_is_rate_times_notional_less_the_maintenance_amount(
    notional: str, margin: str
) -> None:
    assert maintenance(D(notional), RULES) == D(margin)


def test_the_bracket_at_the_liquidation_price_counts_not_that_of_the_entry() -> None:
    price = liquidation_price(LONG, D(52), D(104_000), D(13_000), futures())

    assert price is not None
    assert price.quantize(D("0.00000001")) == D("1781.78963893")


def test_the_shown_liquidation_price_is_rounded_towards_the_entry() -> None:
    low, high = D("1781.78963893"), D("2218.21036107")

    assert liquidation_shown(low, LONG, futures()) == D("1781.79")
    assert liquidation_shown(high, SHORT, futures()) == D("2218.21")
    assert liquidation_shown(None, LONG, futures()) is None


def test_a_long_without_leverage_has_no_liquidation_price_and_a_short_has() -> None:
    long = liquidation_price(LONG, D(1), D(2_000), D(2_000), futures())
    short = liquidation_price(SHORT, D(1), D(2_000), D(2_000), futures())

    assert long is None
    assert short is not None
    assert short > 2_000


def test_a_wallet_above_the_cost_cannot_be_lost_by_a_long() -> None:
    assert liquidation_price(LONG, D(1), D(2_000), D("2500"), futures()) is None


@pytest.mark.parametrize("direction", [LONG, SHORT])
def test_more_margin_moves_the_liquidation_away_from_the_entry(direction: Direction) -> None:
    lean = liquidation_of(trade(direction), futures())
    fat = liquidation_of(trade(direction, added="500"), futures())

    assert lean is not None
    assert fat is not None
    assert direction.sign * (lean - fat) > 0


positions = {
    "direction": st.sampled_from([LONG, SHORT]),
    "quantity": st.decimals("0.001", "5000", places=3),
    "entry": st.decimals("0.5", "90000", places=2),
    "leverage": st.integers(1, 125),
    "brackets": tables(),
}


@given(**positions)
def test_at_the_liquidation_price_the_equity_is_the_maintenance_margin(
    direction: Direction,
    quantity: Decimal,
    entry: Decimal,
    leverage: int,
    brackets: tuple[Bracket, ...],
) -> None:
    cost = entry * quantity
    wallet = initial_margin(cost, leverage)

    price = liquidation_price(direction, quantity, cost, wallet, futures(brackets))

    if price is None:
        assert direction is LONG
        assert wallet >= cost
    else:
        equity = wallet + direction.sign * (price * quantity - cost)
        assert abs(equity - maintenance(price * quantity, brackets)) < D("1e-30")


@given(**positions, share=st.decimals("-0.2", "2", places=4))
def test_only_one_price_solves_the_table_however_large_the_wallet_has_become(
    direction: Direction,
    quantity: Decimal,
    entry: Decimal,
    leverage: int,
    brackets: tuple[Bracket, ...],
    share: Decimal,
) -> None:
    cost, sign = entry * quantity, direction.sign
    wallet = initial_margin(cost, leverage) + share * cost
    ends = [*(bracket.cap for bracket in brackets[:-1]), D("Infinity")]
    solutions = set()
    for bracket, end in zip(brackets, ends, strict=True):
        notional = (wallet + bracket.cum - sign * cost) / (bracket.rate - sign)
        if bracket.floor <= notional <= end and notional > 0:
            solutions.add(notional / quantity)

    price = liquidation_price(direction, quantity, cost, wallet, futures(brackets))

    assert len(solutions) <= 1
    assert price == (solutions.pop() if solutions else None)


@given(**positions)
def test_one_side_of_the_liquidation_price_is_safe_and_the_other_is_not(
    direction: Direction,
    quantity: Decimal,
    entry: Decimal,
    leverage: int,
    brackets: tuple[Bracket, ...],
) -> None:
    position = trade(direction, quantity=str(quantity), entry=str(entry), leverage=leverage)
    known = futures(brackets)
    price = liquidation_of(position, known)
    hair = D("1e-12")

    if price is not None:
        assert liquidated(position, price - direction.sign * hair, known)
        assert not liquidated(position, price + direction.sign * hair, known)


def test_equity_equal_to_the_maintenance_margin_liquidates() -> None:
    # A wallet of 1090: at 900 the equity is 90, and so is 1 % of the notional of 9000.
    position = trade(quantity="10", entry="1000", leverage=10, added="90")

    assert liquidated(position, D("900"), futures())
    assert not liquidated(position, D("900.01"), futures())


def test_only_an_open_futures_trade_can_be_liquidated() -> None:
    ruin = D("0.01")

    assert liquidated(trade(), ruin, futures())
    assert not liquidated(trade(market=Market.SPOT), ruin, futures())
    assert not liquidated(trade(status=TradeStatus.PENDING), ruin, futures())
    assert not liquidated(trade(status=TradeStatus.CLOSED_SL), ruin, futures())


def test_a_trade_on_spot_or_at_its_end_has_no_liquidation_price() -> None:
    assert liquidation_of(trade(market=Market.SPOT), futures()) is None
    assert liquidation_of(trade(status=TradeStatus.CANCELLED), futures()) is None


def test_a_pending_trade_shows_the_liquidation_price_it_would_have() -> None:
    pending = replace(trade(status=TradeStatus.PENDING), cost=D(0), margin=D("13052"))

    assert liquidation_of(pending, futures()) == liquidation_of(trade(), futures())


@pytest.mark.parametrize(
    ("direction", "price"), [(LONG, "1750"), (SHORT, "2250")], ids=["long", "short"]
)
def test_the_bankruptcy_price_is_where_the_wallet_is_just_gone(
    direction: Direction, price: str
) -> None:
    assert bankruptcy_price(direction, D(52), D(104_000), D(13_000)) == D(price)


@pytest.mark.parametrize(
    ("direction", "mark", "level"), [(LONG, "1781.5", "1781.79"), (SHORT, "2300", "2204.14")]
)
def test_a_liquidation_takes_exactly_the_wallet_and_says_why(
    direction: Direction, mark: str, level: str
) -> None:
    position = trade(direction)

    fill = liquidation_fill(
        position, D(mark), futures(), time_ms=START_MS + 5, source=Source.STREAM
    )

    assert fill.kind is FillKind.LIQUIDATION
    assert (fill.gross, fill.fee) == (D(-13_000), D(0))
    assert fill.quantity == position.quantity
    assert (fill.level, fill.print_price) == (D(level), D(mark))
    assert (fill.model, fill.trade_id) == (PriceModel.BANKRUPTCY, None)
    assert not fill.reconstructed


@given(**positions)
def test_a_liquidation_books_the_wallet_to_the_last_digit_whatever_the_price_is(
    direction: Direction,
    quantity: Decimal,
    entry: Decimal,
    leverage: int,
    brackets: tuple[Bracket, ...],
) -> None:
    position = trade(direction, quantity=str(quantity), entry=str(entry), leverage=leverage)

    fill = liquidation_fill(
        position, entry, futures(brackets), time_ms=START_MS, source=Source.STREAM
    )

    assert fill.gross == -position.margin
    assert fill.price == fill.price.quantize(D("0.00000001"))
    at_its_price = direction.sign * (fill.price * quantity - position.cost)
    assert abs(at_its_price - fill.gross) <= quantity * D("0.000000005")


def test_a_liquidation_out_of_a_candle_is_marked_as_reconstructed() -> None:
    candle = Candle(
        "ETHUSDT", "1m", START_MS, D(1800), D(1800), D(1700), D(1750), D(1), 0, 1, closed=True
    )

    fill = liquidation_fill(
        trade(),
        candle.low,
        futures(),
        time_ms=START_MS + 59_999,
        source=Source.BACKFILL,
        candle=candle,
    )

    assert (fill.candle, fill.candle_ms) == ("1m", START_MS)
    assert fill.reconstructed


@pytest.mark.parametrize(
    ("direction", "stop", "liquidation", "behind"),
    [
        (LONG, "1790", "1781.79", False),
        (LONG, "1781.79", "1781.79", True),
        (LONG, "1700", "1781.79", True),
        (SHORT, "2200", "2218", False),
        (SHORT, "2300", "2218", True),
        (LONG, "1", None, False),
    ],
)
def test_a_stop_behind_the_liquidation_can_never_work(
    direction: Direction, stop: str, liquidation: str | None, behind: bool
) -> None:
    price = None if liquidation is None else D(liquidation)

    assert stop_behind_liquidation(direction, D(stop), price) is behind


@pytest.mark.parametrize(
    ("leverage", "notional"), [(50, "20000"), (25, "20000.01"), (10, "1000000"), (1, "5")]
)
def test_leverage_within_the_bracket_of_the_notional_is_accepted(
    leverage: int, notional: str
) -> None:
    check_leverage(leverage, D(notional), futures())


@pytest.mark.parametrize(
    ("leverage", "notional", "code", "sentence"),
    [
        (
            0,
            "100",
            "leverage_out_of_range",
            "Leverage must be a whole number from 1 to 125, not 0.",
        ),
        (
            126,
            "100",
            "leverage_out_of_range",
            "Leverage must be a whole number from 1 to 125, not 126.",
        ),
        (
            26,
            "20000.01",
            "leverage_above_bracket",
            "ETHUSDT allows at most 25x for a position of 20000.01 USDT; 26x was asked for.",
        ),
        (
            1,
            "1000000.5",
            "above_notional",
            "ETHUSDT allows no more than 1000000 USDT; this is a position of 1000000.5 USDT.",
        ),
    ],
)
def test_leverage_that_the_exchange_would_not_give_is_refused_with_a_sentence(
    leverage: int, notional: str, code: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refusal:
        check_leverage(leverage, D(notional), futures())

    assert (refusal.value.code, str(refusal.value)) == (code, sentence)


def test_a_refusal_by_an_estimated_table_says_so() -> None:
    with pytest.raises(Refused, match="by the desk's estimated margin table; 50x"):
        check_leverage(50, D(50_000), futures(estimated=True))


def test_spot_has_no_leverage() -> None:
    check_leverage(1, D(10**9), instrument())

    with pytest.raises(Refused, match="no leverage on spot"):
        check_leverage(2, D(100), instrument())
