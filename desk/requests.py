"""Requests to the desk's holder as JSON: what a command becomes on its way, and back.

Nothing in a request is trusted: what cannot be read is a `Refused` with a sentence.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from desk import words
from desk.settings import Settings
from desk.size_words import parse_size, write_size
from desk.values import parse_number
from engine.commands import (
    CancelTrade,
    CloseTrade,
    Command,
    EditTrade,
    OpenTrade,
    TargetOrder,
    UndoEdit,
    equal_targets,
)
from engine.errors import Refused
from engine.instrument import Instrument
from engine.model import Direction, Signal
from engine.money import plain
from engine.sizes import Size
from engine.text import clean
from store.commands import MAX_PAYLOAD

T = TypeVar("T")

Payload = Mapping[str, Any]
"""What a request says, as JSON values."""


# -- out --------------------------------------------------------------------------------------


def as_request(command: Command) -> tuple[str, dict[str, Any]]:
    """Return the kind and the payload of the request that asks for *command*."""
    match command:
        case OpenTrade():
            return "open", _opening(command)
        case CloseTrade():
            part = {"fraction": command.fraction, "quantity": command.quantity}
            asked = {name: plain(value) for name, value in part.items() if value is not None}
            return "close", {"trade_id": command.trade_id, **asked}
        case EditTrade():
            return "edit", _edit(command)
        case CancelTrade():
            return "cancel", {"trade_id": command.trade_id}
        case UndoEdit():
            return "undo", {"trade_id": command.trade_id}


def _opening(command: OpenTrade) -> dict[str, Any]:
    """Write an order; whatever it leaves out is ``off``, so that no default takes its place."""
    return {
        "signal_id": command.signal.id if command.signal else None,
        "symbol": command.symbol,
        "direction": command.direction.value,
        "stop": words.write_level(command.stop),
        "targets": words.write_targets(command.targets),
        "size": write_size(command.size),
        "entry": command.entry_mode.value,
        "price": None if command.entry is None else plain(command.entry),
        "expires": None if command.lives_ms is None else words.write_span(command.lives_ms),
        "leverage": command.leverage,
        "trail": words.write_trail(command.trailing),
        "break_even": words.write_break_even(command.break_even),
        "after_target": words.write_policy(command.after_target),
        "hold": words.write_hold(command.hold_ms),
        "note": command.note,
    }


def _edit(command: EditTrade) -> dict[str, Any]:
    """Write an edit; what stays as it is is left out."""
    writers: Mapping[str, tuple[Any, Callable[[Any], str]]] = {
        "stop": (command.stop, plain),
        "targets": (command.targets, words.write_targets),
        "trail": (command.trailing, words.write_trail),
        "break_even": (command.break_even, words.write_break_even),
        "after_target": (command.after_target, words.write_policy),
        "hold": (command.hold_ms, words.write_hold),
        "add_margin": (command.add_margin, plain),
    }
    asked = {
        name: write(value) for name, (value, write) in writers.items() if value is not None
    }
    return {"trade_id": command.trade_id, "widen": command.widen, **asked}


# -- in ---------------------------------------------------------------------------------------


def read_payload(text: str) -> Payload:
    """Return what a request says.

    Raises:
        Refused: If it is too long, or no JSON object.
    """
    if len(text) >= MAX_PAYLOAD:
        raise Refused("bad_command", "The request is too long.")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise Refused("bad_command", "The request is not a JSON object.")
    return values


def read_order(
    payload: Payload,
    signal: Signal | None,
    settings: Settings,
    instrument: Instrument | None = None,
) -> OpenTrade:
    """Return the order that a request to open describes.

    Args:
        payload: What it leaves out is the signal's: its stop, its targets; then the settings'.
        signal: The one that it names; None where it names none.
        settings: What is taken where the request says nothing.
        instrument: Of the order's symbol, if known: its assets' names may stand in a size.

    Raises:
        Refused: If something is missing, cannot be read, or is not the signal's.
    """
    symbol, direction = _idea(payload, signal)
    stop, targets = _read(payload, "stop", words.parse_level), _targets(payload)
    if signal:
        prices = signal.targets if settings.all_targets else signal.targets[:1]
        stop, targets = stop or signal.stop, targets or equal_targets(prices)
    if stop is None or targets is None:
        missing = "stop" if stop is None else "targets"
        raise Refused("bad_command", f"The request has no {missing}.")
    return OpenTrade(
        symbol=symbol,
        direction=direction,
        signal=signal,
        stop=stop,
        targets=targets,
        size=_size(payload, settings, instrument),
        entry_mode=_read(payload, "entry", words.parse_entry) or settings.entry,
        entry=_read(payload, "price", parse_number),
        lives_ms=_read(payload, "expires", words.parse_span),
        leverage=_leverage(payload, settings),
        trailing=words.present(_read(payload, "trail", words.parse_trail) or settings.trailing),
        break_even=words.present(
            _read(payload, "break_even", words.parse_break_even) or settings.break_even
        ),
        after_target=_read(payload, "after_target", words.parse_policy)
        or settings.after_target,
        hold_ms=words.present(_read(payload, "hold", words.parse_hold) or settings.hold_ms),
        note=clean(_text(payload, "note")),
    )


def read_close(payload: Payload) -> CloseTrade:
    """Return the order that a request to close describes; it may ask for a part.

    Raises:
        Refused: If something is missing or cannot be read.
    """
    return CloseTrade(
        trade_id=number(payload, "trade_id"),
        fraction=_read(payload, "fraction", words.parse_share),
        quantity=_read(payload, "quantity", parse_number),
    )


def read_edit(payload: Payload) -> EditTrade:
    """Return the edit that a request describes; what it leaves out stays as it is.

    Raises:
        Refused: If something is missing or cannot be read, or nothing is to be changed.
    """
    edit = EditTrade(
        trade_id=number(payload, "trade_id"),
        stop=_read(payload, "stop", parse_number),
        widen=payload.get("widen") is True,
        targets=_targets(payload),
        trailing=_read(payload, "trail", words.parse_trail),
        break_even=_read(payload, "break_even", words.parse_break_even),
        after_target=_read(payload, "after_target", words.parse_policy),
        hold_ms=_read(payload, "hold", words.parse_hold),
        add_margin=_read(payload, "add_margin", words.parse_signed),
    )
    if edit == EditTrade(trade_id=edit.trade_id, widen=edit.widen):
        raise Refused("bad_command", "The edit changes nothing: say what is to be changed.")
    return edit


def word(payload: Payload, name: str) -> str:
    """Return a text that a request must have.

    Raises:
        Refused: If it has not.
    """
    value = payload.get(name)
    if not isinstance(value, str):
        raise Refused("bad_command", f"The request has no {name}.")
    return value


def number(payload: Payload, name: str) -> int:
    """Return a whole number that a request must have.

    Raises:
        Refused: If it has not.
    """
    value = payload.get(name)
    if type(value) is not int:  # `true` would be 1 elsewhere
        raise Refused("bad_command", f"The request has no {name}.")
    return value


def _idea(payload: Payload, signal: Signal | None) -> tuple[str, Direction]:
    """Return what is traded, and which way; a signal's own, if there is one."""
    if signal is None:
        return clean(word(payload, "symbol")), _direction(payload)
    if (_text(payload, "symbol") or signal.symbol) != signal.symbol:
        raise _unreadable("its symbol is not the signal's")
    if _text(payload, "direction") and _direction(payload) is not signal.direction:
        raise _unreadable("its direction is not the signal's")
    return signal.symbol, signal.direction


