"""No hole is stepped over, and nobody waits for ids that do not exist."""

from desk.watermarks import ASK_AGAIN_MS, Watermarks
from engine.model import Source, Tick
from store.ledger import Checkpoint
from tests.engine.desk import D
from tests.feeds import START_MS, ScriptedFeed


def tick(trade_id: int, *, after_ms: int = 0, source: Source = Source.STREAM) -> Tick:
    return Tick("BTCUSDT", D(100), D(1), trade_id, START_MS + after_ms, source)


def watched() -> tuple[Watermarks, ScriptedFeed]:
    feed = ScriptedFeed()
    marks = Watermarks(feed)
    marks.begin("BTCUSDT", Checkpoint(trade_id=10, time_ms=START_MS))
    return marks, feed


def test_only_the_next_print_is_accepted() -> None:
    marks, feed = watched()

    accepted = [n for n in (10, 11, 11, 12, 9, 13) if marks.accept(tick(n))]

    assert accepted == [11, 12, 13]
    assert feed.resumed == []


def test_behind_a_hole_the_feed_is_asked_once_and_again_when_time_has_passed() -> None:
    marks, feed = watched()

    for late in (0, 1, ASK_AGAIN_MS - 1):
        assert not marks.accept(tick(13, after_ms=late))
    once = list(feed.resumed)
    assert not marks.accept(tick(14, after_ms=ASK_AGAIN_MS))

    assert once == [("BTCUSDT", 10)]
    assert feed.resumed == [("BTCUSDT", 10)] * 2


def test_ids_that_the_exchanges_own_history_leaves_out_are_passed() -> None:
    marks, _ = watched()

    assert not marks.accept(tick(13))
    assert marks.accept(tick(13, source=Source.BACKFILL))
    assert marks.accept(tick(14))


def test_after_prints_were_thrown_away_history_must_begin_right_behind_the_last_one() -> None:
    marks, feed = watched()
    marks.doubt(["BTCUSDT", "NEVERUSDT"])

    assert not marks.accept(tick(13, source=Source.BACKFILL))
    assert feed.resumed == [("BTCUSDT", 10)]
    assert marks.accept(tick(11, source=Source.BACKFILL))
    assert marks.accept(tick(13, source=Source.BACKFILL))


def test_a_symbol_without_trades_is_not_watched() -> None:
    marks, _ = watched()
    marks.keep_only(())

    assert not marks.accept(tick(11))
    assert marks.symbols == frozenset()
