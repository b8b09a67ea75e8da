"""From what a message says to a signal that can be traded, or a sentence why not.

Every message passes here, whatever door it came through. Nothing is guessed: a signal either
names its symbol, direction, stop and target, or it is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from hashlib import sha1
from typing import Final

from engine.instrument import Instrument
from engine.model import Direction, Market, Signal
from engine.money import plain
from engine.text import clean
from signals import words
from signals.errors import SignalRejected
from signals.levels import Levels, make_levels
from signals.symbols import find_instrument
from signals.words import MINUTE_MS, TIMEFRAME_MS, shown

MAX_TARGETS: Final = 10
MAX_DRIFT: Final = Decimal("0.2")
"""Furthest an entry may lie from the last price, a fraction of it."""
LIFE_CANDLES: Final = 3
DEFAULT_LIFE_MS: Final = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSignal:
    """What a message says, as text; empty where it says nothing."""

    symbol: str = ""
    direction: str = ""
    position: str = ""
    """The source's position after its order: long, short or flat."""
    entry: str = ""
    stop: str = ""
    targets: tuple[str, ...] = ()
    score: str = ""
    timeframe: str = ""
    market: str = ""
    leverage: str = ""
    source: str = ""
    id: str = ""
    """The source's own id of the message."""
    time: str = ""
    note: str = ""


def validate(
    raw: RawSignal,
    *,
    instruments: Mapping[str, Instrument],
    now_ms: int,
    last: Decimal | None = None,
    default_quote: str = "USDT",
    max_age_ms: int | None = None,
) -> Signal:
    """Judge one message.

    Args:
        raw: What it says.
        instruments: What the exchange trades, by symbol.
        now_ms: Exchange time, milliseconds UTC.
        last: The symbol's last price where known: the entry of messages that name none, and
            the measure of entries that look wrong.
        default_quote: Appended to bare base assets.
        max_age_ms: Refuse messages that are older; None takes any that has not expired.

    Raises:
        SignalRejected: If it is not a signal that can be traded.
    """
    _refuse_placeholders(raw)
    instrument = find_instrument(raw.symbol, instruments, default_quote)
    _refuse_futures(raw)
    direction = words.direction(raw.direction, raw.position)
    levels = _levels(raw, direction, instrument, last)
    timeframe = words.timeframe(raw.timeframe)
    created_ms, expires_ms = _life(raw, timeframe, now_ms, max_age_ms)
    signal = Signal(
        id="",
        symbol=instrument.symbol,
        market=instrument.market,
        direction=direction,
        entry=levels.entry,
        stop=levels.stop,
        targets=levels.targets,
        source=clean(raw.source, 40) or "outside",
        timeframe=timeframe,
        score=words.score(raw.score),
        reason=clean(raw.note),
        created_ms=created_ms,
        expires_ms=expires_ms,
    )
    return replace(signal, id=_signal_id(raw.id, signal))


def _refuse_placeholders(raw: RawSignal) -> None:
    for field in fields(raw):
        value = getattr(raw, field.name)
        if "{{" in (value if isinstance(value, str) else " ".join(value)):
            raise SignalRejected(
                "placeholder",
                f"The {field.name} still holds a placeholder {{{{…}}}}; "
                "whoever sent the message did not fill it in.",
            )


def _refuse_futures(raw: RawSignal) -> None:
    market = re.sub(r"\W", "", raw.market).upper()
    if market not in {"", Market.SPOT}:
        raise SignalRejected(
            "futures", f"The market is {shown(raw.market)}; only SPOT signals are taken."
        )
    leverage = raw.leverage.strip().lower().removeprefix("x").removesuffix("x")
    if leverage and words.number(leverage, "leverage") > 1:
        raise SignalRejected(
            "futures",
            f"The leverage is {shown(raw.leverage)}; only spot signals are taken, "
            "and spot has none.",
        )


def _levels(
    raw: RawSignal, direction: Direction, instrument: Instrument, last: Decimal | None
) -> Levels:
    if not raw.stop.strip():
        raise SignalRejected("missing", "The message names no stop (key 'sl').")
    if not raw.targets:
        raise SignalRejected("missing", "The message names no target (key 'tp').")
    if len(raw.targets) > MAX_TARGETS:
        raise SignalRejected("bad_number", f"More than {MAX_TARGETS} targets.")
    levels = make_levels(
        direction,
        instrument,
        _entry(raw.entry, last),
        words.number(raw.stop, "stop"),
        [words.number(target, "target") for target in raw.targets],
    )
    if last and abs(levels.entry / last - 1) > MAX_DRIFT:
        raise SignalRejected(
            "far_from_price",
            f"The entry {plain(levels.entry)} is more than {MAX_DRIFT:.0%} away from the "
            f"last price {plain(last)}; is it the right symbol, and in the right unit?",
        )
    return levels


def _entry(text: str, last: Decimal | None) -> Decimal:
    if text.strip():
        return words.number(text, "entry")
    if last is None:
        raise SignalRejected(
            "missing",
            "The message names no entry (key 'entry'), and the last price is not known.",
        )
    return last


def _life(
    raw: RawSignal, timeframe: str, now_ms: int, max_age_ms: int | None
) -> tuple[int, int]:
    """Return when the idea was born and when it ends, exchange milliseconds."""
    made_ms = words.time_ms(raw.time, now_ms)
    born_ms = now_ms if made_ms is None else made_ms
    if max_age_ms is not None and now_ms - born_ms > max_age_ms:
        raise SignalRejected(
            "too_old", f"The message is older than {max_age_ms // 1_000} seconds."
        )
    life_ms = LIFE_CANDLES * TIMEFRAME_MS[timeframe] if timeframe else DEFAULT_LIFE_MS
    if born_ms + life_ms <= now_ms:
        raise SignalRejected(
            "expired",
            f"The idea is from {shown(raw.time)} and stood for {life_ms // MINUTE_MS} minutes.",
        )
    return born_ms, born_ms + life_ms


def _signal_id(given: str, signal: Signal) -> str:
    """Name the idea, so that the same message delivered twice is one signal."""
    parts = (signal.source, signal.market, signal.symbol, signal.timeframe, signal.direction)
    prices = map(plain, (signal.entry, signal.stop, *signal.targets))
    name = f"{signal.source}:{given.strip()}" if given.strip() else "|".join((*parts, *prices))
    # Lone surrogates can come out of JSON escapes; they must not break the hash.
    data = name.encode("utf-8", "backslashreplace")
    return sha1(data, usedforsecurity=False).hexdigest()[:12]