def _direction(payload: Payload) -> Direction:
    try:
        return Direction(word(payload, "direction").upper())
    except ValueError:
        raise _unreadable("its direction must be LONG or SHORT") from None


def _targets(payload: Payload) -> tuple[TargetOrder, ...] | None:
    return _read(payload, "targets", words.parse_targets)


def _size(payload: Payload, settings: Settings, instrument: Instrument | None) -> Size:
    base, quote = (instrument.base, instrument.quote) if instrument else ("", "")
    asked = _read(payload, "size", lambda text: parse_size(text, base=base, quote=quote))
    return asked or settings.size


def _leverage(payload: Payload, settings: Settings) -> int:
    if payload.get("leverage") is None:
        return settings.leverage
    return number(payload, "leverage")


def _read(payload: Payload, name: str, parse: Callable[[str], T]) -> T | None:
    """Read a text that may be missing.

    Raises:
        Refused: With a sentence that names the field.
    """
    if payload.get(name) is None:
        return None
    text = word(payload, name)
    try:
        return parse(text)
    except ValueError as exc:
        field = name.replace("_", "-")
        raise _unreadable(f"its {field} is {clean(text, 60)!r}, it must be {exc}") from None


def _text(payload: Payload, name: str) -> str:
    """Return a text that may be missing."""
    return word(payload, name) if payload.get(name) is not None else ""


def _unreadable(why: str) -> Refused:
    return Refused("bad_command", f"The order cannot be read: {why}.")
