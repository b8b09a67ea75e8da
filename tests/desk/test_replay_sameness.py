"""The same tape gives the same trades, whichever way it comes to the book."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from desk.replay.market import permissive
from desk.replay.run import replay
from desk.settings import Settings
from engine.account import Account
from engine.book import Book
from engine.commands import OpenTrade, one_target
from engine.events import Event
from engine.model import Quote, Source, Tick, Trade, TradeStatus
from market.tape.tape import Tape
from tests.desk.replays import D, after_ms, as_json, idea, ideas, print_tape
from tests.signals.candles import walk


async def test_a_tape_gives_the_same_trades_as_its_prints_one_by_one(
    tmp_path: Path, settings: Settings
) -> None:
    prices = [f"{bar.close:.2f}" for bar in walk(seed=5, count=600)]
    tape = print_tape(tmp_path, *prices)
    told = [
        idea(side, id=f"{side}{number}", time=after_ms(number * 20_000), **prices_of_it)
        for number in range(28)
        for side, prices_of_it in _around(D(prices[number * 20]))
    ]

    result = await replay([tape], settings=settings, ideas=ideas(*told))

    by_hand = _by_hand(settings, tape, result.trades)
    assert len(result.trades) > 10
    assert {trade.status for trade in result.trades} >= {
        TradeStatus.CLOSED_TP,
        TradeStatus.CLOSED_SL,
    }
    assert by_hand == list(result.trades)


def _around(price: Decimal) -> list[tuple[str, dict[str, object]]]:
    near, far = price * D("0.02"), price * D("0.03")
    return [
        ("LONG", levels(price, price - near, price + far)),
        ("SHORT", levels(price, price + near, price - far)),
    ]


def levels(entry: Decimal, stop: Decimal, target: Decimal) -> dict[str, object]:
    return {"entry": f"{entry:.2f}", "sl": f"{stop:.2f}", "tp": [f"{target:.2f}"]}


def _by_hand(settings: Settings, path: Path, wanted: Sequence[Trade]) -> list[Trade]:
    """Open the same trades at the same prints of a book of its own."""
    account = Account(name="main", currency="USDT", deposits=settings.deposit)
    book = Book(account, {"BTCUSDT": permissive("BTCUSDT", 2, "USDT")})
    events: list[Event] = []
    for tick in Tape([path]):
        assert isinstance(tick, Tick)
        events += book.on_tick(tick)
        for trade in wanted:
            if trade.fills[0].trade_id == tick.trade_id:
                order = OpenTrade(
                    symbol="BTCUSDT",
                    direction=trade.direction,
                    stop=trade.initial_stop,
                    targets=one_target(trade.targets[0].price),
                    size=settings.size,
                    signal=trade.signal,
                    costs=settings.costs,
                    source=Source.REPLAY,
                    quote=Quote(
                        last=tick.price, last_trade_id=tick.trade_id, time_ms=tick.time_ms
                    ),
                )
                events += book.submit(order)
    found = {event.trade.id: event.trade for event in events}
    found |= {trade.id: trade for trade in book.active()}
    return list(found.values())


async def test_the_same_tape_twice_gives_the_same_answer_to_the_letter(
    tmp_path: Path, settings: Settings
) -> None:
    tape = print_tape(tmp_path, "100", "96", "110", "100", "94")
    told = ideas(
        idea(), idea("SHORT", time=after_ms(2_000)), idea(id="b", time=after_ms(4_000))
    )

    first = await replay([tape], settings=settings, ideas=told)
    second = await replay([tape], settings=settings, ideas=told)

    assert as_json(first) == as_json(second)
    assert len(first.trades) == 3
