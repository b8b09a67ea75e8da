"""A message becomes a signal that can be traded, or a sentence why not."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Direction, Signal
from signals.errors import SignalRejected
from signals.validate import RawSignal, validate
from tests.feeds import START_MS, instrument

KNOWN = {"BTCUSDT": instrument()}
MINUTE_MS = 60_000
LONG = RawSignal(
    symbol="BTCUSDT", direction="LONG", entry="100", stop="90", targets=("110", "130", "120")
)
SHORT = RawSignal(symbol="BTCUSDT", direction="SHORT", entry="100", stop="110", targets=("80",))


def judge(raw: RawSignal, last: str | None = None, max_age_ms: int | None = None) -> Signal:
    return validate(
        raw,
        instruments=KNOWN,
        now_ms=START_MS,
        last=Decimal(last) if last else None,
        max_age_ms=max_age_ms,
    )


def refusal(raw: RawSignal, last: str | None = None, max_age_ms: int | None = None) -> str:
    with pytest.raises(SignalRejected) as caught:
        judge(raw, last, max_age_ms)
    assert str(caught.value).endswith((".", "?"))
    return caught.value.code


def test_a_complete_message_becomes_a_signal_with_its_nearest_target_first() -> None:
    signal = judge(replace(LONG, score="72%", timeframe="240", source="my-pine", note="why"))

    assert signal.symbol == "BTCUSDT"
    assert signal.direction is Direction.LONG
    assert (signal.entry, signal.stop) == (Decimal(100), Decimal(90))
    assert signal.targets == (Decimal(110), Decimal(120), Decimal(130))
    assert (signal.score, signal.timeframe) == (Decimal(72), "4h")
    assert (signal.source, signal.reason) == ("my-pine", "why")
    assert (signal.created_ms, signal.expires_ms) == (START_MS, START_MS + 720 * MINUTE_MS)


def test_a_message_without_timeframe_stands_for_an_hour() -> None:
    assert judge(LONG).expires_ms == START_MS + 60 * MINUTE_MS


def test_levels_off_the_grid_move_against_the_idea() -> None:
    long = judge(replace(LONG, entry="100.004", stop="90.009", targets=("110.009",)))
    short = judge(replace(SHORT, entry="100.006", stop="110.001", targets=("80.001",)))

    assert (long.entry, long.stop, long.targets[0]) == (
        Decimal("100.00"),
        Decimal("90.00"),
        Decimal("110.00"),
    )
    assert (short.entry, short.stop, short.targets[0]) == (
        Decimal("100.01"),
        Decimal("110.01"),
        Decimal("80.01"),
    )


@pytest.mark.parametrize(
    "number",
    [
        *("0", "0.0", "-5", "+5", "1e30", "1E2", "NaN", "inf", "Infinity", "1_000", "٣"),
        *("64,250", "1 000", "abc", "0x10", "5.", ".5", "1" * 16, "9" * 16_000),
        *("99999999999", "1." + "1" * 19, "[red]5[/]", "\x1b[31m5", "100\n200"),
    ],
)
@pytest.mark.parametrize(
    "said",
    [
        lambda number: replace(LONG, entry=number),
        lambda number: replace(LONG, stop=number),
        lambda number: replace(LONG, targets=("110", number)),
    ],
    ids=["entry", "stop", "target"],
)
def test_what_is_not_a_plain_positive_number_is_refused(
    said: Callable[[str], RawSignal], number: str
) -> None:
    assert refusal(said(number)) == "bad_number"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (replace(LONG, stop="100"), "wrong_side"),
        (replace(LONG, stop="105"), "wrong_side"),
        (replace(LONG, targets=("100",)), "wrong_side"),
        (replace(LONG, targets=("110", "95")), "wrong_side"),
        (replace(LONG, entry="0.004", stop="0.001"), "bad_number"),
        (replace(SHORT, stop="90"), "wrong_side"),
        (replace(SHORT, targets=("80", "101")), "wrong_side"),
        (replace(LONG, targets=("100.009",)), "wrong_side"),
        (replace(LONG, stop=""), "missing"),
        (replace(LONG, targets=()), "missing"),
        (replace(LONG, entry=""), "missing"),
        (replace(LONG, symbol=""), "missing"),
        (replace(LONG, direction=""), "missing"),
        (replace(LONG, targets=tuple(map(str, range(101, 112)))), "bad_number"),
        (replace(LONG, entry="{{close}}"), "placeholder"),
        (replace(LONG, targets=("110", '{{plot("TP")}}')), "placeholder"),
        (replace(LONG, market="FUTURES"), "futures"),
        (replace(LONG, market="usdt-perpetual"), "futures"),
        (replace(LONG, leverage="5"), "futures"),
        (replace(LONG, leverage="x20"), "futures"),
        (replace(LONG, leverage="many"), "bad_number"),
        (replace(LONG, direction="sideways"), "bad_direction"),
        (replace(LONG, direction="exit_long"), "closing"),
        (replace(SHORT, direction="sell", position="flat"), "closing"),
        (replace(SHORT, direction="sell", position="long"), "closing"),
        (replace(LONG, timeframe="7m"), "bad_timeframe"),
        (replace(LONG, timeframe="soon"), "bad_timeframe"),
        (replace(LONG, score="150"), "bad_score"),
        (replace(LONG, score="9/0"), "bad_score"),
        (replace(LONG, score="-1"), "bad_score"),
        (replace(LONG, score="high"), "bad_score"),
        (replace(LONG, time="yesterday"), "bad_time"),
        (replace(LONG, time="2999-01-01T00:00:00Z"), "bad_time"),
        (replace(LONG, time="2001-01-01T00:00:00Z"), "expired"),
    ],
)
def test_a_message_that_cannot_be_traded_is_refused_with_a_sentence(
    raw: RawSignal, code: str
) -> None:
    assert refusal(raw) == code


def test_the_sentence_names_the_key_that_is_missing() -> None:
    with pytest.raises(SignalRejected, match=r"no stop \(key 'sl'\)"):
        judge(replace(LONG, stop=""))


def test_the_sentence_carries_no_control_characters_of_the_message() -> None:
    with pytest.raises(SignalRejected) as caught:
        judge(replace(LONG, entry="\x1b[2J\u202e1"))

    assert str(caught.value).isprintable()


def test_a_message_without_entry_enters_at_the_last_price() -> None:
    assert judge(replace(LONG, entry=""), last="101").entry == Decimal(101)


@pytest.mark.parametrize(("last", "taken"), [("125", True), ("126", False), ("83", False)])
def test_an_entry_more_than_a_fifth_from_the_last_price_is_refused(
    last: str, taken: bool
) -> None:
    if taken:
        assert judge(LONG, last).entry == Decimal(100)
    else:
        assert refusal(LONG, last) == "far_from_price"


@pytest.mark.parametrize(
    ("word", "position", "direction"),
    [
        ("long", "", "LONG"),
        ("Buy", "", "LONG"),
        ("BULLISH", "", "LONG"),
        ("enter_long", "", "LONG"),
        ("buy", "long", "LONG"),
        ("", "long", "LONG"),
        ("short", "", "SHORT"),
        ("SELL", "", "SHORT"),
        ("enter-short", "", "SHORT"),
        ("sell", "short", "SHORT"),
    ],
)
def test_every_sources_word_for_a_direction_is_read(
    word: str, position: str, direction: str
) -> None:
    raw = LONG if direction == "LONG" else SHORT

    assert judge(replace(raw, direction=word, position=position)).direction == direction


@pytest.mark.parametrize(
    ("spelling", "timeframe"),
    [
        *(("1", "1m"), ("15", "15m"), ("60", "1h"), ("240", "4h"), ("D", "1d"), ("W", "1w")),
        *(("1D", "1d"), ("M", "1M"), ("15m", "15m"), ("1h", "1h"), ("4H", "4h"), ("60m", "1h")),
        *(("5 min", "5m"), ("3d", "3d"), ("1M", "1M"), ("1m", "1m"), ("1440", "1d"), ("", "")),
    ],
)
def test_timeframes_are_told_in_the_exchanges_spelling(spelling: str, timeframe: str) -> None:
    assert judge(replace(LONG, timeframe=spelling)).timeframe == timeframe


@pytest.mark.parametrize(
    ("said", "score"),
    [
        *(("0.72", "72"), ("72", "72"), ("72%", "72"), ("8/10", "80"), ("1", "100")),
        *(("0.5%", "0.5"), ("1/3", "33.33"), ("0", "0"), ("100", "100")),
    ],
)
def test_scores_are_told_from_0_to_100(said: str, score: str) -> None:
    assert judge(replace(LONG, score=said)).score == Decimal(score)


@pytest.mark.parametrize(
    "time",
    [
        str(START_MS - 60_000),
        str(START_MS // 1_000 - 60),
        "2026-09-21T14:12:20Z",
        "2026-09-21T14:12:20",
        "2026-09-21T16:12:20+02:00",
    ],
)
def test_a_message_is_born_when_it_says(time: str) -> None:
    signal = judge(replace(LONG, time=time))

    assert signal.created_ms == START_MS - 60_000
    assert signal.expires_ms == START_MS + 59 * MINUTE_MS


def test_a_live_inbox_refuses_old_messages() -> None:
    old = replace(LONG, time=str(START_MS - 301_000))

    assert refusal(old, max_age_ms=300_000) == "too_old"
    assert judge(old).created_ms == START_MS - 301_000


def test_the_same_message_twice_is_one_signal_and_any_other_level_another() -> None:
    assert judge(LONG).id == judge(replace(LONG, symbol="btc/usdt", entry="100.0")).id
    assert len({judge(r).id for r in (LONG, replace(LONG, stop="91"), SHORT)}) == 3


def test_a_sources_own_id_names_the_signal_within_that_source() -> None:
    first = judge(replace(LONG, id="a1", source="pine"))

    assert judge(replace(LONG, id="a1", source="pine", stop="91")).id == first.id
    assert judge(replace(LONG, id="a1", source="other")).id != first.id


def test_texts_of_the_message_are_cleaned() -> None:
    signal = judge(replace(LONG, note="a\x1b[31m\nb\u202e", source="x" * 100, id="\ud800"))

    assert signal.reason == "a[31m b"
    assert len(signal.source) == 40


TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=30),
    st.sampled_from(
        ["BTCUSDT", "long", "short", "100", "90", "110", "1e5", "240", "72%", "{{x}}", ""]
    ),
    st.from_regex(r"[0-9./:TZ+\-]{0,30}", fullmatch=True),
)
MESSAGES = st.builds(
    RawSignal,
    symbol=st.one_of(st.just("BTCUSDT"), TEXTS),
    direction=st.one_of(st.just("long"), TEXTS),
    position=TEXTS | st.just(""),
    entry=TEXTS,
    stop=TEXTS,
    targets=st.lists(TEXTS, max_size=3).map(tuple),
    score=TEXTS,
    timeframe=TEXTS,
    market=TEXTS | st.just(""),
    leverage=TEXTS | st.just(""),
    source=TEXTS,
    id=TEXTS,
    time=TEXTS,
    note=TEXTS,
)


@given(MESSAGES)
def test_any_message_is_a_sane_signal_or_a_rejection(raw: RawSignal) -> None:
    try:
        signal = judge(raw, last="100")
    except SignalRejected:
        return

    sign = signal.direction.sign
    assert (signal.entry - signal.stop) * sign > 0
    assert all((target - signal.entry) * sign > 0 for target in signal.targets)
    assert signal.created_ms < signal.expires_ms
    assert signal.reason.isprintable()
