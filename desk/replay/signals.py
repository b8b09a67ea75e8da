"""The signals of a replay: read from text, each handed out when the tape reaches its time.

A signal without a time is due at the first price of its symbol. Nothing is dropped in silence:
what is refused, or not reached, is listed with a sentence.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any, Final

from engine.errors import Refused
from engine.instrument import Instrument
from engine.model import Signal
from engine.text import clean
from signals import words
from signals.errors import SignalRejected
from signals.inbox.parse import MAX_FILE_BYTES, Parsed, parse_json, read_csv
from signals.symbols import find_instrument
from signals.validate import RawSignal, validate

NEVER: Final = 2**63
"""A time that no tape reaches, milliseconds UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One signal as it was delivered."""

    line: int
    """Line of a CSV file, else the message's number in the file."""
    raw: RawSignal
    id: str = ""
    """The desk's own id, if the desk wrote the file."""
    expires_ms: int | None = None
    """When it ends, if the desk wrote the file; milliseconds UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A signal that was not opened."""

    line: int | None
    """Of the file; None for a signal of the scanner."""
    symbol: str
    code: str
    """A stable word for programs."""
    message: str
    """A sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ideas:
    """A file of signals: what can be read of it, and what cannot."""

    rows: Sequence[Row] = ()
    refused: Sequence[Refusal] = ()


def read_ideas(text: str, form: str) -> Ideas:
    """Read a file of signals, also one that the desk itself has written.

    Args:
        text: All of it.
        form: ``json`` (also JSON lines) or ``csv``.

    Raises:
        Refused: If the file as a whole cannot be read.
    """
    try:
        if form == "csv":
            return _sorted_out(read_csv(io.StringIO(text, newline="")), ())
        own = _written_by_the_desk(text)
        readable = json.dumps([_readable(entry) for entry in own]) if own else text
        return _sorted_out(enumerate(parse_json(readable), start=1), own)
    except SignalRejected as exc:
        raise Refused("bad_signal", str(exc)) from exc


def _sorted_out(found: Iterable[tuple[int, Parsed]], own: Sequence[Mapping[str, Any]]) -> Ideas:
    rows, refused = [], []
    for line, parsed in found:
        if isinstance(parsed, SignalRejected):
            refused.append(_refusal(line, "", parsed))
        elif own:
            entry = own[line - 1]
            expires_ms = entry["expires_ms"]
            rows.append(Row(line=line, raw=parsed, id=entry["id"], expires_ms=expires_ms))
        else:
            rows.append(Row(line=line, raw=parsed))
    return Ideas(rows=rows, refused=refused)


def _written_by_the_desk(text: str) -> list[Mapping[str, Any]]:
    """Return the entries of `paperdesk signals list --json`; none if it is anything else."""
    text = text.removeprefix("\ufeff").strip()
    if not text or len(text) > MAX_FILE_BYTES:
        return []
    try:
        entries = (
            json.loads(text, parse_float=str)
            if text.startswith("[")
            else [
                json.loads(line, parse_float=str) for line in text.split("\n") if line.strip()
            ]
        )
    except (ValueError, RecursionError):
        return []  # the common reader says what is wrong
    return entries if all(map(_is_own, entries)) else []


def _is_own(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("id"), str)
        and all(type(entry.get(key)) is int for key in ("created_ms", "expires_ms"))
    )


def _readable(entry: Mapping[str, Any]) -> dict[str, Any]:
    moment = datetime.fromtimestamp(min(entry["created_ms"], 4e12) / 1_000, UTC)
    return {**entry, "time": moment.isoformat(timespec="milliseconds")}


class Waiting:
    """Signals that the tape has not reached yet."""

    def __init__(self, ideas: Ideas, currency: str) -> None:
        """Begin with all of a file; *currency* completes symbols that are bare base assets."""
        self.refused = list(ideas.refused)
        self._currency = currency
        self._instruments: dict[str, Instrument] = {}
        self._unmet: dict[str, list[Row]] = {}
        """By what they call their symbol, until that symbol appears on the tape."""
        self._queues: dict[str, list[tuple[int, int, Row | Signal]]] = {}
        """By symbol, the next one in front: when it is due, in which order it came."""
        self._order = 0
        for row in ideas.rows:
            self._unmet.setdefault(row.raw.symbol, []).append(row)

    def decimals(self, symbol: Instrument) -> int:
        """Return how many decimals the prices of a symbol's signals have at most."""
        rows = (
            row
            for word in self._unmet
            if self._names(word, symbol)
            for row in self._unmet[word]
        )
        prices = (
            text for row in rows for text in (row.raw.entry, row.raw.stop, *row.raw.targets)
        )
        return max(
            (len(text.partition(".")[2].strip().rstrip("0")) for text in prices), default=0
        )

    def meet(self, instrument: Instrument, now_ms: int) -> None:
        """Learn that a symbol is on the tape from a moment on."""
        symbol = instrument.symbol
        self._instruments[symbol] = instrument
        self._queues.setdefault(symbol, [])
        for word in [word for word in self._unmet if self._names(word, instrument)]:
            for row in self._unmet.pop(word):
                self._queue(row, symbol, now_ms)

    def add(self, signal: Signal) -> None:
        """Wait for the time of a signal that the scanner has found."""
        self._push(signal.symbol, signal.created_ms, signal)

    def due_ms(self, symbol: str) -> int:
        """Return when the next signal of a symbol is due, milliseconds UTC."""
        queue = self._queues.get(symbol)
        return queue[0][0] if queue else NEVER

    def take(self, symbol: str, now_ms: int, last: Decimal) -> list[tuple[int | None, Signal]]:
        """Hand out what is due, each with its line in the file.

        Args:
            symbol: Which market.
            now_ms: How far the tape is, milliseconds UTC.
            last: The entry of signals that name none.
        """
        queue = self._queues[symbol]
        found: list[tuple[int | None, Signal]] = []
        while queue and queue[0][0] <= now_ms:
            due_ms, _, row = heappop(queue)
            if isinstance(row, Signal):
                found.append((None, row))
            elif (signal := self._judge(row, symbol, due_ms, last)) is not None:
                found.append((row.line, signal))
        return found

    def not_reached(self) -> list[Refusal]:
        """Return what the tape did not come to, in order of the file."""
        left = [
            Refusal(
                line=row.line,
                symbol=symbol,
                code="not_reached",
                message="The tape ends before the time of this signal.",
            )
            for symbol, queue in self._queues.items()
            for _, _, row in queue
            if isinstance(row, Row)
        ]
        left += [self._unknown(row) for rows in self._unmet.values() for row in rows]
        return sorted(left, key=lambda refusal: refusal.line or 0)

    def _names(self, word: str, instrument: Instrument) -> bool:
        try:
            find_instrument(word, {instrument.symbol: instrument}, self._currency)
        except SignalRejected:
            return False
        return True

    def _queue(self, row: Row, symbol: str, now_ms: int) -> None:
        try:
            made_ms = words.time_ms(row.raw.time, NEVER)
        except SignalRejected as exc:
            self.refused.append(_refusal(row.line, symbol, exc))
            return
        due_ms = now_ms if made_ms is None else made_ms
        # What says its own price can be judged now: mistakes show before a long tape is over.
        if not row.raw.entry.strip() or self._judge(row, symbol, due_ms, None) is not None:
            self._push(symbol, due_ms, row)

    def _judge(self, row: Row, symbol: str, due_ms: int, last: Decimal | None) -> Signal | None:
        raw = replace(row.raw, symbol=symbol)
        known_entry = bool(raw.entry.strip())
        try:
            signal = validate(
                raw,
                instruments=self._instruments,
                now_ms=due_ms,
                # The last price of a tape may be from long before: it measures no entry.
                last=None if known_entry else last,
                default_quote=self._currency,
            )
        except SignalRejected as exc:
            self.refused.append(_refusal(row.line, symbol, exc))
            return None
        if row.expires_ms is None:
            return signal
        return replace(signal, id=clean(row.id, 64), expires_ms=row.expires_ms)

    def _push(self, symbol: str, due_ms: int, row: Row | Signal) -> None:
        self._order += 1
        heappush(self._queues[symbol], (due_ms, self._order, row))

    def _unknown(self, row: Row) -> Refusal:
        try:
            find_instrument(row.raw.symbol, self._instruments, self._currency)
        except SignalRejected as exc:
            if exc.code != "unknown_symbol":
                return _refusal(row.line, row.raw.symbol, exc)
        return Refusal(
            line=row.line,
            symbol=clean(row.raw.symbol, 40),
            code="not_on_tape",
            message=f"The tape has no prices of {words.shown(row.raw.symbol)}.",
        )


def _refusal(line: int, symbol: str, error: SignalRejected) -> Refusal:
    return Refusal(line=line, symbol=clean(symbol, 40), code=error.code, message=str(error))
