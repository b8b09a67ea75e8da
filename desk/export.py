"""Closed trades, their fills, or signals as a CSV or JSON file.

Law: the file gets its name only when all of it is on disk; until then nothing has changed.
Rows are written as they are read, so a long past needs no more memory than a short one.
"""

import csv
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from desk.errors import DeskError
from desk.machine import dumps, fill_json, signal_json, trade_json
from engine.model import Trade
from store.history import History, Selection

Format = Literal["csv", "json"]
Kind = Literal["trades", "fills", "signals"]
Record = Mapping[str, Any]

TRADE_COLUMNS = (
    *("id", "account", "symbol", "market", "direction", "status", "close_reason"),
    *("signal_id", "source", "entry_mode", "entry_price", "initial_quantity", "stake"),
    *("leverage", "costs", "initial_stop", "stop", "stop_reason", "targets", "opened_ms"),
    *("closed_ms", "exit_price", "gross", "fees", "funding", "net", "net_percent", "r"),
    *("best", "worst", "note", "session", "margin", "realised", "after_target", "hold_ms"),
    *("placed_ms",),
)
FILL_COLUMNS = (
    *("trade", "symbol", "direction", "kind", "price", "quantity", "fee", "gross", "time_ms"),
    *("level", "print", "trade_id", "model", "source", "reconstructed", "ambiguous"),
    *("reference", "slippage", "candle", "candle_ms"),
)
SIGNAL_COLUMNS = (
    *("id", "status", "symbol", "market", "direction", "entry", "stop", "targets", "score"),
    *("timeframe", "source", "reason", "created_ms", "expires_ms"),
)
_COLUMNS: Mapping[Kind, Sequence[str]] = {
    "trades": TRADE_COLUMNS,
    "fills": FILL_COLUMNS,
    "signals": SIGNAL_COLUMNS,
}
_TEXTS = {
    *("account", "symbol", "signal_id", "source", "note"),
    *("timeframe", "reason", "stop_reason"),
}
"""Columns that may hold what somebody wrote; a signal's `id` is one more."""

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet would run rather than show; and what looks like such a text, guarded."""


def guarded(text: str) -> str:
    """Return *text* such that a spreadsheet shows it; `unguarded` undoes it."""
    return "'" + text if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


async def export(
    history: History, chosen: Selection, kind: Kind, form: Format, stream: IO[str]
) -> int:
    """Write what was chosen to a stream; returns how many records.

    Args:
        history: Of the account.
        chosen: Which trades (for fills: the trades they belong to) or signals.
        kind: What to write.
        form: How to write it.
        stream: Open for text; for CSV without translation of line ends.

    Raises:
        StoreError: If the books cannot be read.
        OSError: If the stream cannot be written.
    """
    write = _writer(stream, kind, form)
    count = 0
    async for record in _records(history, chosen, kind):
        write(record)
        count += 1
    if form == "json":
        stream.write("\n]\n" if count else "[]\n")
    return count


async def _records(history: History, chosen: Selection, kind: Kind) -> AsyncIterator[Record]:
    if kind == "signals":
        async for ideas in history.signals(chosen):
            for idea in ideas:
                yield signal_json(idea)
        return
    async for trades in history.trades(chosen):
        for trade in trades:
            if kind == "trades":
                yield trade_json(trade)
            else:
                for fill in _fills(trade):
                    yield fill


def _fills(trade: Trade) -> Iterator[Record]:
    whose = {
        "trade": trade.id,
        "symbol": trade.symbol,
        "direction": trade.direction.value,
    }
    return (whose | fill_json(fill) for fill in trade.fills)


def _writer(stream: IO[str], kind: Kind, form: Format) -> Callable[[Record], object]:
    if form == "json":
        return _json_writer(stream)
    columns = _COLUMNS[kind]
    texts = _TEXTS | {"id"} if kind == "signals" else _TEXTS
    rows = csv.writer(stream, quoting=csv.QUOTE_ALL)
    rows.writerow(columns)
    return lambda record: rows.writerow(
        [_cell(_value(record, column), text=column in texts) for column in columns]
    )


def _json_writer(stream: IO[str]) -> Callable[[Record], object]:
    before = iter(["[\n"])
    return lambda record: stream.write(next(before, ",\n") + dumps(record))


def _value(record: Record, column: str) -> Any:
    """Return what belongs in a column; a trade's source is its signal's."""
    if column == "source" and column not in record:
        return (record["signal"] or {}).get("source")
    return record[column]


def _cell(value: Any, *, text: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(one if isinstance(one, str) else one["price"] for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return guarded(str(value)) if text else str(value)


# -- the file -------------------------------------------------------------------------------


@contextmanager
def new_file(file: Path, database: Path, *, force: bool) -> Iterator[IO[str]]:
    """Give a stream whose text is at *file* after the block, whole, or not at all.

    Args:
        file: Where it goes; for its owner's eyes only.
        database: The desk's own file, which nothing may replace.
        force: Whether a file that stands there may be replaced.

    Raises:
        DeskError: If *file* may not or cannot be written; what stood there stands there.
    """
    file = file.absolute()
    part = file.with_name(f".paperdesk.{secrets.token_hex(8)}.part")
    try:
        _check_target(file, database, force=force)
        with _opened(part) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
        _bring_to_disk(file.parent)
    except OSError as exc:
        raise DeskError(f"{file} cannot be written: {exc.strerror or exc}.") from exc
    finally:
        part.unlink(missing_ok=True)


def _opened(part: Path) -> IO[str]:
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _bring_to_disk(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_target(file: Path, database: Path, *, force: bool) -> None:
    if not file.parent.is_dir():
        raise DeskError(f"There is no folder {file.parent}.")
    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise DeskError(f"{file} is a link or no file. Name a file of your own.")
    if file.parent.resolve() == database.parent.resolve() and _is_ours(file.name):
        raise DeskError(f"{file} is the desk's own file. Name another one.")
    if file.exists() and not force:
        raise DeskError(f"{file} exists. Choose another name, or replace it with --force.")


def _is_ours(name: str) -> bool:
    """Tell whether Paperdesk itself keeps a file of that name beside its books."""
    return ".db" in name or name == "config.toml"
