"""How messages spell numbers, directions, timeframes, scores and times.

Strict on numbers, because a misread price costs money; lenient on words, because every source
has its own. What cannot be read is refused in a sentence that names the field.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from engine.model import Direction
from engine.text import clean
from signals.errors import SignalRejected

# Decimal() itself would also take "1e30", "1_000", "NaN" and digits of other scripts.
_NUMBER: Final = re.compile(r"\d{1,15}(\.\d{1,18})?", re.ASCII)
_MAX_NUMBER: Final = Decimal(10**10)
"""More than any price; stays storable as a 64-bit integer of hundred-millionths."""

_DIRECTIONS: Final = {
    **dict.fromkeys(("long", "buy", "bull", "bullish", "enterlong"), Direction.LONG),
    **dict.fromkeys(("short", "sell", "bear", "bearish", "entershort"), Direction.SHORT),
}
_CLOSINGS: Final = frozenset(
    {"close", "exit", "flat", "closelong", "closeshort", "exitlong", "exitshort"}
)

MINUTE_MS: Final = 60_000
_MINUTES_OF_UNIT: Final = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 1),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 60),
    **dict.fromkeys(("d", "day", "days"), 1_440),
    **dict.fromkeys(("w", "week", "weeks"), 10_080),
    **dict.fromkeys(("mo", "month", "months"), 43_200),
}
_TIMEFRAMES: Final = {
    **{n: f"{n}m" for n in (1, 3, 5, 15, 30)},
    **{n * 60: f"{n}h" for n in (1, 2, 4, 6, 8, 12)},
    **{1_440: "1d", 4_320: "3d", 10_080: "1w", 43_200: "1M"},
}
"""Binance's spelling by length in minutes."""
TIMEFRAME_MS: Final = {name: n * MINUTE_MS for n, name in _TIMEFRAMES.items()}
"""Length of a candle by Binance's spelling, milliseconds; a month counts 30 days."""

_FRACTION: Final = re.compile(r"([^/]+)/([^/]+)")
_CLOCK_SKEW_MS: Final = MINUTE_MS


def shown(text: str) -> str:
    """Quote a piece of a message for a sentence."""
    return f"'{clean(text, 40)}'"


def number(text: str, field: str) -> Decimal:
    """Read a positive number in plain digits.

    Raises:
        SignalRejected: If it has a sign, an exponent, separators, or is 0 or absurd.
    """
    stripped = text.strip()
    value = Decimal(stripped) if _NUMBER.fullmatch(stripped) else None
    if value is None or not 0 < value < _MAX_NUMBER:
        raise SignalRejected(
            "bad_number",
            f"The {field} is {shown(text)}; it must be a plain positive number "
            "such as 64250.5 or 0.00001234.",
        )
    return value


def direction(text: str, position: str = "") -> Direction:
    """Read which way a message wants to trade.

    Args:
        text: long, buy, bullish, enter_long … or their opposites.
        position: The source's position after its order: long, short or flat. It tells a new
            short from the sale that ends a long.

    Raises:
        SignalRejected: If it closes a position, contradicts *position* or cannot be read.
    """
    word, after = _word(text), _word(position)
    if word in _CLOSINGS or after in _CLOSINGS:
        raise SignalRejected(
            "closing", "This message closes a position; only new ideas are taken."
        )
    if not word and not after:
        raise SignalRejected(
            "missing", "The message names no direction (key 'direction': LONG or SHORT)."
        )
    found = _DIRECTIONS.get(word or after)
    if found is None:
        raise SignalRejected(
            "bad_direction", f"The direction is {shown(text)}; it must be LONG or SHORT."
        )
    if after and _DIRECTIONS.get(after) is not found:
        raise SignalRejected(
            "closing",
            f"The message says {found} but its position afterwards is {shown(position)}; "
            "it seems to reduce a position, and only new ideas are taken.",
        )
    return found


def timeframe(text: str) -> str:
    """Return Binance's spelling of a timeframe (15, 240, 15m, 4H, D, 1w …), or empty.

    Raises:
        SignalRejected: If Binance has no such candles.
    """
    stripped = text.strip()
    if not stripped or stripped in TIMEFRAME_MS:
        return stripped
    # Charts write months as a capital M; everyone's small m are minutes.
    word = "mo".join(stripped.rsplit("M", 1)) if stripped.endswith("M") else stripped.lower()
    match = re.fullmatch(r"(\d{0,5}) ?([a-z]*)", word, re.ASCII)
    if match and (match[1] or match[2]):
        minutes = int(match[1] or 1) * _MINUTES_OF_UNIT.get(match[2], 0)
        if minutes in _TIMEFRAMES:
            return _TIMEFRAMES[minutes]
    raise SignalRejected(
        "bad_timeframe",
        f"The timeframe is {shown(text)}; it must be one of {', '.join(TIMEFRAME_MS)}.",
    )


def score(text: str) -> Decimal | None:
    """Read a score: 0 to 1, 0 to 100, ``72%`` or ``8/10``; None where there is none.

    Returns:
        0 to 100, rounded to two decimals.

    Raises:
        SignalRejected: If it is none of these.
    """
    stripped = text.strip()
    if not stripped:
        return None
    value = _percent(stripped)
    if value is None or value > 100:
        raise SignalRejected(
            "bad_score", f"The score is {shown(text)}; it must be 0 to 1, 0 to 100 or 8/10."
        )
    return value.quantize(Decimal("0.01"))


def _percent(text: str) -> Decimal | None:
    if match := _FRACTION.fullmatch(text):
        part, whole = _plain(match[1]), _plain(match[2])
        return 100 * part / whole if part is not None and whole else None
    if text.endswith("%"):
        return _plain(text[:-1])
    value = _plain(text)
    return value * 100 if value is not None and value <= 1 else value


def _plain(text: str) -> Decimal | None:
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.fullmatch(stripped) else None


def time_ms(text: str, now_ms: int) -> int | None:
    """Read when a message was made; None where it does not say.

    Args:
        text: ISO 8601 (UTC unless it names an offset), or Unix seconds or milliseconds.
        now_ms: Exchange time, milliseconds UTC.

    Raises:
        SignalRejected: If it cannot be read or lies in the future.
    """
    stripped = text.strip()
    if not stripped:
        return None
    made = _epoch_ms(stripped)
    if made is None:
        raise SignalRejected(
            "bad_time", f"The time is {shown(text)}; it must look like 2026-11-22T06:00:03Z."
        )
    if made > now_ms + _CLOCK_SKEW_MS:
        raise SignalRejected("bad_time", f"The time {shown(text)} lies in the future.")
    return made


def _epoch_ms(text: str) -> int | None:
    if re.fullmatch(r"\d{9,13}", text, re.ASCII):
        return int(text) if len(text) > 11 else int(text) * 1_000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def _word(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()
