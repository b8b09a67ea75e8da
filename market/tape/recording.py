"""Our own tapes: the frames of a feed as they came, one a line, with the time of receipt.

    {"recv_ts":1790000000.123,"msg":{"stream":"btcusdt@aggTrade","data":{…}}}

A recording must never disturb what it records: when it cannot go on it stops and says why.
What was no JSON is kept as a text, so that every line of a recording can be read.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.model import Source, Tick
from engine.text import clean
from market.binance import wire
from market.binance.wire import AggTrade, BookTicker, decode_frame
from market.continuity import Continuity
from market.errors import TapeError
from market.tape.lines import Line, TapeFile
from market.tape.notes import Notes, hole

log = logging.getLogger(__name__)

HOLD_S: Final = 10.0
"""How long a print waits for those in front of it, seconds of the recording."""
_BEGIN: Final = b'{"recv_ts":'
_is_json = msgspec.json.Decoder(msgspec.Raw).decode


class Recording:
    """A file that frames are appended to."""

    def __init__(self, path: Path) -> None:
        """Open the file at *path*, for its owner's eyes only; it may hold a recording already.

        Raises:
            TapeError: If it cannot be written, or is something else.
        """
        self.path = path
        self.stopped = ""
        """Why nothing is recorded any more, a sentence; empty while it is."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as exc:
            raise TapeError(f"The recording {path} cannot be written: {exc.strerror}.") from exc
        try:
            _prepare(self._file, path)
        except BaseException:
            os.close(self._file)
            raise

    def write(self, frames: Sequence[bytes], recv_ms: int) -> None:
        """Append frames that arrived together; never raises.

        Args:
            frames: As they came off the socket.
            recv_ms: When they arrived, milliseconds UTC.
        """
        if self.stopped or self._file < 0:
            return
        begin = b'%s%d.%03d,"msg":' % (_BEGIN, recv_ms // 1_000, recv_ms % 1_000)
        data = b"".join(begin + _as_json(frame) + b"}\n" for frame in frames)
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as exc:
            self.stopped = f"Recording to {self.path} has stopped: {exc.strerror}."
            log.error("recording stopped: %s", self.stopped)  # noqa: TRY400 - no bug

    def close(self) -> None:
        """Finish; doing so twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _as_json(frame: bytes) -> bytes:
    try:
        _is_json(frame)
    except msgspec.MsgspecError:
        return msgspec.json.encode(frame.decode("latin-1"))
    return frame.replace(b"\n", b" ") if b"\n" in frame else frame


def _prepare(file: int, path: Path) -> None:
    """Make sure that the next line begins a line, behind a recording or nothing."""
    size = os.fstat(file).st_size
    if not size:
        return
    if os.pread(file, len(_BEGIN), 0) != _BEGIN:
        raise TapeError(f"{path} is no recording; nothing was written to it.")
    end, tail = size, b""
    while b"\n" not in tail and end:
        start = max(0, end - 65_536)
        tail, end = os.pread(file, end - start, start), start
    # A line that was being written when the process was killed says nothing.
    os.ftruncate(file, end + tail.rfind(b"\n") + 1)


class Touch(NamedTuple):
    """Bid and ask of a symbol at one moment."""

    symbol: str
    bid: Decimal
    ask: Decimal
    time_ms: int
    """Time of receipt, milliseconds UTC: spot quotes have no time of their own."""


class _Line(msgspec.Struct, gc=False):
    recv_ts: float
    """Seconds UTC."""
    msg: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)


class RecordingReader:
    """The prints and quotes of a recording, over all its files, as a desk would take them."""

    def __init__(self, symbol: str | None, notes: Notes) -> None:
        """Read one symbol, or all of them."""
        self.heard: set[str] = set()
        """Symbols that had prints, read or passed over."""
        self._symbol = symbol
        self._notes = notes
        self._order: dict[str, Continuity] = {}
        self._quote_ids: dict[str, int] = {}

    def read(self, file: TapeFile, rows: Iterable[Line]) -> Iterator[Tick | Touch]:
        """Yield what one more file holds; prints of a symbol in the order of their ids.

        Raises:
            TapeError: With the line that is none of a recording.
        """
        self._file = file
        rows = iter(rows)
        for number, text in rows:
            if not text.strip():
                continue
            line = self._line(number, text, rows)
            if line is None:
                return
            frame = bytes(line.msg)
            event = decode_frame(frame)
            if isinstance(event, AggTrade):
                yield from self._prints(event, line.recv_ts, number)
            elif isinstance(event, BookTicker):
                yield from self._quote(event, line.recv_ts)
            elif event is None and b'@aggTrade"' in frame[:96]:
                self._note("unusable", number, "A print that makes no sense was passed over.")

    def rest(self) -> Iterator[Tick]:
        """Yield the prints that waited in vain for others, behind the last file."""
        for order in self._order.values():
            while order.first_waiting is not None:
                yield from self._step_over(order, 0.0, None)

    def _line(self, number: int, text: str, rows: Iterator[Line]) -> _Line | None:
        data = text.encode("utf-8", "surrogateescape")
        try:
            return _LINE.decode(data)
        except (msgspec.MsgspecError, RecursionError) as exc:
            last = next(rows, None) is None
            if last and data.startswith(_BEGIN[: len(data)]):
                self._note("cut", number, "The last line was cut off; it was left out.")
                return None
            reason = clean(str(exc), 120)
            raise self._file.error(number, f"not a line of a recording ({reason})") from exc

    def _prints(self, event: AggTrade, recv_s: float, number: int) -> Iterator[Tick]:
        symbol = event.symbol
        self.heard.add(symbol)
        if self._symbol is not None and symbol != self._symbol:
            return
        tick = Tick(
            symbol,
            wire.price(event.price),
            Decimal(event.quantity),
            event.trade_id,
            event.time_ms,
            Source.REPLAY,
        )
        order = self._order.get(symbol)
        if order is None:
            order = self._order[symbol] = Continuity(HOLD_S)
        yield from order.offer(tick, recv_s)
        if order.missing_from(recv_s) is not None and order.first_waiting is not None:
            yield from self._step_over(order, recv_s, number)

    def _step_over(self, order: Continuity, now_s: float, number: int | None) -> Sequence[Tick]:
        """Go on behind a hole: a recording has nobody to ask for what is missing."""
        first, last = order.first_waiting or 0, order.last_id or 0
        self._note("hole", number, hole(first - last - 1, "print", f"{first}"))
        return order.resume(first - 1, now_s)

    def _quote(self, event: BookTicker, recv_s: float) -> Iterator[Touch]:
        symbol = event.symbol
        if self._symbol is not None and symbol != self._symbol:
            return
        if event.update_id > self._quote_ids.get(symbol, -1):
            self._quote_ids[symbol] = event.update_id
            bid, ask = wire.price(event.bid), wire.price(event.ask)
            yield Touch(symbol, bid, ask, round(recv_s * 1_000))

    def _note(self, kind: str, number: int | None, what: str) -> None:
        place = "" if number is None else f" line {number}"
        self._notes.add(kind, f"{self._file.name}{place}: {what}")
