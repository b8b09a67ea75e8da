from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.model import Source, Tick
from market.continuity import MAX_WAITING, Continuity

HOLD_S = 0.25


def tick(trade_id: int, source: Source = Source.STREAM) -> Tick:
    return Tick("SOLUSDT", Decimal(100), Decimal(1), trade_id, 1_790_000_000_000, source)


def page(first: int, last: int) -> list[Tick]:
    return [tick(trade_id, Source.BACKFILL) for trade_id in range(first, last + 1)]


def ids(ticks: object) -> list[int]:
    return [t.trade_id for t in ticks]  # type: ignore[attr-defined]  # any iterable of ticks


def begun_at(trade_id: int) -> Continuity:
    continuity = Continuity(HOLD_S)
    continuity.offer(tick(trade_id), 0.0)
    return continuity


def test_the_first_print_passes_whatever_its_id() -> None:
    continuity = Continuity(HOLD_S)

    passed = continuity.offer(tick(700), 0.0)

    assert ids(passed) == [700]
    assert continuity.missing_from(10.0) is None


def test_a_repeated_or_old_print_is_dropped_and_counted() -> None:
    continuity = begun_at(10)

    passed = [*continuity.offer(tick(10), 0.0), *continuity.offer(tick(9), 0.0)]

    assert passed == []
    assert continuity.repeated == 2


def test_prints_that_arrive_out_of_order_pass_in_order_and_nothing_is_asked() -> None:
    continuity = begun_at(39)

    passed = [
        trade_id
        for arriving in (40, 45, 47, 43, 42, 41, 46, 44)
        for trade_id in ids(continuity.offer(tick(arriving), 0.1))
    ]

    assert passed == [40, 41, 42, 43, 44, 45, 46, 47]
    assert continuity.missing_from(99.0) is None


def test_a_hole_is_asked_for_only_after_the_hold() -> None:
    continuity = begun_at(10)

    continuity.offer(tick(12), 1.0)

    assert continuity.missing_from(1.0 + HOLD_S - 0.01) is None
    assert continuity.missing_from(1.0 + HOLD_S) == 11


def test_a_page_fills_the_hole_and_lets_the_waiting_prints_go_on() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(13), 1.0)
    continuity.offer(tick(14), 1.0)
    continuity.missing_from(2.0)

    passed = continuity.repair(11, page(11, 12), 2.0, more=False)

    assert ids(passed) == [11, 12, 13, 14]
    assert [t.source for t in passed][1:3] == [Source.BACKFILL, Source.STREAM]
    assert not continuity.asking


def test_nothing_passes_while_rest_lags_behind_the_stream() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(14), 1.0)
    continuity.missing_from(2.0)

    first = continuity.repair(11, page(11, 12), 2.0, more=False)
    second = continuity.repair(13, [], 3.0, more=False)

    assert ids(first) == [11, 12]
    assert second == []
    assert continuity.missing_from(3.0) == 13


def test_resuming_asks_at_once_and_pages_until_a_page_is_not_full() -> None:
    continuity = Continuity(HOLD_S)
    continuity.resume(100, 0.0)

    first = continuity.repair(101, page(101, 1100), 0.0, more=True)
    asked_again_from = continuity.missing_from(0.0)
    second = continuity.repair(1101, page(1101, 1200), 0.0, more=False)

    assert (len(first), asked_again_from, len(second)) == (1000, 1101, 100)
    assert continuity.missing_from(99.0) is None


def test_resuming_behind_prints_that_passed_lets_them_pass_again() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(11), 0.0)

    continuity.resume(5, 0.0)
    passed = continuity.repair(6, page(6, 12), 0.0, more=False)

    assert ids(passed) == [6, 7, 8, 9, 10, 11, 12]


def test_a_page_asked_for_before_the_receiver_went_back_is_not_used() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(13), 0.0)
    continuity.missing_from(1.0)

    continuity.resume(5, 0.0)
    passed = continuity.repair(11, page(11, 12), 1.0, more=False)

    assert passed == []
    assert continuity.missing_from(1.0) == 6


def test_resuming_ahead_of_waiting_prints_forgets_them() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(13), 0.0)

    continuity.resume(20, 0.0)
    continuity.repair(21, page(21, 22), 1.0, more=False)

    assert continuity.last_id == 22
    assert not continuity.asking


def test_a_doubt_ends_with_the_next_print_if_that_one_follows() -> None:
    continuity = begun_at(10)

    continuity.doubt()
    asked_from = continuity.missing_from(0.0)
    continuity.offer(tick(11), 0.0)

    assert asked_from == 11
    assert continuity.missing_from(0.0) is None


def test_ids_that_the_exchange_itself_has_not_are_counted_as_lost() -> None:
    continuity = begun_at(10)
    continuity.offer(tick(20), 0.0)
    continuity.missing_from(1.0)

    passed = continuity.repair(11, page(15, 25), 1.0, more=False)

    assert ids(passed) == [15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]
    assert continuity.lost == 4


def test_what_waits_behind_a_hole_is_bounded() -> None:
    continuity = begun_at(0)
    for trade_id in range(2, MAX_WAITING + 10):
        continuity.offer(tick(trade_id), 0.0)
    continuity.missing_from(1.0)

    passed = continuity.repair(1, page(1, 1000), 1.0, more=True)

    assert ids(passed) == list(range(1, 1001))
    assert continuity.missing_from(1.0) == 1001


@given(data=st.data())
def test_whatever_the_stream_loses_repeats_or_mixes_up_every_id_passes_once_in_order(
    data: st.DataObject,
) -> None:
    total = data.draw(st.integers(1, 60), "prints")
    page_size = data.draw(st.integers(1, 7), "page size")
    events = data.draw(
        st.lists(st.one_of(st.integers(1, total), st.just("ask"), st.just("lag"))), "stream"
    )
    continuity = Continuity(HOLD_S)
    continuity.resume(0, 0.0)
    passed: list[int] = []
    newest, now_s = 0, 0.0

    def ask(known: int) -> None:
        from_id = continuity.missing_from(now_s)
        if from_id is not None:
            rows = page(from_id, min(from_id + page_size - 1, known))
            more = len(rows) == page_size
            passed.extend(ids(continuity.repair(from_id, rows, now_s, more=more)))

    for event in events:
        now_s += 0.1
        if isinstance(event, int):
            newest = max(newest, event)
            passed.extend(ids(continuity.offer(tick(event), now_s)))
        else:
            ask(newest if event == "ask" else newest // 2)
    now_s += 1.0
    for _ in range(total + 1):
        ask(newest)

    assert passed == list(range(1, newest + 1))
    assert not continuity.asking
